//! Printing the record of a batch, or its label: what goes onto paper, and the row of the trail that tells
//! of it. Leaves out how it looks (the UI) and the printer (the system's own dialog).
//!
//! Printing is an act: a sheet of paper leaves the program and is believed. So the row is written first,
//! and the anchor that the paper carries is made of this very row: it vouches for everything up to and
//! with the printing. Whether the dialog was then closed without paper, nobody can know.

use millrace_core::access::lock::Standing as SessionStanding;
use millrace_core::audit::anchor::Anchor;
use millrace_core::batch::posting::Posting;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::build::{self, Standing};
use super::outbox::OutboxKind;
use super::record::RecordRevisionView;
use super::view::{BatchView, JournalView};
use super::{Context, audit};
use crate::error::AppError;

/// What is put on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrintKind {
    /// The whole record, A4.
    Record,
    /// A label for what was made.
    Label,
}

/// Prints what is frozen of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RecordPrint {
    /// Which batch; it has ended.
    pub id: BatchId,
    /// What.
    pub kind: PrintKind,
}

/// A message of a batch for the ERP, as paper tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PrintedPosting {
    /// Its key, by which the ERP knows it.
    pub key: String,
    /// What it asks.
    pub kind: OutboxKind,
    /// Its state.
    pub state: Posting,
    /// Read back equal, UTC milliseconds.
    pub confirmed_at_ms: Option<i64>,
}

/// What goes onto paper, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RecordPrinted {
    /// What.
    pub kind: PrintKind,
    /// The batch, as the books have it; `faults` tells whether the frozen record says the same.
    pub batch: BatchView,
    /// Its whole journal, oldest first.
    pub journal: Vec<JournalView>,
    /// Its messages for the ERP, oldest first.
    pub postings: Vec<PrintedPosting>,
    /// Hash of the PLC's final block, once it was stored.
    pub plc_block_hash: Option<String>,
    /// Number of the download, where the map has a word for it.
    pub download_id: Option<u16>,
    /// The frozen revisions, oldest first; the last one is the one printed.
    pub revisions: Vec<RecordRevisionView>,
    /// What does not fit between record, trail and books, computed anew just now; paper tells it.
    pub faults: Vec<String>,
    /// Key of the site.
    pub site: String,
    /// IANA name of the zone in which paper gives times.
    pub zone: String,
    /// Printed, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
    /// The anchor of the trail's row that tells of this printing.
    pub anchor: String,
}

pub(super) async fn record_print(
    context: &Context,
    request: RecordPrint,
) -> Result<RecordPrinted, AppError> {
    let inner = &context.app.inner;
    let caller = context.caller()?;
    // Looking stays open to a locked session; paper with somebody's name on it does not.
    if caller.standing == SessionStanding::Locked {
        return Err(caller.must_unlock());
    }
    if caller.script.is_some() {
        return Err(AppError::refusal(
            ErrorCode::NoRight,
            "a program prints nothing",
        ));
    }
    let standing = Standing::new(inner, caller);
    let by = caller.name.clone();
    let (site, zone) = (inner.site_key(), inner.site.zone.clone());
    let at_ms = inner.clock.now_ms();
    let RecordPrint { id, kind } = request;
    inner
        .commit_quietly(false, move |tx| {
            let row = tx.batch(id)?;
            let revisions: Vec<RecordRevisionView> = tx
                .records(id)?
                .iter()
                .map(RecordRevisionView::from)
                .collect();
            let Some(last) = revisions.last() else {
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!(
                        "nothing is frozen of {}: it has not ended, or ended before records were kept",
                        row.label
                    ),
                ));
            };
            let said = json!({ "kind": kind, "record_hash": last.hash, "revision": last.revision });
            let object = millrace_core::record::object(id.0);
            tx.audit_add(&audit::of(&by, "record_print", &object, "", at_ms, &said))?;
            let (seq, hash) = tx.audit_head()?.ok_or_else(no_anchor)?;
            let anchor = Anchor::of(seq, &hash).map_err(|_| no_anchor())?;
            let mut journal = tx.journal_of_batch(id, i64::MAX)?;
            journal.reverse();
            let postings = tx.outbox_of_batch(id)?.into_iter().map(|message| {
                PrintedPosting {
                    kind: message.kind.into(),
                    state: message.state,
                    confirmed_at_ms: message.confirmed_at_ms,
                    key: message.key,
                }
            });
            Ok(RecordPrinted {
                kind,
                batch: build::batch(tx, &row, &standing)?,
                journal: journal.into_iter().map(build::journal).collect(),
                postings: postings.collect(),
                plc_block_hash: row.final_hash.clone(),
                download_id: row.download_id,
                revisions,
                faults: tx.records_check(Some(id))?,
                site,
                zone,
                at_ms,
                by,
                anchor: anchor.to_string(),
            })
        })
        .await
}

/// A row that was written in this transaction is there and has a hash.
fn no_anchor() -> AppError {
    AppError::refusal(
        ErrorCode::Internal,
        "the trail has no row to make an anchor of",
    )
}
