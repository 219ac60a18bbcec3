//! Deviations that want a person: which lines of a batch that has ended lie outside their tolerance, and
//! what exactly is signed when somebody accepts one. Leaves out the bars while a batch runs
//! ([`crate::silo`]) and who may accept.

use serde::{Deserialize, Serialize};

use crate::batch::run::Run;
use crate::silo::{Judgement, Tolerance};
use crate::units::{BasisPoints, Grams, PLC_STEP};

/// Tolerance of a line that is weighed by hand. A recipe gives silo lines theirs from the silos file; by
/// hand there is no silo, so the share that applies to other materials holds, and a weight is entered in
/// steps of the PLC.
pub const MANUAL: Tolerance = Tolerance {
    share: BasisPoints(1_000),
    floor_g: PLC_STEP,
};

/// Which list of a batch a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "DeviationKind"))]
pub enum LineKind {
    /// Dosed from a silo; the number is the silo's.
    Silo,
    /// Weighed by hand; the number is the line's.
    Manual,
}

impl LineKind {
    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LineKind::Silo => "silo",
            LineKind::Manual => "manual",
        }
    }

    /// The kind behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<LineKind> {
        [LineKind::Silo, LineKind::Manual]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// Whether a line wants to be accepted, and why; `None` = it does not.
///
/// Nothing is final before the batch has ended. A batch that was stopped or failed gave less by
/// definition, and its stop is signed or its failure told: there only what was given *too much* counts.
#[must_use]
pub fn wants_acceptance(
    run: Run,
    tolerance: Tolerance,
    planned: Grams,
    actual: Option<Grams>,
) -> Option<Judgement> {
    let judgement = tolerance.judge(planned, actual?);
    let counts = match (run, judgement) {
        (_, Judgement::Within) => false,
        (Run::Complete, Judgement::Under | Judgement::Over)
        | (Run::Stopped | Run::Aborted, Judgement::Over) => true,
        (Run::Stopped | Run::Aborted, Judgement::Under) => false,
        (
            Run::Idle | Run::Downloading | Run::Ready | Run::Running | Run::Paused | Run::Held,
            Judgement::Under | Judgement::Over,
        ) => false,
    };
    counts.then_some(judgement)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Grams = Grams(100_000);
    const TOLERANCE: Tolerance = Tolerance {
        share: BasisPoints(1_000),
        floor_g: Grams(2_000),
    };

    fn wants(run: Run, actual: i64) -> Option<Judgement> {
        wants_acceptance(run, TOLERANCE, PLAN, Some(Grams(actual)))
    }

    #[test]
    fn a_finished_batch_answers_for_both_sides_of_the_band() {
        assert_eq!(wants(Run::Complete, 110_000), None);
        assert_eq!(wants(Run::Complete, 90_000), None);
        assert_eq!(wants(Run::Complete, 110_010), Some(Judgement::Over));
        assert_eq!(wants(Run::Complete, 89_990), Some(Judgement::Under));
        assert_eq!(wants_acceptance(Run::Complete, TOLERANCE, PLAN, None), None);
    }

    #[test]
    fn a_stopped_batch_answers_only_for_what_was_too_much() {
        for run in [Run::Stopped, Run::Aborted] {
            assert_eq!(wants(run, 0), None);
            assert_eq!(wants(run, 110_010), Some(Judgement::Over));
        }
    }

    #[test]
    fn nothing_is_asked_before_the_end() {
        for run in Run::ALL.into_iter().filter(|run| !run.is_final()) {
            assert_eq!(wants(run, 0), None, "{run:?}");
            assert_eq!(wants(run, 900_000), None, "{run:?}");
        }
    }

    #[test]
    fn words_come_back() {
        for kind in [LineKind::Silo, LineKind::Manual] {
            assert_eq!(LineKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(LineKind::from_word("x"), None);
    }
}
