//! Closing an order in the ERP: after the last of its batches, by us where the setting says so, never
//! over what the ERP holds otherwise, never before every weight is entered.

use millrace_app::config::MarkDone;
use millrace_core::units::Grams;
use millrace_office::erp::ErpConnector;
use millrace_plant::odoo::OrderState;
use millrace_tests::{Rig, WHOLE_BATCH, Who};
use serde_json::{Value, json};
use std::sync::Arc;

use super::posting::{edit, message, work};

/// Five tonnes: two batches, no manual line.
const LARGE: &str = "WH/MO/00104";

async fn by_us(seed: u64) -> Rig {
    Rig::start_with(seed, |config| {
        config.erp.as_mut().expect("an ERP").mark_done = MarkDone::ByUs;
    })
    .await
}

async fn make(rig: &Rig, label: &str) -> Value {
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.approve(label).await;
    let view = rig.start_batch(label).await;
    rig.until("the batch is done", WHOLE_BATCH, |live| {
        live.batch.is_none()
    })
    .await;
    // The slot is free again before the next batch of the order may go in.
    for _ in 0..10 {
        rig.step().await;
    }
    view["row"]["id"].clone()
}

fn state(rig: &Rig, order: &str) -> OrderState {
    let erp = rig.erp();
    let found = erp.orders.iter().find(|o| o.name == order);
    found.expect("the order").state
}

/// Enters each manual line of a batch as planned.
async fn weigh_all(rig: &Rig, id: &Value) {
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    for line in view["manual_lines"].as_array().expect("lines") {
        let secret = rig.secret("Operator 1").await;
        rig.ok(
            Who::Operator,
            "manual_line_enter",
            json!({ "id": id, "version": 0, "line_no": line["line_no"], "weight_g": line["planned_g"], "secret": secret }),
        )
        .await;
    }
}

/// Somebody else's way into the ERP.
fn somebody(rig: &Rig) -> Arc<dyn ErpConnector> {
    let login = millrace_plant::run::OdooLogin::default();
    let settings = serde_json::from_value(json!({
        "kind": "odoo_addon", "url": rig.plant.odoo_url(), "database": login.db, "login": login.login, "password": login.password
    }))
    .expect("settings");
    millrace_office::erp::open(&settings).expect("settings")
}

/// Both batches of the large order made and posted; answers their ids.
async fn both(rig: &Rig) -> Vec<Value> {
    let mut ids = Vec::new();
    for label in ["WH/MO/00104/1", "WH/MO/00104/2"] {
        let id = make(rig, label).await;
        weigh_all(rig, &id).await;
        ids.push(id);
    }
    ids
}

async fn closings(rig: &Rig) -> usize {
    let list = rig
        .ok(Who::Operator, "outbox_list", json!({ "limit": 200 }))
        .await;
    let rows = list["rows"].as_array().expect("rows").clone();
    rows.iter().filter(|row| row["kind"] == "mark_done").count()
}

