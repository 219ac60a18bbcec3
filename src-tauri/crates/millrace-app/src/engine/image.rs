//! What the engine last saw, kept in memory for the live snapshot and for the choice of a slot.
//! A restart fills it again from the PLC and the books; nothing here is the only copy of a fact.

use std::collections::{BTreeMap, VecDeque};

use millrace_core::batch::run::Run;
use millrace_core::ids::{BatchId, SiloNo, SlotNo};
use millrace_core::registers::truth::ProgramWords;
use millrace_core::units::Grams;
use millrace_store::table::area_step::Area;
use millrace_store::table::batch::BatchRow;

use crate::commands::plc::SlotShows;

/// What was last seen of a slot, with a batch of ours in it or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotLook {
    /// What it showed.
    pub(crate) shows: SlotShows,
    /// The order's name as the PLC has it.
    pub(crate) order_name: String,
    /// The flag that guards it; `None` when the word is no truth value.
    pub(crate) flag: Option<bool>,
    /// Its acknowledgement.
    pub(crate) ack: bool,
    /// The download number in the read area, where the map has one.
    pub(crate) download_id: Option<u16>,
    /// The write block is all zero but for its flag.
    pub(crate) is_write_empty: bool,
    /// Why its block is refused.
    pub(crate) refusal: Option<String>,
    /// When (monotonic).
    pub(crate) at_mono_ms: i64,
}

/// What was last seen of the PLC's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProgramImage {
    /// The words.
    pub(crate) words: ProgramWords,
    /// When they were read (monotonic).
    pub(crate) read_mono_ms: i64,
    /// When the heartbeat last rose (monotonic).
    pub(crate) beat_mono_ms: i64,
    /// When a restart was last noticed (wall clock).
    pub(crate) restarted_at_ms: Option<i64>,
    /// It has stood still for too long.
    pub(crate) is_standing_still: bool,
}

/// A dose that has not risen for this long, at plant speed, is not dosing.
pub(crate) const QUIET_MS: i64 = 3_000;
/// How long a rate is averaged over.
const RATE_WINDOW_MS: i64 = 4_000;

/// One silo's dose as it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineImage {
    /// Last accepted actual.
    pub(crate) actual: Option<Grams>,
    /// When it last rose (monotonic).
    pub(crate) rose_mono_ms: Option<i64>,
    /// Started and finished are journalled once each.
    pub(crate) is_started: bool,
    /// See `is_started`.
    pub(crate) is_finished: bool,
    window: VecDeque<(i64, i64)>,
}

impl LineImage {
    /// Takes an accepted value.
    pub(crate) fn take(&mut self, actual: Grams, mono_ms: i64) {
        if self.actual.is_some_and(|before| actual > before)
            || (self.actual.is_none() && actual.0 > 0)
        {
            self.rose_mono_ms = Some(mono_ms);
        }
        self.actual = Some(actual);
        self.window.push_back((mono_ms, actual.0));
        while self.window.len() > 2
            && self
                .window
                .front()
                .is_some_and(|(t, _)| mono_ms - t > RATE_WINDOW_MS)
        {
            self.window.pop_front();
        }
    }

    /// Whether it rose within the last `quiet_ms`.
    pub(crate) fn is_rising(&self, mono_ms: i64, quiet_ms: i64) -> bool {
        self.rose_mono_ms
            .is_some_and(|rose| mono_ms - rose < quiet_ms)
    }

    /// Grams a second over the last seconds.
    pub(crate) fn rate_g_s(&self) -> Option<i64> {
        let ((t0, g0), (t1, g1)) = (self.window.front()?, self.window.back()?);
        let span = t1 - t0;
        (span > 0).then(|| (g1 - g0) * 1000 / span)
    }
}

/// A batch that holds a slot.
#[derive(Debug, Clone)]
pub(crate) struct BatchImage {
    /// Its row, as last read or saved.
    pub(crate) row: BatchRow,
    /// Its doses.
    pub(crate) lines: BTreeMap<SiloNo, LineImage>,
    /// When the last block was accepted (monotonic).
    pub(crate) accepted_mono_ms: Option<i64>,
    /// How long material has been falling, pauses left out; `None` when the beginning was not seen
    /// (after a restart): then nobody can say where the plan would be now.
    pub(crate) ran_ms: Option<i64>,
    /// When the last sample was stored (monotonic).
    pub(crate) sampled_mono_ms: Option<i64>,
    /// Words of the last final block, to be read twice equal.
    pub(crate) final_words: Option<Vec<u16>>,
    /// Actuals of the books were loaded after a restart.
    pub(crate) is_loaded: bool,
    /// Since when its download waits for the PLC (monotonic).
    pub(crate) waiting_mono_ms: Option<i64>,
    /// When material last fell, or the waiting for it began (monotonic).
    pub(crate) moved_mono_ms: Option<i64>,
    /// It was told that nothing falls.
    pub(crate) is_stalled: bool,
    /// The PLC started anew, and its slot was not looked at since.
    pub(crate) is_after_restart: bool,
}

