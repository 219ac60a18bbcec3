//! The PLC's areas for equipment failures and manual weighings: one event at a time, handshake last. The
//! host's 1 clears words and handshake; a second event waits in the PLC until then.
//! Leaves out why an event is raised (`fault`).

use std::collections::VecDeque;

use jiff::civil::DateTime;
use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use crate::books::{Books, Event, EventBook};
use crate::exchange::to_register;
use crate::layout::{FailureWords, Layout, WeighingWords};
use crate::memory::Memory;
use crate::physics::STEP_MS;

/// From the host's 1 to the cleared area, in milliseconds of plant time.
const CLEAR_MS: u32 = 200;
/// An area stays empty for this long before the next event, in milliseconds of plant time.
const PAUSE_MS: u32 = 500;
/// Words of each text of these areas.
const TEXT_WORDS: u16 = 8;

/// What a PLC says of a piece of equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureInfo {
    /// A motor has tripped.
    MotorFailure,
    /// A sensor gives no usable value.
    SensorError,
    /// It was told to start and does not give.
    StartFailure,
}

impl FailureInfo {
    /// As the PLC writes it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            FailureInfo::MotorFailure => "MOTOR_FAILURE",
            FailureInfo::SensorError => "SENSOR_ERROR",
            FailureInfo::StartFailure => "START_FAILURE",
        }
    }

    /// The nth of them, from 1.
    #[must_use]
    pub fn from_number(number: i64) -> Option<FailureInfo> {
        match number {
            1 => Some(FailureInfo::MotorFailure),
            2 => Some(FailureInfo::SensorError),
            3 => Some(FailureInfo::StartFailure),
            _ => None,
        }
    }
}

/// One area.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Area {
    /// Places in the books of what waits.
    waiting: VecDeque<usize>,
    showing: Option<usize>,
    /// Since the host's 1, or since the area was cleared.
    waited_ms: u32,
}

/// Both areas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Areas {
    failure: Area,
    weighing: Area,
}

/// What happened in one step of an area.
enum Change {
    None,
    Show(usize),
    Clear(usize),
}

impl Area {
    fn step(&mut self, handshake: u16) -> Change {
        match self.showing {
            Some(_) if handshake != 1 => self.waited_ms = 0,
            Some(book) => {
                self.waited_ms = self.waited_ms.saturating_add(STEP_MS);
                if self.waited_ms >= CLEAR_MS {
                    self.waited_ms = 0;
                    self.showing = None;
                    return Change::Clear(book);
                }
            }
            None => {
                self.waited_ms = self.waited_ms.saturating_add(STEP_MS);
                if self.waited_ms >= PAUSE_MS
                    && let Some(book) = self.waiting.pop_front()
                {
                    self.waited_ms = 0;
                    self.showing = Some(book);
                    return Change::Show(book);
                }
            }
        }
        Change::None
    }
}

impl Areas {
    /// Something has happened: it waits for its area. False when the map has no such area.
    pub(crate) fn raise(&mut self, event: Event, layout: &Layout, books: &mut Books) -> bool {
        let (area, exists) = match &event {
            Event::Failure { .. } => (&mut self.failure, layout.failure.is_some()),
            Event::Weighing { .. } => (&mut self.weighing, layout.weighing.is_some()),
        };
        if !exists {
            return false;
        }
        let place = books.events.len();
        books.events.push(EventBook {
            seq: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
            event,
            raised_ms: books.plant_ms,
            shown_ms: None,
            acks: 0,
            cleared_ms: None,
            lost: false,
        });
        area.waiting.push_back(place);
        true
    }

    /// One scan. True when something happened that must survive a restart.
    pub(crate) fn scan(&mut self, layout: &Layout, memory: &mut Memory, books: &mut Books) -> bool {
        let mut event = false;
        if let Some(words) = &layout.failure {
            let change = self.failure.step(memory.get(words.handshake));
            event |= carry_out(&change, books, memory, |event, memory| {
                write_failure(words, event, memory);
            });
        }
        if let Some(words) = &layout.weighing {
            let change = self.weighing.step(memory.get(words.handshake));
            event |= carry_out(&change, books, memory, |event, memory| {
                write_weighing(words, event, memory);
            });
        }
        event
    }

