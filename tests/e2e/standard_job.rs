//! The whole job over Odoo's standard API: as 14, 17 and 19, over JSON-RPC and `/json/2`, with the unique key
//! and without. The same plant, the same engine; what the ERP holds in the end is what left the silos, once.
//! Leaves out what each exchange looks like (the connectors' conformance suite) and bad networks at random
//! (the campaign).

use std::collections::BTreeMap;

use millrace_app::config::MarkDone;
use millrace_core::units::Grams;
use millrace_office::erp::{ErpKind, OdooApi};
use millrace_plant::PlantConfig;
use millrace_plant::odoo::{OdooVersion, OrderState, StandardSetup, demo_materials};
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::order_life::{decide, difference, edited, open};
use super::posting::{message, work};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
/// With a line that is weighed by hand.
const BY_HAND: &str = "WH/MO/00102";
/// Five tonnes: two batches.
const LARGE: &str = "WH/MO/00104";

/// Which Odoo, and how it is spoken to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    version: OdooVersion,
    api: OdooApi,
    has_key: bool,
}

pub(super) const V14: Way = Way {
    version: OdooVersion::V14,
    api: OdooApi::Auto,
    has_key: false,
};
pub(super) const V17_KEY: Way = Way {
    version: OdooVersion::V17,
    api: OdooApi::Auto,
    has_key: true,
};
pub(super) const V19: Way = Way {
    version: OdooVersion::V19,
    api: OdooApi::Jsonrpc,
    has_key: false,
};
const V19_JSON2_KEY: Way = Way {
    version: OdooVersion::V19,
    api: OdooApi::Json2,
    has_key: true,
};
pub(super) const WAYS: [Way; 4] = [V14, V17_KEY, V19, V19_JSON2_KEY];

/// Which silo each of the demo's materials comes from; the standard API does not tell.
pub(super) fn materials() -> BTreeMap<String, String> {
    demo_materials().expect("the file parses")
}

pub(super) async fn on(way: Way, seed: u64, mark_done: MarkDone) -> Rig {
    let plant = PlantConfig {
        seed,
        ..PlantConfig::default()
    };
    Rig::start_on(plant, |config, plant| {
        let odoo = plant.erp();
        odoo.set_standard(StandardSetup {
            version: way.version,
            has_posting: way.has_key,
            ..odoo.standard()
        });
        let erp = config.erp.as_mut().expect("the demo has an ERP");
        erp.mark_done = mark_done;
        erp.connector.kind = ErpKind::OdooStandard;
        erp.connector.api = way.api;
        erp.connector.materials = materials();
    })
    .await
}

pub(super) fn state(rig: &Rig, order: &str) -> OrderState {
    let erp = rig.erp();
    let found = erp.orders.iter().find(|o| o.name == order);
    found.expect("the order").state
}

/// What the stock moves of an order come to, per equipment: the oracle beside the order's own figures.
fn moved(rig: &Rig, order: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for step in rig.erp().stock_moves {
        if step.order == order
            && let Some(code) = step.equipment
        {
            *sums.entry(code).or_default() += step.delta_g.0;
        }
    }
    sums.retain(|_, grams| *grams != 0);
    sums
}

/// What an order holds as consumed, per equipment.
pub(super) fn consumed(rig: &Rig, order: &str) -> BTreeMap<String, i64> {
    let erp = rig.erp();
    let held = erp.orders.iter().find(|o| o.name == order).expect("it");
    held.consumption
        .iter()
        .map(|(code, grams)| (code.clone(), grams.0))
        .collect()
}

pub(super) async fn agree(rig: &Rig, order: &str) {
    rig.check_books(order).await;
    // As in Odoo, an order's moves are carried out when it is closed, and not before.
    let expected = if state(rig, order) == OrderState::Done {
        consumed(rig, order)
    } else {
        BTreeMap::new()
    };
    assert_eq!(moved(rig, order), expected, "{order}: the moves say so");
    let erp = rig.erp();
    let held = erp.orders.iter().find(|o| o.name == order).expect("it");
    assert!(held.finished_g > Grams::ZERO);
}

#[tokio::test]
async fn from_the_order_to_the_closed_order_in_every_way() {
    for (seed, way) in (1_400..).zip(WAYS) {
        let rig = on(way, seed, MarkDone::ByUs).await;
        rig.begin(FIRST).await;
        rig.finish().await;
        rig.drain().await;
        let sent = message(&rig, "consumption", FIRST).await;
        assert_eq!(sent["row"]["state"], "posted", "{way:?}: {sent:#}");
        assert_eq!(state(&rig, ORDER), OrderState::Done, "{way:?}");
        agree(&rig, ORDER).await;
        let erp = rig.ok(Who::Operator, "erp_get", json!({})).await;
        let word = if way.has_key {
            "unique_key"
        } else {
            "read_back"
        };
        assert_eq!(erp["guarantee"]["kind"], word, "{way:?}: {erp:#}");
    }
}

