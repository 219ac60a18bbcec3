//! 10,000 words of 16 devices, once a second: G5 of the goals, as far as the drivers go. Whether a
//! cycle is missed, how late it starts, and the processor time that it takes.
//! Leaves out history: the program keeps batches, not free tags. The devices are Modbus peers in a
//! process of their own, 625 words each in five frames.
//!
//! `cargo bench -p millrace-field --bench poll -- --seconds 3600` runs for an hour.
#![allow(clippy::disallowed_methods, reason = "measuring is what this is for")]
#![allow(clippy::print_stdout, reason = "the figures are its answer")]

#[path = "../../../../tests/floors/modbus.rs"]
#[allow(dead_code, reason = "only its peer is needed")]
mod modbus;
#[path = "../../../../tests/floors/sample.rs"]
#[allow(dead_code, reason = "the peer needs it")]
mod sample;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use millrace_field::plc::{DriverConfig, PlcHandle, open};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

const DEVICES: u16 = 16;
/// Words of a device: 10,000 over all.
const WORDS: u16 = 625;
const PERIOD: Duration = Duration::from_secs(1);
/// The kernel's clock ticks in `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the cycles of one device were like.
#[derive(Debug, Default)]
struct Seen {
    late: Vec<Duration>,
    took: Vec<Duration>,
    missed: u64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|word| word == "--peer") {
        println!("{}", modbus::start_peer()?);
        std::io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let given = arguments
        .iter()
        .skip_while(|word| *word != "--seconds")
        .nth(1);
    let seconds = match given {
        Some(seconds) => seconds.parse()?,
        None if sample::is_measuring() => 60,
        None => 2,
    };
    let mut peer = Command::new(std::env::current_exe()?)
        .arg("--peer")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = peer.stdout.take().ok_or("the peer has no output")?;
    BufReader::new(out).read_line(&mut line)?;
    let at: SocketAddr = line.trim().parse()?;
    // Two workers, as the program runs.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let before = processor_seconds()?;
    let begin = Instant::now();
    let seen = runtime.block_on(run(at, seconds))?;
    let (processor, all) = (processor_seconds()? - before, begin.elapsed());
    drop(peer.stdin.take());
    peer.wait()?;
    print(&seen, processor / all.as_secs_f64());
    Ok(())
}

async fn run(at: SocketAddr, seconds: u64) -> Result<Seen, Failure> {
    let (_stop, stopped) = watch::channel(false);
    let mut devices = JoinSet::new();
    let start = Instant::now() + PERIOD;
    for _ in 0..DEVICES {
        let (handle, session) = open(DriverConfig::modbus_tcp(at))?;
        tokio::spawn(session.run(stopped.clone()));
        devices.spawn(device(handle, start, seconds));
    }
    let mut all = Seen::default();
    while let Some(seen) = devices.join_next().await {
        let seen = seen??;
        all.late.extend(seen.late);
        all.took.extend(seen.took);
        all.missed += seen.missed;
    }
    Ok(all)
}

async fn device(handle: PlcHandle, start: Instant, seconds: u64) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut due = start;
    for _ in 0..seconds {
        sleep_until(due).await;
        let begun = Instant::now();
        seen.late.push(begun - due);
        let words = handle.read(0, WORDS).await?;
        assert!(
            (0..WORDS).eq(words.iter().copied()),
            "every word holds its address"
        );
        seen.took.push(begun.elapsed());
        due += PERIOD;
        while due < Instant::now() {
            seen.missed += 1;
            due += PERIOD;
        }
    }
    Ok(seen)
}

/// User and system time of this process so far.
fn processor_seconds() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before it may hold spaces, but no later field a bracket.
    let (_, fields) = stat
        .rsplit_once(") ")
        .ok_or("an unknown form of /proc/self/stat")?;
    let ticks: Vec<u64> = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(Duration::from_secs(ticks.iter().sum()).as_secs_f64() / TICKS_PER_SECOND)
}

fn print(seen: &Seen, share: f64) {
    let at = |times: &[Duration], percent: usize| {
        let mut times = times.to_vec();
        times.sort_unstable();
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{} words of {DEVICES} devices every {PERIOD:?}: {} cycles, {} missed",
        u32::from(DEVICES) * u32::from(WORDS),
        seen.late.len(),
        seen.missed
    );
    for (name, times) in [
        ("start after it was due", &seen.late),
        ("start to last word", &seen.took),
    ] {
        println!(
            "{name}: p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms",
            at(times, 50),
            at(times, 99),
            at(times, 100)
        );
    }
    println!("processor: {:.2} % of one core", share * 100.0);
}
