//! What the TCP drivers share: opening a connection, and a look whether an idle one still stands.
//! Leaves out every byte of the protocols.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

/// Connects by `deadline`. The system probes the idle connection, and small frames leave at once.
pub(super) async fn connect(peer: SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    timeout_at(deadline, socket.connect(peer))
        .await
        .unwrap_or_else(|_| Err(too_late("no connection in time")))
}

pub(super) fn too_late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// Takes what lies unread in an idle connection, without waiting; `None` when nothing does.
///
/// # Errors
/// The peer has closed or reset the connection.
pub(super) fn unread(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match socket.try_read(buffer) {
        Ok(0) => Err(closed()),
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the PLC closed the connection",
    )
}

/// The pause that a PLC asks for between two requests.
pub(super) async fn keep_gap(last_end: Option<Instant>, gap: Duration) {
    if let Some(end) = last_end.filter(|_| !gap.is_zero()) {
        let due = end + gap;
        // A sleep rounds up to the next millisecond: do not ask it then.
        if Instant::now() < due {
            tokio::time::sleep_until(due).await;
        }
    }
}
