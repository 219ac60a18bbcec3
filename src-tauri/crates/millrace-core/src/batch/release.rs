//! Release: may this batch be made? `pending → approved | rejected | cancelled`,
//! `approved → rejected (revoked) | cancelled`. The caller guards "only before the download".

use serde::{Deserialize, Serialize};

use super::IllegalTransition;

/// Whether the batch may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "ReleaseState"))]
pub enum Release {
    /// Waits for a signature.
    Pending,
    /// Signed over the content hash.
    Approved,
    /// Refused, or an approval withdrawn.
    Rejected,
    /// Will not be made; the order gets a tombstone.
    Cancelled,
}

/// A person's act on the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseEvent {
    /// Sign it.
    Approve,
    /// Refuse a pending batch.
    Reject,
    /// Withdraw an approval.
    Revoke,
    /// Take the batch out for good.
    Cancel,
}

impl Release {
    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Release::Pending => "pending",
            Release::Approved => "approved",
            Release::Rejected => "rejected",
            Release::Cancelled => "cancelled",
        }
    }

    /// The state for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Release> {
        [
            Release::Pending,
            Release::Approved,
            Release::Rejected,
            Release::Cancelled,
        ]
        .into_iter()
        .find(|state| state.word() == word)
    }

    /// The next state.
    ///
    /// # Errors
    /// [`IllegalTransition`] for a step that this state does not know.
    pub fn step(self, event: ReleaseEvent) -> Result<Release, IllegalTransition> {
        use ReleaseEvent::{Approve, Cancel, Reject, Revoke};
        match (self, event) {
            (Release::Pending, Approve) => Ok(Release::Approved),
            (Release::Pending, Reject) => Ok(Release::Rejected),
            (Release::Approved, Revoke) => Ok(Release::Rejected),
            (Release::Pending | Release::Approved, Cancel) => Ok(Release::Cancelled),
            (state, event) => Err(IllegalTransition {
                state: state.word(),
                event: match event {
                    Approve => "approve",
                    Reject => "reject",
                    Revoke => "revoke",
                    Cancel => "cancel",
                },
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Release::{Approved, Cancelled, Pending, Rejected};
        use ReleaseEvent::{Approve, Cancel, Reject, Revoke};
        let legal = [
            (Pending, Approve, Approved),
            (Pending, Reject, Rejected),
            (Pending, Cancel, Cancelled),
            (Approved, Revoke, Rejected),
            (Approved, Cancel, Cancelled),
        ];
        for state in [Pending, Approved, Rejected, Cancelled] {
            for event in [Approve, Reject, Revoke, Cancel] {
                let expected = legal.iter().find(|(s, e, _)| *s == state && *e == event);
                assert_eq!(
                    state.step(event).ok(),
                    expected.map(|(_, _, next)| *next),
                    "{state:?} {event:?}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_names_state_and_event() {
        let refusal = Release::Rejected
            .step(ReleaseEvent::Approve)
            .expect_err("illegal");
        assert_eq!(
            refusal.to_string(),
            "a batch that is rejected cannot take the step approve"
        );
    }
}