/// Everything last seen.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// Slots.
    pub(crate) slots: BTreeMap<SlotNo, SlotLook>,
    /// Batches of ours by id.
    pub(crate) batches: BTreeMap<BatchId, BatchImage>,
    /// The PLC's program, where the map has words for it.
    pub(crate) program: Option<ProgramImage>,
    /// Since when an offer that is being taken back reads empty (monotonic).
    pub(crate) emptied: BTreeMap<SlotNo, i64>,
    /// Why the content of an area beside the slots is not believed, while it is not.
    pub(crate) area_trouble: BTreeMap<Area, String>,
}

impl Image {
    /// Brings a batch's row up to date, without losing what was seen of it.
    pub(crate) fn refresh_row(&mut self, row: &BatchRow) {
        let Some(slot) = row.slot else {
            // What the slot shows now is looked at afresh.
            if let Some(slot) = self.batches.remove(&row.id).and_then(|b| b.row.slot) {
                self.slots.remove(&slot);
            }
            return;
        };
        if !self.batches.contains_key(&row.id) {
            self.slots.remove(&slot);
        }
        self.batches
            .entry(row.id)
            .and_modify(|image| image.row = row.clone())
            .or_insert_with(|| BatchImage {
                row: row.clone(),
                lines: row
                    .recipe
                    .silo_lines
                    .iter()
                    .map(|line| (line.silo, LineImage::default()))
                    .collect(),
                accepted_mono_ms: None,
                ran_ms: None,
                sampled_mono_ms: None,
                final_words: None,
                is_loaded: false,
                waiting_mono_ms: None,
                moved_mono_ms: None,
                is_stalled: false,
                is_after_restart: false,
            });
    }

    /// Forgets batches that hold no slot any more.
    pub(crate) fn keep_only(&mut self, rows: &[BatchRow]) {
        let gone: Vec<BatchId> = self
            .batches
            .keys()
            .copied()
            .filter(|id| !rows.iter().any(|row| row.id == *id))
            .collect();
        for id in gone {
            if let Some(slot) = self.batches.remove(&id).and_then(|batch| batch.row.slot) {
                self.slots.remove(&slot);
            }
        }
    }

    /// The lowest slot that is empty and may be written.
    pub(crate) fn free_slot(&self) -> Option<SlotNo> {
        self.slots
            .iter()
            .find(|(slot, seen)| seen.shows == SlotShows::Free && self.batch_in(**slot).is_none())
            .map(|(slot, _)| *slot)
    }

    /// The batch of ours that holds a slot.
    pub(crate) fn batch_in(&self, slot: SlotNo) -> Option<&BatchImage> {
        self.batches
            .values()
            .find(|batch| batch.row.slot == Some(slot))
    }

    /// True while another batch is on the line than this one.
    pub(crate) fn is_line_taken(&self, id: BatchId) -> bool {
        self.batches.iter().any(|(other, batch)| {
            *other != id && matches!(batch.row.run, Run::Running | Run::Paused | Run::Held)
        })
    }

    /// Slots that a person has to decide about.
    pub(crate) fn doubts(&self) -> usize {
        self.batches
            .values()
            .filter(|batch| batch.row.doubt.is_some())
            .count()
    }

    /// True when the PLC answers and its program does not run.
    pub(crate) fn is_standing_still(&self) -> bool {
        self.program
            .as_ref()
            .is_some_and(|program| program.is_standing_still)
    }

    /// No flag is set and no slot holds anything: the PLC's program was never started.
    pub(crate) fn never_started(&self, slots: usize) -> bool {
        self.slots.len() == slots
            && self.slots.values().all(|seen| {
                seen.flag == Some(false)
                    && seen.order_name.is_empty()
                    && seen.shows == SlotShows::NotReady
                    && seen.is_write_empty
            })
    }
}
