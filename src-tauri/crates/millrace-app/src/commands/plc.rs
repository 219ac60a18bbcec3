//! The PLC as an electrician and a supervisor see it: the link with its counts, what the map names,
//! and slot by slot what the PLC says, what we say, and what is proposed. Leaves out the rules
//! (`millrace_core::registers::truth`) and carrying a decision out (`crate::engine`).

use millrace_core::batch::run::Run;
use millrace_core::ids::{BatchId, SlotNo};
use millrace_core::registers::SlotFreeWhen;
use millrace_core::registers::handshake::{DownloadStep, FinishStep};
use millrace_core::registers::truth::Decision;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::live::{LinkStateView, LinkView};
use super::session::Nothing;
use crate::engine::live::plc_link;
use crate::error::AppError;
use crate::inner::Inner;

/// A setting or a fact of the connection, for people; keys are those of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcSetting {
    /// Key, such as `timeout_ms`.
    pub key: String,
    /// Value as text.
    pub value: String,
}

/// Counts of one connection since the program started. They only rise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcCounters {
    /// Frames sent, repetitions included.
    pub requests: u64,
    /// Frames without an answer in time.
    pub timeouts: u64,
    /// Reads sent again.
    pub retries: u64,
    /// Requests refused because too many were waiting.
    pub overruns: u64,
    /// Frames of somebody else, dropped.
    pub foreign: u64,
    /// Answers to earlier requests, dropped.
    pub late: u64,
    /// Answers of the wrong length, dropped.
    pub wrong_length: u64,
    /// Answers with the mark of a CPU error that does not stop it.
    pub cpu_warnings: u64,
    /// Answers with the mark of a CPU that has stopped on an error.
    pub cpu_fatals: u64,
    /// Answers with the mark of a relay error.
    pub relay_errors: u64,
}

/// How the program of the PLC runs, by the words that the map names for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcProgram {
    /// Heartbeat, last read.
    pub heartbeat: Option<u16>,
    /// How long the heartbeat has stood still.
    pub heartbeat_age_ms: Option<i64>,
    /// True when it has stood still for too long: the PLC answers, its program does not run.
    pub is_standing_still: bool,
    /// Boot counter, last read.
    pub boot_counter: Option<u16>,
    /// When the last restart of the PLC was noticed, UTC milliseconds.
    pub restarted_at_ms: Option<i64>,
}

/// What the PLC shows in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SlotShows {
    /// Not looked at yet.
    Unseen,
    /// Empty, and the flag lets us write.
    Free,
    /// Empty, and the flag is 0: the PLC is to take what stands there, or was never started.
    NotReady,
    /// Our order, being worked on.
    Running,
    /// Our order, finished.
    Final,
    /// A result that is stored already.
    FinalStored,
    /// Another order.
    Other,
    /// A block that breaks a rule.
    Refused,
}

/// How PLC and books stand to each other in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SlotStanding {
    /// They agree.
    Agrees,
    /// One waits for the other, as it should.
    Waits,
    /// They differ harmlessly; it heals by itself and is journalled.
    Heals,
    /// They differ, and a person decides.
    Differs,
    /// Nobody knows: not seen yet, or the link is lost.
    Unknown,
}

/// What we say about a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotBatch {
    /// The batch.
    pub id: BatchId,
    /// Its label.
    pub label: String,
    /// Its version, for the decision.
    pub version: i64,
    /// Content hash of its recipe, which a decision is signed over.
    pub content_hash: String,
    /// Run state.
    pub run: Run,
    /// How far the download has come.
    pub download_step: Option<DownloadStep>,
    /// How far the finish has come.
    pub finish_step: Option<FinishStep>,
    /// The number of this download, where the map has a word for it.
    pub download_id: Option<u16>,
    /// Since when the PLC is waited for, UTC milliseconds.
    pub waiting_since_ms: Option<i64>,
}

/// One slot: what the PLC says, what we say, what is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotTruth {
    /// The slot.
    pub slot: SlotNo,
    /// How they stand to each other.
    pub standing: SlotStanding,
    /// What the PLC shows.
    pub shows: SlotShows,
    /// The order's name as the PLC has it; empty when there is none.
    pub order_name: String,
    /// The handshake flag in the write area: true = 1.
    pub flag: Option<bool>,
    /// The acknowledgement in the read area: true = 1.
    pub ack: Option<bool>,
    /// The download id that the PLC echoes.
    pub download_id: Option<u16>,
    /// Age of this look.
    pub age_ms: Option<i64>,
    /// What we say; `None` = no batch of ours.
    pub batch: Option<SlotBatch>,
    /// What is the matter, as a sentence with addresses where a block was refused.
    pub trouble: Option<String>,
    /// The decision that is proposed.
    pub proposal: Option<Decision>,
    /// Every decision that may be taken, the proposed one first.
    pub choices: Vec<Decision>,
    /// A decision that was taken and is being carried out.
    pub pending: Option<Decision>,
}

