//! The loopback server: one route a command, one stream of events, and the front end for a browser.
//! Leaves out who may do what; every request goes through the application's command table.

mod events;
mod export;
mod guard;
mod page;
mod rpc;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use millrace_app::App;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

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
}

/// A server that listens; requests wait until [`Server::serve`].
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Takes the address. Port 0 takes a free one.
    ///
    /// # Errors
    /// What the system says: the port is taken, or not ours to take.
    pub async fn bind(app: App, listen: SocketAddr) -> std::io::Result<Server> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let router = Router::new()
            .route("/rpc/{command}", post(rpc::call))
            .route("/events", get(events::stream))
            .route("/health", get(health))
            .route("/exports/{name}", get(export::get))
            .fallback(page::get)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn(move |request, next| {
                guard::check(address.ip(), request, next)
            }))
            .with_state(Shared { app, stop: stopped });
        Ok(Server {
            listener,
            address,
            router,
            stop,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `told` resolves; then lets the running ones end, within a limit.
    ///
    /// # Errors
    /// What the system says when the socket fails for good.
    pub async fn serve(self, told: impl Future<Output = ()>) -> std::io::Result<()> {
        let mut stopped = self.stop.subscribe();
        let serving = axum::serve(
            self.listener,
            self.router
                .into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(async move {
            // An error means that nobody can stop us any more: stop.
            let _ended = stopped.wait_for(|stop| *stop).await;
        });
        let serving = serving.into_future();
        tokio::pin!(serving);
        tokio::select! {
            outcome = &mut serving => outcome,
            () = told => {
                self.stop.send_replace(true);
                tokio::time::timeout(STOP_LIMIT, serving).await.unwrap_or_else(|_| {
                    tracing::warn!("connections were cut at the end");
                    Ok(())
                })
            }
        }
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
