//! A recipe's way into its slot: look, ask the table, commit, act. A write without an answer is
//! unknown; the next look decides. Leaves out the table itself (`millrace_core::registers`).

use millrace_core::batch::run::RunEvent;
use millrace_core::ids::SlotNo;
use millrace_core::journal::JournalKind;
use millrace_core::recipe::ControlRecipe;
use millrace_core::registers::handshake::{
    self, DownloadAction, DownloadObs, DownloadStep, DownloadTrouble, DownloadWait, Echo,
    FinishStep,
};
use millrace_core::registers::{
    EncodeError, RegisterMap, SlotOrder, Verdict, accept, content_hash as block_content_hash,
    encode, plc_text,
};
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, Progress};
use crate::error::AppError;

/// A PLC that has not moved for this long is told to a person; the download goes on by itself as
/// soon as it does.
const WAIT_MAX_MS: i64 = 60_000;

/// The words of a recipe for a slot.
///
/// # Errors
/// [`EncodeError`] names the field that the PLC cannot carry.
pub(crate) fn encode_recipe(
    map: &RegisterMap,
    slot: SlotNo,
    recipe: &ControlRecipe,
) -> Result<Vec<u16>, EncodeError> {
    encode(
        map,
        &SlotOrder {
            slot,
            order_name: recipe.order_name.clone(),
            bom_text: plc_text(&recipe.product_name, map),
            product_text: plc_text(&recipe.product_name, map),
            planned: recipe.silo_total(),
            silos: recipe
                .silo_lines
                .iter()
                .map(|line| (line.silo, line.planned_g))
                .collect(),
        },
    )
}

fn trouble_text(trouble: DownloadTrouble, slot: SlotNo) -> String {
    match trouble {
        DownloadTrouble::SlotHoldsOther => format!("slot {slot} holds another order"),
        DownloadTrouble::AlreadyInPlc => {
            format!("slot {slot} already shows this order although it was never offered")
        }
        DownloadTrouble::OfferedByOther => {
            format!("the flag of slot {slot} was cleared, and not by Millrace")
        }
        DownloadTrouble::ReadBackDiffers => {
            format!("the words in slot {slot} are not the ones that were written")
        }
    }
}

fn wait_text(wait: DownloadWait, slot: SlotNo) -> String {
    match wait {
        DownloadWait::PlcReady => format!("the PLC does not let slot {slot} be written"),
        DownloadWait::SlotFreed => format!("the PLC has not cleared slot {slot}"),
        DownloadWait::PlcTakes => format!("the PLC has not taken the order from slot {slot}"),
        DownloadWait::Echo => {
            format!("the PLC has not taken the order from slot {slot}, although its flag is back")
        }
    }
}

impl Engine {
    /// Whether a download has waited for the PLC for longer than a person should stay untold.
    fn waits_too_long(&self, row: &BatchRow, waits: bool) -> bool {
        let mono = self.inner.clock.mono_ms();
        let mut image = self.inner.image();
        let Some(batch) = image.batches.get_mut(&row.id) else {
            return false;
        };
        let since = waits.then(|| *batch.waiting_mono_ms.get_or_insert(mono));
        batch.waiting_mono_ms = since;
        since.is_some_and(|since| mono - since >= WAIT_MAX_MS)
    }

