//! Faults of the virtual plant, by seed and by command. What each does is written where it
//! strikes: frames here (`wire`), the program in `ladder`, the machinery in `physics` and `line`.
//! Leaves out the ERP's own faults (`odoo`), which only the list of all faults names (`board`).

pub mod board;
mod erp;
mod frame;
pub mod key;
pub mod plan;
mod set;
pub mod view;
pub mod wire;

pub use board::FaultBoard;
pub use frame::Framing;
pub use key::{Aim, FaultGroup, FaultKey};
pub use plan::FaultPlan;
pub use set::FaultSet;
pub use view::{FaultError, FaultSwitch, FaultTarget, FaultView, FaultsView};
pub use wire::{Level, WireFaults, WireKind};
