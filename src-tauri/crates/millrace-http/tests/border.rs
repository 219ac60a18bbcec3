//! What stands between the network and the commands: TLS where other machines may come in, and bounds
//! for whoever asks too much or holds too many connections. Real sockets, the real application.

mod client;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use client::{begin, send, usual};
use millrace_app::config::Http;
use millrace_http::cli::Cli;
use millrace_http::launch::{Launch, launch};
use millrace_http::server::{BindError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "panel.mill.example";

struct Site {
    launch: Launch,
    data: tempfile::TempDir,
}

struct Open {
    at: SocketAddr,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Site {
    async fn start() -> Site {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().to_str().expect("a readable path");
        let arguments = ["millrace", "--demo", "--log", "error", "--data-dir", folder];
        let cli = <Cli as clap::Parser>::try_parse_from(arguments).expect("right arguments");
        let launch = launch(&cli).await.expect("a demo starts everywhere");
        Site { launch, data }
    }

    async fn bind(&self, listen: &str, http: &Http) -> Result<Server, BindError> {
        let listen = listen.parse().expect("an address");
        Server::bind(self.launch.app.clone(), listen, http).await
    }

    async fn open(&self, http: &Http) -> Open {
        let server = self.bind("127.0.0.1:0", http).await.expect("a free port");
        let at = server.address();
        let (end, told) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async {
            let _told = told.await;
        }));
        Open { at, end, serving }
    }

    /// A certificate for [`NAME`] and its key, as an installer would lay them down.
    fn certificate(&self) -> (PathBuf, PathBuf, rcgen::Certificate) {
        let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).expect("made");
        let (certificate, key) = (
            self.data.path().join("panel.pem"),
            self.data.path().join("panel.key"),
        );
        std::fs::write(&certificate, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        mode(&key, 0o600);
        (certificate, key, made.cert)
    }

    async fn end(self, opened: Vec<Open>) {
        for open in opened {
            open.end.send(()).expect("it serves");
            timeout(PATIENCE, open.serving)
                .await
                .expect("it ends")
                .expect("no panic");
        }
        assert!(self.launch.shutdown().await.is_empty());
    }
}

fn mode(path: &Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).expect("changed");
}

fn trusting(certificate: &rcgen::Certificate) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_a_browser_is_answered_by_name_and_its_cookie_stays_there() {
    let site = Site::start().await;
    let (certificate, key, cert) = site.certificate();
    let http = Http {
        certificate: Some(certificate),
        key: Some(key),
        names: vec![NAME.to_owned()],
        ..Http::default()
    };
    let open = site.open(&http).await;
    let stream = TcpStream::connect(open.at).await.expect("it listens");
    let name = ServerName::try_from(NAME).expect("a name");
    let mut stream = trusting(&cert)
        .connect(name, stream)
        .await
        .expect("the certificate is shown");
    let people = site
        .launch
        .app
        .dispatch("app_info", serde_json::json!({}), None)
        .await
        .expect("it answers");
    let person = &people["demo_people"][0];
    let body = serde_json::json!({"user": person["name"], "secret": person["secret"]}).to_string();
    let request = format!(
        "POST /rpc/session_open HTTP/1.1\r\nhost: {NAME}\r\norigin: https://{NAME}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let cookie = answer
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("set-cookie"))
        .expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.ends_with("Secure"),
        "{cookie}"
    );

    // In the clear nothing is answered on that port.
    let mut plain = begin(open.at, "GET /health", &usual(open.at), "").await;
    let mut bytes = Vec::new();
    let _broken = plain.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP/"), "{bytes:?}");
    site.end(vec![open]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_machines_come_in_behind_tls_or_not_at_all() {
    let site = Site::start().await;
    let refused = site
        .bind("0.0.0.0:0", &Http::default())
        .await
        .expect_err("in the clear");
    assert!(matches!(refused, BindError::InTheClear(_)), "{refused}");
    assert!(
        refused.to_string().contains("http.certificate"),
        "{refused}"
    );

    let (certificate, key, _) = site.certificate();
    let http = |certificate: &Path, key: &Path| Http {
        certificate: Some(certificate.to_path_buf()),
        key: Some(key.to_path_buf()),
        ..Http::default()
    };
    mode(&key, 0o640);
    let told = site
        .bind("127.0.0.1:0", &http(&certificate, &key))
        .await
        .expect_err("others may read the key")
        .to_string();
    assert!(told.contains("640") && told.contains("chmod 600"), "{told}");
    mode(&key, 0o600);
    for (certificate, key, what) in [
        (site.data.path().join("none.pem"), key.clone(), "none.pem"),
        (
            certificate.clone(),
            site.data.path().join("none.key"),
            "none.key",
        ),
        (key.clone(), key.clone(), "no certificate"),
        (certificate.clone(), certificate.clone(), "key"),
    ] {
        mode(&site.data.path().join("panel.pem"), 0o600);
        let told = site
            .bind("127.0.0.1:0", &http(&certificate, &key))
            .await
            .expect_err(what)
            .to_string();
        assert!(told.contains(what), "{what}: {told}");
    }
    site.bind("127.0.0.1:0", &http(&certificate, &key))
        .await
        .expect("all is right");
    site.end(Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let site = Site::start().await;
    let http = Http {
        requests_per_second_max: 1,
        ..Http::default()
    };
    let open = site.open(&http).await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        let answer = send(open.at, "GET /health", &usual(open.at), "").await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        if answer.status == 429 {
            assert_eq!(
                answer.json()["error"]["code"],
                "bad_request",
                "{}",
                answer.head
            );
        }
        seen.push(answer.status);
    }
    assert_eq!(seen[..2], [200, 200], "a burst of two");
    assert!(seen.contains(&429), "{seen:?}");
    site.end(vec![open]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_too_many_connections_gets_no_more_until_one_is_free() {
    let site = Site::start().await;
    let http = Http {
        connections_max: 2,
        ..Http::default()
    };
    let open = site.open(&http).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        // A request that has begun holds its connection.
        let mut stream = TcpStream::connect(open.at).await.expect("it listens");
        stream
            .write_all(b"GET /health HTTP/1.1\r\n")
            .await
            .expect("sent");
        held.push(stream);
    }
    let answered = |at| async move {
        let mut stream = begin(at, "GET /health", &usual(at), "").await;
        let mut bytes = Vec::new();
        let _broken = stream.read_to_end(&mut bytes).await;
        bytes.starts_with(b"HTTP/1.1 200")
    };
    assert!(!answered(open.at).await, "the third is let go");
    held.clear();
    let free = timeout(PATIENCE, async { while !answered(open.at).await {} }).await;
    free.expect("a place is free again");
    site.end(vec![open]).await;
}
