//! The virtual PLC by its memory words, without sockets.
//! Leaves out the network (`fins.rs` beside this folder) and the ERP.

mod batch;
mod command;
mod host;
mod restart;
