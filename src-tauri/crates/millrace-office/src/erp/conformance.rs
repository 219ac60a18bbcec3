//! What every connector must do when the network and the ERP misbehave, whatever dialect they
//! speak. A connector joins by describing its dialect; the suite then runs over a scripted peer.

use std::sync::Arc;
use std::time::Duration;

use millrace_core::erp::{ConsumptionLine, ConsumptionPost, FailurePost};
use millrace_core::units::Grams;

use super::scripted::{Scripted, Step};
use super::{ErpConfig, ErpConnector, ErpError, Lost, Unreached, open};

/// One connector's words for the suite's situations.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// The setting `kind`.
    pub(super) kind: &'static str,
    /// Log-in accepted.
    pub(super) login_ok: Step,
    /// Log-in refused.
    pub(super) login_denied: Step,
    /// The session has expired.
    pub(super) expired: Step,
    /// The post of [`post`] was carried out.
    pub(super) posted: String,
    /// The ERP does not know the order.
    pub(super) unknown_order: String,
}

const PASSWORD: &str = "zeer geheim";

pub(super) fn post() -> ConsumptionPost {
    ConsumptionPost {
        key: "demo/1/1/0".to_owned(),
        order_name: "WH/MO/00101".to_owned(),
        finished_g: Some(Grams(998_400)),
        lines: [("silo101", 120_000), ("lq114", 35_500), ("silo105", 0)]
            .map(|(code, grams)| ConsumptionLine {
                equipment_code: code.to_owned(),
                consumed_g: Grams(grams),
            })
            .to_vec(),
    }
}

pub(super) fn connect(kind: &str, url: &str) -> Arc<dyn ErpConnector> {
    let config: ErpConfig = serde_json::from_value(serde_json::json!({
        "kind": kind, "url": url, "database": "plant", "login": "middleware", "password": PASSWORD, "timeout_ms": 400}))
    .expect("good settings");
    open(&config).expect("good settings")
}

/// Runs the post of [`post`] against a peer that plays these steps.
async fn post_to(dialect: &Dialect, steps: Vec<Step>) -> (Result<(), ErpError>, Scripted) {
    let peer = Scripted::start(steps).await;
    let erp = connect(dialect.kind, &peer.url);
    let outcome = erp.post_consumption(&post()).await.map(|_| ());
    (outcome, peer)
}

/// The whole suite.
pub(super) async fn run(dialect: &Dialect) {
    a_refused_connection_sends_nothing(dialect).await;
    a_lost_answer_leaves_the_outcome_open_and_is_not_repeated(dialect).await;
    a_duplicate_post_is_the_same_message(dialect).await;
    a_slow_answer_within_time_counts(dialect).await;
    an_expired_session_is_renewed_once(dialect).await;
    a_wrong_password_is_final_and_never_shown(dialect).await;
    an_unknown_order_is_a_refusal(dialect).await;
    a_server_without_tls_is_named(dialect).await;
    a_lost_answer_about_a_failure_is_unknown_and_not_repeated(dialect).await;
}

/// A failure makes a new record at each call: where a connector has a place for them at all, a lost
/// answer is never repeated inside.
async fn a_lost_answer_about_a_failure_is_unknown_and_not_repeated(dialect: &Dialect) {
    let peer = Scripted::start(vec![dialect.login_ok.clone(), Step::Close]).await;
    let erp = connect(dialect.kind, &peer.url);
    let post = FailurePost {
        key: "demo:equipment_failure:1:00:1".to_owned(),
        equipment_code: "silo101".to_owned(),
        description: "MOTOR_FAILURE".to_owned(),
        date_utc: "2026-11-22 01:30:00".to_owned(),
    };
    let error = erp
        .report_failure(&post)
        .await
        .expect_err("no answer, or no place for it");
    match error {
        ErpError::Unsendable { .. } => assert!(peer.seen().is_empty()),
        other => {
            assert!(other.outcome_unknown(), "{other:?}");
            assert_eq!(peer.seen().len(), 2, "sent exactly once");
        }
    }
}

async fn a_refused_connection_sends_nothing(dialect: &Dialect) {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback");
        listener.local_addr().expect("bound").port()
    };
    let erp = connect(dialect.kind, &format!("http://127.0.0.1:{port}"));
    let error = erp
        .post_consumption(&post())
        .await
        .expect_err("nobody listens");
    assert_eq!(
        error,
        ErpError::Unreachable {
            cause: Unreached::Connect
        }
    );
    assert!(error.is_transient() && !error.outcome_unknown());
}

