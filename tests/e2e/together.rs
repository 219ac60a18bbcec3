//! Two people who act on the same thing at once, whatever the act: one wins, the other is told what changed
//! and by whom, and the trail shows one act. Leaves out approvals and revocations ([`super::sign`]).

use millrace_app::AppError;
use millrace_core::access::Role;
use millrace_core::error_code::ErrorCode;
use millrace_tests::rivals::one_of;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::posting::{edit, message, work};

const ORDER: &str = "WH/MO/00101";
const LABEL: &str = "WH/MO/00101/1";

async fn acts(rig: &Rig, names: &[&str]) -> i64 {
    let mut sum = 0;
    for name in names {
        sum += rig.audit_count(name).await;
    }
    sum
}

/// Sends as a person with a session of their own. Not through [`Rig::call_as`], which counts the rows of one
/// command at a time.
async fn send(rig: &Rig, token: &str, command: &str, payload: Value) -> Result<Value, AppError> {
    rig.app.dispatch(command, payload, Some(token)).await
}

#[tokio::test]
async fn approved_and_rejected_at_once() {
    for seed in 0..4 {
        let rig = Rig::start(1_700 + seed).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        let one = rig.log_in_as("Supervisor 2", Role::Supervisor).await;
        let other = rig.log_in_as("Supervisor 3", Role::Supervisor).await;
        let secret = rig.secret("Supervisor 1").await;
        let batch = rig.batch(LABEL).await;
        let (id, version) = (&batch["row"]["id"], &batch["row"]["version"]);
        let approve = json!({ "id": id, "version": version, "content_hash": batch["row"]["content_hash"], "secret": secret });
        let reject =
            json!({ "id": id, "version": version, "reason": "wrong recipe", "secret": secret });
        let (a, b) = tokio::join!(
            send(&rig, &one, "batch_approve", approve),
            send(&rig, &other, "batch_reject", reject)
        );
        let (is_approved, refused) = one_of(a, b);
        let told = if is_approved {
            "already approved by Supervisor 2"
        } else {
            "already rejected by Supervisor 3"
        };
        assert_eq!(refused.code, ErrorCode::Changed);
        assert!(refused.message.contains(told), "{refused}");
        assert_eq!(acts(&rig, &["batch_approve", "batch_reject"]).await, 1);
        let batch = rig
            .ok(Who::Operator, "batch_get", json!({ "id": id }))
            .await;
        assert_eq!(
            batch["row"]["word"],
            if is_approved { "approved" } else { "rejected" }
        );
        assert_eq!(batch["signatures"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn started_and_cancelled_at_once() {
    for seed in 0..4 {
        let rig = Rig::start(1_710 + seed).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        rig.approve(LABEL).await;
        let one = rig.log_in_as("Operator 2", Role::Operator).await;
        let other = rig.log_in_as("Supervisor 2", Role::Supervisor).await;
        let secret = rig.secret("Supervisor 1").await;
        let batch = rig.batch(LABEL).await;
        let (id, version) = (&batch["row"]["id"], &batch["row"]["version"]);
        let start = json!({ "id": id, "version": version });
        let cancel =
            json!({ "id": id, "version": version, "reason": "not needed", "secret": secret });
        let (a, b) = tokio::join!(
            send(&rig, &one, "batch_start", start),
            send(&rig, &other, "batch_cancel", cancel)
        );
        let (is_started, refused) = one_of(a, b);
        let told = if is_started {
            "it was started by Operator 2"
        } else {
            "already cancelled by Supervisor 2"
        };
        assert_eq!(refused.code, ErrorCode::Changed);
        assert!(refused.message.contains(told), "{refused}");
        assert_eq!(acts(&rig, &["batch_start", "batch_cancel"]).await, 1);
        // Nothing of a cancelled batch ever reaches the PLC; a started one is made.
        for _ in 0..20 {
            rig.step().await;
        }
        let batch = rig
            .ok(Who::Operator, "batch_get", json!({ "id": id }))
            .await;
        let word = &batch["row"]["word"];
        assert_eq!(
            *word,
            if is_started {
                "in_process"
            } else {
                "cancelled"
            }
        );
    }
}

#[tokio::test]
async fn two_starts_take_one_slot() {
    let rig = Rig::start(1_720).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.approve(LABEL).await;
    let one = rig.log_in_as("Operator 2", Role::Operator).await;
    let other = rig.log_in_as("Operator 3", Role::Operator).await;
    let batch = rig.batch(LABEL).await;
    let start = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] });
    let (a, b) = tokio::join!(
        send(&rig, &one, "batch_start", start.clone()),
        send(&rig, &other, "batch_start", start)
    );
    let (is_first, refused) = one_of(a, b);
    let told = format!(
        "it was started by Operator {}",
        if is_first { 2 } else { 3 }
    );
    assert!(refused.message.contains(&told), "{refused}");
    assert_eq!(acts(&rig, &["batch_start"]).await, 1);
    rig.finish().await;
    rig.drain().await;
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_message_waived_by_two_or_booked_by_hand_meanwhile() {
    for (seed, second) in [(0, "outbox_waive"), (1, "outbox_by_hand")] {
        let rig = Rig::start(1_730 + seed).await;
        rig.begin(LABEL).await;
        rig.finish().await;
        edit(&rig, ORDER, json!({ "name": "", "state": "cancel" }));
        work(&rig).await;
        let refused = message(&rig, "consumption", LABEL).await;
        assert_eq!(refused["row"]["state"], "refused");
        let one = rig.log_in_as("Supervisor 2", Role::Supervisor).await;
        let other = rig.log_in_as("Supervisor 3", Role::Supervisor).await;
        let secret = rig.secret("Supervisor 1").await;
        let close = json!({ "id": refused["row"]["id"], "reason": "closed in the office", "secret": secret });
        let (a, b) = tokio::join!(
            send(&rig, &one, "outbox_waive", close.clone()),
            send(&rig, &other, second, close)
        );
        let (is_first, refused) = one_of(a, b);
        let told = match (is_first, second) {
            (true, _) => "already waived by Supervisor 2",
            (false, "outbox_waive") => "already waived by Supervisor 3",
            (false, _) => "already closed as booked by hand by Supervisor 3",
        };
        assert!(refused.message.contains(told), "{refused}");
        assert_eq!(acts(&rig, &["outbox_waive", "outbox_by_hand"]).await, 1);
    }
}

#[tokio::test]
async fn a_weight_entered_by_two_is_kept_once() {
    let rig = Rig::start(1_740).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    let mut with_line = None;
    for row in queue["rows"].as_array().expect("rows") {
        let batch = rig
            .ok(Who::Operator, "batch_get", json!({ "id": row["id"] }))
            .await;
        if batch["manual_lines"]
            .as_array()
            .is_some_and(|lines| !lines.is_empty())
        {
            with_line = Some(batch);
            break;
        }
    }
    let batch = with_line.expect("the demo has an order with a line by hand");
    let label = batch["row"]["label"].as_str().expect("a label").to_owned();
    rig.approve(&label).await;
    let started = rig.start_batch(&label).await;
    let version = &started["row"]["version"];
    let one = rig.log_in_as("Operator 2", Role::Operator).await;
    let other = rig.log_in_as("Operator 3", Role::Operator).await;
    let secret = rig.secret("Supervisor 1").await;
    let enter = |grams: i64| json!({ "id": batch["row"]["id"], "version": version, "line_no": batch["manual_lines"][0]["line_no"], "weight_g": grams, "secret": secret });
    let (a, b) = tokio::join!(
        send(&rig, &one, "manual_line_enter", enter(10_000)),
        send(&rig, &other, "manual_line_enter", enter(12_000))
    );
    let (is_first, refused) = one_of(a, b);
    let (name, grams) = if is_first {
        ("Operator 2", 10_000)
    } else {
        ("Operator 3", 12_000)
    };
    assert!(refused.message.contains(name), "{refused}");
    assert_eq!(acts(&rig, &["manual_line_enter"]).await, 1);
    let batch = rig.batch(&label).await;
    assert_eq!(batch["manual_lines"][0]["actual_g"], grams);
    assert_eq!(batch["manual_lines"][0]["entered_by"], name);
}
