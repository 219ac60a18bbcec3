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

/// What is wrong with a silo while it doses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upset {
    /// Thousandths of its flow that come.
    pub flow_permille: i64,
    /// The gate shuts only when this much of the target, in percent, has passed beyond it.
    pub overshoot_percent: i64,
}

impl Default for Upset {
    /// Nothing is wrong.
    fn default() -> Self {
        Upset {
            flow_permille: 1_000,
            overshoot_percent: 0,
        }
    }
}

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
    /// What the scale shows beyond what it holds, in thousandths.
    drift_permille: i64,
    gate: Gate,
    /// The gate was told to shut and does so only when this much has left.
    stuck_until_mg: Option<i64>,
    left_mg: i64,
    landed_mg: i64,
    settle_ms: u32,
}

impl Dose {
    /// A dose of `target` from a silo that gives `feed_g_s` grams a second when fully open. Small
    /// doses run slower, as a dosing screw is slowed down. The scale shows `drift_permille` too much.
    #[must_use]
    pub fn new(target: Grams, feed_g_s: i64, drift_permille: i64, rng: &mut Seeded) -> Dose {
        let target_mg = target.0.saturating_mul(1_000);
        let feed_mg_s = feed_g_s.saturating_mul(1_000);
        Dose {
            target_mg,
            coarse_mg_s: feed_mg_s.min(target_mg / 4).max(1),
            fine_mg_s: (feed_mg_s / 5).min(target_mg / 25).max(1),
            flow_permille: rng.between(900, 1_100),
            gate_lag_ms: rng.between(0, 2 * GATE_LAG_MS),
            drift_permille,
            gate: Gate::Coarse,
            stuck_until_mg: None,
            left_mg: 0,
            landed_mg: 0,
            settle_ms: 0,
        }
    }

    /// What has left the silo as the scale will count it, to the nearest gram.
    #[must_use]
    pub fn left(&self) -> Grams {
        nearest(self.shown(self.left_mg))
    }

    /// What has truly left the silo, to the nearest gram. Differs from [`Dose::left`] when the scale drifts.
    #[must_use]
    pub fn truly_left(&self) -> Grams {
        nearest(self.left_mg)
    }

    /// What the scale shows, to the nearest gram. Equal to [`Dose::left`] once done.
    #[must_use]
    pub fn landed(&self) -> Grams {
        nearest(self.shown(self.landed_mg))
    }

