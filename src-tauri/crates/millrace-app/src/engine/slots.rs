//! Looks at slots that hold no batch of ours: all of them at start, then one after the other.

use millrace_core::ids::SlotNo;
use millrace_core::registers::{RegisterMap, Verdict, accept};

use super::{CycleError, Engine, SlotSeen};

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
        let words = self
            .plc
            .read(self.map.read_base(slot), self.map.block_words())
            .await?;
        let flag = self.plc.read(self.map.guard_addr(slot), 1).await?;
        let seen = match accept(&self.map, slot, &words, None) {
            Verdict::Empty if flag == [1] => SlotSeen::Free,
            Verdict::Empty => SlotSeen::NotReady,
            Verdict::Accepted(block) => SlotSeen::Holds(block.order_name),
            Verdict::Refused(reasons) => SlotSeen::Holds(
                reasons
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
        };
        let mut image = self.inner.image();
        if image.slots.get(&slot) != Some(&seen) {
            tracing::info!(%slot, ?seen, "slot");
            image.slots.insert(slot, seen);
        }
        Ok(())
    }
}
