//! Who writes a slot's words when: two tables that take the step we have stored and what the PLC
//! shows, and say the one next action. They hold no memory of their own, so the same table goes on
//! after a crash at any point. Leaves out sending, storing, deadlines and repeating an alarm.
//!
//! # Download
//! *guard* is the flag that guards the slot ([`RegisterMap::guard_addr`]). *echo* is what the read
//! area of the slot shows. *free* = empty, or under `taken_by_next` an old stored batch.
//!
//! | stored step | guard | words | echo | action |
//! |---|---|---|---|---|
//! | any but Taken | | | another order | person: `SlotHoldsOther` |
//! | Prepared, Written | | | ours | person: `AlreadyInPlc` (never offered, yet there) |
//! | Prepared | | | old batch, `ack_cleared` | wait: `SlotFreed` |
//! | Prepared | 0 | | free | wait: `PlcReady` |
//! | Prepared | 1 | differ | free | `WriteBlock` |
//! | Prepared | 1 | match | free | commit Verified |
//! | Written | 0 | | not ours | person: `OfferedByOther` |
//! | Written | 1 | differ | not ours | person: `ReadBackDiffers` |
//! | Written | 1 | match | not ours | commit Verified |
//! | Verified | 0 | | ours | commit Offered (being taken) |
//! | Verified, Offered | 1 | | ours | commit Taken |
//! | Verified | 0 or 1 | differ | not ours | person: `ReadBackDiffers` |
//! | Verified | 0 | match | not ours | commit Offered |
//! | Verified | 1 | match | not ours | `WriteFlag` |
//! | Offered | 0 | | ours | wait: `PlcTakes` |
//! | Offered | 0 | differ | not ours | person: `ReadBackDiffers` |
//! | Offered | 0 | match | not ours | wait: `PlcTakes` |
//! | Offered | 1 | | not ours | wait: `Echo` |
//! | Taken | | | | done |
//!
//! A write that timed out leaves the step where it was; the next look decides. Written is stored
//! only after the PLC *answered* the block write, so words that differ then are somebody's doing.
//! Under `queue_head` one download runs at a time, because all slots share one guard.
//!
//! # Finish
//! | stored step | slot shows | ack | action |
//! |---|---|---|---|
//! | any but Freed | refused block | | wait: `BlockRefused` (alarm; changes nothing) |
//! | Running | ours, running | | wait: `Dosing` |
//! | Running | ours, final | 0 | read once: wait `SecondReading`; twice equal: `Store` |
//! | Running | ours, final | 1 | person: `AckedByOther` |
//! | Running | final, stored before | | person: `StoredBefore` |
//! | Running | empty | | person: `SlotEmptied` |
//! | Running, Stored | other order | | person: `OtherOrder` |
//! | Stored | as stored | 0 | `WriteAck` |
//! | Stored | as stored, or empty | 1 | commit Acked |
//! | Stored | empty | 0 | commit Freed (the ack arrived, our note of it did not) |
//! | Stored | ours, running | | person: `RunsAgain` |
//! | Stored | ours, final, other content | | person: `FinalChanged` |
//! | Acked, `ack_cleared` | as stored, or empty | 1 | wait: `PlcClears` |
//! | Acked, `ack_cleared` | as stored, or empty | 0 | commit Freed |
//! | Acked, `ack_cleared` | ours, running | | person: `RunsAgain` |
//! | Acked, `ack_cleared` | other order | | person: `OtherOrder` |
//! | Acked | ours, final, other content | | person: `FinalChanged` |
//! | Acked, `taken_by_next` | as stored, empty, running, other order | | commit Freed |
//! | Freed | | | done |
//!
//! [`RegisterMap::guard_addr`]: super::RegisterMap::guard_addr

use serde::{Deserialize, Serialize};

use super::map::{ReadyRule, Rules, SlotFreeWhen};

/// How far a download has come, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum DownloadStep {
    /// Checked and stored; no word is known to be in the PLC.
    Prepared,
    /// The PLC has answered the block write; the words are not compared yet.
    Written,
    /// The words were read back and compared, the flag may be written.
    Verified,
    /// The flag was read back as 0: the PLC may take the order.
    Offered,
    /// The PLC has the order.
    Taken,
}

/// What the read area shows in the slot of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Echo {
    /// An empty slot.
    None,
    /// Slot number and name of the order that is being downloaded.
    Ours,
    /// The final block of an earlier batch that is stored and acknowledged (same content hash).
    /// It goes before [`Echo::Ours`], as an earlier batch of the same order has the same name.
    Stored,
    /// Anything else, a refused block included.
    Other,
}

