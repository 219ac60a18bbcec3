//! A batch in the PLC: values are taken whole or not at all, the final block is read twice, stored
//! with its posting in one transaction, and only then acknowledged.
//! Leaves out the table itself (`millrace_core::registers`), the storing ([`super::result`]) and the
//! snapshot ([`super::live`]).

use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::{
    self, FinishAction, FinishObs, FinishStep, FinishTrouble, FinishWait, Seen,
};
use millrace_core::registers::{
    Expected, Reason, SlotBlock, Verdict, accept, content_hash as block_content_hash,
};
use millrace_core::silo::deviation;
use millrace_core::units::Grams;
use millrace_store::table::batch::{BatchRow, PendingKind};

use super::{CycleError, Engine, Progress, encode_recipe};
use crate::error::AppError;

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
    /// Slot number and order name are the ones that were written, whatever else the block says.
    is_named_ours: bool,
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
            FinishAction::NeedsPerson(trouble) => {
                self.needs_person(row, slot, trouble, look, read_twice)
                    .await
            }
            FinishAction::Wait(FinishWait::BlockRefused) => {
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
                    let progress = self
                        .hold(
                            row,
                            format!("slot {slot}: the plant says that this batch has failed"),
                        )
                        .await?;
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
                let is_signed = row
                    .pending
                    .as_ref()
                    .is_some_and(|p| p.kind == PendingKind::Stop);
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
        let why = trouble_text(trouble, slot);
        match (trouble, &look.block) {
            (FinishTrouble::SlotEmptied | FinishTrouble::OtherOrder, _) => {
                if self.is_given_up(row, &why).await? {
                    return self.close_lost(row, why).await;
                }
            }
            (FinishTrouble::AckedByOther, Some(block)) => {
                // The PLC may clear it at any moment: what it shows is kept at once.
                self.take_values(row, block).await?;
                if read_twice && self.is_given_up(row, &why).await? {
                    return self.store_final(row, block, &look.words).await;
                }
            }
            (
                FinishTrouble::AckedByOther
                | FinishTrouble::StoredBefore
                | FinishTrouble::RunsAgain
                | FinishTrouble::FinalChanged,
                _,
            ) => {}
        }
        self.hold(row, why).await
    }

    /// Bad values must not keep a person's command from the PLC, as long as the slot is ours.
    async fn command_in_doubt(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        look: &Look,
    ) -> Result<(), CycleError> {
        if look.is_named_ours && row.pending.is_some() && row.run.is_live() {
            self.command(row, slot, look.echo).await?;
        }
        Ok(())
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
            // A batch that the plant gave up or a person stopped holds less than was planned.
            stopped: row
                .pending
                .as_ref()
                .is_some_and(|p| p.kind == PendingKind::Stop)
                || matches!(row.run, Run::Stopped | Run::Aborted)
                || words.get(usize::from(self.map.fields().failed.offset)) == Some(&1),
        };
        let written = encode_recipe(&self.map, slot, &row.recipe).unwrap_or_default();
        let fields = self.map.fields();
        let is_named_ours = [fields.batch_no, fields.order_name].iter().all(|at| {
            let range = usize::from(at.offset)..usize::from(at.offset + at.words);
            words
                .get(range.clone())
                .is_some_and(|found| written.get(range) == Some(found))
        });
        let look = |seen, block, refusal| Look {
            seen,
            block,
            refusal,
            ack,
            echo,
            words: words.clone(),
            is_named_ours,
        };
        // A person who signed a stop decides on a result of which only the finished weight is absurd:
        // the weight is left out, not mended. A stored result keeps that decision.
        let mut verdict = accept(&self.map, slot, &words, Some(&expected));
        let is_decided = row.run.is_final() && row.finished_g.is_none()
            || row
                .pending
                .as_ref()
                .is_some_and(|p| p.kind == PendingKind::Stop);
        if let Verdict::Refused(reasons) = &verdict
            && is_decided
            && reasons.iter().all(|r| matches!(r, Reason::Weight { .. }))
        {
            let at = fields.weight;
            let mut weightless = words.clone();
            weightless
                .iter_mut()
                .skip(usize::from(at.offset))
                .take(usize::from(at.words))
                .for_each(|word| *word = 0);
            verdict = accept(&self.map, slot, &weightless, Some(&expected));
        }
        Ok(match verdict {
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

    /// Within a batch nothing flows back: a value smaller by more than `slack` is a wrong one.
    fn went_back(
        &self,
        row: &BatchRow,
        block: &SlotBlock,
        slack: impl Fn(SiloNo) -> Grams,
    ) -> Option<String> {
        let image = self.inner.image();
        let batch = image.batches.get(&row.id)?;
        block.silos.iter().find_map(|(silo, mass)| {
            let before = batch.lines.get(silo)?.actual?;
            (mass.0 < before.0.saturating_sub(slack(*silo).0))
                .then(|| format!("silo {silo} went back from {before} to {mass}"))
        })
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
}
