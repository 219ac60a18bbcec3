//! What to do when PLC and books differ: which doubts heal by themselves, and which decisions a
//! person may take about each. Leaves out finding a doubt ([`super::handshake`]) and carrying a
//! decision out (the application).
//!
//! | doubt | heals by itself when | decisions, the proposed one first |
//! |---|---|---|
//! | `NotReady`, `NotFreed`, `NotTaken` | the PLC moves | `Withdraw` |
//! | `NoEcho` (the flag says taken: it may have been dosed) | the order shows | `CloseWithLast`, `Withdraw` |
//! | `FlagBroken`, `SlotHoldsOther` | the words fit again | `Withdraw`; once offered `CloseWithLast` first |
//! | `Unwritable` | never | `Withdraw` |
//! | `ReadBackDiffers` | never: somebody wrote there | `GoOn` (write again), `Withdraw`; once it may have been offered `CloseWithLast` first |
//! | `AlreadyInPlc` | never | `Adopt`, `CloseWithLast` |
//! | `OfferedByOther` | never | `Adopt`, `Withdraw` |
//! | `SlotEmptied`, `StoredBefore` | never | `CloseWithLast` |
//! | `OtherOrder` | never | `CloseWithLast`; once the result is stored `LetGo` |
//! | `AckedByOther` | never | `StoreResult`, `CloseWithLast` |
//! | `RunsAgain`, `FinalChanged` | never | `LetGo` |
//! | `BlockRefused` | a good block comes | `CloseWithLast`; once the result is stored `LetGo` |
//! | `PlantFailed` | the plant takes it back | `CloseWithLast` |
//! | `PlcRestarted` | never, unless the result comes | `GoOn`; `CloseWithLast` while no good block comes |
//!
//! From [`DownloadStep::Verified`] on the flag may have been written: a PLC that lost its memory may have
//! dosed the order before, and made again it would be made twice. Closing is then proposed.
//!
//! A decision counts for the doubt that it was taken about and for no other.

use serde::{Deserialize, Serialize};

use super::handshake::{DownloadStep, DownloadTrouble, DownloadWait, FinishStep, FinishTrouble};

/// Why a batch in a slot needs a person, as stored beside the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The PLC does not let the slot be written.
    NotReady,
    /// The PLC has not cleared the slot.
    NotFreed,
    /// The PLC has not taken what it was offered.
    NotTaken,
    /// The flag is back, the order does not show.
    NoEcho,
    /// The flag is neither 0 nor 1.
    FlagBroken,
    /// The recipe does not fit the map.
    Unwritable,
    /// Another order stands where ours is to go.
    SlotHoldsOther,
    /// Our order stands there, and we never offered it.
    AlreadyInPlc,
    /// The flag was cleared, and not by us.
    OfferedByOther,
    /// The words are not the ones that were written.
    ReadBackDiffers,
    /// The slot of a running batch is empty.
    SlotEmptied,
    /// Another order stands where our batch was.
    OtherOrder,
    /// A result is acknowledged, and not by us.
    AckedByOther,
    /// A running batch shows a result that was stored before.
    StoredBefore,
    /// A finished batch runs again.
    RunsAgain,
    /// A stored result has changed.
    FinalChanged,
    /// The block breaks a rule.
    BlockRefused,
    /// The plant reports a failed batch.
    PlantFailed,
    /// The PLC started anew while material was falling.
    PlcRestarted,
}

/// What a person can decide about a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "SlotDecision"))]
pub enum Decision {
    /// The plant was looked at: the batch goes on as the PLC shows it. For words that differ:
    /// write them again.
    GoOn,
    /// The recipe is taken out of the slot again; the batch is approved as before.
    Withdraw,
    /// The PLC has our recipe although we did not offer it: follow it.
    Adopt,
    /// Store the result although somebody else acknowledged it.
    StoreResult,
    /// Close the batch with the last values that were believed, and leave the slot to the PLC.
    CloseWithLast,
    /// The result is stored: leave the slot to the PLC.
    LetGo,
    /// An empty slot whose flag stays 0 is made ready again.
    MakeReady,
}

