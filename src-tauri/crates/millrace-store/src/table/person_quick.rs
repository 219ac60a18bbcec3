//! `person_quick`: a person's PIN and badge, hashed. Leaves out whole secrets (`person`).

use millrace_core::access::quick::QuickKind;
use millrace_core::ids::UserId;
use rusqlite::params;

use super::known;
use crate::{Read, StoreError, Write};

/// A PIN or a badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickRow {
    /// Which.
    pub kind: QuickKind,
    /// Its hash in PHC form.
    pub phc: String,
    /// When it was set, UTC milliseconds.
    pub set_at_ms: i64,
    /// Wrong ones in a row.
    pub failed: i64,
}

impl Read<'_> {
    /// A person's PIN and badge.
    ///
    /// # Errors
    /// As SQLite reports them; a word that the program does not know.
    pub fn person_quick(&self, id: UserId) -> Result<Vec<QuickRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, phc, set_at_ms, failed FROM person_quick WHERE person_id = ?1 ORDER BY kind DESC",
        )?;
        let rows = statement.query_and_then([id.0], |row| {
            let word: String = row.get(0)?;
            Ok(QuickRow {
                kind: known("person_quick.kind", &word, QuickKind::from_word(&word))?,
                phc: row.get(1)?,
                set_at_ms: row.get(2)?,
                failed: row.get(3)?,
            })
        })?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Sets a person's PIN or badge in the place of an earlier one.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_quick_set(
        &self,
        id: UserId,
        kind: QuickKind,
        phc: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO person_quick (person_id, kind, phc, set_at_ms, failed) VALUES (?1, ?2, ?3, ?4, 0)
                 ON CONFLICT (person_id, kind) DO UPDATE SET phc = excluded.phc, set_at_ms = excluded.set_at_ms, failed = 0",
            )?
            .execute(params![id.0, kind.word(), phc, at_ms])?;
        Ok(())
    }

    /// Takes a person's PIN or badge away; of both kinds when none is named.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_quick_clear(
        &self,
        id: UserId,
        kind: Option<QuickKind>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "DELETE FROM person_quick WHERE person_id = ?1 AND (?2 IS NULL OR kind = ?2)",
            )?
            .execute(params![id.0, kind.map(QuickKind::word)])?;
        Ok(())
    }

    /// Keeps how many wrong ones came in a row; of both kinds when none is named.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn person_quick_failed_set(
        &self,
        id: UserId,
        kind: Option<QuickKind>,
        failed: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE person_quick SET failed = ?3 WHERE person_id = ?1 AND (?2 IS NULL OR kind = ?2) AND failed <> ?3",
            )?
            .execute(params![id.0, kind.map(QuickKind::word), failed])?;
        Ok(())
    }
}
