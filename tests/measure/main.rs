//! Measures the finished programs from outside: cold start, memory, processor time; headless and
//! with the window, each beside a floor of the same run. Prints Markdown tables.
//!
//! `cargo run --release -p millrace-tests --bin millrace-measure -- [--headless-bin P] [--window-bin P] [--runs N]`
//!
//! Without a path the program that was built beside this one is taken; one that is not there is left
//! out with a sentence. `docs/benchmarks.md` says how to read the figures. Linux only.
#![allow(clippy::disallowed_methods, reason = "measuring is what this is for")]
#![allow(clippy::print_stdout, reason = "the figures are its answer")]

mod figure;
mod headless;
mod mill;
mod node;
mod process;
mod screen;
mod window;

#[path = "../floors/sample.rs"]
#[allow(dead_code, reason = "wire needs it")]
mod sample;
#[path = "../floors/wire.rs"]
#[allow(
    dead_code,
    reason = "only the question is needed; the virtual plant answers"
)]
mod wire;

use std::path::{Path, PathBuf};

use mill::Mill;

/// Whatever goes wrong ends the run: a figure from a disturbed run is worth nothing.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: millrace-measure [--headless-bin FILE] [--window-bin FILE] [--runs N]";

#[derive(Debug)]
struct Wanted {
    headless: PathBuf,
    window: PathBuf,
    runs: usize,
}

impl Wanted {
    fn from(words: &[String]) -> Result<Wanted, Failure> {
        let mut wanted = Wanted {
            headless: mill::beside("millrace-headless")?,
            window: mill::beside("millrace")?,
            runs: 7,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(USAGE.into());
            };
            match name.as_str() {
                "--headless-bin" => wanted.headless = value.into(),
                "--window-bin" => wanted.window = value.into(),
                "--runs" => wanted.runs = value.parse().map_err(|_| USAGE)?,
                _ => return Err(USAGE.into()),
            }
        }
        if wanted.runs == 0 {
            return Err(USAGE.into());
        }
        Ok(wanted)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == headless::FLOOR
    {
        return headless::floor_process(rest).await;
    }
    let wanted = Wanted::from(&words)?;
    println!("# Measured with {} runs\n\n{}", wanted.runs, machine());
    let mill = Mill::start().await?;
    if !is_built(
        &wanted.headless,
        "cargo build --release -p millrace-http --features ui --bin millrace-headless",
    ) {
        return Ok(());
    }
    headless::measure(&mill, &wanted.headless, wanted.runs).await?;
    if is_built(&wanted.window, "cargo build --release -p millrace") {
        window::measure(&mill, &wanted.window, wanted.runs).await?;
    }
    println!("\n{}", machine());
    mill.plant.shutdown().await?;
    Ok(())
}

fn is_built(program: &Path, command: &str) -> bool {
    let is_there = program.is_file();
    if !is_there {
        println!(
            "SKIPPED: {} is not there; {command} builds it.",
            program.display()
        );
    }
    is_there
}

/// What the figures depend on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let line = |text: String, start: &str| {
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(start))
            .unwrap_or("unknown");
        found.trim_start_matches([' ', '\t', ':']).to_owned()
    };
    format!(
        "{cores} cores ({}), memory {}, kernel {}, load {}",
        line(read("/proc/cpuinfo"), "model name"),
        line(read("/proc/meminfo"), "MemTotal"),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").trim(),
    )
}
