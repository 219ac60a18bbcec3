//! Carrying out what a person decided about a doubt. Each step looks first and acts on what it sees,
//! so that a crash in the middle goes on from what the PLC shows. Leaves out which decisions there
//! are (`millrace_core::registers::truth`) and taking them (commands).

use millrace_core::batch::run::RunEvent;
use millrace_core::ids::SlotNo;
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::{DownloadObs, DownloadStep, Echo, FinishStep};
use millrace_core::registers::truth::Decision;
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, Progress};
use crate::error::AppError;

/// After an offered block is emptied the PLC is given this long, at plant speed, to show that it
/// had begun to take it.
const TAKE_BACK_MS: i64 = 2_000;

/// How far taking an offer back has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakeBack {
    /// Look again.
    Waits,
    /// The block is empty and the flag is back at 1.
    Done,
}

impl Engine {
    /// A decision about a download, before the table is asked. `None` = there is none to carry out
    /// here.
    pub(super) async fn decide_download(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        obs: &DownloadObs,
    ) -> Result<Option<Progress>, CycleError> {
        let guard = obs.guard(self.map.rules());
        match row.decision() {
            Some(Decision::Withdraw) => self.withdraw(row, slot, obs).await.map(Some),
            Some(Decision::Adopt) => match (obs.echo, guard, obs.write_matches) {
                (Echo::Ours, true, true) => {
                    self.settle(row, Decision::Adopt).await?;
                    self.commit_download(row, DownloadStep::Taken).await?;
                    Ok(Some(Progress::Again))
                }
                (Echo::Ours | Echo::None | Echo::Stored, false, true) => {
                    self.settle(row, Decision::Adopt).await?;
                    self.commit_download(row, DownloadStep::Offered).await?;
                    Ok(Some(Progress::Again))
                }
                (Echo::Ours | Echo::None | Echo::Stored | Echo::Other, _, _) => {
                    let why = "the words in the write area are not this recipe";
                    self.void(row, why).await.map(Some)
                }
            },
            Some(Decision::GoOn) => match (obs.echo, guard) {
                (Echo::None | Echo::Stored, true) => {
                    self.settle(row, Decision::GoOn).await?;
                    let mut changed = row.clone();
                    changed.download_step = Some(DownloadStep::Prepared);
                    *row = self
                        .save(changed, "engine_write_again", |_, _| Ok(()))
                        .await?;
                    Ok(Some(Progress::Again))
                }
                (Echo::None | Echo::Stored | Echo::Ours | Echo::Other, _) => {
                    let why = "the PLC may be reading the words: they are not written over";
                    self.void(row, why).await.map(Some)
                }
            },
            Some(
                Decision::CloseWithLast
                | Decision::StoreResult
                | Decision::LetGo
                | Decision::MakeReady,
            )
            | None => Ok(None),
        }
    }

    /// Takes the recipe out of the slot. The PLC looks at the block only while the flag is 0; an
    /// offer is therefore emptied first, and the flag is set only when the PLC has had the time to
    /// show an order that it had begun to take.
    async fn withdraw(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        obs: &DownloadObs,
    ) -> Result<Progress, CycleError> {
        if obs.echo == Echo::Ours {
            return self.void(row, "the PLC has taken the order").await;
        }
        if !obs.guard(self.map.rules()) && self.take_back(slot).await? == TakeBack::Waits {
            return Ok(Progress::Wait);
        }
        self.give_up(row, slot).await
    }

    /// The batch leaves its slot, approved as before.
    pub(super) async fn give_up(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
    ) -> Result<Progress, CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        changed.run = changed.run.step(RunEvent::GiveUp).map_err(AppError::from)?;
        changed.slot = None;
        changed.download_step = None;
        changed.download_id = None;
        changed.held_from = None;
        changed.clear_doubt();
        let params = [("slot", slot.to_string())];
        *row = self
            .save(changed, "engine_withdraw", move |tx, row| {
                tx.journal_add(at_ms, Some(row.id), JournalKind::DownloadWithdrawn, &params)?;
                Ok(())
            })
            .await?;
        Ok(Progress::Again)
    }

    /// One step of emptying an offered block and setting its flag back to 1.
    pub(super) async fn take_back(&self, slot: SlotNo) -> Result<TakeBack, CycleError> {
        let base = self.map.write_base(slot);
        let words = self.plc.read(base, self.map.block_words()).await?;
        let order = usize::from(self.map.flag_offset());
        if words.iter().take(order).any(|word| *word != 0) {
            self.inner.image().emptied.remove(&slot);
            self.write(base, &vec![0; order]).await?;
            return Ok(TakeBack::Waits);
        }
        let mono = self.inner.clock.mono_ms();
        let since = *self.inner.image().emptied.entry(slot).or_insert(mono);
        if mono - since < self.inner.scaled(TAKE_BACK_MS) {
            return Ok(TakeBack::Waits);
        }
        let guard = self.map.guard_addr(slot);
        if self.plc.read(guard, 1).await? != [1] {
            self.write(guard, &[1]).await?;
            return Ok(TakeBack::Waits);
        }
        self.inner.image().emptied.remove(&slot);
        Ok(TakeBack::Done)
    }

    /// The result is stored; whatever the slot shows now is the plant's.
    pub(super) async fn let_go(&self, row: &mut BatchRow) -> Result<Progress, CycleError> {
        self.settle(row, Decision::LetGo).await?;
        self.commit_finish(row, FinishStep::Freed).await?;
        Ok(Progress::Again)
    }

    /// The doubt is resolved by this decision: hold, mark and request go, and the journal says so.
    pub(super) async fn settle(
        &self,
        row: &mut BatchRow,
        decision: Decision,
    ) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        changed.unhold(at_ms).map_err(AppError::from)?;
        changed.clear_doubt();
        *row = self
            .save(changed, "engine_settle", move |tx, row| {
                let slot = row.slot.map(|s| s.to_string()).unwrap_or_default();
                let params = [("slot", slot), ("decision", decision.word().to_owned())];
                tx.journal_add(at_ms, Some(row.id), JournalKind::SlotSettled, &params)?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// What was decided cannot be done: the doubt stays, and the journal says why.
    pub(super) async fn void(
        &self,
        row: &mut BatchRow,
        why: &'static str,
    ) -> Result<Progress, CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        changed.pending = None;
        *row = self
            .save(changed, "engine_void", move |tx, row| {
                let slot = row.slot.map(|s| s.to_string()).unwrap_or_default();
                let params = [("slot", slot), ("reason", why.to_owned())];
                tx.journal_add(at_ms, Some(row.id), JournalKind::SlotSettled, &params)?;
                Ok(())
            })
            .await?;
        Ok(Progress::Again)
    }
}
