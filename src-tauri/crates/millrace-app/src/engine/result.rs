//! The end of a batch: its result with ledger, posting, journal and audit in one transaction, its
//! slot given back. Leaves out when that may happen ([`super::finish`], [`super::download`]).

use millrace_core::batch::posting::PostingEvent;
use millrace_core::batch::release::{Release, ReleaseEvent};
use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::FinishStep;
use millrace_core::registers::truth::{Decision, Doubt};
use millrace_core::registers::{SlotBlock, content_hash as block_content_hash};
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;

use super::{CycleError, Engine, Progress};
use crate::error::AppError;
use crate::jobs::{message, message_done};

/// Newest events of a batch among which its last hold and its last stop are looked for.
const EVENTS: i64 = 200;

/// What a batch's end rests on.
struct Ending {
    event: RunEvent,
    kind: JournalKind,
    /// Actuals of the recipe's silos.
    actuals: Vec<(SiloNo, Grams)>,
    /// What left silos that the recipe does not name.
    strays: Vec<(SiloNo, Grams)>,
    /// What the record must say beside the figures.
    note: Option<String>,
}

impl Engine {
    /// True when a person decided so, or signed a stop after this hold was told, and it still holds for
    /// the same reason. The order of the journal decides, not the clock.
    pub(super) async fn is_given_up(
        &self,
        row: &BatchRow,
        doubt: Doubt,
        why: &str,
    ) -> Result<bool, CycleError> {
        if row.decision() == Some(Decision::CloseWithLast) {
            return Ok(row.doubt == Some(doubt));
        }
        let is_stop = row.is_stop_asked();
        if row.run != Run::Held || !is_stop || row.trouble.as_deref() != Some(why) {
            return Ok(false);
        }
        let id = row.id;
        let events = self
            .inner
            .store
            .read(move |read| read.journal_of_batch(id, EVENTS).map_err(AppError::from))
            .await?;
        let last = events.iter().map(|event| event.kind).find(|kind| {
            matches!(
                kind,
                JournalKind::StopRequested | JournalKind::BatchHeld | JournalKind::BatchUnheld
            )
        });
        Ok(last == Some(JournalKind::StopRequested))
    }

    /// The result of a batch as its final block says.
    pub(super) async fn store_final(
        &self,
        row: &mut BatchRow,
        block: &SlotBlock,
        words: &[u16],
    ) -> Result<Progress, CycleError> {
        let mut changed = row.clone();
        changed
            .unhold(self.inner.clock.now_ms())
            .map_err(AppError::from)?;
        let is_stop = changed.is_stop_asked();
        let in_recipe = |silo: SiloNo| row.recipe.silo_lines.iter().any(|line| line.silo == silo);
        // Material from a silo that the recipe does not name is still material that left it.
        let strays: Vec<(SiloNo, Grams)> = block
            .silos
            .iter()
            .filter(|(silo, mass)| mass.0 > 0 && !in_recipe(*silo))
            .copied()
            .collect();
        let note = strays.first().map(|(silo, mass)| {
            format!("silo {silo} gave {mass} that the recipe does not ask for")
        });
        if let Some(why) = note.clone().filter(|_| !is_stop) {
            let slot = row.slot.unwrap_or(SlotNo(0));
            return self.refuse_block(row, slot, why).await;
        }
        let (event, kind) = if block.failed {
            (RunEvent::Abort, JournalKind::BatchFailed)
        } else if is_stop {
            (RunEvent::Stop, JournalKind::BatchStopped)
        } else {
            (RunEvent::Complete, JournalKind::BatchCompleted)
        };
        let actuals = row
            .recipe
            .silo_lines
            .iter()
            .filter_map(|line| {
                let found = block.silos.iter().find(|(silo, _)| *silo == line.silo);
                found.copied()
            })
            .collect();
        changed.finished_g = block.reported_weight(self.map.rules());
        changed.final_hash = Some(block_content_hash(&self.map, words));
        changed.finish_step = Some(FinishStep::Stored);
        let ending = Ending {
            event,
            kind,
            actuals,
            strays,
            note,
        };
        self.end(row, changed, ending).await
    }

