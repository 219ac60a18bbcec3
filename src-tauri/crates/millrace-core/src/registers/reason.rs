//! Why a reported block is refused: one rule each, as data and as a sentence with the address and
//! the raw words that an electrician's monitor shows. Leaves out the judging ([`super::verdict`]).

use std::fmt;

use serde::Serialize;

use super::codec::CodecError;
use crate::ids::{SiloNo, SlotNo};
use crate::units::{BasisPoints, Grams};

/// A rule that a block breaks. `addr` is the word's address, `raw` what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Reason {
    /// Not as many words as a block has.
    Length {
        /// Words handed in.
        found: usize,
        /// Words of a block.
        expected: u16,
    },
    /// The slot is not one of the map, or not the one the order was written to.
    Slot {
        /// The slot that was read.
        found: SlotNo,
        /// The slot of the order, if there is one.
        expected: Option<SlotNo>,
    },
    /// The slot number in the block is another one.
    SlotNumber {
        /// Address.
        addr: u16,
        /// The word.
        raw: u16,
        /// The slot's number.
        expected: SlotNo,
    },
    /// The order's name is not the one we wrote, or missing.
    OrderName {
        /// Address of its first word.
        addr: u16,
        /// Its words.
        raw: Vec<u16>,
        /// As text.
        found: String,
        /// The name we wrote; `None` when no order is known.
        expected: Option<String>,
    },
    /// A text field holds no text.
    Text {
        /// Which field.
        field: &'static str,
        /// Address of its first word.
        addr: u16,
        /// Its words.
        raw: Vec<u16>,
        /// What is wrong.
        why: CodecError,
    },
    /// A silo's id word is not its constant: the PLC means another silo, or another map.
    SiloId {
        /// The silo that belongs here.
        silo: SiloNo,
        /// Address.
        addr: u16,
        /// The word; the silo's number is what it must be.
        raw: u16,
    },
    /// A truth value is neither 0 nor 1.
    Bool {
        /// Which field.
        field: &'static str,
        /// Address.
        addr: u16,
        /// The word.
        raw: u16,
    },
    /// A silo gave more than it ever may.
    DoseOverMax {
        /// The silo.
        silo: SiloNo,
        /// Address of the first word.
        addr: u16,
        /// Both words.
        raw: [u16; 2],
        /// The mass they say.
        found: Grams,
        /// The silo's limit.
        max: Grams,
    },
    /// The planned quantity is more than one batch may hold.
    PlannedOverMax {
        /// Address of the first word.
        addr: u16,
        /// Both words.
        raw: [u16; 2],
        /// The mass they say.
        found: Grams,
        /// The limit.
        max: Grams,
    },
    /// The silos together gave more than one batch may hold.
    TotalOverMax {
        /// The sum.
        found: Grams,
        /// The limit.
        max: Grams,
    },
    /// A finished batch differs too much from its plan.
    MassBalance {
        /// The sum of the silos.
        total: Grams,
        /// The plan.
        planned: Grams,
        /// The limit.
        limit: BasisPoints,
    },
    /// The reported weight differs too much from the sum of the silos.
    Weight {
        /// Address of the first word.
        addr: u16,
        /// Both words.
        raw: [u16; 2],
        /// The mass they say.
        weight: Grams,
        /// The sum of the silos.
        total: Grams,
        /// The limit.
        limit: BasisPoints,
    },
}

/// Words as four hexadecimal digits each, as an electrician's monitor shows them.
pub(super) struct Hex<'a>(pub(super) &'a [u16]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, word) in self.0.iter().enumerate() {
            let gap = if n == 0 { "" } else { " " };
            write!(f, "{gap}{word:04X}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Length { found, expected } => {
                write!(f, "{found} words read, a block has {expected}")
            }
            Reason::Slot {
                found,
                expected: Some(slot),
            } => {
                write!(f, "slot {found} was read, the order is in slot {slot}")
            }
            Reason::Slot {
                found,
                expected: None,
            } => write!(f, "the plant has no slot {found}"),
            Reason::SlotNumber {
                addr,
                raw,
                expected,
            } => {
                write!(
                    f,
                    "D{addr} (raw {raw:04X}): slot number {raw}, expected {expected}"
                )
            }
            Reason::OrderName {
                addr,
                raw,
                found,
                expected: Some(name),
            } => {
                write!(
                    f,
                    "D{addr} (raw {}): order name {found:?}, expected {name:?}",
                    Hex(raw)
                )
            }
            Reason::OrderName {
                addr,
                raw,
                found: _,
                expected: None,
            } => {
                write!(f, "D{addr} (raw {}): the order has no name", Hex(raw))
            }
            Reason::Text {
                field,
                addr,
                raw,
                why,
            } => write!(f, "D{addr} (raw {}): {field}: {why}", Hex(raw)),
            Reason::SiloId { silo, addr, raw } => {
                write!(f, "D{addr} (raw {raw:04X}): silo id {raw}, expected {silo}")
            }
            Reason::Bool { field, addr, raw } => {
                write!(f, "D{addr} (raw {raw:04X}): {field} is neither 0 nor 1")
            }
            Reason::DoseOverMax {
                silo,
                addr,
                raw,
                found,
                max,
            } => {
                write!(
                    f,
                    "D{addr} (raw {}): silo {silo} says {found}, its limit is {max}",
                    Hex(raw)
                )
            }
            Reason::PlannedOverMax {
                addr,
                raw,
                found,
                max,
            } => {
                write!(
                    f,
                    "D{addr} (raw {}): planned {found}, the largest batch is {max}",
                    Hex(raw)
                )
            }
            Reason::TotalOverMax { found, max } => {
                write!(f, "the silos sum up to {found}, the largest batch is {max}")
            }
            Reason::MassBalance {
                total,
                planned,
                limit,
            } => {
                write!(
                    f,
                    "dosed {total}, planned {planned}: differs by more than {}",
                    Percent(*limit)
                )
            }
            Reason::Weight {
                addr,
                raw,
                weight,
                total,
                limit,
            } => {
                let (hex, limit) = (Hex(raw), Percent(*limit));
                write!(
                    f,
                    "D{addr} (raw {hex}): finished weight {weight}, dosed {total}: differs by more than {limit}"
                )
            }
        }
    }
}

struct Percent(BasisPoints);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} %", self.0.0 / 100, self.0.0 % 100)
    }
}
