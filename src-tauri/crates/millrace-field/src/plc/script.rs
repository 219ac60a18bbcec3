//! A PLC as a script on virtual time: each request is kept with its bytes and its instant, and
//! answered with the bytes that the test wrote down, at the instants that it wrote down. Leaves out
//! any understanding of them, so that nothing of ours explains itself.

mod fins_tcp;
mod fins_udp;
mod modbus_tcp;

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::net::{Datagrams, Dial, Line, Net};
use super::{DriverConfig, LinkState, PlcHandle, open_on};

/// How long an answer may take in every script.
const TIMEOUT_MS: u64 = 100;
const PEER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)),
    9_600,
);

/// What one request brings: after so many milliseconds, these bytes.
type Answers = Vec<(u64, Vec<u8>)>;

#[derive(Debug)]
struct Book {
    start: Instant,
    answers: VecDeque<Answers>,
    sent: Vec<(u64, String)>,
    opened: Vec<u64>,
}

/// The script, and what was done under it.
#[derive(Debug, Clone)]
struct Script(Arc<Mutex<Book>>);

impl Script {
    fn new() -> Script {
        Script(Arc::new(Mutex::new(Book {
            start: Instant::now(),
            answers: VecDeque::new(),
            sent: Vec::new(),
            opened: Vec::new(),
        })))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next request not yet spoken for brings.
    fn answers(&self, answers: &[(u64, &str)]) {
        let answers = answers.iter().map(|(after, hex)| (*after, bytes(hex)));
        self.book().answers.push_back(answers.collect());
    }

    fn answer(&self, hex: &str) {
        self.answers(&[(0, hex)]);
    }

    fn silence(&self) {
        self.answers(&[]);
    }

    /// Every request: when, in milliseconds since the start, and its bytes.
    fn sent(&self) -> Vec<(u64, String)> {
        self.book().sent.clone()
    }

    fn check(&self, expected: &[(u64, &str)]) {
        let expected: Vec<(u64, String)> = expected
            .iter()
            .map(|(at, hex)| (*at, hex.to_string()))
            .collect();
        assert_eq!(self.sent(), expected);
    }

    /// When sockets and connections were opened.
    fn opened(&self) -> Vec<u64> {
        self.book().opened.clone()
    }

    fn now_ms(&self) -> u64 {
        let passed = Instant::now() - self.book().start;
        u64::try_from(passed.as_millis()).expect("a short script")
    }

    fn end(&self) -> End {
        let at = self.now_ms();
        self.book().opened.push(at);
        End {
            script: self.clone(),
            output: Mutex::default(),
            sleep: None,
        }
    }
}

#[async_trait]
impl Net for Script {
    async fn datagrams(&self, _: SocketAddr, _: u16) -> io::Result<Box<dyn Datagrams>> {
        Ok(Box::new(self.end()))
    }

    async fn connect(&self, _: SocketAddr, _: Dial) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(self.end()))
    }
}

/// Our end of a socket or connection.
#[derive(Debug)]
struct End {
    script: Script,
    output: Mutex<Vec<(Instant, Vec<u8>)>>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl End {
    fn output(&self) -> MutexGuard<'_, Vec<(Instant, Vec<u8>)>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, request: &[u8]) {
        let at = self.script.now_ms();
        let mut book = self.script.book();
        book.sent.push((at, hex(request)));
        let answers = book.answers.pop_front().expect("the script goes on");
        drop(book);
        let now = Instant::now();
        let mut output = self.output();
        output.extend(
            answers
                .into_iter()
                .map(|(after, bytes)| (now + Duration::from_millis(after), bytes)),
        );
        output.sort_by_key(|(at, _)| *at);
    }

    /// What is here by now, or when the next comes.
    fn look(&self) -> Result<Vec<u8>, Option<Instant>> {
        let mut output = self.output();
        match output.first().map(|(at, _)| *at) {
            Some(at) if at <= Instant::now() => Ok(output.remove(0).1),
            next => Err(next),
        }
    }
}

#[async_trait]
impl Datagrams for End {
    async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.request(bytes);
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            match self.look() {
                Ok(bytes) => {
                    buffer[..bytes.len()].copy_from_slice(&bytes);
                    return Ok((bytes.len(), PEER));
                }
                Err(Some(at)) => sleep_until(at).await,
                Err(None) => return pending().await,
            }
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.look() {
                Ok(bytes) => {
                    buffer.put_slice(&bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(None) => return Poll::Pending,
                Err(Some(at)) => {
                    let mut sleep = Box::pin(sleep_until(at));
                    if sleep.as_mut().poll(cx).is_pending() {
                        self.sleep = Some(sleep);
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.request(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line for End {
    fn unread(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        Ok(self.look().ok().map(|bytes| {
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            length
        }))
    }
}

/// A session under a script; it ends with the second value.
fn session(script: &Script, config: DriverConfig) -> (PlcHandle, watch::Sender<bool>) {
    let config = DriverConfig {
        timeout_ms: TIMEOUT_MS,
        ..config
    };
    let (handle, session) = open_on(config, Arc::new(script.clone())).expect("valid");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(session.run(stopped));
    (handle, stop)
}

/// The link's state, and its cause if it has one.
fn link(plc: &PlcHandle) -> (LinkState, Option<String>) {
    let view = plc.link();
    (view.state, view.cause)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| {
            let pair: String = pair.iter().collect();
            u8::from_str_radix(&pair, 16).expect("hexadecimal")
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect::<Vec<_>>()
        .join(" ")
}