    pub(super) async fn download(&mut self, row: &mut BatchRow) -> Result<Progress, CycleError> {
        let (Some(slot), Some(step)) = (row.slot, row.download_step) else {
            return self.hold(row, "the batch has lost its slot".into()).await;
        };
        let image = match encode_recipe(&self.map, slot, &row.recipe) {
            Ok(words) => words,
            Err(error) => {
                return self
                    .hold(row, format!("the recipe cannot be written: {error}"))
                    .await;
            }
        };
        if step == DownloadStep::Prepared && self.clear_command(slot).await? {
            return Ok(Progress::Again);
        }
        let Some(obs) = self.observe_download(row, slot, &image).await? else {
            return self
                .hold(row, format!("the flag of slot {slot} is neither 0 nor 1"))
                .await;
        };
        let action = handshake::download(step, &obs, self.map.rules());
        let doubt = match action {
            DownloadAction::NeedsPerson(trouble) => Some(trouble_text(trouble, slot)),
            DownloadAction::Wait(wait) => self
                .waits_too_long(row, true)
                .then(|| wait_text(wait, slot)),
            DownloadAction::WriteBlock
            | DownloadAction::WriteFlag
            | DownloadAction::Commit(_)
            | DownloadAction::Done => {
                self.waits_too_long(row, false);
                None
            }
        };
        if let Some(why) = doubt {
            // Given up only while the PLC neither has the order nor may take it at any moment.
            let is_guarded = obs.guard(self.map.rules());
            if is_guarded && obs.echo != Echo::Ours && self.is_given_up(row, &why).await? {
                return self.close_lost(row, why).await;
            }
            return self.hold(row, why).await;
        }
        self.heal(row).await?;
        match action {
            DownloadAction::WriteBlock => {
                let block = image
                    .get(..usize::from(self.map.flag_offset()))
                    .unwrap_or(&image);
                if !self.write(self.map.write_base(slot), block).await? {
                    return Ok(Progress::Wait);
                }
                self.commit_download(row, DownloadStep::Written).await?;
                Ok(Progress::Again)
            }
            DownloadAction::WriteFlag => Ok(Progress::after(
                self.write(self.map.guard_addr(slot), &[0]).await?,
            )),
            DownloadAction::Commit(next) => {
                self.commit_download(row, next).await?;
                Ok(Progress::Again)
            }
            DownloadAction::Wait(_) | DownloadAction::Done | DownloadAction::NeedsPerson(_) => {
                Ok(Progress::Wait)
            }
        }
    }

    /// One look at a slot during a download; `None` when the flag is not a truth value.
    async fn observe_download(
        &self,
        row: &BatchRow,
        slot: SlotNo,
        image: &[u16],
    ) -> Result<Option<DownloadObs>, CycleError> {
        let written = self
            .plc
            .read(self.map.write_base(slot), self.map.block_words())
            .await?;
        let read = self
            .plc
            .read(self.map.read_base(slot), self.map.block_words())
            .await?;
        let flag_at = usize::from(self.map.flag_offset());
        let truth = |word: Option<&u16>| match word {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => None,
        };
        let Some(flag) = truth(written.get(flag_at)) else {
            return Ok(None);
        };
        let head = self.plc.read(self.map.guard_addr(slot), 1).await?;
        let Some(head_flag) = truth(head.first()) else {
            return Ok(None);
        };
        let echo = match accept(&self.map, slot, &read, None) {
            Verdict::Empty => Echo::None,
            Verdict::Accepted(block) => {
                let hash = block_content_hash(&self.map, &read);
                let is_known = self
                    .inner
                    .store
                    .read(move |r| r.batch_final_known(&hash).map_err(AppError::from))
                    .await?;
                if is_known {
                    Echo::Stored
                } else if block.order_name == row.recipe.order_name {
                    Echo::Ours
                } else {
                    Echo::Other
                }
            }
            Verdict::Refused(_) => Echo::Other,
        };
        Ok(Some(DownloadObs {
            flag,
            head_flag,
            write_matches: written.get(..flag_at) == image.get(..flag_at),
            echo,
        }))
    }

    async fn commit_download(
        &self,
        row: &mut BatchRow,
        step: DownloadStep,
    ) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        changed.download_step = Some(step);
        if step == DownloadStep::Taken {
            changed.run = changed.run.step(RunEvent::Taken).map_err(AppError::from)?;
            changed.run_since_ms = Some(at_ms);
            changed.finish_step = Some(FinishStep::Running);
        }
        // A PLC that is faster than our read-back has taken what it must have been offered.
        let was_offered_unseen =
            step == DownloadStep::Taken && row.download_step == Some(DownloadStep::Verified);
        let kind = match step {
            DownloadStep::Prepared => JournalKind::DownloadPrepared,
            DownloadStep::Written => JournalKind::DownloadWritten,
            DownloadStep::Verified => JournalKind::DownloadVerified,
            DownloadStep::Offered => JournalKind::DownloadOffered,
            DownloadStep::Taken => JournalKind::DownloadTaken,
        };
        *row = self
            .save(changed, "engine_download", move |tx, row| {
                let slot = row.slot.map(|s| s.to_string()).unwrap_or_default();
                if was_offered_unseen {
                    tx.download_step_add(row.id, DownloadStep::Offered, at_ms)?;
                    let params = [("slot", slot.clone())];
                    tx.journal_add(at_ms, Some(row.id), JournalKind::DownloadOffered, &params)?;
                }
                tx.download_step_add(row.id, step, at_ms)?;
                tx.journal_add(at_ms, Some(row.id), kind, &[("slot", slot)])?;
                Ok(())
            })
            .await?;
        Ok(())
    }
}
