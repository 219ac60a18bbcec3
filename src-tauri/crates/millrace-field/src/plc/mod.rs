//! The PLC: what a driver must do ([`PlcDriver`]), how one is configured, and how its failures are
//! sorted. [`session::open`] gives the handle that everybody else uses.
//! Leaves out the meaning of the words, and any default address: a PLC is named or not spoken to.

#[cfg(test)]
pub(crate) mod conformance;
mod error;
pub mod fins;
pub mod session;

use std::net::SocketAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use error::PlcError;
use fins::frame::READ_WORDS_MAX;
pub use session::{Counters, LinkState, LinkView, PlcHandle, Session, open};

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
    /// Datagrams of other senders, nodes or commands, dropped.
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

/// Which protocol a PLC speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverKind {
    /// Omron FINS over UDP.
    FinsUdp,
}

/// How a PLC is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverConfig {
    /// The protocol.
    pub kind: DriverKind,
    /// The PLC's address and port; there is no default.
    pub address: SocketAddr,
    /// Our own UDP port; 0 lets the system choose, and choose anew after a time-out.
    #[serde(default)]
    pub local_port: u16,
    /// Our node number, used by no other tool on the network (1 to 254).
    pub node_local: u8,
    /// The PLC's node number (1 to 254).
    pub node_plc: u8,
    /// How long an answer may take.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How often a read is repeated; a write never is.
    #[serde(default = "read_retries")]
    pub read_retries: u32,
    /// Least pause between two requests, for a PLC that must not be hurried.
    #[serde(default)]
    pub gap_ms: u64,
    /// Most words read with one frame.
    #[serde(default = "max_words")]
    pub max_words: u16,
}

fn timeout_ms() -> u64 {
    2_000
}

fn read_retries() -> u32 {
    2
}

fn max_words() -> u16 {
    READ_WORDS_MAX
}

impl DriverConfig {
    /// A FINS connection over UDP with all else as usual.
    #[must_use]
    pub fn fins_udp(address: SocketAddr, node_local: u8, node_plc: u8) -> DriverConfig {
        DriverConfig {
            kind: DriverKind::FinsUdp,
            address,
            local_port: 0,
            node_local,
            node_plc,
            timeout_ms: timeout_ms(),
            read_retries: read_retries(),
            gap_ms: 0,
            max_words: max_words(),
        }
    }

    /// Checks the figures against each other.
    ///
    /// # Errors
    /// [`PlcError::Config`] with a sentence that names the setting.
    pub fn validate(&self) -> Result<(), PlcError> {
        let ensure = |holds: bool, why: &'static str| {
            if holds {
                Ok(())
            } else {
                Err(PlcError::Config(why))
            }
        };
        ensure(
            self.address.port() != 0,
            "address: the PLC's port is missing",
        )?;
        ensure(
            !self.address.ip().is_unspecified(),
            "address: this is nobody's address",
        )?;
        ensure(
            (1..=254).contains(&self.node_local),
            "node_local must be 1 to 254",
        )?;
        ensure(
            (1..=254).contains(&self.node_plc),
            "node_plc must be 1 to 254",
        )?;
        ensure(
            self.node_local != self.node_plc,
            "node_local and node_plc must differ",
        )?;
        ensure(
            (10..=60_000).contains(&self.timeout_ms),
            "timeout_ms must be 10 to 60000",
        )?;
        ensure(self.read_retries <= 10, "read_retries must be 0 to 10")?;
        ensure(self.gap_ms <= 1_000, "gap_ms must be 0 to 1000")?;
        ensure(
            (1..=READ_WORDS_MAX).contains(&self.max_words),
            "max_words must be 1 to 999",
        )
    }
}

#[cfg(test)]
mod tests;
