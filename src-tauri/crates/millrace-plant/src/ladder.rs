//! The PLC program of the demo mill as a scan over data memory. Written on its own from the
//! register map's addresses and not from the program's codec, so that a mistake in one is not
//! repeated in the other. Leaves out the physics (`line`) and the network (`fins`).
//!
//! What it does, per slot:
//!
//! | who | word | meaning |
//! |---|---|---|
//! | PLC | WRITE flag (D7x76) | 1 from the first scan: the slot may be written |
//! | host | WRITE block, then flag = 0 | a recipe is offered; the flag is the last word written |
//! | PLC | READ block, then flag = 1 | slot number, silo ids and name fit and the READ slot is free: the order's words are echoed with actuals 0, one scan later the flag says *taken* |
//! | PLC | READ quantities | actuals of the batch on the line, in steps of 10 g |
//! | PLC | `status_manufacturing` = 1 | finished; the weight is the sum less 0.1 to 0.3 %, or 0 |
//! | host | READ ack (D6x76) = 1 | the final block is stored |
//! | PLC | READ block = 0, ack = 0 | the slot is free |
//! | host | command | 0 none, 1 pause, 2 resume, 3 stop |
//! | PLC | heartbeat, boot counter | where the map has them: +1 a second, +1 a start |
//! | PLC | command echo | the command that was carried out; back to 0 when the command is 0 |
//!
//! A block that does not pass the check stays offered (flag 0) and is entered as refused. One batch
//! is dosed at a time, in the order of taking; a batch paused before its first dose lets the next
//! one pass. Stop shuts the gate, waits for what is in the air and finishes with the actuals so
//! far; a batch that has not begun finishes with zeros. A command other than 1 to 3, or for a slot
//! without a batch, is not echoed. Freeing a slot clears its command words, and a slot whose
//! command is not 0 takes no recipe, so that a forgotten stop never meets the next batch.

use std::collections::VecDeque;

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use crate::books::{Books, RefusalBook};
use crate::exchange::{check, echo, from_register, to_register};
use crate::layout::{Layout, SlotAddresses};
use crate::line::{Line, LineStep};
use crate::memory::Memory;
use crate::physics::STEP_MS;
use crate::rng::Seeded;

/// From the offer to the echo, in milliseconds of plant time.
const TAKE_MS: u32 = 200;
/// From the acknowledgement to the cleared slot, in milliseconds of plant time.
const FREE_MS: u32 = 300;

/// From one rise of the heartbeat to the next, in milliseconds of plant time.
const BEAT_MS: u32 = 1_000;

/// Where a slot stands inside the PLC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Free,
    Taking { waited_ms: u32 },
    Echoed { book: usize },
    Queued { book: usize, held: bool },
    Dosing { book: usize },
    Finished { book: usize },
    Freeing { book: usize, waited_ms: u32 },
}

/// A command the PLC knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Pause,
    Resume,
    Stop,
}

impl Command {
    fn from_word(word: u16) -> Option<Command> {
        match word {
            1 => Some(Command::Pause),
            2 => Some(Command::Resume),
            3 => Some(Command::Stop),
            _ => None,
        }
    }
}

/// All that one scan works on besides the ladder's own state.
#[derive(Debug)]
pub struct Scan<'a> {
    /// Where the words are.
    pub layout: &'a Layout,
    /// Feed rates in grams a second, in the map's order.
    pub feeds: &'a [i64],
    /// Data memory.
    pub memory: &'a mut Memory,
    /// The plant's books.
    pub books: &'a mut Books,
    /// The plant's random numbers.
    pub rng: &'a mut Seeded,
    /// The plant reports a finished weight.
    pub reports_weight: bool,
}

/// The program's state: kept with the memory, as a PLC keeps it over a power cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    phases: Vec<Phase>,
    refused: Vec<Option<String>>,
    queue: VecDeque<SlotNo>,
    line: Option<Line>,
    /// Time since the heartbeat last rose, in milliseconds.
    beat_ms: u32,
}

impl Ladder {
    /// The program before its first scan: sets every flag to 1, as a started plant shows it, and
    /// counts this start.
    #[must_use]
    pub fn start(layout: &Layout, memory: &mut Memory) -> Ladder {
        for slot in &layout.slots {
            memory.set(slot.flag, 1);
        }
        Ladder::count_start(layout, memory);
        Ladder {
            phases: vec![Phase::Free; layout.slots.len()],
            refused: vec![None; layout.slots.len()],
            queue: VecDeque::new(),
            line: None,
            beat_ms: 0,
        }
    }

    /// The program starts: after a download of it, or after the power came back.
    pub fn count_start(layout: &Layout, memory: &mut Memory) {
        if let Some(at) = layout.boot_counter {
            memory.set(at, memory.get(at).wrapping_add(1));
        }
    }

