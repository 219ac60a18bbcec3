//! A batch in the PLC: values are taken whole or not at all, the final block is read twice, stored
//! with its posting in one transaction, and only then acknowledged.
//! Leaves out the table itself (`millrace_core::registers`), the storing ([`super::result`]) and the
//! snapshot ([`super::live`]).

use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::{
    self, FinishAction, FinishObs, FinishStep, FinishTrouble, FinishWait, Seen,
};
use millrace_core::registers::truth::{Decision, Doubt};
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;

use super::look::Look;
use super::{CycleError, Engine, Progress};
use crate::error::AppError;

fn trouble_text(trouble: FinishTrouble, slot: SlotNo) -> String {
    match trouble {
        FinishTrouble::SlotEmptied => format!("slot {slot} is empty where this batch was running"),
        FinishTrouble::OtherOrder => format!("slot {slot} shows another order"),
        FinishTrouble::AckedByOther => format!("slot {slot} is acknowledged, and not by Millrace"),
        FinishTrouble::StoredBefore => format!("slot {slot} shows a result that was stored before"),
        FinishTrouble::RunsAgain => format!("slot {slot} runs again after its result was stored"),
        FinishTrouble::FinalChanged => {
            format!("the result in slot {slot} is not the one that was stored")
        }
    }
}

impl Engine {
    pub(super) async fn finish(&mut self, row: &mut BatchRow) -> Result<Progress, CycleError> {
        let (Some(slot), Some(step)) = (row.slot, row.finish_step) else {
            return self
                .hold(
                    row,
                    Doubt::SlotEmptied,
                    "the batch has lost its slot".into(),
                )
                .await;
        };
        self.load_lines(row).await?;
        let look = self.look(row, slot).await?;
        self.note_healed(row, slot, &look).await?;
        let read_twice = self.read_twice(row, &look);
        let action = handshake::finish(
            step,
            &FinishObs {
                ack: look.ack,
                seen: look.seen,
                read_twice,
            },
            self.map.rules(),
        );
        match action {
            FinishAction::NeedsPerson(trouble) => {
                self.needs_person(row, slot, trouble, look, read_twice)
                    .await
            }
            FinishAction::Wait(FinishWait::BlockRefused) => {
                match (row.doubt, row.decision()) {
                    (
                        Some(Doubt::BlockRefused | Doubt::PlcRestarted),
                        Some(Decision::CloseWithLast),
                    ) if row.run.is_live() => {
                        return self.close_lost(row, look.refusal.clone()).await;
                    }
                    (Some(Doubt::BlockRefused), Some(Decision::LetGo)) => {
                        return self.let_go(row).await;
                    }
                    (_, _) => {}
                }
                let progress = self.refuse_block(row, slot, look.refusal.clone()).await?;
                self.command_in_doubt(row, slot, &look).await?;
                Ok(progress)
            }
            FinishAction::Wait(FinishWait::Dosing) => {
                let Some(block) = &look.block else {
                    return Ok(Progress::Wait);
                };
                if let Some(why) = self.went_back(row, block, |_| Grams::ZERO) {
                    let progress = self.refuse_block(row, slot, why).await?;
                    self.command_in_doubt(row, slot, &look).await?;
                    return Ok(progress);
                }
                if block.failed {
                    // The values are good and go on; what the plant says is for a person.
                    self.take_values(row, block).await?;
                    let why = format!("slot {slot}: the plant says that this batch has failed");
                    if row.doubt == Some(Doubt::PlantFailed)
                        && row.decision() == Some(Decision::CloseWithLast)
                    {
                        return self.close_lost(row, why).await;
                    }
                    let progress = self.hold(row, Doubt::PlantFailed, why).await?;
                    self.command_in_doubt(row, slot, &look).await?;
                    return Ok(progress);
                }
                self.heal(row).await?;
                self.take_values(row, block).await?;
                if self.command(row, slot, look.echo).await? {
                    Ok(Progress::Again)
                } else {
                    Ok(Progress::Wait)
                }
            }
            FinishAction::Wait(FinishWait::SecondReading) => {
                self.heal(row).await?;
                Ok(Progress::Again)
            }
            FinishAction::Store => {
                let Some(block) = look.block else {
                    return Ok(Progress::Wait);
                };
                // Within a dose's tolerance a scale may settle; more than that was not un-dosed. A
                // person who signs a stop has the last word.
                let is_signed = row.is_stop_asked();
                let band = |silo: SiloNo| {
                    row.recipe
                        .silo_lines
                        .iter()
                        .find(|line| line.silo == silo)
                        .map_or(Grams::ZERO, |line| line.tolerance.band(line.planned_g))
                };
                if let Some(why) = self.went_back(row, &block, band).filter(|_| !is_signed) {
                    return self.refuse_block(row, slot, why).await;
                }
                self.take_values(row, &block).await?;
                self.store_final(row, &block, &look.words).await
            }
            FinishAction::WriteAck => {
                self.heal(row).await?;
                // A stop word left standing would stop the slot's next batch.
                self.clear_command(slot).await?;
                Ok(Progress::after(
                    self.write(self.map.ack_addr(slot), &[1]).await?,
                ))
            }
            FinishAction::Commit(next) => {
                if next == FinishStep::Freed {
                    self.clear_command(slot).await?;
                }
                self.commit_finish(row, next).await?;
                Ok(Progress::Again)
            }
            FinishAction::Wait(FinishWait::PlcClears) | FinishAction::Done => Ok(Progress::Wait),
        }
    }

