//! Modbus over TCP: holding registers, one request at a time. The library frames and matches
//! transaction, unit and function; it takes an answer of any length, a wrong echo, and after a late
//! answer each following one a request too late. So every answer is checked here once more, and the
//! connection is dropped after anything but a good answer or an exception. Leaves out repeating,
//! and the order of words: that belongs to the register map.

pub mod exception;
mod line;

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use exception::Exception;
use line::Shared;
use tokio::time::{Instant, timeout_at};
use tokio_modbus::client::{Client, Context, tcp::attach_slave};
use tokio_modbus::{Request, Response, Slave};

use super::error::{AddressError, Refusal};
use super::net::{Dial, Net};
use super::tcp;
use super::{DriverConfig, DriverKind, Noticed, PlcDriver, PlcError};

/// Words that one answer can carry.
pub const READ_WORDS_MAX: u16 = 125;
/// Words that one write can carry.
pub const WRITE_WORDS_MAX: u16 = 123;
/// Registers of a device.
const REGISTERS: u32 = 65_536;

/// A Modbus connection. It is opened with the first request and anew after errors.
#[derive(Debug)]
pub struct ModbusTcp {
    net: Arc<dyn Net>,
    peer: SocketAddr,
    dial: Dial,
    unit: u8,
    base: u16,
    timeout: Duration,
    timeout_ms: u64,
    gap: Duration,
    max_words: u16,
    link: Option<Link>,
    last_end: Option<Instant>,
    noticed: Noticed,
}

/// An open connection: the library's client, and the line under it for us to look at.
struct Link {
    client: Context,
    line: Shared,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// Why an exchange has no good answer.
#[derive(Debug)]
enum NoAnswer {
    /// Nothing went out.
    NotSent(io::Error),
    /// It went out and no answer came in time.
    Silence,
    /// It went out, and then the network failed or what came was no answer to it.
    Broken(io::Error),
    /// The PLC said no.
    Exception(Exception),
}

impl ModbusTcp {
    /// A connection that is not opened yet.
    ///
    /// # Errors
    /// [`PlcError::Config`] when the configuration cannot be right.
    pub fn new(config: &DriverConfig, net: Arc<dyn Net>) -> Result<ModbusTcp, PlcError> {
        config.validate()?;
        let DriverKind::ModbusTcp { unit_id, base } = config.kind else {
            return Err(PlcError::Config("kind is not modbus_tcp"));
        };
        Ok(ModbusTcp {
            net,
            peer: config.address,
            dial: config.tcp.dial(),
            unit: unit_id,
            base,
            timeout: Duration::from_millis(config.timeout_ms),
            timeout_ms: config.timeout_ms,
            gap: Duration::from_millis(config.gap_ms),
            max_words: config.max_words,
            link: None,
            last_end: None,
            noticed: Noticed::default(),
        })
    }

    /// The first register of `count` words from `addr` on.
    fn register(&self, addr: u16, count: usize, max: u16) -> Result<u16, AddressError> {
        let words = u16::try_from(count)
            .ok()
            .filter(|words| (1..=max).contains(words))
            .ok_or(AddressError::Count { count, max })?;
        addr.checked_sub(self.base)
            .filter(|_| u32::from(addr) + u32::from(words) <= REGISTERS)
            .ok_or(AddressError::Registers {
                addr,
                count: words,
                base: self.base,
            })
    }

    async fn link(&mut self) -> io::Result<Link> {
        if let Some(link) = self.link.take() {
            match link.line.unread() {
                Ok(None) => return Ok(link),
                // An answer that nobody waits for means that the two ends disagree.
                Ok(Some(_)) => self.noticed.late += 1,
                Err(error) => {
                    tracing::info!(peer = %self.peer, %error, "the idle connection is opened anew");
                }
            }
        }
        let deadline = Instant::now() + self.timeout;
        let line = tcp::connect(self.net.as_ref(), self.peer, self.dial, deadline).await?;
        let line = Shared::over(line);
        let client = attach_slave(line.clone(), Slave(self.unit));
        Ok(Link { client, line })
    }

