//! Reads through the whole PLC session, beside a bare ping-pong of the same bytes with the same
//! peer, in turns: one connection ([`single`]), 64 at once ([`many`]), a cycle of ten slots
//! ([`cycle`]). Leaves out faults and slow PLCs.
//!
//! The peer is a process of its own. A first part keeps peer and client on a core each, as the goals
//! have it; the second leaves both to the system and runs two workers, as the program does.
#![allow(clippy::disallowed_methods, reason = "measuring is what this is for")]
#![allow(clippy::print_stdout, reason = "the figures are its answer")]

mod cycle;
mod many;
#[path = "../../../../../tests/floors/modbus.rs"]
mod modbus;
#[path = "../../../../../tests/floors/sample.rs"]
mod sample;
mod single;
#[path = "../../../../../tests/floors/wire.rs"]
mod wire;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::runtime::{Builder, Runtime};

/// Where the words are read: the address is what each word must hold.
pub(crate) const FIRST: u16 = 6_000;
/// A slot's block.
pub(crate) const WORDS: u16 = 77;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where the peer answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peers {
    pub(crate) fins: SocketAddr,
    pub(crate) modbus: SocketAddr,
}

fn main() -> Result<(), Failure> {
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    if has("--peer") {
        return peer();
    }
    if has("--pinned") {
        return part("0", "client on core 1, peer on core 0");
    }
    if sample::is_measuring() && !again("1", "--pinned")?.wait()?.success() {
        println!("left out: taskset cannot give this program and its peer a core each");
    }
    part("", "not pinned")
}

/// The peer's process: its addresses, then answers until its parent closes the pipe.
fn peer() -> Result<(), Failure> {
    println!("{} {}", wire::start_peer()?, modbus::start_peer()?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// This program once more, on one core; on all of them without a name of one.
fn again(core: &str, word: &str) -> std::io::Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(if core.is_empty() {
        program.as_os_str()
    } else {
        "taskset".as_ref()
    });
    if !core.is_empty() {
        command.args(["-c", core]).arg(&program);
    }
    command.arg(word);
    if sample::is_measuring() {
        command.arg("--bench");
    }
    if word == "--peer" {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
    }
    command.spawn()
}

/// All measurements with a peer on this core.
fn part(core: &str, name: &str) -> Result<(), Failure> {
    let is_pinned = !core.is_empty();
    let mut process = again(core, "--peer")?;
    let mut line = String::new();
    let out = process.stdout.take().ok_or("the peer has no output")?;
    BufReader::new(out).read_line(&mut line)?;
    let (fins, modbus) = line
        .trim()
        .split_once(' ')
        .ok_or("the peer did not start")?;
    let peers = Peers {
        fins: fins.parse()?,
        modbus: modbus.parse()?,
    };
    println!("\n{name}; {} rounds", sample::rounds());
    sample::heading();
    let one = Builder::new_current_thread().enable_all().build()?;
    single::all(&one, "one thread", peers)?;
    if is_pinned {
        many::all(&one, peers)?;
        cycle::all(&one, peers)?;
    } else {
        single::all(&two_workers()?, "two workers", peers)?;
    }
    drop(process.stdin.take());
    process.wait()?;
    Ok(())
}

fn two_workers() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
