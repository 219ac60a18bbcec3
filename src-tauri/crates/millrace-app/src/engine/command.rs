//! Pause, resume, stop: a committed request is written to the command word, read back, and confirmed
//! only by the PLC's echo. Leaves out who may ask (commands) and what the words do (the PLC).

use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::ids::SlotNo;
use millrace_core::journal::JournalKind;
use millrace_store::table::batch::{BatchRow, PendingKind};

use super::{CycleError, Engine};
use crate::error::AppError;

/// The command word's values, as the register map's template for the PLC side has them.
fn code(kind: PendingKind) -> Option<u16> {
    match kind {
        PendingKind::Pause => Some(1),
        PendingKind::Resume => Some(2),
        PendingKind::Stop => Some(3),
        // Ours alone: the PLC hears nothing of it.
        PendingKind::Decide(_) => None,
    }
}

impl Engine {
    /// Sends what was asked for, or takes note of the PLC's echo. Answers true when it committed
    /// something.
    pub(super) async fn command(
        &self,
        row: &mut BatchRow,
        slot: SlotNo,
        echo: Option<u16>,
    ) -> Result<bool, CycleError> {
        let (Some(addr), Some(echo)) = (self.map.command_addr(slot), echo) else {
            return Ok(false);
        };
        let Some(pending) = row.pending.clone() else {
            if echo != 0 {
                self.clear_command(slot).await?;
            }
            return Ok(false);
        };
        let Some(wanted) = code(pending.kind) else {
            return Ok(false);
        };
        if pending.sent_ms.is_none() {
            // A word left over from an earlier command goes first, or the echo would lie.
            if echo != 0 && echo != wanted {
                self.clear_command(slot).await?;
                return Ok(false);
            }
            if !self.write(addr, &[wanted]).await? {
                return Ok(false);
            }
            if self.plc.read(addr, 1).await? != [wanted] {
                return Ok(false);
            }
            let at_ms = self.inner.clock.now_ms();
            let mut changed = row.clone();
            if let Some(pending) = &mut changed.pending {
                pending.sent_ms = Some(at_ms);
            }
            *row = self
                .save(changed, "engine_command_sent", |_, _| Ok(()))
                .await?;
            return Ok(true);
        }
        if echo != wanted {
            // A word that somebody cleared, or that the PLC lost, is written again.
            if self.plc.read(addr, 1).await? != [wanted] {
                self.write(addr, &[wanted]).await?;
            }
            return Ok(false);
        }
        let (event, kind) = match pending.kind {
            PendingKind::Pause => (RunEvent::Pause, JournalKind::BatchPaused),
            PendingKind::Resume => (RunEvent::Resume, JournalKind::BatchResumed),
            // The stop is confirmed by the final block, not by the echo.
            PendingKind::Stop | PendingKind::Decide(_) => return Ok(false),
        };
        let at_ms = self.inner.clock.now_ms();
        let mut changed = row.clone();
        changed.pending = None;
        if changed.run != Run::Held {
            changed.run = changed.run.step(event).map_err(AppError::from)?;
            changed.run_since_ms = Some(at_ms);
        }
        *row = self
            .save(changed, "engine_command_confirmed", move |tx, row| {
                tx.journal_add(at_ms, Some(row.id), kind, &[])?;
                Ok(())
            })
            .await?;
        self.clear_command(slot).await?;
        Ok(true)
    }

    /// Brings the command word back to 0. Answers true when it was not 0.
    pub(super) async fn clear_command(&self, slot: SlotNo) -> Result<bool, CycleError> {
        let Some(addr) = self.map.command_addr(slot) else {
            return Ok(false);
        };
        if self.plc.read(addr, 1).await? == [0] {
            return Ok(false);
        }
        self.write(addr, &[0]).await?;
        Ok(true)
    }
}
