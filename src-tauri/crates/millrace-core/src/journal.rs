//! The process journal's vocabulary: a closed list of kinds; the UI turns kind and parameters into
//! a sentence in the reader's language. Leaves out people's acts as evidence: that is [`crate::audit`].

use serde::{Deserialize, Serialize};

/// What happened. Parameters that go with each kind are named in its doc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum JournalKind {
    /// A batch was made from an order. `order`.
    BatchCreated,
    /// Signed by `person`.
    BatchApproved,
    /// Rejected by `person`, `reason`.
    BatchRejected,
    /// Approval withdrawn by `person`, `reason`.
    BatchRevoked,
    /// Cancelled by `person`, `reason`.
    BatchCancelled,
    /// The recipe was encoded for `slot`.
    DownloadPrepared,
    /// The recipe's words stand in `slot`.
    DownloadWritten,
    /// They were read back and are equal.
    DownloadVerified,
    /// The handshake word of `slot` was set to 0.
    DownloadOffered,
    /// The PLC took the recipe from `slot`.
    DownloadTaken,
    /// The download to `slot` was given up before the offer, `reason`.
    DownloadAborted,
    /// First material fell.
    BatchRunning,
    /// `silo` began to dose, `planned_g`.
    SiloStarted,
    /// `silo` is done: `actual_g`, `deviation_g`.
    SiloFinished,
    /// `person` asked for a pause, `reason`.
    PauseRequested,
    /// The PLC confirmed the pause.
    BatchPaused,
    /// `person` asked to go on.
    ResumeRequested,
    /// The PLC confirmed that it goes on.
    BatchResumed,
    /// `person` asked for a stop, `reason`.
    StopRequested,
    /// The PLC stopped; `actual_g` was dosed. `reason` when it was closed with the last believed values.
    BatchStopped,
    /// The final block was accepted: `actual_g`, `finished_g` where the plant reports it.
    BatchCompleted,
    /// The plant reported a failure.
    BatchFailed,
    /// A block of `slot` was refused, `reason`. Nothing was changed.
    BlockRefused,
    /// The blocks of `slot` are good again.
    BlockHealed,
    /// The run is held by a fault, `reason`.
    BatchHeld,
    /// The hold has ended.
    BatchUnheld,
    /// The stored result of `slot` was acknowledged to the PLC.
    AckWritten,
    /// `slot` is free again.
    SlotFreed,
    /// A manual line was weighed by `person`: `material`, `actual_g`.
    ManualEntered,
    /// `person` wrote a note: `text`.
    BatchNote,
    /// The consumption waits for the ERP.
    PostingQueued,
    /// The ERP holds the consumption; read back equal.
    PostingPosted,
    /// No answer came; the ERP is read before anything is repeated. `reason`.
    PostingInDoubt,
    /// The ERP refused, a person must look. `reason`.
    PostingRefused,
    /// A refused message was closed without the ERP, `reason`.
    PostingWaived,
    /// A person booked the message in the ERP and signed it, `reason`.
    PostingByHand,
    /// `person` signed first that `message` be closed without the ERP's word, `reason`; another must sign.
    PostingCloseAsked,
    /// `person` ended that request about `message`, `reason`.
    PostingAskEnded,
    /// The ERP closed the order: by us, or a person had done it before. `order`.
    OrderMarkedDone,
    /// `person` decided about `slot`: `decision`, `reason`.
    SlotDecided,
    /// A decision about `slot` was carried out: `decision`; or not: `reason`.
    SlotSettled,
    /// The recipe was taken out of `slot` again; the batch is approved as before.
    DownloadWithdrawn,
    /// PLC and books agreed again about `slot` after a restart of the PLC, without anybody.
    SlotHealed,
    /// `person` had the flags of a new PLC set, `reason`.
    FlagsSet,
    /// The PLC started anew: `boot_counter` where the map has one.
    PlcRebooted,
    /// The PLC answers, but its program stands still.
    PlcProgramStopped,
    /// The PLC's program runs again.
    PlcProgramBack,
    /// The PLC reports a CPU error that does not stop it.
    PlcMaintenance,
    /// No material has fallen for a long time, `since_s` seconds.
    BatchStalled,
    /// Material falls again.
    BatchMoving,
    /// The PLC reported that equipment `code` failed: `info`. `reason` when its date could not be used.
    EquipmentFailureStored,
    /// The PLC reported a manual weighing: `order`, `product`, `actual_g`. `reason` when no line of
    /// ours takes it and a person must look.
    ManualWeighingStored,
    /// The words of `area` (`equipment_failure`, `manual_weighing`) are not believed, `reason`.
    AreaRefused,
    /// The words of `area` are good again.
    AreaHealed,
    /// The PLC link is lost, `reason`.
    PlcLost,
    /// The PLC link is good again.
    PlcBack,
    /// The ERP cannot be reached, `reason`.
    ErpLost,
    /// The ERP answers again.
    ErpBack,
    /// Another guarantee keeps messages from being booked twice: `guarantee` (`unique_key`, `read_back`),
    /// `version` of the addon where there is one.
    GuaranteeChanged,
    /// Orders were fetched: `new`, `refused`, `known`.
    OrdersImported,
    /// The ERP shows `order` otherwise than it was accepted: `difference`.
    OrderDiffers,
    /// The ERP shows `order` as it was accepted again.
    OrderAgrees,
    /// `person` decided about the difference of `order`: `choice`, `reason`.
    OrderDecided,
    /// `person` counted `silo`: `before_g` by the ledger (not there = never known), `level_g` now, `reason`.
    StockCorrected,
    /// `person` accepted that `line` lies outside its tolerance: `planned_g`, `actual_g`, `reason`.
    DeviationAccepted,
    /// `person` took the workstation over from `from`, `reason` = the note.
    HandedOver,
    /// The books were put back from the backup `file`.
    BooksRestored,
    /// A backup was not made, `reason`.
    BackupFailed,
    /// A backup could not be put back when that was tried, `reason`.
    RestoreTestFailed,
    /// The books can be written to again; for a time they could not, `reason`.
    BooksWritable,
}
