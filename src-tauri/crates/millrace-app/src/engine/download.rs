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
use millrace_core::registers::truth::{Decision, Doubt};
use millrace_core::registers::{
    EncodeError, RegisterMap, SlotOrder, Verdict, accept, content_hash as block_content_hash,
    encode, plc_order_name, plc_text,
};
use millrace_store::table::batch::BatchRow;

use super::decide::TakeBack;
use super::slots::{sentence, truth};
use super::{CycleError, Engine, Progress, SlotLook};
use crate::commands::plc::SlotShows;
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
            order_name: plc_order_name(&recipe.order_name, map),
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
            format!(
                "the words in slot {slot} are not the ones that were written; a PLC that lost its memory \
                 may have dosed them before"
            )
        }
    }
}

fn wait_text(wait: DownloadWait, slot: SlotNo) -> String {
    match wait {
        DownloadWait::PlcReady => format!("the PLC does not let slot {slot} be written"),
        DownloadWait::SlotFreed => format!("the PLC has not cleared slot {slot}"),
        DownloadWait::PlcTakes => format!("the PLC has not taken the order from slot {slot}"),
        DownloadWait::Echo => {
            format!(
                "slot {slot} does not show the order although its flag is back: the PLC may have dosed \
                 it and lost it, look at the line"
            )
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
            return self
                .hold(
                    row,
                    Doubt::SlotEmptied,
                    "the batch has lost its slot".into(),
                )
                .await;
        };
        let image = match encode_recipe(&self.map, slot, &row.recipe) {
            Ok(words) => words,
            Err(error) => {
                if row.decision() == Some(Decision::Withdraw)
                    && self.take_back(slot).await? == TakeBack::Done
                {
                    return self.give_up(row, slot).await;
                }
                let why = format!("the recipe cannot be written: {error}");
                return self.hold(row, Doubt::Unwritable, why).await;
            }
        };
        if step == DownloadStep::Prepared && self.clear_command(slot).await? {
            return Ok(Progress::Again);
        }
        let Some(obs) = self.observe_download(row, slot, &image).await? else {
            let why = format!("the flag of slot {slot} is neither 0 nor 1");
            return self.hold(row, Doubt::FlagBroken, why).await;
        };
        if let Some(progress) = self.decide_download(row, slot, &obs).await? {
            return Ok(progress);
        }
        let action = handshake::download(step, &obs, self.map.rules());
        let doubt = match action {
            DownloadAction::NeedsPerson(trouble) => {
                Some((Doubt::from(trouble), trouble_text(trouble, slot)))
            }
            DownloadAction::Wait(wait) => self
                .waits_too_long(row, true)
                .then(|| (Doubt::from(wait), wait_text(wait, slot))),
            DownloadAction::WriteBlock
            | DownloadAction::WriteFlag
            | DownloadAction::Commit(_)
            | DownloadAction::Done => {
                self.waits_too_long(row, false);
                None
            }
        };
        if let Some((doubt, why)) = doubt {
            if self.is_given_up(row, doubt, &why).await? {
                // Given up only while the PLC neither has the order nor may take it at any moment.
                // About an order that the PLC has and we never offered, a person has decided.
                let is_guarded = obs.guard(self.map.rules()) && obs.echo != Echo::Ours;
                if is_guarded || row.decision() == Some(Decision::CloseWithLast) {
                    return self.close_lost(row, why).await;
                }
            }
            return self.hold(row, doubt, why).await;
        }
        self.heal(row).await?;
        match action {
            DownloadAction::WriteBlock => {
                let block = image
                    .get(..usize::from(self.map.flag_offset()))
                    .unwrap_or(&image);
                // The number first: whoever sees the block complete finds it complete with it.
                if let (Some((addr, _)), Some(id)) =
                    (self.map.download_id_addr(slot), row.download_id)
                    && !self.write(addr, &[id]).await?
                {
                    return Ok(Progress::Wait);
                }
                if !self.write(self.map.write_base(slot), block).await? {
                    return Ok(Progress::Wait);
                }
                self.commit_download(row, DownloadStep::Written).await?;
                Ok(Progress::Again)
            }
            DownloadAction::WriteFlag => {
                if !self.may_offer(slot).await? {
                    return Ok(Progress::Wait);
                }
                Ok(Progress::after(
                    self.write(self.map.guard_addr(slot), &[0]).await?,
                ))
            }
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
        let written = self.read_slot(self.map.write_base(slot)).await?;
        let all = self.read_slot(self.map.read_base(slot)).await?;
        let read = self.block(&all);
        let flag_at = usize::from(self.map.flag_offset());
        let Some(flag) = truth(written.get(flag_at)) else {
            return Ok(None);
        };
        let head = self.plc.read(self.map.guard_addr(slot), 1).await?;
        let Some(head_flag) = truth(head.first()) else {
            return Ok(None);
        };
        let download_id = self.download_id_in(slot, &all);
        let is_our_number =
            row.download_id.is_none() || download_id.is_none() || row.download_id == download_id;
        let is_number_written = match (self.map.download_id_addr(slot), row.download_id) {
            (Some((addr, _)), Some(id)) => {
                written.get(usize::from(addr - self.map.write_base(slot))) == Some(&id)
            }
            (_, _) => true,
        };
        let verdict = accept(&self.map, slot, read, None);
        let echo = match &verdict {
            Verdict::Empty => Echo::None,
            Verdict::Accepted(block) => {
                let hash = block_content_hash(&self.map, read);
                let is_known = self
                    .inner
                    .store
                    .read(move |r| r.batch_final_known(&hash).map_err(AppError::from))
                    .await?;
                let name = plc_order_name(&row.recipe.order_name, &self.map);
                if is_known {
                    Echo::Stored
                } else if block.order_name == name && is_our_number {
                    Echo::Ours
                } else {
                    Echo::Other
                }
            }
            Verdict::Refused(_) => Echo::Other,
        };
        let obs = DownloadObs {
            flag,
            head_flag,
            write_matches: written.get(..flag_at) == image.get(..flag_at) && is_number_written,
            echo,
        };
        let guard = obs.guard(self.map.rules());
        self.keep_look(
            slot,
            SlotLook {
                shows: match (echo, &verdict) {
                    (Echo::None, _) if guard => SlotShows::Free,
                    (Echo::None, _) => SlotShows::NotReady,
                    (Echo::Ours, _) => SlotShows::Running,
                    (Echo::Stored, _) => SlotShows::FinalStored,
                    (Echo::Other, Verdict::Refused(_)) => SlotShows::Refused,
                    (Echo::Other, Verdict::Empty | Verdict::Accepted(_)) => SlotShows::Other,
                },
                order_name: self.shown_name(read),
                flag: Some(guard),
                ack: read.get(flag_at) == Some(&1),
                download_id,
                is_write_empty: written.iter().take(flag_at).all(|word| *word == 0),
                refusal: match &verdict {
                    Verdict::Refused(reasons) => Some(sentence(reasons)),
                    Verdict::Empty | Verdict::Accepted(_) => None,
                },
                at_mono_ms: self.inner.clock.mono_ms(),
            },
        );
        Ok(Some(obs))
    }

    pub(super) async fn commit_download(
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
