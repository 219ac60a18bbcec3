//! One newtype per identity, so that a batch can never be passed where an order is meant.
//! Leaves out where ids come from: the store hands them out, nothing reuses them.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// A manufacturing order as we keep it (not the ERP's own number).
    OrderId);
id!(/// One mixer load. Shown as `<order name>/<n>`, never reused.
    BatchId);
id!(/// A person who may log in.
    UserId);
id!(/// A message waiting for, or answered by, the ERP.
    OutboxId);

/// The number of a PLC slot, 1-based as on the electrician's drawings (1..=10 in the demo map).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SlotNo(pub u16);

impl std::fmt::Display for SlotNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The number by which the PLC knows a silo or liquid tank (101..=115 in the demo map).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct SiloNo(pub u16);

impl std::fmt::Display for SiloNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
