//! The faults that can be switched, each with its key, its amount and what it is aimed at: the one
//! table behind the training screen, the control routes and plans by seed. Leaves out what they do.

use serde::{Deserialize, Serialize};

use super::wire::{ALWAYS_PERMILLE, WireKind};

/// Where a fault sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultGroup {
    /// Between the PLC and the host.
    Wire,
    /// In the PLC and its program.
    Plc,
    /// In the machinery.
    Plant,
    /// In the ERP.
    Erp,
}

/// What a fault is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// Nothing in particular.
    Nothing,
    /// A slot.
    Slot,
    /// A silo or tank.
    Silo,
    /// A product that is weighed by hand.
    Product,
}

/// How much of a fault there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// `percent`, `ms`, `permille`, `kg`, or empty for a plain number.
    pub unit: &'static str,
    /// Least.
    pub least: i64,
    /// Most.
    pub most: i64,
    /// Unless somebody says another.
    pub usual: i64,
}

const fn amount(unit: &'static str, least: i64, most: i64, usual: i64) -> Option<Amount> {
    Some(Amount {
        unit,
        least,
        most,
        usual,
    })
}

/// A fault between wire and machinery. The ERP's are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKey {
    /// A fault of single frames. The amount is its rate, for a delay the longest.
    Wire(WireKind),
    /// Streams stay open and say nothing any more; the amount is how many, 0 = all.
    HalfOpen,
    /// The slot's offers are not taken.
    StuckFlag,
    /// The slot's acknowledgement is not seen: it stays 1 and the slot is not freed.
    StuckAck,
    /// The slot shows the id before in the id word of silo 110 (or the last silo), and the right id in the high word
    /// of the quantity.
    ShiftedSiloId,
    /// The finished weight is written as a native floating-point number, low word first.
    FloatWeight,
    /// The finished weight stays 0.
    ZeroWeight,
    /// The program is not scanned; the memory answers.
    FrozenProgram,
    /// Every answer says that the CPU has an error which does not stop it.
    CpuWarning,
    /// Every answer says that the CPU has stopped, and so it has.
    CpuFatal,
    /// Off and on, memory kept. The amount is the time until it answers again.
    RebootMemoryKept,
    /// Off and on, memory lost.
    RebootMemoryLost,
    /// Somebody else puts an order into the slot, whatever it holds.
    OrderForeign,
    /// The silo gives only so much of its usual flow.
    BridgingSilo,
    /// The silo's gate shuts only when so much more than the target has passed.
    StuckGate,
    /// The scale shows so much more than it should.
    ScaleDrift,
    /// The PLC reports a failure of the silo.
    EquipmentFailure,
    /// Somebody weighs by hand for the running order, or the last one.
    ManualWeighing,
}

impl FaultKey {
    /// All of them, in the order in which people see them.
    #[must_use]
    pub fn all() -> Vec<FaultKey> {
        let wire = WireKind::ALL.into_iter().map(FaultKey::Wire);
        wire.chain(OTHERS).collect()
    }