#[tokio::test]
async fn an_order_of_two_batches_is_closed_after_the_second() {
    let rig = by_us(420).await;
    let first = make(&rig, "WH/MO/00104/1").await;
    weigh_all(&rig, &first).await;
    rig.drain().await;
    assert_eq!(closings(&rig).await, 0, "the second batch is open");
    assert_eq!(state(&rig, LARGE), OrderState::Progress);
    let second = make(&rig, "WH/MO/00104/2").await;
    weigh_all(&rig, &second).await;
    rig.drain().await;
    assert_eq!(state(&rig, LARGE), OrderState::Done);
    let closed = message(&rig, "mark_done", LARGE).await;
    assert_eq!(closed["row"]["state"], "posted");
    assert_eq!(
        closed["key"],
        format!("demo:{}:done:1", order_id(&rig).await)
    );
    assert_eq!(closed["row"]["last_answer"], "closed and read back");
    assert!(
        closed["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .all(|line| line["is_proved"] == true)
    );
    rig.check_books(LARGE).await;
}

async fn order_id(rig: &Rig) -> i64 {
    let list = rig.ok(Who::Operator, "order_list", json!({})).await;
    let orders = list["orders"].as_array().expect("orders").clone();
    let found = orders.iter().find(|order| order["name"] == LARGE);
    found.expect("the order")["id"].as_i64().expect("an id")
}

#[tokio::test]
async fn by_default_a_person_closes_orders() {
    let rig = Rig::start(421).await;
    both(&rig).await;
    rig.drain().await;
    assert_eq!(closings(&rig).await, 0);
    assert_eq!(state(&rig, LARGE), OrderState::Progress);
}

#[tokio::test]
async fn an_order_that_a_person_closed_already_is_closed() {
    let rig = by_us(422).await;
    both(&rig).await;
    // Everything but the closing.
    while closings(&rig).await == 0 {
        rig.clock.advance_ms(1_000);
        rig.app.work_outbox().await.expect("the books take it");
    }
    let finished = rig
        .erp()
        .orders
        .iter()
        .find(|o| o.name == LARGE)
        .expect("the order")
        .finished_g;
    somebody(&rig)
        .mark_done(LARGE, finished, "2026-11-27 12:00:00")
        .await
        .expect("the ERP does it");
    let moves = rig.erp().stock_moves.len();
    rig.drain().await;
    let closed = message(&rig, "mark_done", LARGE).await;
    assert_eq!(closed["row"]["state"], "posted");
    assert_eq!(
        closed["row"]["last_answer"],
        "a person closed the order in the ERP; it holds what was posted"
    );
    assert_eq!(rig.erp().stock_moves.len(), moves, "nothing was sent");
    rig.check_books(LARGE).await;
}

#[tokio::test]
async fn an_order_that_holds_something_else_is_not_closed() {
    let rig = by_us(423).await;
    both(&rig).await;
    while closings(&rig).await == 0 {
        rig.clock.advance_ms(1_000);
        rig.app.work_outbox().await.expect("the books take it");
    }
    // Somebody books over what was posted.
    let post = serde_json::from_value(json!({
        "key": "another", "order_name": LARGE, "finished_g": null,
        "lines": [{ "equipment_code": "silo101", "consumed_g": 1_000 }]
    }))
    .expect("a post");
    somebody(&rig)
        .post_consumption(&post)
        .await
        .expect("the ERP does it");
    rig.drain().await;
    let refused = message(&rig, "mark_done", LARGE).await;
    assert_eq!(refused["row"]["state"], "refused");
    let why = refused["row"]["last_answer"].as_str().expect("a sentence");
    assert!(
        why.starts_with("not closed") && why.contains("silo101"),
        "{why}"
    );
    assert_eq!(state(&rig, LARGE), OrderState::Progress);
}

#[tokio::test]
async fn a_lost_answer_to_the_closing_is_read_back() {
    let rig = by_us(424).await;
    both(&rig).await;
    while closings(&rig).await == 0 {
        rig.clock.advance_ms(1_000);
        rig.app.work_outbox().await.expect("the books take it");
    }
    rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
    rig.drain().await;
    let closed = message(&rig, "mark_done", LARGE).await;
    assert_eq!(closed["row"]["state"], "posted", "{closed:#}");
    assert_eq!(closed["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(closed["attempts"][1]["outcome"], "in_doubt");
    assert_eq!(closed["attempts"][0]["act"], "read_back");
    rig.check_books(LARGE).await;
}

#[tokio::test]
async fn a_weight_that_is_not_entered_holds_the_closing_back_and_goes_before_it() {
    let rig = by_us(425).await;
    let id = make(&rig, "WH/MO/00102/1").await;
    work(&rig).await;
    rig.clock.advance_ms(1_000);
    work(&rig).await;
    let waits = message(&rig, "mark_done", "WH/MO/00102").await;
    assert_eq!(waits["row"]["state"], "queued");
    let why = waits["row"]["last_answer"].as_str().expect("a sentence");
    assert!(why.contains("CaCO3 of WH/MO/00102/1"), "{why}");
    assert_eq!(waits["attempts"], json!([]), "the ERP was not asked");
    for _ in 0..5 {
        rig.clock.advance_ms(3_600_000);
        work(&rig).await;
    }
    assert_eq!(state(&rig, "WH/MO/00102"), OrderState::Progress);
    weigh_all(&rig, &id).await;
    rig.drain().await;
    assert_eq!(state(&rig, "WH/MO/00102"), OrderState::Done);
    rig.check_books("WH/MO/00102").await;
}

#[tokio::test]
async fn an_order_of_which_a_message_was_waived_is_left_to_a_person() {
    let rig = by_us(426).await;
    let first = make(&rig, "WH/MO/00104/1").await;
    weigh_all(&rig, &first).await;
    rig.drain().await;
    let second = make(&rig, "WH/MO/00104/2").await;
    edit(&rig, LARGE, json!({ "name": "", "state": "cancel" }));
    work(&rig).await;
    let refused = message(&rig, "consumption", "WH/MO/00104/2").await;
    assert_eq!(refused["row"]["state"], "refused");
    assert_eq!(closings(&rig).await, 0, "a refused one holds it");
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "outbox_waive",
        json!({ "id": refused["row"]["id"], "reason": "cancelled there", "secret": secret }),
    )
    .await;
    weigh_all(&rig, &second).await;
    rig.drain().await;
    assert_eq!(closings(&rig).await, 0);
}

#[tokio::test]
async fn the_last_batch_of_an_order_may_be_cancelled() {
    let rig = by_us(427).await;
    let first = make(&rig, "WH/MO/00104/1").await;
    weigh_all(&rig, &first).await;
    rig.drain().await;
    let batch = rig.batch("WH/MO/00104/2").await;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "batch_cancel",
        json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "enough", "secret": secret }),
    )
    .await;
    rig.drain().await;
    assert_eq!(state(&rig, LARGE), OrderState::Done);
    let held = rig.erp();
    let order = held.orders.iter().find(|o| o.name == LARGE).expect("it");
    assert!(order.finished_g > Grams::ZERO);
    rig.check_books(LARGE).await;
}
