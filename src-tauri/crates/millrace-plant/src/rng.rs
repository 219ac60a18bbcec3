//! The plant's own small seeded random numbers, so that a run repeats from its seed on any machine
//! and after a restart. Leaves out quality beyond that: nothing here is a secret.

use serde::{Deserialize, Serialize};

/// A SplitMix64 generator. Its whole state is one number, which the state file keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seeded(u64);

impl Seeded {
    /// A generator that always gives the same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included; `low` when the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let Some(width) = high.checked_sub(low).filter(|w| *w > 0) else {
            return low;
        };
        // `width` is positive, so both conversions hold; the bias of `%` does not matter here.
        let span = u64::try_from(width).unwrap_or(u64::MAX).saturating_add(1);
        let step = i64::try_from(self.next_bits() % span).unwrap_or(width);
        low.saturating_add(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_the_range() {
        let (mut a, mut b) = (Seeded::new(7), Seeded::new(7));
        for _ in 0..1_000 {
            let n = a.between(-5, 5);
            assert_eq!(n, b.between(-5, 5));
            assert!((-5..=5).contains(&n));
        }
        assert_eq!(a.between(3, 3), 3);
        assert_eq!(a.between(3, -3), 3);
    }
}
