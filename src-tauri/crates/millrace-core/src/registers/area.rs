//! The two areas beside the slots in which the PLC reports one event at a time: who writes when, as
//! a table that takes the step we have stored and what the area shows, and says the one next action.
//! It holds no memory of its own, so it goes on after a crash at any point. Leaves out what the words
//! mean ([`super::area_failure`], [`super::area_weighing`]), storing and sending.
//!
//! *as stored* means: the words but the handshake are those of the event that we stored last and that
//! is not yet cleared. *new* is any other event. Once the area was cleared nothing counts as stored, so
//! that the same words again are a new event.
//!
//! | stored step | area shows | handshake | action |
//! |---|---|---|---|
//! | any | refused words | | wait: `Refused` (shown; not acknowledged) |
//! | Cleared | nothing | | wait: `Event` |
//! | Cleared | new | 0 | read once: wait `SecondReading`; twice equal: `Store` |
//! | Cleared | new | 1 | wait: `AckedByOther` (nobody knows who has it) |
//! | Stored | as stored | 0 | `WriteAck` |
//! | Stored | as stored, nothing | 1 | commit Acked |
//! | Stored | nothing | 0 | commit Cleared (the ack arrived, our note of it did not) |
//! | Stored | new | | read once: wait `SecondReading`; twice equal: `Store` |
//! | Acked | as stored, nothing | 1 | wait: `PlcClears` |
//! | Acked | as stored | 0 | wait: `StandsAgain` (neither stored twice nor acknowledged) |
//! | Acked | nothing | 0 | commit Cleared |
//! | Acked | new | 1 | wait: `PlcClears` (it is filling in the next one) |
//! | Acked | new | 0 | read once: wait `SecondReading`; twice equal: `Store` |
//!
//! `Store` closes the event before, if one is open, in the same transaction. A new event under a
//! handshake of 1 while ours is only *Stored* is stored, too: no one but us writes that word, so a late
//! acknowledgement of the event before has hit it, and the PLC may clear it at any moment.
//!
//! A crash between storing and acknowledging, or a restart with the event still standing, finds *as
//! stored* and acknowledges it: never a second row. Only what is stored is acknowledged: never a lost
//! one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::codec::{CodecError, bool_from};
use super::reason::Hex;
use crate::units::Grams;

/// How far the last event of an area has come, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaStep {
    /// The PLC has cleared it: ready for the next. Also before the first event.
    Cleared,
    /// Stored, with its message for the ERP, in one transaction.
    Stored,
    /// The acknowledgement was read back as 1.
    Acked,
}

impl AreaStep {
    /// Every step.
    pub const ALL: [AreaStep; 3] = [AreaStep::Cleared, AreaStep::Stored, AreaStep::Acked];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AreaStep::Cleared => "cleared",
            AreaStep::Stored => "stored",
            AreaStep::Acked => "acked",
        }
    }

    /// The step for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AreaStep> {
        AreaStep::ALL.into_iter().find(|step| step.word() == word)
    }
}

/// What an area shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AreaSeen {
    /// No event.
    Nothing,
    /// The event that was stored last and is not cleared yet.
    AsStored,
    /// Another event.
    New,
    /// Words that break a rule.
    Refused,
}

/// One look at an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AreaObs {
    /// The handshake word.
    pub ack: bool,
    /// What the area shows.
    pub seen: AreaSeen,
    /// Two readings, a polling period apart, gave the same words.
    pub read_twice: bool,
}

/// What to do next for an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AreaAction {
    /// Store the event, queue its message, and close the event before, in one transaction.
    Store,
    /// Write 1 to the handshake word; then look again.
    WriteAck,
    /// Store this step.
    Commit(AreaStep),
    /// Nothing to do but look again.
    Wait(AreaWait),
}

/// What an area waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AreaWait {
    /// The PLC reports something.
    Event,
    /// The event must be read a second time.
    SecondReading,
    /// The PLC clears the area.
    PlcClears,
    /// The words are refused: an alarm with the reasons; later good words go on.
    Refused,
    /// An event that we never stored is acknowledged: for a person.
    AckedByOther,
    /// The PLC took the acknowledgement back and still shows the same event: for a person.
    StandsAgain,
}

/// The table.
#[must_use]
pub fn next(step: AreaStep, obs: &AreaObs) -> AreaAction {
    use AreaAction::{Commit, Store, Wait, WriteAck};
    use AreaStep::{Acked, Cleared, Stored};
    let when_twice = if obs.read_twice {
        Store
    } else {
        Wait(AreaWait::SecondReading)
    };
    match (step, obs.seen, obs.ack) {
        (Cleared | Stored | Acked, AreaSeen::Refused, _) => Wait(AreaWait::Refused),
        (Cleared, AreaSeen::Nothing, _) => Wait(AreaWait::Event),
        (Cleared, AreaSeen::New | AreaSeen::AsStored, false) => when_twice,
        (Cleared, AreaSeen::New | AreaSeen::AsStored, true) => Wait(AreaWait::AckedByOther),
        (Stored, AreaSeen::AsStored, false) => WriteAck,
        (Stored, AreaSeen::AsStored | AreaSeen::Nothing, true) => Commit(Acked),
        (Stored, AreaSeen::Nothing, false) => Commit(Cleared),
        (Stored, AreaSeen::New, _) => when_twice,
        (Acked, AreaSeen::AsStored | AreaSeen::Nothing | AreaSeen::New, true) => {
            Wait(AreaWait::PlcClears)
        }
        (Acked, AreaSeen::AsStored, false) => Wait(AreaWait::StandsAgain),
        (Acked, AreaSeen::Nothing, false) => Commit(Cleared),
        (Acked, AreaSeen::New, false) => when_twice,
    }
}

