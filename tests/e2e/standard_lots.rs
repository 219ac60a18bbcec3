//! The whole job over Odoo's standard API with what is tracked by lot: what is missing is told before a
//! batch is made and holds nothing back; the posting is refused with what to do, and goes once it is done.
//! Leaves out the exchange itself, version by version (the connectors' conformance suite).

use millrace_app::config::MarkDone;
use millrace_plant::odoo::OrderState;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::posting::{edit, message, work};
use super::standard_job::{WAYS, agree, consumed, on, state};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
const TRACKED: &str = "silo101";

fn assign(rig: &Rig, equipment: Option<&str>, lots: &[&str]) {
    let lots = json!({ "equipment": equipment, "tracking": "lot", "lots": lots });
    edit(rig, ORDER, json!({ "lots": lots }));
}

async fn notes(rig: &Rig) -> Value {
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.batch(FIRST).await["lot_notes"].clone()
}

async fn retry(rig: &Rig, kind: &str, label: &str) {
    let waiting = message(rig, kind, label).await;
    let request = json!({ "id": waiting["row"]["id"] });
    rig.ok(Who::Operator, "outbox_retry", request).await;
}

#[tokio::test]
async fn a_component_without_a_lot_is_told_before_refused_at_the_posting_and_booked_once_it_has_one()
 {
    for (seed, way) in (1_600..).zip(WAYS) {
        let rig = on(way, seed, MarkDone::ByUs).await;
        assign(&rig, Some(TRACKED), &[]);
        let told = notes(&rig).await;
        let expected = json!([{ "product": "PKE pellet", "want": { "kind": "none" } }]);
        assert_eq!(told, expected, "{way:?}");
        // Two lots are no better; both stand there until somebody decides.
        assign(&rig, Some(TRACKED), &["A", "B"]);
        let want = notes(&rig).await[0]["want"].clone();
        assert_eq!(want, json!({ "kind": "several", "lots": ["A", "B"] }));
        rig.begin(FIRST).await;
        rig.finish().await;
        work(&rig).await;
        let refused = message(&rig, "consumption", FIRST).await;
        assert_eq!(refused["row"]["state"], "refused", "{way:?}: {refused:#}");
        let why = refused["row"]["last_answer"].as_str().unwrap_or_default();
        assert!(
            why.contains("PKE pellet") && why.contains("(A, B)") && why.ends_with("then retry"),
            "{why}"
        );
        assert!(consumed(&rig, ORDER).is_empty(), "{way:?}");
        assign(&rig, Some(TRACKED), &["B"]);
        retry(&rig, "consumption", FIRST).await;
        rig.drain().await;
        let sent = message(&rig, "consumption", FIRST).await;
        assert_eq!(sent["row"]["state"], "posted", "{way:?}: {sent:#}");
        assert_eq!(state(&rig, ORDER), OrderState::Done, "{way:?}");
        agree(&rig, ORDER).await;
        let erp = rig.erp();
        let order = erp.orders.iter().find(|one| one.name == ORDER);
        let lots = &order.expect("it").lots[TRACKED];
        assert_eq!(lots.keys().collect::<Vec<_>>(), ["B"], "{way:?}");
        assert_eq!(lots["B"].0, consumed(&rig, ORDER)[TRACKED], "{way:?}");
    }
}

#[tokio::test]
async fn a_note_goes_when_the_lot_is_assigned_in_time() {
    let rig = on(WAYS[0], 1_610, MarkDone::ByPerson).await;
    assign(&rig, Some(TRACKED), &[]);
    assert_eq!(notes(&rig).await.as_array().map(Vec::len), Some(1));
    assign(&rig, Some(TRACKED), &["L-17"]);
    assert_eq!(notes(&rig).await, json!([]));
}

#[tokio::test]
async fn an_order_whose_product_needs_a_lot_is_closed_once_it_is_entered() {
    let rig = on(WAYS[1], 1_620, MarkDone::ByUs).await;
    assign(&rig, None, &[]);
    let told = notes(&rig).await;
    assert_eq!(told[0]["want"], json!({ "kind": "finished" }), "{told}");
    rig.begin(FIRST).await;
    rig.finish().await;
    work(&rig).await;
    let sent = message(&rig, "consumption", FIRST).await;
    assert_eq!(sent["row"]["state"], "posted", "{sent:#}");
    let refused = message(&rig, "mark_done", ORDER).await;
    assert_eq!(refused["row"]["state"], "refused", "{refused:#}");
    let why = refused["row"]["last_answer"].as_str().unwrap_or_default();
    assert!(
        why.contains("LAYER FEED 16") && why.ends_with("then retry"),
        "{why}"
    );
    assert_ne!(state(&rig, ORDER), OrderState::Done);
    assign(&rig, None, &["F-1"]);
    retry(&rig, "mark_done", ORDER).await;
    rig.drain().await;
    assert_eq!(state(&rig, ORDER), OrderState::Done);
    agree(&rig, ORDER).await;
}