    /// The heartbeat rises once a second while the program is scanned.
    fn beat(&mut self, layout: &Layout, memory: &mut Memory) {
        let Some(at) = layout.heartbeat else { return };
        self.beat_ms = self.beat_ms.saturating_add(STEP_MS);
        if self.beat_ms >= BEAT_MS {
            self.beat_ms = 0;
            memory.set(at, memory.get(at).wrapping_add(1));
        }
    }

    /// The place in the books of the recipe that this slot holds.
    #[must_use]
    pub fn book_of(&self, place: usize) -> Option<usize> {
        match *self.phases.get(place)? {
            Phase::Free | Phase::Taking { .. } => None,
            Phase::Echoed { book }
            | Phase::Queued { book, .. }
            | Phase::Dosing { book }
            | Phase::Finished { book }
            | Phase::Freeing { book, .. } => Some(book),
        }
    }

    /// One scan of [`STEP_MS`]. True when something happened that must survive a restart.
    pub fn scan(&mut self, on: &mut Scan<'_>) -> bool {
        let mut event = false;
        let layout = on.layout;
        self.beat(layout, on.memory);
        for (place, slot) in layout.slots.iter().enumerate() {
            event |= self.command(place, slot, on);
            event |= self.hand_over(place, slot, on);
        }
        event |= self.start_next(on);
        event |= self.dose(on);
        event
    }

    fn set_phase(&mut self, place: usize, phase: Phase) {
        if let Some(slot) = self.phases.get_mut(place) {
            *slot = phase;
        }
    }

    fn command(&mut self, place: usize, slot: &SlotAddresses, on: &mut Scan<'_>) -> bool {
        let (Some(command_at), Some(echo_at)) = (slot.command, slot.command_echo) else {
            return false;
        };
        let (word, echo) = (on.memory.get(command_at), on.memory.get(echo_at));
        if word == echo {
            return false;
        }
        if word == 0 {
            on.memory.set(echo_at, 0);
            return true;
        }
        let Some(command) = Command::from_word(word) else {
            return false;
        };
        let done = match self.phases.get(place).copied() {
            None | Some(Phase::Free | Phase::Taking { .. } | Phase::Echoed { .. }) => false,
            Some(Phase::Queued { book, .. }) => {
                match command {
                    Command::Pause => self.set_phase(place, Phase::Queued { book, held: true }),
                    Command::Resume => self.set_phase(place, Phase::Queued { book, held: false }),
                    Command::Stop => {
                        self.queue.retain(|queued| *queued != slot.slot);
                        self.finish(place, slot, book, true, on);
                    }
                }
                true
            }
            Some(Phase::Dosing { .. }) => match (&mut self.line, command) {
                (None, _) => false,
                (Some(line), Command::Stop) => {
                    line.stop();
                    true
                }
                // The batch is ending: neither pause nor resume can be carried out any more.
                (Some(line), Command::Pause | Command::Resume) if line.is_stopping() => false,
                (Some(line), Command::Pause) => {
                    line.held = true;
                    true
                }
                (Some(line), Command::Resume) => {
                    line.held = false;
                    true
                }
            },
            // Nothing is dosing any more, which is what every command asks for or allows.
            Some(Phase::Finished { .. } | Phase::Freeing { .. }) => true,
        };
        if done {
            on.memory.set(echo_at, word);
        }
        done
    }

    fn hand_over(&mut self, place: usize, slot: &SlotAddresses, on: &mut Scan<'_>) -> bool {
        let Some(phase) = self.phases.get(place).copied() else {
            return false;
        };
        match phase {
            Phase::Free => self.look_at_offer(place, slot, on),
            Phase::Taking { waited_ms } if waited_ms < TAKE_MS => {
                let waited_ms = waited_ms.saturating_add(STEP_MS);
                self.set_phase(place, Phase::Taking { waited_ms });
                false
            }
            Phase::Taking { .. } => {
                // The host may have changed its mind or the block within the waiting time.
                if on.memory.get(slot.flag) != 0 || check(slot, on).is_err() {
                    self.set_phase(place, Phase::Free);
                    return false;
                }
                let book = echo(slot, on);
                self.set_phase(place, Phase::Echoed { book });
                true
            }
            Phase::Echoed { book } => {
                on.memory.set(slot.flag, 1);
                self.queue.push_back(slot.slot);
                self.set_phase(place, Phase::Queued { book, held: false });
                true
            }
            Phase::Queued { .. } | Phase::Dosing { .. } => false,
            Phase::Finished { book } => {
                if on.memory.get(slot.ack) == 1 {
                    self.set_phase(place, Phase::Freeing { book, waited_ms: 0 });
                }
                false
            }
            Phase::Freeing { book, waited_ms } if waited_ms < FREE_MS => {
                let waited_ms = waited_ms.saturating_add(STEP_MS);
                self.set_phase(place, Phase::Freeing { book, waited_ms });
                false
            }
            Phase::Freeing { book, .. } => {
                if on.layout.clears_after_ack {
                    on.layout.clear_read_slot(slot, on.memory);
                }
                for word in [slot.command, slot.command_echo].into_iter().flatten() {
                    on.memory.set(word, 0);
                }
                if let Some(batch) = on.books.batches.get_mut(book) {
                    batch.freed = true;
                }
                self.set_phase(place, Phase::Free);
                true
            }
        }
    }

