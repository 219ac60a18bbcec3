//! The PLC's program as a whole: does it run, and did it start anew? After a restart no value of
//! before is taken for granted: what was dosing is held until somebody has looked at the line.
//! Leaves out the slots ([`super::look`]) and the rule itself (`millrace_core::registers::truth`).

use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::journal::JournalKind;
use millrace_core::registers::truth::{Doubt, ProgramWords, has_restarted};
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, ProgramImage};
use crate::error::AppError;

/// Period of looking at the words, milliseconds.
const PERIOD_MS: i64 = 500;
/// A heartbeat that has not risen for this long, at plant speed, stands still.
const STILL_MS: i64 = 3_000;
/// Where the last boot counter is kept over a restart of ours.
const BOOT_KEY: &str = "plc_boot_counter";

const RESTARTED: &str =
    "the PLC started anew while this batch was dosing: look at the line, then let it go on";

impl Engine {
    /// Reads the system words where the map has them, and acts on a restart before any batch is
    /// looked at. Answers the rows, read afresh after a restart.
    ///
    /// # Errors
    /// The PLC's and the store's.
    pub(super) async fn watch_program(
        &mut self,
        rows: Vec<BatchRow>,
    ) -> Result<Vec<BatchRow>, CycleError> {
        let system = self.map.system();
        if system.heartbeat.is_none() && system.boot_counter.is_none() {
            return Ok(rows);
        }
        let mono = self.inner.clock.mono_ms();
        let before = self.inner.image().program.clone();
        if before
            .as_ref()
            .is_some_and(|seen| mono - seen.read_mono_ms < PERIOD_MS)
        {
            return Ok(rows);
        }
        let now = self.read_program().await?;
        let (last, passed_ms) = match &before {
            Some(seen) => (
                seen.words,
                Some(self.inner.plant_ms(mono - seen.read_mono_ms)),
            ),
            None => (self.kept_program().await?, None),
        };
        let is_restart = has_restarted(&last, &now, passed_ms);
        let mut seen = before.unwrap_or(ProgramImage {
            words: now,
            read_mono_ms: mono,
            beat_mono_ms: mono,
            restarted_at_ms: None,
            is_standing_still: false,
        });
        if now.heartbeat != seen.words.heartbeat {
            seen.beat_mono_ms = mono;
        }
        (seen.words, seen.read_mono_ms) = (now, mono);
        let was_still = seen.is_standing_still;
        let still_ms = self.inner.scaled(STILL_MS).max(STILL_MS);
        seen.is_standing_still = now.heartbeat.is_some() && mono - seen.beat_mono_ms > still_ms;
        if is_restart {
            seen.restarted_at_ms = Some(self.inner.clock.now_ms());
        }
        let turned = (was_still != seen.is_standing_still).then_some(if seen.is_standing_still {
            JournalKind::PlcProgramStopped
        } else {
            JournalKind::PlcProgramBack
        });
        let is_new_counter = last.boot_counter != now.boot_counter;
        if is_restart {
            self.note_restart(&now).await?;
        } else if is_new_counter || turned.is_some() {
            let at_ms = self.inner.clock.now_ms();
            self.inner
                .commit(move |tx| {
                    if let Some(counter) = now.boot_counter {
                        tx.meta_set(BOOT_KEY, &counter.to_string())?;
                    }
                    if let Some(kind) = turned {
                        tx.journal_add(at_ms, None, kind, &[])?;
                    }
                    Ok::<_, AppError>(())
                })
                .await?;
        }
        // Only what is committed is believed: a failed commit finds the same restart again.
        self.inner.image().program = Some(seen);
        if !is_restart {
            return Ok(rows);
        }
        let rows = self
            .inner
            .store
            .read(|read| read.batches_in_slots().map_err(AppError::from))
            .await?;
        for row in &rows {
            self.inner.image().refresh_row(row);
        }
        Ok(rows)
    }

    /// One frame where the words stand close together.
    async fn read_program(&self) -> Result<ProgramWords, CycleError> {
        let system = self.map.system();
        let (heartbeat, boot_counter) = match (system.heartbeat, system.boot_counter) {
            (Some(a), Some(b)) if a.abs_diff(b) < self.map.block_words() => {
                let first = a.min(b);
                let words = self.plc.read(first, a.abs_diff(b) + 1).await?;
                let at = |addr: u16| words.get(usize::from(addr - first)).copied();
                (at(a), at(b))
            }
            (a, b) => (self.word_at(a).await?, self.word_at(b).await?),
        };
        Ok(ProgramWords {
            heartbeat,
            boot_counter,
        })
    }

    async fn word_at(&self, addr: Option<u16>) -> Result<Option<u16>, CycleError> {
        match addr {
            None => Ok(None),
            Some(addr) => Ok(self.plc.read(addr, 1).await?.first().copied()),
        }
    }

    /// What an earlier run of ours last saw.
    async fn kept_program(&self) -> Result<ProgramWords, CycleError> {
        let kept = self
            .inner
            .store
            .read(|read| read.meta(BOOT_KEY).map_err(AppError::from))
            .await?;
        Ok(ProgramWords {
            heartbeat: None,
            boot_counter: kept.and_then(|text| text.parse().ok()),
        })
    }

    /// The doubt about a restart stands; a block that was refused meanwhile is good again.
    pub(super) async fn restarted(&self, row: &mut BatchRow) -> Result<(), CycleError> {
        self.hold(row, Doubt::PlcRestarted, RESTARTED.into())
            .await
            .map(drop)
    }

    /// One transaction: the restart, and a hold on everything that was dosing. What waits in its
    /// slot or is finished is looked at as always: it heals by itself or shows a doubt of its own.
    async fn note_restart(&self, now: &ProgramWords) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let counter = now.boot_counter;
        tracing::warn!(?counter, "the PLC started anew");
        let held = self
            .inner
            .commit(move |tx| {
                let mut held = Vec::new();
                let params: Vec<(&str, String)> = counter
                    .map(|counter| ("boot_counter", counter.to_string()))
                    .into_iter()
                    .collect();
                if let Some(counter) = counter {
                    tx.meta_set(BOOT_KEY, &counter.to_string())?;
                }
                tx.journal_add(at_ms, None, JournalKind::PlcRebooted, &params)?;
                for before in tx.batches_in_slots()? {
                    if !matches!(before.run, Run::Running | Run::Paused) {
                        continue;
                    }
                    let mut row = before.clone();
                    row.held_from = Some(row.run);
                    row.run = row.run.step(RunEvent::Hold)?;
                    row.run_since_ms = Some(at_ms);
                    row.set_doubt(Doubt::PlcRestarted, RESTARTED.into());
                    tx.batch_save(&mut row)?;
                    tx.audit_add(&crate::commands::audit::of_batch(
                        "system",
                        "engine_plc_restarted",
                        "",
                        at_ms,
                        &before,
                        &row,
                    ))?;
                    tx.journal_add(
                        at_ms,
                        Some(row.id),
                        JournalKind::BatchHeld,
                        &[("reason", RESTARTED.into())],
                    )?;
                    held.push(row.id);
                }
                Ok::<_, AppError>(held)
            })
            .await?;
        let mut image = self.inner.image();
        for batch in image.batches.values_mut() {
            // Two equal readings count only when both come from after the restart.
            batch.final_words = None;
            batch.is_after_restart = !held.contains(&batch.row.id);
            if held.contains(&batch.row.id) {
                batch.ran_ms = None;
            }
        }
        image.slots.clear();
        Ok(())
    }
}
