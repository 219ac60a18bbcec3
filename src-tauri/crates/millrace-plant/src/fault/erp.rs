//! The ERP's faults by the same switches: keys over what the virtual ERP can do already.
//! Leaves out the faults themselves (`odoo`).

use std::collections::BTreeMap;

use super::key::{Amount, FaultGroup};
use super::view::{FaultError, FaultSwitch, FaultView, amount_of};
use crate::odoo::{FaultChange, FaultScope, Faults, VirtualOdoo};

/// A fault of the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ErpKey {
    Down,
    LostAnswer,
    LostRequest,
    Slow,
    ServerError,
    Html,
    SessionsEnd,
}

const ALL: [ErpKey; 7] = [
    ErpKey::Down,
    ErpKey::LostAnswer,
    ErpKey::LostRequest,
    ErpKey::Slow,
    ErpKey::ServerError,
    ErpKey::Html,
    ErpKey::SessionsEnd,
];

impl ErpKey {
    fn key(self) -> &'static str {
        match self {
            ErpKey::Down => "erp_down",
            ErpKey::LostAnswer => "erp_lost_answer",
            ErpKey::LostRequest => "erp_lost_request",
            ErpKey::Slow => "erp_slow",
            ErpKey::ServerError => "erp_error",
            ErpKey::Html => "erp_html",
            ErpKey::SessionsEnd => "erp_sessions_end",
        }
    }

    /// Counted ones are used up by so many requests.
    fn amount(self) -> Option<Amount> {
        match self {
            ErpKey::Down | ErpKey::SessionsEnd => None,
            ErpKey::LostAnswer | ErpKey::LostRequest | ErpKey::ServerError | ErpKey::Html => {
                Some(Amount {
                    unit: "",
                    least: 1,
                    most: 100,
                    usual: 1,
                })
            }
            ErpKey::Slow => Some(Amount {
                unit: "ms",
                least: 1,
                most: 60_000,
                usual: 3_000,
            }),
        }
    }

    /// What is left of it; for a slow ERP, how slow.
    fn left(self, faults: &Faults) -> i64 {
        match self {
            ErpKey::Down => i64::from(faults.down),
            ErpKey::LostAnswer => i64::from(faults.drop_after_commit),
            ErpKey::LostRequest => i64::from(faults.drop_before),
            ErpKey::Slow => i64::try_from(faults.delay_ms).unwrap_or(i64::MAX),
            ErpKey::ServerError => i64::from(faults.status_500),
            ErpKey::Html => i64::from(faults.html),
            ErpKey::SessionsEnd => 0,
        }
    }

    fn is_counted(self) -> bool {
        match self {
            ErpKey::LostAnswer | ErpKey::LostRequest | ErpKey::ServerError | ErpKey::Html => true,
            ErpKey::Down | ErpKey::Slow | ErpKey::SessionsEnd => false,
        }
    }

    fn change(self, is_on: bool, value: i64) -> FaultChange {
        let value = if is_on { value } else { 0 };
        let count = Some(u32::try_from(value).unwrap_or(0));
        let mut change = FaultChange::default();
        match self {
            ErpKey::Down => change.down = Some(is_on),
            ErpKey::LostAnswer => change.drop_after_commit = count,
            ErpKey::LostRequest => change.drop_before = count,
            ErpKey::Slow => change.delay_ms = Some(u64::try_from(value).unwrap_or(0)),
            ErpKey::ServerError => change.status_500 = count,
            ErpKey::Html => change.html = count,
            ErpKey::SessionsEnd => change.expire_sessions = is_on,
        }
        change
    }
}

/// What was last asked of each fault, because the ERP only knows what is left.
#[derive(Debug, Clone, Default)]
pub(super) struct ErpFaults {
    asked: BTreeMap<ErpKey, i64>,
    /// Strikes of what was switched before.
    past: BTreeMap<ErpKey, i64>,
}

impl ErpFaults {
    pub(super) fn knows(key: &str) -> bool {
        ALL.iter().any(|one| one.key() == key)
    }

    /// Strikes of a counted fault: what was asked for less what is left.
    fn count(&self, key: ErpKey, faults: &Faults) -> i64 {
        let past = self.past.get(&key).copied().unwrap_or(0);
        let asked = self.asked.get(&key).copied().unwrap_or(0);
        let now = if key.is_counted() {
            asked.saturating_sub(key.left(faults)).max(0)
        } else {
            0
        };
        past.saturating_add(now)
    }

    pub(super) fn view(&self, odoo: &VirtualOdoo) -> Vec<FaultView> {
        let faults = waiting(odoo);
        let view = |key: ErpKey| {
            let (left, amount) = (key.left(&faults), key.amount());
            let asked = self.asked.get(&key).copied().filter(|asked| *asked > 0);
            FaultView {
                key: key.key().to_owned(),
                group: FaultGroup::Erp,
                is_momentary: key == ErpKey::SessionsEnd,
                is_on: left > 0,
                value: amount.map(|amount| match left {
                    0 => asked.unwrap_or(amount.usual),
                    left => left,
                }),
                unit: amount.map_or("", |amount| amount.unit).to_owned(),
                least: amount.map_or(0, |amount| amount.least),
                most: amount.map_or(0, |amount| amount.most),
                target: None,
                targets: Vec::new(),
                count: u64::try_from(self.count(key, &faults)).unwrap_or(0),
            }
        };
        ALL.into_iter().map(view).collect()
    }

    pub(super) fn set(
        &mut self,
        odoo: &VirtualOdoo,
        switch: &FaultSwitch,
    ) -> Result<(), FaultError> {
        let key = ALL
            .into_iter()
            .find(|one| one.key() == switch.key)
            .ok_or_else(|| FaultError::NoSuchFault(switch.key.clone()))?;
        if let Some(target) = switch.target {
            return Err(FaultError::Target(key.key(), target));
        }
        let before = self.asked.get(&key).copied().filter(|asked| *asked > 0);
        let value = amount_of(key.key(), key.amount(), switch.value, before)?;
        let faults = waiting(odoo);
        let mut past = self.count(key, &faults);
        if !key.is_counted() && switch.is_on {
            past = past.saturating_add(1);
        }
        let mut change = key.change(switch.is_on, value.unwrap_or(0));
        if key.is_counted() {
            // A scope that a test once set would let these wait for ever.
            change.scope = Some(FaultScope::All);
        }
        odoo.set_faults(&change)?;
        self.past.insert(key, past);
        let asked = value.filter(|_| switch.is_on || !key.is_counted());
        self.asked.insert(key, asked.unwrap_or(0));
        Ok(())
    }

    pub(super) fn clear(&mut self, odoo: &VirtualOdoo) {
        for key in ALL.into_iter().filter(|key| *key != ErpKey::SessionsEnd) {
            if let Err(error) = self.set(odoo, &FaultSwitch::off(key.key())) {
                tracing::error!(%error, "a fault of the ERP stays on");
            }
        }
    }
}

/// What waits in the ERP now. Asking changes nothing, so there is nothing that could fail to be saved.
fn waiting(odoo: &VirtualOdoo) -> Faults {
    odoo.set_faults(&FaultChange::default())
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the ERP does not say which faults wait");
            Faults::default()
        })
}
