//! The one live snapshot: what every screen shows of the running plant, at most twice a second.
//! Leaves out history and anything a person must ask for.

use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::ids::{BatchId, SiloNo, SlotNo};
use millrace_core::silo::Judgement;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use super::view::Quality;
use crate::error::AppError;
use crate::trail::standing::RecordFaultView;

/// State of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LinkStateView {
    /// Not configured, or its configuration is wrong.
    Off,
    /// Not yet spoken.
    Connecting,
    /// Answers.
    Good,
    /// Answers with losses, or with a warning.
    Degraded,
    /// Does not answer.
    Lost,
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LinkView {
    /// State.
    pub state: LinkStateView,
    /// Age of the last good answer.
    pub age_ms: Option<i64>,
    /// Since when it has been in this state.
    pub since_ms: i64,
    /// The cause in words, while not good.
    pub cause: Option<String>,
}

/// Whether the books can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BooksState {
    /// Yes.
    Good,
    /// The disk is full, and the room that was kept back is in use: nothing new begins.
    Reserve,
    /// The disk is full.
    Full,
    /// The disk does not take what it is given.
    DiskFault,
    /// The file is damaged.
    Damaged,
}

/// How much room the books' disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Not looked yet, or the system does not say.
    Unknown,
    /// Enough.
    Enough,
    /// 80 % are used.
    Low,
    /// 95 % are used, or less than 1 GiB is left.
    VeryLow,
}

/// The books and their disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BooksView {
    /// Whether they can be written to.
    pub state: BooksState,
    /// Since when it is not good, UTC milliseconds.
    pub since_ms: Option<i64>,
    /// Why not and what to do; English.
    pub cause: Option<String>,
    /// How much room is left.
    pub room: Room,
    /// The same in bytes.
    pub free_bytes: Option<i64>,
}

/// Messages on their way to the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct OutboxCounts {
    /// Waiting or being sent.
    pub waiting: i64,
    /// Sent without an answer.
    pub in_doubt: i64,
    /// Refused: a person must look.
    pub refused: i64,
    /// Age of the oldest that is not posted.
    pub oldest_ms: Option<i64>,
}

/// Where a dose stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DoseState {
    /// Not begun.
    Waiting,
    /// Material falls.
    Dosing,
    /// Finished.
    Done,
}

/// Planned against actual of one silo, live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiveLine {
    /// The silo.
    pub silo: SiloNo,
    /// Its label.
    pub label: String,
    /// Material.
    pub material: String,
    /// Plan.
    pub planned_g: i64,
    /// Lower limit.
    pub low_g: i64,
    /// Upper limit.
    pub high_g: i64,
    /// Last accepted actual.
    pub actual_g: Option<i64>,
    /// Where the dose stands.
    pub state: DoseState,
    /// Deviation, once done.
    pub deviation_bp: Option<i64>,
    /// Judgement, once done or past the upper limit.
    pub judgement: Option<Judgement>,
    /// Rate over the last seconds, while dosing.
    pub rate_g_s: Option<i64>,
}

/// A batch in the PLC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiveBatch {
    /// Its id.
    pub id: BatchId,
    /// `<order name>/<n>`.
    pub label: String,
    /// Product.
    pub product: String,
    /// Slot.
    pub slot: SlotNo,
    /// The one word.
    pub word: BatchWord,
    /// Run state.
    pub run: Run,
    /// Version, for commands.
    pub version: i64,
    /// Who signed.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at_ms: Option<i64>,
    /// When the download began.
    pub started_at_ms: i64,
    /// When it came into its present run state.
    pub since_ms: i64,
    /// Plan of the silos.
    pub planned_g: i64,
    /// Dosed so far.
    pub dosed_g: Option<i64>,
    /// Progress.
    pub progress_bp: Option<i64>,
    /// Where the plan would be now at the silos' usual rates.
    pub plan_now_bp: Option<i64>,
    /// Expected end.
    pub eta_ms: Option<i64>,
    /// Half width of the estimate.
    pub eta_spread_ms: Option<i64>,
    /// How far the values can be trusted.
    pub quality: Quality,
    /// Age of the last accepted block.
    pub age_ms: Option<i64>,
    /// Why the values are bad, in words: the refused block's reasons.
    pub trouble: Option<String>,
    /// Since when nothing has fallen, once that is told as an alarm, UTC milliseconds.
    pub stalled_since_ms: Option<i64>,
    /// A command on its way to the PLC: `pause`, `resume`, `stop`, and since when.
    pub pending: Option<PendingCommand>,
    /// One line a silo.
    pub lines: Vec<LiveLine>,
}

/// A command that the PLC has not yet confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PendingCommand {
    /// `pause`, `resume` or `stop`.
    pub command: String,
    /// When it was asked for.
    pub asked_at_ms: i64,
    /// When it was written and read back; `None` = not yet.
    pub sent_at_ms: Option<i64>,
}

/// A silo's level by our ledger, minus what falls right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiveSilo {
    /// The silo.
    pub silo: SiloNo,
    /// Level.
    pub level_g: Option<i64>,
    /// How far it can be trusted; a calculated level is `uncertain` while a dose runs blind.
    pub quality: Quality,
}

/// The snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiveView {
    /// Rises with every snapshot.
    pub seq: i64,
    /// The backend's clock.
    pub now_ms: i64,
    /// PLC link.
    pub plc: LinkView,
    /// The PLC answers, its program stands still: values are old, whatever the link says.
    pub plc_standing_still: bool,
    /// The PLC reports a CPU error that does not stop it.
    pub plc_maintenance: bool,
    /// Slots in which PLC and books differ and a person decides.
    pub slots_differ: i64,
    /// ERP link.
    pub erp: LinkView,
    /// The books, and the room that they have.
    pub books: BooksView,
    /// The record does not verify, since some check, until another one passes.
    pub record_fault: Option<RecordFaultView>,
    /// Messages for the ERP.
    pub outbox: OutboxCounts,
    /// The batch that doses, or the one closest to it.
    pub batch: Option<LiveBatch>,
    /// Other batches in the PLC.
    pub queued: Vec<LiveBatch>,
    /// Levels.
    pub silos: Vec<LiveSilo>,
    /// Batches that wait for a signature.
    pub pending_approvals: i64,
    /// Changes whenever something in the store changed that lists show; screens then ask again.
    pub revision: i64,
}

pub(super) async fn live_get(context: &Context, _: Nothing) -> Result<LiveView, AppError> {
    context.app.inner.publish().await;
    Ok(context.app.live().as_ref().clone())
}
