//! The PLC's Modbus TCP port: holding register n is word Dn of the same memory, whatever unit is
//! asked. Reads (03) and writes (06, 16) of registers.
//! Leaves out coils, inputs and every other function: they get the exception of a real device.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response};

use crate::plant::{PlantError, VirtualPlant};
use crate::run::locked;

/// Most registers of a read and of a write.
const READ_MAX: u16 = 125;
const WRITE_MAX: usize = 123;
/// Pause after a failed accept, so that a machine without free sockets is not hurried.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The memory as a Modbus device.
#[derive(Debug, Clone)]
struct Device(Arc<Mutex<VirtualPlant>>);

/// Answers on `listener` until `shutdown` turns true; open connections end with it.
pub async fn serve(
    listener: TcpListener,
    plant: Arc<Mutex<VirtualPlant>>,
    mut shutdown: watch::Receiver<bool>,
) {
    let server = Server::new(listener);
    let device = Device(plant);
    let connected = |socket: TcpStream, from: SocketAddr| {
        let device = device.clone();
        async move {
            // A socket that died meanwhile shows it when it is read.
            let _told = socket.set_nodelay(true);
            accept_tcp_connection(socket, from, |_| Ok(Some(device.clone())))
        }
    };
    let ended = |error: io::Error| tracing::debug!(%error, "Modbus connection ended");
    loop {
        let served = tokio::select! {
            // An error means that nobody can stop us any more: stop.
            _ended = shutdown.wait_for(|stop| *stop) => return,
            served = server.serve(&connected, ended) => served,
        };
        tracing::debug!(?served, "accept failed");
        tokio::time::sleep(AFTER_FAILURE).await;
    }
}

impl Service for Device {
    type Request = Request<'static>;
    /// `None` stays silent.
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, request: Request<'static>) -> Self::Future {
        ready(self.answer(&request))
    }
}

impl Device {
    fn answer(&self, request: &Request<'_>) -> Result<Option<Response>, ExceptionCode> {
        match request {
            Request::ReadHoldingRegisters(_, count) if !(1..=READ_MAX).contains(count) => {
                Err(ExceptionCode::IllegalDataValue)
            }
            Request::ReadHoldingRegisters(first, count) => locked(&self.0)
                .read_words(*first, usize::from(*count))
                .map(|words| Some(Response::ReadHoldingRegisters(words)))
                .map_err(|_outside| ExceptionCode::IllegalDataAddress),
            Request::WriteSingleRegister(at, word) => {
                self.write(*at, &[*word], Response::WriteSingleRegister(*at, *word))
            }
            Request::WriteMultipleRegisters(first, words) => match u16::try_from(words.len()) {
                Ok(count) if (1..=WRITE_MAX).contains(&words.len()) => self.write(
                    *first,
                    words,
                    Response::WriteMultipleRegisters(*first, count),
                ),
                Ok(_) | Err(_) => Err(ExceptionCode::IllegalDataValue),
            },
            _other_function => Err(ExceptionCode::IllegalFunction),
        }
    }

    /// Silent when the write could not be saved: its outcome stays unknown, as when a real PLC
    /// loses power.
    fn write(
        &self,
        first: u16,
        words: &[u16],
        done: Response,
    ) -> Result<Option<Response>, ExceptionCode> {
        match locked(&self.0).write_words(first, words) {
            Ok(()) => Ok(Some(done)),
            Err(PlantError::Memory(_)) => Err(ExceptionCode::IllegalDataAddress),
            Err(
                error @ (PlantError::Layout(_)
                | PlantError::Silo(_)
                | PlantError::State(_)
                | PlantError::OtherPlant(_)),
            ) => {
                tracing::error!(%error, "write not answered");
                Ok(None)
            }
        }
    }
}
