//! Orders that change, are cancelled, closed or deleted in the ERP while we hold batches of them: each is
//! shown, holds back approval and start, and waits for a person. Nothing follows by itself.

use millrace_core::access::Role;
use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_plant::odoo::OrderState;
use millrace_tests::{Rig, WHOLE_BATCH, Who};
use serde_json::{Value, json};

use crate::posting::edit as edit_only;

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
const SECOND: &str = "WH/MO/00101/2";
/// Five tonnes: two batches.
const LARGE: &str = "WH/MO/00104";

async fn imported(seed: u64) -> Rig {
    let rig = Rig::start(seed).await;
    import(&rig).await;
    rig
}

async fn import(rig: &Rig) -> Value {
    rig.ok(Who::Operator, "order_import", json!({})).await
}

/// Somebody edits an order in the ERP, and we import.
pub(super) async fn edited(rig: &Rig, name: &str, edit: Value) -> Option<Value> {
    edit_only(rig, name, edit);
    import(rig).await;
    difference(rig, name).await
}

async fn order(rig: &Rig, name: &str) -> Value {
    let list = rig.ok(Who::Operator, "order_list", json!({})).await;
    let orders = list["orders"].as_array().expect("orders").clone();
    orders
        .into_iter()
        .find(|order| order["name"] == name)
        .unwrap_or_else(|| panic!("no order {name}"))
}

pub(super) async fn difference(rig: &Rig, name: &str) -> Option<Value> {
    let order = order(rig, name).await;
    let difference = order["difference"].clone();
    (!difference.is_null()).then_some(difference)
}

pub(super) async fn decide(
    rig: &Rig,
    seen: &Value,
    choice: &str,
) -> Result<Value, millrace_app::AppError> {
    let secret = rig.secret("Supervisor 1").await;
    let request = json!({ "order_id": seen["order_id"], "choice": choice, "reason": "talked to the office", "secret": secret, "seen": seen["hash"] });
    rig.call(Who::Supervisor, "order_difference_decide", request)
        .await
}

pub(super) fn open(seen: &Value) -> Vec<String> {
    let choices = seen["choices"].as_array().expect("choices");
    choices
        .iter()
        .filter(|choice| choice["why_not"].is_null())
        .map(|choice| choice["choice"].as_str().expect("a word").to_owned())
        .collect()
}

async fn labels(rig: &Rig, name: &str) -> Vec<(String, String)> {
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    let rows = queue["rows"].as_array().expect("rows").clone();
    rows.iter()
        .filter(|row| row["order_name"] == name)
        .map(|row| {
            let word = |key: &str| row[key].as_str().expect("a word").to_owned();
            (word("label"), word("word"))
        })
        .collect()
}

async fn told(rig: &Rig, kind: &str) -> usize {
    let kind = kind.to_owned();
    rig.app
        .store()
        .read(move |read| {
            let rows = read.journal_latest(500)?;
            let count = rows
                .iter()
                .filter(|row| serde_json::json!(row.kind) == kind)
                .count();
            Ok::<_, millrace_store::StoreError>(count)
        })
        .await
        .expect("readable")
}

async fn cannot_sign_or_start(rig: &Rig, label: &str, command: &str) {
    let id = rig.batch(label).await["row"]["id"].clone();
    let batch = rig
        .ok(Who::Supervisor, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(batch["row"]["order_differs"], true, "{batch:#}");
    let action = batch["actions"]
        .as_array()
        .and_then(|all| all.iter().find(|each| each["command"] == command).cloned())
        .expect("the action");
    assert_eq!(action["why_not"]["code"], "order_differs");
    let secret = rig.secret("Supervisor 1").await;
    let mut request = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] });
    if command == "batch_approve" {
        request["content_hash"] = batch["row"]["content_hash"].clone();
        request["secret"] = json!(secret);
    }
    let refused = rig
        .call(Who::Supervisor, command, request)
        .await
        .expect_err("nobody has decided yet");
    assert_eq!(refused.code, ErrorCode::NotReady);
    assert!(
        refused.message.contains("decide about the difference"),
        "{refused}"
    );
}

async fn running(rig: &Rig, label: &str) {
    rig.approve(label).await;
    started(rig, label).await;
}

async fn started(rig: &Rig, label: &str) {
    // A finished batch of the same order keeps its slot until the PLC has cleared it.
    for _ in 0..60 {
        let in_slots = rig.app.store().read(|read| read.batches_in_slots()).await;
        if in_slots.expect("readable").is_empty() {
            break;
        }
        rig.step().await;
    }
    rig.start_batch(label).await;
    rig.until("the batch runs", 60, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
    })
    .await;
}