async fn a_lost_answer_leaves_the_outcome_open_and_is_not_repeated(dialect: &Dialect) {
    let cases = [
        (Step::Silent, Some(Lost::Timeout)),
        (Step::Close, Some(Lost::Cut)),
        (Step::Noise, Some(Lost::Cut)),
        (Step::Status(500, "{}".to_owned()), Some(Lost::Status(500))),
        (Step::Status(502, "{}".to_owned()), Some(Lost::Status(502))),
        (Step::Html, None),
        (Step::HalfBody(dialect.posted.clone()), None),
        (Step::Json("{\"jsonrpc\":\"2.0\",\"id\":".to_owned()), None),
        (Step::Json("[]".to_owned()), None),
        (
            Step::Json(
                "{\"jsonrpc\":\"2.0\",\"id\":\"another\",\"result\":{\"status\":\"success\"}}"
                    .to_owned(),
            ),
            None,
        ),
        (Step::Status(302, String::new()), None),
    ];
    for (step, lost) in cases {
        let (outcome, peer) = post_to(dialect, vec![dialect.login_ok.clone(), step.clone()]).await;
        let error = outcome.expect_err("no usable answer");
        match (&error, lost) {
            (ErpError::NoAnswer { cause }, Some(lost)) => assert_eq!(*cause, lost, "{step:?}"),
            (ErpError::Protocol { .. }, None) => {}
            (other, _) => panic!("{step:?} gave {other:?}"),
        }
        assert!(error.outcome_unknown() && error.is_transient(), "{step:?}");
        assert_eq!(
            peer.seen().len(),
            2,
            "{step:?}: the write went out exactly once"
        );
    }
}

async fn a_duplicate_post_is_the_same_message(dialect: &Dialect) {
    let peer = Scripted::start(vec![
        dialect.login_ok.clone(),
        Step::Close,
        Step::Json(dialect.posted.clone()),
    ])
    .await;
    let erp = connect(dialect.kind, &peer.url);
    let first = erp
        .post_consumption(&post())
        .await
        .expect_err("the answer was lost");
    assert!(first.outcome_unknown());
    let answer = erp
        .post_consumption(&post())
        .await
        .expect("the repeat gets through");
    assert_eq!(answer.finished_g, Some(Grams(998_400)));
    assert_eq!(answer.applied, post().lines[..2]);
    let seen = peer.seen();
    assert_eq!(seen[1].body["params"], seen[2].body["params"]);
    assert_eq!(
        seen[1].cookie, seen[2].cookie,
        "a lost answer does not end the session"
    );
}

async fn a_slow_answer_within_time_counts(dialect: &Dialect) {
    let slow = Step::Slow(dialect.posted.clone(), 120);
    let (outcome, _peer) = post_to(dialect, vec![dialect.login_ok.clone(), slow]).await;
    outcome.expect("an answer after 120 of 400 ms");
}

async fn an_expired_session_is_renewed_once(dialect: &Dialect) {
    let renewed = vec![
        dialect.login_ok.clone(),
        dialect.expired.clone(),
        dialect.login_ok.clone(),
        Step::Json(dialect.posted.clone()),
    ];
    let (outcome, peer) = post_to(dialect, renewed).await;
    outcome.expect("the second session works");
    assert_eq!(peer.seen().len(), 4);

    let twice = vec![
        dialect.login_ok.clone(),
        dialect.expired.clone(),
        dialect.login_ok.clone(),
        dialect.expired.clone(),
    ];
    let (outcome, peer) = post_to(dialect, twice).await;
    let error = outcome.expect_err("no session lasts");
    assert!(matches!(error, ErpError::Credentials { .. }), "{error:?}");
    assert!(!error.is_transient());
    assert_eq!(peer.seen().len(), 4, "no third attempt");
}

async fn a_wrong_password_is_final_and_never_shown(dialect: &Dialect) {
    let (outcome, peer) = post_to(dialect, vec![dialect.login_denied.clone()]).await;
    let error = outcome.expect_err("the password is wrong");
    assert!(matches!(error, ErpError::Credentials { .. }), "{error:?}");
    assert!(!error.is_transient() && !error.outcome_unknown());
    assert_eq!(peer.seen().len(), 1, "not tried a second time");
    let erp = connect(dialect.kind, &peer.url);
    for shown in [format!("{error} {error:?}"), format!("{erp:?}")] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

async fn an_unknown_order_is_a_refusal(dialect: &Dialect) {
    let unknown = Step::Json(dialect.unknown_order.clone());
    let (outcome, _peer) = post_to(dialect, vec![dialect.login_ok.clone(), unknown]).await;
    let error = outcome.expect_err("no such order");
    assert!(matches!(error, ErpError::Refused { .. }), "{error:?}");
    assert!(!error.is_transient() && !error.outcome_unknown());
}

async fn a_server_without_tls_is_named(dialect: &Dialect) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("accepting");
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .expect("sent");
        // Let the other side hang up first, so that it reads these bytes and not a reset.
        let mut rest = Vec::new();
        let _ended = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    });
    let erp = connect(dialect.kind, &format!("https://127.0.0.1:{port}"));
    let error = erp
        .post_consumption(&post())
        .await
        .expect_err("no TLS there");
    assert_eq!(
        error,
        ErpError::Unreachable {
            cause: Unreached::Tls
        }
    );
    tokio::time::timeout(Duration::from_secs(5), peer)
        .await
        .expect("the peer ends")
        .expect("no panic");
}
