//! What loopback alone needs for Modbus questions and their answers: one connection with blocking
//! calls, many with nothing but the system's readiness queue; and the peer that answers both.
//! Leaves out faults: the peer here always answers, at once and rightly.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use mio::net as ready;
use mio::{Events, Interest, Poll, Token};

use super::sample::Figures;

/// Bytes of a question that reads.
const QUESTION: usize = 12;
/// Bytes of an answer before its words.
const HEADER: usize = 9;
const LISTENER: Token = Token(usize::MAX);

/// Starts a peer that answers reads until the process ends: every word holds its address.
pub(crate) fn start_peer() -> io::Result<SocketAddr> {
    let mut listener = ready::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    let poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    thread::spawn(move || serve(poll, &listener));
    Ok(address)
}

fn serve(mut poll: Poll, listener: &ready::TcpListener) -> io::Result<()> {
    let mut events = Events::with_capacity(256);
    let mut clients: Vec<Option<ready::TcpStream>> = Vec::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() != LISTENER {
                let client = &mut clients[event.token().0];
                if client.as_mut().is_some_and(|socket| !answer_all(socket)) {
                    *client = None;
                }
                continue;
            }
            while let Ok((mut socket, _)) = listener.accept() {
                socket.set_nodelay(true)?;
                poll.registry()
                    .register(&mut socket, Token(clients.len()), Interest::READABLE)?;
                clients.push(Some(socket));
            }
        }
    }
}

/// Answers what has come; false when the connection has ended. Whole questions come in one piece.
fn answer_all(socket: &mut ready::TcpStream) -> bool {
    let mut bytes = [0; 64 * QUESTION];
    loop {
        match socket.read(&mut bytes) {
            Ok(0) => return false,
            Ok(length) => {
                for question in bytes[..length].chunks_exact(QUESTION) {
                    if socket.write_all(&answer(question)).is_err() {
                        return false;
                    }
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn answer(q: &[u8]) -> Vec<u8> {
    let first = u16::from_be_bytes([q[8], q[9]]);
    let count = u16::from_be_bytes([q[10], q[11]]);
    let [high, low] = (3 + 2 * count).to_be_bytes();
    let mut bytes = vec![q[0], q[1], 0, 0, high, low, q[6], 3, low - 3];
    bytes.extend((first..first + count).flat_map(u16::to_be_bytes));
    bytes
}

/// The bytes that ask for `count` words from `first` on.
pub(crate) fn question(first: u16, count: u16) -> [u8; QUESTION] {
    let ([a, b], [c, d]) = (first.to_be_bytes(), count.to_be_bytes());
    [0, 0, 0, 0, 0, 6, 255, 3, a, b, c, d]
}

/// Bytes of the answer to a question for `count` words.
pub(crate) fn answer_length(count: u16) -> usize {
    HEADER + 2 * usize::from(count)
}

/// Asks with a blocking socket and nothing else, `in_flight` questions before their answers.
pub(crate) fn round(
    peer: SocketAddr,
    count: u16,
    asks: u64,
    in_flight: usize,
) -> io::Result<Figures> {
    let mut socket = TcpStream::connect(peer)?;
    socket.set_nodelay(true)?;
    let mut answers = vec![0; answer_length(count) * in_flight];
    let questions = question(6_000, count).repeat(in_flight);
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..asks {
        let start = Instant::now();
        socket.write_all(&questions)?;
        socket.read_exact(&mut answers)?;
        times.push(start.elapsed());
    }
    Ok(Figures::of(times, begin.elapsed()))
}

/// One of many connections.
struct Line {
    socket: ready::TcpStream,
    seen: usize,
    start: Instant,
    left: u64,
}

/// Asks on `lines` connections at once from one thread; each asks anew when it is answered.
pub(crate) fn many(peer: SocketAddr, count: u16, lines: usize, asks: u64) -> io::Result<Figures> {
    let (question, expected) = (question(6_000, count), answer_length(count));
    let mut poll = Poll::new()?;
    let mut open = Vec::new();
    for token in 0..lines {
        let socket = TcpStream::connect(peer)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = ready::TcpStream::from_std(socket);
        poll.registry()
            .register(&mut socket, Token(token), Interest::READABLE)?;
        open.push(Line {
            socket,
            seen: 0,
            start: Instant::now(),
            left: asks,
        });
    }
    let begin = Instant::now();
    let (mut times, mut bytes) = (Vec::new(), [0; 4_096]);
    for line in &mut open {
        line.start = Instant::now();
        line.socket.write_all(&question)?;
    }
    let mut events = Events::with_capacity(lines);
    let mut busy = lines;
    while busy > 0 {
        poll.poll(&mut events, None)?;
        for event in &events {
            let line = &mut open[event.token().0];
            // Read until it would block, as an edge of readiness demands.
            loop {
                match line.socket.read(&mut bytes) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    Ok(length) => line.seen += length,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
                if line.seen < expected {
                    continue;
                }
                times.push(line.start.elapsed());
                (line.seen, line.left) = (0, line.left - 1);
                if line.left == 0 {
                    busy -= 1;
                    break;
                }
                line.start = Instant::now();
                line.socket.write_all(&question)?;
                // The next answer cannot be here yet, and its coming is an edge of its own.
                break;
            }
        }
    }
    Ok(Figures::of(times, begin.elapsed()))
}
