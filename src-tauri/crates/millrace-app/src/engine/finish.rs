//! A batch in the PLC: values are taken whole or not at all, the final block is read twice, stored
//! with its posting in one transaction, and only then acknowledged.
//! Leaves out the table itself (`millrace_core::registers`) and the snapshot ([`super::live`]).

use millrace_core::batch::posting::PostingEvent;
use millrace_core::batch::release::{Release, ReleaseEvent};
use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::{
    self, FinishAction, FinishObs, FinishStep, FinishTrouble, FinishWait, Seen,
};
use millrace_core::registers::{
    Expected, SlotBlock, Verdict, accept, content_hash as block_content_hash,
};
use millrace_core::silo::{MovementKind, deviation};
use millrace_core::units::Grams;
use millrace_store::table::batch::{BatchRow, PendingKind};

use super::{CycleError, Engine, Progress};
use crate::error::AppError;
use crate::jobs::posting;

/// A dose counts as finished when it has not risen for this long and another one has begun, or when
/// it has not risen for this long (at plant speed) within its tolerance.
const QUIET_MS: i64 = 3_000;
/// Samples of the dosed total are stored this often.
const SAMPLE_MS: i64 = 1_000;

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

/// What one reading of a slot amounts to for its batch.
struct Look {
    seen: Seen,
    block: Option<SlotBlock>,
    refusal: String,
    ack: bool,
    echo: Option<u16>,
    words: Vec<u16>,
}

