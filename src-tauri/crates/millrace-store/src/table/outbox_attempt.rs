//! `outbox_attempt`: what was tried with a message, when, and how it ended. A sending is begun in the
//! transaction that commits *sending*; one that was never ended tells of a program that died meanwhile.
//! Equal ones in a row are counted in the row of the first, so that weeks without the ERP do not grow the
//! books. Leaves out what an attempt is (`millrace_core::batch::attempt`).

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome};
use millrace_core::ids::{OrderId, OutboxId};
use rusqlite::{OptionalExtension, Row, params};

use super::known;
use crate::{Read, StoreError, Write};

/// From so many rows of a message on, an attempt is counted in any equal one, not in the one before only.
const ATTEMPT_ROWS: i64 = 100;

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
    /// How many equal ones this row stands for, itself included.
    pub times: i64,
    /// When the last of them ended, UTC milliseconds; `None` = there is one only.
    pub last_at_ms: Option<i64>,
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
        times: row.get(6)?,
        last_at_ms: row.get(7)?,
    })
}

impl Read<'_> {
    /// The newest attempts at a message, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempts(&self, id: OutboxId, limit: i64) -> Result<Vec<AttemptRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, act, began_at_ms, ended_at_ms, outcome, answer, times, last_at_ms FROM outbox_attempt WHERE outbox_id = ?1 ORDER BY number DESC LIMIT ?2",
        )?;
        let rows = statement.query_and_then([id.0, limit], read)?;
        rows.collect()
    }

    /// When the newest sending of this order's earlier messages was found to have no answer, UTC
    /// milliseconds; `None` = each had one. `has_key`: what a later sending booked under its key does not
    /// count, because the ERP refuses the lost one then.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_lost_before(
        &self,
        order_id: OrderId,
        id: OutboxId,
        has_key: bool,
    ) -> Result<Option<i64>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT max(coalesce(a.last_at_ms, a.ended_at_ms)) FROM outbox o JOIN outbox_attempt a ON a.outbox_id = o.id
                 WHERE o.order_id = ?1 AND o.id < ?2 AND a.act = 'send' AND a.outcome = 'in_doubt'
                   AND NOT (?3 AND EXISTS (SELECT 1 FROM outbox_attempt b WHERE b.outbox_id = o.id AND b.act = 'send' AND b.outcome = 'posted'))",
            )?
            .query_row(params![order_id.0, id.0, has_key], |row| row.get(0))?)
    }

    /// How many attempts a message has.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempt_count(&self, id: OutboxId) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT coalesce(sum(times), 0) FROM outbox_attempt WHERE outbox_id = ?1",
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
                 SELECT ?1, coalesce(max(max(number, coalesce(last_number, number))), 0) + 1, ?2, ?3 FROM outbox_attempt WHERE outbox_id = ?1",
            )?
            .execute(params![id.0, act.word(), at_ms])?;
        Ok(())
    }

    /// Ends the open attempt; answers false when none is open. One that is equal to the row before it is
    /// counted there. A message with many rows has it counted in any equal one, the newest first: what
    /// differs is never lost.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn outbox_attempt_end(
        &self,
        id: OutboxId,
        end: AttemptEnd<'_>,
    ) -> Result<bool, StoreError> {
        if self.outbox_attempt_count_in(id, end)? {
            return Ok(true);
        }
        let ended = self
            .connection
            .prepare_cached(
                "UPDATE outbox_attempt SET ended_at_ms = ?2, outcome = ?3, answer = ?4 WHERE outbox_id = ?1 AND ended_at_ms IS NULL",
            )?
            .execute(params![id.0, end.at_ms, end.outcome.word(), end.answer])?;
        Ok(ended == 1)
    }

    /// Counts the open attempt in an equal row, where there is one; answers whether it was.
    fn outbox_attempt_count_in(
        &self,
        id: OutboxId,
        end: AttemptEnd<'_>,
    ) -> Result<bool, StoreError> {
        let open: Option<(i64, String)> = self
            .connection
            .prepare_cached(
                "SELECT number, act FROM outbox_attempt WHERE outbox_id = ?1 AND ended_at_ms IS NULL",
            )?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, act)) = open else {
            return Ok(false);
        };
        let equal: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT number FROM outbox_attempt AS it WHERE outbox_id = ?1 AND ended_at_ms IS NOT NULL
                   AND act = ?2 AND outcome = ?3 AND answer = ?4
                   AND (coalesce(last_number, number) = ?5 - 1
                     OR (SELECT count(*) FROM outbox_attempt WHERE outbox_id = ?1) > ?6)
                 ORDER BY coalesce(last_number, number) DESC LIMIT 1",
            )?
            .query_row(
                params![
                    id.0,
                    act,
                    end.outcome.word(),
                    end.answer,
                    number,
                    ATTEMPT_ROWS
                ],
                |row| row.get(0),
            )
            .optional()?;
        let Some(equal) = equal else {
            return Ok(false);
        };
        self.connection
            .prepare_cached(
                "UPDATE outbox_attempt SET times = times + 1, last_number = ?3, last_at_ms = ?4 WHERE outbox_id = ?1 AND number = ?2",
            )?
            .execute(params![id.0, equal, number, end.at_ms])?;
        self.connection
            .prepare_cached("DELETE FROM outbox_attempt WHERE outbox_id = ?1 AND number = ?2")?
            .execute([id.0, number])?;
        Ok(true)
    }
}
