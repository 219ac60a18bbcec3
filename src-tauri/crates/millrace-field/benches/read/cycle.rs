//! A cycle of ten slots: G3 of the goals. Our sessions send one request at a time, so what is
//! measured is what that costs against four in flight, and what one frame for all slots saves.

use std::net::SocketAddr;
use std::time::Instant;

use millrace_field::plc::{DriverConfig, PlcHandle};
use tokio::runtime::Runtime;

use super::sample::{self, Figures};
use super::single::{session, undisturbed};
use super::{FIRST, Failure, Peers, WORDS, modbus};

/// Slots, and the words from one to the next.
const SLOTS: u16 = 10;
const STRIDE: u16 = 100;
const IN_FLIGHT: usize = 4;

/// Cycles of a round.
fn asks() -> u64 {
    if sample::is_measuring() { 1_000 } else { 5 }
}

pub(crate) fn all(runtime: &Runtime, peers: Peers) -> Result<(), Failure> {
    let (tcp, _tcp) = session(runtime, DriverConfig::modbus_tcp(peers.modbus))?;
    let (udp, _udp) = session(runtime, DriverConfig::fins_udp(peers.fins, 1, 2))?;
    let mut figures: [Vec<Figures>; 5] = Default::default();
    for _ in 0..sample::rounds() {
        let [floor, pipelined, blocks, fins_blocks, fins_one] = &mut figures;
        floor.push(bare(peers.modbus, 1)?);
        pipelined.push(bare(peers.modbus, IN_FLIGHT)?);
        blocks.push(runtime.block_on(slot_by_slot(&tcp))?);
        fins_blocks.push(runtime.block_on(slot_by_slot(&udp))?);
        fins_one.push(runtime.block_on(in_one(&udp))?);
    }
    let [floor, pipelined, blocks, fins_blocks, fins_one] = &figures;
    sample::row("floor: cycle of 10 x 77, Modbus", floor, floor);
    sample::row("  bare, 4 in flight", floor, pipelined);
    sample::row("  Modbus session, slot by slot", floor, blocks);
    sample::row("  FINS session, slot by slot", floor, fins_blocks);
    sample::row("  FINS session, one frame of 977", floor, fins_one);
    undisturbed(&tcp);
    undisturbed(&udp);
    Ok(())
}

/// Blocks without a session, as many in flight; a cycle is reckoned from one batch of them.
fn bare(peer: SocketAddr, in_flight: usize) -> Result<Figures, Failure> {
    let rounds = u64::from(SLOTS) * asks() / u64::try_from(in_flight)?;
    let figures = modbus::round(peer, WORDS, rounds, in_flight)?;
    Ok(figures.times(f64::from(SLOTS) / f64::from(u32::try_from(in_flight)?)))
}

async fn slot_by_slot(handle: &PlcHandle) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks() {
        let start = Instant::now();
        for slot in 0..SLOTS {
            let first = FIRST + slot * STRIDE;
            let words = handle.read(first, WORDS).await?;
            assert_eq!(words.first(), Some(&first), "the slot's words");
        }
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}

async fn in_one(handle: &PlcHandle) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut times = Vec::new();
    let words = (SLOTS - 1) * STRIDE + WORDS;
    for _ in 0..asks() {
        let start = Instant::now();
        let read = handle.read(FIRST, words).await?;
        assert_eq!(read.len(), usize::from(words), "all slots");
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}
