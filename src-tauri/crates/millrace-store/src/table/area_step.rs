//! What the tables of the two PLC areas share: which event is open, and how far its acknowledgement
//! has come. Leaves out what an event says (`equipment_failure`, `manual_weighing`).

use millrace_core::registers::area::AreaStep;
use rusqlite::{OptionalExtension, params};

use super::known;
use crate::{Read, StoreError, Write};

/// Which area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Equipment failures.
    EquipmentFailure,
    /// Manual weighings.
    ManualWeighing,
}

impl Area {
    /// Both.
    pub const ALL: [Area; 2] = [Area::EquipmentFailure, Area::ManualWeighing];

    /// The stored word, also the name of its table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Area::EquipmentFailure => "equipment_failure",
            Area::ManualWeighing => "manual_weighing",
        }
    }
}

/// The event that stands in an area, or stood there last: stored and not yet cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEvent {
    /// Its id.
    pub id: i64,
    /// Hash of its words.
    pub content_hash: String,
    /// Stored or acknowledged.
    pub step: AreaStep,
}

impl Read<'_> {
    /// The open event of an area, if there is one.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn area_open(&self, area: Area) -> Result<Option<OpenEvent>, StoreError> {
        let table = area.word();
        let row = self
            .connection
            .prepare_cached(&format!(
                "SELECT id, content_hash, step FROM {table} WHERE step <> 'cleared'"
            ))?
            .query_row([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        row.map(|(id, content_hash, step)| {
            Ok(OpenEvent {
                id,
                content_hash,
                step: known("area step", &step, AreaStep::from_word(&step))?,
            })
        })
        .transpose()
    }

    /// The generation of the area's next event: one more than that of the last one that was cleared.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn area_generation(&self, area: Area) -> Result<i64, StoreError> {
        let table = area.word();
        Ok(self
            .connection
            .prepare_cached(&format!(
                "SELECT coalesce(max(generation), 0) + 1 FROM {table} WHERE step = 'cleared'"
            ))?
            .query_row([], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Notes how far an event has come. A step back, or one of an event that is closed, is an error.
    ///
    /// # Errors
    /// [`StoreError::Changed`]; as SQLite reports them.
    pub fn area_step_set(
        &self,
        area: Area,
        id: i64,
        step: AreaStep,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let table = area.word();
        let sql = match step {
            AreaStep::Stored => return Err(StoreError::Changed { what: table, id }),
            AreaStep::Acked => format!(
                "UPDATE {table} SET step = 'acked', acked_at_ms = ?2 WHERE id = ?1 AND step = 'stored'"
            ),
            AreaStep::Cleared => format!(
                "UPDATE {table} SET step = 'cleared', cleared_at_ms = ?2 WHERE id = ?1 AND step <> 'cleared'"
            ),
        };
        match self
            .connection
            .prepare_cached(&sql)?
            .execute(params![id, at_ms])?
        {
            1 => Ok(()),
            _ => Err(StoreError::Changed { what: table, id }),
        }
    }
}
