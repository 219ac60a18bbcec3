//! The way to the server: certificates, plain HTTP, and the connection test that names the exact
//! step at which it fails. Over real sockets, with certificates made here.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use millrace_plant::odoo::{OdooVersion, StandardSetup};

use super::conformance_plant::{Dialect, Peer, connect, post, settings};
use super::scripted::{Scripted, Step};
use super::{ErpError, ProbeOutcome, ProbeStep, examine, open};

const ADDON: Dialect = Dialect {
    kind: "odoo_addon",
    api: "auto",
    version: OdooVersion::V14,
    has_posting: false,
};
const STANDARD: Dialect = Dialect {
    kind: "odoo_standard",
    api: "auto",
    version: OdooVersion::V17,
    has_posting: false,
};

/// An authority of our own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signed").pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn write(&self, folder: &Path) -> String {
        let file = folder.join("authority.pem");
        std::fs::write(&file, &self.pem).expect("writable");
        file.to_str().expect("a plain path").to_owned()
    }

    /// A server with a certificate for `name`, before the virtual Odoo at `http_url`.
    async fn serve(&self, name: &str, http_url: &str) -> String {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let secret = PrivateKeyDer::try_from(key.serialize_der()).expect("a private key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("usual versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .expect("a usable certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let port = listener.local_addr().expect("bound").port();
        let behind = http_url.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that does not believe us hangs up here; that is the test.
                    let Ok(mut outer) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut inner = TcpStream::connect(behind).await.expect("the virtual Odoo");
                    let _ended = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        format!("https://127.0.0.1:{port}")
    }
}

#[tokio::test]
async fn only_a_certificate_that_is_believed_lets_a_word_through() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let other_folder = tempfile::tempdir().expect("a temporary folder");
    let (ours, other) = (Authority::new(), Authority::new());
    let (ca_file, other_file) = (ours.write(folder.path()), other.write(other_folder.path()));
    for dialect in [ADDON, STANDARD] {
        let peer = Peer::start(dialect.version, None).await;
        let good = ours.serve("127.0.0.1", &peer.url).await;
        let misnamed = ours.serve("erp.example", &peer.url).await;
        for (url, ca_file) in [
            (&good, None),
            (&good, Some(&other_file)),
            (&misnamed, Some(&ca_file)),
        ] {
            let config = settings(dialect, url, json!({ "ca_file": ca_file }));
            let report = examine(&config, None).await;
            let step = report.first_failure().map(|(step, _)| step);
            assert_eq!(step, Some(ProbeStep::Tls), "{report:?}");
        }
        assert_eq!(peer.odoo.view().logins, 0, "nothing came through");
        let config = settings(dialect, &good, json!({ "ca_file": ca_file }));
        let report = examine(&config, None).await;
        assert_eq!(report.first_failure(), None, "{report:?}");
        assert_eq!(*report.outcome(ProbeStep::Tls), ProbeOutcome::Ok);
        let erp = open(&config).expect("good settings");
        erp.post_consumption(&post()).await.expect("booked");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_right_are_named_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").expect("writable");
    let broken = folder.path().join("broken.pem");
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&broken, pem).expect("writable");
    let absent = folder.path().join("absent.pem");
    let far = "http://erp.example:8069";
    for (url, change, step) in [
        (
            "https://erp.example",
            json!({"ca_file": garbage}),
            ProbeStep::Settings,
        ),
        (
            "https://erp.example",
            json!({"ca_file": broken}),
            ProbeStep::Settings,
        ),
        (
            "https://erp.example",
            json!({"ca_file": absent}),
            ProbeStep::Settings,
        ),
        (
            "https://erp.example",
            json!({"materials": {}}),
            ProbeStep::Settings,
        ),
        ("https://erp.example/odoo", json!({}), ProbeStep::Settings),
        (far, json!({}), ProbeStep::PlainHttp),
    ] {
        let report = examine(&settings(STANDARD, url, change), None).await;
        let failure = report.first_failure().map(|(step, _)| step);
        assert_eq!(failure, Some(step), "{report:?}");
        assert!(matches!(report.error, Some(ErpError::Config { .. })));
    }
    assert!(open(&settings(STANDARD, far, json!({"allow_plain_http": true}))).is_ok());
    let addon = settings(
        ADDON,
        "https://erp.example",
        json!({"materials": {"a": "b"}}),
    );
    assert!(open(&addon).is_err(), "the addon knows its silos");
}

