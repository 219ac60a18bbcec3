//! `signature`: electronic signatures, append-only, bound to a content hash.

use millrace_core::ids::{BatchId, UserId};
use rusqlite::params;

use crate::{Read, StoreError, Write};

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureRow {
    /// Printed name.
    pub person: String,
    /// What it means, as the command table's word.
    pub meaning: String,
    /// When.
    pub at_ms: i64,
    /// Reason, where one was asked for.
    pub reason: Option<String>,
    /// What it covers.
    pub content_hash: String,
}

impl Read<'_> {
    /// The signatures on a batch, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signatures(&self, id: BatchId) -> Result<Vec<SignatureRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT person, meaning, at_ms, reason, content_hash FROM signature WHERE batch_id = ?1 ORDER BY id")?;
        let rows = statement.query_map([id.0], |row| {
            Ok(SignatureRow {
                person: row.get(0)?,
                meaning: row.get(1)?,
                at_ms: row.get(2)?,
                reason: row.get(3)?,
                content_hash: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Adds a signature.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_add(
        &self,
        id: BatchId,
        person_id: UserId,
        signature: &SignatureRow,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO signature (batch_id, person_id, person, meaning, at_ms, reason, content_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                id.0, person_id.0, signature.person, signature.meaning, signature.at_ms, signature.reason, signature.content_hash
            ])?;
        Ok(())
    }
}
