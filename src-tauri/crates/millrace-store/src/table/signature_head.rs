//! The rows of the trail that tell of the newest signature, written with a seal and held against the
//! signatures. Leaves out what such a row says (`millrace_core::signature_head`).

use millrace_core::signature::FORMAT;
use millrace_core::signature_head::{ACTION, OBJECT, after, check};
use rusqlite::OptionalExtension;

use super::audit::{AuditEntry, number, text};
use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// Holds every row that tells of the newest signature of its time against the signatures as they are;
    /// a sentence for each that does not fit.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_head_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut hash = self
            .connection
            .prepare("SELECT hash FROM signature WHERE id = ?1")?;
        let last = self
            .connection
            .query_row("SELECT max(id) FROM signature", [], |row| {
                row.get::<_, Option<i64>>(0)
            })?
            .unwrap_or_default();
        let mut rows = self
            .connection
            .prepare("SELECT seq, after FROM audit WHERE action = ?1 ORDER BY seq")?;
        let mut rows = rows.query([ACTION])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, said) = (number(row.get_ref(0)?), text(row.get_ref(1)?));
            found.extend(check(seq, &said, last, |id| {
                let hash = hash.query_row([id], |row| Ok(text(row.get_ref(0)?)));
                hash.optional().map_err(StoreError::from)
            })?);
        }
        Ok(found)
    }
}

impl Write<'_> {
    /// Lets the trail tell of the newest signature, unless it does so already. The seal that follows in
    /// the same transaction covers the row.
    pub(super) fn signature_head_add(&self, at_ms: i64) -> Result<(), StoreError> {
        let newest = self
            .connection
            .prepare_cached(
                "SELECT id, hash FROM signature WHERE format = ?1 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([FORMAT], |row| {
                Ok((number(row.get_ref(0)?), text(row.get_ref(1)?)))
            })
            .optional()?;
        let Some((id, hash)) = newest else {
            return Ok(());
        };
        let before = self
            .connection
            .prepare_cached("SELECT after FROM audit WHERE action = ?1 ORDER BY seq DESC LIMIT 1")?
            .query_row([ACTION], |row| Ok(text(row.get_ref(0)?)))
            .optional()?;
        let after = after(id, &hash);
        if before.as_ref() == Some(&after) {
            return Ok(());
        }
        self.audit_add(&AuditEntry {
            at_ms,
            actor: "system".into(),
            action: ACTION.into(),
            object: OBJECT.into(),
            before: before.unwrap_or_else(|| "null".into()),
            after,
            reason: String::new(),
        })
    }
}
