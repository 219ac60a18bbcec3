//! A network that exists in memory only, between the application's drivers and the plant, with the
//! plant's own wire faults. It keeps no task and no timer while nobody waits for it, so that virtual time
//! stands still while the books are written. Leaves out what the PLC answers (`millrace_plant`).

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use millrace_field::plc::fins::stream::{Message, Stream, TcpCode, encode, encode_frame};
use millrace_field::plc::net::{Datagrams, Dial, Line, Net};
use millrace_plant::fault::wire::{Delivery, Lane};
use millrace_plant::{fins, modbus};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::world::World;

/// The way there and back.
const LATENCY: Duration = Duration::from_millis(2);
/// The PLC's node, and the one it gives.
const PLC_NODE: u32 = 2;
const GIVEN_NODE: u32 = 239;
/// Bytes before the length of a Modbus frame, and with it.
const MODBUS_PREFIX: usize = 6;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    Fins,
    Modbus,
}

/// The network.
#[derive(Debug)]
pub(crate) struct MemoryNet {
    pub(crate) world: Arc<World>,
    pub(crate) speech: Speech,
}

#[async_trait]
impl Net for MemoryNet {
    async fn datagrams(
        &self,
        peer: SocketAddr,
        _local_port: u16,
    ) -> io::Result<Box<dyn Datagrams>> {
        Ok(Box::new(Socket {
            world: Arc::clone(&self.world),
            peer,
            inbox: Mutex::default(),
        }))
    }

    async fn connect(&self, _peer: SocketAddr, _how: Dial) -> io::Result<Box<dyn Line>> {
        self.world.catch_up();
        let boots = {
            let plant = self.world.plant();
            (!plant.is_away()).then(|| plant.boots())
        };
        let Some(boots) = boots else {
            return pending().await;
        };
        Ok(Box::new(Wire {
            world: Arc::clone(&self.world),
            speech: self.speech,
            boots,
            is_mute: false,
            is_gone: false,
            stream: Stream::default(),
            input: Vec::new(),
            lane: Lane::default(),
            output: VecDeque::new(),
            sleep: None,
        }))
    }
}

#[derive(Debug, Default)]
struct Inbox {
    lane: Lane,
    /// In the order in which they were sent.
    due: Vec<(Instant, Vec<u8>)>,
}

impl Inbox {
    /// The place of the datagram that comes next.
    fn next(&self) -> Option<usize> {
        (0..self.due.len()).min_by_key(|place| self.due[*place].0)
    }
}

#[derive(Debug)]
struct Socket {
    world: Arc<World>,
    peer: SocketAddr,
    inbox: Mutex<Inbox>,
}

impl Socket {
    fn send_now(&self, bytes: &[u8]) {
        self.world.catch_up();
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let deliveries = fins::exchange(bytes, &self.world.plant, &mut inbox.lane);
        let at = Instant::now() + LATENCY;
        let due = deliveries.into_iter().map(|d| (at + d.after, d.bytes));
        inbox.due.extend(due);
    }

    /// A datagram that is here, or when the next one comes.
    fn look(&self) -> Result<Vec<u8>, Option<Instant>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        match inbox.next() {
            Some(place) if inbox.due[place].0 <= Instant::now() => Ok(inbox.due.remove(place).1),
            Some(place) => Err(Some(inbox.due[place].0)),
            None => Err(None),
        }
    }
}

#[async_trait]
impl Datagrams for Socket {
    async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        if self.world.dies_before() {
            return pending().await;
        }
        self.send_now(bytes);
        if self.world.dies_after() {
            return pending().await;
        }
        Ok(())
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            match self.look() {
                Ok(bytes) => {
                    let length = bytes.len().min(buffer.len());
                    buffer[..length].copy_from_slice(&bytes[..length]);
                    return Ok((length, self.peer));
                }
                Err(Some(at)) => sleep_until(at).await,
                Err(None) => return pending().await,
            }
        }
    }
}

