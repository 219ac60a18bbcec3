//! Faults by seed: which, how much, at what and when, for a campaign of many runs. The same seed
//! and the same bounds give the same plan on any machine; printed with `{:?}` a plan says all that is needed to
//! understand a failed run. Leaves out who carries it out: whoever moves the clock asks [`FaultPlan::due`].

use std::collections::VecDeque;

use super::key::{Aim, FaultKey};
use super::view::FaultSwitch;
use super::wire::{Level, WireFaults};
use crate::rng::Seeded;

/// What a plan may aim at, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanBounds {
    /// All faults begin and end within this much plant time, in milliseconds.
    pub length_ms: u64,
    /// Slots in use.
    pub slots: Vec<u16>,
    /// Silos in use.
    pub silos: Vec<u16>,
    /// The faults to choose from. Those without a target in these bounds are left out.
    pub keys: Vec<FaultKey>,
}

/// One switch at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// When, in milliseconds of plant time since the plan began.
    pub at_ms: u64,
    /// What.
    pub switch: FaultSwitch,
}

/// A plan, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlan {
    /// The seed it came from.
    pub seed: u64,
    /// How bad the network is throughout.
    pub wire: WireFaults,
    switches: VecDeque<Planned>,
}

impl Level {
    /// Most faults of one plan.
    fn faults_max(self) -> i64 {
        match self {
            Level::Mild => 1,
            Level::Rough => 3,
            Level::Wild => 6,
        }
    }
}

impl FaultPlan {
    /// A plan by chance. Every fault that lasts is switched off again before the end; the wire's
    /// rates hold throughout and are not among the switches.
    #[must_use]
    pub fn from_seed(seed: u64, level: Level, bounds: &PlanBounds) -> FaultPlan {
        let mut dice = Seeded::new(seed);
        let wire = WireFaults::from_seed(dice.next_bits(), level);
        let mut free: Vec<FaultKey> = bounds
            .keys
            .iter()
            .copied()
            .filter(|key| !matches!(key, FaultKey::Wire(_)))
            .filter(|key| key.aim() == Aim::Nothing || !targets(*key, bounds).is_empty())
            .collect();
        let mut switches = Vec::new();
        for _ in 0..dice.between(0, level.faults_max()) {
            // Each at most once, so that the end of one is not the end of another.
            if free.is_empty() {
                break;
            }
            let key = free.swap_remove(choose(free.len(), &mut dice));
            plan_one(key, bounds, &mut dice, &mut switches);
        }
        switches.sort_by_key(|planned: &Planned| planned.at_ms);
        FaultPlan {
            seed,
            wire,
            switches: switches.into(),
        }
    }

    /// The next switch whose time has come.
    pub fn due(&mut self, now_ms: u64) -> Option<FaultSwitch> {
        let is_due = self
            .switches
            .front()
            .is_some_and(|next| next.at_ms <= now_ms);
        let due = if is_due {
            self.switches.pop_front()
        } else {
            None
        };
        due.map(|planned| planned.switch)
    }

    /// What is still to come.
    pub fn switches(&self) -> impl Iterator<Item = &Planned> {
        self.switches.iter()
    }
}

fn targets(key: FaultKey, bounds: &PlanBounds) -> &[u16] {
    match key.aim() {
        Aim::Slot => &bounds.slots,
        Aim::Silo => &bounds.silos,
        Aim::Nothing | Aim::Product => &[],
    }
}

fn choose(count: usize, dice: &mut Seeded) -> usize {
    let last = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1);
    usize::try_from(dice.between(0, last)).unwrap_or(0)
}

fn instant(from: u64, to: u64, dice: &mut Seeded) -> u64 {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    u64::try_from(dice.between(number(from), number(to))).unwrap_or(from)
}

fn plan_one(key: FaultKey, bounds: &PlanBounds, dice: &mut Seeded, out: &mut Vec<Planned>) {
    let value = key
        .amount()
        .map(|amount| dice.between(amount.least, amount.most));
    let targets = targets(key, bounds);
    let target = targets.get(choose(targets.len().max(1), dice)).copied();
    let begins = instant(0, bounds.length_ms, dice);
    let ends = instant(begins, bounds.length_ms, dice);
    let on = FaultSwitch {
        value,
        target,
        ..FaultSwitch::on(key.key())
    };
    out.push(Planned {
        at_ms: begins,
        switch: on,
    });
    if !key.is_momentary() {
        out.push(Planned {
            at_ms: ends,
            switch: FaultSwitch::off(key.key()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> PlanBounds {
        PlanBounds {
            length_ms: 60_000,
            slots: vec![1, 2],
            silos: vec![101, 103],
            keys: FaultKey::all(),
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        let plans = |from: u64| -> Vec<FaultPlan> {
            (from..from + 50)
                .map(|seed| FaultPlan::from_seed(seed, Level::Wild, &bounds()))
                .collect()
        };
        assert_eq!(plans(1), plans(1));
        assert_eq!(format!("{:?}", plans(1)), format!("{:?}", plans(1)));
        assert_ne!(plans(1), plans(2));
    }

    #[test]
    fn every_lasting_fault_ends_and_all_kinds_come_up() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..400 {
            let mut plan = FaultPlan::from_seed(seed, Level::Wild, &bounds());
            let mut on = std::collections::BTreeSet::new();
            let mut before = 0;
            for planned in plan.switches() {
                assert!(
                    planned.at_ms >= before && planned.at_ms <= 60_000,
                    "seed {seed}"
                );
                before = planned.at_ms;
                let key = FaultKey::from_key(&planned.switch.key).expect("known");
                let is_aimed = planned.switch.target.is_some();
                assert!(is_aimed || key.aim() == Aim::Nothing || !planned.switch.is_on);
                seen.insert(key);
                if planned.switch.is_on && !key.is_momentary() {
                    on.insert(key);
                } else {
                    on.remove(&key);
                }
            }
            assert!(on.is_empty(), "seed {seed}: {on:?}");
            while plan.due(60_000).is_some() {}
            assert_eq!(plan.switches().count(), 0);
        }
        // No product is within these bounds, and the wire has rates of its own.
        assert_eq!(seen.len(), FaultKey::all().len() - 9, "{seen:?}");
    }
}
