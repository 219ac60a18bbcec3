//! A client that sends what it is told, so that tests can send what no decent client would.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: String,
    /// The body as text.
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The value of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Sends a request with exactly these header lines, and reads to the end.
pub(crate) async fn send(at: SocketAddr, line: &str, headers: &[String], body: &str) -> Answer {
    let mut stream = begin(at, line, headers, body).await;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("an answer");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// Sends a request and leaves the answer to be read.
pub(crate) async fn begin(at: SocketAddr, line: &str, headers: &[String], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    let mut text = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    // The server may refuse and close before it has read everything.
    let _sent = stream.write_all(text.as_bytes()).await;
    stream
}

/// The headers of a decent request.
pub(crate) fn usual(at: SocketAddr) -> Vec<String> {
    vec![
        format!("host: {at}"),
        "content-type: application/json".to_owned(),
    ]
}
