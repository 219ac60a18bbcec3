//! The scan cycle: look at the PLC, let the pure tables decide, commit, act, publish. It works only
//! from committed rows: a command of a person is a row, so a restart needs no path of its own.
//! Leaves out sockets (field), SQL (store) and rules (core).

mod area_event;
mod areas;
mod command;
mod decide;
mod download;
mod finish;
mod image;
pub(crate) mod live;
mod look;
mod program;
mod queue;
mod request;
mod result;
mod slots;
mod values;

use std::sync::Arc;

use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use millrace_core::registers::RegisterMap;
use millrace_core::registers::handshake::DownloadStep;
use millrace_core::registers::truth::{Decision, Doubt};
use millrace_field::plc::{LinkState, PlcError, PlcHandle};
use millrace_store::table::batch::BatchRow;
use millrace_store::{StoreError, Write};

pub(crate) use download::encode_recipe;
pub(crate) use image::{BatchImage, Image, ProgramImage, SlotLook};

use crate::error::AppError;
use crate::inner::Inner;

/// Steps that one batch may take within one cycle; a table that loops is cut here.
const STEPS_MAX: usize = 12;

/// Why a cycle ended early.
#[derive(Debug)]
pub(crate) enum CycleError {
    /// The PLC did not answer, or refused.
    Plc(PlcError),
    /// The books refused.
    Store(AppError),
}

impl From<PlcError> for CycleError {
    fn from(error: PlcError) -> CycleError {
        CycleError::Plc(error)
    }
}
impl From<AppError> for CycleError {
    fn from(error: AppError) -> CycleError {
        CycleError::Store(error)
    }
}
impl From<StoreError> for CycleError {
    fn from(error: StoreError) -> CycleError {
        CycleError::Store(AppError::from(error))
    }
}

impl CycleError {
    /// True when nothing else will be answered either.
    fn is_silence(&self) -> bool {
        match self {
            CycleError::Plc(PlcError::EndCode { .. } | PlcError::Address(_))
            | CycleError::Store(_) => false,
            CycleError::Plc(
                PlcError::Timeout { .. }
                | PlcError::WriteUnknown(_)
                | PlcError::CpuFatal(_)
                | PlcError::Io(_)
                | PlcError::Busy
                | PlcError::Closed
                | PlcError::Config(_),
            ) => true,
        }
    }
}

/// What a look at a batch led to.
enum Progress {
    /// Something was committed or written: look again at once.
    Again,
    /// Nothing to do until the PLC moves.
    Wait,
}

impl Progress {
    /// After a write: an answered one is looked at again at once, an unknown one with the next cycle.
    fn after(is_answered: bool) -> Progress {
        if is_answered {
            Progress::Again
        } else {
            Progress::Wait
        }
    }
}

/// The engine of one PLC.
#[derive(Debug)]
pub(crate) struct Engine {
    inner: Arc<Inner>,
    plc: PlcHandle,
    map: Arc<RegisterMap>,
    /// Slots to look at, in turn.
    turn: slots::Turn,
    /// The areas beside the slots.
    areas: areas::Areas,
    link_was: Option<LinkState>,
    /// The PLC's CPU had a warning at the last look.
    warned: bool,
}

impl Engine {
    pub(crate) fn new(inner: Arc<Inner>, plc: PlcHandle, map: Arc<RegisterMap>) -> Engine {
        let turn = slots::Turn::new(&map);
        Engine {
            inner,
            plc,
            map,
            turn,
            areas: areas::Areas::default(),
            link_was: None,
            warned: false,
        }
    }

