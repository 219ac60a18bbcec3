//! Which faults of PLC and machinery are on, and how often each has struck. The program and the
//! physics ask here. Leaves out the wire's, which have a policy of their own (`wire`).

use std::collections::{BTreeMap, BTreeSet};

use millrace_core::ids::SiloNo;

use super::key::FaultKey;
use crate::area::FailureInfo;
use crate::physics::Upset;

/// One fault as it was last switched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FaultState {
    pub(crate) is_on: bool,
    pub(crate) value: Option<i64>,
    pub(crate) target: Option<u16>,
    pub(crate) count: u64,
}

/// The faults. Nothing of them is saved: a plant started anew is sound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultSet {
    states: BTreeMap<FaultKey, FaultState>,
    /// What a fault has hold of now, so that one strike is counted once and not at every scan.
    held: BTreeSet<(FaultKey, u16)>,
    raised: Vec<(SiloNo, FailureInfo)>,
}

impl FaultSet {
    pub(crate) fn state(&self, key: FaultKey) -> FaultState {
        self.states.get(&key).copied().unwrap_or_default()
    }

    pub(crate) fn switch(
        &mut self,
        key: FaultKey,
        is_on: bool,
        value: Option<i64>,
        target: Option<u16>,
    ) {
        let state = self.states.entry(key).or_default();
        state.is_on = is_on;
        state.value = value;
        state.target = target;
        self.held.retain(|(held, _)| *held != key);
    }

    /// Switches all off; amounts, targets and counts stay.
    pub(crate) fn clear(&mut self) {
        for state in self.states.values_mut() {
            state.is_on = false;
        }
        self.held.clear();
    }

    /// It is on.
    #[must_use]
    pub fn is_on(&self, key: FaultKey) -> bool {
        self.state(key).is_on
    }

    /// It is on and aimed at this slot or silo.
    #[must_use]
    pub fn hits(&self, key: FaultKey, target: u16) -> bool {
        let state = self.state(key);
        state.is_on && state.target == Some(target)
    }

    /// Its amount while it is on.
    #[must_use]
    pub fn value(&self, key: FaultKey) -> Option<i64> {
        let state = self.state(key);
        let usual = key.amount().map(|amount| amount.usual);
        state.value.or(usual).filter(|_| state.is_on)
    }

    /// It has struck.
    pub fn strike(&mut self, key: FaultKey) {
        let state = self.states.entry(key).or_default();
        state.count = state.count.saturating_add(1);
    }

    /// It has hold of something: counted when it takes hold. True then.
    pub fn hold(&mut self, key: FaultKey, what: u16) -> bool {
        let is_new = self.held.insert((key, what));
        if is_new {
            self.strike(key);
        }
        is_new
    }

    /// It has lost hold: what comes next is another strike.
    pub fn let_go(&mut self, key: FaultKey, what: u16) {
        self.held.remove(&(key, what));
    }

    /// What disturbs a dose from this silo now. What can, and is noticed by the PLC, is reported once a dose.
    pub(crate) fn upset(&mut self, silo: SiloNo) -> Upset {
        let mut upset = Upset::default();
        if self.hits(FaultKey::BridgingSilo, silo.0) {
            let percent = self.value(FaultKey::BridgingSilo).unwrap_or(0);
            upset.flow_permille = percent.saturating_mul(10);
            if self.hold(FaultKey::BridgingSilo, silo.0) {
                self.raised.push((silo, FailureInfo::StartFailure));
            }
        }
        if self.hits(FaultKey::StuckGate, silo.0) {
            upset.overshoot_percent = self.value(FaultKey::StuckGate).unwrap_or(0);
        }
        upset
    }

    /// The gate of this silo has not shut when it was told to.
    pub(crate) fn gate_stuck(&mut self, silo: SiloNo) {
        if self.hold(FaultKey::StuckGate, silo.0) {
            self.raised.push((silo, FailureInfo::MotorFailure));
        }
    }

    /// A dose from this silo is over.
    pub(crate) fn dose_over(&mut self, silo: SiloNo) {
        self.let_go(FaultKey::BridgingSilo, silo.0);
        self.let_go(FaultKey::StuckGate, silo.0);
    }

    /// Failures that the PLC has noticed and not reported yet.
    pub(crate) fn take_raised(&mut self) -> Vec<(SiloNo, FailureInfo)> {
        std::mem::take(&mut self.raised)
    }
}