/// One look at the PLC during a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadObs {
    /// The slot's own flag in the write area.
    pub flag: bool,
    /// The first slot's flag; counts under [`ReadyRule::QueueHead`].
    pub head_flag: bool,
    /// All words of the write area but the flag equal the ones we encoded.
    pub write_matches: bool,
    /// What the read area shows.
    pub echo: Echo,
}

impl DownloadObs {
    /// The flag that guards the slot under these rules: true = the PLC is not looking.
    #[must_use]
    pub fn guard(&self, rules: &Rules) -> bool {
        match rules.ready_rule {
            ReadyRule::PerSlot => self.flag,
            ReadyRule::QueueHead => self.head_flag,
        }
    }
}

/// What to do next for a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadAction {
    /// Write all words but the flag in one frame; on the PLC's answer store `Written`.
    WriteBlock,
    /// Write 0 to the guarding flag, alone; then look again.
    WriteFlag,
    /// Store this step.
    Commit(DownloadStep),
    /// Nothing to do but look again. The caller limits how long.
    Wait(DownloadWait),
    /// PLC and store disagree: show both, change nothing.
    NeedsPerson(DownloadTrouble),
    /// The download is complete.
    Done,
}

/// What a download waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadWait {
    /// The PLC sets the flag to 1: slot not ready.
    PlcReady,
    /// The PLC clears the earlier batch.
    SlotFreed,
    /// The PLC takes the offered order.
    PlcTakes,
    /// The flag is back, the read area does not show the order yet.
    Echo,
}

/// Why a download needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownloadTrouble {
    /// The slot holds another order.
    SlotHoldsOther,
    /// The PLC has an order of this name although we never offered it.
    AlreadyInPlc,
    /// The flag was cleared, and not by us.
    OfferedByOther,
    /// The words are not the ones the PLC answered for or we compared.
    ReadBackDiffers,
}

/// How far a batch has come after the PLC took it, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum FinishStep {
    /// In the PLC, no final values stored.
    Running,
    /// Final values stored and their posting queued, in one transaction.
    Stored,
    /// The acknowledgement was read back as 1.
    Acked,
    /// The slot is free.
    Freed,
}

/// What the read area shows in the slot of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// An empty slot.
    Empty,
    /// Our order, accepted, not finished.
    Running,
    /// Our order, accepted, finished; its content is not the one stored for this batch.
    Final,
    /// Finished with exactly the content stored for this batch.
    FinalStored,
    /// A good block of another order.
    Other,
    /// A block that breaks a rule.
    Refused,
}

/// One look at the PLC for a batch it has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishObs {
    /// The slot's acknowledgement word.
    pub ack: bool,
    /// What the slot shows.
    pub seen: Seen,
    /// Two readings in a row gave the same words.
    pub read_twice: bool,
}

/// What to do next for a batch the PLC has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishAction {
    /// Store the final values, queue their posting and store `Stored`, in one transaction.
    Store,
    /// Write 1 to the acknowledgement word, then look again.
    WriteAck,
    /// Store this step.
    Commit(FinishStep),
    /// Nothing to do but look again.
    Wait(FinishWait),
    /// PLC and store disagree: show both, change nothing.
    NeedsPerson(FinishTrouble),
    /// The slot is free.
    Done,
}

/// What a taken batch waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishWait {
    /// The batch is being dosed.
    Dosing,
    /// The final block must be read a second time.
    SecondReading,
    /// The block is refused: an alarm with the reasons; a later good block goes on.
    BlockRefused,
    /// The PLC clears the acknowledgement.
    PlcClears,
}

/// Why a taken batch needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishTrouble {
    /// The PLC shows an empty slot where our batch was running.
    SlotEmptied,
    /// The PLC shows another order.
    OtherOrder,
    /// The acknowledgement is set and we never stored the batch.
    AckedByOther,
    /// The content is stored although the batch counts as running.
    StoredBefore,
    /// A finished batch runs again.
    RunsAgain,
    /// A stored final block has changed.
    FinalChanged,
}

