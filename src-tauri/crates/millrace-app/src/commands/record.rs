//! The frozen record of a batch that has ended: its revisions with hash and anchor, and whether it still
//! fits. Leaves out printing it, freezing it (the store, with each commit) and checking all (`crate::trail`).

use millrace_core::ids::BatchId;
use millrace_core::record::{ACTION, RecordRow, object};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::batch::BatchGet;
use crate::error::AppError;

/// What is frozen of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecordView {
    /// Which batch.
    pub id: BatchId,
    /// Oldest first; empty while it has not ended, and where it ended before records were frozen.
    pub revisions: Vec<RecordRevisionView>,
    /// The newest revision's canonical JSON; what the hash covers beside number, time and hash before.
    pub content: Option<String>,
    /// The anchor of the trail's row that tells of the newest revision: what paper carries.
    pub anchor: Option<String>,
    /// What does not fit, computed anew just now; empty = everything fits.
    pub faults: Vec<String>,
}

/// One revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecordRevisionView {
    /// From 1.
    pub revision: i64,
    /// Frozen, UTC milliseconds.
    pub at_ms: i64,
    /// Its hash.
    pub hash: String,
    /// The row of the trail that tells of it.
    pub audit_seq: i64,
}

impl From<&RecordRow> for RecordRevisionView {
    fn from(row: &RecordRow) -> RecordRevisionView {
        RecordRevisionView {
            revision: row.revision,
            at_ms: row.at_ms,
            hash: row.hash.clone(),
            audit_seq: row.audit_seq,
        }
    }
}

pub(super) async fn record_get(
    context: &Context,
    request: BatchGet,
) -> Result<RecordView, AppError> {
    let id = request.id;
    let inner = &context.app.inner;
    inner
        .store
        .read(move |read| {
            // A batch that is not there is refused, not shown as one without a record.
            read.batch(id)?;
            let mut rows = read.records(id)?;
            let revisions = rows.iter().map(RecordRevisionView::from).collect();
            let anchor = read.audit_anchor(&object(id.0), ACTION)?;
            Ok(RecordView {
                id,
                revisions,
                content: rows.pop().map(|row| row.content),
                anchor: anchor.map(|anchor| anchor.to_string()),
                faults: read.records_check(Some(id))?,
            })
        })
        .await
}
