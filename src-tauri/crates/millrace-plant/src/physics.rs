//! How one silo doses: coarse feed, fine feed near the end, material still in the air when the gate
//! shuts, and a short rest of the scale. Whole milligrams and a fixed step, so that a run repeats
//! from its seed. Leaves out which silo doses when (`line`) and every register (`ladder`).
//!
//! The control sees what a real one sees: the weight that has landed and the silo's nominal rate.
//! What it cannot see makes the error: the material flows faster or slower than nominal, and the
//! gate shuts a little late. The result lies within about one percent of the target.

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use crate::rng::Seeded;

/// Length of one step of plant time, in milliseconds.
pub const STEP_MS: u32 = 50;
/// Steps in one second.
const STEPS_A_SECOND: i64 = 20;
/// Of the material in the air this part lands in a step: a fall of a quarter of a second.
const LANDING_SHARE: i64 = 5;
/// A rest in the air of this many milligrams lands at once.
const CRUMBS_MG: i64 = 1_000;
/// How long the fine feed is meant to run, in milliseconds.
const FINE_MS: i64 = 1_500;
/// The gate's usual delay when it shuts, in milliseconds; the real one lies between 0 and twice this.
const GATE_LAG_MS: i64 = 200;
/// Rest of the scale after the last material has landed, in milliseconds.
const SETTLE_MS: u32 = 300;

/// The gate of a silo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Gate {
    Coarse,
    Fine,
    Shut,
}

/// One dose from one silo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dose {
    target_mg: i64,
    coarse_mg_s: i64,
    fine_mg_s: i64,
    /// Real flow in thousandths of the nominal one.
    flow_permille: i64,
    gate_lag_ms: i64,
    gate: Gate,
    left_mg: i64,
    landed_mg: i64,
    settle_ms: u32,
}

impl Dose {
    /// A dose of `target` from a silo that gives `feed_g_s` grams a second when fully open. Small
    /// doses run slower, as a dosing screw is slowed down.
    #[must_use]
    pub fn new(target: Grams, feed_g_s: i64, rng: &mut Seeded) -> Dose {
        let target_mg = target.0.saturating_mul(1_000);
        let feed_mg_s = feed_g_s.saturating_mul(1_000);
        Dose {
            target_mg,
            coarse_mg_s: feed_mg_s.min(target_mg / 4).max(1),
            fine_mg_s: (feed_mg_s / 5).min(target_mg / 25).max(1),
            flow_permille: rng.between(900, 1_100),
            gate_lag_ms: rng.between(0, 2 * GATE_LAG_MS),
            gate: Gate::Coarse,
            left_mg: 0,
            landed_mg: 0,
            settle_ms: 0,
        }
    }

    /// What has left the silo, to the nearest gram: the plant's own book.
    #[must_use]
    pub fn left(&self) -> Grams {
        Grams((self.left_mg + 500) / 1_000)
    }

    /// What the scale has seen, to the nearest gram. Equal to [`Dose::left`] once done.
    #[must_use]
    pub fn landed(&self) -> Grams {
        Grams((self.landed_mg + 500) / 1_000)
    }

