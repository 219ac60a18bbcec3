//! Whether the record verified when it was looked at last: what every screen says until a check passes,
//! over restarts too, because the trail itself tells of it. Leaves out the check (`super::check`).

use millrace_core::audit::chain::Row;
use millrace_store::table::audit::{AuditEntry, AuditFilter};
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::check::TrailReport;
use crate::commands::audit;

/// The row that tells of a fault; its reason is the sentence.
pub(super) const FAULT: &str = "trail_fault";
/// The row that tells that a check passed after a fault.
pub(super) const WHOLE: &str = "trail_whole";

/// The record does not verify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecordFaultView {
    /// Since when it is told, UTC milliseconds.
    pub since_ms: i64,
    /// The first thing that does not fit; English.
    pub sentence: String,
}

fn last(read: &Read<'_>, action: &str) -> Result<Option<Row>, StoreError> {
    let filter = AuditFilter {
        action: action.to_owned(),
        limit: 1,
        ..AuditFilter::default()
    };
    Ok(read.audit_page(&filter)?.pop())
}

/// The fault that no check has cleared yet, as the trail tells it.
pub(super) fn of_books(read: &Read<'_>) -> Result<Option<RecordFaultView>, StoreError> {
    let cleared = last(read, WHOLE)?.map_or(0, |row| row.seq);
    Ok(last(read, FAULT)?
        .filter(|row| row.seq > cleared)
        .map(|row| RecordFaultView {
            since_ms: row.at_ms,
            sentence: row.reason,
        }))
}

/// What stands after a check, and the row that tells of it where that is new.
pub(super) fn after(
    was: Option<&RecordFaultView>,
    report: &TrailReport,
    at_ms: i64,
) -> (Option<RecordFaultView>, Option<AuditEntry>) {
    let sentence = report.sentence();
    match (was, report.is_good()) {
        (None, true) => (None, None),
        (Some(was), true) => {
            let told = json!({ "was": was.sentence });
            let entry = audit::of("system", WHOLE, "trail", "a check passed", at_ms, &told);
            (None, Some(entry))
        }
        (Some(was), false) if was.sentence == sentence => (Some(was.clone()), None),
        (was, false) => {
            let told = json!({ "row": report.fault.as_ref().map(|fault| fault.row) });
            let entry = audit::of("system", FAULT, "trail", &sentence, at_ms, &told);
            let since_ms = was.map_or(at_ms, |was| was.since_ms);
            (Some(RecordFaultView { since_ms, sentence }), Some(entry))
        }
    }
}