    /// One cycle over all batches that hold a slot, then a look at the idle slots and the areas. Answers true when
    /// a batch is live, so that the next cycle comes soon.
    pub(crate) async fn cycle(&mut self) -> bool {
        let rows = match self
            .inner
            .store
            .read(|read| read.batches_in_slots().map_err(AppError::from))
            .await
        {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(%error, "the engine cannot read its batches");
                return true;
            }
        };
        self.inner.image().keep_only(&rows);
        let live = !rows.is_empty();
        // Before anything else: after a restart of the PLC no value of before is taken for granted.
        let (rows, mut outcome) = match self.watch_program(rows).await {
            Ok(rows) => (rows, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        for row in rows {
            let id = row.id;
            outcome = match self.batch(row).await {
                // What one batch runs into never keeps the others from being looked at.
                Err(error) if !error.is_silence() => {
                    self.tell(id, error).await;
                    Ok(())
                }
                other => other,
            };
            if outcome.is_err() {
                break;
            }
        }
        if outcome.is_ok() {
            outcome = self.serve_requests().await;
        }
        if outcome.is_ok() {
            outcome = self.look_at_idle_slots().await;
        }
        if outcome.is_ok() {
            outcome = self.look_at_areas().await;
        }
        match outcome {
            Ok(()) => {}
            // The link's state tells people; the log keeps the words.
            Err(CycleError::Plc(error)) => {
                tracing::debug!(%error, "the PLC did not serve this cycle")
            }
            Err(CycleError::Store(error)) => tracing::warn!(%error, "a cycle was cut short"),
        }
        self.note_link().await;
        live
    }

    /// What kept one batch from being worked on.
    async fn tell(&self, id: BatchId, error: CycleError) {
        let error = match error {
            // The link says so, with the PLC's words.
            CycleError::Plc(error) => return tracing::warn!(batch = %id, %error, "the PLC refused"),
            // Somebody saved the same batch meanwhile: the next cycle reads it afresh.
            CycleError::Store(error) if error.code == ErrorCode::Changed => {
                return tracing::debug!(batch = %id, %error, "a batch was left for the next cycle");
            }
            CycleError::Store(error) => error,
        };
        tracing::warn!(batch = %id, %error, "a batch cannot go on");
        let row = self
            .inner
            .store
            .read(move |r| r.batch(id).map_err(AppError::from))
            .await;
        if let Ok(mut row) = row
            && let Some(slot) = row.slot
            && let Err(error) = self.refuse_block(&mut row, slot, error.message).await
        {
            tracing::debug!(batch = %id, ?error, "nor could that be written down");
        }
    }

    async fn batch(&mut self, mut row: BatchRow) -> Result<(), CycleError> {
        for _ in 0..STEPS_MAX {
            self.inner.image().refresh_row(&row);
            let before_taken = row.download_step != Some(DownloadStep::Taken);
            let progress = if before_taken {
                self.download(&mut row).await?
            } else {
                self.finish(&mut row).await?
            };
            match progress {
                Progress::Wait => return Ok(()),
                Progress::Again if row.slot.is_none() => return Ok(()),
                Progress::Again => {}
            }
        }
        Ok(())
    }

    /// Writes words in one frame, once. False = no answer came: unknown, not failed, and the next look
    /// decides.
    async fn write(&self, addr: u16, words: &[u16]) -> Result<bool, CycleError> {
        match self.plc.write(addr, words).await {
            Ok(()) => Ok(true),
            Err(error) if error.outcome_unknown() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Holds a batch because PLC and books disagree. Says so once.
    async fn hold(
        &self,
        row: &mut BatchRow,
        doubt: Doubt,
        why: String,
    ) -> Result<Progress, CycleError> {
        if (row.run == Run::Held || !row.run.is_live())
            && row.doubt == Some(doubt)
            && row.trouble.as_deref() == Some(why.as_str())
        {
            return Ok(Progress::Wait);
        }
        let mut changed = row.clone();
        changed.set_doubt(doubt, why.clone());
        let at_ms = self.inner.clock.now_ms();
        if changed.run != Run::Held && changed.run.is_live() {
            changed.held_from = Some(changed.run);
            changed.run = changed.run.step(RunEvent::Hold).map_err(AppError::from)?;
            changed.run_since_ms = Some(at_ms);
        }
        *row = self
            .save(changed, "engine_hold", move |tx, row| {
                tx.journal_add(
                    at_ms,
                    Some(row.id),
                    JournalKind::BatchHeld,
                    &[("reason", why)],
                )?;
                Ok(())
            })
            .await?;
        Ok(Progress::Wait)
    }

    /// Ends a hold, or clears the mark of refused blocks, once what the PLC shows fits again.
    async fn heal(&self, row: &mut BatchRow) -> Result<(), CycleError> {
        if row.doubt.is_none() && row.trouble.is_none() && row.run != Run::Held {
            return Ok(());
        }
        if row.doubt == Some(Doubt::PlcRestarted) {
            // Good values do not tell how the line stands: a person does.
            return match row.decision() {
                Some(decision @ Decision::GoOn) => self.settle(row, decision).await,
                Some(Decision::CloseWithLast) => {
                    let why = "the PLC works on it: stop it instead";
                    self.void(row, why).await.map(drop)
                }
                Some(_) | None => self.restarted(row).await,
            };
        }
        let mut changed = row.clone();
        let at_ms = self.inner.clock.now_ms();
        let was_held = changed.run == Run::Held;
        changed.unhold(at_ms).map_err(AppError::from)?;
        changed.clear_doubt();
        *row = self
            .save(changed, "engine_heal", move |tx, row| {
                let kind = if was_held {
                    JournalKind::BatchUnheld
                } else {
                    JournalKind::BlockHealed
                };
                let slot = row.slot.map(|s| s.to_string()).unwrap_or_default();
                tx.journal_add(at_ms, Some(row.id), kind, &[("slot", slot)])?;
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Commits a changed batch with its audit row and whatever `more` adds, in one transaction.
    async fn save<F>(
        &self,
        mut changed: BatchRow,
        action: &'static str,
        more: F,
    ) -> Result<BatchRow, CycleError>
    where
        F: FnOnce(&Write<'_>, &BatchRow) -> Result<(), AppError> + Send + 'static,
    {
        let at_ms = self.inner.clock.now_ms();
        let saved = self
            .inner
            .commit(move |tx| {
                let before = tx.batch(changed.id)?;
                tx.batch_save(&mut changed)?;
                tx.audit_add(&crate::commands::audit::of_batch(
                    "system", action, "", at_ms, &before, &changed,
                ))?;
                more(tx, &changed)?;
                Ok(changed)
            })
            .await?;
        self.inner.image().refresh_row(&saved);
        Ok(saved)
    }

    /// Writes a row to the journal when the link is lost or comes back.
    async fn note_link(&mut self) {
        let link = self.plc.link();
        let was = self.link_was.replace(link.state);
        let event = match (was, link.state) {
            (Some(LinkState::Lost), LinkState::Good | LinkState::Degraded) => {
                Some((JournalKind::PlcBack, String::new()))
            }
            (
                Some(LinkState::Good | LinkState::Degraded | LinkState::Connecting) | None,
                LinkState::Lost,
            ) => Some((JournalKind::PlcLost, link.cause.unwrap_or_default())),
            (
                _,
                LinkState::Connecting | LinkState::Good | LinkState::Degraded | LinkState::Lost,
            ) => None,
        };
        let was_warned = std::mem::replace(&mut self.warned, link.cpu_warning);
        let event = event.or_else(|| {
            (link.cpu_warning && !was_warned).then(|| (JournalKind::PlcMaintenance, String::new()))
        });
        if let Some((kind, reason)) = event {
            let at_ms = self.inner.clock.now_ms();
            let outcome = self
                .inner
                .commit(move |tx| Ok(tx.journal_add(at_ms, None, kind, &[("reason", reason)])?))
                .await;
            if let Err(error) = outcome {
                tracing::warn!(%error, "the link's change was not journalled");
            }
        }
    }
}