/// One connection, both ends.
#[derive(Debug)]
struct Wire {
    world: Arc<World>,
    speech: Speech,
    boots: u64,
    is_mute: bool,
    is_gone: bool,
    stream: Stream,
    input: Vec<u8>,
    lane: Lane,
    output: VecDeque<(Instant, Vec<u8>)>,
    /// Only while somebody waits.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// What the PLC makes of the bytes so far.
    fn hear(&mut self, bytes: &[u8]) {
        match self.speech {
            Speech::Fins => {
                let mut rest = bytes;
                while let Ok(Some(message)) = self.stream.take(&mut rest) {
                    self.hear_fins(&message);
                }
            }
            Speech::Modbus => {
                self.input.extend_from_slice(bytes);
                while let Some(frame) = whole_modbus(&mut self.input) {
                    if self.is_heard() {
                        let deliveries =
                            modbus::exchange(&frame, &self.world.plant, &mut self.lane);
                        self.deliver(deliveries, |frame| frame);
                    }
                }
            }
        }
    }

    fn hear_fins(&mut self, message: &Message) {
        if !self.is_heard() {
            return;
        }
        match message {
            Message::Hello { client } => {
                let welcome = encode(&Message::Welcome {
                    code: TcpCode::NORMAL,
                    client: if *client == 0 { GIVEN_NODE } else { *client },
                    server: PLC_NODE,
                });
                self.output.push_back((Instant::now() + LATENCY, welcome));
            }
            Message::Frame(frame) => {
                let deliveries = fins::exchange(frame, &self.world.plant, &mut self.lane);
                self.deliver(deliveries, |frame| encode_frame(&frame));
            }
            Message::Welcome { .. } | Message::Notice(_) | Message::Check => {}
        }
    }

    /// As a real PLC has it: deaf and mute for good, or closed by its last start.
    fn is_heard(&mut self) -> bool {
        let mut plant = self.world.plant();
        if self.is_mute || plant.is_away() {
            return false;
        }
        if plant.boots() != self.boots {
            self.is_gone = true;
            return false;
        }
        self.is_mute = plant.wire_mut().connection_dies();
        !self.is_mute
    }

    /// On a stream what comes late keeps what follows waiting.
    fn deliver(&mut self, deliveries: Vec<Delivery>, wrap: impl Fn(Vec<u8>) -> Vec<u8>) {
        for delivery in deliveries {
            let last = self.output.back().map(|(at, _)| *at);
            let at = Instant::now() + LATENCY + delivery.after;
            let at = last.map_or(at, |last| last.max(at));
            self.output.push_back((at, wrap(delivery.bytes)));
        }
    }

    /// What is here by now.
    fn take(&mut self, room: usize) -> io::Result<Option<Vec<u8>>> {
        match self.output.front_mut() {
            Some((at, bytes)) if *at <= Instant::now() => {
                let taken: Vec<u8> = bytes.drain(..bytes.len().min(room)).collect();
                if bytes.is_empty() {
                    self.output.pop_front();
                }
                Ok(Some(taken))
            }
            Some(_) => Ok(None),
            None if self.is_gone => Err(io::ErrorKind::ConnectionReset.into()),
            None => Ok(None),
        }
    }
}

/// The first whole frame.
fn whole_modbus(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = input.get(4..MODBUS_PREFIX)?;
    let length = MODBUS_PREFIX + usize::from(length[0]) * 256 + usize::from(length[1]);
    (input.len() >= length).then(|| input.drain(..length).collect())
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if let Some(bytes) = self.take(buffer.remaining())? {
                self.sleep = None;
                buffer.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            let Some(at) = self.output.front().map(|(at, _)| *at) else {
                // Whoever waits has a deadline.
                return Poll::Pending;
            };
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(sleep_until(at)))
                .as_mut();
            match sleep.poll(cx) {
                Poll::Ready(()) => self.sleep = None,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.world.dies_before() {
            return Poll::Pending;
        }
        self.world.catch_up();
        self.hear(bytes);
        if self.world.dies_after() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line for Wire {
    fn unread(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let taken = self.take(buffer.len())?;
        Ok(taken.map(|bytes| {
            buffer[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        }))
    }
}
