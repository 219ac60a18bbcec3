//! Omron FINS: the frames as pure bytes, and their transport.
//! Leaves out run/stop and forced-set commands: they are not implemented, so nobody can send them.

#[cfg(test)]
pub(crate) mod peer;

pub mod end_code;
pub mod frame;
pub mod udp;
