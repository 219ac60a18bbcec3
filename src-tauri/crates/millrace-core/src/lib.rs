//! The plant's rules: batches, recipes, registers, silos, rights. Pure functions and types.
//! Leaves out all I/O, clocks, randomness, logging and tasks; callers hand in what they know.

pub mod access;
pub mod audit;
pub mod backup;
pub mod batch;
pub mod deviation;
pub mod erp;
pub mod erp_difference;
pub mod erp_lot;
pub mod error_code;
pub mod ids;
pub mod intake;
pub mod journal;
pub mod progress;
pub mod recipe;
pub mod record;
pub mod registers;
pub mod secret;
pub mod signature;
pub mod signature_told;
pub mod silo;
pub mod units;
