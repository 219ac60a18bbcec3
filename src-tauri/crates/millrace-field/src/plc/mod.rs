//! The PLC: what a driver must do ([`PlcDriver`]), how one is configured, and how its failures are
//! sorted. [`session::open`] gives the handle that everybody else uses, over the wire that [`net`] is.
//! Leaves out the meaning of the words, and any default address: a PLC is named or not spoken to.

mod config;
#[cfg(test)]
pub(crate) mod conformance;
mod error;
pub mod fins;
pub mod modbus;
pub mod net;
#[cfg(test)]
mod script;
pub mod session;
#[cfg(test)]
pub(crate) mod stream_conformance;
mod tcp;
#[cfg(test)]
pub(crate) mod tcp_peer;

use async_trait::async_trait;
use serde::Serialize;

pub use config::{DriverConfig, DriverKind, TcpConfig};
pub use error::{AddressError, PlcError, Refusal};
pub use session::{Counters, LinkState, LinkView, PlcHandle, Session, open, open_on};

/// One connection to one PLC. A call is one request on the wire, never repeated by the driver.
#[async_trait]
pub trait PlcDriver: Send {
    /// Reads `count` words from `addr` on, in one frame.
    ///
    /// # Errors
    /// [`PlcError`]; after an error no word of the answer is used.
    async fn read(&mut self, addr: u16, count: u16) -> Result<Vec<u16>, PlcError>;

    /// Writes `words` from `addr` on, in one frame.
    ///
    /// # Errors
    /// [`PlcError::outcome_unknown`] tells whether the PLC may have done it all the same.
    async fn write(&mut self, addr: u16, words: &[u16]) -> Result<(), PlcError>;

    /// Most words that one frame writes.
    fn write_words_max(&self) -> u16;

    /// What it is connected to, for people.
    fn describe(&self) -> String;

    /// What the driver saw beside its answers, since it was made.
    fn noticed(&self) -> Noticed;
}

/// What a driver saw beside its answers. Numbers only ever rise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Noticed {
    /// Frames of other senders, nodes, units, transactions or commands, dropped.
    pub foreign: u64,
    /// Answers to earlier requests, dropped.
    pub late: u64,
    /// Answers of the wrong length, dropped.
    pub wrong_length: u64,
    /// Answers with the mark of a CPU error that does not stop it.
    pub cpu_warnings: u64,
    /// Answers with the mark of a CPU stopped on an error.
    pub cpu_fatals: u64,
    /// Answers with the mark of a relay error.
    pub relay_errors: u64,
    /// The latest answer had the CPU warning mark (weak battery and the like).
    pub cpu_warning_now: bool,
    /// The latest answer had the relay error mark.
    pub relay_error_now: bool,
}

#[cfg(test)]
mod tests;
