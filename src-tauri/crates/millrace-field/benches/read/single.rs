//! One connection: G1 (77 words) and G4 (499 words) of the goals. The second floor is the bare
//! ping-pong on the asynchronous runtime: what lies between it and ours is ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use millrace_field::plc::{DriverConfig, PlcHandle, open};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::sample::{self, Figures};
use super::{FIRST, Failure, Peers, WORDS, modbus, wire};

/// Words that the goal for large blocks names.
const LARGE: u16 = 499;

pub(crate) fn all(runtime: &Runtime, name: &str, peers: Peers) -> Result<(), Failure> {
    fins(runtime, name, peers.fins, WORDS)?;
    fins(runtime, name, peers.fins, LARGE)?;
    modbus(runtime, name, peers.modbus)
}

/// Reads of a round.
pub(crate) fn asks() -> u64 {
    if sample::is_measuring() { 5_000 } else { 50 }
}

/// A session under way; it ends with the second value.
pub(crate) fn session(
    runtime: &Runtime,
    config: DriverConfig,
) -> Result<(PlcHandle, watch::Sender<bool>), Failure> {
    let (handle, session) = open(config)?;
    let (stop, shutdown) = watch::channel(false);
    runtime.spawn(session.run(shutdown));
    Ok((handle, stop))
}

fn fins(runtime: &Runtime, name: &str, peer: SocketAddr, words: u16) -> Result<(), Failure> {
    let question = wire::question(FIRST, words);
    let (handle, _stop) = session(runtime, DriverConfig::fins_udp(peer, 1, 2))?;
    let (mut floors, mut bare, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sample::rounds() {
        floors.push(wire::round(peer, &question, asks())?);
        bare.push(on(runtime, udp(peer, question))?);
        ours.push(on(runtime, reads(handle.clone(), words))?);
    }
    let what = format!("FINS {words}, {name}");
    print(&what, &floors, &bare, &ours);
    undisturbed(&handle);
    Ok(())
}

fn modbus(runtime: &Runtime, name: &str, peer: SocketAddr) -> Result<(), Failure> {
    let (handle, _stop) = session(runtime, DriverConfig::modbus_tcp(peer))?;
    let (mut floors, mut bare, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sample::rounds() {
        floors.push(modbus::round(peer, WORDS, asks(), 1)?);
        bare.push(on(runtime, tcp(peer))?);
        ours.push(on(runtime, reads(handle.clone(), WORDS))?);
    }
    print(&format!("Modbus {WORDS}, {name}"), &floors, &bare, &ours);
    undisturbed(&handle);
    Ok(())
}

/// Runs it as a task, as everything in the program is.
fn on<F>(runtime: &Runtime, work: F) -> Result<Figures, Failure>
where
    F: Future<Output = Result<Figures, Failure>> + Send + 'static,
{
    runtime.block_on(async move { tokio::spawn(work).await })?
}

fn print(what: &str, floors: &[Figures], bare: &[Figures], ours: &[Figures]) {
    sample::row(&format!("floor: {what}"), floors, floors);
    sample::row("  bare, on tokio", floors, bare);
    sample::row("  session read", floors, ours);
    sample::row("    against bare on tokio", bare, ours);
}

/// Fails when a figure is one of another run than it says.
pub(crate) fn undisturbed(handle: &PlcHandle) {
    let counters = handle.link().counters;
    assert_eq!(
        (counters.timeouts, counters.retries),
        (0, 0),
        "an undisturbed run"
    );
}

async fn udp(peer: SocketAddr, question: [u8; 18]) -> Result<Figures, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut bytes = [0; 4_096];
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks() {
        let start = Instant::now();
        socket.send_to(&question, peer).await?;
        socket.recv_from(&mut bytes).await?;
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}

async fn tcp(peer: SocketAddr) -> Result<Figures, Failure> {
    let question = modbus::question(FIRST, WORDS);
    let mut socket = TcpStream::connect(peer).await?;
    socket.set_nodelay(true)?;
    let mut bytes = vec![0; modbus::answer_length(WORDS)];
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks() {
        let start = Instant::now();
        socket.write_all(&question).await?;
        socket.read_exact(&mut bytes).await?;
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}

pub(crate) async fn reads(handle: PlcHandle, words: u16) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks() {
        let start = Instant::now();
        let read = handle.read(FIRST, words).await?;
        times.push(start.elapsed());
        assert_eq!(
            read.last(),
            Some(&(FIRST + words - 1)),
            "every word holds its address"
        );
    }
    Ok(Figures::of(times, begin.elapsed()))
}
