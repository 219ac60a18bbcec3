//! The dosing line: one batch at a time, its silos one after another in the map's order, then the
//! mixer is emptied. Leaves out registers and the order in which batches come.

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use crate::books::BatchBook;
use crate::fault::{FaultKey, FaultSet};
use crate::layout::SiloOffsets;
use crate::physics::{Dose, STEP_MS, Upset};
use crate::rng::Seeded;

/// Emptying the mixer over the weigher, in milliseconds of plant time.
const DISCHARGE_MS: u32 = 3_000;

/// What a step of the line did to the batch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineStep {
    /// Nothing that a register shows.
    Quiet,
    /// The silo at this place of the map's order now shows this much.
    Dosing {
        /// Place in the map's order.
        place: usize,
        /// What the scale has seen of this dose.
        landed: Grams,
        /// The dose is over; `landed` is its result.
        done: bool,
    },
    /// The batch is over.
    Finished,
}

/// The machinery that doses.
#[derive(Debug)]
pub struct Machine<'a> {
    /// Its silos in the map's order.
    pub silos: &'a [SiloOffsets],
    /// Their rates in grams a second.
    pub feeds: &'a [i64],
    /// What is wrong with it.
    pub faults: &'a mut FaultSet,
    /// The plant's random numbers.
    pub rng: &'a mut Seeded,
}

/// The batch on the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The slot it came from.
    pub slot: SlotNo,
    /// Its place in the books.
    pub book: usize,
    /// The gate is held shut and no new dose begins.
    pub held: bool,
    stopping: bool,
    next: usize,
    dose: Option<Dose>,
    discharge_ms: u32,
}

impl Line {
    /// A line that begins with the batch at this place in the books.
    #[must_use]
    pub fn new(slot: SlotNo, book: usize) -> Line {
        Line {
            slot,
            book,
            held: false,
            stopping: false,
            next: 0,
            dose: None,
            discharge_ms: 0,
        }
    }

    /// Shuts the gate for good; the batch ends when what is in the air has landed.
    pub fn stop(&mut self, silos: &[SiloOffsets], faults: &mut FaultSet) {
        self.stopping = true;
        let upset = silos
            .get(self.next)
            .map_or_else(Upset::default, |silo| faults.upset(silo.silo));
        if let Some(dose) = &mut self.dose {
            dose.shut(upset);
        }
    }

    /// True after [`Line::stop`].
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// One step of [`STEP_MS`].
    pub fn step(&mut self, book: &mut BatchBook, on: &mut Machine<'_>) -> LineStep {
        let may_run = !self.held && !self.stopping;
        if self.dose.is_none() && may_run {
            self.begin_next(book, on);
        }
        let silo = on.silos.get(self.next).map(|silo| silo.silo);
        if let (Some(dose), Some(silo)) = (&mut self.dose, silo) {
            dose.step(may_run, on.faults.upset(silo), on.rng);
            let (place, landed, done) = (self.next, dose.landed(), dose.is_done());
            if let Some(left) = book.left.get_mut(place) {
                left.mass_g = dose.left();
            }
            if let Some(left) = book.truly_left.get_mut(place) {
                left.mass_g = dose.truly_left();
            }
            if dose.is_stuck() {
                on.faults.gate_stuck(silo);
            }
            if done {
                self.dose = None;
                self.next = place.saturating_add(1);
                on.faults.dose_over(silo);
            }
            return LineStep::Dosing {
                place,
                landed,
                done,
            };
        }
        if self.stopping {
            return LineStep::Finished;
        }
        if self.held {
            return LineStep::Quiet;
        }
        self.discharge_ms = self.discharge_ms.saturating_add(STEP_MS);
        if self.discharge_ms >= DISCHARGE_MS {
            LineStep::Finished
        } else {
            LineStep::Quiet
        }
    }

    fn begin_next(&mut self, book: &BatchBook, on: &mut Machine<'_>) {
        while let (Some(planned), Some(feed)) =
            (book.planned.get(self.next), on.feeds.get(self.next))
        {
            if planned.mass_g > Grams::ZERO {
                let drift = on.faults.value(FaultKey::ScaleDrift);
                if drift.is_some() {
                    on.faults.strike(FaultKey::ScaleDrift);
                }
                let drift = drift.unwrap_or(0);
                self.dose = Some(Dose::new(planned.mass_g, *feed, drift, on.rng));
                return;
            }
            self.next = self.next.saturating_add(1);
        }
    }
}
