//! A bill of materials that changes in Odoo while we hold batches of its order, over the standard API: it is
//! shown whether or not the order follows, it stays shown when the order leaves the list of open ones, and
//! a person may take it over. Leaves out the comparison field by field (`millrace_core::erp_difference`).

use millrace_app::config::MarkDone;
use millrace_core::access::Role;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::order_life::{decide, difference, edited, open};
use super::posting::edit;
use super::standard_job::{V14, V17_KEY, agree, on};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
const SECOND: &str = "WH/MO/00101/2";
/// Five tonnes: two batches.
const LARGE: &str = "WH/MO/00104";

async fn import(rig: &Rig) {
    rig.ok(Who::Operator, "order_import", json!({})).await;
}

fn component(equipment: &str, product: &str, grams: i64) -> Value {
    json!({ "equipment": equipment, "product": product, "to_consume_g": grams })
}

#[tokio::test]
async fn a_bill_that_changes_without_its_order_is_shown_and_taken_over_once_the_order_follows() {
    for (seed, way) in (1_700..).zip([V14, V17_KEY]) {
        let rig = on(way, seed, MarkDone::ByPerson).await;
        import(&rig).await;
        let less = component("silo101", "PKE pellet", 110_000);
        let change = json!({ "bom_only": true, "put_component": less });
        let seen = edited(&rig, ORDER, change).await.expect("it differs");
        let field = &seen["difference"]["fields"][0];
        assert_eq!(field["field"], "unreadable", "{way:?}: {seen:#}");
        let why = field["why"].as_str().unwrap_or_default();
        assert!(
            why.contains("PKE pellet") && why.contains("120.00 kg") && why.contains("110.00 kg"),
            "{why}"
        );
        // There is no one recipe that could be taken over.
        assert_eq!(open(&seen), ["keep"], "{way:?}");
        let list = rig.ok(Who::Operator, "order_list", json!({})).await;
        let named = list["orders"].as_array().expect("orders").iter();
        let count = named.filter(|order| order["name"] == ORDER).count();
        assert_eq!(count, 1, "it is the order that we hold, not another one");
        let batch = rig.batch(FIRST).await;
        assert_eq!(batch["row"]["order_differs"], true);

        let seen = edited(&rig, ORDER, json!({ "update_bom": true }))
            .await
            .expect("it differs");
        let expected = json!([{ "field": "component_quantity", "product": "PKE pellet",
            "equipment": "silo101", "old_kg": "120", "new_kg": "110" }]);
        assert_eq!(seen["difference"]["fields"], expected, "{way:?}");
        assert_eq!(open(&seen), ["take_over", "keep"], "{way:?}");
        decide(&rig, &seen, "take_over").await.expect("decided");
        import(&rig).await;
        assert_eq!(difference(&rig, ORDER).await, None, "{way:?}");
        let batch = rig.batch(SECOND).await;
        assert_eq!(batch["lines"][0]["planned_g"], 110_000, "{way:?}");
        // Who took the new content over does not approve it.
        let other = rig.log_in_as("Supervisor 2", Role::Supervisor).await;
        rig.approve_as(&other, SECOND).await;
        rig.start_batch(SECOND).await;
        rig.finish().await;
        rig.drain().await;
        agree(&rig, ORDER).await;
    }
}

#[tokio::test]
async fn a_bill_for_another_mass_with_the_same_recipe_is_taken_over() {
    let rig = on(V17_KEY, 1_710, MarkDone::ByPerson).await;
    import(&rig).await;
    let before = rig.batch(FIRST).await;
    for (code, product, grams) in [
        ("silo101", "PKE pellet", 60_000),
        ("silo102", "Kopra", 47_500),
        ("silo103", "Pollard angsa", 120_000),
        ("silo104", "Jagung giling", 155_000),
        ("silo105", "CGF", 40_000),
        ("silo107", "DDGS jagung", 59_750),
        ("lq114", "Molasses", 17_750),
    ] {
        let half = component(code, product, grams);
        edit(&rig, ORDER, json!({ "put_component": half }));
    }
    let seen = edited(&rig, ORDER, json!({ "bom_quantity_g": 500_000 }))
        .await
        .expect("it differs");
    let fields = seen["difference"]["fields"].as_array().expect("fields");
    assert_eq!(fields.len(), 8, "{seen:#}");
    let expected = json!({ "field": "bom_quantity", "old_kg": "1000", "new_kg": "500" });
    assert_eq!(fields[0], expected);
    decide(&rig, &seen, "take_over").await.expect("decided");
    import(&rig).await;
    assert_eq!(difference(&rig, ORDER).await, None);
    let after = rig.batch(SECOND).await;
    let plans = |batch: &Value| -> Vec<Value> {
        let lines = batch["lines"].as_array().expect("lines").iter();
        lines.map(|line| line["planned_g"].clone()).collect()
    };
    assert_eq!(
        plans(&after),
        plans(&before),
        "scaled, it is the same recipe"
    );
}

#[tokio::test]
async fn a_difference_of_the_bill_stays_when_its_order_leaves_the_list() {
    for (seed, way) in (1_720..).zip([V14, V17_KEY]) {
        let rig = on(way, seed, MarkDone::ByPerson).await;
        let label = format!("{LARGE}/1");
        rig.begin(&label).await;
        let change = json!({ "bom_only": true, "bom_quantity_g": 900_000 });
        let seen = edited(&rig, LARGE, change).await.expect("it differs");
        assert_eq!(seen["difference"]["fields"][0]["field"], "unreadable");
        // The first batch is booked, so the order is no longer among the open ones.
        rig.finish().await;
        rig.drain().await;
        import(&rig).await;
        let seen = difference(&rig, LARGE).await.expect("nobody has decided");
        let expected = json!([{ "field": "bom_quantity", "old_kg": "1000", "new_kg": "900" }]);
        assert_eq!(seen["difference"]["fields"], expected, "{way:?}: {seen:#}");
        // The bill is as it was again: that is news, and it is over.
        let back = json!({ "bom_only": true, "bom_quantity_g": 1_000_000 });
        assert_eq!(edited(&rig, LARGE, back).await, None, "{way:?}");
    }
}
