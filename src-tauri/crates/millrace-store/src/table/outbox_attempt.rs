//! `outbox_attempt`: what was tried with a message, when, and how it ended. A sending is begun in the
//! transaction that commits *sending*; one that was never ended tells of a program that died meanwhile.

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome};
use millrace_core::ids::OutboxId;
use rusqlite::{Row, params};

use super::known;
use crate::{Read, StoreError, Write};

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number within the message, from 1.
    pub number: i64,
    /// What was done.
    pub act: AttemptAct,
    /// Began, UTC milliseconds.
    pub began_at_ms: i64,
    /// Ended; `None` = under way, or the program died.
    pub ended_at_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// The ERP's answer, or the cause, in words.
    pub answer: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptEnd<'a> {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// How.
    pub outcome: AttemptOutcome,
    /// The ERP's answer, or the cause, in words.
    pub answer: &'a str,
}

fn read(row: &Row<'_>) -> Result<AttemptRow, StoreError> {
    let act: String = row.get(1)?;
    let outcome: Option<String> = row.get(4)?;
    Ok(AttemptRow {
        number: row.get(0)?,
        act: known("outbox_attempt.act", &act, AttemptAct::from_word(&act))?,
        began_at_ms: row.get(2)?,
        ended_at_ms: row.get(3)?,
        outcome: outcome
            .map(|word| {
                known(
                    "outbox_attempt.outcome",
                    &word,
                    AttemptOutcome::from_word(&word),
                )
            })
            .transpose()?,
        answer: row.get(5)?,
    })
}

impl Read<'_> {
    /// The newest attempts at a message, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempts(&self, id: OutboxId, limit: i64) -> Result<Vec<AttemptRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, act, began_at_ms, ended_at_ms, outcome, answer FROM outbox_attempt WHERE outbox_id = ?1 ORDER BY number DESC LIMIT ?2",
        )?;
        let rows = statement.query_and_then([id.0, limit], read)?;
        rows.collect()
    }

    /// How many attempts a message has.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempt_count(&self, id: OutboxId) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT coalesce(max(number), 0) FROM outbox_attempt WHERE outbox_id = ?1",
            )?
            .query_row([id.0], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Begins an attempt. One that is still open must be ended first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempt_begin(
        &self,
        id: OutboxId,
        act: AttemptAct,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO outbox_attempt (outbox_id, number, act, began_at_ms)
                 SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM outbox_attempt WHERE outbox_id = ?1",
            )?
            .execute(params![id.0, act.word(), at_ms])?;
        Ok(())
    }

    /// Ends the open attempt; answers false when none is open.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempt_end(
        &self,
        id: OutboxId,
        end: AttemptEnd<'_>,
    ) -> Result<bool, StoreError> {
        let ended = self
            .connection
            .prepare_cached(
                "UPDATE outbox_attempt SET ended_at_ms = ?2, outcome = ?3, answer = ?4 WHERE outbox_id = ?1 AND ended_at_ms IS NULL",
            )?
            .execute(params![id.0, end.at_ms, end.outcome.word(), end.answer])?;
        Ok(ended == 1)
    }
}
