//! The server over a real loopback socket, around the real application on the virtual plant: who is
//! let in, what errors look like, and a batch that is approved, started and seen live. Leaves out
//! the rest of the main job.

mod client;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Answer, begin, send, usual};
use millrace_http::cli::Cli;
use millrace_http::launch::{Launch, launch};
use millrace_http::server::Server;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

struct Site {
    at: SocketAddr,
    launch: Launch,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _data: tempfile::TempDir,
}

impl Site {
    async fn open() -> Site {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().to_str().expect("a readable path");
        let arguments = [
            "millrace",
            "--demo",
            "--demo-speed",
            "20",
            "--log",
            "error",
            "--data-dir",
            folder,
        ];
        let cli = <Cli as clap::Parser>::try_parse_from(arguments).expect("right arguments");
        let launch = launch(&cli).await.expect("a demo starts everywhere");
        let server = Server::bind(
            launch.app.clone(),
            SocketAddr::from(([127, 0, 0, 1], 0)),
            &launch.http,
        )
        .await
        .expect("a free port");
        let at = server.address();
        let (end, told) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async {
            let _told = told.await;
        }));
        Site {
            at,
            launch,
            end,
            serving,
            _data: data,
        }
    }

    async fn rpc(&self, command: &str, payload: Value, token: Option<&str>) -> Answer {
        let mut headers = usual(self.at);
        headers.extend(token.map(|token| format!("authorization: Bearer {token}")));
        send(
            self.at,
            &format!("POST /rpc/{command}"),
            &headers,
            &payload.to_string(),
        )
        .await
    }

    async fn ok(&self, command: &str, payload: Value, token: &str) -> Value {
        let answer = self.rpc(command, payload, Some(token)).await;
        assert_eq!(answer.status, 200, "{command}: {}", answer.body);
        answer.json()["ok"].clone()
    }

    /// Logs the demo's supervisor in: name, secret, token, and the cookie that came with it.
    async fn supervisor(&self) -> (String, String, String) {
        let info = self.rpc("app_info", json!({}), None).await.json();
        let people = info["ok"]["demo_people"]
            .as_array()
            .expect("a demo has people")
            .clone();
        let supervisor = people
            .iter()
            .find(|person| person["role"] == "supervisor")
            .expect("a demo has a supervisor");
        let opened = self
            .rpc(
                "session_open",
                json!({"user": supervisor["name"], "secret": supervisor["secret"]}),
                None,
            )
            .await;
        assert_eq!(opened.status, 200, "{}", opened.body);
        let cookie = opened.header("set-cookie").expect("a cookie").to_owned();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (
            text(&supervisor["secret"]),
            text(&opened.json()["ok"]["token"]),
            cookie,
        )
    }

    async fn listen(&self, token: &str) -> Stream {
        let headers = [
            format!("host: {}", self.at),
            format!("cookie: millrace_session={token}"),
        ];
        Stream {
            socket: begin(self.at, "GET /events", &headers, "").await,
            text: String::new(),
        }
    }

    async fn close(self) {
        self.end.send(()).expect("it still serves");
        timeout(PATIENCE, self.serving)
            .await
            .expect("streams do not keep it from ending")
            .expect("no panic");
        assert_eq!(self.launch.shutdown().await, Vec::<String>::new());
    }
}

/// An open stream of events.
struct Stream {
    socket: TcpStream,
    text: String,
}

impl Stream {
    /// Reads until an event of this name fits, and answers its data.
    async fn until(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let reading = async {
            loop {
                let mut rest = self.text.as_str();
                while let Some((block, after)) = rest.split_once("\n\n") {
                    rest = after;
                    let field = |key: &str| block.lines().find_map(|line| line.strip_prefix(key));
                    let data: Value = field("data: ")
                        .and_then(|data| serde_json::from_str(data).ok())
                        .unwrap_or_default();
                    if field("event: ") == Some(name) && fits(&data) {
                        assert!(field("id: ").is_some(), "every event has an id: {block}");
                        return data;
                    }
                }
                self.text = rest.to_owned();
                assert!(self.more().await, "the stream ended before {name} fitted");
            }
        };
        timeout(PATIENCE, reading).await.expect("in time")
    }

