//! FINS/TCP as pure bytes, both ends: the 16-byte header, the handshake, and the reassembly of
//! messages from a stream that may be cut anywhere. There is no way back after an error: what
//! follows is never searched for a new beginning. Memory is bounded by one message.
//! Leaves out sockets and deadlines, and what stands in the FINS frames ([`super::frame`]).

use std::fmt;

use super::frame::FRAME_MAX;

const MAGIC: [u8; 4] = *b"FINS";
/// Magic and length; the length counts what follows them.
const PREFIX: usize = 8;
/// Command and error code, which every message has.
const FIXED: usize = 8;
/// The longest message, prefix included.
pub const MESSAGE_MAX: usize = PREFIX + FIXED + FRAME_MAX;

const HELLO: u32 = 0;
const WELCOME: u32 = 1;
const FRAME: u32 = 2;
const NOTICE: u32 = 3;
const CHECK: u32 = 6;

/// The error code of a FINS/TCP header; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpCode(pub u32);

impl TcpCode {
    /// No error.
    pub const NORMAL: TcpCode = TcpCode(0);
    /// The header does not begin with FINS.
    pub const NOT_FINS: TcpCode = TcpCode(0x01);
    /// The length is out of range.
    pub const TOO_LONG: TcpCode = TcpCode(0x02);
    /// The command does not exist, or not at this point.
    pub const UNSUPPORTED: TcpCode = TcpCode(0x03);
    /// All connections are in use.
    pub const FULL: TcpCode = TcpCode(0x20);
    /// Another connection has this node.
    pub const NODE_TAKEN: TcpCode = TcpCode(0x21);
    /// The node number is no node number.
    pub const NODE_RANGE: TcpCode = TcpCode(0x23);
    /// The node asked for is the server's own.
    pub const NODE_SAME: TcpCode = TcpCode(0x24);
    /// No node is left to give.
    pub const NODE_NONE: TcpCode = TcpCode(0x25);

    /// The maker's meaning.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self.0 {
            0x00 => "normal",
            0x01 => "header is not FINS",
            0x02 => "data length too long",
            0x03 => "command not supported",
            0x20 => "all connections in use",
            0x21 => "this node is already connected",
            0x22 => "protected node, IP address not allowed",
            0x23 => "client node address out of range",
            0x24 => "client and server use the same node address",
            0x25 => "no free node address to allocate",
            _ => "unknown FINS/TCP error",
        }
    }
}

impl fmt::Display for TcpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (FINS/TCP error {:08X})", self.text(), self.0)
    }
}

/// One message of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Command 0, client to server: the client's node, 0 asks for one.
    Hello {
        /// The node.
        client: u32,
    },
    /// Command 1, the answer: both nodes, by position. Without meaning when the code is an error.
    Welcome {
        /// How it went.
        code: TcpCode,
        /// The client's node.
        client: u32,
        /// The server's node.
        server: u32,
    },
    /// Command 2: a FINS frame.
    Frame(Vec<u8>),
    /// Command 3: the sender found an error and closes.
    Notice(TcpCode),
    /// Command 6: is the connection still there? Wants no answer.
    Check,
}

/// The stream cannot be followed any further: close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The bytes do not begin with FINS.
    #[error("the bytes are not FINS/TCP")]
    NotFins,
    /// No message, or not this one, has this length.
    #[error("a FINS/TCP message of length {0} cannot be")]
    Length(u32),
    /// A command that does not exist.
    #[error("FINS/TCP command {0} does not exist")]
    Command(u32),
    /// A message carries an error code where none belongs.
    #[error("{0}")]
    Code(TcpCode),
}

impl StreamError {
    /// What a server tells the sender.
    #[must_use]
    pub fn notice(self) -> TcpCode {
        match self {
            StreamError::NotFins => TcpCode::NOT_FINS,
            StreamError::Length(_) => TcpCode::TOO_LONG,
            StreamError::Command(_) => TcpCode::UNSUPPORTED,
            StreamError::Code(code) => code,
        }
    }
}

/// Puts messages together from bytes as they come.
#[derive(Debug, Default)]
pub struct Stream {
    held: Vec<u8>,
    broken: Option<StreamError>,
}

