//! 64 Modbus devices at once from one thread: G2 of the goals. Beside it the same with nothing but
//! the system's readiness queue.

use std::time::Instant;

use millrace_field::plc::{DriverConfig, PlcHandle};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::sample::{self, Figures};
use super::single::{session, undisturbed};
use super::{FIRST, Failure, Peers, WORDS, modbus};

const DEVICES: usize = 64;

/// Reads of each device in a round.
fn asks() -> u64 {
    if sample::is_measuring() { 500 } else { 5 }
}

pub(crate) fn all(runtime: &Runtime, peers: Peers) -> Result<(), Failure> {
    let mut sessions = Vec::new();
    for _ in 0..DEVICES {
        sessions.push(session(runtime, DriverConfig::modbus_tcp(peers.modbus))?);
    }
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..sample::rounds() {
        floors.push(modbus::many(peers.modbus, WORDS, DEVICES, asks())?);
        let handles = sessions.iter().map(|(handle, _)| handle.clone()).collect();
        ours.push(runtime.block_on(round(handles))?);
    }
    sample::row(
        &format!("floor: {DEVICES} Modbus, readiness"),
        &floors,
        &floors,
    );
    sample::row("  sessions", &floors, &ours);
    for (handle, _) in &sessions {
        undisturbed(handle);
    }
    Ok(())
}

async fn round(handles: Vec<PlcHandle>) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for handle in handles {
        tasks.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..asks() {
                let start = Instant::now();
                let read = handle.read(FIRST, WORDS).await?;
                times.push(start.elapsed());
                assert_eq!(read.len(), usize::from(WORDS), "a whole block");
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(Figures::of(times, begin.elapsed()))
}
