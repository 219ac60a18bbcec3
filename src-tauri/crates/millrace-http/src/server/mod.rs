//! The server: one route a command, one stream of events, and the front end for a browser. On this
//! machine in the clear, from other machines only behind TLS. Leaves out who may do what; every
//! request goes through the application's command table.

mod accept;
mod events;
mod export;
mod guard;
mod limit;
mod page;
mod rpc;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use millrace_app::App;
use millrace_app::config::Http;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use self::guard::Border;
use self::limit::{Rate, Seats};
pub use self::tls::TlsError;
use crate::VERSION;

/// Largest request, bytes. The largest real one is a signed reason.
const BODY_MAX: usize = 256 * 1024;
/// How long open connections may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// What the routes share.
#[derive(Debug, Clone)]
struct Shared {
    app: App,
    /// True once the server is to end; streams have no end of their own.
    stop: watch::Receiver<bool>,
    /// True when a browser must send its cookie over TLS only.
    is_tls: bool,
}

/// Why nobody can be let in.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken, or not ours to take.
    #[error(transparent)]
    Address(#[from] std::io::Error),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Secrets would cross the network in the clear.
    #[error(
        "{0} can be reached from other machines, and passwords would cross the network in the clear: name a certificate in the configuration \
         (http.certificate and http.key), or listen on 127.0.0.1"
    )]
    InTheClear(SocketAddr),
}

/// A server that listens; requests wait until [`Server::serve`].
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    seats: Arc<Seats>,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Takes the address. Port 0 takes a free one.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(app: App, listen: SocketAddr, http: &Http) -> Result<Server, BindError> {
        let tls = match (&http.certificate, &http.key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            _ if listen.ip().is_loopback() => None,
            _ => return Err(BindError::InTheClear(listen)),
        };
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let border = Arc::new(Border {
            listening: address.ip(),
            names: http.names.clone(),
            is_tls: tls.is_some(),
            rate: Rate::new(http.requests_per_second_max),
            app: app.clone(),
        });
        let router = Router::new()
            .route("/rpc/{command}", post(rpc::call))
            .route("/events", get(events::stream))
            .route("/health", get(health))
            .route("/exports/{name}", get(export::get))
            .fallback(page::get)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn_with_state(border, guard::check))
            .with_state(Shared {
                app,
                stop: stopped,
                is_tls: tls.is_some(),
            });
        Ok(Server {
            listener,
            address,
            router,
            tls,
            seats: Seats::new(http.connections_max),
            stop,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser finds it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", self.address)
    }

    /// Answers requests until `told` resolves; then lets the running ones end, within a limit.
    pub async fn serve(self, told: impl Future<Output = ()>) {
        let Server {
            listener,
            router,
            tls,
            seats,
            stop,
            ..
        } = self;
        let told = async {
            told.await;
            stop.send_replace(true);
        };
        accept::run(listener, tls, router, seats, told, STOP_LIMIT).await;
    }
}

/// Says that the program answers, to anybody on this machine.
async fn health() -> Response {
    let body = json!({"status": "ok", "version": VERSION}).to_string();
    (
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-store"),
        ],
        body,
    )
        .into_response()
}