#[tokio::test]
async fn a_change_before_the_approval_is_taken_over_with_numbers_that_go_on() {
    let rig = imported(101).await;
    let seen = edited(
        &rig,
        ORDER,
        json!({ "quantity_g": 1_200_000, "product": "[10093] LAYER FEED 17" }),
    )
    .await
    .expect("it differs");
    assert_eq!(seen["difference"]["kind"], "changed");
    let fields = seen["difference"]["fields"].as_array().expect("fields");
    assert_eq!(fields.len(), 2, "{fields:#?}");
    assert_eq!(
        fields[1],
        json!({ "field": "quantity", "old_kg": "1000", "new_kg": "1200" })
    );
    assert_eq!(open(&seen), ["take_over", "keep"]);
    cannot_sign_or_start(&rig, FIRST, "batch_approve").await;
    let overview = rig.ok(Who::Operator, "overview_get", json!({})).await;
    let attention = overview["attention"].as_array().expect("a list");
    assert!(
        attention
            .iter()
            .any(|each| each["code"] == "order_differs" && each["order_name"] == ORDER),
        "{attention:#?}"
    );
    // Told once, however often it is seen.
    import(&rig).await;
    import(&rig).await;
    assert_eq!(told(&rig, "order_differs").await, 1);
    assert_eq!(labels(&rig, ORDER).await.len(), 1, "nothing by itself");

    let after = decide(&rig, &seen, "take_over").await.expect("decided");
    assert_eq!(after["quantity_kg"], "1200");
    assert!(after["difference"].is_null());
    assert_eq!(
        labels(&rig, ORDER).await,
        [(SECOND.to_owned(), "pending".to_owned())]
    );
    import(&rig).await;
    assert_eq!(difference(&rig, ORDER).await, None, "they agree now");
    // Who took it over asked for it: somebody else approves.
    let other = rig.log_in_as("Supervisor 2", Role::Supervisor).await;
    rig.approve_as(&other, SECOND).await;
    started(&rig, SECOND).await;
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books(ORDER).await;
    assert!(
        rig.erp().orders.iter().all(|o| o.cancel_reason.is_none()),
        "the ERP was told of no cancellation"
    );
}

#[tokio::test]
async fn a_change_after_the_approval_voids_it_and_every_batch_is_replaced() {
    let rig = imported(102).await;
    rig.approve("WH/MO/00104/1").await;
    let seen = edited(&rig, LARGE, json!({ "quantity_g": 6_500_000 }))
        .await
        .expect("it differs");
    cannot_sign_or_start(&rig, "WH/MO/00104/1", "batch_start").await;
    decide(&rig, &seen, "take_over").await.expect("decided");
    let pending = |n: u32| (format!("{LARGE}/{n}"), "pending".to_owned());
    assert_eq!(
        labels(&rig, LARGE).await,
        [pending(3), pending(4), pending(5)],
        "numbers go on, nothing is signed"
    );
    let closed = rig
        .ok(
            Who::Operator,
            "batch_list",
            json!({ "words": ["cancelled"] }),
        )
        .await;
    let rows = closed["rows"].as_array().expect("rows").clone();
    assert_eq!(rows.len(), 2);
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": rows[0]["id"] }))
        .await;
    let last = view["signatures"].as_array().and_then(|all| all.last());
    assert_eq!(
        last.map(|s| &s["meaning"]),
        Some(&json!("replace")),
        "{view:#}"
    );
    assert!(view["row"]["approved_by"].is_null());
    rig.drain().await;
    assert_eq!(rig.erp().posts, 0);
}

