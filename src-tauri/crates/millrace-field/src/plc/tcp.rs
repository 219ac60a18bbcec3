//! What the TCP drivers share: opening a connection in time, and the pause between two requests.
//! Leaves out sockets ([`super::net`]) and every byte of the protocols.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::net::{Dial, Line, Net};

/// Connects by `deadline`.
pub(super) async fn connect(
    net: &dyn Net,
    peer: SocketAddr,
    how: Dial,
    deadline: Instant,
) -> io::Result<Box<dyn Line>> {
    timeout_at(deadline, net.connect(peer, how))
        .await
        .unwrap_or_else(|_| Err(too_late("no connection in time")))
}

pub(super) fn too_late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
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
