//! What can go wrong between us and a PLC, sorted by who is at fault and by what the caller may
//! still assume about a write. Leaves out what to tell a person: that is the caller's sentence.

use std::fmt;
use std::io;

use super::fins::end_code::EndCode;
use super::fins::frame::FrameError;
use super::modbus::exception::Exception;

/// A request to a PLC that did not go well.
#[derive(Debug, thiserror::Error)]
pub enum PlcError {
    /// The PLC did not answer a read in time.
    #[error("the PLC did not answer within {timeout_ms} ms")]
    Timeout {
        /// The deadline.
        timeout_ms: u64,
    },
    /// A write went out and nobody knows whether it was done: read back before anything else.
    #[error("nobody knows whether the PLC did the write: {0}")]
    WriteUnknown(String),
    /// The PLC refused the request. A refused write was not done.
    #[error("the PLC refused: {} ({code})", .code.text())]
    EndCode {
        /// Its code, in the protocol's own numbers.
        code: Refusal,
    },
    /// The PLC's CPU has stopped on an error: values are bad, and a write may have been done.
    #[error("the PLC's CPU has stopped on an error (end code {:04X})", .0.0)]
    CpuFatal(EndCode),
    /// The request reaches outside the memory or does not fit a frame; nothing was sent.
    #[error("nothing was sent: {0}")]
    Address(#[from] AddressError),
    /// The network failed, the PLC refused our connection, or what came was no answer: before a
    /// write was sent, or in the middle of a read.
    #[error("the network failed: {0}")]
    Io(#[from] io::Error),
    /// The request waited too long behind others; nothing was sent.
    #[error("nothing was sent: too many requests are waiting for the PLC")]
    Busy,
    /// The connection is closed; nothing was sent.
    #[error("the connection to the PLC is closed")]
    Closed,
    /// The configuration cannot be right.
    #[error("PLC connection: {0}")]
    Config(&'static str),
}

/// How a PLC says no, in its protocol's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A FINS end code.
    Fins(EndCode),
    /// A Modbus exception.
    Modbus(Exception),
}

impl Refusal {
    /// The protocol's meaning of the code.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Refusal::Fins(code) => code.text(),
            Refusal::Modbus(exception) => exception.text(),
        }
    }

    /// True when the same request may go well later without anybody changing anything: network or
    /// node busy, a service running. All others need somebody.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Refusal::Fins(code) => matches!(
                code.code(),
                0x0001 | 0x0102..=0x0104 | 0x0204 | 0x0205 | 0x2201 | 0x2605 | 0x4001
            ),
            Refusal::Modbus(exception) => exception.is_transient(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Fins(code) => write!(f, "end code {:04X}", code.0),
            Refusal::Modbus(exception) => write!(f, "Modbus exception {:02X}", exception.0),
        }
    }
}

/// A request that no frame can carry. The caller's fault; nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// As FINS frames it.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// No words, or more than one Modbus frame carries.
    #[error("{count} words do not fit one Modbus frame of 1 to {max}")]
    Count {
        /// Words asked for.
        count: usize,
        /// The limit.
        max: u16,
    },
    /// The words lie outside the Modbus registers.
    #[error("{count} words from {addr} lie outside the 65536 registers that begin at {base}")]
    Registers {
        /// First address.
        addr: u16,
        /// Words asked for.
        count: u16,
        /// The address that is register 0.
        base: u16,
    },
}

impl From<FrameError> for PlcError {
    fn from(error: FrameError) -> PlcError {
        PlcError::Address(AddressError::Frame(error))
    }
}

impl PlcError {
    pub(crate) fn refused(code: EndCode) -> PlcError {
        PlcError::EndCode {
            code: Refusal::Fins(code),
        }
    }

    /// True when a write may have been done: read back before it is repeated.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            PlcError::WriteUnknown(_) | PlcError::CpuFatal(_) => true,
            PlcError::Timeout { .. }
            | PlcError::EndCode { .. }
            | PlcError::Address(_)
            | PlcError::Io(_)
            | PlcError::Busy
            | PlcError::Closed
            | PlcError::Config(_) => false,
        }
    }

    /// True when the same request may go well later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            PlcError::Timeout { .. }
            | PlcError::WriteUnknown(_)
            | PlcError::Io(_)
            | PlcError::Busy => true,
            PlcError::EndCode { code } => code.is_transient(),
            PlcError::CpuFatal(_)
            | PlcError::Address(_)
            | PlcError::Closed
            | PlcError::Config(_) => false,
        }
    }
}
