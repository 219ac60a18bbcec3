//! Omron FINS: the frames as pure bytes, and their transports.
//! Leaves out run/stop and forced-set commands: they are not implemented, so nobody can send them.

#[cfg(test)]
pub(crate) mod peer;

pub mod end_code;
pub mod frame;
mod outcome;
pub mod stream;
pub mod tcp;
pub mod udp;
