//! How the trail names each signature: its number and its hash, in the row of the act that was signed. The
//! walk over signatures cannot see that the last one was put there anew; the sealed trail can. Leaves out the
//! signatures themselves ([`super::signature`]).

use std::cell::RefCell;
use std::collections::BTreeSet;

use millrace_core::signature::{FORMAT, ObjectKind, Signature};
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::audit::{AuditEntry, number, text};
use crate::{Read, StoreError, Write};

/// Names the signatures in what a row of the trail says of the time after.
const KEY: &str = "signed";
/// The row of a signature that no row of an act names: because it stands on that row itself.
const ACTION: &str = "signature_add";

/// Signatures of a transaction that no row of the trail names yet.
#[derive(Debug, Default)]
pub(crate) struct Untold(RefCell<Vec<Signature>>);

impl Untold {
    /// A signature was added.
    pub(crate) fn add(&self, row: &Signature) {
        self.0.borrow_mut().push(row.clone());
    }

    fn take(&self) -> Vec<Signature> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

fn names(rows: &[Signature]) -> Value {
    let name = |row: &Signature| json!({ "id": row.id, "hash": row.hash });
    rows.iter().map(name).collect()
}

impl Write<'_> {
    /// As [`Write::audit_add`]; the row also names the signatures that this transaction added since the last
    /// row that did.
    ///
    /// # Errors
    /// As [`Write::audit_add`].
    pub fn audit_add_signed(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let rows = self.untold.take();
        if rows.is_empty() {
            return self.audit_add(entry);
        }
        let mut entry = entry.clone();
        let mut after: Value = super::parse_json("audit.after", &entry.after)?;
        match after.as_object_mut() {
            Some(fields) => {
                fields.insert(KEY.to_owned(), names(&rows));
                entry.after = after.to_string();
            }
            None => entry.after = json!({ "after": after, KEY: names(&rows) }).to_string(),
        }
        self.audit_add(&entry)
    }

    /// Adds a row of the trail for each signature that none names: no signature is committed without one.
    pub(crate) fn signatures_tell(&self) -> Result<(), StoreError> {
        for row in self.untold.take() {
            self.audit_add(&AuditEntry {
                at_ms: row.at_ms,
                actor: row.login.clone(),
                action: ACTION.into(),
                object: format!("signature:{}", row.id),
                before: "null".into(),
                after: json!({ "meaning": row.meaning, KEY: names(std::slice::from_ref(&row)) })
                    .to_string(),
                reason: String::new(),
            })?;
        }
        Ok(())
    }
}

impl Read<'_> {
    /// The signatures that a row of the trail names, and that which stands on the row itself; oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signatures_of_row(&self, seq: i64, after: &str) -> Result<Vec<Signature>, StoreError> {
        let mut rows = Vec::new();
        let after: Value = serde_json::from_str(after).unwrap_or_default();
        for name in after
            .get(KEY)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let id = name.get("id").and_then(Value::as_i64).unwrap_or_default();
            rows.extend(self.signature_by_id(id)?);
        }
        rows.extend(self.signature_last(ObjectKind::Act, seq)?);
        Ok(rows)
    }

    /// Holds every signature that the trail names against the one in the books, and says which is named by
    /// no row; a sentence each. Signatures older than the first that is named are older than the naming.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_trail_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        let mut named = BTreeSet::new();
        let mut hash_of = self
            .connection
            .prepare("SELECT hash FROM signature WHERE id = ?1")?;
        let mut statement = self.connection.prepare(
            "SELECT seq, action, object, after FROM audit WHERE instr(after, '\"signed\":') > 0 ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let after: Value = match serde_json::from_str(&text(row.get_ref(3)?)) {
                Ok(after) => after,
                // The walk of the trail finds a row that was changed; here is only what it names.
                Err(_) => continue,
            };
            let Some(signed) = after.get(KEY).and_then(Value::as_array) else {
                continue;
            };
            let teller = format!(
                "row {} of the trail ({} of {})",
                number(row.get_ref(0)?),
                text(row.get_ref(1)?),
                text(row.get_ref(2)?)
            );
            for name in signed {
                let id = name.get("id").and_then(Value::as_i64).unwrap_or_default();
                let hash = name.get("hash").and_then(Value::as_str).unwrap_or_default();
                named.insert(id);
                let stands = hash_of
                    .query_row([id], |row| Ok(text(row.get_ref(0)?)))
                    .optional()?;
                match stands {
                    None => {
                        found.push(format!("{teller} names signature {id}, which is not there"))
                    }
                    Some(stands) if stands != hash => {
                        found.push(format!("signature {id} is not the one that {teller} names"))
                    }
                    Some(_) => {}
                }
            }
        }
        let first = named.first().copied().unwrap_or(i64::MAX);
        let mut unnamed = self.connection.prepare(
            "SELECT id, meaning, person FROM signature WHERE format = ?1 AND id > ?2 ORDER BY id",
        )?;
        let mut rows = unnamed.query(params![FORMAT, first])?;
        while let Some(row) = rows.next()? {
            let id = number(row.get_ref(0)?);
            if !named.contains(&id) {
                found.push(format!(
                    "signature {id} ({} by {}): no row of the trail names it",
                    text(row.get_ref(1)?),
                    text(row.get_ref(2)?)
                ));
            }
        }
        Ok(found)
    }
}
