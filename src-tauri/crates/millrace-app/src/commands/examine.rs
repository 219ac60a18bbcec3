//! The commissioning doctor on the screen: the same examination and the same report as
//! `doctor plc` on the command line. Leaves out the checks themselves.

use std::path::Path;
use std::time::Duration;

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ts_rs::TS;

use super::{Context, audit};
use crate::commissioning::{Leave, SilosFile, Subject, examine};
use crate::config::check_silos;
use crate::error::AppError;
use crate::inner::Inner;

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

/// How long an examination may take before it is broken off, the write test apart.
const LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn plc_examine(
    context: &Context,
    request: PlcExamine,
) -> Result<PlcExamination, AppError> {
    let inner = &context.app.inner;
    let (Some(plc), Some(map), Some(config)) = (&inner.plc, &inner.map, &inner.plc_config) else {
        let why = inner
            .plc_off_cause()
            .unwrap_or_else(|| "no PLC is configured".to_owned());
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            format!("there is no PLC to examine: {why}"),
        ));
    };
    let Ok(_turn) = inner.examine_turn.try_lock() else {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            "the PLC is being examined already: wait for that report",
        ));
    };
    let actor = context.caller()?.name.clone();
    if request.write_test {
        // On record before the first word goes out.
        note(
            inner,
            &actor,
            "plc_write_test",
            json!({ "write_test": "asked" }),
        )
        .await?;
    }
    let last = SlotNo(map.slot_count());
    let write_test = request
        .write_test
        .then(|| -> Leave<'_> { Box::pin(leave(inner, last)) });
    let subject = Subject {
        plc,
        driver: &config.driver,
        map,
        site: &inner.site,
        version: &inner.version,
        at_ms: inner.clock.now_ms(),
        config_file: place(inner.config_file.as_deref(), None),
        map_file: place(inner.config_file.as_deref(), Some(&config.registers)),
        silos: silos_file(inner, map),
        knock: None,
        limit: Some(LIMIT),
    };
    let examination = examine(&subject, write_test).await.examination;
    let after = json!({
        "write_test": request.write_test,
        "faults": examination.faults,
        "warnings": examination.warnings,
        "report": examination.file_name,
    });
    note(inner, &actor, "plc_examine", after).await?;
    Ok(examination)
}

/// The write test keeps away from a slot that a batch of ours holds.
async fn leave(inner: &Inner, slot: SlotNo) -> Result<(), String> {
    let held = inner
        .store
        .read(|read| read.batches_in_slots())
        .await
        .map_err(|error| format!("the books do not say whether slot {slot} is free ({error})"))?;
    match held.iter().find(|row| row.slot == Some(slot)) {
        Some(row) => Err(format!("batch {} is in slot {slot}", row.label)),
        None => Ok(()),
    }
}

fn silos_file(inner: &Inner, map: &RegisterMap) -> SilosFile {
    if inner.silos.is_empty() {
        return SilosFile::None;
    }
    match check_silos(&inner.silos, map) {
        Ok(()) => SilosFile::Right(place(
            inner.config_file.as_deref(),
            inner.silos_file.as_deref(),
        )),
        Err(error) => SilosFile::Wrong(error.to_string()),
    }
}

/// A file as people find it: the configuration itself, or one that it names beside it.
fn place(config_file: Option<&Path>, named: Option<&Path>) -> String {
    let Some(config_file) = config_file else {
        return "built in".to_owned();
    };
    let file = match named {
        None => config_file.to_path_buf(),
        Some(named) => config_file.parent().unwrap_or(Path::new("")).join(named),
    };
    file.display().to_string()
}

async fn note(inner: &Inner, actor: &str, action: &str, after: Value) -> Result<(), AppError> {
    let at_ms = inner.clock.now_ms();
    let entry = audit::of(actor, action, "plc", "", at_ms, &after);
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await
}