#[tokio::test]
async fn components_are_told_one_by_one_and_a_silent_return_clears_the_difference() {
    let rig = imported(103).await;
    let seen = edited(&rig, ORDER, json!({
        "remove_component": "silo107", "move_component": ["silo105", "silo106"],
        "put_component": { "equipment": "silo104", "product": "Jagung giling", "to_consume_g": 429_500 }
    }))
    .await
    .expect("it differs");
    let fields: Vec<&str> = seen["difference"]["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .map(|field| field["field"].as_str().expect("a word"))
        .collect();
    assert_eq!(
        fields,
        [
            "component_quantity",
            "component_equipment",
            "component_removed"
        ]
    );
    let back = edited(&rig, ORDER, json!({
        "move_component": ["silo106", "silo105"],
        "put_component": { "equipment": "silo104", "product": "Jagung giling", "to_consume_g": 310_000 }
    }))
    .await
    .expect("one component is still missing");
    assert_eq!(
        told(&rig, "order_differs").await,
        2,
        "another difference is told"
    );
    assert_ne!(back["hash"], seen["hash"]);
    let agreed = edited(&rig, ORDER, json!({
        "put_component": { "equipment": "silo107", "product": "DDGS jagung", "to_consume_g": 119_500 }
    }))
    .await;
    assert_eq!(agreed, None);
    assert_eq!(told(&rig, "order_agrees").await, 1);
    rig.approve(FIRST).await;
}

#[tokio::test]
async fn a_new_content_that_cannot_be_made_is_not_taken_over() {
    let rig = imported(104).await;
    let seen = edited(
        &rig,
        ORDER,
        json!({ "move_component": ["silo105", "silo999"] }),
    )
    .await
    .expect("it differs");
    let refused = decide(&rig, &seen, "take_over")
        .await
        .expect_err("no such silo");
    assert_eq!(refused.code, ErrorCode::NotReady);
    assert!(refused.message.contains("silo999"), "{refused}");
    assert_eq!(labels(&rig, ORDER).await.len(), 1, "nothing was cancelled");
    assert_eq!(difference(&rig, ORDER).await, Some(seen), "still undecided");
}

#[tokio::test]
async fn a_new_content_needs_room_as_an_import_does() {
    let rig = imported(115).await;
    let open = labels(&rig, LARGE).await.len();
    assert_eq!(open, 2);
    // As many as fit are open; the order's own two make room for two.
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    let all = queue["rows"].as_array().expect("rows").len();
    let room = 10 - all + open;
    let too_large = i64::try_from(room).expect("few") * 3_000_000 + 1_000_000;
    let seen = edited(&rig, LARGE, json!({ "quantity_g": too_large }))
        .await
        .expect("it differs");
    let refused = decide(&rig, &seen, "take_over").await.expect_err("no room");
    assert_eq!(refused.code, ErrorCode::NotReady);
    assert!(
        refused.message.contains(&format!("room for {room}")),
        "{refused}"
    );
    assert_eq!(labels(&rig, LARGE).await.len(), 2, "nothing was cancelled");
    assert_eq!(difference(&rig, LARGE).await, Some(seen), "still undecided");
}

#[tokio::test]
async fn an_order_that_cannot_be_read_any_more_is_told_and_not_taken_for_unchanged() {
    let rig = imported(113).await;
    let seen = edited(&rig, ORDER, json!({ "product": "" }))
        .await
        .expect("it differs");
    assert_eq!(
        seen["difference"]["fields"][0]["field"], "unreadable",
        "{seen:#}"
    );
    assert_eq!(open(&seen), ["keep"]);
    cannot_sign_or_start(&rig, FIRST, "batch_approve").await;
    let mended = edited(&rig, ORDER, json!({ "product": "[10092] LAYER FEED 16" })).await;
    assert_eq!(mended, None);
}

#[tokio::test]
async fn what_was_kept_is_quiet_until_it_changes_further() {
    let rig = imported(105).await;
    let seen = edited(&rig, ORDER, json!({ "quantity_g": 900_000 }))
        .await
        .expect("it differs");
    decide(&rig, &seen, "keep").await.expect("decided");
    import(&rig).await;
    assert_eq!(difference(&rig, ORDER).await, None, "decided once");
    rig.approve(FIRST).await;
    let further = edited(&rig, ORDER, json!({ "quantity_g": 800_000 }))
        .await
        .expect("a further change");
    assert_ne!(further["hash"], seen["hash"]);
    cannot_sign_or_start(&rig, FIRST, "batch_start").await;
    // Back to what was kept: nothing to decide.
    assert_eq!(
        edited(&rig, ORDER, json!({ "quantity_g": 900_000 })).await,
        None
    );
    started(&rig, FIRST).await;
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books(ORDER).await;
}

#[tokio::test]
async fn a_change_while_a_batch_is_in_the_plc_does_not_touch_it() {
    let rig = imported(106).await;
    running(&rig, "WH/MO/00104/1").await;
    let seen = edited(&rig, LARGE, json!({ "quantity_g": 6_500_000 }))
        .await
        .expect("it differs");
    assert_eq!(open(&seen), ["keep"], "a batch was started");
    let refused = decide(&rig, &seen, "take_over").await.expect_err("started");
    assert!(refused.message.contains("started already"), "{refused}");
    rig.finish().await;
    rig.drain().await;
    // Posted: the order is in progress now, not in the list of open orders, and differs as before.
    import(&rig).await;
    let now = difference(&rig, LARGE).await.expect("undecided");
    assert_eq!(now["difference"], seen["difference"]);
    cannot_sign_or_start(&rig, "WH/MO/00104/2", "batch_approve").await;
    decide(&rig, &now, "keep").await.expect("decided");
    import(&rig).await;
    assert_eq!(difference(&rig, LARGE).await, None);
    running(&rig, "WH/MO/00104/2").await;
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books(LARGE).await;
    assert_eq!(
        told(&rig, "order_differs").await,
        1,
        "our own postings are no difference"
    );
}

#[tokio::test]
async fn another_product_or_start_of_an_order_in_progress_is_told_and_kept_by_a_person() {
    let rig = imported(118).await;
    running(&rig, "WH/MO/00104/1").await;
    rig.finish().await;
    rig.drain().await;
    import(&rig).await;
    assert_eq!(difference(&rig, LARGE).await, None, "only posted");
    let other = json!({ "product": "LAYER FEED X", "schedule_start": "2027-01-05 06:00:00" });
    let seen = edited(&rig, LARGE, other).await.expect("it differs");
    let fields = seen["difference"]["fields"].as_array().expect("fields");
    let told: Vec<_> = fields.iter().map(|f| (&f["field"], &f["new"])).collect();
    let (product, start) = (json!("product"), json!("planned_start"));
    let (new, day) = (json!("LAYER FEED X"), json!("2027-01-05 06:00:00"));
    assert_eq!(told, [(&product, &new), (&start, &day)]);
    assert_eq!(open(&seen), ["keep"]);
    cannot_sign_or_start(&rig, "WH/MO/00104/2", "batch_approve").await;
    decide(&rig, &seen, "keep").await.expect("decided");
    import(&rig).await;
    assert_eq!(difference(&rig, LARGE).await, None);
    let again = edited(&rig, LARGE, json!({ "product": "LAYER FEED Y" })).await;
    assert!(again.is_some(), "a further change");
}

#[tokio::test]
async fn an_order_cancelled_in_the_erp_is_cancelled_here_by_a_person_and_does_not_come_back() {
    let rig = imported(107).await;
    let seen = edited(&rig, ORDER, json!({ "state": "cancel" }))
        .await
        .expect("it differs");
    assert_eq!(seen["difference"]["kind"], "cancelled");
    assert_eq!(open(&seen), ["keep", "cancel_here"]);
    assert_eq!(labels(&rig, ORDER).await.len(), 1, "nothing by itself");
    let after = decide(&rig, &seen, "cancel_here").await.expect("decided");
    assert_eq!(after["standing"], "tombstone");
    assert!(labels(&rig, ORDER).await.is_empty());
    let outbox = rig.ok(Who::Operator, "outbox_list", json!({})).await;
    assert_eq!(outbox["rows"], json!([]), "the ERP knows");
    // Somebody opens it again in the ERP.
    let opened = edited(&rig, ORDER, json!({ "state": "confirmed" })).await;
    assert_eq!(opened, None);
    assert!(labels(&rig, ORDER).await.is_empty(), "the tombstone holds");
    assert_eq!(order(&rig, ORDER).await["standing"], "tombstone");
}

#[tokio::test]
async fn an_order_cancelled_while_its_batch_runs_is_stopped_first() {
    let rig = imported(108).await;
    running(&rig, "WH/MO/00104/1").await;
    let seen = edited(&rig, LARGE, json!({ "state": "cancel" }))
        .await
        .expect("it differs");
    let refused = decide(&rig, &seen, "cancel_here")
        .await
        .expect_err("it runs");
    assert_eq!(refused.code, ErrorCode::IllegalTransition);
    assert!(refused.message.contains("stop it first"), "{refused}");
    let live = rig.live();
    let id = live.batch.as_ref().expect("it still runs").id;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "batch_stop",
        json!({ "id": id, "version": 0, "reason": "cancelled by the office", "secret": secret }),
    )
    .await;
    rig.until("it has stopped", WHOLE_BATCH, |live| live.batch.is_none())
        .await;
    decide(&rig, &seen, "cancel_here").await.expect("decided");
    assert!(labels(&rig, LARGE).await.is_empty());
    let stopped = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(
        stopped["row"]["word"], "stopped",
        "what fell stays in the books"
    );
    assert_eq!(order(&rig, LARGE).await["standing"], "tombstone");
}

