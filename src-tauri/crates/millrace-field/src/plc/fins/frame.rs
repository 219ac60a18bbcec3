//! FINS frames as bytes, both ends: our commands and a PLC's answers, and for the virtual plant
//! the reverse. Only word reads (0101) and word writes (0102) of the data memory exist here.
//! Leaves out sockets, deadlines and retries.

pub use super::end_code::EndCode;

/// Words that one answer can carry.
pub const READ_WORDS_MAX: u16 = 999;
/// Words that one write command can carry within 2012 bytes.
pub const WRITE_WORDS_MAX: u16 = 996;
/// Words of the data memory, D0 to D32767.
pub const MEMORY_WORDS: u32 = 32_768;

const HEADER: usize = 10;
const ANSWER: usize = 14;
/// Bytes of the longest frame.
pub const FRAME_MAX: usize = 2_012;
const READ: [u8; 2] = [0x01, 0x01];
const WRITE: [u8; 2] = [0x01, 0x02];
const AREA_DM: u8 = 0x82;
const ICF_ANSWER: u8 = 0x40;

/// The two node numbers of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nodes {
    /// Ours; no other tool on the network may use it.
    pub local: u8,
    /// The PLC's.
    pub plc: u8,
}

/// A request that cannot be a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No words, or more than one frame carries.
    #[error("{count} words do not fit one frame of 1 to {max}")]
    Count {
        /// Words asked for.
        count: usize,
        /// The limit.
        max: u16,
    },
    /// The words reach beyond the memory.
    #[error("D{addr} and {count} words reach beyond D32767")]
    Range {
        /// First address.
        addr: u16,
        /// Words asked for.
        count: usize,
    },
    /// Bytes that are no command at all; nothing can be answered.
    #[error("{0} bytes are not a FINS command")]
    NotACommand(usize),
}

/// A command in the data memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read words.
    Read {
        /// First address.
        addr: u16,
        /// Number of words.
        count: u16,
    },
    /// Write words.
    Write {
        /// First address.
        addr: u16,
        /// The words.
        words: Vec<u16>,
    },
}

/// What answer is awaited; anything else is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The nodes of the connection.
    pub nodes: Nodes,
    /// The request's number.
    pub sid: u8,
    /// Words a read asked for; `None` awaits the answer of a write.
    pub read_words: Option<u16>,
}

/// A PLC's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it went.
    pub end: EndCode,
    /// The words of a read that went well; otherwise empty.
    pub words: Vec<u16>,
}

/// Why a datagram is not the awaited answer. It is dropped and counted, never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// Too short to be any answer.
    #[error("{0} bytes are too few for an answer")]
    TooShort(usize),
    /// Not an answer but a command.
    #[error("the frame is no answer")]
    NotAnAnswer,
    /// From or to another node.
    #[error("the frame is for other nodes")]
    Nodes,
    /// Answers a command other than the one sent.
    #[error("the frame answers another command")]
    Command,
    /// Answers an earlier request.
    #[error("the frame answers request {0}")]
    Late(u8),
    /// Not the exact length.
    #[error("{found} bytes, {expected} expected")]
    Length {
        /// Bytes received.
        found: usize,
        /// Bytes of the right answer.
        expected: usize,
    },
}

/// The command that reads `count` words from `addr`.
///
/// # Errors
/// [`FrameError`] when one frame cannot say it.
pub fn encode_read(nodes: Nodes, sid: u8, addr: u16, count: u16) -> Result<Vec<u8>, FrameError> {
    check(addr, usize::from(count), READ_WORDS_MAX)?;
    Ok(command(nodes, sid, READ, addr, count))
}

/// The command that writes `words` from `addr` on.
///
/// # Errors
/// [`FrameError`] when one frame cannot say it.
pub fn encode_write(
    nodes: Nodes,
    sid: u8,
    addr: u16,
    words: &[u16],
) -> Result<Vec<u8>, FrameError> {
    let count = check(addr, words.len(), WRITE_WORDS_MAX)?;
    let mut frame = command(nodes, sid, WRITE, addr, count);
    frame.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    Ok(frame)
}

pub(super) fn check(addr: u16, count: usize, max: u16) -> Result<u16, FrameError> {
    let words = u16::try_from(count)
        .ok()
        .filter(|count| (1..=max).contains(count));
    let words = words.ok_or(FrameError::Count { count, max })?;
    if u32::from(addr) + u32::from(words) > MEMORY_WORDS {
        return Err(FrameError::Range { addr, count });
    }
    Ok(words)
}

fn command(nodes: Nodes, sid: u8, code: [u8; 2], addr: u16, count: u16) -> Vec<u8> {
    let mut frame = vec![0x80, 0, 2, 0, nodes.plc, 0, 0, nodes.local, 0, sid];
    frame.extend(code);
    frame.push(AREA_DM);
    frame.extend(addr.to_be_bytes());
    frame.push(0);
    frame.extend(count.to_be_bytes());
    frame
}