    /// After a restart of the PLC the slot shows what the books say: nobody has to decide.
    async fn note_healed(
        &self,
        row: &BatchRow,
        slot: SlotNo,
        look: &Look,
    ) -> Result<(), CycleError> {
        let agrees = match look.seen {
            Seen::Running | Seen::Final | Seen::FinalStored => row.doubt.is_none(),
            Seen::Empty | Seen::Other | Seen::Refused => false,
        };
        let was_after_restart = {
            let mut image = self.inner.image();
            let batch = image.batches.get_mut(&row.id);
            batch.is_some_and(|batch| std::mem::take(&mut batch.is_after_restart))
        };
        if !agrees || !was_after_restart {
            return Ok(());
        }
        let (id, at_ms) = (row.id, self.inner.clock.now_ms());
        self.inner
            .commit(move |tx| {
                let params = [("slot", slot.to_string())];
                tx.journal_add(at_ms, Some(id), JournalKind::SlotHealed, &params)?;
                Ok::<_, AppError>(())
            })
            .await?;
        Ok(())
    }

    /// PLC and books disagree. A person may end it by signing a stop after the hold was told: then
    /// what was last believed is booked. Until then nothing is given up.
    async fn needs_person(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        trouble: FinishTrouble,
        look: Look,
        read_twice: bool,
    ) -> Result<Progress, CycleError> {
        let doubt = Doubt::from(trouble);
        let mut why = trouble_text(trouble, slot);
        if !look.refusal.is_empty() {
            why = format!("{why} ({})", look.refusal);
        }
        if row.doubt == Some(doubt) && row.decision() == Some(Decision::LetGo) {
            return self.let_go(row).await;
        }
        match (trouble, &look.block) {
            (
                FinishTrouble::SlotEmptied
                | FinishTrouble::OtherOrder
                | FinishTrouble::StoredBefore,
                _,
            ) => {
                if row.run.is_live() && self.is_given_up(row, doubt, &why).await? {
                    return self.close_lost(row, why).await;
                }
            }
            (FinishTrouble::AckedByOther, Some(block)) => {
                // The PLC may clear it at any moment: what it shows is kept at once.
                self.take_values(row, block).await?;
                let is_decided = row.decision() == Some(Decision::StoreResult)
                    || (row.is_stop_asked() && self.is_given_up(row, doubt, &why).await?);
                if read_twice && is_decided {
                    return self.store_final(row, block, &look.words).await;
                }
                if row.decision() == Some(Decision::CloseWithLast) {
                    return self.close_lost(row, why).await;
                }
            }
            (
                FinishTrouble::AckedByOther
                | FinishTrouble::RunsAgain
                | FinishTrouble::FinalChanged,
                _,
            ) => {}
        }
        self.hold(row, doubt, why).await
    }

    /// Bad values must not keep a person's command from the PLC, as long as the slot is ours.
    async fn command_in_doubt(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        look: &Look,
    ) -> Result<(), CycleError> {
        if row.pending.is_some() && row.run.is_live() && self.is_named_ours(row, slot, look) {
            self.command(row, slot, look.echo).await?;
        }
        Ok(())
    }

    pub(super) async fn refuse_block(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        why: String,
    ) -> Result<Progress, CycleError> {
        if row.trouble.as_deref() == Some(why.as_str()) {
            return Ok(Progress::Wait);
        }
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        // Only the first refusal is news; while it lasts the reasons may vary with the values.
        let is_news = changed.trouble.is_none();
        // A restart of the PLC is still to be decided about once good blocks come again.
        match changed.doubt {
            Some(doubt @ Doubt::PlcRestarted) => changed.set_doubt(doubt, why.clone()),
            Some(_) | None => changed.set_doubt(Doubt::BlockRefused, why.clone()),
        }
        *row = self
            .save(changed, "engine_block_refused", move |tx, row| {
                if is_news {
                    tx.journal_add(
                        at_ms,
                        Some(row.id),
                        JournalKind::BlockRefused,
                        &[("slot", slot.to_string()), ("reason", why)],
                    )?;
                }
                Ok(())
            })
            .await?;
        Ok(Progress::Wait)
    }
}