impl Engine {
    pub(super) async fn finish(&mut self, row: &mut BatchRow) -> Result<Progress, CycleError> {
        let (Some(slot), Some(step)) = (row.slot, row.finish_step) else {
            return self.hold(row, "the batch has lost its slot".into()).await;
        };
        self.load_lines(row).await?;
        let look = self.look(row, slot).await?;
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
            FinishAction::NeedsPerson(trouble) => self.hold(row, trouble_text(trouble, slot)).await,
            FinishAction::Wait(FinishWait::BlockRefused) => {
                self.refuse_block(row, slot, look.refusal).await
            }
            FinishAction::Wait(FinishWait::Dosing) => {
                let Some(block) = look.block else {
                    return Ok(Progress::Wait);
                };
                if let Some(why) = self.went_back(row, &block) {
                    return self.refuse_block(row, slot, why).await;
                }
                self.heal(row).await?;
                self.take_values(row, &block).await?;
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
                self.take_values(row, &block).await?;
                self.store_final(row, &block, &look.words).await?;
                Ok(Progress::Again)
            }
            FinishAction::WriteAck => {
                self.heal(row).await?;
                // A stop word left standing would stop the slot's next batch.
                self.clear_command(slot).await?;
                match self.plc.write(self.map.ack_addr(slot), &[1]).await {
                    Ok(()) => Ok(Progress::Again),
                    Err(error) if error.outcome_unknown() => Ok(Progress::Wait),
                    Err(error) => Err(error.into()),
                }
            }
            FinishAction::Commit(next) => {
                if next == FinishStep::Freed {
                    self.clear_command(slot).await?;
                }
                self.commit_finish(row, next).await?;
                Ok(Progress::Again)
            }
            FinishAction::Wait(FinishWait::PlcClears | FinishWait::NextTakes)
            | FinishAction::Done => Ok(Progress::Wait),
        }
    }

    /// Reads the slot once and says what it shows.
    async fn look(&self, row: &BatchRow, slot: SlotNo) -> Result<Look, CycleError> {
        let block_words = self.map.block_words();
        let base = self.map.read_base(slot);
        // The echo stands behind the block: one frame brings both.
        let echo_at = self.map.command_echo_addr(slot).map(|addr| addr - base);
        let count = echo_at.map_or(block_words, |at| block_words.max(at + 1));
        let all = self.plc.read(base, count).await?;
        let words = all.get(..usize::from(block_words)).unwrap_or(&all).to_vec();
        let echo = echo_at.and_then(|at| all.get(usize::from(at)).copied());
        let ack = words.get(usize::from(self.map.flag_offset())) == Some(&1);
        let max_dose = self.inner.max_doses();
        let expected = Expected {
            slot,
            order_name: &row.recipe.order_name,
            planned_total: row.recipe.silo_total(),
            max_dose: &max_dose,
            stopped: row
                .pending
                .as_ref()
                .is_some_and(|p| p.kind == PendingKind::Stop)
                || row.run == Run::Stopped,
        };
        let look = |seen, block, refusal| Look {
            seen,
            block,
            refusal,
            ack,
            echo,
            words: words.clone(),
        };
        Ok(match accept(&self.map, slot, &words, Some(&expected)) {
            Verdict::Empty => look(Seen::Empty, None, String::new()),
            Verdict::Accepted(block) if !block.finished => {
                look(Seen::Running, Some(block), String::new())
            }
            Verdict::Accepted(block) => {
                let is_stored = row.final_hash.as_deref()
                    == Some(block_content_hash(&self.map, &words).as_str());
                look(
                    if is_stored {
                        Seen::FinalStored
                    } else {
                        Seen::Final
                    },
                    Some(block),
                    String::new(),
                )
            }
            Verdict::Refused(reasons) => match accept(&self.map, slot, &words, None) {
                Verdict::Accepted(other) if other.order_name != row.recipe.order_name => {
                    look(Seen::Other, None, String::new())
                }
                Verdict::Accepted(_) | Verdict::Empty | Verdict::Refused(_) => {
                    let text = reasons
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join("; ");
                    look(Seen::Refused, None, text)
                }
            },
        })
    }

    /// A final block counts once two readings in a row gave the same words.
    fn read_twice(&self, row: &BatchRow, look: &Look) -> bool {
        let mut image = self.inner.image();
        let Some(batch) = image.batches.get_mut(&row.id) else {
            return false;
        };
        match look.seen {
            Seen::Final => {
                let same = batch.final_words.as_ref() == Some(&look.words);
                batch.final_words = Some(look.words.clone());
                same
            }
            Seen::Empty | Seen::Running | Seen::FinalStored | Seen::Other | Seen::Refused => {
                batch.final_words = None;
                false
            }
        }
    }

    /// After a restart the doses seen before are in the books.
    async fn load_lines(&self, row: &BatchRow) -> Result<(), CycleError> {
        if self
            .inner
            .image()
            .batches
            .get(&row.id)
            .is_none_or(|batch| batch.is_loaded)
        {
            return Ok(());
        }
        let id = row.id;
        let (lines, events) = self
            .inner
            .store
            .read(move |read| {
                Ok::<_, AppError>((read.batch_lines(id)?, read.journal_of_batch(id, 500)?))
            })
            .await?;
        let mut image = self.inner.image();
        let Some(batch) = image.batches.get_mut(&id) else {
            return Ok(());
        };
        for line in lines {
            let entry = batch.lines.entry(line.silo).or_default();
            entry.actual = line.actual_g;
            let silo = line.silo.to_string();
            let has = |kind| {
                events
                    .iter()
                    .any(|e| e.kind == kind && e.params.get("silo_no") == Some(&silo))
            };
            entry.is_started = has(JournalKind::SiloStarted);
            entry.is_finished = has(JournalKind::SiloFinished);
        }
        batch.is_loaded = true;
        Ok(())
    }

    /// Within a batch nothing flows back: a smaller value is a wrong one.
    fn went_back(&self, row: &BatchRow, block: &SlotBlock) -> Option<String> {
        let image = self.inner.image();
        let batch = image.batches.get(&row.id)?;
        block.silos.iter().find_map(|(silo, mass)| {
            let before = batch.lines.get(silo)?.actual?;
            (*mass < before).then(|| format!("silo {silo} went back from {before} to {mass}"))
        })
    }

    async fn refuse_block(
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
        changed.trouble = Some(why.clone());
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

    /// Takes the values of an accepted block: image, first material, doses begun and done, sample.
    async fn take_values(&self, row: &mut BatchRow, block: &SlotBlock) -> Result<(), CycleError> {
        let (mono, at_ms) = (self.inner.clock.mono_ms(), self.inner.clock.now_ms());
        let mut events: Vec<(JournalKind, Vec<(&'static str, String)>)> = Vec::new();
        let mut actuals: Vec<(SiloNo, Grams)> = Vec::new();
        let quiet_ms = self.inner.scaled(QUIET_MS);
        let is_sample_due;
        {
            let mut image = self.inner.image();
            let Some(batch) = image.batches.get_mut(&row.id) else {
                return Ok(());
            };
            if row.run == Run::Running
                && let Some(ran) = &mut batch.ran_ms
            {
                *ran += batch.accepted_mono_ms.map_or(0, |before| mono - before);
            }
            batch.accepted_mono_ms = Some(mono);
            is_sample_due = block.finished
                || batch
                    .sampled_mono_ms
                    .is_none_or(|last| mono - last >= SAMPLE_MS);
            for line in &row.recipe.silo_lines {
                let Some((_, actual)) = block.silos.iter().find(|(silo, _)| *silo == line.silo)
                else {
                    continue;
                };
                let entry = batch.lines.entry(line.silo).or_default();
                entry.take(*actual, mono);
                actuals.push((line.silo, *actual));
                if actual.0 > 0 && !entry.is_started {
                    entry.is_started = true;
                    events.push((
                        JournalKind::SiloStarted,
                        self.silo_params(line.silo, &[("planned_g", line.planned_g)]),
                    ));
                }
            }
            let dosing_now: Vec<SiloNo> = batch
                .lines
                .iter()
                .filter(|(_, l)| l.rose_mono_ms.is_some_and(|rose| mono - rose < quiet_ms))
                .map(|(silo, _)| *silo)
                .collect();
            for line in &row.recipe.silo_lines {
                let Some(entry) = batch.lines.get_mut(&line.silo) else {
                    continue;
                };
                let actual = entry.actual.unwrap_or_default();
                if entry.is_finished || !entry.is_started {
                    continue;
                }
                let is_quiet = !dosing_now.contains(&line.silo);
                let (low, _) = line.tolerance.limits(line.planned_g);
                if block.finished || (is_quiet && (!dosing_now.is_empty() || actual >= low)) {
                    entry.is_finished = true;
                    let difference = Grams(actual.0 - line.planned_g.0);
                    let mut params = self.silo_params(
                        line.silo,
                        &[("actual_g", actual), ("deviation_g", difference)],
                    );
                    let share = deviation(line.planned_g, actual)
                        .map(|bp| bp.0.to_string())
                        .unwrap_or_default();
                    params.push(("deviation_bp", share));
                    events.push((JournalKind::SiloFinished, params));
                }
            }
            if is_sample_due {
                batch.sampled_mono_ms = Some(mono);
            }
        }
        let total = Grams::checked_sum(actuals.iter().map(|(_, g)| *g)).unwrap_or_default();
        let id = row.id;
        if row.run == Run::Ready && total.0 > 0 {
            let mut changed = row.clone();
            changed.run = changed
                .run
                .step(RunEvent::FirstMaterial)
                .map_err(AppError::from)?;
            changed.run_since_ms = Some(at_ms);
            *row = self
                .save(changed, "engine_running", move |tx, row| {
                    tx.journal_add(at_ms, Some(row.id), JournalKind::BatchRunning, &[])?;
                    Ok(())
                })
                .await?;
            if let Some(batch) = self.inner.image().batches.get_mut(&row.id) {
                batch.ran_ms = Some(0);
            }
        }
        if is_sample_due || !events.is_empty() {
            self.inner
                .commit_quietly(!events.is_empty(), move |tx| {
                    for (silo, actual) in &actuals {
                        tx.batch_line_actual_set(id, *silo, *actual)?;
                    }
                    tx.sample_add(id, at_ms, Some(total))?;
                    for (kind, params) in &events {
                        tx.journal_add(at_ms, Some(id), *kind, params)?;
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }

    fn silo_params(
        &self,
        silo: SiloNo,
        masses: &[(&'static str, Grams)],
    ) -> Vec<(&'static str, String)> {
        let label = self.inner.silo_label(silo);
        let mut params = vec![("silo", label), ("silo_no", silo.to_string())];
        params.extend(
            masses
                .iter()
                .map(|(name, mass)| (*name, mass.0.to_string())),
        );
        params
    }

    /// The result of a batch, whole, with ledger, posting, journal and audit, in one transaction.
    async fn store_final(
        &self,
        row: &mut BatchRow,
        block: &SlotBlock,
        words: &[u16],
    ) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        if changed.run == Run::Held {
            let back_to = changed.held_from.take().unwrap_or(Run::Running);
            changed.run = changed
                .run
                .step(RunEvent::Unhold { back_to })
                .map_err(AppError::from)?;
            changed.trouble = None;
        }
        let stop = changed.pending.take_if(|p| p.kind == PendingKind::Stop);
        changed.pending = None;
        let (event, kind) = if block.failed {
            (RunEvent::Abort, JournalKind::BatchFailed)
        } else if stop.is_some() {
            (RunEvent::Stop, JournalKind::BatchStopped)
        } else {
            (RunEvent::Complete, JournalKind::BatchCompleted)
        };
        changed.run = changed.run.step(event).map_err(AppError::from)?;
        if changed.cancel_after && changed.release == Release::Approved {
            changed.release = changed
                .release
                .step(ReleaseEvent::Cancel)
                .map_err(AppError::from)?;
        }
        let actuals: Vec<(SiloNo, Grams)> = changed
            .recipe
            .silo_lines
            .iter()
            .filter_map(|line| {
                block
                    .silos
                    .iter()
                    .find(|(silo, _)| *silo == line.silo)
                    .copied()
            })
            .collect();
        // Material from a silo that the recipe does not name is still material that left it.
        let strays: Vec<(SiloNo, Grams)> = block
            .silos
            .iter()
            .filter(|(silo, mass)| {
                mass.0 > 0
                    && !changed
                        .recipe
                        .silo_lines
                        .iter()
                        .any(|line| line.silo == *silo)
            })
            .copied()
            .collect();
        if let Some((silo, mass)) = strays.first() {
            self.refuse_block(
                row,
                changed.slot.unwrap_or(SlotNo(0)),
                format!("silo {silo} gave {mass} that the recipe does not ask for"),
            )
            .await?;
            return Ok(());
        }
        let total = Grams::checked_sum(actuals.iter().map(|(_, g)| *g)).unwrap_or_default();
        changed.silo_actual_g = Some(total);
        changed.finished_g = block.reported_weight(self.map.rules());
        changed.final_hash = Some(block_content_hash(&self.map, words));
        changed.finish_step = Some(FinishStep::Stored);
        changed.run_since_ms = Some(at_ms);
        changed.ended_at_ms = Some(at_ms);
        // Nothing left a silo: there is nothing to tell the ERP.
        if total.0 > 0 {
            changed.posting = changed
                .posting
                .step(PostingEvent::Due)
                .map_err(AppError::from)?;
        }
        let site = self.inner.site_key();
        *row = self
            .save(changed, "engine_store_final", move |tx, row| {
                for (silo, actual) in &actuals {
                    tx.batch_line_actual_set(row.id, *silo, *actual)?;
                    if actual.0 > 0 {
                        tx.silo_move(
                            at_ms,
                            *silo,
                            MovementKind::Dosing,
                            Grams(-actual.0),
                            Some(row.id),
                            None,
                        )?;
                    }
                }
                tx.sample_add(row.id, at_ms, Some(total))?;
                let mut params = vec![("actual_g", total.0.to_string())];
                if let Some(weight) = row.finished_g {
                    params.push(("finished_g", weight.0.to_string()));
                }
                tx.journal_add(at_ms, Some(row.id), kind, &params)?;
                if total.0 > 0 {
                    posting::queue_consumption(tx, row, &site, at_ms)
                } else {
                    Ok(())
                }
            })
            .await?;
        self.inner.posting_nudge.notify_one();
        Ok(())
    }

    async fn commit_finish(&self, row: &mut BatchRow, step: FinishStep) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        let slot = changed.slot;
        changed.finish_step = Some(step);
        changed.trouble = None;
        let kind = match step {
            FinishStep::Acked => Some(JournalKind::AckWritten),
            FinishStep::Freed => {
                changed.slot = None;
                Some(JournalKind::SlotFreed)
            }
            FinishStep::Running | FinishStep::Stored => None,
        };
        *row = self
            .save(changed, "engine_finish", move |tx, row| {
                if let Some(kind) = kind {
                    let slot = slot.map(|s| s.to_string()).unwrap_or_default();
                    tx.journal_add(at_ms, Some(row.id), kind, &[("slot", slot)])?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}
