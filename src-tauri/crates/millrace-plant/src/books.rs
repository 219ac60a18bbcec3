//! The plant's own books: what it was asked for and what really left its silos. A test compares
//! them with what the program stored and with what the ERP was told. Leaves out how it happened.

use jiff::civil::DateTime;
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

/// A mass for one silo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiloMass {
    /// The silo or tank.
    pub silo: SiloNo,
    /// Grams.
    pub mass_g: Grams,
}

/// One recipe that the PLC has taken. Times are milliseconds of plant time since its first start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchBook {
    /// Order of taking, from 1.
    pub seq: u64,
    /// The slot it was taken from.
    pub slot: SlotNo,
    /// The order's name as it was received.
    pub order_name: String,
    /// The planned total as it was received.
    pub planned_total_g: Grams,
    /// The plan of every silo as it was received, in the map's order, zeros included.
    pub planned: Vec<SiloMass>,
    /// What has left every silo so far as the PLC counts it, in the map's order. To 10 g what the
    /// registers say once the batch is finished.
    pub left: Vec<SiloMass>,
    /// What has truly left every silo so far. Differs from `left` only when the scale drifts.
    pub truly_left: Vec<SiloMass>,
    /// The finished weight as it was meant, whatever number format it was written in; zero until
    /// then, or when the plant reports none.
    pub weight_g: Grams,
    /// `status_manufacturing` has been set to 1.
    pub finished: bool,
    /// Ended early by a stop command.
    pub stopped: bool,
    /// The slot has been freed after the acknowledgement.
    pub freed: bool,
    /// The PLC lost this recipe: its memory was cleared, or somebody put another order in its place.
    pub lost: bool,
    /// Not the host's order: somebody at the plant put it there.
    pub foreign: bool,
    /// How often the acknowledgement went from 0 to 1. More than one is the host's mistake.
    pub acks: u32,
    /// Of these, how many came before the batch was finished.
    pub early_acks: u32,
    /// When it was taken.
    pub taken_ms: u64,
    /// When its first dose began.
    pub started_ms: Option<u64>,
    /// When it was finished.
    pub finished_ms: Option<u64>,
}

impl BatchBook {
    /// What left all silos together, as the PLC counts it.
    #[must_use]
    pub fn left_total(&self) -> Grams {
        // Each mass comes from a 32-bit register, so the sum fits.
        Grams(self.left.iter().map(|m| m.mass_g.0).sum())
    }

    /// What truly left all silos together.
    #[must_use]
    pub fn truly_left_total(&self) -> Grams {
        Grams(self.truly_left.iter().map(|m| m.mass_g.0).sum())
    }
}

/// Write frames that touched one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotWrites {
    /// The slot.
    pub slot: SlotNo,
    /// Frames that wrote into the order's words.
    pub block: u64,
    /// Frames that wrote the hand-over flag; where one flag guards all slots, each counts it.
    pub flag: u64,
    /// Frames that wrote the acknowledgement.
    pub ack: u64,
    /// Frames that wrote the command word.
    pub command: u64,
}

/// A block that was offered and not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalBook {
    /// The slot.
    pub slot: SlotNo,
    /// What the PLC's check found.
    pub why: String,
    /// When, in milliseconds of plant time.
    pub at_ms: u64,
}

/// What the PLC reported beside its batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A piece of equipment failed.
    Failure {
        /// The equipment's code, as the ERP knows it.
        code: String,
        /// What failed.
        info: String,
        /// The plant's date and time, to the second.
        at: DateTime,
    },
    /// Somebody weighed by hand.
    Weighing {
        /// The batch word: the slot of the order, 0 when there never was one.
        batch: u16,
        /// The order.
        order_name: String,
        /// The product's number.
        product: u16,
        /// How much.
        quantity_g: Grams,
    },
}

/// One event, from its raising until its area was cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBook {
    /// Order of raising, from 1.
    pub seq: u64,
    /// What it says.
    pub event: Event,
    /// When it happened.
    pub raised_ms: u64,
    /// When it stood in its area; `None` while it waits.
    pub shown_ms: Option<u64>,
    /// How often its handshake went from 0 to 1. More than one is the host's mistake.
    pub acks: u32,
    /// When its area was cleared.
    pub cleared_ms: Option<u64>,
    /// The PLC lost its memory before the host had acknowledged it.
    pub lost: bool,
}

/// All books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Plant time since the first start, in milliseconds.
    pub plant_ms: u64,
    /// Every recipe taken, in order.
    pub batches: Vec<BatchBook>,
    /// Stock left in every silo: start stock less what has truly left. May fall below zero, because the
    /// virtual plant never runs dry.
    pub stock: Vec<SiloMass>,
    /// Write frames a slot.
    pub writes: Vec<SlotWrites>,
    /// Blocks that were offered and not taken.
    pub refusals: Vec<RefusalBook>,
    /// Every equipment failure and manual weighing, in the order of raising.
    pub events: Vec<EventBook>,
}

impl Books {
    /// The recipe that a slot took last.
    #[must_use]
    pub fn last_of(&self, slot: SlotNo) -> Option<&BatchBook> {
        self.batches.iter().rev().find(|b| b.slot == slot)
    }
}