#[tokio::test]
async fn by_default_a_person_closes_the_order() {
    let rig = on(V14, 1_410, MarkDone::ByPerson).await;
    rig.begin(FIRST).await;
    rig.finish().await;
    rig.drain().await;
    assert_ne!(state(&rig, ORDER), OrderState::Done);
    agree(&rig, ORDER).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_booking_books_nothing_twice() {
    for (seed, way) in (1_420..).zip(WAYS) {
        let rig = on(way, seed, MarkDone::ByPerson).await;
        rig.begin(FIRST).await;
        rig.finish().await;
        rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
        work(&rig).await;
        let sent = message(&rig, "consumption", FIRST).await;
        assert_eq!(sent["row"]["state"], "in_doubt", "{way:?}: {sent:#}");
        rig.drain().await;
        let sent = message(&rig, "consumption", FIRST).await;
        assert_eq!(sent["row"]["state"], "posted", "{way:?}: {sent:#}");
        agree(&rig, ORDER).await;
    }
}

#[tokio::test]
async fn a_crash_while_a_message_is_on_its_way_is_read_back() {
    for (seed, way) in (1_430..).zip([V14, V19_JSON2_KEY]) {
        let rig = on(way, seed, MarkDone::ByUs).await;
        rig.begin(FIRST).await;
        rig.finish().await;
        rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
        work(&rig).await;
        let rig = rig.crash_and_restart().await;
        rig.drain().await;
        let sent = message(&rig, "consumption", FIRST).await;
        assert_eq!(sent["row"]["state"], "posted", "{way:?}: {sent:#}");
        agree(&rig, ORDER).await;
    }
}

#[tokio::test]
async fn two_batches_of_one_order_post_their_running_total() {
    for (seed, way) in (1_440..).zip([V17_KEY, V19]) {
        let rig = on(way, seed, MarkDone::ByUs).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        for label in ["WH/MO/00104/1", "WH/MO/00104/2"] {
            assert_ne!(state(&rig, LARGE), OrderState::Done, "{way:?}");
            rig.approve(label).await;
            rig.start_batch(label).await;
            rig.finish().await;
            for _ in 0..10 {
                rig.step().await;
            }
            rig.drain().await;
        }
        assert_eq!(state(&rig, LARGE), OrderState::Done, "{way:?}");
        agree(&rig, LARGE).await;
    }
}

#[tokio::test]
async fn a_line_that_is_weighed_by_hand_is_posted_beside_the_silos() {
    for (seed, way) in (1_450..).zip([V14, V19_JSON2_KEY]) {
        let rig = on(way, seed, MarkDone::ByPerson).await;
        let id = rig.begin(&format!("{BY_HAND}/1")).await;
        rig.finish().await;
        let view = rig
            .ok(Who::Operator, "batch_get", json!({ "id": id }))
            .await;
        let lines = view["manual_lines"].as_array().expect("lines").clone();
        assert_eq!(lines.len(), 1, "{way:?}: {view:#}");
        let line = &lines[0];
        let entered = json!({
            "id": id, "version": 0, "line_no": line["line_no"], "weight_g": line["planned_g"],
            "secret": rig.secret("Operator 1").await,
        });
        rig.ok(Who::Operator, "manual_line_enter", entered).await;
        rig.drain().await;
        let sent = message(&rig, "consumption", &format!("{BY_HAND}/1")).await;
        assert_eq!(sent["row"]["state"], "posted", "{way:?}: {sent:#}");
        let held = consumed(&rig, BY_HAND);
        let silos: i64 = held
            .iter()
            .filter(|(code, _)| code.starts_with("silo") || code.starts_with("lq"))
            .map(|(_, grams)| grams)
            .sum();
        let all: i64 = held.values().sum();
        assert_eq!(
            Value::from(all - silos),
            line["planned_g"],
            "{way:?}: what was weighed by hand stands in the ERP once"
        );
    }
}

#[tokio::test]
async fn a_cancel_here_cancels_there_and_the_order_does_not_come_back() {
    for (seed, way) in (1_460..).zip(WAYS) {
        let rig = on(way, seed, MarkDone::ByPerson).await;
        rig.ok(Who::Operator, "order_import", json!({})).await;
        let batch = rig.batch(FIRST).await;
        let cancel = json!({
            "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "not needed any more",
            "secret": rig.secret("Supervisor 1").await,
        });
        rig.ok(Who::Supervisor, "batch_cancel", cancel).await;
        rig.drain().await;
        assert_eq!(state(&rig, ORDER), OrderState::Cancel, "{way:?}");
        let again = rig.ok(Who::Operator, "order_import", json!({})).await;
        assert_eq!(again["new_batches"], 0, "{way:?}: {again:#}");
        assert!(moved(&rig, ORDER).is_empty());
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_and_the_message_goes_once_it_is_given() {
    let rig = on(V17_KEY, 1_470, MarkDone::ByPerson).await;
    rig.begin(FIRST).await;
    rig.finish().await;
    let setup = rig.plant.erp().standard();
    rig.plant.erp().set_standard(StandardSetup {
        denied: vec!["write stock.move".into(), "write mrp.production".into()],
        has_posting: false,
        ..setup.clone()
    });
    work(&rig).await;
    let waiting = message(&rig, "consumption", FIRST).await;
    assert_eq!(waiting["row"]["state"], "queued", "{waiting:#}");
    let told = waiting["row"]["last_answer"].as_str().unwrap_or_default();
    assert!(
        told.contains("not allowed to write mrp.production"),
        "{told}"
    );
    assert!(consumed(&rig, ORDER).is_empty());
    rig.plant.erp().set_standard(setup);
    rig.drain().await;
    let sent = message(&rig, "consumption", FIRST).await;
    assert_eq!(sent["row"]["state"], "posted", "{sent:#}");
    agree(&rig, ORDER).await;
}

#[tokio::test]
async fn a_unique_key_that_comes_or_goes_is_noticed_within_an_hour() {
    const HOUR_MS: i64 = 60 * 60 * 1_000;
    let rig = on(V19, 1_480, MarkDone::ByPerson).await;
    let word = async |after_ms: i64| {
        rig.advance_ms(after_ms);
        rig.ok(Who::Operator, "order_import", json!({})).await;
        let erp = rig.ok(Who::Operator, "erp_get", json!({})).await;
        erp["guarantee"]["kind"].clone()
    };
    let install = |has_posting| {
        let odoo = rig.plant.erp();
        odoo.set_standard(StandardSetup {
            has_posting,
            ..odoo.standard()
        });
    };
    let told = async || -> Vec<Value> {
        let overview = rig.ok(Who::Operator, "overview_get", json!({})).await;
        let events = overview["events"].as_array().expect("events").iter();
        events
            .filter(|event| event["kind"] == "guarantee_changed")
            .map(|event| event["params"].clone())
            .collect()
    };
    assert_eq!(word(0).await, "read_back");
    assert!(told().await.is_empty(), "what is found first is no change");
    install(true);
    assert_eq!(word(HOUR_MS - 1).await, "read_back", "not at each import");
    assert_eq!(word(1).await, "unique_key");
    let key = json!({ "guarantee": "unique_key", "version": "1.1.0" });
    assert_eq!(told().await, std::slice::from_ref(&key));
    assert_eq!(word(1).await, "unique_key");
    assert_eq!(told().await.len(), 1, "told once");
    install(false);
    assert_eq!(word(HOUR_MS).await, "read_back");
    // Newest first.
    assert_eq!(told().await, [json!({ "guarantee": "read_back" }), key]);
}

#[tokio::test]
async fn a_bill_of_materials_for_another_mass_is_told_and_waits_for_a_person() {
    let rig = on(V17_KEY, 1_490, MarkDone::ByPerson).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(difference(&rig, ORDER).await, None);
    let seen = edited(&rig, ORDER, json!({ "bom_quantity_g": 500_000 }))
        .await
        .expect("it differs");
    let expected = json!([{ "field": "bom_quantity", "old_kg": "1000", "new_kg": "500" }]);
    assert_eq!(seen["difference"]["fields"], expected, "{seen:#}");
    assert_eq!(open(&seen), ["take_over", "keep"]);
    decide(&rig, &seen, "keep").await.expect("decided");
    rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(difference(&rig, ORDER).await, None);
}

#[tokio::test]
async fn a_guarantee_that_changed_while_the_program_did_not_run_is_told() {
    let rig = on(V17_KEY, 1_500, MarkDone::ByPerson).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let odoo = rig.plant.erp();
    odoo.set_standard(StandardSetup {
        has_posting: false,
        ..odoo.standard()
    });
    let rig = rig.crash_and_restart().await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let overview = rig.ok(Who::Operator, "overview_get", json!({})).await;
    let events = overview["events"].as_array().expect("events").iter();
    let told: Vec<_> = events
        .filter(|event| event["kind"] == "guarantee_changed")
        .collect();
    assert_eq!(told.len(), 1, "{overview:#}");
    assert_eq!(told[0]["params"], json!({ "guarantee": "read_back" }));
}
