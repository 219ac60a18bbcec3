//! Mass as whole grams with checked arithmetic, and percentages as exact basis points.
//! Leaves out formatting for people: a number leaves the backend as grams, the UI formats it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// The PLC's step: its registers count hundredths of a kilogram, so 10 g (`decisions.md` 6).
pub const PLC_STEP: Grams = Grams(10);

/// A mass in whole grams. Signed, because corrections and deviations are.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct Grams(pub i64);

/// A mass that cannot be represented: too large, or not a number of grams.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MassError {
    /// The value does not fit 64-bit grams.
    #[error("a mass of {0} kg is out of range")]
    OutOfRange(Decimal),
    /// The text is not a decimal number.
    #[error("{0:?} is not a mass")]
    NotANumber(String),
}

impl Grams {
    /// No mass.
    pub const ZERO: Grams = Grams(0);

    /// Kilograms as the ERP or a person gives them, rounded half up to whole grams.
    ///
    /// # Errors
    /// [`MassError::OutOfRange`] when the value does not fit.
    pub fn from_kg(kg: Decimal) -> Result<Grams, MassError> {
        kg.checked_mul(Decimal::ONE_THOUSAND)
            .map(|g| {
                g.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            })
            .and_then(|g| g.to_i64())
            .map(Grams)
            .ok_or(MassError::OutOfRange(kg))
    }

    /// Exact kilograms, with up to three decimals.
    #[must_use]
    pub fn to_kg(self) -> Decimal {
        Decimal::new(self.0, 3).normalize()
    }

    /// Rounded half up (away from zero) to the PLC's step of 10 g.
    #[must_use]
    pub fn to_plc_step(self) -> Grams {
        let step = PLC_STEP.0;
        let magnitude = (self.0.abs() + step / 2) / step * step;
        Grams(magnitude * self.0.signum())
    }

    /// True when the value is a whole number of PLC steps.
    #[must_use]
    pub fn is_plc_step(self) -> bool {
        self.0 % PLC_STEP.0 == 0
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Grams) -> Option<Grams> {
        self.0.checked_add(other.0).map(Grams)
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Grams) -> Option<Grams> {
        self.0.checked_sub(other.0).map(Grams)
    }

    /// The sum of many masses, or `None` on overflow.
    pub fn checked_sum(masses: impl IntoIterator<Item = Grams>) -> Option<Grams> {
        masses
            .into_iter()
            .try_fold(Grams::ZERO, |sum, mass| sum.checked_add(mass))
    }

    /// The magnitude.
    #[must_use]
    pub fn abs(self) -> Grams {
        Grams(self.0.saturating_abs())
    }

    /// This mass times `numerator / denominator`, rounded half up to whole grams; `None` when the
    /// denominator is zero or the result does not fit.
    #[must_use]
    pub fn scale(self, numerator: Grams, denominator: Grams) -> Option<Grams> {
        if denominator.0 == 0 {
            return None;
        }
        let product = i128::from(self.0) * i128::from(numerator.0);
        let den = i128::from(denominator.0);
        let (product, den) = if den < 0 {
            (-product, -den)
        } else {
            (product, den)
        };
        let half = den / 2;
        let rounded = if product >= 0 {
            (product + half) / den
        } else {
            -((-product + half) / den)
        };
        i64::try_from(rounded).ok().map(Grams)
    }
}

impl std::fmt::Display for Grams {
    /// Kilograms with at least two decimals, for messages and journals: `998.40 kg`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        let (kg, g) = (abs / 1000, abs % 1000);
        if g % 10 == 0 {
            write!(f, "{sign}{kg}.{:02} kg", g / 10)
        } else {
            write!(f, "{sign}{kg}.{g:03} kg")
        }
    }
}

/// A share in basis points (hundredths of a percent), so that limits are exact: 10 % = 1000.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct BasisPoints(pub i64);

impl BasisPoints {
    /// From a percentage with up to two decimals, rounded half up; `None` when out of range.
    #[must_use]
    pub fn from_percent(percent: Decimal) -> Option<BasisPoints> {
        percent
            .checked_mul(Decimal::ONE_HUNDRED)
            .map(|p| {
                p.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            })
            .and_then(|p| p.to_i64())
            .map(BasisPoints)
    }

    /// This share of a mass, rounded half up to whole grams.
    #[must_use]
    pub fn of(self, mass: Grams) -> Grams {
        mass.scale(Grams(self.0), Grams(10_000))
            .unwrap_or(Grams(i64::MAX))
    }
}

/// True when `actual` lies within `limit` of `reference` (inclusive), as a share of `reference`.
#[must_use]
pub fn within(actual: Grams, reference: Grams, limit: BasisPoints) -> bool {
    let difference = (i128::from(actual.0) - i128::from(reference.0)).abs();
    difference * 10_000 <= i128::from(reference.0.abs()) * i128::from(limit.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kg(text: &str) -> Decimal {
        text.parse().expect("a decimal literal")
    }

    #[test]
    fn a_kilogram_that_binary_floats_cannot_hold_keeps_every_gram() {
        for (text, grams) in [
            ("0.29", 290),
            ("8.20", 8_200),
            ("0.0005", 1),
            ("-0.0005", -1),
            ("12.3456", 12_346),
        ] {
            assert_eq!(Grams::from_kg(kg(text)), Ok(Grams(grams)), "{text}");
        }
    }

    #[test]
    fn a_mass_beyond_the_range_is_refused() {
        assert!(Grams::from_kg(Decimal::MAX).is_err());
        assert!(Grams::from_kg(kg("9223372036854775808")).is_err());
    }

    #[test]
    fn the_plc_step_rounds_half_up_in_both_directions() {
        for (g, step) in [(4, 0), (5, 10), (14, 10), (15, 20), (-5, -10), (-4, 0)] {
            assert_eq!(Grams(g).to_plc_step(), Grams(step), "{g}");
        }
    }

    #[test]
    fn scaling_rounds_half_up_and_refuses_a_zero_base() {
        assert_eq!(Grams(1).scale(Grams(1), Grams(2)), Some(Grams(1)));
        assert_eq!(Grams(-1).scale(Grams(1), Grams(2)), Some(Grams(-1)));
        assert_eq!(
            Grams(120_000).scale(Grams(2_500_000), Grams(1_000_000)),
            Some(Grams(300_000))
        );
        assert_eq!(Grams(1).scale(Grams(1), Grams(0)), None);
    }

    #[test]
    fn a_limit_is_inclusive() {
        assert!(within(Grams(1_100), Grams(1_000), BasisPoints(1_000)));
        assert!(!within(Grams(1_101), Grams(1_000), BasisPoints(1_000)));
    }

    #[test]
    fn a_mass_prints_as_kilograms() {
        assert_eq!(Grams(998_400).to_string(), "998.40 kg");
        assert_eq!(Grams(-5).to_string(), "-0.005 kg");
    }
}
