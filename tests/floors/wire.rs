//! What loopback alone needs for one question and its answer, with the bytes of a FINS read.
//! Leaves out faults: the peer here always answers, at once and rightly.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::Instant;

use super::sample::Figures;

/// Bytes of the question.
const QUESTION: usize = 18;

/// Starts a peer that answers memory reads until the process ends: every word holds its address.
pub(crate) fn start_peer() -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    thread::spawn(move || {
        let mut question = [0; 64];
        while let Ok((length, asker)) = socket.recv_from(&mut question) {
            if length == QUESTION && socket.send_to(&answer(&question), asker).is_err() {
                break;
            }
        }
    });
    Ok(address)
}

fn answer(q: &[u8; 64]) -> Vec<u8> {
    let mut bytes = vec![
        0xC0, 0, 2, q[6], q[7], q[8], q[3], q[4], q[5], q[9], q[10], q[11], 0, 0,
    ];
    let first = u16::from_be_bytes([q[13], q[14]]);
    let count = u16::from_be_bytes([q[16], q[17]]);
    bytes.extend((first..first + count).flat_map(u16::to_be_bytes));
    bytes
}

/// The bytes that ask for `count` words from `first` on.
pub(crate) fn question(first: u16, count: u16) -> [u8; QUESTION] {
    let ([a, b], [c, d]) = (first.to_be_bytes(), count.to_be_bytes());
    [0x80, 0, 2, 0, 2, 0, 0, 1, 0, 0, 1, 1, 0x82, a, b, 0, c, d]
}

/// Asks with blocking sockets and nothing else.
pub(crate) fn round(peer: SocketAddr, question: &[u8], asks: u64) -> io::Result<Figures> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut bytes = [0; 4_096];
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks {
        let start = Instant::now();
        socket.send_to(question, peer)?;
        socket.recv_from(&mut bytes)?;
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}
