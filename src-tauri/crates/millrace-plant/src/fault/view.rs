//! How faults are listed and switched from outside: one shape for the training screen, the control
//! routes and tests. Leaves out what the faults do.

use serde::{Deserialize, Serialize};

use super::key::{Amount, FaultGroup};

/// Something a fault can be aimed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultTarget {
    /// Number of the silo, slot or product.
    pub value: u16,
    /// What people call it.
    pub label: String,
}

/// One fault that can be switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultView {
    /// Stable key, such as `drop`, `bridging_silo`, `reboot_memory_lost`.
    pub key: String,
    /// Where it sits.
    pub group: FaultGroup,
    /// It happens once, when asked for; there is nothing to switch off.
    pub is_momentary: bool,
    /// It is on.
    pub is_on: bool,
    /// How much, in `unit`.
    pub value: Option<i64>,
    /// `percent`, `ms`, `permille`, `kg` or empty.
    pub unit: String,
    /// Least value.
    pub least: i64,
    /// Largest value.
    pub most: i64,
    /// What it is aimed at now.
    pub target: Option<u16>,
    /// What it can be aimed at; empty = it needs no target.
    pub targets: Vec<FaultTarget>,
    /// How often it has struck.
    pub count: u64,
}

/// All faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultsView {
    /// The faults.
    pub faults: Vec<FaultView>,
    /// Seed of what happens by chance.
    pub seed: u64,
}

/// Switch a fault, or let it happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSwitch {
    /// Which.
    pub key: String,
    /// On or off; true lets a momentary one happen.
    pub is_on: bool,
    /// How much; `None` = as before, or the usual.
    #[serde(default)]
    pub value: Option<i64>,
    /// Aimed at; `None` = as before, or the first.
    #[serde(default)]
    pub target: Option<u16>,
}

impl FaultSwitch {
    /// On, with the usual amount and the first target.
    #[must_use]
    pub fn on(key: &str) -> FaultSwitch {
        FaultSwitch {
            key: key.to_owned(),
            is_on: true,
            value: None,
            target: None,
        }
    }

    /// Off.
    #[must_use]
    pub fn off(key: &str) -> FaultSwitch {
        FaultSwitch {
            is_on: false,
            ..FaultSwitch::on(key)
        }
    }

    /// With this amount.
    #[must_use]
    pub fn with(mut self, value: i64) -> FaultSwitch {
        self.value = Some(value);
        self
    }

    /// Aimed at this.
    #[must_use]
    pub fn at(mut self, target: u16) -> FaultSwitch {
        self.target = Some(target);
        self
    }
}

/// A switch that cannot be. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// The asker's fault.
    #[error("there is no fault \"{0}\"")]
    NoSuchFault(String),
    /// The asker's fault.
    #[error("{key} goes from {least} to {most}{}, not {value}", after_space(.unit))]
    Value {
        /// The fault.
        key: &'static str,
        /// Least.
        least: i64,
        /// Most.
        most: i64,
        /// In which unit.
        unit: &'static str,
        /// What was asked for.
        value: i64,
    },
    /// The asker's fault.
    #[error("{0} is or is not, there is no amount of it")]
    NoAmount(&'static str),
    /// The asker's fault.
    #[error("{0} cannot be aimed at {1}")]
    Target(&'static str, u16),
    /// The map's fault.
    #[error("the register map has no words for {0}")]
    NoWords(&'static str),
    /// The fault is on, but the state file could not be written.
    #[error(transparent)]
    Plant(#[from] crate::plant::PlantError),
    /// As `Plant`, of the ERP.
    #[error(transparent)]
    Erp(#[from] crate::odoo::OdooError),
}

fn after_space(unit: &str) -> String {
    if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    }
}

/// The amount that counts: the one asked for, the one before, or the usual.
pub(crate) fn amount_of(
    key: &'static str,
    amount: Option<Amount>,
    asked: Option<i64>,
    before: Option<i64>,
) -> Result<Option<i64>, FaultError> {
    match (amount, asked) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(FaultError::NoAmount(key)),
        (Some(amount), None) => Ok(before.or(Some(amount.usual))),
        (Some(amount), Some(value)) if (amount.least..=amount.most).contains(&value) => {
            Ok(Some(value))
        }
        (Some(amount), Some(value)) => Err(FaultError::Value {
            key,
            least: amount.least,
            most: amount.most,
            unit: amount.unit,
            value,
        }),
    }
}