    /// Reads on; false at the end.
    async fn more(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        let length = self.socket.read(&mut bytes).await.expect("readable");
        self.text
            .push_str(&String::from_utf8_lossy(&bytes[..length]));
        length > 0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_approved_started_and_seen_live() {
    let site = Site::open().await;
    let (secret, token, cookie) = site.supervisor().await;
    assert_eq!(
        cookie,
        format!("millrace_session={token}; HttpOnly; SameSite=Strict; Path=/")
    );

    let mut stream = site.listen(&token).await;
    let first = stream.until("live", |_| true).await;
    assert!(first["batch"].is_null(), "nothing runs yet: {first}");

    let report = site.ok("order_import", json!({}), &token).await;
    assert!(report["new_batches"].as_i64() > Some(0), "{report}");

    stream
        .until("live", |live| live["pending_approvals"].as_i64() > Some(0))
        .await;

    let queue = site.ok("batch_list", json!({}), &token).await;
    let row = queue["rows"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["word"] == "pending"))
        .expect("a pending batch")
        .clone();
    let signed = site
        .ok(
            "batch_approve",
            json!({"id": row["id"], "version": row["version"], "content_hash": row["content_hash"], "secret": secret}),
            &token,
        )
        .await;
    stream
        .until("journal", |entry| entry["batch_id"] == row["id"])
        .await;
    // The version that was signed is not the one that stands now.
    let stale = site
        .rpc(
            "batch_start",
            json!({"id": row["id"], "version": row["version"]}),
            Some(&token),
        )
        .await;
    assert_eq!(
        (stale.status, &stale.json()["error"]["code"]),
        (409, &json!("changed")),
        "{}",
        stale.body
    );
    site.ok(
        "batch_start",
        json!({"id": row["id"], "version": signed["row"]["version"]}),
        &token,
    )
    .await;
    let dosing = stream
        .until("live", |live| live["batch"]["dosed_g"].as_i64() > Some(0))
        .await;
    assert_eq!(dosing["batch"]["id"], row["id"]);

    site.ok("session_close", json!({}), &token).await;
    timeout(PATIENCE, async { while stream.more().await {} })
        .await
        .expect("a stream ends with its session");
    assert_eq!(
        site.rpc("session_get", json!({}), Some(&token))
            .await
            .status,
        401
    );
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_is_told_why() {
    let site = Site::open().await;
    let (_, token, _) = site.supervisor().await;
    let usual = usual(site.at);
    let with = |more: &str| {
        let mut headers = usual.clone();
        headers.push(more.to_owned());
        headers
    };
    let host = usual[0].clone();
    let json_type = usual[1].clone();
    let bearer = format!("authorization: Bearer {token}");
    let large = format!("{{\"user\":\"{}\"}}", "x".repeat(256 * 1024));
    let get = "POST /rpc/session_get";

    // What it is, the request line, headers, body; the status and the code that must come back.
    let cases = [
        ("no session", get, usual.clone(), "{}", 401, "not_logged_in"),
        (
            "a wrong token",
            get,
            with("authorization: Bearer f00d"),
            "{}",
            401,
            "not_logged_in",
        ),
        (
            "a wrong cookie",
            get,
            with("cookie: millrace_session=f00d"),
            "{}",
            401,
            "not_logged_in",
        ),
        (
            "no stream without a session",
            "GET /events",
            vec![host.clone()],
            "",
            401,
            "not_logged_in",
        ),
        (
            "a wrong secret",
            "POST /rpc/session_open",
            usual.clone(),
            r#"{"user":"Operator 1","secret":"guess"}"#,
            401,
            "wrong_secret",
        ),
        (
            "an unknown command",
            "POST /rpc/batch_explode",
            with(&bearer),
            "{}",
            404,
            "unknown_command",
        ),
        (
            "a batch that is not there",
            "POST /rpc/batch_get",
            with(&bearer),
            r#"{"id":424242}"#,
            404,
            "not_found",
        ),
        (
            "an unknown key",
            "POST /rpc/batch_get",
            with(&bearer),
            r#"{"id":1,"x":1}"#,
            400,
            "bad_request",
        ),
        ("not JSON", get, with(&bearer), "{", 400, "bad_request"),
        (
            "too large",
            "POST /rpc/session_open",
            usual.clone(),
            &large,
            413,
            "bad_request",
        ),
        (
            "a form",
            get,
            vec![
                host.clone(),
                bearer.clone(),
                "content-type: text/plain".to_owned(),
            ],
            "{}",
            415,
            "bad_request",
        ),
        (
            "no type",
            get,
            vec![host.clone(), bearer.clone()],
            "{}",
            415,
            "bad_request",
        ),
        (
            "another host",
            get,
            vec![
                "host: evil.example".to_owned(),
                json_type.clone(),
                bearer.clone(),
            ],
            "{}",
            403,
            "bad_request",
        ),
        (
            "another site",
            get,
            with("origin: http://evil.example"),
            "{}",
            403,
            "bad_request",
        ),
        (
            "another site's stream",
            "GET /events",
            vec![
                host.clone(),
                format!("cookie: millrace_session={token}"),
                "origin: http://127.0.0.1:1".to_owned(),
            ],
            "",
            403,
            "bad_request",
        ),
    ];
    for (what, line, headers, body, status, code) in cases {
        let answer = send(site.at, line, &headers, body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], code, "{what}: {}", answer.body);
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{what}"
        );
        assert!(error["ref"].is_string(), "{what}: {}", answer.body);
    }
    // Same-origin, with the cookie alone: what a browser does.
    let mut browser = with(&format!("origin: http://{}", site.at));
    browser.push(format!("cookie: millrace_session={token}"));
    let mine = send(site.at, get, &browser, "{}").await;
    assert_eq!(mine.status, 200, "{}", mine.body);
    // Logging out by the cookie clears it.
    let closed = send(site.at, "POST /rpc/session_close", &browser, "{}").await;
    assert!(
        closed
            .header("set-cookie")
            .is_some_and(|cookie| cookie.ends_with("Max-Age=0")),
        "{}",
        closed.head
    );
    site.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_bound_to_its_own_server() {
    let site = Site::open().await;
    let host = [format!("host: {}", site.at)];
    let health = send(site.at, "GET /health", &host, "").await;
    assert_eq!(
        health.json(),
        json!({"status": "ok", "version": millrace_http::VERSION})
    );
    let page = send(site.at, "GET /", &host, "").await;
    assert_eq!(page.status, 200);
    for answer in [&health, &page] {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    if cfg!(feature = "ui") {
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        let script = page
            .body
            .split('"')
            .find(|text| text.ends_with(".js"))
            .expect("the page names its script");
        let script = send(
            site.at,
            &format!("GET /{}", script.trim_start_matches("./")),
            &host,
            "",
        )
        .await;
        assert_eq!(
            script.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        assert!(
            script
                .header("cache-control")
                .is_some_and(|keeping| keeping.contains("immutable"))
        );
    } else {
        assert!(page.body.contains("./run.sh --headless"), "{}", page.body);
    }
    for path in [
        "/no-such-page",
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/%2e%2e/Cargo.toml",
    ] {
        assert_eq!(
            send(site.at, &format!("GET {path}"), &host, "")
                .await
                .status,
            404,
            "{path}"
        );
    }
    assert_eq!(send(site.at, "DELETE /", &host, "").await.status, 405);
    assert_eq!(
        send(site.at, "GET /rpc/app_info", &host, "").await.status,
        405
    );
    site.close().await;
}