/// One reading of an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaReading<T> {
    /// The handshake word.
    pub ack: bool,
    /// What the other words say.
    pub content: AreaContent<T>,
}

/// What the words of an area say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AreaContent<T> {
    /// No event.
    Nothing,
    /// An event that may be believed.
    Event(T),
    /// Every rule that the words break.
    Refused(Vec<AreaReason>),
}

/// A rule that an area breaks. `addr` is the word's address, `raw` what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AreaReason {
    /// Not as many words as the area has.
    Length {
        /// Words handed in.
        found: usize,
        /// Words of the area.
        expected: u16,
    },
    /// A field's words hold no value of its type.
    Value {
        /// Which field.
        field: &'static str,
        /// Address of its first word.
        addr: u16,
        /// Its words.
        raw: Vec<u16>,
        /// What is wrong.
        why: CodecError,
    },
    /// A field that must be filled is empty, or its number is outside its range.
    Field {
        /// Which field.
        field: &'static str,
        /// Address of its first word.
        addr: u16,
        /// Its words.
        raw: Vec<u16>,
        /// What is wrong.
        why: &'static str,
    },
    /// The six date words are digits, and no date.
    Date {
        /// Address of the year.
        addr: u16,
        /// Year, month, day, hour, minute, second.
        raw: Vec<u16>,
    },
    /// A weight that cannot be.
    Mass {
        /// Address of the first word.
        addr: u16,
        /// Both words.
        raw: [u16; 2],
        /// The mass they say.
        found: Grams,
        /// The largest batch.
        max: Grams,
    },
}

impl fmt::Display for AreaReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AreaReason::Length { found, expected } => {
                write!(f, "{found} words read, the area has {expected}")
            }
            AreaReason::Value {
                field,
                addr,
                raw,
                why,
            } => write!(f, "D{addr} (raw {}): {field}: {why}", Hex(raw)),
            AreaReason::Field {
                field,
                addr,
                raw,
                why,
            } => write!(f, "D{addr} (raw {}): {field} {why}", Hex(raw)),
            AreaReason::Date { addr, raw } => {
                write!(f, "D{addr} (raw {}): this is no date and time", Hex(raw))
            }
            AreaReason::Mass {
                addr,
                raw,
                found,
                max,
            } => write!(
                f,
                "D{addr} (raw {}): {found} is not above zero and at most {max}",
                Hex(raw)
            ),
        }
    }
}

/// The words of one area by address. Every field lies inside: the span is made of the fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct AreaWords<'a> {
    pub(super) first: u16,
    pub(super) words: &'a [u16],
}

impl AreaWords<'_> {
    /// `count` words from an address.
    pub(super) fn at(&self, addr: u16, count: u16) -> Vec<u16> {
        let start = usize::from(addr.saturating_sub(self.first));
        (start..start + usize::from(count))
            .map(|n| self.words.get(n).copied().unwrap_or_default())
            .collect()
    }

    /// One word.
    pub(super) fn word(&self, addr: u16) -> u16 {
        self.at(addr, 1).first().copied().unwrap_or_default()
    }
}

/// First word and number of words from the lowest to the highest field.
pub(super) fn span(fields: &[(u16, u16)]) -> (u16, u16) {
    let first = fields.iter().map(|(addr, _)| *addr).min().unwrap_or(0);
    let end = fields
        .iter()
        .map(|(addr, words)| addr.saturating_add(*words))
        .max()
        .unwrap_or(first);
    (first, end - first)
}

/// The words of an area with its handshake judged, or the reading that says that they are not as many
/// as the area has. The handshake stands at `ack_at`; `span` is what was to be read.
pub(super) fn open<'a, E>(
    span: (u16, u16),
    ack_at: u16,
    words: &'a [u16],
    reasons: &mut Vec<AreaReason>,
) -> Result<(AreaWords<'a>, Option<bool>), AreaReading<E>> {
    let (first, count) = span;
    if words.len() != usize::from(count) {
        return Err(AreaReading {
            ack: false,
            content: AreaContent::Refused(vec![AreaReason::Length {
                found: words.len(),
                expected: count,
            }]),
        });
    }
    let area = AreaWords { first, words };
    let word = area.word(ack_at);
    let ack = take(bool_from(word), "handshake", ack_at, &[word], reasons);
    Ok((area, ack))
}

/// Keeps the value, or adds the reason.
pub(super) fn take<T>(
    outcome: Result<T, CodecError>,
    field: &'static str,
    addr: u16,
    raw: &[u16],
    reasons: &mut Vec<AreaReason>,
) -> Option<T> {
    outcome
        .map_err(|why| {
            reasons.push(AreaReason::Value {
                field,
                addr,
                raw: raw.to_vec(),
                why,
            });
        })
        .ok()
}

/// SHA-256 over the words of the fields, in the order given; the handshake is never among them.
pub(super) fn hash(kind: &str, area: &AreaWords<'_>, fields: &[(u16, u16)]) -> String {
    use sha2::{Digest, Sha256};
    let mut hasher = Sha256::new();
    hasher.update(kind.as_bytes());
    for (addr, words) in fields {
        for word in area.at(*addr, *words) {
            hasher.update(word.to_be_bytes());
        }
    }
    crate::audit::hex(&hasher.finalize())
}