#[tokio::test]
async fn an_order_closed_or_deleted_in_the_erp_waits_for_a_person_too() {
    let rig = imported(109).await;
    let done = edited(&rig, ORDER, json!({ "state": "done" }))
        .await
        .expect("it differs");
    assert_eq!(done["difference"]["kind"], "done");
    let gone = edited(&rig, "WH/MO/00102", json!({ "delete": true }))
        .await
        .expect("it differs");
    assert_eq!(gone["difference"]["kind"], "gone");
    assert!(
        gone["erp_words"]
            .as_str()
            .is_some_and(|words| words.contains("not found")),
        "the ERP's own words: {gone:#}"
    );
    assert_eq!(open(&done), ["keep", "cancel_here"]);
    assert_eq!(open(&gone), ["keep", "cancel_here"]);
    decide(&rig, &gone, "keep").await.expect("decided");
    decide(&rig, &done, "cancel_here").await.expect("decided");
    import(&rig).await;
    assert_eq!(difference(&rig, "WH/MO/00102").await, None, "kept");
    rig.approve("WH/MO/00102/1").await;
    assert!(labels(&rig, ORDER).await.is_empty());
    assert!(
        rig.erp()
            .orders
            .iter()
            .any(|o| o.name == ORDER && o.state == OrderState::Done),
        "we undo nothing in the ERP"
    );
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_wins_and_an_old_view_decides_nothing() {
    let rig = imported(110).await;
    let old = edited(&rig, ORDER, json!({ "quantity_g": 900_000 }))
        .await
        .expect("it differs");
    let seen = edited(&rig, ORDER, json!({ "quantity_g": 800_000 }))
        .await
        .expect("it differs further");
    let refused = decide(&rig, &old, "take_over").await.expect_err("outdated");
    assert_eq!(refused.code, ErrorCode::Changed);
    assert!(refused.message.contains("another way"), "{refused}");
    let (a, b) = tokio::join!(
        decide(&rig, &seen, "take_over"),
        decide(&rig, &seen, "keep")
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let lost = a.err().or(b.err()).expect("one lost");
    assert_eq!(lost.code, ErrorCode::Changed);
    assert!(
        lost.message.contains("Supervisor 1 decided about it"),
        "{lost}"
    );
    assert_eq!(told(&rig, "order_decided").await, 1);
    let chain = rig.app.store().read(|read| read.audit_verify()).await;
    assert!(chain.expect("readable").is_ok(), "the audit chain is whole");
}

#[tokio::test]
async fn only_who_may_decide_decides_with_the_own_secret_and_a_reason() {
    let rig = imported(111).await;
    let seen = edited(&rig, ORDER, json!({ "quantity_g": 900_000 }))
        .await
        .expect("it differs");
    let secret = rig.secret("Supervisor 1").await;
    let request = |secret: &str, reason: &str| json!({ "order_id": seen["order_id"], "choice": "keep", "reason": reason, "secret": secret, "seen": seen["hash"] });
    for (who, secret, reason, code) in [
        (Who::Operator, secret.as_str(), "office", ErrorCode::NoRight),
        (Who::Supervisor, "wrong", "office", ErrorCode::WrongSecret),
        (Who::Supervisor, secret.as_str(), " ", ErrorCode::BadRequest),
    ] {
        let refused = rig
            .call(who, "order_difference_decide", request(secret, reason))
            .await
            .expect_err("refused");
        assert_eq!(refused.code, code, "{refused}");
    }
    assert!(difference(&rig, ORDER).await.is_some(), "undecided");
}

#[tokio::test]
async fn an_erp_that_fails_in_the_middle_changes_nothing() {
    let rig = imported(112).await;
    edit_only(&rig, ORDER, json!({ "quantity_g": 900_000 }));
    edit_only(&rig, "WH/MO/00102", json!({ "state": "cancel" }));
    edit_only(&rig, "WH/MO/00103", json!({ "delete": true }));
    // The list and the first order are answered, the second is not.
    rig.erp_faults(json!({ "scope": "reads", "pass": 2, "drop_before": 1 }));
    let refused = rig
        .call(Who::Operator, "order_import", json!({}))
        .await
        .expect_err("the ERP went away");
    assert_eq!(refused.code, ErrorCode::ErpUnavailable);
    for name in [ORDER, "WH/MO/00102", "WH/MO/00103"] {
        assert_eq!(difference(&rig, name).await, None, "{name}");
    }
    assert_eq!(told(&rig, "order_differs").await, 0);
    // A page of HTML instead of one order's answer says nothing about that order, and hides no other.
    rig.erp_faults(json!({ "pass": 1, "html": 1 }));
    import(&rig).await;
    assert!(difference(&rig, ORDER).await.is_some());
    assert_eq!(
        difference(&rig, "WH/MO/00102").await,
        None,
        "not understood"
    );
    assert!(difference(&rig, "WH/MO/00103").await.is_some());
    import(&rig).await;
    assert!(difference(&rig, "WH/MO/00102").await.is_some());
    assert_eq!(told(&rig, "order_differs").await, 3);
}
