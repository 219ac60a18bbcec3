//! FINS over TCP: one connection, one request at a time. The node numbers come from the handshake,
//! once a connection; whatever breaks the stream, a time-out included, closes the socket, so that
//! no late answer can be taken for a new one. Leaves out repeating: a driver sends a request once.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::frame::{self, Answer, Awaited, Nodes, WRITE_WORDS_MAX};
use super::outcome::{self, NoAnswer};
use super::stream::{Message, Stream, StreamError, TcpCode, encode, encode_frame};
use crate::plc::net::{self, Dial, Net};
use crate::plc::tcp;
use crate::plc::{DriverConfig, DriverKind, Noticed, PlcDriver, PlcError};

/// Two of the longest messages fit; more waits in the socket.
const BUFFER: usize = 4_096;
/// Checks and frames that are not the awaited answer, before the stream counts as mad.
const DROPS_MAX: u32 = 64;

/// A FINS connection over TCP. It is opened with the first request and anew after errors.
#[derive(Debug)]
pub struct FinsTcp {
    net: Arc<dyn Net>,
    peer: SocketAddr,
    dial: Dial,
    node_local: u8,
    given: Option<Given>,
    nodes_swapped: bool,
    timeout: Duration,
    timeout_ms: u64,
    gap: Duration,
    max_words: u16,
    sid: u8,
    link: Option<Link>,
    last_end: Option<Instant>,
    noticed: Noticed,
}

/// The number that the PLC gave us where it chooses: a new connection asks for it again, so that
/// the PLC knows one number for us and not a new one with each cable that was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Given {
    node: u8,
    /// The PLC refused it once. It looks meanwhile whether our last connection still lives.
    is_refused: bool,
}

/// A connection whose handshake is done.
#[derive(Debug)]
struct Link {
    line: Line,
    nodes: Nodes,
}

/// A connection as messages.
#[derive(Debug)]
struct Line {
    socket: Box<dyn net::Line>,
    stream: Stream,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

/// Why the next message cannot be had.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl From<LineError> for io::Error {
    fn from(error: LineError) -> io::Error {
        match error {
            LineError::Io(error) => error,
            LineError::Stream(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl Line {
    fn over(socket: Box<dyn net::Line>) -> Line {
        Line {
            socket,
            stream: Stream::default(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The next message among the bytes that are here already.
    fn buffered(&mut self) -> Result<Option<Message>, StreamError> {
        let mut rest = &self.buffer[self.start..self.end];
        let message = self.stream.take(&mut rest);
        self.start = self.end - rest.len();
        message
    }

    async fn next(&mut self) -> Result<Message, LineError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(message);
            }
            let length = self.socket.read(&mut self.buffer).await?;
            if length == 0 {
                return Err(net::closed().into());
            }
            (self.start, self.end) = (0, length);
        }
    }

    /// The next message that has come by now, without waiting.
    fn next_now(&mut self) -> Result<Option<Message>, LineError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Some(message));
            }
            let Some(length) = self.socket.unread(&mut self.buffer)? else {
                return Ok(None);
            };
            (self.start, self.end) = (0, length);
        }
    }
}

impl FinsTcp {
    /// A connection that is not opened yet.
    ///
    /// # Errors
    /// [`PlcError::Config`] when the configuration cannot be right.
    pub fn new(config: &DriverConfig, net: Arc<dyn Net>) -> Result<FinsTcp, PlcError> {
        config.validate()?;
        let DriverKind::FinsTcp {
            node_local,
            nodes_swapped,
        } = config.kind
        else {
            return Err(PlcError::Config("kind is not fins_tcp"));
        };
        Ok(FinsTcp {
            net,
            peer: config.address,
            dial: config.tcp.dial(),
            node_local,
            given: None,
            nodes_swapped,
            timeout: Duration::from_millis(config.timeout_ms),
            timeout_ms: config.timeout_ms,
            gap: Duration::from_millis(config.gap_ms),
            max_words: config.max_words,
            sid: 0,
            link: None,
            last_end: None,
            noticed: Noticed::default(),
        })
    }

