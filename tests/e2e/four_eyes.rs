//! Four eyes: who may not approve what they asked for, and what takes two persons. Leaves out the
//! signature itself (`sign`).

use millrace_core::access::Role;
use millrace_core::access::four_eyes::FourEyes;
use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::order_life::{decide, edited};

const LABEL: &str = "WH/MO/00101/1";

async fn site(seed: u64, rule: FourEyes) -> Rig {
    Rig::start_with(seed, |config| config.signature.four_eyes = rule).await
}

/// What somebody who approves sends; everybody of the rig has the supervisor's secret.
async fn approval(rig: &Rig, label: &str) -> Value {
    let batch = rig.batch(label).await;
    json!({
        "id": batch["row"]["id"],
        "version": batch["row"]["version"],
        "content_hash": batch["row"]["content_hash"],
        "secret": rig.secret("Supervisor 1").await
    })
}

/// Why the screen of a supervisor does not offer an approval.
async fn why_not(rig: &Rig, label: &str) -> Value {
    let id = rig.batch(label).await["row"]["id"].clone();
    let view = rig
        .ok(Who::Supervisor, "batch_get", json!({ "id": id }))
        .await;
    let actions = view["actions"].as_array().expect("actions");
    let approve = actions.iter().find(|a| a["command"] == "batch_approve");
    approve.expect("the action")["why_not"]["code"].clone()
}

#[tokio::test]
async fn who_fetched_an_order_by_hand_does_not_approve_it_where_the_site_wants_four_eyes() {
    let rig = site(951, FourEyes::Approve).await;
    rig.ok(Who::Supervisor, "order_import", json!({})).await;
    // Who asked stands in the books.
    let rig = rig.crash_and_restart().await;
    assert_eq!(why_not(&rig, LABEL).await, "own_request");
    let approve = approval(&rig, LABEL).await;
    let refused = rig
        .call(Who::Supervisor, "batch_approve", approve.clone())
        .await
        .expect_err("the own request");
    assert_eq!(refused.code, ErrorCode::OwnRequest);
    assert_eq!(
        refused.message,
        "Supervisor 1 fetched the order by hand: somebody else must approve WH/MO/00101/1"
    );
    // The safe way is open to everybody, the one who asked included.
    let other = rig.batch("WH/MO/00102/1").await;
    let reject = json!({ "id": other["row"]["id"], "version": other["row"]["version"], "reason": "lab result is missing", "secret": approve["secret"] });
    rig.ok(Who::Supervisor, "batch_reject", reject).await;
    // Fetching again is not asking again: the order is here already.
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let seen = rig.call_as(&sari, "order_import", json!({})).await;
    assert_eq!(seen.expect("fetched")["new_batches"], 0);
    let view = rig.call_as(&sari, "batch_approve", approve).await;
    assert_eq!(view.expect("somebody else")["row"]["release"], "approved");
}

#[tokio::test]
async fn without_the_setting_who_fetched_an_order_approves_it() {
    let rig = site(952, FourEyes::Off).await;
    rig.ok(Who::Supervisor, "order_import", json!({})).await;
    assert_eq!(why_not(&rig, LABEL).await, Value::Null);
    rig.approve(LABEL).await;
}

#[tokio::test]
async fn a_decision_about_an_order_is_a_request() {
    for (seed, rule, choice, told) in [
        (953, FourEyes::Off, "take_over", Some("took over")),
        (954, FourEyes::Off, "keep", None),
        (955, FourEyes::Approve, "keep", Some("kept the order")),
    ] {
        let rig = site(seed, rule).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        let edit = json!({ "quantity_g": 1_200_000 });
        let seen = edited(&rig, "WH/MO/00101", edit).await;
        let seen = seen.expect("it differs");
        decide(&rig, &seen, choice).await.expect("decided");
        let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
        let rows = queue["rows"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["order_name"] == "WH/MO/00101" && row["word"] == "pending");
        let label = row.expect("a batch that waits")["label"].clone();
        let label = label.as_str().expect("a label");
        let approve = approval(&rig, label).await;
        let own = rig
            .call(Who::Supervisor, "batch_approve", approve.clone())
            .await;
        match told {
            None => assert!(own.is_ok(), "{choice}: {own:?}"),
            Some(told) => {
                let refused = own.expect_err("the own request");
                assert_eq!(refused.code, ErrorCode::OwnRequest);
                let names = format!("Supervisor 1 {told}");
                assert!(refused.message.starts_with(&names), "{refused}");
                let sari = rig.log_in_as("Sari", Role::Supervisor).await;
                let other = rig.call_as(&sari, "batch_approve", approve).await;
                assert!(other.is_ok(), "{choice}: {other:?}");
            }
        }
    }
}
