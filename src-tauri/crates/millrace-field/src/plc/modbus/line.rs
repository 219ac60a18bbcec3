//! A connection that the Modbus library reads and writes while we can still look at it: is it
//! closed, does an answer lie in it that nobody waits for. Leaves out every byte of the protocol.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::plc::net::{self, Line};

/// One end of a shared connection. Both ends belong to one task, which uses one at a time.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<Box<dyn Line>>>);

impl Shared {
    pub(super) fn over(line: Box<dyn Line>) -> Shared {
        Shared(Arc::new(Mutex::new(line)))
    }

    /// As [`Line::unread`].
    pub(super) fn unread(&self) -> io::Result<Option<usize>> {
        self.line().unread(&mut [0; 1])
    }

    fn line(&self) -> MutexGuard<'_, Box<dyn Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut **self.line()).poll_read(cx, buffer))?;
        // The library would report the system's last error, whatever that was about.
        Poll::Ready(if buffer.filled().len() == before {
            Err(net::closed())
        } else {
            Ok(())
        })
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut **self.line()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.line()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.line()).poll_shutdown(cx)
    }
}
