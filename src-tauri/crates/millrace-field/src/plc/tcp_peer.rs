//! A scripted PLC on loopback TCP for tests: answers like a device unless the next trick says
//! otherwise, keeps every request it received, and lets the test play with its connections.
//! Leaves out the protocols: those come as two functions.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a peer does.
#[derive(Debug)]
pub(crate) enum Out {
    /// These bytes, in a segment of their own as far as the system lets it.
    Bytes(Vec<u8>),
    /// Closes well.
    Close,
    /// Resets the connection.
    Reset,
}

/// Turns the right answer into what is done instead.
pub(crate) type Trick = Box<dyn FnOnce(Vec<u8>) -> Vec<Out> + Send>;

/// What a message from the client is.
pub(crate) enum Heard {
    /// Part of opening a connection, with the right answer.
    Opening(Vec<u8>),
    /// A request, with the right answer.
    Request(Vec<u8>),
}

/// A protocol as a device speaks it.
#[derive(Clone, Copy)]
pub(crate) struct Tongue {
    /// Length of the first whole message in the bytes.
    pub(crate) whole: fn(&[u8]) -> Option<usize>,
    /// Carries a message out on the memory.
    pub(crate) carry_out: fn(&mut [u16], &[u8]) -> Heard,
}

#[derive(Default)]
struct State {
    memory: Vec<u16>,
    tricks: VecDeque<Trick>,
    openings: VecDeque<Trick>,
    requests: Vec<Vec<u8>>,
    opened: Vec<Vec<u8>>,
    connections: usize,
}

/// The peer; its tasks end with it.
pub(crate) struct TcpPeer {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Told to each connection while it is idle.
    idle: watch::Sender<Option<Vec<u8>>>,
    open: Arc<watch::Sender<usize>>,
    task: JoinHandle<()>,
}

impl Drop for TcpPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TcpPeer {
    pub(crate) async fn start(tongue: Tongue) -> TcpPeer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State {
            memory: vec![0; 65_536],
            ..State::default()
        }));
        let (idle, told) = watch::channel(None);
        let open = Arc::new(watch::Sender::new(0));
        let (shared, counted) = (Arc::clone(&state), Arc::clone(&open));
        let task = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                counted.send_modify(|open| *open += 1);
                let talk = talk(socket, tongue, Arc::clone(&shared), told.clone());
                let counted = Arc::clone(&counted);
                talks.spawn(async move {
                    talk.await;
                    counted.send_modify(|open| *open -= 1);
                });
            }
        });
        TcpPeer {
            address,
            state,
            idle,
            open,
            task,
        }
    }

    /// What happens to the next request not yet spoken for.
    pub(crate) fn trick(&self, trick: impl FnOnce(Vec<u8>) -> Vec<Out> + Send + 'static) {
        lock(&self.state).tricks.push_back(Box::new(trick));
    }

    /// What happens to the next opening of a connection not yet spoken for.
    pub(crate) fn opening(&self, trick: impl FnOnce(Vec<u8>) -> Vec<Out> + Send + 'static) {
        lock(&self.state).openings.push_back(Box::new(trick));
    }

    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        lock(&self.state).requests.clone()
    }

    /// Messages that opened connections.
    pub(crate) fn openings(&self) -> Vec<Vec<u8>> {
        lock(&self.state).opened.clone()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// Sends bytes that nobody asked for on every open connection, or closes them all (`None`),
    /// and returns when that has been done.
    pub(crate) async fn unasked(&self, bytes: Option<Vec<u8>>) {
        let closing = bytes.is_none();
        let mut open = self.open.subscribe();
        self.idle.send_replace(Some(bytes.unwrap_or_default()));
        if closing {
            open.wait_for(|open| *open == 0).await.expect("counted");
        }
        // Both ends run on this runtime: what was sent is there when the reactor has turned.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the client has closed all connections.
    pub(crate) async fn all_closed(&self) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == 0).await.expect("counted");
    }

    pub(crate) fn set(&self, addr: usize, words: &[u16]) {
        lock(&self.state).memory[addr..addr + words.len()].copy_from_slice(words);
    }

    pub(crate) fn word(&self, addr: usize) -> u16 {
        lock(&self.state).memory[addr]
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn talk(
    mut socket: TcpStream,
    tongue: Tongue,
    state: Arc<Mutex<State>>,
    mut idle: watch::Receiver<Option<Vec<u8>>>,
) {
    socket.set_nodelay(true).expect("a TCP option");
    idle.mark_unchanged();
    let mut held = Vec::new();
    loop {
        while let Some(length) = (tongue.whole)(&held) {
            let message: Vec<u8> = held.drain(..length).collect();
            for out in receive(&state, tongue, &message) {
                let sent = match out {
                    Out::Bytes(bytes) => socket.write_all(&bytes).await,
                    Out::Close => return,
                    Out::Reset => {
                        socket.set_zero_linger().expect("a TCP option");
                        return;
                    }
                };
                // The client may have closed by now: its right.
                if sent.is_err() {
                    return;
                }
            }
        }
        let mut bytes = [0; 4_096];
        tokio::select! {
            read = socket.read(&mut bytes) => match read {
                Ok(length @ 1..) => held.extend_from_slice(&bytes[..length]),
                Ok(0) | Err(_) => return,
            },
            changed = idle.changed() => {
                let told = idle.borrow_and_update().clone().unwrap_or_default();
                if changed.is_err() || told.is_empty() || socket.write_all(&told).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Carries a message out, one that stays unanswered too: that is what makes a write unknown.
fn receive(state: &Mutex<State>, tongue: Tongue, message: &[u8]) -> Vec<Out> {
    let mut state = lock(state);
    let (good, trick) = match (tongue.carry_out)(&mut state.memory, message) {
        Heard::Opening(good) => {
            state.opened.push(message.to_vec());
            (good, state.openings.pop_front())
        }
        Heard::Request(good) => {
            state.requests.push(message.to_vec());
            (good, state.tricks.pop_front())
        }
    };
    match trick {
        Some(trick) => trick(good),
        None => vec![Out::Bytes(good)],
    }
}
