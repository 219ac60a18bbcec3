//! The campaign as a command: `campaign plc --runs N --seed S`. A failed run is named by its seed, and
//! `--seed S --runs 1` is that run again, with its plan and its events. Leaves out what is tried (`plan`) and
//! what must hold (`oracle`).

mod erp;
mod fleet;
mod net;
mod operator;
mod oracle;
mod plan;
mod run;
mod world;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let (mut count, mut seed) = (200, 1);
    let mut is_right = name == "plc";
    while let Some(word) = words.next() {
        let value = words.next().and_then(|text| text.parse().ok());
        match (word.as_str(), value) {
            ("--runs", Some(value)) => count = value,
            ("--seed", Some(value)) => seed = value,
            (_, _) => is_right = false,
        }
    }
    let mut out = std::io::stdout().lock();
    if !is_right {
        let _told = writeln!(out, "usage: campaign plc [--runs N] [--seed S]");
        return ExitCode::from(2);
    }
    let outcomes = fleet::runs(seed, count);
    if let [outcome] = outcomes.as_slice() {
        let _told = writeln!(out, "{:#?}", plan::Plan::from_seed(seed));
        let _told = writeln!(out, "{}", outcome.log.join("\n"));
    }
    let _told = writeln!(out, "{}", fleet::sum(&outcomes));
    let complaint = fleet::complaint(&outcomes);
    let _told = write!(out, "{complaint}");
    if complaint.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