    /// Sends a request and waits for its answer, which `take` checks. The connection is kept only
    /// after a good answer or an exception; a caller that gives up in the middle loses it too.
    async fn exchange<T>(
        &mut self,
        request: Request<'_>,
        take: impl FnOnce(Response) -> Result<T, Wrong>,
    ) -> Result<T, NoAnswer> {
        tcp::keep_gap(self.last_end, self.gap).await;
        let mut link = self.link().await.map_err(NoAnswer::NotSent)?;
        let deadline = Instant::now() + self.timeout;
        let result = timeout_at(deadline, link.client.call(request)).await;
        self.last_end = Some(Instant::now());
        let answer = match result {
            Err(_) => Err(NoAnswer::Silence),
            Ok(Err(tokio_modbus::Error::Transport(error))) => Err(NoAnswer::Broken(error)),
            Ok(Err(tokio_modbus::Error::Protocol(_))) => {
                self.noticed.foreign += 1;
                Err(NoAnswer::Broken(invalid(
                    "an answer of another transaction, unit or function",
                )))
            }
            Ok(Ok(Err(code))) => Err(NoAnswer::Exception(Exception(code.into()))),
            Ok(Ok(Ok(response))) => take(response).map_err(|wrong| {
                match wrong {
                    Wrong::Length => self.noticed.wrong_length += 1,
                    Wrong::Echo => self.noticed.foreign += 1,
                }
                NoAnswer::Broken(invalid(wrong.text()))
            }),
        };
        if matches!(answer, Ok(_) | Err(NoAnswer::Exception(_))) {
            self.link = Some(link);
        }
        answer
    }
}

/// What is wrong with an answer that the library took as good.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    Length,
    Echo,
}

impl Wrong {
    fn text(self) -> &'static str {
        match self {
            Wrong::Length => "an answer with another number of words",
            Wrong::Echo => "an answer that names another write",
        }
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[async_trait]
impl PlcDriver for ModbusTcp {
    async fn read(&mut self, addr: u16, count: u16) -> Result<Vec<u16>, PlcError> {
        let max = READ_WORDS_MAX.min(self.max_words);
        let register = self.register(addr, usize::from(count), max)?;
        let request = Request::ReadHoldingRegisters(register, count);
        let answer = self
            .exchange(request, |response| match response {
                Response::ReadHoldingRegisters(words) if words.len() == usize::from(count) => {
                    Ok(words)
                }
                _other => Err(Wrong::Length),
            })
            .await;
        answer.map_err(|none| match none {
            NoAnswer::NotSent(error) | NoAnswer::Broken(error) => PlcError::Io(error),
            NoAnswer::Silence => PlcError::Timeout {
                timeout_ms: self.timeout_ms,
            },
            NoAnswer::Exception(code) => PlcError::EndCode {
                code: Refusal::Modbus(code),
            },
        })
    }

    async fn write(&mut self, addr: u16, words: &[u16]) -> Result<(), PlcError> {
        let register = self.register(addr, words.len(), WRITE_WORDS_MAX)?;
        let request = Request::WriteMultipleRegisters(register, Cow::Borrowed(words));
        let answer = self
            .exchange(request, |response| match response {
                Response::WriteMultipleRegisters(first, count)
                    if first == register && usize::from(count) == words.len() =>
                {
                    Ok(())
                }
                _other => Err(Wrong::Echo),
            })
            .await;
        answer.map_err(|none| match none {
            NoAnswer::NotSent(error) => PlcError::Io(error),
            NoAnswer::Broken(error) => PlcError::WriteUnknown(error.to_string()),
            NoAnswer::Silence => {
                PlcError::WriteUnknown(format!("no answer within {} ms", self.timeout_ms))
            }
            NoAnswer::Exception(code) if code.leaves_write_unknown() => {
                PlcError::WriteUnknown(code.text().to_owned())
            }
            NoAnswer::Exception(code) => PlcError::EndCode {
                code: Refusal::Modbus(code),
            },
        })
    }

    fn write_words_max(&self) -> u16 {
        WRITE_WORDS_MAX
    }

    fn describe(&self) -> String {
        format!("Modbus TCP {} (unit {})", self.peer, self.unit)
    }

    fn noticed(&self) -> Noticed {
        self.noticed
    }
}

#[cfg(test)]
mod tests;