/// The register map in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcMap {
    /// Its plant.
    pub plant: String,
    /// Its version.
    pub version: u32,
    /// Slots.
    pub slots: u16,
    /// Which flag says that a slot may be written: `per_slot` or `queue_head`.
    pub ready_rule: String,
    /// When a finished slot is free: `ack_cleared` or `taken_by_next`.
    pub slot_free_when: String,
    /// Two downloads can be told apart by a word; else the compare stands alone.
    pub has_download_id: bool,
    /// Pause and stop can be sent.
    pub has_command_word: bool,
    /// A sentence for each word that the map does not name, and what is not possible without it.
    pub missing: Vec<String>,
}

/// Everything about the PLC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcView {
    /// The backend's clock.
    pub now_ms: i64,
    /// What it is connected to, for people; empty when no PLC is configured.
    pub description: String,
    /// The link.
    pub link: LinkView,
    /// The PLC reports a CPU error that does not stop it: maintenance.
    pub cpu_warning: bool,
    /// The PLC reports a relay error.
    pub relay_error: bool,
    /// Counts.
    pub counters: PlcCounters,
    /// Settings in force.
    pub settings: Vec<PlcSetting>,
    /// The map.
    pub map: Option<PlcMap>,
    /// How its program runs; `None` when the map names no word for it.
    pub program: Option<PlcProgram>,
    /// No flag is set and no slot names an order: the PLC program was never started.
    pub never_started: bool,
    /// Slots.
    pub slots: Vec<SlotTruth>,
}

/// Decide about a slot. Signed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlcSlotDecide {
    /// The slot.
    pub slot: SlotNo,
    /// The batch the person saw in it; `None` = none of ours.
    pub batch: Option<BatchId>,
    /// That batch's version as the person saw it; `None` = no batch.
    pub version: Option<i64>,
    /// The decision.
    pub decision: Decision,
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
}

/// Set every flag to 1 in a PLC that was never started. Signed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlcFlagsSet {
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
}

/// How long the look at an idle slot may be old before nobody knows what it shows, beside one turn
/// over all slots.
const LOOK_GRACE_MS: i64 = 10_000;

pub(super) async fn plc_get(context: &Context, _: Nothing) -> Result<PlcView, AppError> {
    let inner = &context.app.inner;
    let raw = inner.plc_link();
    let counters = raw.as_ref().map(|link| link.counters).unwrap_or_default();
    let seen = counters.noticed;
    let link = plc_link(inner, raw.as_ref());
    let is_known = matches!(link.state, LinkStateView::Good | LinkStateView::Degraded);
    Ok(PlcView {
        now_ms: inner.clock.now_ms(),
        description: inner
            .plc
            .as_ref()
            .map_or_else(String::new, |plc| plc.describe().to_owned()),
        cpu_warning: raw.as_ref().is_some_and(|link| link.cpu_warning),
        relay_error: raw.as_ref().is_some_and(|link| link.relay_error),
        counters: PlcCounters {
            requests: counters.requests,
            timeouts: counters.timeouts,
            retries: counters.retries,
            overruns: counters.overruns,
            foreign: seen.foreign,
            late: seen.late,
            wrong_length: seen.wrong_length,
            cpu_warnings: seen.cpu_warnings,
            cpu_fatals: seen.cpu_fatals,
            relay_errors: seen.relay_errors,
        },
        settings: super::plc_facts::settings(inner),
        map: super::plc_facts::map(inner),
        program: program(inner),
        never_started: is_known && never_started(inner),
        slots: slots(inner, is_known),
        link,
    })
}

pub(super) fn never_started(inner: &Inner) -> bool {
    inner
        .map
        .as_ref()
        .is_some_and(|map| inner.image().never_started(usize::from(map.slot_count())))
}

