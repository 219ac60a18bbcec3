//! `silo_movement`: the ledger. A level is its newest row; nothing edits it.

use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::signature::ObjectKind;
use millrace_core::signature::content::Counted;
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use rusqlite::{OptionalExtension, Row, params};

use super::audit::number;
use super::known;
use crate::{Read, StoreError, Write};

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementRow {
    /// Position in the ledger.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Which silo.
    pub silo: SiloNo,
    /// Why.
    pub kind: MovementKind,
    /// Change.
    pub delta_g: Grams,
    /// Level after it.
    pub level_g: Grams,
    /// The batch that took it.
    pub batch_id: Option<BatchId>,
    /// Label of that batch.
    pub batch_label: Option<String>,
    /// Why, in the words of whoever counted.
    pub note: Option<String>,
}

fn read(row: &Row<'_>) -> Result<MovementRow, StoreError> {
    let kind: String = row.get(3)?;
    Ok(MovementRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        silo: SiloNo(row.get(2)?),
        kind: known("silo_movement.kind", &kind, MovementKind::from_word(&kind))?,
        delta_g: Grams(row.get(4)?),
        level_g: Grams(row.get(5)?),
        batch_id: row.get::<_, Option<i64>>(6)?.map(BatchId),
        batch_label: row.get(7)?,
        note: row.get(8)?,
    })
}

const SELECT: &str =
    "SELECT m.seq, m.at_ms, m.silo_no, m.kind, m.delta_g, m.level_g, m.batch_id, b.label, m.note
     FROM silo_movement m LEFT JOIN batch b ON b.id = m.batch_id";

/// The content hash of a row of the ledger, for who answers for it.
#[must_use]
pub fn of_movement(row: &MovementRow) -> String {
    Counted {
        seq: row.seq,
        at_ms: row.at_ms,
        silo: row.silo.0,
        kind: row.kind,
        delta: row.delta_g,
        level: row.level_g,
        note: row.note.as_deref().unwrap_or_default(),
    }
    .hash()
}

impl Read<'_> {
    /// One row of the ledger; `None` when it is not there.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silo_movement(&self, seq: i64) -> Result<Option<MovementRow>, StoreError> {
        self.connection
            .prepare_cached(&format!("{SELECT} WHERE m.seq = ?1"))?
            .query_row([seq], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// Holds the ledger against its own arithmetic, and each count against the signatures: a sentence
    /// for each row whose stock is not the stock before it and its change, and for each count that
    /// nobody signed.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn ledger_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let mut statement = self.connection.prepare(
            "SELECT seq, silo_no FROM (
                 SELECT seq, silo_no, delta_g, level_g,
                        LAG (level_g, 1, 0) OVER (PARTITION BY silo_no ORDER BY seq) AS before_g
                 FROM silo_movement)
             WHERE level_g <> before_g + delta_g ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            found.push(format!(
                "row {} of the silo ledger: the stock of silo {} is not the stock before it and its change",
                number(row.get_ref(0)?),
                number(row.get_ref(1)?)
            ));
        }
        let mut statement = self.connection.prepare(
            "SELECT seq, silo_no FROM silo_movement m WHERE kind = ?1 AND NOT EXISTS (
                 SELECT 1 FROM signature s WHERE s.object_kind = ?2 AND s.object_id = m.seq)
             ORDER BY seq",
        )?;
        let words = params![
            MovementKind::Correction.word(),
            ObjectKind::SiloMovement.word()
        ];
        let mut rows = statement.query(words)?;
        while let Some(row) = rows.next()? {
            found.push(format!(
                "row {} of the silo ledger: the stock of silo {} was corrected and nobody signed it",
                number(row.get_ref(0)?),
                number(row.get_ref(1)?)
            ));
        }
        Ok(found)
    }

    /// The newest movement of a silo; its `level_g` is the level. `None` = never known.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silo_last_movement(&self, silo: SiloNo) -> Result<Option<MovementRow>, StoreError> {
        self.connection
            .prepare_cached(&format!(
                "{SELECT} WHERE m.silo_no = ?1 ORDER BY m.seq DESC LIMIT 1"
            ))?
            .query_row([silo.0], |row| Ok(read(row)))
            .optional()?
            .transpose()
    }

    /// The newest movements, of one silo or of all, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silo_movements(
        &self,
        silo: Option<SiloNo>,
        since_ms: i64,
        limit: i64,
    ) -> Result<Vec<MovementRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE (?1 IS NULL OR m.silo_no = ?1) AND m.at_ms >= ?2 ORDER BY m.seq DESC LIMIT ?3"
        ))?;
        let rows = statement.query_and_then(params![silo.map(|s| s.0), since_ms, limit], read)?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Adds a movement and answers the new level. A second dose of the same batch from the same
    /// silo violates the ledger's unique key and is an error.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silo_move(
        &self,
        at_ms: i64,
        silo: SiloNo,
        kind: MovementKind,
        delta: Grams,
        batch_id: Option<BatchId>,
        note: Option<&str>,
    ) -> Result<Grams, StoreError> {
        let before = self
            .silo_last_movement(silo)?
            .map_or(0, |row| row.level_g.0);
        let level = Grams(before.saturating_add(delta.0));
        self.connection
            .prepare_cached(
                "INSERT INTO silo_movement (at_ms, silo_no, kind, delta_g, level_g, batch_id, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![at_ms, silo.0, kind.word(), delta.0, level.0, batch_id.map(|b| b.0), note])?;
        Ok(level)
    }
}
