//! Taking the values of an accepted block: the image, doses begun and done, the stored sample.
//! Leaves out whether the block may be believed ([`super::look`]).

use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::ids::SiloNo;
use millrace_core::journal::JournalKind;
use millrace_core::registers::SlotBlock;
use millrace_core::silo::deviation;
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;

use super::image::QUIET_MS;
use super::{CycleError, Engine};
use crate::error::AppError;

/// Samples of the dosed total are stored this often.
const SAMPLE_MS: i64 = 1_000;

impl Engine {
    /// Takes the values of an accepted block: image, first material, doses begun and done, sample.
    pub(super) async fn take_values(
        &self,
        row: &mut BatchRow,
        block: &SlotBlock,
    ) -> Result<(), CycleError> {
        let (mono, at_ms) = (self.inner.clock.mono_ms(), self.inner.clock.now_ms());
        let mut events: Vec<(JournalKind, Vec<(&'static str, String)>)> = Vec::new();
        let mut actuals: Vec<(SiloNo, Grams)> = Vec::new();
        let quiet_ms = self.inner.scaled(QUIET_MS);
        let is_sample_due;
        {
            let mut image = self.inner.image();
            let is_line_taken = image.is_line_taken(row.id);
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
                .filter(|(_, l)| l.is_rising(mono, quiet_ms))
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
                // Finished: quiet while another one has begun, or quiet within its tolerance.
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
            // A batch that waits for the line is not stalled, nor is one that a person holds back.
            let may_move = row.run == Run::Running || (row.run == Run::Ready && !is_line_taken);
            let has_moved = batch
                .lines
                .values()
                .any(|line| line.rose_mono_ms == Some(mono));
            if has_moved || !may_move || block.finished || batch.moved_mono_ms.is_none() {
                batch.moved_mono_ms = Some(mono);
            }
            let still_ms = mono - batch.moved_mono_ms.unwrap_or(mono);
            let is_stalled = still_ms >= self.inner.stall_after_ms();
            if is_stalled != batch.is_stalled {
                batch.is_stalled = is_stalled;
                events.push(if is_stalled {
                    let seconds = (still_ms / 1_000).to_string();
                    (JournalKind::BatchStalled, vec![("since_s", seconds)])
                } else {
                    (JournalKind::BatchMoving, Vec::new())
                });
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
