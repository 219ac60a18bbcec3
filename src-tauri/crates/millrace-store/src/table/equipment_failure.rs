//! `equipment_failure`: what the PLC reported as failed. Append-only but for its acknowledgement; what
//! became of its message stands in the outbox.

use millrace_core::batch::posting::Posting;
use millrace_core::ids::OutboxId;
use rusqlite::params;

use super::area_step::Area;
use super::known;
use crate::{Read, StoreError, Write};

/// An event to be stored, as the PLC has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureNew<'a> {
    /// Hash of its words.
    pub content_hash: &'a str,
    /// Equipment code.
    pub equipment_code: &'a str,
    /// What happened.
    pub info: &'a str,
    /// Plant local time, `None` when the PLC gave none.
    pub plc_time: Option<&'a str>,
    /// When.
    pub stored_at_ms: i64,
    /// The message that tells the ERP.
    pub outbox_id: OutboxId,
}

/// A stored event with the state of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// Id.
    pub id: i64,
    /// Equipment code.
    pub equipment_code: String,
    /// What happened.
    pub info: String,
    /// Plant local time, `None` when the PLC gave none.
    pub plc_time: Option<String>,
    /// Stored.
    pub stored_at_ms: i64,
    /// Acknowledgement read back.
    pub acked_at_ms: Option<i64>,
    /// Whether the ERP has it.
    pub posting: Posting,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
}

impl Read<'_> {
    /// The newest failures, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn failures_latest(&self, limit: i64) -> Result<Vec<FailureRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT f.id, f.equipment_code, f.info, f.plc_time, f.stored_at_ms, f.acked_at_ms, o.state, o.last_answer
             FROM equipment_failure f JOIN outbox o ON o.id = f.outbox_id ORDER BY f.id DESC LIMIT ?1",
        )?;
        let rows = statement.query_and_then([limit], |row| {
            let state: String = row.get(6)?;
            Ok(FailureRow {
                id: row.get(0)?,
                equipment_code: row.get(1)?,
                info: row.get(2)?,
                plc_time: row.get(3)?,
                stored_at_ms: row.get(4)?,
                acked_at_ms: row.get(5)?,
                posting: known("outbox.state", &state, Posting::from_word(&state))?,
                last_answer: row.get(7)?,
            })
        })?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Stores an event. The same words twice in one generation of the area are refused.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn failure_add(&self, event: &FailureNew<'_>) -> Result<i64, StoreError> {
        let generation = self.area_generation(Area::EquipmentFailure)?;
        self.connection
            .prepare_cached(
                "INSERT INTO equipment_failure (generation, content_hash, equipment_code, info, plc_time, stored_at_ms, outbox_id, step)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'stored')",
            )?
            .execute(params![
                generation,
                event.content_hash,
                event.equipment_code,
                event.info,
                event.plc_time,
                event.stored_at_ms,
                event.outbox_id.0
            ])?;
        Ok(self.connection.last_insert_rowid())
    }
}
