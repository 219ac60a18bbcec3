//! The trail's names of signatures (`millrace_core::signature_told`): written with the act that was signed, or in a
//! row of their own, and held against the signatures. Leaves out the signatures themselves ([`super::signature`]).

use std::cell::RefCell;

use millrace_core::signature::{ObjectKind, Signature};
use millrace_core::signature_told::{Known, Told, naming, numbers};
use serde_json::{Value, json};

use super::audit::{AuditEntry, number, text};
use crate::{Read, StoreError, Write};

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
        let after: Value = super::parse_json("audit.after", &entry.after)?;
        self.audit_add(&AuditEntry {
            after: naming(after, &rows).to_string(),
            ..entry.clone()
        })
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
                after: naming(
                    json!({ "meaning": row.meaning }),
                    std::slice::from_ref(&row),
                )
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
        for id in numbers(after) {
            rows.extend(self.signature_by_id(id)?);
        }
        rows.extend(self.signature_last(ObjectKind::Act, seq)?);
        Ok(rows)
    }

    /// Holds every signature that the trail names against the one in the books, and says which is named by
    /// no row; a sentence each.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn signature_trail_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut told = Told::default();
        let mut statement = self.connection.prepare(
            "SELECT seq, action, object, after FROM audit WHERE instr(after, '\"signed\":') > 0 ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            told.row(
                number(row.get_ref(0)?),
                &text(row.get_ref(1)?),
                &text(row.get_ref(2)?),
                &text(row.get_ref(3)?),
            );
        }
        let mut signatures = Vec::new();
        self.signature_each(|signature| {
            signatures.push(signature);
            Ok::<_, StoreError>(())
        })?;
        Ok(told.findings(signatures.iter().map(Known::from)))
    }
}
