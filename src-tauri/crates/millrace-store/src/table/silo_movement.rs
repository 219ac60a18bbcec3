//! `silo_movement`: the ledger. A level is its newest row; nothing edits it.

use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use rusqlite::{OptionalExtension, Row, params};

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
    })
}

const SELECT: &str =
    "SELECT m.seq, m.at_ms, m.silo_no, m.kind, m.delta_g, m.level_g, m.batch_id, b.label
     FROM silo_movement m LEFT JOIN batch b ON b.id = m.batch_id";

impl Read<'_> {
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
