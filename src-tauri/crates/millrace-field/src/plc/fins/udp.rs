//! FINS over UDP: one socket, one request at a time. An answer counts only if its sender and
//! everything in its header fit ([`frame::parse_response`]); all else is dropped and counted, and
//! the wait goes on to the deadline. Leaves out repeating: a driver sends a request once.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::frame::{self, Answer, Awaited, Nodes, NotOurs, WRITE_WORDS_MAX};
use super::outcome::{self, NoAnswer};
use crate::plc::net::{Datagrams, Net};
use crate::plc::tcp::keep_gap;
use crate::plc::{DriverConfig, DriverKind, Noticed, PlcDriver, PlcError};

/// More than any FINS frame, so that an overlong one is seen as such.
const BUFFER: usize = 4_096;

/// A FINS connection over UDP. The socket is opened with the first request and anew after errors.
#[derive(Debug)]
pub struct FinsUdp {
    net: Arc<dyn Net>,
    peer: SocketAddr,
    local_port: u16,
    nodes: Nodes,
    timeout: Duration,
    timeout_ms: u64,
    gap: Duration,
    max_words: u16,
    sid: u8,
    socket: Option<Box<dyn Datagrams>>,
    last_end: Option<Instant>,
    noticed: Noticed,
}

impl FinsUdp {
    /// A connection that is not opened yet.
    ///
    /// # Errors
    /// [`PlcError::Config`] when the configuration cannot be right.
    pub fn new(config: &DriverConfig, net: Arc<dyn Net>) -> Result<FinsUdp, PlcError> {
        config.validate()?;
        let DriverKind::FinsUdp {
            local_port,
            node_local,
            node_plc,
        } = config.kind
        else {
            return Err(PlcError::Config("kind is not fins_udp"));
        };
        Ok(FinsUdp {
            net,
            peer: config.address,
            local_port,
            nodes: Nodes {
                local: node_local,
                plc: node_plc,
            },
            timeout: Duration::from_millis(config.timeout_ms),
            timeout_ms: config.timeout_ms,
            gap: Duration::from_millis(config.gap_ms),
            max_words: config.max_words,
            sid: 0,
            socket: None,
            last_end: None,
            noticed: Noticed::default(),
        })
    }

    /// The next request number: all 256 in turn, so none comes back within 255 requests.
    fn next_sid(&mut self) -> u8 {
        self.sid = self.sid.wrapping_add(1);
        self.sid
    }

    async fn socket(&mut self) -> io::Result<Box<dyn Datagrams>> {
        match self.socket.take() {
            Some(socket) => Ok(socket),
            None => self.net.datagrams(self.peer, self.local_port).await,
        }
    }

    /// One request, one answer. The socket is kept only when it is certain that nothing of this
    /// exchange can still arrive, or when a fixed port leaves no choice.
    async fn exchange(&mut self, request: &[u8], awaited: &Awaited) -> Result<Answer, NoAnswer> {
        keep_gap(self.last_end, self.gap).await;
        let socket = self
            .socket()
            .await
            .map_err(|error| NoAnswer::NotSent(error.into()))?;
        socket
            .send(request)
            .await
            .map_err(|error| NoAnswer::NotSent(error.into()))?;
        let deadline = Instant::now() + self.timeout;
        let answer = loop {
            let mut bytes = [0; BUFFER];
            match timeout_at(deadline, socket.receive(&mut bytes)).await {
                Err(_) => break Err(NoAnswer::Silence),
                Ok(Err(error)) => break Err(NoAnswer::Broken(error)),
                Ok(Ok((length, sender))) => match self.take(&bytes[..length], sender, awaited) {
                    Some(answer) => break Ok(answer),
                    // A flood of foreign frames must not stretch the wait.
                    None if Instant::now() >= deadline => break Err(NoAnswer::Silence),
                    None => {}
                },
            }
        };
        self.last_end = Some(Instant::now());
        let keep = match &answer {
            Ok(_) => true,
            Err(NoAnswer::Silence) => self.local_port != 0,
            Err(NoAnswer::NotSent(_) | NoAnswer::Broken(_)) => false,
        };
        if keep {
            self.socket = Some(socket);
        }
        answer
    }

    fn take(&mut self, bytes: &[u8], sender: SocketAddr, awaited: &Awaited) -> Option<Answer> {
        let parsed = if sender == self.peer {
            frame::parse_response(bytes, awaited)
        } else {
            Err(NotOurs::Nodes)
        };
        outcome::note(&mut self.noticed, &parsed);
        let why = match parsed {
            Ok(answer) => return Some(answer),
            Err(why) => why,
        };
        tracing::debug!(%sender, bytes = bytes.len(), %why, "dropped a datagram that is not the awaited answer");
        None
    }
}

#[async_trait]
impl PlcDriver for FinsUdp {
    async fn read(&mut self, addr: u16, count: u16) -> Result<Vec<u16>, PlcError> {
        if count > self.max_words {
            return Err(frame::FrameError::Count {
                count: usize::from(count),
                max: self.max_words,
            }
            .into());
        }
        let sid = self.next_sid();
        let request = frame::encode_read(self.nodes, sid, addr, count)?;
        let awaited = Awaited {
            nodes: self.nodes,
            sid,
            read_words: Some(count),
        };
        let answer = self.exchange(&request, &awaited).await;
        outcome::of_read(answer, self.timeout_ms)
    }

    async fn write(&mut self, addr: u16, words: &[u16]) -> Result<(), PlcError> {
        let sid = self.next_sid();
        let request = frame::encode_write(self.nodes, sid, addr, words)?;
        let awaited = Awaited {
            nodes: self.nodes,
            sid,
            read_words: None,
        };
        let answer = self.exchange(&request, &awaited).await;
        outcome::of_write(answer, self.timeout_ms)
    }

    fn write_words_max(&self) -> u16 {
        WRITE_WORDS_MAX
    }

    fn describe(&self) -> String {
        format!(
            "FINS/UDP {} (node {} to {})",
            self.peer, self.nodes.local, self.nodes.plc
        )
    }

    fn noticed(&self) -> Noticed {
        self.noticed
    }
}

#[cfg(test)]
mod tests;
