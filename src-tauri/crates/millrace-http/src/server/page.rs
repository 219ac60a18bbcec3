//! The front end's files, from inside the program. Leaves out building them (`ui`), and the routes
//! within the page, which stand behind the `#` and never come here.

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// Answers with a file, or says that there is none.
pub(super) async fn get(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    file(path)
        .unwrap_or_else(|| (StatusCode::NOT_FOUND, "There is no such page.\n").into_response())
}

#[cfg(feature = "ui")]
#[derive(rust_embed::Embed)]
#[folder = "../../../ui/dist"]
struct Ui;

#[cfg(feature = "ui")]
fn file(path: &str) -> Option<Response> {
    use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};

    let file = Ui::get(path)?;
    // The build puts a hash of the content into the names below assets, and into no others.
    let keeping = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [(CONTENT_TYPE, media_type(path)), (CACHE_CONTROL, keeping)];
    Some((headers, file.data.into_owned()).into_response())
}

#[cfg(feature = "ui")]
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// What stands in the place of the front end.
#[cfg(not(feature = "ui"))]
const NO_UI: &str = "Millrace runs, but this build carries no front end.\n\
    ./run.sh --headless builds one that does; by hand:\n\
    \x20   npm --prefix ui ci && npm --prefix ui run build\n\
    \x20   cargo run --package millrace-http --features ui --bin millrace-headless -- --demo\n\
    Scripts need none: POST /rpc/{command} and GET /events are there (docs/api.md).\n";

#[cfg(not(feature = "ui"))]
fn file(path: &str) -> Option<Response> {
    (path == "index.html").then(|| NO_UI.into_response())
}
