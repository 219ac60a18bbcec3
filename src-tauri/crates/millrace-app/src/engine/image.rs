//! What the engine last saw, kept in memory for the live snapshot and for the choice of a slot.
//! A restart fills it again from the PLC and the books; nothing here is the only copy of a fact.

use std::collections::{BTreeMap, VecDeque};

use millrace_core::ids::{BatchId, SiloNo, SlotNo};
use millrace_core::units::Grams;
use millrace_store::table::area_step::Area;
use millrace_store::table::batch::BatchRow;

/// What a slot showed when nobody of ours was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SlotSeen {
    /// Empty, and the PLC lets us write.
    Free,
    /// Empty, but the flag says do not write.
    NotReady,
    /// It holds something.
    Holds(String),
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
}

/// Everything last seen.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// Slots without a batch of ours.
    pub(crate) slots: BTreeMap<SlotNo, SlotSeen>,
    /// Batches of ours by id.
    pub(crate) batches: BTreeMap<BatchId, BatchImage>,
    /// Why the content of an area beside the slots is not believed, while it is not.
    pub(crate) area_trouble: BTreeMap<Area, String>,
}

impl Image {
    /// Brings a batch's row up to date, without losing what was seen of it.
    pub(crate) fn refresh_row(&mut self, row: &BatchRow) {
        if row.slot.is_none() {
            self.batches.remove(&row.id);
            return;
        }
        if let Some(slot) = row.slot {
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
            });
    }

    /// Forgets batches that hold no slot any more.
    pub(crate) fn keep_only(&mut self, rows: &[BatchRow]) {
        self.batches
            .retain(|id, _| rows.iter().any(|row| row.id == *id));
    }

    /// The lowest slot that is empty and may be written.
    pub(crate) fn free_slot(&self) -> Option<SlotNo> {
        self.slots
            .iter()
            .find(|(_, seen)| **seen == SlotSeen::Free)
            .map(|(slot, _)| *slot)
    }
}
