//! The PLC's FINS/UDP port: reads and writes of DM words, one answer per command. Whatever node a
//! command names, this PLC feels meant and swaps the nodes in its answer.
//! Leaves out every other area and command: they get the end code that a real PLC gives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use millrace_field::plc::fins::frame::{Command, Request, encode_response, parse_command};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fault::Framing;
use crate::fault::wire::{Delivery, Lane};
use crate::plant::{PlantError, VirtualPlant};
use crate::run::locked;

/// More than any FINS frame (2,012 bytes), so that one too long is seen as such.
const DATAGRAM_MAX: usize = 4_096;
const FIRST_ADDRESS: u16 = 0x1103;
const END_ADDRESS: u16 = 0x1104;

/// Answers on `socket` until `shutdown` turns true.
pub async fn serve(
    socket: UdpSocket,
    plant: Arc<Mutex<VirtualPlant>>,
    mut shutdown: watch::Receiver<bool>,
) {
    let socket = Arc::new(socket);
    let mut lanes: BTreeMap<SocketAddr, Lane> = BTreeMap::new();
    let mut late = JoinSet::new();
    let mut datagram = vec![0; DATAGRAM_MAX];
    loop {
        let received = tokio::select! {
            // An error means that nobody can stop us any more: stop.
            _ended = shutdown.wait_for(|stop| *stop) => return,
            Some(_sent) = late.join_next() => continue,
            received = socket.recv_from(&mut datagram) => received,
        };
        let (length, from) = match received {
            Ok(received) => received,
            Err(error) => {
                // A host that has gone makes the next receive fail on some systems; no reason to end.
                tracing::debug!(%error, "receive failed");
                continue;
            }
        };
        let bytes = datagram.get(..length).unwrap_or_default();
        let lane = lanes.entry(from).or_default();
        for delivery in exchange(bytes, &plant, lane) {
            let socket = Arc::clone(&socket);
            if delivery.after.is_zero() {
                send(&socket, &delivery.bytes, from).await;
            } else {
                late.spawn(async move {
                    tokio::time::sleep(delivery.after).await;
                    send(&socket, &delivery.bytes, from).await;
                });
            }
        }
        // Peers come and go with their ports; only those that are owed a frame are remembered.
        lanes.retain(|_, lane| !lane.is_empty());
    }
}

async fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) {
    if let Err(error) = socket.send_to(bytes, to).await {
        tracing::debug!(%error, %to, "answer not sent");
    }
}

/// Everything that one frame from the host brings about, with the network's faults: what the PLC
/// does, and what comes back over this lane and when.
pub fn exchange(bytes: &[u8], plant: &Mutex<VirtualPlant>, lane: &mut Lane) -> Vec<Delivery> {
    let fate = locked(plant).wire_mut().request();
    let answers = (0..fate.times()).filter_map(|_| answer(bytes, plant));
    answers
        .flat_map(|answer| {
            let mut plant = locked(plant);
            plant.wire_mut().answer(lane, Framing::Fins, &answer)
        })
        .collect()
}

/// The answer to one frame, however it came; `None` where a PLC stays silent.
pub fn answer(bytes: &[u8], plant: &Mutex<VirtualPlant>) -> Option<Vec<u8>> {
    if locked(plant).is_away() {
        return None;
    }
    let request = match parse_command(bytes) {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!(%error, "frame dropped");
            return None;
        }
    };
    let (end_code, words) = carry_out(&request, plant)?;
    let flags = locked(plant).end_flags();
    request
        .wants_answer()
        .then(|| encode_response(&request, end_code | flags, &words))
}

/// End code and words; `None` when a write could not be saved: its outcome stays unknown, as when
/// a real PLC loses power.
fn carry_out(request: &Request, plant: &Mutex<VirtualPlant>) -> Option<(u16, Vec<u16>)> {
    let done = match &request.command {
        Err(end) => return Some((end.0, Vec::new())),
        Ok(Command::Read { addr, count }) => locked(plant)
            .read_words(*addr, usize::from(*count))
            .map_err(PlantError::from),
        Ok(Command::Write { addr, words }) => {
            locked(plant).write_words(*addr, words).map(|()| Vec::new())
        }
    };
    match done {
        Ok(words) => Some((0, words)),
        Err(PlantError::Memory(crate::memory::MemoryError::First(_))) => {
            Some((FIRST_ADDRESS, Vec::new()))
        }
        Err(PlantError::Memory(crate::memory::MemoryError::End { .. })) => {
            Some((END_ADDRESS, Vec::new()))
        }
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
