//! The batch record, pure: what is frozen when a batch has ended, how it is hashed, and the walk that
//! holds frozen records against the rows of the trail that tell of them. Leaves out storage and when a
//! record is due.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::canonical_hash;
use crate::journal::JournalKind;
use crate::recipe::ControlRecipe;
use crate::units::Grams;

/// Version of the content, which begins with it. A change makes a new number.
pub const FORMAT: &str = "millrace-record-2";
/// Content without accepted deviations, as it was made before there were any.
pub const FORMAT_OLD: &str = "millrace-record-1";
/// Version of the list that is hashed. The content is one of its texts with its own version in it, so a
/// new content needs no new one.
const HASHED: &str = "millrace-record-1";
/// The action of the trail's row that tells of a record.
pub const ACTION: &str = "record_freeze";

/// What counts of a batch that has ended. A change of any of it makes a new revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Label of the batch.
    pub label: String,
    /// What was to be made, with order, product and line.
    pub recipe: ControlRecipe,
    /// Hash of it, which signatures are bound to.
    pub content_hash: String,
    /// Release state, as its stored word.
    pub release: &'static str,
    /// Run state, as its stored word.
    pub run: &'static str,
    /// Came in, UTC milliseconds.
    pub created_at_ms: i64,
    /// Planned start, UTC milliseconds.
    pub due_ms: Option<i64>,
    /// Signed, UTC milliseconds.
    pub approved_at_ms: Option<i64>,
    /// By whom.
    pub approved_by: Option<String>,
    /// Download began, UTC milliseconds.
    pub started_at_ms: Option<i64>,
    /// Result stored, UTC milliseconds.
    pub ended_at_ms: Option<i64>,
    /// Silo by silo, in the recipe's order.
    pub silos: Vec<SiloFact>,
    /// What people added by hand.
    pub manual: Vec<ManualFact>,
    /// What the silos gave in all, grams.
    pub silo_actual_g: Option<Grams>,
    /// Finished weight as the plant reports it, grams.
    pub finished_g: Option<Grams>,
    /// Hash of the PLC's final block.
    pub plc_block_hash: Option<String>,
    /// Number of the download, where the map has a word for it.
    pub download_id: Option<u16>,
    /// Notes that people wrote, oldest first. Left out where there is none, as in records of before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteFact>,
    /// Signatures, oldest first.
    pub signatures: Vec<SignatureFact>,
    /// Messages for the ERP, oldest first.
    pub postings: Vec<PostingFact>,
    /// Lines outside their tolerance that somebody accepted, oldest first; `None` = content of
    /// [`FORMAT_OLD`], which does not tell of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviations: Option<Vec<DeviationFact>>,
}

/// One silo's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiloFact {
    /// Silo.
    pub silo: u16,
    /// Plan, grams.
    pub planned_g: Grams,
    /// Dosed, grams; `None` = nothing was.
    pub actual_g: Option<Grams>,
    /// Dosed less plan, grams.
    pub deviation_g: Option<Grams>,
}

/// One line without a silo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManualFact {
    /// Number, from 1.
    pub line_no: i64,
    /// Material.
    pub material: String,
    /// Plan, grams.
    pub planned_g: Grams,
    /// Weighed, grams; `None` = not yet.
    pub actual_g: Option<Grams>,
    /// By whom.
    pub entered_by: Option<String>,
    /// When, UTC milliseconds.
    pub entered_at_ms: Option<i64>,
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteFact {
    /// Who wrote it.
    pub person: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What.
    pub text: String,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureFact {
    /// Printed name.
    pub person: String,
    /// What it means.
    pub meaning: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Reason, where one was asked for.
    pub reason: Option<String>,
    /// What it covers.
    pub content_hash: String,
}

/// One message for the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PostingFact {
    /// Its key.
    pub key: String,
    /// What it asks.
    pub kind: &'static str,
    /// `open` until it is closed, then how, as its stored word.
    pub state: &'static str,
    /// Read back equal, UTC milliseconds.
    pub confirmed_at_ms: Option<i64>,
}

/// One accepted deviation; who accepted it and why stands in the signature with the same content hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviationFact {
    /// `silo` or `manual`.
    pub kind: &'static str,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// Plan, grams.
    pub planned_g: Grams,
    /// What it became, grams.
    pub actual_g: Grams,
    /// What the signature covers.
    pub content_hash: String,
}

/// One event of the batch's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventFact {
    /// Position in the journal.
    pub seq: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What.
    pub kind: JournalKind,
    /// Parameters by name.
    pub params: BTreeMap<String, String>,
}

/// A frozen record as it was found, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Batch.
    pub batch_id: i64,
    /// From 1; each later one tells what became known since.
    pub revision: i64,
    /// Frozen, UTC milliseconds.
    pub at_ms: i64,
    /// The canonical JSON.
    pub content: String,
    /// Hash of the revision before; empty for the first.
    pub prev_hash: String,
    /// Its own hash.
    pub hash: String,
    /// The row of the trail that tells of it.
    pub audit_seq: i64,
}

