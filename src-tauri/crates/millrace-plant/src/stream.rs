//! What streams to the PLC have in common under faults: one that is half-open or older than the
//! PLC's last start, and answers that come late. Leaves out the protocols (`fins_tcp`, `modbus`).

use std::io;
use std::sync::Mutex;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::fault::wire::{Delivery, Lane};
use crate::plant::VirtualPlant;
use crate::run::locked;

/// One stream as the PLC sees it.
#[derive(Debug)]
pub(crate) struct Life {
    boots: u64,
    is_mute: bool,
    /// What is held back for it.
    pub(crate) lane: Lane,
}

/// What a message on a stream meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// It is worked on.
    Heard,
    /// Nobody is there to hear it.
    Mute,
    /// The PLC does not know this stream any more: close it.
    Gone,
}

impl Life {
    pub(crate) fn new(plant: &Mutex<VirtualPlant>) -> Life {
        Life {
            boots: locked(plant).boots(),
            is_mute: false,
            lane: Lane::default(),
        }
    }

    /// Asked once a message.
    pub(crate) fn hearing(&mut self, plant: &Mutex<VirtualPlant>) -> Hearing {
        let mut plant = locked(plant);
        if self.is_mute || plant.is_away() {
            return Hearing::Mute;
        }
        if plant.boots() != self.boots {
            return Hearing::Gone;
        }
        self.is_mute = plant.wire_mut().connection_dies();
        if self.is_mute {
            Hearing::Mute
        } else {
            Hearing::Heard
        }
    }
}

/// Sends what the network lets through. On a stream what comes late keeps what follows waiting.
pub(crate) async fn deliver<S: AsyncWrite + Unpin>(
    stream: &mut S,
    deliveries: Vec<Delivery>,
    wrap: impl Fn(Vec<u8>) -> Vec<u8>,
) -> io::Result<()> {
    for delivery in deliveries {
        if !delivery.after.is_zero() {
            tokio::time::sleep(delivery.after).await;
        }
        stream.write_all(&wrap(delivery.bytes)).await?;
    }
    stream.flush().await
}
