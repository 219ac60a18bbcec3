//! A read of one slot's 77 words through the whole session, beside a bare ping-pong of the same
//! bytes with the same peer, in turns. The second floor is the bare ping-pong on the asynchronous
//! runtime: what lies between it and ours is ours.
//! Leaves out faults and slow PLCs. Goal: p50 <= 1.15 and p99 <= 1.25 of the floor.
#![allow(clippy::disallowed_methods, reason = "measuring is what this is for")]
#![allow(clippy::print_stdout, reason = "the figures are its answer")]

#[path = "../../../../tests/floors/sample.rs"]
mod sample;
#[path = "../../../../tests/floors/wire.rs"]
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use millrace_field::plc::{DriverConfig, PlcHandle, open};
use sample::Figures;
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// Where the words are read, and how many.
const FIRST: u16 = 6_000;
const WORDS: u16 = 77;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let asks = if sample::is_measuring() { 5_000 } else { 50 };
    let peer = wire::start_peer()?;
    println!(
        "reads of {WORDS} words, {asks} a round, {} rounds",
        sample::rounds()
    );
    sample::heading();
    let one = Builder::new_current_thread().enable_all().build()?;
    compare(&one, "one thread", peer, asks)?;
    let two = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    compare(&two, "two workers", peer, asks)
}

fn compare(runtime: &Runtime, name: &str, peer: SocketAddr, asks: u64) -> Result<(), Failure> {
    let question = wire::question(FIRST, WORDS);
    let (handle, session) = open(DriverConfig::fins_udp(peer, 1, 2))?;
    let (stop, shutdown) = watch::channel(false);
    let task = runtime.spawn(session.run(shutdown));
    let (mut floors, mut bare, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sample::rounds() {
        floors.push(wire::round(peer, &question, asks)?);
        bare.push(
            runtime
                .block_on(async move { tokio::spawn(ping_pong(peer, question, asks)).await })??,
        );
        let handle = handle.clone();
        ours.push(runtime.block_on(async move { tokio::spawn(reads(handle, asks)).await })??);
    }
    sample::row("floor: bare UDP, blocking", &floors, &floors);
    sample::row(&format!("bare UDP, tokio, {name}"), &floors, &bare);
    sample::row(&format!("session read, {name}"), &floors, &ours);
    sample::row("  against bare UDP on tokio", &bare, &ours);
    let counters = handle.link().counters;
    assert_eq!(
        (counters.timeouts, counters.retries),
        (0, 0),
        "an undisturbed run"
    );
    stop.send(true)?;
    Ok(runtime.block_on(task)?)
}

async fn ping_pong(peer: SocketAddr, question: [u8; 18], asks: u64) -> Result<Figures, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut bytes = [0; 4_096];
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks {
        let start = Instant::now();
        socket.send_to(&question, peer).await?;
        socket.recv_from(&mut bytes).await?;
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}

async fn reads(handle: PlcHandle, asks: u64) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks {
        let start = Instant::now();
        let words = handle.read(FIRST, WORDS).await?;
        times.push(start.elapsed());
        assert_eq!(
            words.last(),
            Some(&(FIRST + WORDS - 1)),
            "every word holds its address"
        );
    }
    Ok(Figures::of(times, begin.elapsed()))
}
