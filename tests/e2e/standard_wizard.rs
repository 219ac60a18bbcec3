//! Odoo answers a wizard instead of closing an order, or an action although it closed it: through the
//! application, each is refused with its sentence on the outbox, or seen for what it is.
//! Leaves out when real versions ask (the virtual Odoo's own tests).

use millrace_app::config::MarkDone;
use millrace_plant::odoo::{OrderState, StandardSetup};
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::posting::{edit, message, work};
use super::standard_job::{V14, V17_KEY, WAYS, agree, on, state};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";

fn set(rig: &Rig, asks: Option<&str>, prints: bool) {
    let odoo = rig.plant.erp();
    odoo.set_standard(StandardSetup {
        asks: asks.map(str::to_owned),
        prints,
        ..odoo.standard()
    });
}

/// What the outbox screen shows among what was refused.
async fn refused(rig: &Rig) -> Vec<Value> {
    let tab = json!({ "tab": "refused", "limit": 50 });
    let list = rig.ok(Who::Operator, "outbox_list", tab).await;
    list["rows"].as_array().expect("rows").clone()
}

#[tokio::test]
async fn each_wizard_is_told_in_words_and_the_order_stays_open_until_a_person_closes_it() {
    let wizards = [
        ("mrp.immediate.production", "as if nothing were reported"),
        ("mrp.production.backorder", "backorder"),
        ("mrp.consumption.warning", "bill of materials"),
        ("x.quality.check", "(x.quality.check)"),
    ];
    for (seed, (wizard, words)) in (1_640..).zip(wizards) {
        let way = if seed % 2 == 0 { V14 } else { V17_KEY };
        let rig = on(way, seed, MarkDone::ByUs).await;
        set(&rig, Some(wizard), false);
        rig.begin(FIRST).await;
        rig.finish().await;
        work(&rig).await;
        let rows = refused(&rig).await;
        assert_eq!(rows.len(), 1, "{rows:#?}");
        assert_eq!(
            (&rows[0]["kind"], &rows[0]["batch_label"]),
            (&json!("mark_done"), &json!(ORDER))
        );
        let why = rows[0]["last_answer"].as_str().unwrap_or_default();
        assert!(
            why.contains(words) && why.ends_with("close it there, then retry"),
            "{why}"
        );
        assert_ne!(state(&rig, ORDER), OrderState::Done);
        assert!(rig.erp().stock_moves.iter().all(|step| step.order != ORDER));
        // A person answers the question; what they closed holds what we posted.
        let id = json!({ "id": rows[0]["id"] });
        edit(&rig, ORDER, json!({ "close": true }));
        rig.ok(Who::Operator, "outbox_retry", id).await;
        rig.drain().await;
        let closed = message(&rig, "mark_done", ORDER).await;
        assert_eq!(closed["row"]["state"], "posted", "{closed:#}");
        let answer = closed["row"]["last_answer"].as_str().unwrap_or_default();
        assert!(answer.contains("a person closed the order"), "{answer}");
        agree(&rig, ORDER).await;
    }
}

#[tokio::test]
async fn an_order_that_was_closed_is_closed_whatever_the_answer_looks_like() {
    for (seed, way) in (1_650..).zip(WAYS) {
        let rig = on(way, seed, MarkDone::ByUs).await;
        set(&rig, None, true);
        rig.begin(FIRST).await;
        rig.finish().await;
        rig.drain().await;
        let closed = message(&rig, "mark_done", ORDER).await;
        assert_eq!(closed["row"]["state"], "posted", "{way:?}: {closed:#}");
        assert_eq!(state(&rig, ORDER), OrderState::Done, "{way:?}");
        agree(&rig, ORDER).await;
        assert!(refused(&rig).await.is_empty());
    }
}
