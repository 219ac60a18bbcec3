//! How a damaged or a foreign frame looks, for each protocol. On a stream the length before a frame
//! always fits its bytes, because TCP loses none: what is wrong is within.
//! Leaves out when a frame is damaged (`wire`).

use crate::rng::Seeded;

/// Where header and values of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A FINS frame, whether it goes over UDP or within FINS/TCP.
    Fins,
    /// A Modbus TCP frame with its header.
    Modbus,
}

/// FINS: header, command and end code.
const FINS_HEADER: usize = 14;
/// FINS: where the request's number is.
const FINS_SID: usize = 9;
/// Modbus: transaction, protocol, length, unit, function, byte count.
const MODBUS_HEADER: usize = 9;
/// Modbus: the bytes up to the length, which counts what follows it.
const MODBUS_PREFIX: usize = 6;
/// Modbus: the length's place.
const MODBUS_LENGTH: std::ops::Range<usize> = 4..6;
const MODBUS_FUNCTION: usize = 7;
/// The functions of which an answer carries values.
const MODBUS_READ: u8 = 3;

/// The values of an answer begin here; none when it carries none.
fn payload(framing: Framing, bytes: &[u8]) -> Option<usize> {
    let (start, carries) = match framing {
        Framing::Fins => (FINS_HEADER, bytes.get(10..12) == Some(&[1, 1])),
        Framing::Modbus => (
            MODBUS_HEADER,
            bytes.get(MODBUS_FUNCTION) == Some(&MODBUS_READ),
        ),
    };
    (carries && bytes.len() > start).then_some(start)
}

/// A place from `from` up to, without, `to`.
fn place(from: usize, to: usize, dice: &mut Seeded) -> usize {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let chosen = dice.between(number(from), number(to).saturating_sub(1));
    usize::try_from(chosen).unwrap_or(from)
}

fn flip_bit(bytes: &mut [u8], at: usize, dice: &mut Seeded) {
    let bit = u32::try_from(dice.between(0, 7)).unwrap_or(0);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1_u8.rotate_left(bit);
    }
}

/// Any byte that is not 0, to change another with.
fn some_byte(dice: &mut Seeded) -> u8 {
    u8::try_from(dice.between(1, 255)).unwrap_or(1)
}

/// One bit of the values. False when there are none to garble, as in each function here.
pub(super) fn garble_payload(framing: Framing, bytes: &mut [u8], dice: &mut Seeded) -> bool {
    let Some(start) = payload(framing, bytes) else {
        return false;
    };
    let at = place(start, bytes.len(), dice);
    flip_bit(bytes, at, dice);
    true
}

/// One bit, or one byte, before the values. The length of a Modbus frame stays: it frames the stream.
pub(super) fn garble_header(framing: Framing, bytes: &mut [u8], dice: &mut Seeded) -> bool {
    let end = payload(framing, bytes).unwrap_or(bytes.len());
    let mut at = place(0, end, dice);
    if framing == Framing::Modbus && MODBUS_LENGTH.contains(&at) {
        at = MODBUS_FUNCTION;
    }
    if dice.between(0, 1) == 0 {
        flip_bit(bytes, at, dice);
    } else if let Some(byte) = bytes.get_mut(at) {
        *byte ^= some_byte(dice);
    }
    true
}

/// Cuts the end off. A Modbus frame keeps its header and says its new length.
pub(super) fn truncate(framing: Framing, bytes: &mut Vec<u8>, dice: &mut Seeded) -> bool {
    let least = match framing {
        Framing::Fins => 1,
        // Unit and function: less is no message.
        Framing::Modbus => MODBUS_FUNCTION + 1,
    };
    if bytes.len() <= least {
        return false;
    }
    bytes.truncate(place(least, bytes.len(), dice));
    if framing == Framing::Modbus {
        say_length(bytes);
    }
    true
}

fn say_length(bytes: &mut [u8]) {
    let length = u16::try_from(bytes.len().saturating_sub(MODBUS_PREFIX)).unwrap_or(u16::MAX);
    if let Some(place) = bytes.get_mut(MODBUS_LENGTH) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// Somebody else's frame at the moment when `answer` is awaited.
pub(super) fn foreign(framing: Framing, answer: &[u8], dice: &mut Seeded) -> Vec<u8> {
    match framing {
        Framing::Fins => foreign_fins(answer, dice),
        Framing::Modbus => foreign_modbus(answer, dice),
    }
}

/// Four kinds, the first seen live: another tool's multiple read (0104) under our node, here with
/// our number or another; a read's answer of the right length for another node; one for another request.
fn foreign_fins(answer: &[u8], dice: &mut Seeded) -> Vec<u8> {
    let mut bytes = answer.to_vec();
    let kind = dice.between(0, 3);
    if kind == 2 {
        for node in [4, 7] {
            if let Some(byte) = bytes.get_mut(node) {
                *byte ^= some_byte(dice);
            }
        }
    } else if kind != 0
        && let Some(sid) = bytes.get_mut(FINS_SID)
    {
        *sid ^= some_byte(dice);
    }
    if kind <= 1 {
        bytes.truncate(FINS_HEADER);
        if let Some(code) = bytes.get_mut(10..) {
            code.copy_from_slice(&[1, 4, 0, 0]);
        }
        // Each item is the area's byte and a word. Often as many words as were asked for.
        for _ in 0..answer.len().saturating_sub(FINS_HEADER).max(6) / 3 {
            bytes.extend([0x82, some_byte(dice), some_byte(dice)]);
        }
    } else {
        randomize(&mut bytes, FINS_HEADER, dice);
    }
    bytes
}

/// The answer to another transaction, otherwise like ours.
fn foreign_modbus(answer: &[u8], dice: &mut Seeded) -> Vec<u8> {
    let mut bytes = answer.to_vec();
    if let Some(transaction) = bytes.get_mut(1) {
        *transaction ^= some_byte(dice);
    }
    randomize(&mut bytes, MODBUS_HEADER, dice);
    bytes
}

fn randomize(bytes: &mut [u8], from: usize, dice: &mut Seeded) {
    for byte in bytes.iter_mut().skip(from) {
        *byte = some_byte(dice);
    }
}
