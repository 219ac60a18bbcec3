//! The virtual PLC by its memory words, without sockets.
//! Leaves out the network (`fins.rs` beside this folder) and the ERP.

mod area;
mod batch;
mod command;
mod host;
mod machine;
mod program;
mod restart;
mod rule;
mod switch;
