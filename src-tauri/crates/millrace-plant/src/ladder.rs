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
//! Where one flag guards all slots, the program looks at every slot whose recipe has a slot number, sets
//! the flag to 1 when it has taken them all, and takes a recipe's slot number away when its batch is
//! finished, so that no recipe is taken twice.
//!
//! A block that does not pass the check stays offered (flag 0) and is entered as refused. One batch
//! is dosed at a time, in the order of taking; a batch paused before its first dose lets the next
//! one pass. Stop shuts the gate, waits for what is in the air and finishes with the actuals so
//! far; a batch that has not begun finishes with zeros. A command other than 1 to 3, or for a slot
//! without a batch, is not echoed. Freeing a slot clears its command words, and a slot whose
//! command is not 0 takes no recipe, so that a forgotten stop never meets the next batch.

mod command;
mod finish;
mod hand_over;

use std::collections::VecDeque;

use millrace_core::ids::SlotNo;
use serde::{Deserialize, Serialize};

use crate::books::Books;
use crate::exchange::to_register;
use crate::fault::FaultSet;
use crate::layout::Layout;
use crate::line::{Line, LineStep, Machine};
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
    /// What is wrong with program and machinery.
    pub faults: &'a mut FaultSet,
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

    /// The place in the books of the batch on the line.
    #[must_use]
    pub fn dosing(&self) -> Option<usize> {
        self.line.as_ref().map(|line| line.book)
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
        let mut machine = Machine {
            silos: &layout.silos,
            feeds: on.feeds,
            faults: on.faults,
            rng: on.rng,
        };
        match line.step(batch, &mut machine) {
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
}
