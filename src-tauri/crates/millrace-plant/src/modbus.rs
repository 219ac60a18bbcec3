//! The PLC's Modbus TCP port: holding register n is word Dn of the same memory, whatever unit is
//! asked. Reads (03) and writes (06, 16) of registers. Written on its own from the protocol's text and not
//! from the driver's library, so that a mistake in one is not repeated in the other.
//! Leaves out coils, inputs and every other function: they get the exception of a real device.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fault::wire::{Delivery, Lane};
use crate::fault::{FaultKey, Framing};
use crate::plant::{PlantError, VirtualPlant};
use crate::run::locked;
use crate::stream::{Hearing, Life, deliver};

/// Most registers of a read and of a write.
const READ_MAX: u16 = 125;
const WRITE_MAX: u16 = 123;
/// Transaction, protocol and length.
const PREFIX: usize = 6;
/// Bytes that the length may count: unit and function at least.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=254;
/// Pause after a failed accept, so that a machine without free sockets is not hurried.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Why a device says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exception {
    Function,
    Address,
    Value,
    /// The device itself has failed.
    Failure,
}

impl Exception {
    fn code(self) -> u8 {
        match self {
            Exception::Function => 1,
            Exception::Address => 2,
            Exception::Value => 3,
            Exception::Failure => 4,
        }
    }
}

/// Answers on `listener` until `shutdown` turns true; open connections end with it.
pub async fn serve(
    listener: TcpListener,
    plant: Arc<Mutex<VirtualPlant>>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut talks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // An error means that nobody can stop us any more: stop.
            _ended = shutdown.wait_for(|stop| *stop) => return,
            Some(_ended) = talks.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, from)) => {
                let plant = Arc::clone(&plant);
                talks.spawn(async move {
                    // A socket that died meanwhile shows it when it is read.
                    let _told = socket.set_nodelay(true);
                    if let Err(error) = talk(socket, &plant).await {
                        tracing::debug!(%error, %from, "Modbus connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::debug!(%error, "accept failed");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Serves one client until it closes, over any stream.
///
/// # Errors
/// Whatever the stream reports; bytes that are no Modbus end it, too.
pub async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    plant: &Mutex<VirtualPlant>,
) -> io::Result<()> {
    let mut life = Life::new(plant);
    while let Some(frame) = read_frame(&mut socket).await? {
        match life.hearing(plant) {
            Hearing::Heard => {
                let deliveries = exchange(&frame, plant, &mut life.lane);
                deliver(&mut socket, deliveries, |frame| frame).await?;
            }
            Hearing::Mute => {}
            Hearing::Gone => return Ok(()),
        }
    }
    Ok(())
}

/// One whole frame; `None` when the client has closed between two.
async fn read_frame<S: AsyncRead + Unpin>(socket: &mut S) -> io::Result<Option<Vec<u8>>> {
    let mut frame = vec![0; PREFIX];
    let (first, rest) = frame.split_at_mut(1);
    if socket.read(first).await? == 0 {
        return Ok(None);
    }
    socket.read_exact(rest).await?;
    let length = usize::from(word(&frame, 4));
    if word(&frame, 2) != 0 || !LENGTHS.contains(&length) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not Modbus"));
    }
    frame.resize(PREFIX + length, 0);
    socket.read_exact(&mut frame[PREFIX..]).await?;
    Ok(Some(frame))
}

/// The word at this place; bytes that are not there count as nothing.
fn word(bytes: &[u8], at: usize) -> u16 {
    let pair = bytes.get(at..).and_then(<[u8]>::first_chunk::<2>);
    pair.map_or(0, |pair| u16::from_be_bytes(*pair))
}

/// Everything that one frame from the host brings about, with the network's faults: what the PLC
/// does, and what comes back over this lane and when.
pub fn exchange(frame: &[u8], plant: &Mutex<VirtualPlant>, lane: &mut Lane) -> Vec<Delivery> {
    let fate = locked(plant).wire_mut().request();
    let answers = (0..fate.times()).filter_map(|_| answer(frame, plant));
    answers
        .flat_map(|answer| {
            let mut plant = locked(plant);
            plant.wire_mut().answer(lane, Framing::Modbus, &answer)
        })
        .collect()
}

/// The answer to one whole frame; `None` where the device stays silent.
pub fn answer(frame: &[u8], plant: &Mutex<VirtualPlant>) -> Option<Vec<u8>> {
    let (header, [unit, function, data @ ..]) = frame.split_at_checked(PREFIX)? else {
        return None;
    };
    let body = match respond(*function, data, plant)? {
        Ok(body) => [&[*unit, *function], body.as_slice()].concat(),
        Err(exception) => vec![*unit, *function | 0x80, exception.code()],
    };
    let length = u16::try_from(body.len()).ok()?;
    let mut out = header.get(..4)?.to_vec();
    out.extend(length.to_be_bytes());
    out.extend(body);
    Some(out)
}

/// What follows the function in the answer; `None` stays silent.
fn respond(
    function: u8,
    data: &[u8],
    plant: &Mutex<VirtualPlant>,
) -> Option<Result<Vec<u8>, Exception>> {
    {
        let mut plant = locked(plant);
        if plant.is_away() {
            return None;
        }
        // Modbus has no flags beside an answer: a stopped CPU is a failed device.
        if plant.fault_set().is_on(FaultKey::CpuFatal) {
            plant.end_flags();
            return Some(Err(Exception::Failure));
        }
    }
    let (first, second) = (word(data, 0), word(data, 2));
    match (function, data.len()) {
        (3, 4) => Some(read(first, second, plant)),
        (6, 4) => write(first, &[second], data, plant),
        (16, 5..) => {
            let (said, values) = (data.get(4).copied()?, data.get(5..)?);
            let bytes = usize::from(second) * 2;
            let fits = (1..=WRITE_MAX).contains(&second)
                && usize::from(said) == bytes
                && values.len() == bytes;
            if !fits {
                return Some(Err(Exception::Value));
            }
            let words: Vec<u16> = (0..usize::from(second))
                .map(|n| word(values, 2 * n))
                .collect();
            write(first, &words, data.get(..4)?, plant)
        }
        (3 | 6 | 16, _) => Some(Err(Exception::Value)),
        _other_function => Some(Err(Exception::Function)),
    }
}

fn read(first: u16, count: u16, plant: &Mutex<VirtualPlant>) -> Result<Vec<u8>, Exception> {
    if !(1..=READ_MAX).contains(&count) {
        return Err(Exception::Value);
    }
    let words = locked(plant)
        .read_words(first, usize::from(count))
        .map_err(|_outside| Exception::Address)?;
    let bytes = u8::try_from(words.len() * 2).map_err(|_many| Exception::Value)?;
    let mut body = vec![bytes];
    body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    Ok(body)
}

/// Silent when the write could not be saved: its outcome stays unknown, as when a real PLC
/// loses power.
fn write(
    first: u16,
    words: &[u16],
    echo: &[u8],
    plant: &Mutex<VirtualPlant>,
) -> Option<Result<Vec<u8>, Exception>> {
    match locked(plant).write_words(first, words) {
        Ok(()) => Some(Ok(echo.to_vec())),
        Err(PlantError::Memory(_)) => Some(Err(Exception::Address)),
        Err(
            error @ (PlantError::Layout(_)
            | PlantError::Silo(_)
            | PlantError::State(_)
            | PlantError::OtherPlant(_)),
        ) => {
            tracing::error!(%error, "write not answered");
            None
        }
    }
}