impl Doubt {
    /// Every doubt.
    pub const ALL: [Doubt; 19] = [
        Doubt::NotReady,
        Doubt::NotFreed,
        Doubt::NotTaken,
        Doubt::NoEcho,
        Doubt::FlagBroken,
        Doubt::Unwritable,
        Doubt::SlotHoldsOther,
        Doubt::AlreadyInPlc,
        Doubt::OfferedByOther,
        Doubt::ReadBackDiffers,
        Doubt::SlotEmptied,
        Doubt::OtherOrder,
        Doubt::AckedByOther,
        Doubt::StoredBefore,
        Doubt::RunsAgain,
        Doubt::FinalChanged,
        Doubt::BlockRefused,
        Doubt::PlantFailed,
        Doubt::PlcRestarted,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Doubt::NotReady => "not_ready",
            Doubt::NotFreed => "not_freed",
            Doubt::NotTaken => "not_taken",
            Doubt::NoEcho => "no_echo",
            Doubt::FlagBroken => "flag_broken",
            Doubt::Unwritable => "unwritable",
            Doubt::SlotHoldsOther => "slot_holds_other",
            Doubt::AlreadyInPlc => "already_in_plc",
            Doubt::OfferedByOther => "offered_by_other",
            Doubt::ReadBackDiffers => "read_back_differs",
            Doubt::SlotEmptied => "slot_emptied",
            Doubt::OtherOrder => "other_order",
            Doubt::AckedByOther => "acked_by_other",
            Doubt::StoredBefore => "stored_before",
            Doubt::RunsAgain => "runs_again",
            Doubt::FinalChanged => "final_changed",
            Doubt::BlockRefused => "block_refused",
            Doubt::PlantFailed => "plant_failed",
            Doubt::PlcRestarted => "plc_restarted",
        }
    }

    /// The doubt for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Doubt> {
        Doubt::ALL.into_iter().find(|doubt| doubt.word() == word)
    }

    /// The decisions that may be taken about it, the proposed one first. `download` and `finish` are
    /// how far the batch has come.
    #[must_use]
    pub fn choices(
        self,
        download: Option<DownloadStep>,
        finish: Option<FinishStep>,
    ) -> &'static [Decision] {
        use Decision::{Adopt, CloseWithLast, GoOn, LetGo, StoreResult, Withdraw};
        let is_stored = matches!(
            finish,
            Some(FinishStep::Stored | FinishStep::Acked | FinishStep::Freed)
        );
        let may_be_offered = matches!(
            download,
            Some(DownloadStep::Verified | DownloadStep::Offered | DownloadStep::Taken)
        );
        match self {
            Doubt::ReadBackDiffers if may_be_offered => &[CloseWithLast, GoOn, Withdraw],
            Doubt::SlotHoldsOther if may_be_offered => &[CloseWithLast, Withdraw],
            Doubt::NotReady
            | Doubt::NotFreed
            | Doubt::NotTaken
            | Doubt::FlagBroken
            | Doubt::Unwritable
            | Doubt::SlotHoldsOther => &[Withdraw],
            // A flag that is back says taken.
            Doubt::NoEcho => &[CloseWithLast, Withdraw],
            Doubt::ReadBackDiffers => &[GoOn, Withdraw],
            Doubt::AlreadyInPlc => &[Adopt, CloseWithLast],
            Doubt::OfferedByOther => &[Adopt, Withdraw],
            Doubt::OtherOrder | Doubt::BlockRefused if is_stored => &[LetGo],
            Doubt::SlotEmptied
            | Doubt::StoredBefore
            | Doubt::OtherOrder
            | Doubt::BlockRefused
            | Doubt::PlantFailed => &[CloseWithLast],
            Doubt::AckedByOther => &[StoreResult, CloseWithLast],
            Doubt::RunsAgain | Doubt::FinalChanged => &[LetGo],
            Doubt::PlcRestarted => &[GoOn, CloseWithLast],
        }
    }

    /// True when it may pass without anybody deciding: the PLC may still move, or a good block come.
    #[must_use]
    pub fn may_heal(self) -> bool {
        match self {
            Doubt::NotReady
            | Doubt::NotFreed
            | Doubt::NotTaken
            | Doubt::NoEcho
            | Doubt::FlagBroken
            | Doubt::SlotHoldsOther
            | Doubt::BlockRefused
            | Doubt::PlantFailed => true,
            Doubt::Unwritable
            | Doubt::AlreadyInPlc
            | Doubt::OfferedByOther
            | Doubt::ReadBackDiffers
            | Doubt::SlotEmptied
            | Doubt::OtherOrder
            | Doubt::AckedByOther
            | Doubt::StoredBefore
            | Doubt::RunsAgain
            | Doubt::FinalChanged
            | Doubt::PlcRestarted => false,
        }
    }
}

