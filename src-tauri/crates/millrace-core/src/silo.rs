//! Silos: what they can hold, what may deviate, and the arithmetic of their ledger.
//! Leaves out where movements are kept (store) and the PLC's words ([`crate::registers`]).

use serde::{Deserialize, Serialize};

use crate::units::{BasisPoints, Grams};

/// Allowed deviation of one dose: a share of the plan, but never less than a floor, so that a 2 kg
/// dose is not judged on the scale's resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Share of the planned mass.
    pub share: BasisPoints,
    /// Least absolute tolerance.
    pub floor_g: Grams,
}

impl Tolerance {
    /// Half width of the band around a plan.
    #[must_use]
    pub fn band(self, planned: Grams) -> Grams {
        self.share.of(planned).max(self.floor_g)
    }

    /// Lowest and highest acceptable actual.
    #[must_use]
    pub fn limits(self, planned: Grams) -> (Grams, Grams) {
        let band = self.band(planned);
        (
            Grams((planned.0 - band.0).max(0)),
            Grams(planned.0.saturating_add(band.0)),
        )
    }

    /// Where an actual stands once the dose is finished.
    #[must_use]
    pub fn judge(self, planned: Grams, actual: Grams) -> Judgement {
        let (low, high) = self.limits(planned);
        if actual < low {
            Judgement::Under
        } else if actual > high {
            Judgement::Over
        } else {
            Judgement::Within
        }
    }
}

/// An actual against its tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Judgement {
    /// In the band.
    Within,
    /// Below it.
    Under,
    /// Above it.
    Over,
}

/// Why a silo's level changed. The level is the sum of the ledger, never an edited number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum MovementKind {
    /// First known stock.
    Opening,
    /// Material arrived.
    Receipt,
    /// A batch took it.
    Dosing,
    /// A person counted.
    Correction,
}

impl MovementKind {
    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MovementKind::Opening => "opening",
            MovementKind::Receipt => "receipt",
            MovementKind::Dosing => "dosing",
            MovementKind::Correction => "correction",
        }
    }

    /// The kind for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<MovementKind> {
        [
            MovementKind::Opening,
            MovementKind::Receipt,
            MovementKind::Dosing,
            MovementKind::Correction,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

/// Deviation of an actual from its plan in basis points of the plan; `None` for a plan of zero.
#[must_use]
pub fn deviation(planned: Grams, actual: Grams) -> Option<BasisPoints> {
    if planned.0 == 0 {
        return None;
    }
    Grams(actual.0 - planned.0)
        .scale(Grams(10_000), planned)
        .map(|bp| BasisPoints(bp.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_PERCENT: Tolerance = Tolerance {
        share: BasisPoints(1_000),
        floor_g: Grams(2_000),
    };

    #[test]
    fn a_small_dose_is_judged_by_the_floor() {
        assert_eq!(TEN_PERCENT.band(Grams(2_000)), Grams(2_000));
        assert_eq!(
            TEN_PERCENT.judge(Grams(2_000), Grams(3_900)),
            Judgement::Within
        );
        assert_eq!(
            TEN_PERCENT.judge(Grams(2_000), Grams(4_010)),
            Judgement::Over
        );
    }

    #[test]
    fn the_band_is_inclusive() {
        assert_eq!(
            TEN_PERCENT.judge(Grams(100_000), Grams(110_000)),
            Judgement::Within
        );
        assert_eq!(
            TEN_PERCENT.judge(Grams(100_000), Grams(110_010)),
            Judgement::Over
        );
        assert_eq!(
            TEN_PERCENT.judge(Grams(100_000), Grams(90_000)),
            Judgement::Within
        );
        assert_eq!(
            TEN_PERCENT.judge(Grams(100_000), Grams(89_990)),
            Judgement::Under
        );
    }

    #[test]
    fn deviation_has_a_sign_and_no_value_for_an_empty_plan() {
        assert_eq!(
            deviation(Grams(420_000), Grams(444_200)),
            Some(BasisPoints(576))
        );
        assert_eq!(
            deviation(Grams(100_000), Grams(99_000)),
            Some(BasisPoints(-100))
        );
        assert_eq!(deviation(Grams(0), Grams(5)), None);
    }
}