    /// Ends a held batch whose place in the PLC is lost, on a person's signature: with the last
    /// values that were believed, without a finished weight, and without its slot.
    pub(super) async fn close_lost(
        &self,
        row: &mut BatchRow,
        why: String,
    ) -> Result<Progress, CycleError> {
        let actuals = {
            let image = self.inner.image();
            let seen = image.batches.get(&row.id);
            let actual = |silo: SiloNo| seen.and_then(|b| b.lines.get(&silo)?.actual);
            row.recipe
                .silo_lines
                .iter()
                .map(|line| (line.silo, actual(line.silo).unwrap_or_default()))
                .collect()
        };
        let mut changed = row.clone();
        changed.held_from = None;
        changed.slot = None;
        changed.finish_step = changed.finish_step.map(|_| FinishStep::Freed);
        let ending = Ending {
            event: RunEvent::Stop,
            kind: JournalKind::BatchStopped,
            actuals,
            strays: Vec::new(),
            note: Some(format!(
                "{why}; closed with the last values that were believed"
            )),
        };
        self.end(row, changed, ending).await
    }

    async fn end(
        &self,
        row: &mut BatchRow,
        mut changed: BatchRow,
        ending: Ending,
    ) -> Result<Progress, CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let asked = changed.pending.take();
        changed.clear_doubt();
        changed.run = changed.run.step(ending.event).map_err(AppError::from)?;
        let is_cancelled = changed.cancel_after && changed.release == Release::Approved;
        if is_cancelled {
            changed.release = changed
                .release
                .step(ReleaseEvent::Cancel)
                .map_err(AppError::from)?;
        }
        let Ending {
            kind,
            actuals,
            strays,
            note,
            ..
        } = ending;
        let total = Grams::checked_sum(actuals.iter().map(|(_, g)| *g)).unwrap_or_default();
        changed.silo_actual_g = Some(total);
        changed.run_since_ms = Some(at_ms);
        changed.ended_at_ms = Some(at_ms);
        // Nothing left a silo: there is no consumption to tell the ERP.
        if total.0 > 0 {
            changed.posting = changed
                .posting
                .step(PostingEvent::Due)
                .map_err(AppError::from)?;
        }
        let closing = self.inner.closing();
        *row = self
            .save(changed, "engine_store_final", move |tx, row| {
                for (silo, actual) in &actuals {
                    tx.batch_line_actual_set(row.id, *silo, *actual)?;
                }
                for (silo, actual) in actuals.iter().chain(&strays).filter(|(_, g)| g.0 > 0) {
                    let delta = Grams(-actual.0);
                    tx.silo_move(
                        at_ms,
                        *silo,
                        MovementKind::Dosing,
                        delta,
                        Some(row.id),
                        None,
                    )?;
                }
                tx.sample_add(row.id, at_ms, Some(total))?;
                let mut params = vec![("actual_g", total.0.to_string())];
                if let Some(weight) = row.finished_g {
                    params.push(("finished_g", weight.0.to_string()));
                }
                if let Some(note) = note {
                    params.push(("reason", note));
                }
                tx.journal_add(at_ms, Some(row.id), kind, &params)?;
                if total.0 > 0 {
                    message::queue_consumption(tx, row, &closing.site, at_ms)?;
                }
                if is_cancelled {
                    let reason = asked.map(|p| p.reason).unwrap_or_default();
                    message::close_order(tx, row, &closing, &reason, at_ms)?;
                }
                // The last batch of an order may have used nothing: then no posting closes the order.
                message_done::queue_when_closed(tx, row.order_id, &closing, at_ms)
            })
            .await?;
        self.inner.posting_nudge.notify_one();
        Ok(Progress::Again)
    }

    pub(super) async fn commit_finish(
        &self,
        row: &mut BatchRow,
        step: FinishStep,
    ) -> Result<(), CycleError> {
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        let slot = changed.slot;
        changed.finish_step = Some(step);
        changed.clear_doubt();
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
