//! The application under test over HTTP, on a free port of this machine. Leaves out what is asked.

use std::net::SocketAddr;

use millrace_app::App;
use millrace_app::config::Http;
use millrace_http::server::Server;
use tokio::task::JoinHandle;

/// Serves until the task is aborted; answers where.
pub async fn serve(app: &App) -> (SocketAddr, JoinHandle<()>) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(app.clone(), any, &Http::default())
        .await
        .expect("a free port");
    let at = server.address();
    let serving = tokio::spawn(async move {
        let _ = server.serve(std::future::pending()).await;
    });
    (at, serving)
}
