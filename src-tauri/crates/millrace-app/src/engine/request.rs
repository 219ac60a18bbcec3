//! Requests about slots without a batch of ours: an empty slot made ready, the flags of a new PLC
//! set. These and taking a recipe back are the only times that a flag is set to 1 from here.
//! Leaves out asking for it (commands).

use millrace_core::ids::SlotNo;
use millrace_core::journal::JournalKind;
use millrace_core::registers::{Verdict, accept};
use millrace_store::table::slot_request::{SlotRequestKind, SlotRequestRow};

use super::decide::TakeBack;
use super::{CycleError, Engine};
use crate::error::AppError;

impl Engine {
    /// Works on every open request, one step each.
    pub(super) async fn serve_requests(&self) -> Result<(), CycleError> {
        let open = self
            .inner
            .store
            .read(|read| read.slot_requests_open().map_err(AppError::from))
            .await?;
        for request in open {
            match request.kind {
                SlotRequestKind::MakeReady => self.make_ready(&request).await?,
                SlotRequestKind::SetFlags => self.set_flags(&request).await?,
            }
        }
        Ok(())
    }

    async fn make_ready(&self, request: &SlotRequestRow) -> Result<(), CycleError> {
        let Some(slot) = request.slot.filter(|slot| self.map.has_slot(*slot)) else {
            return self.close(request, "the map has no such slot").await;
        };
        let is_ours = self
            .inner
            .image()
            .batches
            .values()
            .any(|batch| batch.row.slot == Some(slot));
        if is_ours {
            return self
                .close(request, "a batch was started in it meanwhile")
                .await;
        }
        let words = self
            .plc
            .read(self.map.read_base(slot), self.map.block_words())
            .await?;
        if accept(&self.map, slot, &words, None) != Verdict::Empty {
            return self.close(request, "the PLC shows an order in it").await;
        }
        match self.take_back(slot).await? {
            TakeBack::Waits => Ok(()),
            TakeBack::Done => self.close(request, "done").await,
        }
    }

    /// Asked for while no flag was set and no slot named an order. A request that was cut short goes
    /// on: what matters is that no slot names an order.
    async fn set_flags(&self, request: &SlotRequestRow) -> Result<(), CycleError> {
        let name = self.map.fields().order_name;
        for slot in self.map.slots() {
            for base in [self.map.read_base(slot), self.map.write_base(slot)] {
                let words = self.plc.read(base + name.offset, name.words).await?;
                if words.iter().any(|word| *word != 0) {
                    return self.close(request, "a slot names an order").await;
                }
            }
        }
        let mut is_done = true;
        for slot in self.map.slots() {
            let flag = self.map.ready_addr(slot);
            if self.plc.read(flag, 1).await? != [1] {
                is_done = false;
                self.write(flag, &[1]).await?;
            }
        }
        // Done is what was read back, not what was written.
        if is_done {
            self.close(request, "done").await?;
        }
        Ok(())
    }

    async fn close(
        &self,
        request: &SlotRequestRow,
        outcome: &'static str,
    ) -> Result<(), CycleError> {
        let (id, at_ms) = (request.id, self.inner.clock.now_ms());
        let kind = match (request.kind, outcome) {
            (SlotRequestKind::SetFlags, "done") => JournalKind::FlagsSet,
            (SlotRequestKind::SetFlags | SlotRequestKind::MakeReady, _) => JournalKind::SlotSettled,
        };
        let slot = request.slot;
        let params = [
            (
                "slot",
                slot.map(|s: SlotNo| s.to_string()).unwrap_or_default(),
            ),
            ("decision", request.kind.word().to_owned()),
            ("person", request.person.clone()),
            ("reason", outcome.to_owned()),
        ];
        self.inner
            .commit(move |tx| {
                tx.slot_request_done(id, at_ms, outcome)?;
                tx.journal_add(at_ms, None, kind, &params)?;
                Ok::<_, AppError>(())
            })
            .await?;
        // What was seen of the slots is old now.
        self.inner.image().slots.clear();
        Ok(())
    }
}
