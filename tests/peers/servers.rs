//! Our drivers against servers that we did not write: their values are taken, and each of their
//! faults becomes an error that leaves the next request unharmed, never a value.

use millrace_field::plc::{DriverConfig, DriverKind, LinkState, PlcError, PlcHandle, Refusal};

use crate::clients::{pattern, session};
use crate::failure::{Failure, same};
use crate::process::Tools;

/// A silent peer is waited for no longer than this.
const TIMEOUT_MS: u64 = 500;
const WORDS: u16 = 77;
/// Registers of the peer.
const REGISTERS: u16 = 2_000;

/// plctap names itself first in its handshake.
fn plctap_config(at: std::net::SocketAddr, nodes_swapped: bool) -> DriverConfig {
    let mut config = DriverConfig::fins_tcp(at);
    config.kind = DriverKind::FinsTcp {
        node_local: 9,
        nodes_swapped,
    };
    config.timeout_ms = TIMEOUT_MS;
    config.read_retries = 0;
    config
}

/// Fails when a read is answered with words.
async fn refused(handle: &PlcHandle, what: &str) -> Result<PlcError, Failure> {
    match handle.read(100, WORDS).await {
        Ok(words) => Err(Failure::new(format!(
            "{what} was taken as {} words",
            words.len()
        ))),
        Err(error) => Ok(error),
    }
}

pub(crate) async fn plctap_reads(tools: &Tools) -> Result<(), Failure> {
    let peer = tools.server("plctap_listener.py", &["fins"]).await?;
    let (handle, _stop) = session(plctap_config(peer.address, true))?;
    for count in [1, WORDS, 999, 1_500] {
        let words = handle.read(100, count).await?;
        same("its zeros", &words, &vec![0; usize::from(count)])?;
    }
    let link = handle.link();
    same("the link", &link.state, &LinkState::Good)?;
    same(
        "drops",
        &(
            link.counters.noticed.foreign,
            link.counters.noticed.wrong_length,
        ),
        &(0, 0),
    )
}

pub(crate) async fn plctap_with_nodes_as_in_the_manual(tools: &Tools) -> Result<(), Failure> {
    let peer = tools.server("plctap_listener.py", &["fins"]).await?;
    let (handle, _stop) = session(plctap_config(peer.address, false))?;
    match refused(&handle, "a handshake with the nodes swapped").await? {
        PlcError::Io(_) => Ok(()),
        other => Err(Failure::new(format!("the refusal is {other:?}"))),
    }
}

pub(crate) async fn plctap_fins_faults(tools: &Tools) -> Result<(), Failure> {
    let peer = tools
        .server(
            "plctap_listener.py",
            &["fins", "end_code,bad_length,garbage"],
        )
        .await?;
    let (handle, _stop) = session(plctap_config(peer.address, true))?;
    // Two turns, so that each fault is met by a connection that another one has ended.
    for turn in 1..=2 {
        // It leaves the words behind its end code, which no PLC does: dropped, and waited on.
        let error = refused(&handle, "an end code with words").await?;
        if !matches!(error, PlcError::Timeout { .. }) {
            return Err(Failure::new(format!("the end code is {error:?}")));
        }
        let noticed = handle.link().counters.noticed;
        same("answers of a wrong length", &noticed.wrong_length, &turn)?;
        let error = refused(&handle, "a message that is two bytes short").await?;
        if !matches!(error, PlcError::Timeout { .. } | PlcError::Io(_)) {
            return Err(Failure::new(format!("the short message is {error:?}")));
        }
        let error = refused(&handle, "eight zero bytes").await?;
        if !matches!(error, PlcError::Io(_)) {
            return Err(Failure::new(format!("the garbage is {error:?}")));
        }
    }
    Ok(())
}

fn modbus_config(at: std::net::SocketAddr) -> DriverConfig {
    let mut config = DriverConfig::modbus_tcp(at);
    config.timeout_ms = TIMEOUT_MS;
    config.read_retries = 0;
    config
}

pub(crate) async fn plctap_modbus_faults(tools: &Tools) -> Result<(), Failure> {
    let faults = "exception,bad_length,truncate,garbage";
    let peer = tools
        .server("plctap_listener.py", &["modbus", faults])
        .await?;
    let (handle, _stop) = session(modbus_config(peer.address))?;
    for _ in 0..2 {
        let error = refused(&handle, "an exception").await?;
        let PlcError::EndCode {
            code: Refusal::Modbus(exception),
        } = error
        else {
            return Err(Failure::new(format!("the exception is {error:?}")));
        };
        same("the exception", &exception.0, &2)?;
        for fault in ["a wrong length", "an answer cut off", "eight zero bytes"] {
            let error = refused(&handle, fault).await?;
            if !matches!(error, PlcError::Timeout { .. } | PlcError::Io(_)) {
                return Err(Failure::new(format!("{fault} is {error:?}")));
            }
        }
    }
    Ok(())
}

pub(crate) async fn pymodbus_writes_and_reads(tools: &Tools) -> Result<(), Failure> {
    let peer = tools.server("pymodbus_peer.py", &[]).await?;
    let mut config = modbus_config(peer.address);
    // Python's first answers are slow on a busy machine, and here every one must come.
    config.timeout_ms = 10_000;
    let (handle, _stop) = session(config)?;
    let words = pattern(5);
    handle.write(600, &words).await?;
    same("what was written", &handle.read(600, WORDS).await?, &words)?;
    same(
        "what was not",
        &handle.read(600 + WORDS, 1).await?,
        &vec![0],
    )?;
    let last = REGISTERS - WORDS;
    handle.write(last, &words).await?;
    // More than one frame, up to the last register.
    let all = handle.read(0, REGISTERS).await?;
    same("the end", &all[usize::from(last)..], words.as_slice())?;
    for first in [last + 1, REGISTERS] {
        let read = handle.read(first, WORDS).await.err();
        exception_2("a read", read)?;
        exception_2("a write", handle.write(first, &words).await.err())?;
    }
    same(
        "what a refused write left",
        &handle.read(last, WORDS).await?,
        &words,
    )
}

/// Beyond the last register: refused, and certainly not done.
fn exception_2(what: &str, error: Option<PlcError>) -> Result<(), Failure> {
    match error {
        Some(PlcError::EndCode {
            code: Refusal::Modbus(exception),
        }) => same(&format!("{what} beyond the registers"), &exception.0, &2),
        other => Err(Failure::new(format!(
            "{what} beyond the registers: {other:?}"
        ))),
    }
}
