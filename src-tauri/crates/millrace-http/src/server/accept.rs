//! Takes connections and speaks HTTP/1.1 on them, in the clear or behind TLS. Whoever is slow to say
//! what they want is let go. Leaves out what is asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::limit::{Seat, Seats};

/// How long a peer may take to agree on TLS.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a peer may take to send a request's head, the pause before it included.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// Pause after the system gave no connection, for example because it has no more handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until `told` resolves; then lets the open ones end, within a limit.
pub(super) async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    seats: Arc<Seats>,
    told: impl Future<Output = ()>,
    stop_limit: Duration,
) {
    let graceful = GracefulShutdown::new();
    tokio::pin!(told);
    loop {
        let taken = tokio::select! {
            () = &mut told => break,
            taken = listener.accept() => taken,
        };
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(seat) = seats.take(peer.ip()) else {
            tracing::warn!(%peer, "a connection was turned away: there are too many");
            continue;
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        tokio::spawn(connection(stream, peer, seat, tls, router, watcher));
    }
    if timeout(stop_limit, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut at the end");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    tls: Option<TlsAcceptor>,
    router: Router,
    watcher: Watcher,
) {
    // Snapshots and answers are small: waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be made prompt");
    }
    match tls {
        None => serve(stream, peer, router, watcher).await,
        Some(tls) => match timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, peer, router, watcher).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS was agreed on"),
            Err(_) => tracing::debug!(%peer, "a peer took too long to agree on TLS"),
        },
    }
    drop(seat);
}

async fn serve<S>(stream: S, peer: SocketAddr, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        hyper::service::Service::call(&service, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection broke off");
    }
}
