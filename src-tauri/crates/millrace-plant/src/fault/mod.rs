//! Faults of the virtual plant, by seed and by command. Leaves out the ERP's, which live beside it
//! (`odoo`).

mod frame;
pub mod wire;

pub use frame::Framing;
