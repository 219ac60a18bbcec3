//! `audit`: the trail of people's acts and the engine's state changes, hash-chained, append-only.

use millrace_core::audit::{AuditContent, GENESIS, row_hash};
use rusqlite::{OptionalExtension, params};

use crate::{Read, StoreError, Write};

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at_ms: i64,
    /// Who; `system` for the program itself.
    pub actor: String,
    /// Command or engine step.
    pub action: String,
    /// Object, for example `batch:12`.
    pub object: String,
    /// State before, JSON.
    pub before: String,
    /// State after, JSON.
    pub after: String,
    /// Reason given.
    pub reason: String,
}

impl Read<'_> {
    /// Walks the whole chain; answers how many rows it has, or the first row that does not fit.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_verify(&self) -> Result<Result<i64, i64>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT seq, at_ms, actor, action, object, before, after, reason, prev_hash, hash FROM audit ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        let mut prev = GENESIS.to_owned();
        let mut expected = 1_i64;
        while let Some(row) = rows.next()? {
            let texts: Vec<String> = (2..8).map(|n| row.get(n)).collect::<Result<_, _>>()?;
            let [actor, action, object, before, after, reason] = texts.as_slice() else {
                return Ok(Err(expected));
            };
            let content = AuditContent {
                seq: row.get(0)?,
                at_ms: row.get(1)?,
                actor,
                action,
                object,
                before,
                after,
                reason,
            };
            let (prev_hash, hash): (String, String) = (row.get(8)?, row.get(9)?);
            if content.seq != expected || prev_hash != prev || row_hash(&prev, &content) != hash {
                return Ok(Err(expected));
            }
            prev = hash;
            expected += 1;
        }
        Ok(Ok(expected - 1))
    }

    /// How many rows name this action.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn audit_count(&self, action: &str) -> Result<i64, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT count(*) FROM audit WHERE action = ?1")?
            .query_row([action], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Adds an act to the chain.
    ///
    /// # Errors
    /// As SQLite reports them: then the act itself fails with it.
    pub fn audit_add(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let last: Option<(i64, String)> = self
            .connection
            .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (seq, prev) = last.map_or((1, GENESIS.to_owned()), |(seq, hash)| (seq + 1, hash));
        let hash = row_hash(
            &prev,
            &AuditContent {
                seq,
                at_ms: entry.at_ms,
                actor: &entry.actor,
                action: &entry.action,
                object: &entry.object,
                before: &entry.before,
                after: &entry.after,
                reason: &entry.reason,
            },
        );
        self.connection
            .prepare_cached(
                "INSERT INTO audit (seq, at_ms, actor, action, object, before, after, reason, prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                seq, entry.at_ms, entry.actor, entry.action, entry.object, entry.before, entry.after, entry.reason, prev, hash
            ])?;
        Ok(())
    }
}
