//! Looks at slots that hold no batch of ours: all of them at start, then one after the other.

use millrace_core::ids::SlotNo;
use millrace_core::registers::{Reason, RegisterMap, SlotFreeWhen, Verdict, accept, content_hash};

use super::{CycleError, Engine, SlotLook};
use crate::commands::plc::SlotShows;
use crate::error::AppError;

/// Whose turn it is.
#[derive(Debug)]
pub(crate) struct Turn {
    all: Vec<SlotNo>,
    next: usize,
    last_mono_ms: Option<i64>,
}

impl Turn {
    pub(crate) fn new(map: &RegisterMap) -> Turn {
        Turn {
            all: map.slots().collect(),
            next: 0,
            last_mono_ms: None,
        }
    }
}

impl Engine {
    /// Looks at every slot that was never seen, and else at one idle slot when its time has come.
    pub(super) async fn look_at_idle_slots(&mut self) -> Result<(), CycleError> {
        let (used, unseen): (Vec<SlotNo>, Vec<SlotNo>) = {
            let image = self.inner.image();
            let used: Vec<SlotNo> = image.batches.values().filter_map(|b| b.row.slot).collect();
            let unseen = self
                .turn
                .all
                .iter()
                .copied()
                .filter(|slot| !used.contains(slot) && !image.slots.contains_key(slot))
                .collect();
            (used, unseen)
        };
        for slot in &unseen {
            self.look_at(*slot).await?;
        }
        let mono = self.inner.clock.mono_ms();
        let period = self.inner.poll_idle_ms();
        let is_due = self
            .turn
            .last_mono_ms
            .is_none_or(|last| mono - last >= period);
        if unseen.is_empty() && is_due {
            self.turn.last_mono_ms = Some(mono);
            for _ in 0..self.turn.all.len() {
                let Some(slot) = self
                    .turn
                    .all
                    .get(self.turn.next % self.turn.all.len().max(1))
                    .copied()
                else {
                    break;
                };
                self.turn.next = (self.turn.next + 1) % self.turn.all.len().max(1);
                if !used.contains(&slot) {
                    self.look_at(slot).await?;
                    break;
                }
            }
        }
        Ok(())
    }

    async fn look_at(&self, slot: SlotNo) -> Result<(), CycleError> {
        let read = self.read_slot(self.map.read_base(slot)).await?;
        let written = self.read_slot(self.map.write_base(slot)).await?;
        let guard = self.plc.read(self.map.guard_addr(slot), 1).await?;
        let flag = truth(guard.first());
        let block = self.block(&read);
        let (shows, order_name, refusal) = match accept(&self.map, slot, block, None) {
            Verdict::Empty if flag == Some(true) => (SlotShows::Free, String::new(), None),
            Verdict::Empty => (SlotShows::NotReady, String::new(), None),
            Verdict::Accepted(found) => {
                let hash = content_hash(&self.map, block);
                let is_known = self
                    .inner
                    .store
                    .read(move |read| read.batch_final_known(&hash).map_err(AppError::from))
                    .await?;
                let next_takes = self.map.rules().slot_free_when == SlotFreeWhen::TakenByNext;
                let shows = match (is_known, found.finished) {
                    // The old values stay until the next order replaces them.
                    (true, _) if next_takes && found.flag && flag == Some(true) => SlotShows::Free,
                    (true, _) => SlotShows::FinalStored,
                    (false, _) => SlotShows::Other,
                };
                (shows, found.order_name, None)
            }
            Verdict::Refused(reasons) => {
                (SlotShows::Refused, String::new(), Some(sentence(&reasons)))
            }
        };
        let order = usize::from(self.map.flag_offset());
        let seen = SlotLook {
            shows,
            order_name,
            flag,
            ack: block.get(order) == Some(&1),
            download_id: self.download_id_in(slot, &read),
            is_write_empty: written.iter().take(order).all(|word| *word == 0),
            refusal,
            at_mono_ms: self.inner.clock.mono_ms(),
        };
        let mut image = self.inner.image();
        let before = image.slots.insert(slot, seen);
        let now = image.slots.get(&slot).map(|seen| seen.shows);
        if before.map(|seen| seen.shows) != now {
            tracing::info!(%slot, shows = ?now, "slot");
        }
        Ok(())
    }

    /// All words of a slot that have a meaning, in one frame: the block and what stands behind it.
    pub(super) async fn read_slot(&self, base: u16) -> Result<Vec<u16>, CycleError> {
        Ok(self.plc.read(base, self.map.slot_words()).await?)
    }

    /// The block within the words of a slot.
    pub(super) fn block<'a>(&self, words: &'a [u16]) -> &'a [u16] {
        words
            .get(..usize::from(self.map.block_words()))
            .unwrap_or(words)
    }

    /// The download number within the words of a slot's read area, where the map has one.
    pub(super) fn download_id_in(&self, slot: SlotNo, words: &[u16]) -> Option<u16> {
        let (_, addr) = self.map.download_id_addr(slot)?;
        words
            .get(usize::from(addr - self.map.read_base(slot)))
            .copied()
    }

    /// Keeps what a look at the slot of a batch showed, for the screen.
    pub(super) fn keep_look(&self, slot: SlotNo, look: SlotLook) {
        self.inner.image().slots.insert(slot, look);
    }
}

/// A truth value, or `None` for a word that is none.
pub(super) fn truth(word: Option<&u16>) -> Option<bool> {
    match word {
        Some(0) => Some(false),
        Some(1) => Some(true),
        Some(_) | None => None,
    }
}

/// Reasons as one sentence.
pub(super) fn sentence(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