impl From<DownloadTrouble> for Doubt {
    fn from(trouble: DownloadTrouble) -> Doubt {
        match trouble {
            DownloadTrouble::SlotHoldsOther => Doubt::SlotHoldsOther,
            DownloadTrouble::AlreadyInPlc => Doubt::AlreadyInPlc,
            DownloadTrouble::OfferedByOther => Doubt::OfferedByOther,
            DownloadTrouble::ReadBackDiffers => Doubt::ReadBackDiffers,
        }
    }
}

impl From<DownloadWait> for Doubt {
    /// The doubt when the wait has lasted too long.
    fn from(wait: DownloadWait) -> Doubt {
        match wait {
            DownloadWait::PlcReady => Doubt::NotReady,
            DownloadWait::SlotFreed => Doubt::NotFreed,
            DownloadWait::PlcTakes => Doubt::NotTaken,
            DownloadWait::Echo => Doubt::NoEcho,
        }
    }
}

impl From<FinishTrouble> for Doubt {
    fn from(trouble: FinishTrouble) -> Doubt {
        match trouble {
            FinishTrouble::SlotEmptied => Doubt::SlotEmptied,
            FinishTrouble::OtherOrder => Doubt::OtherOrder,
            FinishTrouble::AckedByOther => Doubt::AckedByOther,
            FinishTrouble::StoredBefore => Doubt::StoredBefore,
            FinishTrouble::RunsAgain => Doubt::RunsAgain,
            FinishTrouble::FinalChanged => Doubt::FinalChanged,
        }
    }
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 7] = [
        Decision::GoOn,
        Decision::Withdraw,
        Decision::Adopt,
        Decision::StoreResult,
        Decision::CloseWithLast,
        Decision::LetGo,
        Decision::MakeReady,
    ];

    /// The stored word, also the meaning of its signature.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Decision::GoOn => "go_on",
            Decision::Withdraw => "withdraw",
            Decision::Adopt => "adopt",
            Decision::StoreResult => "store_result",
            Decision::CloseWithLast => "close_with_last",
            Decision::LetGo => "let_go",
            Decision::MakeReady => "make_ready",
        }
    }

    /// The decision for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Decision> {
        Decision::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// The words of the PLC as a whole, as read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramWords {
    /// Heartbeat, where the map has one.
    pub heartbeat: Option<u16>,
    /// Boot counter, where the map has one.
    pub boot_counter: Option<u16>,
}

/// Longest step of the heartbeat beyond what the time between two looks explains.
const BEATS_SLACK: i64 = 10;