    /// The place in the books of what stands in each area: failure, weighing.
    pub(crate) fn showing(&self) -> [Option<usize>; 2] {
        [self.failure.showing, self.weighing.showing]
    }

    /// The PLC's memory is gone, and with it what waited and what stood there unacknowledged.
    pub(crate) fn lose(&mut self, books: &mut Books) {
        for area in [&mut self.failure, &mut self.weighing] {
            for place in area
                .showing
                .take()
                .into_iter()
                .chain(area.waiting.drain(..))
            {
                if let Some(book) = books.events.get_mut(place) {
                    book.lost = book.acks == 0;
                }
            }
        }
        *self = Areas::default();
    }
}

/// True when the change touched memory or books.
fn carry_out(
    change: &Change,
    books: &mut Books,
    memory: &mut Memory,
    write: impl Fn(Option<&Event>, &mut Memory),
) -> bool {
    let now = Some(books.plant_ms);
    match *change {
        Change::None => false,
        Change::Show(place) => {
            if let Some(book) = books.events.get_mut(place) {
                write(Some(&book.event), memory);
                book.shown_ms = now;
            }
            true
        }
        Change::Clear(place) => {
            write(None, memory);
            if let Some(book) = books.events.get_mut(place) {
                book.cleared_ms = now;
            }
            true
        }
    }
}

/// All words, the handshake last; zeros without an event.
fn write_failure(words: &FailureWords, event: Option<&Event>, memory: &mut Memory) {
    let (code, info, at) = match event {
        Some(Event::Failure { code, info, at }) => (code.as_str(), info.as_str(), Some(*at)),
        Some(Event::Weighing { .. }) | None => ("", "", None),
    };
    set_text(memory, words.code, TEXT_WORDS, code);
    set_text(memory, words.info, TEXT_WORDS, info);
    let parts = at.map_or([0; 6], |at| {
        [
            i64::from(at.year()),
            i64::from(at.month()),
            i64::from(at.day()),
            i64::from(at.hour()),
            i64::from(at.minute()),
            i64::from(at.second()),
        ]
    });
    for (address, part) in words.date.iter().zip(parts) {
        memory.set(*address, bcd(part));
    }
    memory.set(words.handshake, 0);
}

fn write_weighing(words: &WeighingWords, event: Option<&Event>, memory: &mut Memory) {
    let (batch_no, name, product_no, quantity) = match event {
        Some(Event::Weighing {
            batch,
            order_name,
            product,
            quantity_g,
        }) => (*batch, order_name.as_str(), *product, *quantity_g),
        Some(Event::Failure { .. }) | None => (0, "", 0, Grams::ZERO),
    };
    memory.set(words.batch, batch_no);
    set_text(memory, words.order_name, TEXT_WORDS, name);
    memory.set(words.product, product_no);
    memory.set_pair(words.quantity, to_register(quantity));
    memory.set(words.handshake, 0);
}

/// Two characters a word, the first in the high byte, filled up with 0.
pub(crate) fn set_text(memory: &mut Memory, first: u16, words: u16, text: &str) {
    let mut bytes = text.bytes();
    for offset in 0..words {
        let pair = [bytes.next().unwrap_or(0), bytes.next().unwrap_or(0)];
        memory.set(first.saturating_add(offset), u16::from_be_bytes(pair));
    }
}

/// Up to four decimal digits, one in each half byte.
fn bcd(number: i64) -> u16 {
    let digit = |place: i64| u16::try_from(number / place % 10).unwrap_or(0);
    digit(1_000) << 12 | digit(100) << 8 | digit(10) << 4 | digit(1)
}

/// The plant's date and time, this long after `base`.
pub(crate) fn date_at(base: DateTime, plant_ms: u64) -> DateTime {
    let passed = jiff::SignedDuration::from_millis(i64::try_from(plant_ms).unwrap_or(i64::MAX));
    base.checked_add(passed).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_packed_one_in_a_half_byte() {
        assert_eq!([2026, 7, 31, 0].map(bcd), [0x2026, 0x0007, 0x0031, 0]);
    }

    #[test]
    fn the_date_rolls_over_with_the_plants_clock() {
        let base = jiff::civil::date(2026, 12, 31).at(23, 59, 58, 0);
        let later = date_at(base, 3_500);
        assert_eq!(later.date(), jiff::civil::date(2027, 1, 1));
        assert_eq!(later.second(), 1);
    }
}
