//! What leaves the backend: views shared by several commands. Times are UTC milliseconds, mass is
//! whole grams (`_g`), shares are basis points (`_bp`). Leaves out texts: codes and parameters only.

use millrace_core::batch::posting::Posting;
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::erp_lot::LotNote;
use millrace_core::ids::{BatchId, SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::silo::Judgement;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

use super::deviation::DeviationView;
use super::order_decide::OrderDifferenceView;
use super::signature::SignatureView;

/// How far a value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Fresh, from an accepted block.
    Good,
    /// Derived or of doubtful origin (ledger level, link degraded).
    Uncertain,
    /// Good when it came, but too old to be believed.
    Stale,
    /// Not to be believed: the block was refused or the PLC is in error.
    Bad,
}

/// A batch in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BatchRowView {
    /// Its id.
    pub id: BatchId,
    /// `<order name>/<n>`.
    pub label: String,
    /// The order's name in the ERP.
    pub order_name: String,
    /// Finished product.
    pub product: String,
    /// The one word.
    pub word: BatchWord,
    /// Release state.
    pub release: Release,
    /// Run state.
    pub run: Run,
    /// Posting state.
    pub posting: Posting,
    /// True while a fault holds the run.
    pub held: bool,
    /// Rises with every change; sent back with a command, so that nobody overwrites unseen.
    pub version: i64,
    /// What a signature covers.
    pub content_hash: String,
    /// Planned mass, silos and manual lines.
    pub planned_g: i64,
    /// Dosed so far or in the end (silos and weighed manual lines), once anything fell.
    pub actual_g: Option<i64>,
    /// Deviation of the silo total from its plan, once final.
    pub deviation_bp: Option<i64>,
    /// Planned start as the ERP has it.
    pub due_ms: Option<i64>,
    /// When it came in.
    pub created_at_ms: i64,
    /// When it was signed.
    pub approved_at_ms: Option<i64>,
    /// Who signed.
    pub approved_by: Option<String>,
    /// When the download began.
    pub started_at_ms: Option<i64>,
    /// When the result was stored.
    pub ended_at_ms: Option<i64>,
    /// The PLC slot, while it has one.
    pub slot: Option<SlotNo>,
    /// Silos that do not hold enough for it; empty = feasible.
    pub shortages: Vec<ShortageView>,
    /// True while its order differs in the ERP and nobody has decided about it.
    pub order_differs: bool,
}

/// A silo that lacks material for a batch. Warns, does not block (`decisions.md` 18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShortageView {
    /// The silo.
    pub silo: SiloNo,
    /// Its label.
    pub label: String,
    /// Needed.
    pub need_g: i64,
    /// By our ledger.
    pub have_g: i64,
}

/// A batch with everything about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BatchView {
    /// The list row.
    pub row: BatchRowView,
    /// Line on which it is made.
    pub line: String,
    /// One line a silo.
    pub lines: Vec<BatchLineView>,
    /// Lines weighed by hand.
    pub manual_lines: Vec<ManualLineView>,
    /// Lines that ended outside their tolerance, in the order of the recipe.
    pub deviations: Vec<DeviationView>,
    /// Signatures, oldest first.
    pub signatures: Vec<SignatureView>,
    /// The download, step by step.
    pub steps: Vec<DownloadStepView>,
    /// Journal of this batch, newest first.
    pub events: Vec<JournalView>,
    /// Consumption on its way to the ERP.
    pub posting: PostingView,
    /// What may be done now, by whom, and why not.
    pub actions: Vec<ActionView>,
    /// Finished weight as the plant reports it; `None` = the plant reports none.
    pub finished_g: Option<i64>,
    /// How its order differs in the ERP, while nobody has decided about it.
    pub order_difference: Option<OrderDifferenceView>,
    /// What a person must still do about lots in the ERP before its consumption can be booked. Holds
    /// nothing back.
    pub lot_notes: Vec<LotNote>,
    /// Texts that the PLC carries only in part (16 characters), as it will show them.
    pub plc_texts: Vec<PlcTextView>,
}

/// A text and what is left of it in the PLC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlcTextView {
    /// As we have it.
    pub full: String,
    /// As the PLC will carry it.
    pub in_plc: String,
}

/// Planned against actual for one silo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BatchLineView {
    /// The silo.
    pub silo: SiloNo,
    /// Its label: `A`, `LQ114`.
    pub label: String,
    /// Material.
    pub material: String,
    /// Plan.
    pub planned_g: i64,
    /// Lower limit.
    pub low_g: i64,
    /// Upper limit.
    pub high_g: i64,
    /// Actual, once known.
    pub actual_g: Option<i64>,
    /// Deviation from the plan once the line is final.
    pub deviation_bp: Option<i64>,
    /// Judgement once the line is final.
    pub judgement: Option<Judgement>,
    /// What the silo holds by our ledger, before this batch.
    pub have_g: Option<i64>,
}

