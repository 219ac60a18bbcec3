//! Shift notes: the latest hand-overs of workstations, as the trail keeps them. Leaves out handing over
//! itself ([`super::lock`]).

use millrace_store::table::audit::AuditFilter;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::error::AppError;

/// As many as a shift leader reads back.
const NOTES_MAX: i64 = 50;

/// A workstation that went from one person to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HandOverRow {
    /// Number of the trail's row.
    pub seq: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Who left.
    pub from: String,
    /// Who took over.
    pub to: String,
    /// Where: the name of the station; empty for the program itself.
    pub station: String,
    /// What the next shift must know; may be empty.
    pub note: String,
}

/// The latest hand-overs, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HandOverList {
    /// At most 50.
    pub rows: Vec<HandOverRow>,
}

pub(super) async fn hand_over_list(
    context: &Context,
    _: Nothing,
) -> Result<HandOverList, AppError> {
    let filter = AuditFilter {
        action: "session_hand_over".into(),
        limit: NOTES_MAX,
        ..AuditFilter::default()
    };
    let rows = context
        .app
        .inner
        .store
        .read(move |read| read.audit_page(&filter).map_err(AppError::from))
        .await?;
    let user = |text: &str| -> String {
        serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .and_then(|value| value["user"].as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    Ok(HandOverList {
        rows: rows
            .into_iter()
            .map(|row| HandOverRow {
                seq: row.seq,
                at_ms: row.at_ms,
                from: user(&row.before),
                to: row.actor,
                station: row.station,
                note: row.reason,
            })
            .collect(),
    })
}
