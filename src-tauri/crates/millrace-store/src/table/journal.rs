//! `journal`: what happened, append-only.

use std::collections::BTreeMap;

use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use rusqlite::{Row, params};

use super::{parse_json, to_json};
use crate::{Read, StoreError, Write};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Position.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Which batch.
    pub batch_id: Option<BatchId>,
    /// Its label.
    pub batch_label: Option<String>,
    /// What.
    pub kind: JournalKind,
    /// Parameters by name.
    pub params: BTreeMap<String, String>,
}

const SELECT: &str = "SELECT j.seq, j.at_ms, j.batch_id, b.label, j.kind, j.params FROM journal j LEFT JOIN batch b ON b.id = j.batch_id";

fn read(row: &Row<'_>) -> Result<JournalRow, StoreError> {
    let kind: String = row.get(4)?;
    let params: String = row.get(5)?;
    Ok(JournalRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        batch_id: row.get::<_, Option<i64>>(2)?.map(BatchId),
        batch_label: row.get(3)?,
        kind: parse_json("journal.kind", &format!("\"{kind}\""))?,
        params: parse_json("journal.params", &params)?,
    })
}

impl Read<'_> {
    /// The newest events of a batch, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn journal_of_batch(&self, id: BatchId, limit: i64) -> Result<Vec<JournalRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE j.batch_id = ?1 ORDER BY j.seq DESC LIMIT ?2"
        ))?;
        let rows = statement.query_and_then([id.0, limit], read)?;
        rows.collect()
    }

    /// The events of one kind of a batch, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub(super) fn journal_of_kind(
        &self,
        id: BatchId,
        kind: JournalKind,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let kind = to_json("journal.kind", &kind)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE j.batch_id = ?1 AND j.kind = ?2 ORDER BY j.seq"
        ))?;
        let rows = statement.query_and_then(params![id.0, kind.trim_matches('"')], read)?;
        rows.collect()
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn journal_latest(&self, limit: i64) -> Result<Vec<JournalRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} ORDER BY j.seq DESC LIMIT ?1"))?;
        let rows = statement.query_and_then([limit], read)?;
        rows.collect()
    }

    /// The events since a time that tell what the line did, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn journal_since(&self, since_ms: i64) -> Result<Vec<JournalRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE j.at_ms >= ?1 ORDER BY j.seq"))?;
        let rows = statement.query_and_then([since_ms], read)?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Adds an event and answers it as stored.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn journal_add(
        &self,
        at_ms: i64,
        batch_id: Option<BatchId>,
        kind: JournalKind,
        params: &[(&str, String)],
    ) -> Result<i64, StoreError> {
        let params: BTreeMap<&str, &String> =
            params.iter().map(|(name, value)| (*name, value)).collect();
        let kind = to_json("journal.kind", &kind)?;
        self.touched.at(at_ms);
        if let Some(id) = batch_id {
            self.touched.batch(id.0);
        }
        self.connection
            .prepare_cached(
                "INSERT INTO journal (at_ms, batch_id, kind, params) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                at_ms,
                batch_id.map(|b| b.0),
                kind.trim_matches('"'),
                to_json("journal.params", &params)?
            ])?;
        Ok(self.connection.last_insert_rowid())
    }
}