/// The download table.
#[must_use]
pub fn download(step: DownloadStep, obs: &DownloadObs, rules: &Rules) -> DownloadAction {
    use DownloadAction::{Commit, Done, NeedsPerson, Wait, WriteBlock, WriteFlag};
    use DownloadStep::{Offered, Prepared, Taken, Verified, Written};
    let guard = obs.guard(rules);
    match (step, obs.echo) {
        (Taken, _) => Done,
        (Prepared | Written | Verified | Offered, Echo::Other) => {
            NeedsPerson(DownloadTrouble::SlotHoldsOther)
        }
        (Prepared | Written, Echo::Ours) => NeedsPerson(DownloadTrouble::AlreadyInPlc),
        (Prepared, Echo::Stored) if rules.slot_free_when == SlotFreeWhen::AckCleared => {
            Wait(DownloadWait::SlotFreed)
        }
        (Prepared, Echo::None | Echo::Stored) => match (guard, obs.write_matches) {
            (false, _) => Wait(DownloadWait::PlcReady),
            (true, false) => WriteBlock,
            (true, true) => Commit(Verified),
        },
        (Written, Echo::None | Echo::Stored) => match (guard, obs.write_matches) {
            (false, _) => NeedsPerson(DownloadTrouble::OfferedByOther),
            (true, false) => NeedsPerson(DownloadTrouble::ReadBackDiffers),
            (true, true) => Commit(Verified),
        },
        (Verified | Offered, Echo::Ours) if guard => Commit(Taken),
        (Verified, Echo::Ours) => Commit(Offered),
        (Offered, Echo::Ours) => Wait(DownloadWait::PlcTakes),
        (Verified, Echo::None | Echo::Stored) => match (guard, obs.write_matches) {
            (_, false) => NeedsPerson(DownloadTrouble::ReadBackDiffers),
            (false, true) => Commit(Offered),
            (true, true) => WriteFlag,
        },
        (Offered, Echo::None | Echo::Stored) => match (guard, obs.write_matches) {
            (true, _) => Wait(DownloadWait::Echo),
            (false, false) => NeedsPerson(DownloadTrouble::ReadBackDiffers),
            (false, true) => Wait(DownloadWait::PlcTakes),
        },
    }
}

/// The finish table.
#[must_use]
pub fn finish(step: FinishStep, obs: &FinishObs, rules: &Rules) -> FinishAction {
    use FinishAction::{Commit, Done, NeedsPerson, Store, Wait, WriteAck};
    use FinishStep::{Acked, Freed, Running, Stored};
    let next_takes = match rules.slot_free_when {
        SlotFreeWhen::AckCleared => false,
        SlotFreeWhen::TakenByNext => true,
    };
    match (step, obs.seen) {
        (Freed, _) => Done,
        (Running | Stored | Acked, Seen::Refused) => Wait(FinishWait::BlockRefused),
        (Running, Seen::Running) => Wait(FinishWait::Dosing),
        (Running, Seen::Final) => match (obs.ack, obs.read_twice) {
            (true, _) => NeedsPerson(FinishTrouble::AckedByOther),
            (false, false) => Wait(FinishWait::SecondReading),
            (false, true) => Store,
        },
        (Running, Seen::FinalStored) => NeedsPerson(FinishTrouble::StoredBefore),
        (Running, Seen::Empty) => NeedsPerson(FinishTrouble::SlotEmptied),
        (Running | Stored, Seen::Other) => NeedsPerson(FinishTrouble::OtherOrder),
        (Stored, Seen::FinalStored | Seen::Empty) if obs.ack => Commit(Acked),
        (Stored, Seen::FinalStored) => WriteAck,
        (Stored, Seen::Empty) => Commit(Freed),
        (Acked, Seen::FinalStored | Seen::Empty | Seen::Running | Seen::Other) if next_takes => {
            Commit(Freed)
        }
        (Acked, Seen::FinalStored | Seen::Empty) if obs.ack => Wait(FinishWait::PlcClears),
        (Acked, Seen::FinalStored | Seen::Empty) => Commit(Freed),
        (Stored | Acked, Seen::Running) => NeedsPerson(FinishTrouble::RunsAgain),
        (Stored | Acked, Seen::Final) => NeedsPerson(FinishTrouble::FinalChanged),
        (Acked, Seen::Other) => NeedsPerson(FinishTrouble::OtherOrder),
    }
}

/// True when the slot of a batch at this step may get its next order.
#[must_use]
pub fn slot_is_free(step: FinishStep, rules: &Rules) -> bool {
    match step {
        FinishStep::Running | FinishStep::Stored => false,
        FinishStep::Acked => rules.slot_free_when == SlotFreeWhen::TakenByNext,
        FinishStep::Freed => true,
    }
}

/// True for a plant that was never started: no flag is set and no slot names an order. Only then
/// may a person set the flags, signed; nothing else ever sets one to 1.
#[must_use]
pub fn never_started(flags: &[bool], order_names: &[&str]) -> bool {
    flags.iter().all(|flag| !flag) && order_names.iter().all(|name| name.is_empty())
}