    /// True when the gate was told to shut and has not.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.stuck_until_mg.is_some()
    }

    fn shown(&self, mass_mg: i64) -> i64 {
        mass_mg.saturating_add(mass_mg.saturating_mul(self.drift_permille) / 1_000)
    }

    /// True when the gate is shut for good, all material has landed and the scale has rested.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.gate == Gate::Shut && self.left_mg == self.landed_mg && self.settle_ms >= SETTLE_MS
    }

    /// Shuts the gate for good; what passes while it moves is the after-run. A stuck one shuts later.
    pub fn shut(&mut self, upset: Upset) {
        if self.gate == Gate::Shut || self.is_stuck() {
            return;
        }
        if upset.overshoot_percent > 0 {
            let more = self.target_mg.saturating_mul(upset.overshoot_percent) / 100;
            self.stuck_until_mg = Some(self.left_mg.saturating_add(more));
            return;
        }
        // A stop in the middle of the coarse feed must not let more through than the dose asked for.
        let after_run = (self.rate() * self.flow_permille / 1_000 * self.gate_lag_ms / 1_000)
            .min(self.fine_mg_s * GATE_LAG_MS * 2 / 1_000);
        self.left_mg += after_run * upset.flow_permille / 1_000;
        self.gate = Gate::Shut;
    }

    fn rate(&self) -> i64 {
        match self.gate {
            Gate::Coarse => self.coarse_mg_s,
            Gate::Fine => self.fine_mg_s,
            Gate::Shut => 0,
        }
    }

    /// One step of [`STEP_MS`]. With `open` false the gate is held shut (pause) and only material
    /// that is already in the air lands, unless the gate is stuck.
    pub fn step(&mut self, open: bool, upset: Upset, rng: &mut Seeded) {
        if open && !self.is_stuck() {
            self.control(upset);
        }
        if open || self.is_stuck() {
            // The noise is drawn in every open step, so that the sequence depends on steps alone.
            let noise_permille = rng.between(960, 1_040);
            let flow = self.rate() * self.flow_permille / 1_000 * noise_permille / 1_000;
            self.left_mg += flow / STEPS_A_SECOND * upset.flow_permille / 1_000;
        }
        if let Some(until) = self.stuck_until_mg
            && (self.left_mg >= until || upset.overshoot_percent == 0)
        {
            self.left_mg = self.left_mg.min(until);
            self.stuck_until_mg = None;
            self.gate = Gate::Shut;
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

    fn control(&mut self, upset: Upset) {
        // In a steady flow the air holds what falls in `LANDING_SHARE` steps.
        let in_air = |rate: i64| rate * LANDING_SHARE / STEPS_A_SECOND;
        let seen = self.shown(self.landed_mg);
        if self.gate == Gate::Coarse {
            let fine_part = self.fine_mg_s * FINE_MS / 1_000;
            if seen + in_air(self.coarse_mg_s) + fine_part >= self.target_mg {
                self.gate = Gate::Fine;
            }
        }
        if self.gate == Gate::Fine {
            let after_run = self.fine_mg_s * GATE_LAG_MS / 1_000;
            if seen + in_air(self.fine_mg_s) + after_run >= self.target_mg {
                self.shut(upset);
            }
        }
    }
}

fn nearest(mass_mg: i64) -> Grams {
    Grams((mass_mg + 500) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Upset = Upset {
        flow_permille: 1_000,
        overshoot_percent: 0,
    };

    fn run(target: Grams, feed: i64, seed: u64) -> (Dose, u32) {
        run_upset(target, feed, seed, 0, SOUND)
    }

    fn run_upset(target: Grams, feed: i64, seed: u64, drift: i64, upset: Upset) -> (Dose, u32) {
        let mut rng = Seeded::new(seed);
        let mut dose = Dose::new(target, feed, drift, &mut rng);
        let mut steps = 0;
        while !dose.is_done() {
            dose.step(true, upset, &mut rng);
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
        let mut dose = Dose::new(Grams(100_000), 10_000, 0, &mut rng);
        for _ in 0..60 {
            dose.step(true, SOUND, &mut rng);
        }
        let left = dose.left();
        assert!(dose.landed() < left);
        for _ in 0..100 {
            dose.step(false, SOUND, &mut rng);
        }
        assert_eq!((dose.left(), dose.landed()), (left, left));
        assert!(!dose.is_done());
        dose.shut(SOUND);
        for _ in 0..100 {
            dose.step(false, SOUND, &mut rng);
        }
        assert!(dose.is_done());
        assert!(dose.left() >= left && dose.left().0 < 60_000);
    }

    #[test]
    fn a_stuck_gate_overshoots_by_what_it_is_told_and_then_shuts() {
        for seed in 0..20 {
            let upset = Upset {
                overshoot_percent: 15,
                ..SOUND
            };
            let (dose, _) = run_upset(Grams(100_000), 9_000, seed, 0, upset);
            let over = dose.left().0 - 100_000;
            assert!((12_000..=16_000).contains(&over), "seed {seed}: {over} g");
        }
    }

    #[test]
    fn a_drifting_scale_shows_what_was_asked_for_and_another_mass_has_left() {
        let (dose, _) = run_upset(Grams(100_000), 9_000, 4, 50, SOUND);
        assert!((dose.left().0 - 100_000).abs() < 2_000, "{}", dose.left());
        let shown = dose.truly_left().0 * 105 / 100;
        assert!((dose.left().0 - shown).abs() <= 1, "{}", dose.truly_left());
        assert_eq!(dose.left(), dose.landed());
    }

    #[test]
    fn a_trickle_takes_longer_and_nothing_at_all_never_ends() {
        let trickle = Upset {
            flow_permille: 100,
            ..SOUND
        };
        let (_, usual) = run(Grams(100_000), 9_000, 4);
        let (dose, steps) = run_upset(Grams(100_000), 9_000, 4, 0, trickle);
        assert!(steps > 4 * usual, "{steps} steps instead of {usual}");
        assert!(dose.left().0 < 102_000 && dose.left().0 > 97_000);
        let bridge = Upset {
            flow_permille: 0,
            ..SOUND
        };
        let mut rng = Seeded::new(4);
        let mut dose = Dose::new(Grams(100_000), 9_000, 0, &mut rng);
        (0..10_000).for_each(|_| dose.step(true, bridge, &mut rng));
        assert_eq!((dose.left(), dose.is_done()), (Grams::ZERO, false));
    }
}
