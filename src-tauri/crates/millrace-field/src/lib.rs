//! The shop floor: everything that opens a socket to a machine.
//! Leaves out what the words mean (`millrace_core::registers`) and when they are read.

pub mod plc;
