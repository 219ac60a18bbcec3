//! The commissioning doctor on the screen: the same examination and the same report as
//! `doctor plc` on the command line. Leaves out the checks themselves.

use millrace_core::error_code::ErrorCode;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use crate::error::AppError;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FindingWeight {
    /// Right.
    Good,
    /// Worth knowing: something that the map does not name, or that could not be seen.
    Note,
    /// Works, and somebody should look at it.
    Warning,
    /// Wrong: not to be put into operation like this.
    Fault,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// The section of the report it belongs to: `reach`, `times`, `nodes`, `program`, `words`,
    /// `order`, `silos`, `areas`, `write_test`, `missing`.
    pub section: String,
    /// How bad.
    pub weight: FindingWeight,
    /// The sentence.
    pub text: String,
}

/// One word or value of the map, as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WordRow {
    /// First address.
    pub addr: u16,
    /// Slot and key, such as `slot 1 silo_a (read)`.
    pub name: String,
    /// Raw words, hexadecimal.
    pub raw: String,
    /// Decoded; empty when it is no value of its kind.
    pub value: String,
    /// The verdict, empty when there is nothing to say.
    pub verdict: String,
}

/// The outcome of an examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcExamination {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// True when there is no fault.
    pub is_sound: bool,
    /// Counts of findings.
    pub faults: u32,
    /// Counts of findings.
    pub warnings: u32,
    /// Round-trip time of a block read, shortest, median and 99th of 100, microseconds.
    pub rtt_us: Option<[u64; 3]>,
    /// What was found, in the order of the report.
    pub findings: Vec<Finding>,
    /// Every word of the map.
    pub words: Vec<WordRow>,
    /// The whole report as text to hand over.
    pub report: String,
    /// A file name for it.
    pub file_name: String,
}

/// Examine the PLC.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct PlcExamine {
    /// Also write one spare word, read it back and restore it.
    pub write_test: bool,
}

pub(super) async fn plc_examine(
    _context: &Context,
    _request: PlcExamine,
) -> Result<PlcExamination, AppError> {
    Err(AppError::refusal(
        ErrorCode::NotReady,
        "no PLC is configured",
    ))
}
