//! `manual_weighing`: what the PLC reported as weighed by hand. Append-only but for its
//! acknowledgement; what became of its message stands in the outbox.

use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, OutboxId};
use millrace_core::units::Grams;
use rusqlite::params;

use super::area_step::Area;
use super::known;
use crate::{Read, StoreError, Write};

/// The manual line that took a weighing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighingLine {
    /// Batch.
    pub batch_id: BatchId,
    /// Number of the line in it.
    pub line_no: i64,
    /// Its material.
    pub material: String,
    /// The message that tells the ERP; `None` when there is nothing to tell.
    pub outbox_id: Option<OutboxId>,
}

/// An event to be stored, as the PLC has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighingNew<'a> {
    /// Hash of its words.
    pub content_hash: &'a str,
    /// Batch or lot number.
    pub batch_no: u16,
    /// The order's name.
    pub order_name: &'a str,
    /// The ERP's product number.
    pub product_id: u16,
    /// Weighed.
    pub mass: Grams,
    /// When.
    pub stored_at_ms: i64,
    /// The line that took it, or why none did, as a sentence.
    pub line: Result<WeighingLine, String>,
}

/// A stored event with the state of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighingRow {
    /// Id.
    pub id: i64,
    /// The order's name.
    pub order_name: String,
    /// The ERP's product number.
    pub product_id: u16,
    /// Weighed.
    pub mass: Grams,
    /// Stored.
    pub stored_at_ms: i64,
    /// Acknowledgement read back.
    pub acked_at_ms: Option<i64>,
    /// Batch that took it.
    pub batch_id: Option<BatchId>,
    /// Its label.
    pub batch_label: Option<String>,
    /// The line's material.
    pub material: Option<String>,
    /// Why no line took it.
    pub note: Option<String>,
    /// Whether the ERP has it; `None` without a message.
    pub posting: Option<Posting>,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
}

impl Read<'_> {
    /// The newest weighings, newest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn weighings_latest(&self, limit: i64) -> Result<Vec<WeighingRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT w.id, w.order_name, w.product_id, w.mass_g, w.stored_at_ms, w.acked_at_ms, w.batch_id, b.label, w.material, w.note, o.state, o.last_answer
             FROM manual_weighing w LEFT JOIN batch b ON b.id = w.batch_id LEFT JOIN outbox o ON o.id = w.outbox_id ORDER BY w.id DESC LIMIT ?1",
        )?;
        let rows = statement.query_and_then([limit], |row| {
            let state: Option<String> = row.get(10)?;
            Ok(WeighingRow {
                id: row.get(0)?,
                order_name: row.get(1)?,
                product_id: row.get(2)?,
                mass: Grams(row.get(3)?),
                stored_at_ms: row.get(4)?,
                acked_at_ms: row.get(5)?,
                batch_id: row.get::<_, Option<i64>>(6)?.map(BatchId),
                batch_label: row.get(7)?,
                material: row.get(8)?,
                note: row.get(9)?,
                posting: state
                    .map(|state| known("outbox.state", &state, Posting::from_word(&state)))
                    .transpose()?,
                last_answer: row.get(11)?,
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
    pub fn weighing_add(&self, event: &WeighingNew<'_>) -> Result<i64, StoreError> {
        let generation = self.area_generation(Area::ManualWeighing)?;
        let (line, note) = match &event.line {
            Ok(line) => (Some(line), None),
            Err(note) => (None, Some(note)),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO manual_weighing (generation, content_hash, batch_no, order_name, product_id, mass_g, stored_at_ms, batch_id, line_no, material, outbox_id, note, step)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'stored')",
            )?
            .execute(params![
                generation,
                event.content_hash,
                event.batch_no,
                event.order_name,
                event.product_id,
                event.mass.0,
                event.stored_at_ms,
                line.map(|l| l.batch_id.0),
                line.map(|l| l.line_no),
                line.map(|l| &l.material),
                line.and_then(|l| l.outbox_id).map(|id| id.0),
                note
            ])?;
        Ok(self.connection.last_insert_rowid())
    }
}
