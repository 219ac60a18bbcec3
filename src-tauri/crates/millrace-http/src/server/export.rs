//! `GET /exports/{name}`: a file that a command has written for somebody who may take it out. Leaves
//! out writing it, and who may have it: the application judges both.

use std::fs::File;
use std::io::Read as _;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use millrace_core::error_code::ErrorCode;

use super::Shared;
use super::rpc::{refusal, refused, token_of};

/// So much of a file goes out at once, bytes.
const PART: usize = 64 * 1024;

/// Sends the file in parts: a trail of years must not fill the memory.
pub(super) async fn get(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let path = match shared.app.export_file(token_of(&headers).as_deref(), &name) {
        Ok(path) => path,
        Err(error) => return refused(&error),
    };
    let file = match tokio::task::spawn_blocking(move || File::open(path)).await {
        Ok(Ok(file)) => file,
        Ok(Err(_)) | Err(_) => {
            return refusal(
                StatusCode::NOT_FOUND,
                ErrorCode::NotFound,
                format!("the export {name} cannot be opened: make it again under another name"),
            );
        }
    };
    let parts = stream::unfold(file, |mut file| async {
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; PART];
            let outcome = file.read(&mut part).map(|size| {
                part.truncate(size);
                part
            });
            (outcome, file)
        });
        match read.await {
            Ok((Ok(part), _)) if part.is_empty() => None,
            Ok((outcome, file)) => Some((outcome.map(Bytes::from), file)),
            Err(_) => None,
        }
    });
    // The application allows no letter in a name that a header could not carry.
    let headers = [
        (CONTENT_TYPE, "application/jsonl; charset=utf-8".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, Body::from_stream(parts)).into_response()
}