/// Whether the PLC's program started anew between two looks: the boot counter changed, or the
/// heartbeat went back or jumped further than `passed_ms` of plant time explain. `before` is the
/// look before; of an earlier run of ours only the boot counter is known, and `passed_ms` is `None`.
#[must_use]
pub fn has_restarted(before: &ProgramWords, now: &ProgramWords, passed_ms: Option<i64>) -> bool {
    let counted = matches!((before.boot_counter, now.boot_counter), (Some(a), Some(b)) if a != b);
    let jumped = match (before.heartbeat, now.heartbeat, passed_ms) {
        (Some(a), Some(b), Some(passed_ms)) => {
            let beats = i64::from(b.wrapping_sub(a));
            beats > passed_ms.max(0) / 1_000 * 2 + BEATS_SLACK
        }
        (_, _, _) => false,
    };
    counted || jumped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for doubt in Doubt::ALL {
            assert_eq!(Doubt::from_word(doubt.word()), Some(doubt));
        }
        for decision in Decision::ALL {
            assert_eq!(Decision::from_word(decision.word()), Some(decision));
        }
        assert_eq!(Doubt::from_word("moon"), None);
    }

    #[test]
    fn every_doubt_has_a_way_out_at_every_step() {
        for doubt in Doubt::ALL {
            for finish in [
                None,
                Some(FinishStep::Running),
                Some(FinishStep::Stored),
                Some(FinishStep::Acked),
            ] {
                for download in [
                    None,
                    Some(DownloadStep::Written),
                    Some(DownloadStep::Offered),
                ] {
                    let choices = doubt.choices(download, finish);
                    assert!(!choices.is_empty(), "{doubt:?} {download:?} {finish:?}");
                }
            }
        }
    }

    #[test]
    fn a_stored_result_is_never_closed_a_second_time() {
        for doubt in [
            Doubt::OtherOrder,
            Doubt::BlockRefused,
            Doubt::RunsAgain,
            Doubt::FinalChanged,
        ] {
            for finish in [FinishStep::Stored, FinishStep::Acked] {
                let choices = doubt.choices(Some(DownloadStep::Taken), Some(finish));
                assert_eq!(choices, [Decision::LetGo], "{doubt:?}");
            }
        }
    }

    #[test]
    fn what_may_have_been_offered_is_not_proposed_to_be_made_again() {
        for doubt in [Doubt::ReadBackDiffers, Doubt::SlotHoldsOther, Doubt::NoEcho] {
            for step in [DownloadStep::Verified, DownloadStep::Offered] {
                let choices = doubt.choices(Some(step), None);
                assert_eq!(choices.first(), Some(&Decision::CloseWithLast), "{doubt:?}");
            }
        }
        let choices = Doubt::ReadBackDiffers.choices(Some(DownloadStep::Written), None);
        assert_eq!(choices, [Decision::GoOn, Decision::Withdraw]);
    }

    fn words(heartbeat: u16, boot_counter: u16) -> ProgramWords {
        ProgramWords {
            heartbeat: Some(heartbeat),
            boot_counter: Some(boot_counter),
        }
    }

    #[test]
    fn a_restart_shows_in_either_word() {
        let check = |before, now, passed_ms, expected| {
            assert_eq!(
                has_restarted(&before, &now, passed_ms),
                expected,
                "{before:?} {now:?}"
            );
        };
        check(words(100, 3), words(101, 3), Some(1_000), false);
        check(words(65_535, 3), words(0, 3), Some(1_000), false);
        // Kept memory: only the counter tells.
        check(words(100, 3), words(100, 4), Some(500), true);
        // Lost memory: the counter begins anew, and the heartbeat goes back.
        check(words(100, 1), words(0, 1), Some(2_000), true);
        check(words(100, 3), words(400, 3), Some(2_000), true);
        // A long silence of the network explains a long step.
        check(words(100, 3), words(400, 3), Some(300_000), false);
        // Of an earlier run only the counter is known.
        check(words(100, 3), words(9_000, 3), None, false);
        check(words(100, 3), words(9_000, 5), None, true);
        let none = ProgramWords {
            heartbeat: None,
            boot_counter: None,
        };
        check(none, words(1, 1), Some(0), false);
    }
}