    /// The fault with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<FaultKey> {
        FaultKey::all().into_iter().find(|one| one.key() == key)
    }

    /// Its stable key.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            FaultKey::Wire(kind) => kind.key(),
            FaultKey::HalfOpen => "half_open",
            FaultKey::StuckFlag => "stuck_flag",
            FaultKey::StuckAck => "stuck_ack",
            FaultKey::ShiftedSiloId => "shifted_silo_id",
            FaultKey::FloatWeight => "float_weight",
            FaultKey::ZeroWeight => "zero_weight",
            FaultKey::FrozenProgram => "frozen_program",
            FaultKey::CpuWarning => "cpu_warning",
            FaultKey::CpuFatal => "cpu_fatal",
            FaultKey::RebootMemoryKept => "reboot_memory_kept",
            FaultKey::RebootMemoryLost => "reboot_memory_lost",
            FaultKey::OrderForeign => "order_foreign",
            FaultKey::BridgingSilo => "bridging_silo",
            FaultKey::StuckGate => "stuck_gate",
            FaultKey::ScaleDrift => "scale_drift",
            FaultKey::EquipmentFailure => "equipment_failure",
            FaultKey::ManualWeighing => "manual_weighing",
        }
    }

    /// Where it sits.
    #[must_use]
    pub fn group(self) -> FaultGroup {
        match self {
            FaultKey::Wire(_) | FaultKey::HalfOpen => FaultGroup::Wire,
            FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::RebootMemoryKept
            | FaultKey::RebootMemoryLost
            | FaultKey::OrderForeign => FaultGroup::Plc,
            FaultKey::BridgingSilo
            | FaultKey::StuckGate
            | FaultKey::ScaleDrift
            | FaultKey::EquipmentFailure
            | FaultKey::ManualWeighing => FaultGroup::Plant,
        }
    }

    /// It happens once, when asked for.
    #[must_use]
    pub fn is_momentary(self) -> bool {
        match self {
            FaultKey::RebootMemoryKept
            | FaultKey::RebootMemoryLost
            | FaultKey::OrderForeign
            | FaultKey::EquipmentFailure
            | FaultKey::ManualWeighing => true,
            FaultKey::Wire(_)
            | FaultKey::HalfOpen
            | FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::BridgingSilo
            | FaultKey::StuckGate
            | FaultKey::ScaleDrift => false,
        }
    }

    /// How much of it there can be; `None` when it only is or is not.
    #[must_use]
    pub fn amount(self) -> Option<Amount> {
        match self {
            FaultKey::Wire(WireKind::Delay) => amount("ms", 1, 10_000, 300),
            FaultKey::Wire(
                WireKind::Drop
                | WireKind::Duplicate
                | WireKind::Reorder
                | WireKind::Truncate
                | WireKind::GarbleHeader
                | WireKind::GarblePayload
                | WireKind::Foreign,
            ) => amount("permille", 1, i64::from(ALWAYS_PERMILLE), 100),
            FaultKey::HalfOpen => amount("", 0, 16, 0),
            FaultKey::RebootMemoryKept | FaultKey::RebootMemoryLost => {
                amount("ms", 0, 60_000, 2_000)
            }
            FaultKey::BridgingSilo => amount("percent", 0, 50, 0),
            FaultKey::StuckGate => amount("percent", 1, 50, 15),
            FaultKey::ScaleDrift => amount("permille", -200, 200, 30),
            // Which of the failures that a PLC reports: see `area::FailureInfo`.
            FaultKey::EquipmentFailure => amount("", 1, 3, 1),
            FaultKey::ManualWeighing => amount("kg", 1, 500, 12),
            FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::OrderForeign => None,
        }
    }

    /// What it is aimed at.
    #[must_use]
    pub fn aim(self) -> Aim {
        match self {
            FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::OrderForeign => Aim::Slot,
            FaultKey::BridgingSilo | FaultKey::StuckGate | FaultKey::EquipmentFailure => Aim::Silo,
            FaultKey::ManualWeighing => Aim::Product,
            FaultKey::Wire(_)
            | FaultKey::HalfOpen
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::RebootMemoryKept
            | FaultKey::RebootMemoryLost
            | FaultKey::ScaleDrift => Aim::Nothing,
        }
    }
}

const OTHERS: [FaultKey; 17] = [
    FaultKey::HalfOpen,
    FaultKey::StuckFlag,
    FaultKey::StuckAck,
    FaultKey::ShiftedSiloId,
    FaultKey::FloatWeight,
    FaultKey::ZeroWeight,
    FaultKey::FrozenProgram,
    FaultKey::CpuWarning,
    FaultKey::CpuFatal,
    FaultKey::RebootMemoryKept,
    FaultKey::RebootMemoryLost,
    FaultKey::OrderForeign,
    FaultKey::BridgingSilo,
    FaultKey::StuckGate,
    FaultKey::ScaleDrift,
    FaultKey::EquipmentFailure,
    FaultKey::ManualWeighing,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_a_key_of_its_own_and_its_usual_amount_is_within_its_limits() {
        let keys: BTreeSet<_> = FaultKey::all().into_iter().map(FaultKey::key).collect();
        assert_eq!(keys.len(), FaultKey::all().len());
        for one in FaultKey::all() {
            assert_eq!(FaultKey::from_key(one.key()), Some(one));
            if let Some(amount) = one.amount() {
                assert!(
                    (amount.least..=amount.most).contains(&amount.usual),
                    "{one:?}"
                );
            }
        }
        assert_eq!(FaultKey::from_key("droop"), None);
    }
}
