//! What can go wrong between us and a PLC, sorted by who is at fault and by what the caller may
//! still assume about a write. Leaves out what to tell a person: that is the caller's sentence.

use std::io;

use super::fins::end_code::EndCode;
use super::fins::frame::FrameError;

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
    /// The PLC refused.
    #[error("the PLC refused: {text} (end code {code:04X})", code = .code.0)]
    EndCode {
        /// Its end code.
        code: EndCode,
        /// The maker's meaning.
        text: &'static str,
    },
    /// The PLC's CPU has stopped on an error: values are bad, and a write may have been done.
    #[error("the PLC's CPU has stopped on an error (end code {:04X})", .0.0)]
    CpuFatal(EndCode),
    /// The request reaches outside the memory or does not fit a frame; nothing was sent.
    #[error("nothing was sent: {0}")]
    Address(#[from] FrameError),
    /// Our own network failed before anything was sent.
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

impl PlcError {
    pub(crate) fn refused(code: EndCode) -> PlcError {
        PlcError::EndCode {
            code,
            text: code.text(),
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
            // Network busy, node busy, a service running: all others need somebody.
            PlcError::EndCode { code, .. } => {
                matches!(
                    code.code(),
                    0x0001 | 0x0102..=0x0104 | 0x0204 | 0x0205 | 0x2201 | 0x2605 | 0x4001
                )
            }
            PlcError::CpuFatal(_)
            | PlcError::Address(_)
            | PlcError::Closed
            | PlcError::Config(_) => false,
        }
    }
}
