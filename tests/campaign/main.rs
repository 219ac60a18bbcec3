//! The campaigns as a command: `campaign plc --runs N --seed S`, `campaign erp` likewise, `campaign backlog --runs N`
//! for N messages, `campaign sweep` for a death at every commit. A failed run is named by its seed, and `--seed S --runs 1` is that run again, with its plan and
//! its events. Leaves out what is tried (`plan`) and what must hold (`oracle`).

mod erp;
mod fleet;
mod net;
mod operator;
mod oracle;
mod plan;
mod run;
mod world;

#[path = "../campaign_erp/mod.rs"]
mod campaign_erp;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// From so many runs on, every spoil must have fallen on a booking.
const SPOILS_ALL_FROM: usize = 200;
/// From so many runs on, a process must have been killed in every state that is aimed at.
const STATES_ALL_FROM: usize = 2_000;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let (mut count, mut seed) = (200, 1);
    let mut is_right = ["plc", "erp", "sweep", "backlog"].contains(&name.as_str());
    while let Some(word) = words.next() {
        let value = words.next().and_then(|text| text.parse().ok());
        match (word.as_str(), value) {
            ("--runs", Some(value)) => count = value,
            ("--seed", Some(value)) => seed = value,
            (_, _) => is_right = false,
        }
    }
    if !is_right {
        say("usage: campaign plc|erp|sweep|backlog [--runs N] [--seed S]");
        return ExitCode::from(2);
    }
    let complaint = match name.as_str() {
        "erp" => erp(seed, count),
        "sweep" => {
            let outcomes = campaign_erp::sweep(&node());
            say(&campaign_erp::sum(&outcomes));
            campaign_erp::complaint(&outcomes)
        }
        "backlog" => {
            let drained = campaign_erp::backlog(&node(), count);
            say(&drained.to_string());
            drained.complaint()
        }
        _ => plc(seed, count),
    };
    say(&complaint);
    if complaint.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn plc(seed: u64, count: u64) -> String {
    let outcomes = fleet::runs(seed, count);
    if let [outcome] = outcomes.as_slice() {
        say(&format!("{:#?}", plan::Plan::from_seed(seed)));
        say(&outcome.log.join("\n"));
    }
    say(&fleet::sum(&outcomes));
    fleet::complaint(&outcomes)
}

fn erp(seed: u64, count: u64) -> String {
    say(&format!("seed {seed}, {count} runs"));
    let outcomes = campaign_erp::runs(&node(), seed, count);
    if let [outcome] = outcomes.as_slice() {
        say(&format!("{:#?}", campaign_erp::plan::Plan::from_seed(seed)));
        for hop in &outcome.log {
            say(&format!("{} ({:?}): {}", hop.line, hop.asks, hop.fate));
        }
    }
    say(&campaign_erp::sum(&outcomes));
    let mut complaint = campaign_erp::complaint(&outcomes);
    // Fewer may miss one by chance.
    if outcomes.len() >= SPOILS_ALL_FROM {
        complaint.push_str(&campaign_erp::unspoiled(&outcomes));
    }
    if outcomes.len() >= STATES_ALL_FROM {
        complaint.push_str(&campaign_erp::tables::unhit(&outcomes));
    }
    complaint
}

/// The process under test, built beside this program.
fn node() -> PathBuf {
    let here = std::env::current_exe().expect("this program has a path");
    here.with_file_name("crash-node")
}

fn say(text: &str) {
    let _told = writeln!(std::io::stdout().lock(), "{text}");
}
