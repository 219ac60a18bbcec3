//! A scripted FINS peer on loopback for tests: answers like a PLC unless the next trick says
//! otherwise, and keeps every frame it received.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::frame::{self, Command, Request};
use crate::plc::DriverConfig;

/// A datagram that the peer sends.
#[derive(Debug)]
pub(crate) enum Out {
    /// From the address that was asked.
    Own(Vec<u8>),
    /// From another address.
    Stranger(Vec<u8>),
}

/// Turns the right answer into what is sent instead.
pub(crate) type Trick = Box<dyn FnOnce(Vec<u8>) -> Vec<Out> + Send>;

#[derive(Default)]
struct State {
    memory: Vec<u16>,
    tricks: VecDeque<Trick>,
    frames: Vec<Vec<u8>>,
    ports: Vec<u16>,
}

/// The peer; its task ends with it.
pub(crate) struct Peer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(crate) async fn start() -> Peer {
        let own = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback");
        let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback");
        let address = own.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State {
            memory: vec![0; 32_768],
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut bytes = [0; 4_096];
            while let Ok((length, sender)) = own.recv_from(&mut bytes).await {
                lock(&shared).ports.push(sender.port());
                for out in receive(&shared, &bytes[..length]) {
                    let sent = match out {
                        Out::Own(bytes) => own.send_to(&bytes, sender).await,
                        Out::Stranger(bytes) => stranger.send_to(&bytes, sender).await,
                    };
                    sent.expect("loopback");
                }
            }
        });
        Peer {
            address,
            state,
            task,
        }
    }

    /// Short deadlines, no retries: node 1 to node 2.
    pub(crate) fn config(&self) -> DriverConfig {
        DriverConfig {
            timeout_ms: 150,
            read_retries: 0,
            ..DriverConfig::fins_udp(self.address, 1, 2)
        }
    }

    /// What happens to the next frame not yet spoken for.
    pub(crate) fn trick(&self, trick: impl FnOnce(Vec<u8>) -> Vec<Out> + Send + 'static) {
        lock(&self.state).tricks.push_back(Box::new(trick));
    }

    pub(crate) fn silent(&self) {
        self.trick(|_| Vec::new());
    }

    /// The right answer with another end code and no words.
    pub(crate) fn end_code(&self, code: u16) {
        self.trick(move |mut good| {
            good.truncate(12);
            good.extend(code.to_be_bytes());
            vec![Out::Own(good)]
        });
    }

    /// The right answer with marks on its end code, words kept.
    pub(crate) fn marked(&self, code: u16) {
        self.trick(move |mut good| {
            good[12..14].copy_from_slice(&code.to_be_bytes());
            vec![Out::Own(good)]
        });
    }

    pub(crate) fn frames(&self) -> Vec<Vec<u8>> {
        lock(&self.state).frames.clone()
    }

    /// From which port each frame came.
    pub(crate) fn ports(&self) -> Vec<u16> {
        lock(&self.state).ports.clone()
    }

    pub(crate) fn set(&self, addr: usize, words: &[u16]) {
        lock(&self.state).memory[addr..addr + words.len()].copy_from_slice(words);
    }

    pub(crate) fn word(&self, addr: usize) -> u16 {
        lock(&self.state).memory[addr]
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries a frame out on the memory, a silent one too: that is what makes a write's outcome unknown.
fn receive(state: &Mutex<State>, bytes: &[u8]) -> Vec<Out> {
    let mut state = lock(state);
    state.frames.push(bytes.to_vec());
    let Ok(request) = frame::parse_command(bytes) else {
        return Vec::new();
    };
    let good = carry_out(&mut state.memory, &request);
    match state.tricks.pop_front() {
        Some(trick) => trick(good),
        None => vec![Out::Own(good)],
    }
}

/// The right answer of a PLC.
pub(crate) fn carry_out(memory: &mut [u16], request: &Request) -> Vec<u8> {
    match &request.command {
        Ok(Command::Read { addr, count }) => {
            let start = usize::from(*addr);
            frame::encode_response(request, 0, &memory[start..start + usize::from(*count)])
        }
        Ok(Command::Write { addr, words }) => {
            let start = usize::from(*addr);
            memory[start..start + words.len()].copy_from_slice(words);
            frame::encode_response(request, 0, &[])
        }
        Err(code) => frame::encode_response(request, code.0, &[]),
    }
}