/// A line without a silo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ManualLineView {
    /// Its number in the batch, from 1.
    pub line_no: i64,
    /// Material.
    pub material: String,
    /// Plan.
    pub planned_g: i64,
    /// Weighed.
    pub actual_g: Option<i64>,
    /// Who weighed.
    pub entered_by: Option<String>,
    /// When.
    pub entered_at_ms: Option<i64>,
}

/// What a signature means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SignatureMeaning {
    /// May be made.
    Approve,
    /// Shall not be made.
    Reject,
    /// An approval is withdrawn.
    Revoke,
    /// Stop the running batch.
    Stop,
    /// Take it out for good.
    Cancel,
    /// Weighed by hand.
    ManualEntry,
    /// A refused posting is closed without the ERP.
    Waive,
    /// A message for the ERP was booked there by a person.
    ByHand,
    /// A first signature: another person shall close the message without the ERP.
    WaiveAsked,
    /// A first signature: another person shall close the message as booked by hand.
    ByHandAsked,
    /// Whoever asked takes the request back.
    AskWithdrawn,
    /// Another person does not sign what was asked for.
    AskDeclined,
    /// The line was looked at, the batch goes on.
    GoOn,
    /// The recipe is taken out of its slot again.
    Withdraw,
    /// The order in the PLC is followed although it was not offered.
    Adopt,
    /// A result that somebody else acknowledged is stored.
    StoreResult,
    /// The batch is closed with the last values that were believed.
    CloseWithLast,
    /// The slot is left to the PLC.
    LetGo,
    /// Replaced by batches with the ERP's new content.
    Replace,
    /// Made as it was accepted, although the ERP differs.
    KeepOrder,
    /// The stock of a silo was counted.
    StockCorrect,
    /// A line outside its tolerance may stand.
    DeviationAccept,
    /// A setting was changed.
    SettingSet,
    /// Another configuration file took the place of this one.
    SettingsImport,
    /// An empty slot is made ready.
    MakeReady,
    /// Every flag of a PLC that was never started is set.
    SetFlags,
    /// A meaning that this version does not know.
    Unknown,
}

/// One step of the download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DownloadStepName {
    /// Encoded, slot chosen.
    Prepared,
    /// Words written.
    Written,
    /// Read back and equal.
    Verified,
    /// Handshake word set.
    Offered,
    /// Taken by the PLC.
    Taken,
}

/// A step and when it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DownloadStepView {
    /// The step.
    pub step: DownloadStepName,
    /// When; `None` = not yet.
    pub at_ms: Option<i64>,
}

/// One row of the process journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JournalView {
    /// Position in the journal.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Which batch, if any.
    pub batch_id: Option<BatchId>,
    /// Its label.
    pub batch_label: Option<String>,
    /// What happened.
    pub kind: JournalKind,
    /// Parameters by name; masses as text of whole grams under names ending in `_g`.
    pub params: BTreeMap<String, String>,
}

/// The posting of one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PostingView {
    /// State.
    pub state: Posting,
    /// Attempts so far.
    pub attempts: i64,
    /// Next attempt, while waiting.
    pub next_at_ms: Option<i64>,
    /// When the ERP's books were last read equal to ours.
    pub confirmed_at_ms: Option<i64>,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
    /// What the ERP held at the last read-back, beside ours.
    pub read_back: Vec<ReadBackLineView>,
    /// Finished weight the ERP held at the last read-back.
    pub erp_finished_g: Option<i64>,
    /// Finished weight of ours that was posted (running total of the order).
    pub our_finished_g: Option<i64>,
}

/// One line of a read-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadBackLineView {
    /// Equipment code.
    pub erp_code: String,
    /// Ours, total of the order.
    pub ours_g: i64,
    /// The ERP's.
    pub erp_g: i64,
    /// True when the ERP cuts its answer at the BoM quantity, so that its receipt is the proof.
    pub is_cut: bool,
}

/// Why an action is not possible right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum WhyNot {
    /// The session's role lacks the right.
    NeedsRight {
        /// Least role that has it.
        role: String,
    },
    /// The session is locked, or was not used for a while: unlock it first.
    SessionLow,
    /// The state machine does not allow it.
    WrongState,
    /// The PLC link is not good.
    PlcOffline,
    /// No slot is free.
    NoFreeSlot,
    /// The line already has a batch in the PLC's queue up to its limit, or this order's other batch.
    OrderInPlc,
    /// The map names no command word (`decisions.md` 9).
    NoCommandWord,
    /// A request is under way.
    Pending,
    /// The PLC's register map could not be loaded.
    NoRegisterMap,
    /// The order is not in the ERP as it was accepted, and nobody has decided about it.
    OrderDiffers,
    /// Who started the batch does not accept its deviations.
    OwnBatch,
    /// The person asked for this batch: somebody else must approve it.
    OwnRequest,
}

/// A command on a batch, possible or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActionView {
    /// The command's name in the table.
    pub command: String,
    /// Whether it may be sent now.
    pub allowed: bool,
    /// Why not.
    pub why_not: Option<WhyNot>,
}