    /// The next request number: all 256 in turn, over all connections.
    fn next_sid(&mut self) -> u8 {
        self.sid = self.sid.wrapping_add(1);
        self.sid
    }

    /// The connection with nothing left unread, or a new one. Nothing of a request is sent.
    async fn link(&mut self) -> Result<Link, PlcError> {
        if let Some(mut link) = self.link.take() {
            match self.settle(&mut link) {
                Ok(()) => return Ok(link),
                Err(error) => {
                    tracing::info!(peer = %self.peer, %error, "the idle connection is opened anew");
                }
            }
        }
        self.open().await
    }

    /// Looks whether an idle connection is as we left it. An answer that nobody waits for means
    /// that the two ends disagree.
    fn settle(&mut self, link: &mut Link) -> io::Result<()> {
        for _ in 0..DROPS_MAX {
            match link.line.next_now()? {
                None => return Ok(()),
                Some(Message::Check) => {}
                Some(Message::Notice(code)) => {
                    return Err(given_up("the PLC closed the connection", code));
                }
                Some(Message::Frame(_)) => {
                    self.noticed.late += 1;
                    return Err(invalid("an answer that nobody waits for"));
                }
                Some(Message::Hello { .. } | Message::Welcome { .. }) => {
                    self.noticed.foreign += 1;
                    return Err(invalid("a second handshake"));
                }
            }
        }
        Err(invalid("a flood of connection checks"))
    }

    async fn open(&mut self) -> Result<Link, PlcError> {
        let deadline = Instant::now() + self.timeout;
        let socket = tcp::connect(self.net.as_ref(), self.peer, self.dial, deadline).await?;
        let mut line = Line::over(socket);
        let hello = encode(&Message::Hello {
            client: u32::from(self.given.map_or(self.node_local, |given| given.node)),
        });
        let handshake = async {
            line.socket.write_all(&hello).await?;
            line.next().await
        };
        let welcome = timeout_at(deadline, handshake)
            .await
            .unwrap_or_else(|_| Err(tcp::too_late("no handshake in time").into()))
            .map_err(io::Error::from)?;
        match welcome {
            Message::Welcome {
                code: TcpCode::NORMAL,
                client,
                server,
            } => {
                let nodes = self.nodes(client, server)?;
                self.given = (self.node_local == 0).then_some(Given {
                    node: nodes.local,
                    is_refused: false,
                });
                Ok(Link { line, nodes })
            }
            Message::Welcome { code, .. } | Message::Notice(code) => {
                self.given = self.given.filter(|given| !given.is_refused);
                if let Some(given) = &mut self.given {
                    given.is_refused = true;
                }
                Err(given_up("the PLC refused the connection", code).into())
            }
            Message::Hello { .. } | Message::Frame(_) | Message::Check => {
                self.noticed.foreign += 1;
                Err(invalid("the PLC's first message is no handshake").into())
            }
        }
    }

    /// The nodes that the handshake gave, by position.
    fn nodes(&self, client: u32, server: u32) -> io::Result<Nodes> {
        let node = |number: u32| {
            u8::try_from(number)
                .ok()
                .filter(|node| (1..=254).contains(node))
                .ok_or_else(|| invalid(format!("the handshake gave node {number}")))
        };
        let (first, second) = (node(client)?, node(server)?);
        let nodes = if self.nodes_swapped {
            Nodes {
                local: second,
                plc: first,
            }
        } else {
            Nodes {
                local: first,
                plc: second,
            }
        };
        if nodes.local == nodes.plc {
            return Err(invalid("the handshake gave both ends one node"));
        }
        if self.node_local != 0 && nodes.local != self.node_local {
            return Err(invalid(format!(
                "the handshake gave us node {} instead of {}",
                nodes.local, self.node_local
            )));
        }
        Ok(nodes)
    }

