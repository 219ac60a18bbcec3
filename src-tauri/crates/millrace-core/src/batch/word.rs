//! The one word that people read, derived from the three machines (`decisions.md` 8). One table.

use serde::{Deserialize, Serialize};

use super::posting::Posting;
use super::release::Release;
use super::run::Run;

/// The word on every screen and in every search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum BatchWord {
    /// Waits for a signature.
    Pending,
    /// Signed, not yet downloaded.
    Approved,
    /// Refused or revoked.
    Rejected,
    /// In the PLC or on its way.
    InProcess,
    /// Paused by a person.
    Paused,
    /// Done.
    Completed,
    /// Stopped by a person.
    Stopped,
    /// Failed by the plant.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl BatchWord {
    /// Every word.
    pub const ALL: [BatchWord; 9] = [
        BatchWord::Pending,
        BatchWord::Approved,
        BatchWord::Rejected,
        BatchWord::InProcess,
        BatchWord::Paused,
        BatchWord::Completed,
        BatchWord::Stopped,
        BatchWord::Failed,
        BatchWord::Cancelled,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BatchWord::Pending => "pending",
            BatchWord::Approved => "approved",
            BatchWord::Rejected => "rejected",
            BatchWord::InProcess => "in_process",
            BatchWord::Paused => "paused",
            BatchWord::Completed => "completed",
            BatchWord::Stopped => "stopped",
            BatchWord::Failed => "failed",
            BatchWord::Cancelled => "cancelled",
        }
    }

    /// The word for a stored string.
    #[must_use]
    pub fn from_word(word: &str) -> Option<BatchWord> {
        BatchWord::ALL.into_iter().find(|w| w.word() == word)
    }

    /// The word for the three states. `held` shows as in process with a mark of its own; the posting
    /// never changes the word: a completed batch stays completed while the ERP is away.
    #[must_use]
    pub fn of(release: Release, run: Run, _posting: Posting) -> BatchWord {
        match (release, run) {
            (_, Run::Complete) => BatchWord::Completed,
            (Release::Cancelled, _) => BatchWord::Cancelled,
            (_, Run::Stopped) => BatchWord::Stopped,
            (_, Run::Aborted) => BatchWord::Failed,
            (_, Run::Paused) => BatchWord::Paused,
            (_, Run::Downloading | Run::Ready | Run::Running | Run::Held) => BatchWord::InProcess,
            (Release::Pending, Run::Idle) => BatchWord::Pending,
            (Release::Approved, Run::Idle) => BatchWord::Approved,
            (Release::Rejected, Run::Idle) => BatchWord::Rejected,
        }
    }

    /// True when the batch still asks for something from the plant or from people.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            BatchWord::Pending | BatchWord::Approved | BatchWord::InProcess | BatchWord::Paused => {
                true
            }
            BatchWord::Rejected
            | BatchWord::Completed
            | BatchWord::Stopped
            | BatchWord::Failed
            | BatchWord::Cancelled => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use BatchWord as W;
        let rows = [
            (Release::Pending, Run::Idle, W::Pending),
            (Release::Approved, Run::Idle, W::Approved),
            (Release::Rejected, Run::Idle, W::Rejected),
            (Release::Cancelled, Run::Idle, W::Cancelled),
            (Release::Approved, Run::Downloading, W::InProcess),
            (Release::Approved, Run::Ready, W::InProcess),
            (Release::Approved, Run::Running, W::InProcess),
            (Release::Approved, Run::Paused, W::Paused),
            (Release::Approved, Run::Held, W::InProcess),
            (Release::Approved, Run::Complete, W::Completed),
            (Release::Approved, Run::Stopped, W::Stopped),
            (Release::Approved, Run::Aborted, W::Failed),
            (Release::Cancelled, Run::Stopped, W::Cancelled),
        ];
        for posting in Posting::ALL {
            for (release, run, word) in rows {
                assert_eq!(
                    BatchWord::of(release, run, posting),
                    word,
                    "{release:?} {run:?} {posting:?}"
                );
            }
        }
    }
}