#[tokio::test]
async fn the_test_of_the_connection_names_the_step_that_fails() {
    let check = async |config: &super::ErpConfig, step: ProbeStep| {
        let report = examine(config, None).await;
        let found = report.first_failure().map(|(step, _)| step);
        assert_eq!(found, Some(step), "{report:?}");
        assert!(report.error.is_some() && report.info.is_none());
        for (later, outcome) in report.steps.iter().filter(|(later, _)| *later > step) {
            let is_skipped = matches!(outcome, ProbeOutcome::Skipped(_));
            assert!(is_skipped || *later == ProbeStep::Clock, "{report:?}");
        }
        assert_eq!(report.steps.len(), ProbeStep::ALL.len());
    };
    for dialect in [ADDON, STANDARD] {
        let peer = Peer::start(dialect.version, None).await;
        let nobody = {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
            format!("http://{}", listener.local_addr().expect("bound"))
        };
        check(&settings(dialect, &nobody, json!({})), ProbeStep::Connect).await;
        let no_tls = peer.url.replace("http://", "https://");
        check(&settings(dialect, &no_tls, json!({})), ProbeStep::Tls).await;
        let website = Scripted::start(vec![Step::Html, Step::Html, Step::Html]).await;
        check(
            &settings(dialect, &website.url, json!({})),
            ProbeStep::IsOdoo,
        )
        .await;
        let wrong = settings(dialect, &peer.url, json!({"login": "nobody"}));
        check(&wrong, ProbeStep::LogIn).await;
    }
    let peer = Peer::start(OdooVersion::V17, None).await;
    let elsewhere = settings(STANDARD, &peer.url, json!({"database": "elsewhere"}));
    check(&elsewhere, ProbeStep::Database).await;
    let good = settings(STANDARD, &peer.url, json!({}));
    for version in OdooVersion::ALL {
        peer.odoo.set_standard(StandardSetup {
            version,
            denied: vec!["write stock.move".to_owned()],
            ..StandardSetup::default()
        });
        check(&good, ProbeStep::Rights).await;
        let report = examine(&good, None).await;
        let why = report.first_failure().map(|(_, why)| why.to_owned());
        assert!(why.is_some_and(|why| why.contains("write stock.move")));
    }
}

#[tokio::test]
async fn clocks_that_differ_are_told_beside_a_test_that_passes() {
    for dialect in [ADDON, STANDARD] {
        let peer = Peer::start(dialect.version, None).await;
        let report = connect(dialect, &peer.url).examine(Some(0)).await;
        let failure = report.first_failure().map(|(step, _)| step);
        assert_eq!(failure, Some(ProbeStep::Clock), "{report:?}");
        assert!(report.info.is_some() && report.error.is_none());
    }
}

#[tokio::test]
async fn the_way_is_chosen_by_what_the_server_and_the_key_can() {
    let way = async |peer: &Peer, change: serde_json::Value| {
        let report = examine(&settings(STANDARD, &peer.url, change), None).await;
        report.info.and_then(|info| info.name)
    };
    let (old, new) = (Some("Odoo over /jsonrpc"), Some("Odoo over /json/2"));
    let open_19 = Peer::start(OdooVersion::V19, None).await;
    assert_eq!(way(&open_19, json!({})).await.as_deref(), new);
    let jsonrpc = json!({"api": "jsonrpc"});
    assert_eq!(way(&open_19, jsonrpc).await.as_deref(), old);
    // A password is no key there, a key is a password everywhere.
    let keyed_19 = Peer::start(OdooVersion::V19, Some("sleutel")).await;
    assert_eq!(way(&keyed_19, json!({})).await.as_deref(), old);
    let key = json!({"password": "sleutel"});
    assert_eq!(way(&keyed_19, key.clone()).await.as_deref(), new);
    let keyed_17 = Peer::start(OdooVersion::V17, Some("sleutel")).await;
    assert_eq!(way(&keyed_17, key).await.as_deref(), old);
    for version in [OdooVersion::V16, OdooVersion::V17, OdooVersion::V18] {
        let peer = Peer::start(version, None).await;
        assert_eq!(way(&peer, json!({})).await.as_deref(), old);
        assert_eq!(way(&peer, json!({"api": "json2"})).await, None);
    }
}

#[tokio::test]
async fn a_server_that_became_another_version_is_looked_at_again() {
    let peer = Peer::start(OdooVersion::V16, None).await;
    let erp = connect(STANDARD, &peer.url);
    erp.order_state(&post().order_name).await.expect("a state");
    peer.odoo.set_standard(StandardSetup {
        version: OdooVersion::V17,
        ..StandardSetup::default()
    });
    let error = erp
        .post_consumption(&post())
        .await
        .expect_err("unknown fields");
    assert!(matches!(error, ErpError::Refused { .. }), "{error:?}");
    erp.post_consumption(&post()).await.expect("known again");
}

#[tokio::test]
async fn an_answer_that_is_none_is_never_believed() {
    let other = r#"{"jsonrpc":"2.0","id":"another","result":{"server_version_info":[17]}}"#;
    let version = r#"{"jsonrpc":"2.0","id":1,"result":{"server_version_info":[17]}}"#;
    for step in [
        Step::Silent,
        Step::Close,
        Step::Noise,
        Step::Status(500, "{}".to_owned()),
        Step::Status(302, String::new()),
        Step::HalfBody(version.to_owned()),
        Step::Json("[]".to_owned()),
        Step::Json(other.to_owned()),
        Step::Html,
    ] {
        for api in ["jsonrpc", "json2"] {
            let peer = Scripted::start(vec![step.clone(); 2]).await;
            let change = json!({"api": api, "timeout_ms": 300});
            let erp = open(&settings(STANDARD, &peer.url, change)).expect("good settings");
            let error = erp.post_consumption(&post()).await.expect_err("no answer");
            assert!(error.is_transient(), "{step:?}: {error:?}");
            assert!(peer.seen().len() <= 2, "{step:?}: nothing is repeated");
        }
    }
}
