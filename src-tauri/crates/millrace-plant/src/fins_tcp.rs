//! The PLC's FINS/TCP port: the handshake that gives out node numbers, then the same answers as over
//! UDP, from the same memory. Sixteen connections at most, as a CJ2M has.
//! Leaves out connection checks of its own: it answers none and asks none.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use millrace_field::plc::fins::stream::{
    Message, Stream, StreamError, TcpCode, encode, encode_frame,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fins;
use crate::plant::VirtualPlant;
use crate::stream::{Hearing, Life, deliver};

/// The PLC's own node.
const SERVER_NODE: u8 = 2;
/// Nodes for clients that ask for one.
const FIRST_GIVEN: u8 = 239;
const LAST_NODE: u8 = 254;
const CONNECTIONS_MAX: usize = 16;
/// Pause after a failed accept, so that a machine without free sockets is not hurried.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
/// Two of the longest messages.
const BUFFER: usize = 4_096;

/// The clients' nodes in use. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Nodes(Arc<Mutex<BTreeSet<u8>>>);

/// A client's node, given back when its connection ends.
#[derive(Debug)]
struct Seat {
    nodes: Nodes,
    node: u8,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut nodes = self.nodes.0.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.remove(&self.node);
    }
}

/// Answers on `listener` until `shutdown` turns true; open connections end with it.
pub async fn serve(
    listener: TcpListener,
    plant: Arc<Mutex<VirtualPlant>>,
    mut shutdown: watch::Receiver<bool>,
) {
    let nodes = Nodes::default();
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
                let (plant, nodes) = (Arc::clone(&plant), nodes.clone());
                let full = talks.len() >= CONNECTIONS_MAX;
                talks.spawn(async move {
                    // A socket that died meanwhile shows it when it is read.
                    let _told = socket.set_nodelay(true);
                    if let Err(error) = talk(socket, &plant, &nodes, full).await {
                        tracing::debug!(%error, %from, "FINS/TCP connection ended");
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

/// What becomes of a connection after a message.
enum Next {
    /// Send this and go on.
    Answer(Vec<u8>),
    /// Ask the PLC with this frame and send what comes back.
    Ask(Vec<u8>),
    /// Go on.
    Silence,
    /// Send this and close.
    Close(Vec<u8>),
}

/// Serves one client until it closes, over any stream. With `full` it is told so and closed.
///
/// # Errors
/// Whatever the stream reports.
pub async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: S,
    plant: &Mutex<VirtualPlant>,
    nodes: &Nodes,
    full: bool,
) -> io::Result<()> {
    let mut stream = Stream::default();
    let mut life = Life::new(plant);
    let mut seat = None;
    let mut bytes = vec![0; BUFFER];
    loop {
        let length = socket.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        let mut rest = &bytes[..length];
        loop {
            let next = match stream.take(&mut rest) {
                Ok(None) => break,
                Ok(Some(_)) if full => Next::Close(welcome(TcpCode::FULL, 0)),
                Ok(Some(message)) => match life.hearing(plant) {
                    Hearing::Heard => answer(message, nodes, &mut seat),
                    Hearing::Mute => Next::Silence,
                    Hearing::Gone => return Ok(()),
                },
                Err(error) => Next::Close(notice(error)),
            };
            match next {
                Next::Answer(bytes) => socket.write_all(&bytes).await?,
                Next::Ask(frame) => {
                    let deliveries = fins::exchange(&frame, plant, &mut life.lane);
                    deliver(&mut socket, deliveries, |frame| encode_frame(&frame)).await?;
                }
                Next::Silence => {}
                Next::Close(bytes) => {
                    socket.write_all(&bytes).await?;
                    return socket.shutdown().await;
                }
            }
        }
    }
}

fn notice(error: StreamError) -> Vec<u8> {
    encode(&Message::Notice(error.notice()))
}

fn welcome(code: TcpCode, client: u8) -> Vec<u8> {
    encode(&Message::Welcome {
        code,
        client: u32::from(client),
        server: u32::from(SERVER_NODE),
    })
}

fn answer(message: Message, nodes: &Nodes, seat: &mut Option<Seat>) -> Next {
    let unsupported = || Next::Close(encode(&Message::Notice(TcpCode::UNSUPPORTED)));
    match (message, seat.is_some()) {
        (Message::Hello { client }, false) => match take_node(nodes, client) {
            Ok(taken) => {
                let answer = welcome(TcpCode::NORMAL, taken.node);
                *seat = Some(taken);
                Next::Answer(answer)
            }
            Err(code) => Next::Close(welcome(code, 0)),
        },
        (Message::Frame(frame), true) => Next::Ask(frame),
        (Message::Check, _) => Next::Silence,
        // A second handshake closes the connection, as does a frame before the first.
        (Message::Hello { .. }, true)
        | (Message::Frame(_), false)
        | (Message::Welcome { .. } | Message::Notice(_), _) => unsupported(),
    }
}

/// The node that a client asks for, or with 0 a free one.
fn take_node(nodes: &Nodes, asked: u32) -> Result<Seat, TcpCode> {
    let mut used = nodes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = u8::try_from(asked)
        .ok()
        .filter(|node| *node <= LAST_NODE)
        .ok_or(TcpCode::NODE_RANGE)?;
    let node = match asked {
        0 => (FIRST_GIVEN..=LAST_NODE)
            .find(|node| !used.contains(node))
            .ok_or(TcpCode::NODE_NONE)?,
        SERVER_NODE => return Err(TcpCode::NODE_SAME),
        taken if used.contains(&taken) => return Err(TcpCode::NODE_TAKEN),
        free => free,
    };
    used.insert(node);
    Ok(Seat {
        nodes: nodes.clone(),
        node,
    })
}
