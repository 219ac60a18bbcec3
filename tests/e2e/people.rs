//! People: who may what, signatures over what was seen, two at once.

use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, Who};
use serde_json::json;

#[tokio::test]
async fn nobody_acts_without_a_session_or_a_right() {
    let rig = Rig::start(20).await;
    for command in ["batch_list", "order_import", "live_get", "session_get"] {
        let refused = rig
            .app
            .dispatch(command, json!({}), None)
            .await
            .expect_err(command);
        assert_eq!(refused.code, ErrorCode::NotLoggedIn, "{command}");
        let refused = rig
            .app
            .dispatch(command, json!({}), Some("0000"))
            .await
            .expect_err(command);
        assert_eq!(refused.code, ErrorCode::NotLoggedIn, "{command}");
    }
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let batch = rig.batch("WH/MO/00101/1").await;
    let secret = rig.secret("Operator 1").await;
    let approve = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "content_hash": batch["row"]["content_hash"], "secret": secret });
    let refused = rig
        .call(Who::Operator, "batch_approve", approve)
        .await
        .expect_err("an operator does not sign");
    assert_eq!(refused.code, ErrorCode::NoRight);
    let refused = rig
        .call(Who::Operator, "batch_explode", json!({}))
        .await
        .expect_err("unknown");
    assert_eq!(refused.code, ErrorCode::UnknownCommand);
    let refused = rig
        .call(Who::Operator, "batch_get", json!({ "id": 1, "more": 2 }))
        .await
        .expect_err("unknown field");
    assert_eq!(refused.code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_signature_asks_for_the_own_secret_and_covers_what_was_seen() {
    let rig = Rig::start(21).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let batch = rig.batch("WH/MO/00101/1").await;
    let good = rig.secret("Supervisor 1").await;
    let request = |secret: &str, hash: &str| json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "content_hash": hash, "secret": secret });
    let hash = batch["row"]["content_hash"].as_str().expect("a hash");
    let operators = rig.secret("Operator 1").await;
    let wrong = rig
        .call(Who::Supervisor, "batch_approve", request(&operators, hash))
        .await
        .expect_err("somebody else's secret");
    assert_eq!(wrong.code, ErrorCode::WrongSecret);
    let other = rig
        .call(
            Who::Supervisor,
            "batch_approve",
            request(&good, &"0".repeat(64)),
        )
        .await
        .expect_err("another content");
    assert_eq!(other.code, ErrorCode::Changed);
    rig.ok(Who::Supervisor, "batch_approve", request(&good, hash))
        .await;
    let again = rig
        .call(Who::Supervisor, "batch_approve", request(&good, hash))
        .await
        .expect_err("the second one");
    assert_eq!(again.code, ErrorCode::Changed);
    assert!(
        again.message.contains("approved by Supervisor 1"),
        "{again}"
    );
}

#[tokio::test]
async fn one_of_two_who_sign_at_once_wins() {
    let rig = Rig::start(22).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let batch = rig.batch("WH/MO/00101/1").await;
    let secret = rig.secret("Supervisor 1").await;
    let approve = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "content_hash": batch["row"]["content_hash"], "secret": secret });
    let reject = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "not today", "secret": secret });
    let (a, b) = tokio::join!(
        rig.call(Who::Supervisor, "batch_approve", approve),
        rig.call(Who::Supervisor, "batch_reject", reject)
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let acts = rig
        .app
        .store()
        .read(|read| {
            Ok::<_, millrace_store::StoreError>(
                read.audit_count("batch_approve")? + read.audit_count("batch_reject")?,
            )
        })
        .await
        .expect("readable");
    assert_eq!(acts, 1, "one act, one audit row");
}

#[tokio::test]
async fn rejected_and_revoked_batches_are_never_started() {
    let rig = Rig::start(23).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let secret = rig.secret("Supervisor 1").await;
    let approved = rig.approve("WH/MO/00101/1").await;
    let row = &approved["row"];
    let view = rig
        .ok(Who::Supervisor, "batch_revoke", json!({ "id": row["id"], "version": row["version"], "reason": "lab result is missing", "secret": secret }))
        .await;
    assert_eq!(view["row"]["word"], "rejected");
    let start = json!({ "id": row["id"], "version": view["row"]["version"] });
    let refused = rig
        .call(Who::Operator, "batch_start", start)
        .await
        .expect_err("not signed");
    assert_eq!(refused.code, ErrorCode::IllegalTransition);
}

#[tokio::test]
async fn wrong_secrets_lock_for_a_growing_time_and_a_restart_does_not_help() {
    let rig = Rig::start(24).await;
    let open = |secret: &str| json!({ "user": "operator 1", "secret": secret });
    for _ in 0..5 {
        let refused = rig
            .app
            .dispatch("session_open", open("wrong"), None)
            .await
            .expect_err("wrong");
        assert_eq!(refused.code, ErrorCode::WrongSecret);
    }
    let good = rig.secret("Operator 1").await;
    let refused = rig
        .app
        .dispatch("session_open", open(&good), None)
        .await
        .expect_err("locked");
    assert_eq!(refused.code, ErrorCode::LockedOut);
    rig.clock.advance_ms(29_000);
    assert!(
        rig.app
            .dispatch("session_open", open(&good), None)
            .await
            .is_err(),
        "still locked"
    );
    rig.clock.advance_ms(2_000);
    assert!(
        rig.app
            .dispatch("session_open", open(&good), None)
            .await
            .is_ok(),
        "30 s are over"
    );
    let unknown = rig
        .app
        .dispatch(
            "session_open",
            json!({ "user": "nobody", "secret": "x" }),
            None,
        )
        .await
        .expect_err("unknown");
    let wrong = rig
        .app
        .dispatch("session_open", open("wrong"), None)
        .await
        .expect_err("wrong");
    assert_eq!(
        (unknown.code, unknown.message),
        (wrong.code, wrong.message),
        "alike for an unknown name and a wrong secret"
    );
}

#[tokio::test]
async fn a_closed_session_is_closed() {
    let rig = Rig::start(25).await;
    rig.ok(Who::Operator, "session_close", json!({})).await;
    let refused = rig
        .call(Who::Operator, "batch_list", json!({}))
        .await
        .expect_err("closed");
    assert_eq!(refused.code, ErrorCode::NotLoggedIn);
}
