//! What a person may choose about a difference: one table. Leaves out carrying it out (application).

use serde::{Deserialize, Serialize};

use super::{ChangedField, Difference, Found};
use crate::batch::run::Run;

/// What a person decides about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "OrderChoice"))]
pub enum Choice {
    /// Plan afresh from the ERP's content: open batches are replaced, every approval is void.
    TakeOver,
    /// Ours stays as it was accepted. A further change is shown again.
    Keep,
    /// The open batches are cancelled here; the ERP knows already.
    CancelHere,
}

impl Choice {
    /// Every choice, in the order of the dialog.
    pub const ALL: [Choice; 3] = [Choice::TakeOver, Choice::Keep, Choice::CancelHere];

    /// The word in journal and audit trail.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Choice::TakeOver => "take_over",
            Choice::Keep => "keep",
            Choice::CancelHere => "cancel_here",
        }
    }

    /// The choice for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// Why a choice is not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ChoiceRefusal {
    /// Cancelled, closed or unknown: there is no other content.
    #[error("the ERP shows no content that could be taken over")]
    NoContent,
    /// The ERP's answer about one order does not show all of it.
    #[error("the ERP shows only a part of the order, because it is not in its list of open orders")]
    PartSeen,
    /// The PLC and the books know batches by the order's name.
    #[error("the order has another name now: cancel its batches and let the new name come in")]
    Renamed,
    /// A batch of the order was started: what fell belongs to the old content.
    #[error("a batch of the order was started already")]
    Started,
    /// The ERP would not learn it.
    #[error("the order is open in the ERP: cancel its batches, then the ERP is told")]
    OpenInErp,
    /// Material may fall.
    #[error("a batch of the order is in the PLC: stop it first")]
    InPlc,
}

/// How far the work on an order is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// A batch was started, whatever became of it.
    pub has_started: bool,
    /// A batch is in the PLC or on its way.
    pub is_in_plc: bool,
}

impl Work {
    /// From the run states of the order's batches.
    #[must_use]
    pub fn of(runs: impl IntoIterator<Item = Run>) -> Work {
        runs.into_iter().fold(Work::default(), |work, run| Work {
            has_started: work.has_started || run != Run::Idle,
            is_in_plc: work.is_in_plc || run.is_live(),
        })
    }
}

/// Whether a choice is open, and if not, why.
///
/// # Errors
/// The [`ChoiceRefusal`].
pub fn may_choose(found: &Found, work: Work, choice: Choice) -> Result<(), ChoiceRefusal> {
    match (choice, &found.difference) {
        (
            Choice::Keep,
            Difference::Changed { .. }
            | Difference::Cancelled
            | Difference::Done
            | Difference::Gone
            | Difference::Restored { .. },
        ) => Ok(()),
        (
            Choice::TakeOver,
            Difference::Cancelled
            | Difference::Done
            | Difference::Gone
            | Difference::Restored { .. },
        ) => Err(ChoiceRefusal::NoContent),
        (Choice::TakeOver, Difference::Changed { fields }) => {
            if work.has_started {
                Err(ChoiceRefusal::Started)
            } else if found.offered().is_none() {
                Err(ChoiceRefusal::PartSeen)
            } else if fields
                .iter()
                .any(|field| matches!(field, ChangedField::Name { .. }))
            {
                Err(ChoiceRefusal::Renamed)
            } else {
                Ok(())
            }
        }
        (Choice::CancelHere, Difference::Changed { .. }) => Err(ChoiceRefusal::OpenInErp),
        (
            Choice::CancelHere,
            Difference::Cancelled
            | Difference::Done
            | Difference::Gone
            | Difference::Restored { .. },
        ) => {
            if work.is_in_plc {
                Err(ChoiceRefusal::InPlc)
            } else {
                Ok(())
            }
        }
    }
}

/// Every choice with its verdict, in the order of the dialog.
pub fn choices(found: &Found, work: Work) -> [(Choice, Result<(), ChoiceRefusal>); 3] {
    Choice::ALL.map(|choice| (choice, may_choose(found, work, choice)))
}