    /// True when the gate is shut for good, all material has landed and the scale has rested.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.gate == Gate::Shut && self.left_mg == self.landed_mg && self.settle_ms >= SETTLE_MS
    }

    /// Shuts the gate for good; what passes while it moves is the after-run.
    pub fn shut(&mut self) {
        let rate = match self.gate {
            Gate::Coarse => self.coarse_mg_s,
            Gate::Fine => self.fine_mg_s,
            Gate::Shut => return,
        };
        // A stop in the middle of the coarse feed must not let more through than the dose asked for.
        let after_run = (rate * self.flow_permille / 1_000 * self.gate_lag_ms / 1_000)
            .min(self.fine_mg_s * GATE_LAG_MS * 2 / 1_000);
        self.left_mg += after_run;
        self.gate = Gate::Shut;
    }

    /// One step of [`STEP_MS`]. With `open` false the gate is held shut (pause) and only material
    /// that is already in the air lands.
    pub fn step(&mut self, open: bool, rng: &mut Seeded) {
        if open {
            self.control();
            let rate = match self.gate {
                Gate::Coarse => self.coarse_mg_s,
                Gate::Fine => self.fine_mg_s,
                Gate::Shut => 0,
            };
            // The noise is drawn in every open step, so that the sequence depends on steps alone.
            let noise_permille = rng.between(960, 1_040);
            let flow = rate * self.flow_permille / 1_000 * noise_permille / 1_000;
            self.left_mg += flow / STEPS_A_SECOND;
        }
        let in_air = self.left_mg - self.landed_mg;
        if in_air <= CRUMBS_MG && (self.gate == Gate::Shut || !open) {
            self.landed_mg = self.left_mg;
        } else {
            self.landed_mg += in_air / LANDING_SHARE;
        }
        if self.gate == Gate::Shut && self.left_mg == self.landed_mg {
            self.settle_ms = self.settle_ms.saturating_add(STEP_MS);
        }
    }

    fn control(&mut self) {
        // In a steady flow the air holds what falls in `LANDING_SHARE` steps.
        let in_air = |rate: i64| rate * LANDING_SHARE / STEPS_A_SECOND;
        if self.gate == Gate::Coarse {
            let fine_part = self.fine_mg_s * FINE_MS / 1_000;
            if self.landed_mg + in_air(self.coarse_mg_s) + fine_part >= self.target_mg {
                self.gate = Gate::Fine;
            }
        }
        if self.gate == Gate::Fine {
            let after_run = self.fine_mg_s * GATE_LAG_MS / 1_000;
            if self.landed_mg + in_air(self.fine_mg_s) + after_run >= self.target_mg {
                self.shut();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(target: Grams, feed: i64, seed: u64) -> (Dose, u32) {
        let mut rng = Seeded::new(seed);
        let mut dose = Dose::new(target, feed, &mut rng);
        let mut steps = 0;
        while !dose.is_done() {
            dose.step(true, &mut rng);
            steps += 1;
            assert!(
                steps < 100_000,
                "seed {seed}: the dose of {target} never ends"
            );
        }
        (dose, steps)
    }

    #[test]
    fn a_dose_lies_within_two_percent_and_usually_within_one() {
        let (mut close, mut all) = (0, 0);
        for (target, feed) in [
            (10, 12_000),
            (5_000, 9_000),
            (30_000, 2_800),
            (111_000, 11_000),
            (1_500_000, 18_000),
        ] {
            for seed in 0..40 {
                let (dose, _) = run(Grams(target), feed, seed);
                let miss = (dose.left().0 - target).abs();
                assert!(
                    miss * 50 <= target,
                    "seed {seed}: {target} g missed by {miss} g"
                );
                assert_eq!(dose.left(), dose.landed());
                all += 1;
                close += i32::from(miss * 100 <= target);
            }
        }
        assert!(
            close * 10 >= all * 9,
            "only {close} of {all} within one percent"
        );
    }

    #[test]
    fn a_hundred_kilograms_take_about_as_long_as_the_feed_rate_says() {
        let (_, steps) = run(Grams(110_000), 11_000, 1);
        assert!((200..300).contains(&steps), "{steps} steps of {STEP_MS} ms");
    }

    #[test]
    fn a_held_gate_lets_nothing_more_out_and_a_shut_one_ends_the_dose() {
        let mut rng = Seeded::new(3);
        let mut dose = Dose::new(Grams(100_000), 10_000, &mut rng);
        for _ in 0..60 {
            dose.step(true, &mut rng);
        }
        let left = dose.left();
        assert!(dose.landed() < left);
        for _ in 0..100 {
            dose.step(false, &mut rng);
        }
        assert_eq!((dose.left(), dose.landed()), (left, left));
        assert!(!dose.is_done());
        dose.shut();
        for _ in 0..100 {
            dose.step(false, &mut rng);
        }
        assert!(dose.is_done());
        assert!(dose.left() >= left && dose.left().0 < 60_000);
    }
}
