//! The office side: everything that speaks HTTP outwards. Today that is the ERP.
//! Leaves out rules (what may be posted, when to repeat) and storage: callers decide and keep.

pub mod erp;
mod http;
