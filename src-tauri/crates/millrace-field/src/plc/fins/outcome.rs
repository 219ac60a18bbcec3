//! From an exchange to what the caller is told, the same over UDP and TCP: what a missing answer
//! means for a read and for a write, and what an end code means. Leaves out the exchange itself.

use std::io;

use super::frame::{Answer, NotOurs};
use crate::plc::{Noticed, PlcError};

/// Why an exchange has no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Nothing went out.
    NotSent(PlcError),
    /// It went out and no answer came in time.
    Silence,
    /// It went out and then the network failed, or the PLC gave up the connection.
    Broken(io::Error),
}

/// What a read's caller is told.
pub(super) fn of_read(
    answer: Result<Answer, NoAnswer>,
    timeout_ms: u64,
) -> Result<Vec<u16>, PlcError> {
    let answer = answer.map_err(|none| match none {
        NoAnswer::NotSent(error) => error,
        NoAnswer::Silence => PlcError::Timeout { timeout_ms },
        NoAnswer::Broken(error) => PlcError::Io(error),
    })?;
    match answer.end {
        end if end.cpu_fatal() => Err(PlcError::CpuFatal(end)),
        end if !end.is_ok() => Err(PlcError::refused(end)),
        _ok => Ok(answer.words),
    }
}

/// What a write's caller is told.
pub(super) fn of_write(answer: Result<Answer, NoAnswer>, timeout_ms: u64) -> Result<(), PlcError> {
    let answer = answer.map_err(|none| match none {
        NoAnswer::NotSent(error) => error,
        NoAnswer::Silence => PlcError::WriteUnknown(format!("no answer within {timeout_ms} ms")),
        NoAnswer::Broken(error) => PlcError::WriteUnknown(error.to_string()),
    })?;
    match answer.end {
        end if end.cpu_fatal() => Err(PlcError::CpuFatal(end)),
        end if end.leaves_write_unknown() => Err(PlcError::WriteUnknown(end.text().to_owned())),
        end if !end.is_ok() => Err(PlcError::refused(end)),
        _ok => Ok(()),
    }
}

/// Counts a frame: the awaited answer with its marks, or why it is not.
pub(super) fn note(seen: &mut Noticed, parsed: &Result<Answer, NotOurs>) {
    match parsed {
        Ok(answer) => {
            seen.cpu_warnings += u64::from(answer.end.cpu_warning());
            seen.cpu_fatals += u64::from(answer.end.cpu_fatal());
            seen.relay_errors += u64::from(answer.end.relay_error());
            seen.cpu_warning_now = answer.end.cpu_warning();
            seen.relay_error_now = answer.end.relay_error();
        }
        Err(NotOurs::Nodes | NotOurs::Command | NotOurs::NotAnAnswer) => seen.foreign += 1,
        Err(NotOurs::Late(_)) => seen.late += 1,
        Err(NotOurs::TooShort(_) | NotOurs::Length { .. }) => seen.wrong_length += 1,
    }
}