/// A row of the trail that tells of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub seq: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Of which batch.
    pub object: String,
    /// Revision and hash, JSON.
    pub after: String,
}

/// Something of a batch's records that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// The batch, as the trail names it.
    pub object: String,
    /// The first bad revision.
    pub revision: i64,
    /// What is wrong.
    pub why: &'static str,
}

impl std::fmt::Display for RecordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "record of {}, revision {}: {}",
            self.object, self.revision, self.why
        )
    }
}

/// What the content begins with; the journal and a closing brace follow. Two contents that begin alike
/// state the same facts.
///
/// # Errors
/// What `serde_json` reports; our own types always serialize.
pub fn head(facts: &Facts) -> Result<String, serde_json::Error> {
    let format = match facts.deviations {
        Some(_) => FORMAT,
        None => FORMAT_OLD,
    };
    let facts = serde_json::to_string(facts)?;
    Ok(format!(
        "{{\"format\":\"{format}\",\"facts\":{facts},\"journal\":"
    ))
}

/// The canonical JSON: fields in the order of their declaration, no blanks.
///
/// # Errors
/// What `serde_json` reports; our own types always serialize.
pub fn content(head: &str, journal: &[EventFact]) -> Result<String, serde_json::Error> {
    Ok(format!("{head}{}}}", serde_json::to_string(journal)?))
}

/// The batch as the trail names it.
#[must_use]
pub fn object(batch_id: i64) -> String {
    format!("batch:{batch_id}")
}

/// What the trail's row says of a record.
#[must_use]
pub fn after(revision: i64, hash: &str) -> String {
    format!("{{\"record_hash\":\"{hash}\",\"revision\":{revision}}}")
}

impl RecordRow {
    /// True for content of [`FORMAT_OLD`].
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.content
            .starts_with(&format!("{{\"format\":\"{FORMAT_OLD}\","))
    }

    /// The hash that this content has: the texts of the list are format, batch, revision, time, hash
    /// before and content.
    #[must_use]
    pub fn expected_hash(&self) -> String {
        canonical_hash(&[
            HASHED,
            &self.batch_id.to_string(),
            &self.revision.to_string(),
            &self.at_ms.to_string(),
            &self.prev_hash,
            &self.content,
        ])
    }
}

/// Walks all records, by batch and revision, and holds them against the rows that tell of them. Answers
/// the first fault of each batch; what the rows themselves are worth is told by the trail's own walk.
///
/// # Errors
/// What reading a record answers.
pub fn walk<E>(
    rows: impl IntoIterator<Item = Result<RecordRow, E>>,
    told: impl IntoIterator<Item = Told>,
) -> Result<Vec<RecordFault>, E> {
    let mut told: BTreeMap<i64, Told> = told.into_iter().map(|row| (row.seq, row)).collect();
    let mut faults: Vec<RecordFault> = Vec::new();
    let (mut batch_id, mut revision, mut hash) = (None, 0, String::new());
    for row in rows {
        let row = row?;
        // The books hand them out in order; a file may have been put together otherwise.
        let is_in_order = batch_id.is_none_or(|last| last <= row.batch_id);
        if batch_id != Some(row.batch_id) {
            (batch_id, revision, hash) = (Some(row.batch_id), 0, String::new());
        }
        let object = object(row.batch_id);
        let is_told = told.get(&row.audit_seq).is_some_and(|teller| {
            teller.object == object
                && teller.at_ms == row.at_ms
                && teller.after == after(row.revision, &row.hash)
        });
        if is_told {
            told.remove(&row.audit_seq);
        }
        let expected = revision + 1;
        let why = if !is_in_order {
            Some("it stands behind those of a later batch")
        } else if row.revision > expected {
            Some("it is missing")
        } else if row.revision < expected {
            Some("it stands where no revision may stand")
        } else if row.expected_hash() != row.hash {
            Some("it was changed: its content does not fit its hash")
        } else if row.prev_hash != hash {
            Some("it does not follow the revision before it")
        } else if !is_told {
            Some("the audit trail does not tell of it so")
        } else {
            None
        };
        if let Some(why) = why
            && faults.last().is_none_or(|last| last.object != object)
        {
            faults.push(RecordFault {
                object,
                revision: expected,
                why,
            });
        }
        (revision, hash) = (row.revision, row.hash);
    }
    // What is told of and was not met. A batch that was named already is named once.
    for row in told.into_values() {
        if faults.iter().all(|fault| fault.object != row.object) {
            let said: Option<serde_json::Value> = serde_json::from_str(&row.after).ok();
            faults.push(RecordFault {
                revision: said
                    .and_then(|said| said["revision"].as_i64())
                    .unwrap_or_default(),
                object: row.object,
                why: "it is missing: the audit trail tells of it",
            });
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests;
