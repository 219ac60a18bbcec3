//! `slot_request`: what a person asked for about slots without a batch of ours. Leaves out carrying
//! it out.

use millrace_core::ids::SlotNo;
use rusqlite::{Row, params};

use super::known;
use crate::{Read, StoreError, Write};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotRequestKind {
    /// An empty slot whose flag stays 0 is made ready.
    MakeReady,
    /// Every flag of a PLC that was never started is set.
    SetFlags,
}

impl SlotRequestKind {
    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SlotRequestKind::MakeReady => "make_ready",
            SlotRequestKind::SetFlags => "set_flags",
        }
    }

    fn from_word(word: &str) -> Option<SlotRequestKind> {
        [SlotRequestKind::MakeReady, SlotRequestKind::SetFlags]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// A request that is not carried out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRequestRow {
    /// Its id.
    pub id: i64,
    /// What.
    pub kind: SlotRequestKind,
    /// Where; `None` = all slots.
    pub slot: Option<SlotNo>,
    /// Who asked.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub asked_at_ms: i64,
}

fn read(row: &Row<'_>) -> Result<SlotRequestRow, StoreError> {
    let kind: String = row.get(1)?;
    Ok(SlotRequestRow {
        id: row.get(0)?,
        kind: known(
            "slot_request.kind",
            &kind,
            SlotRequestKind::from_word(&kind),
        )?,
        slot: row.get::<_, Option<u16>>(2)?.map(SlotNo),
        person: row.get(3)?,
        reason: row.get(4)?,
        asked_at_ms: row.get(5)?,
    })
}

impl Read<'_> {
    /// Requests that are not carried out yet, the oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn slot_requests_open(&self) -> Result<Vec<SlotRequestRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, kind, slot, person, reason, asked_at_ms FROM slot_request WHERE done_at_ms IS NULL ORDER BY id",
        )?;
        let rows = statement.query_and_then([], read)?;
        rows.collect()
    }
}

impl Write<'_> {
    /// Adds a request.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn slot_request_add(
        &self,
        kind: SlotRequestKind,
        slot: Option<SlotNo>,
        person: &str,
        reason: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO slot_request (kind, slot, person, reason, asked_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![kind.word(), slot.map(|s| s.0), person, reason, at_ms])?;
        Ok(())
    }

    /// Says how a request ended.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when it has ended already.
    pub fn slot_request_done(&self, id: i64, at_ms: i64, outcome: &str) -> Result<(), StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE slot_request SET done_at_ms = ?2, outcome = ?3 WHERE id = ?1 AND done_at_ms IS NULL",
            )?
            .execute(params![id, at_ms, outcome])?;
        if changed == 0 {
            return Err(StoreError::Missing {
                what: "slot_request",
                id,
            });
        }
        Ok(())
    }
}