/// Takes a datagram as the awaited answer only if everything fits: answer bit, nodes, command,
/// request number and the exact length. Bit 0 of the first byte differs between makers and is not
/// looked at. The sender's address is the transport's to check.
///
/// # Errors
/// [`NotOurs`]: drop the datagram and keep waiting.
pub fn parse_response(bytes: &[u8], awaited: &Awaited) -> Result<Answer, NotOurs> {
    if bytes.len() < ANSWER {
        return Err(NotOurs::TooShort(bytes.len()));
    }
    if bytes[0] & ICF_ANSWER == 0 {
        return Err(NotOurs::NotAnAnswer);
    }
    if bytes[4] != awaited.nodes.local || bytes[7] != awaited.nodes.plc {
        return Err(NotOurs::Nodes);
    }
    let code = [bytes[10], bytes[11]];
    if code != READ && code != WRITE {
        return Err(NotOurs::Command);
    }
    if bytes[9] != awaited.sid {
        return Err(NotOurs::Late(bytes[9]));
    }
    if code
        != if awaited.read_words.is_some() {
            READ
        } else {
            WRITE
        }
    {
        return Err(NotOurs::Command);
    }
    let end = EndCode(u16::from_be_bytes([bytes[12], bytes[13]]));
    let words = if end.is_ok() {
        awaited.read_words.unwrap_or(0)
    } else {
        0
    };
    let expected = ANSWER + 2 * usize::from(words);
    if bytes.len() != expected {
        return Err(NotOurs::Length {
            found: bytes.len(),
            expected,
        });
    }
    Ok(Answer {
        end,
        words: to_words(&bytes[ANSWER..]),
    })
}

fn to_words(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// A command as a PLC receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    header: [u8; HEADER],
    code: [u8; 2],
    /// What is asked, or the end code with which a PLC refuses it.
    pub command: Result<Command, EndCode>,
}

impl Request {
    /// False when the sender asked for no answer.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        self.header[0] & 1 == 0
    }

    /// The sender's node.
    #[must_use]
    pub fn source_node(&self) -> u8 {
        self.header[7]
    }

    /// The node it is meant for.
    #[must_use]
    pub fn destination_node(&self) -> u8 {
        self.header[4]
    }

    /// The request's number.
    #[must_use]
    pub fn sid(&self) -> u8 {
        self.header[9]
    }
}

/// Reads a command the way a PLC does: a wrong area, range, count or length becomes an end code.
///
/// # Errors
/// [`FrameError::NotACommand`] when there is nothing to answer.
pub fn parse_command(bytes: &[u8]) -> Result<Request, FrameError> {
    let not = FrameError::NotACommand(bytes.len());
    let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or(not)?;
    let (code, data) = rest.split_first_chunk::<2>().ok_or(not)?;
    if header[0] & ICF_ANSWER != 0 {
        return Err(not);
    }
    let command = command_data(bytes.len(), *code, data).map_err(EndCode);
    Ok(Request {
        header: *header,
        code: *code,
        command,
    })
}

fn command_data(length: usize, code: [u8; 2], data: &[u8]) -> Result<Command, u16> {
    if length > FRAME_MAX {
        return Err(0x1001);
    }
    if code != READ && code != WRITE {
        return Err(0x0401);
    }
    let ([area, addr_high, addr_low, bit, count_high, count_low], data) =
        data.split_first_chunk::<6>().ok_or(0x1002_u16)?;
    let addr = u16::from_be_bytes([*addr_high, *addr_low]);
    let count = u16::from_be_bytes([*count_high, *count_low]);
    if *area != AREA_DM {
        return Err(0x1101);
    }
    if *bit != 0 || u32::from(addr) >= MEMORY_WORDS {
        return Err(0x1103);
    }
    if u32::from(addr) + u32::from(count) > MEMORY_WORDS {
        return Err(0x1104);
    }
    if count == 0 {
        return Err(0x110C);
    }
    if code == READ {
        return match (data.is_empty(), count <= READ_WORDS_MAX) {
            (false, _) => Err(0x1001),
            (true, false) => Err(0x110B),
            (true, true) => Ok(Command::Read { addr, count }),
        };
    }
    if data.len() != usize::from(count) * 2 {
        return Err(0x1003);
    }
    Ok(Command::Write {
        addr,
        words: to_words(data),
    })
}

/// The answer to `request`, addresses swapped. `words` only after a read that went well.
#[must_use]
pub fn encode_response(request: &Request, end_code: u16, words: &[u16]) -> Vec<u8> {
    let [_, _, _, dna, da1, da2, sna, sa1, sa2, sid] = request.header;
    let mut frame = vec![0xC0, 0, 2, sna, sa1, sa2, dna, da1, da2, sid];
    frame.extend(request.code);
    frame.extend(end_code.to_be_bytes());
    frame.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    frame
}

#[cfg(test)]
mod tests;
