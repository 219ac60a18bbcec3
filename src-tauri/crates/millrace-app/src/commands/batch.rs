//! Requests on batches. Every request that changes one carries the version the person saw.
//! Leaves out the rules (`millrace_core::batch`) and the PLC exchange (`crate::engine`).

use millrace_core::batch::word::BatchWord;
use millrace_core::ids::BatchId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::view::BatchRowView;

/// Which batches to list: open ones, in queue order.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QueueList {
    /// Only these words; empty = all open ones.
    #[serde(default)]
    pub words: Vec<BatchWord>,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct QueueView {
    /// Open batches: in process first, then by order of intake.
    pub rows: Vec<BatchRowView>,
    /// How many wait for a signature.
    pub pending: i64,
    /// How many are signed and not started.
    pub approved: i64,
    /// Sum of the plans of all open batches.
    pub planned_g: i64,
}

/// One batch.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchGet {
    /// Which.
    pub id: BatchId,
}

/// Sign a pending batch.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchApprove {
    /// Which.
    pub id: BatchId,
    /// The version that the signer saw.
    pub version: i64,
    /// The content hash that the signer saw and signs.
    pub content_hash: String,
    /// The signer's own secret.
    pub secret: String,
}

/// A signed act with a reason: reject, revoke, stop, cancel.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchSignedReason {
    /// Which.
    pub id: BatchId,
    /// The version that the signer saw.
    pub version: i64,
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
}

/// Start or resume.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchStart {
    /// Which.
    pub id: BatchId,
    /// The version that the person saw.
    pub version: i64,
}

/// Pause, with a reason.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchPause {
    /// Which.
    pub id: BatchId,
    /// The version that the person saw.
    pub version: i64,
    /// Why.
    pub reason: String,
}

/// Enter the weight of a manual line.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ManualLineEnter {
    /// Which batch.
    pub id: BatchId,
    /// The version that the person saw.
    pub version: i64,
    /// Which line, from 1.
    pub line_no: i64,
    /// Weighed, whole grams, a multiple of 10.
    pub weight_g: i64,
    /// The person's own secret: the entry is signed.
    pub secret: String,
}

/// The trend of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrendView {
    /// Which batch.
    pub id: BatchId,
    /// Times, rising.
    pub at_ms: Vec<i64>,
    /// Total dosed at these times; `None` = no good value (a gap stays a gap).
    pub dosed_g: Vec<Option<i64>>,
    /// Plan of the silos.
    pub planned_g: i64,
}