fn program(inner: &Inner) -> Option<PlcProgram> {
    let mono_ms = inner.clock.mono_ms();
    let seen = inner.image().program.clone()?;
    Some(PlcProgram {
        heartbeat: seen.words.heartbeat,
        heartbeat_age_ms: seen
            .words
            .heartbeat
            .map(|_| (mono_ms - seen.beat_mono_ms).max(0)),
        is_standing_still: seen.is_standing_still,
        boot_counter: seen.words.boot_counter,
        restarted_at_ms: seen.restarted_at_ms,
    })
}

fn slots(inner: &Inner, is_known: bool) -> Vec<SlotTruth> {
    let Some(map) = &inner.map else {
        return Vec::new();
    };
    let (now_ms, mono_ms) = (inner.clock.now_ms(), inner.clock.mono_ms());
    let next_takes = map.rules().slot_free_when == SlotFreeWhen::TakenByNext;
    let old_ms = inner.poll_idle_ms() * i64::from(map.slot_count()) * 3 + LOOK_GRACE_MS;
    let image = inner.image();
    map.slots()
        .map(|slot| {
            let look = image.slots.get(&slot);
            let batch = image.batch_in(slot);
            let age_ms = look.map(|look| (mono_ms - look.at_mono_ms).max(0));
            let is_fresh = is_known && age_ms.is_some_and(|age| age <= old_ms);
            let shows = look.map_or(SlotShows::Unseen, |look| look.shows);
            let row = batch.map(|batch| &batch.row);
            let choices: Vec<Decision> = match row {
                Some(row) => row
                    .doubt
                    .map(|doubt| doubt.choices(row.download_step, row.finish_step).to_vec())
                    .unwrap_or_default(),
                None if shows == SlotShows::NotReady => vec![Decision::MakeReady],
                None => Vec::new(),
            };
            let standing = match (row, shows) {
                (_, _) if !is_fresh => SlotStanding::Unknown,
                (Some(row), _) if row.doubt.is_some() => SlotStanding::Differs,
                (Some(row), _) => standing_of(row.download_step, row.finish_step),
                (None, SlotShows::Free) => SlotStanding::Agrees,
                (None, SlotShows::FinalStored) if next_takes => SlotStanding::Agrees,
                (None, SlotShows::FinalStored) => SlotStanding::Waits,
                (None, SlotShows::Unseen) => SlotStanding::Unknown,
                (
                    None,
                    SlotShows::NotReady
                    | SlotShows::Running
                    | SlotShows::Final
                    | SlotShows::Other
                    | SlotShows::Refused,
                ) => SlotStanding::Differs,
            };
            SlotTruth {
                slot,
                standing,
                shows,
                order_name: look.map_or_else(String::new, |look| look.order_name.clone()),
                flag: look.and_then(|look| look.flag),
                ack: look.map(|look| look.ack),
                download_id: look.and_then(|look| look.download_id),
                age_ms,
                batch: batch.map(|batch| SlotBatch {
                    id: batch.row.id,
                    label: batch.row.label.clone(),
                    version: batch.row.version,
                    content_hash: batch.row.content_hash.clone(),
                    run: batch.row.run,
                    download_step: batch.row.download_step,
                    finish_step: batch.row.finish_step,
                    download_id: batch.row.download_id,
                    waiting_since_ms: batch
                        .waiting_mono_ms
                        .map(|since| now_ms - (mono_ms - since)),
                }),
                trouble: row
                    .and_then(|row| row.trouble.clone())
                    .or_else(|| look.and_then(|look| look.refusal.clone())),
                proposal: choices.first().copied(),
                choices,
                pending: row.and_then(|row| row.decision()),
            }
        })
        .collect()
}

/// How a slot stands in which nothing is in doubt.
fn standing_of(download: Option<DownloadStep>, finish: Option<FinishStep>) -> SlotStanding {
    match (download, finish) {
        // The acknowledgement is still to be written or read back; that needs nobody.
        (_, Some(FinishStep::Stored)) => SlotStanding::Heals,
        (_, Some(FinishStep::Acked)) => SlotStanding::Waits,
        (Some(DownloadStep::Taken), Some(FinishStep::Running | FinishStep::Freed) | None) => {
            SlotStanding::Agrees
        }
        (
            Some(
                DownloadStep::Prepared
                | DownloadStep::Written
                | DownloadStep::Verified
                | DownloadStep::Offered,
            )
            | None,
            Some(FinishStep::Running | FinishStep::Freed) | None,
        ) => SlotStanding::Waits,
    }
}
