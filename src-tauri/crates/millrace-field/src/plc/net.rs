//! The wire under the drivers: datagrams and connections as traits, so that a driver does not know
//! whether they cross a network. [`Machine`] is the machine's own sockets; tests put a network in
//! its place that exists in memory only and lives on virtual time.
//! Leaves out every byte of the protocols, and what is repeated.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// Where a driver's bytes go and come from.
#[async_trait]
pub trait Net: Send + Sync + Debug {
    /// A socket for datagrams to and from `peer`. `local_port` 0 lets the system choose.
    ///
    /// # Errors
    /// The system's: nothing was sent.
    async fn datagrams(&self, peer: SocketAddr, local_port: u16) -> io::Result<Box<dyn Datagrams>>;

    /// A connection to `peer`. The caller limits how long it may take.
    ///
    /// # Errors
    /// The system's: nothing was sent.
    async fn connect(&self, peer: SocketAddr, how: Dial) -> io::Result<Box<dyn Line>>;
}

/// How a connection is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dial {
    /// Our own port; 0 lets the system choose.
    pub local_port: u16,
    /// The system probes a connection that was silent for so long; `None` = never.
    pub keepalive: Option<Duration>,
}

/// A socket for datagrams.
#[async_trait]
pub trait Datagrams: Send + Sync + Debug {
    /// Sends one datagram to the peer.
    ///
    /// # Errors
    /// The system's.
    async fn send(&self, bytes: &[u8]) -> io::Result<()>;

    /// Waits for the next datagram of anybody: its length and its sender. Longer ones are cut.
    ///
    /// # Errors
    /// The system's.
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;
}

/// An open connection.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin + Debug {
    /// Takes what lies unread, without waiting; `None` when nothing does.
    ///
    /// # Errors
    /// The peer has closed or reset the connection.
    fn unread(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>>;
}

/// The machine's own sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Machine;

#[async_trait]
impl Net for Machine {
    async fn datagrams(&self, peer: SocketAddr, local_port: u16) -> io::Result<Box<dyn Datagrams>> {
        // To a PLC on this machine only this machine may answer.
        let ip: IpAddr = match peer.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => anyone(ip),
        };
        let socket = UdpSocket::bind((ip, local_port)).await?;
        Ok(Box::new(Udp { socket, peer }))
    }

    async fn connect(&self, peer: SocketAddr, how: Dial) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(dial(peer, how).await?))
    }
}

async fn dial(peer: SocketAddr, how: Dial) -> io::Result<TcpStream> {
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(idle) = how.keepalive {
        let probes = TcpKeepalive::new().with_time(idle).with_interval(idle);
        SockRef::from(&socket).set_tcp_keepalive(&probes)?;
    }
    // Small frames leave at once.
    socket.set_nodelay(true)?;
    if how.local_port != 0 {
        // A port of our own is wanted again at once: the connection ends hard, so that nothing of
        // it lingers in the system and keeps the next one out.
        socket.set_reuseaddr(true)?;
        socket.set_zero_linger()?;
        socket.bind((anyone(peer.ip()), how.local_port).into())?;
    }
    socket.connect(peer).await
}

/// Any address of this machine, of the same family.
fn anyone(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// A socket of this machine for datagrams.
#[derive(Debug)]
struct Udp {
    socket: UdpSocket,
    peer: SocketAddr,
}

#[async_trait]
impl Datagrams for Udp {
    async fn send(&self, bytes: &[u8]) -> io::Result<()> {
        // A datagram goes whole or not at all.
        self.socket.send_to(bytes, self.peer).await.map(|_sent| ())
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await
    }
}

impl Line for TcpStream {
    fn unread(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.try_read(buffer) {
            Ok(0) => Err(closed()),
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The peer has closed the connection.
#[must_use]
pub fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the PLC closed the connection",
    )
}

#[cfg(test)]
mod tests;