    fn look_at_offer(&mut self, place: usize, slot: &SlotAddresses, on: &mut Scan<'_>) -> bool {
        let verdict = if on.memory.get(slot.flag) == 0 && !on.layout.is_empty(slot.write, on.memory)
        {
            Some(check(slot, on))
        } else {
            None
        };
        let why = match verdict {
            Some(Ok(())) => {
                self.set_phase(place, Phase::Taking { waited_ms: 0 });
                None
            }
            Some(Err(why)) => Some(why),
            None => None,
        };
        let Some(before) = self.refused.get_mut(place) else {
            return false;
        };
        if *before == why {
            return false;
        }
        (*before).clone_from(&why);
        if let Some(why) = why {
            on.books.refusals.push(RefusalBook {
                slot: slot.slot,
                why,
                at_ms: on.books.plant_ms,
            });
        }
        true
    }

    fn start_next(&mut self, on: &mut Scan<'_>) -> bool {
        if self.line.is_some() {
            return false;
        }
        let ready = self.queue.iter().enumerate().find_map(|(at, queued)| {
            let place = on.layout.place_of(*queued)?;
            match self.phases.get(place)? {
                Phase::Queued { book, held: false } => Some((at, place, *queued, *book)),
                Phase::Queued { held: true, .. }
                | Phase::Free
                | Phase::Taking { .. }
                | Phase::Echoed { .. }
                | Phase::Dosing { .. }
                | Phase::Finished { .. }
                | Phase::Freeing { .. } => None,
            }
        });
        let Some((at, place, slot, book)) = ready else {
            return false;
        };
        self.queue.remove(at);
        self.set_phase(place, Phase::Dosing { book });
        self.line = Some(Line::new(slot, book));
        if let Some(batch) = on.books.batches.get_mut(book) {
            batch.started_ms = Some(on.books.plant_ms);
        }
        true
    }

    fn dose(&mut self, on: &mut Scan<'_>) -> bool {
        let Some(line) = &mut self.line else {
            return false;
        };
        let Some(batch) = on.books.batches.get_mut(line.book) else {
            return false;
        };
        let layout = on.layout;
        let Some(place) = layout.place_of(line.slot) else {
            return false;
        };
        let slot = &layout.slots[place];
        let stopping = line.is_stopping();
        match line.step(batch, on.feeds, on.rng) {
            LineStep::Quiet => false,
            LineStep::Dosing {
                place: silo,
                landed,
                done,
            } => {
                if let Some(silo) = layout.silos.get(silo) {
                    let address = slot.read.saturating_add(silo.qty_offset);
                    on.memory.set_pair(address, to_register(landed));
                }
                done
            }
            LineStep::Finished => {
                let book = line.book;
                self.line = None;
                self.finish(place, slot, book, stopping, on);
                true
            }
        }
    }

    fn finish(
        &mut self,
        place: usize,
        slot: &SlotAddresses,
        book: usize,
        stopped: bool,
        on: &mut Scan<'_>,
    ) {
        let loss = Grams(on.rng.between(10, 30));
        let sum: Grams = Grams(
            on.layout
                .silos
                .iter()
                .map(|s| {
                    from_register(on.memory.get_pair(slot.read.saturating_add(s.qty_offset))).0
                })
                .sum(),
        );
        let lost = sum.scale(loss, Grams(10_000)).unwrap_or(Grams::ZERO);
        let weight = if on.reports_weight {
            Grams(sum.0 - lost.0).to_plc_step()
        } else {
            Grams::ZERO
        };
        let weight_at = slot.read.saturating_add(on.layout.weight_offset);
        on.memory.set_pair(weight_at, to_register(weight));
        // The status last: whoever sees it finds everything else in place.
        on.memory
            .set(slot.read.saturating_add(on.layout.status_offset), 1);
        if let Some(batch) = on.books.batches.get_mut(book) {
            batch.finished = true;
            batch.stopped = stopped;
            batch.weight_g = weight;
            batch.finished_ms = Some(on.books.plant_ms);
        }
        self.set_phase(place, Phase::Finished { book });
    }
}
