//! A scripted HTTP peer for tests: one step per connection, every request recorded.
//! Leaves out everything a real server does that no test asks for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the peer does with one request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// HTTP 200 with this JSON.
    Json(String),
    /// As `Json`, and a session cookie.
    JsonWithSession(String, &'static str),
    /// Another status with a JSON body.
    Status(u16, String),
    /// HTTP 200 with a page of HTML.
    Html,
    /// The head promises more than the body brings.
    HalfBody(String),
    /// Closes without a word.
    Close,
    /// Keeps the connection open and silent for as long as the peer lives.
    Silent,
    /// As `Json`, this many milliseconds later.
    Slow(String, u64),
    /// Answers with bytes that are no HTTP.
    Noise,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) cookie: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: Value,
}

/// The running peer; it ends when dropped.
#[derive(Debug)]
pub(super) struct Scripted {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    pub(super) async fn start(steps: Vec<Step>) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut silent = Vec::new();
            let mut steps = steps.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.expect("accepting");
                let Some(request) = read_request(&mut stream).await else {
                    continue;
                };
                let id = request.body.get("id").cloned().unwrap_or(Value::Null);
                log.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(request);
                let step = steps
                    .next()
                    .unwrap_or(Step::Status(418, "the script has ended".to_owned()));
                if let Some(kept) = play(stream, step, &id).await {
                    silent.push(kept);
                }
            }
        });
        Scripted { url, seen, task }
    }

    /// The requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The paths asked for so far.
    pub(super) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

async fn play(mut stream: TcpStream, step: Step, id: &Value) -> Option<TcpStream> {
    let bytes = match step {
        Step::Json(body) => http(200, "", &with_id(&body, id)),
        Step::JsonWithSession(body, key) => {
            let cookie = format!("Set-Cookie: session_id={key}; HttpOnly; Path=/\r\n");
            http(200, &cookie, &with_id(&body, id))
        }
        Step::Status(status, body) => http(status, "", &body),
        Step::Html => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>"
            .to_owned(),
        Step::HalfBody(body) => {
            let whole = http(200, "", &with_id(&body, id));
            whole[..whole.len() - body.len() / 2].to_owned()
        }
        Step::Close => return None,
        Step::Silent => return Some(stream),
        Step::Slow(body, ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            http(200, "", &with_id(&body, id))
        }
        Step::Noise => "220 mail ready\r\n".to_owned(),
    };
    // The other side may have hung up by now; that is its right.
    let _sent = stream.write_all(bytes.as_bytes()).await;
    let _closed = stream.shutdown().await;
    None
}

/// Recorded answers carry the recorded call's number; a live one echoes ours.
fn with_id(body: &str, id: &Value) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) if value.get("id").is_some_and(Value::is_number) => {
            value["id"] = id.clone();
            value.to_string()
        }
        Ok(_) | Err(_) => body.to_owned(),
    }
}

fn http(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut part = [0_u8; 4096];
    loop {
        let count = stream.read(&mut part).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&part[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let length: usize = header("content-length")?.parse().ok()?;
        if bytes.len() < end + 4 + length {
            continue;
        }
        let mut words = head.split_whitespace();
        return Some(Seen {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            cookie: header("cookie"),
            content_type: header("content-type"),
            body: serde_json::from_slice(&bytes[end + 4..end + 4 + length]).ok()?,
        });
    }
}