    /// Sends a request made for the connection's nodes and waits for its answer. The connection is
    /// kept only after an answer; a caller that gives up in the middle loses it too.
    async fn exchange(
        &mut self,
        read_words: Option<u16>,
        request: impl Fn(Nodes, u8) -> Result<Vec<u8>, frame::FrameError>,
    ) -> Result<Answer, NoAnswer> {
        let sid = self.next_sid();
        tcp::keep_gap(self.last_end, self.gap).await;
        let mut link = self.link().await.map_err(NoAnswer::NotSent)?;
        let bytes = request(link.nodes, sid).map_err(|error| NoAnswer::NotSent(error.into()))?;
        let awaited = Awaited {
            nodes: link.nodes,
            sid,
            read_words,
        };
        let deadline = Instant::now() + self.timeout;
        let answer = timeout_at(deadline, self.converse(&mut link.line, &bytes, &awaited))
            .await
            .unwrap_or(Err(NoAnswer::Silence));
        self.last_end = Some(Instant::now());
        if answer.is_ok() {
            self.link = Some(link);
        }
        answer
    }

    async fn converse(
        &mut self,
        line: &mut Line,
        frame: &[u8],
        awaited: &Awaited,
    ) -> Result<Answer, NoAnswer> {
        line.socket
            .write_all(&encode_frame(frame))
            .await
            .map_err(NoAnswer::Broken)?;
        for _ in 0..DROPS_MAX {
            let message = line
                .next()
                .await
                .map_err(|error| NoAnswer::Broken(error.into()))?;
            match message {
                Message::Check => {}
                Message::Frame(bytes) => {
                    let parsed = frame::parse_response(&bytes, awaited);
                    outcome::note(&mut self.noticed, &parsed);
                    match parsed {
                        Ok(answer) => return Ok(answer),
                        Err(why) => {
                            tracing::debug!(peer = %self.peer, %why, "dropped a frame that is not the awaited answer");
                        }
                    }
                }
                Message::Notice(code) => {
                    let why = given_up("the PLC closed the connection", code);
                    return Err(NoAnswer::Broken(why));
                }
                Message::Hello { .. } | Message::Welcome { .. } => {
                    self.noticed.foreign += 1;
                    return Err(NoAnswer::Broken(invalid("a second handshake")));
                }
            }
        }
        Err(NoAnswer::Broken(invalid("a flood of foreign frames")))
    }
}

/// The connection's end with the cause that the PLC gave.
fn given_up(what: &str, code: TcpCode) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, format!("{what}: {code}"))
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

#[async_trait]
impl PlcDriver for FinsTcp {
    async fn read(&mut self, addr: u16, count: u16) -> Result<Vec<u16>, PlcError> {
        if count > self.max_words {
            return Err(frame::FrameError::Count {
                count: usize::from(count),
                max: self.max_words,
            }
            .into());
        }
        // What cannot be asked is refused before a connection is opened for it.
        frame::check(addr, usize::from(count), frame::READ_WORDS_MAX)?;
        let answer = self
            .exchange(Some(count), |nodes, sid| {
                frame::encode_read(nodes, sid, addr, count)
            })
            .await;
        outcome::of_read(answer, self.timeout_ms)
    }

    async fn write(&mut self, addr: u16, words: &[u16]) -> Result<(), PlcError> {
        frame::check(addr, words.len(), WRITE_WORDS_MAX)?;
        let answer = self
            .exchange(None, |nodes, sid| {
                frame::encode_write(nodes, sid, addr, words)
            })
            .await;
        outcome::of_write(answer, self.timeout_ms)
    }

    fn write_words_max(&self) -> u16 {
        WRITE_WORDS_MAX
    }

    fn describe(&self) -> String {
        match self.node_local {
            0 => format!("FINS/TCP {} (the PLC gives the nodes)", self.peer),
            node => format!("FINS/TCP {} (node {node})", self.peer),
        }
    }

    fn noticed(&self) -> Noticed {
        self.noticed
    }
}

#[cfg(test)]
mod tests;
