//! `download_step`: when each step of a download was committed.

use millrace_core::ids::BatchId;
use millrace_core::registers::handshake::DownloadStep;
use rusqlite::params;

use super::batch::{download_step_from_word, download_step_word};
use super::known;
use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// The committed steps of a batch.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn download_steps(&self, id: BatchId) -> Result<Vec<(DownloadStep, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT step, at_ms FROM download_step WHERE batch_id = ?1 ORDER BY at_ms",
        )?;
        let rows = statement.query_and_then([id.0], |row| -> Result<_, StoreError> {
            let word: String = row.get(0)?;
            Ok((
                known("download_step.step", &word, download_step_from_word(&word))?,
                row.get(1)?,
            ))
        })?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Notes a step; the first time counts.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn download_step_add(
        &self,
        id: BatchId,
        step: DownloadStep,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO download_step (batch_id, step, at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![id.0, download_step_word(step), at_ms])?;
        Ok(())
    }

    /// Forgets the steps of a download that was given up before the offer.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn download_steps_clear(&self, id: BatchId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM download_step WHERE batch_id = ?1")?
            .execute([id.0])?;
        Ok(())
    }
}