impl Stream {
    /// Takes bytes from the front of `input` up to the end of one message. `None`: all bytes are
    /// taken and more are needed. Never holds more than [`MESSAGE_MAX`] bytes.
    ///
    /// # Errors
    /// [`StreamError`], from then on for ever.
    pub fn take(&mut self, input: &mut &[u8]) -> Result<Option<Message>, StreamError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let taken = self.step(input);
        if let Err(error) = taken {
            self.broken = Some(error);
            self.held = Vec::new();
        }
        taken
    }

    fn step(&mut self, input: &mut &[u8]) -> Result<Option<Message>, StreamError> {
        loop {
            let wanted = self.wanted()?;
            let missing = wanted - self.held.len();
            let (now, later) = input.split_at(missing.min(input.len()));
            self.held.extend_from_slice(now);
            *input = later;
            let seen = self.held.len().min(MAGIC.len());
            if self.held[..seen] != MAGIC[..seen] {
                return Err(StreamError::NotFins);
            }
            if self.held.len() < wanted {
                return Ok(None);
            }
            if wanted > PREFIX {
                let message = parse(&self.held[PREFIX..])?;
                self.held.clear();
                return Ok(Some(message));
            }
        }
    }

    /// Bytes needed before the next decision.
    fn wanted(&self) -> Result<usize, StreamError> {
        let Some(prefix) = self.held.first_chunk::<PREFIX>() else {
            return Ok(PREFIX);
        };
        let length = number(&prefix[4..]);
        usize::try_from(length)
            .ok()
            .filter(|length| (FIXED..=FIXED + FRAME_MAX).contains(length))
            .map(|length| PREFIX + length)
            .ok_or(StreamError::Length(length))
    }
}

/// Four bytes as a number; bytes that are not there count as nothing.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk::<4>()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// A message from its command on.
fn parse(body: &[u8]) -> Result<Message, StreamError> {
    let (command, code) = (number(body), TcpCode(number(&body[4..])));
    let data = &body[FIXED..];
    let length = StreamError::Length(u32::try_from(body.len()).unwrap_or(u32::MAX));
    let sized = |expected: usize| {
        if data.len() == expected {
            Ok(())
        } else {
            Err(length)
        }
    };
    let clean = |message| match code {
        TcpCode::NORMAL => Ok(message),
        code => Err(StreamError::Code(code)),
    };
    match command {
        HELLO => {
            sized(4)?;
            clean(Message::Hello {
                client: number(data),
            })
        }
        WELCOME => {
            // A refusal may come without the nodes.
            if code == TcpCode::NORMAL || !data.is_empty() {
                sized(8)?;
            }
            Ok(Message::Welcome {
                code,
                client: number(data),
                server: data.get(4..).map_or(0, number),
            })
        }
        FRAME if data.is_empty() => Err(length),
        FRAME => clean(Message::Frame(data.to_vec())),
        NOTICE => {
            sized(0)?;
            Ok(Message::Notice(code))
        }
        CHECK => {
            sized(0)?;
            clean(Message::Check)
        }
        other => Err(StreamError::Command(other)),
    }
}

/// A message as bytes.
#[must_use]
pub fn encode(message: &Message) -> Vec<u8> {
    let none = TcpCode::NORMAL;
    match message {
        Message::Hello { client } => bytes(HELLO, none, &client.to_be_bytes()),
        Message::Welcome {
            code,
            client,
            server,
        } => {
            let nodes = [client.to_be_bytes(), server.to_be_bytes()].concat();
            bytes(WELCOME, *code, &nodes)
        }
        Message::Frame(frame) => encode_frame(frame),
        Message::Notice(code) => bytes(NOTICE, *code, &[]),
        Message::Check => bytes(CHECK, none, &[]),
    }
}

/// A FINS frame as a message.
#[must_use]
pub fn encode_frame(frame: &[u8]) -> Vec<u8> {
    bytes(FRAME, TcpCode::NORMAL, frame)
}

fn bytes(command: u32, code: TcpCode, data: &[u8]) -> Vec<u8> {
    // No caller has more than a frame to send; a length beyond would be refused at the other end.
    let length = u32::try_from(FIXED + data.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(PREFIX + FIXED + data.len());
    message.extend(MAGIC);
    message.extend(length.to_be_bytes());
    message.extend(command.to_be_bytes());
    message.extend(code.0.to_be_bytes());
    message.extend(data);
    message
}

#[cfg(test)]
mod tests;
