//! A message whose answer was lost and whose order somebody changed since: the ERP's key tells that it was
//! booked, and the other's change stays.

use millrace_app::config::MarkDone;
use millrace_core::erp::{ConsumptionLine, ConsumptionPost};
use millrace_core::units::Grams;
use millrace_tests::Rig;
use serde_json::json;

use super::posting::{message, work};
use super::standard_job::{V17_KEY, consumed, materials, on};

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";

/// Somebody else, with a key of their own, sets the order to other quantities.
async fn somebody_books(rig: &Rig, grams: i64) {
    let login = millrace_plant::run::OdooLogin::default();
    let settings = serde_json::from_value(json!({
        "kind": "odoo_standard", "url": rig.plant.odoo_url(), "database": login.db, "login": login.login,
        "password": login.password, "materials": materials()
    }));
    let erp = millrace_office::erp::open(&settings.expect("settings")).expect("settings");
    let post = ConsumptionPost {
        key: "somebody:1".into(),
        order_name: ORDER.into(),
        finished_g: Some(Grams(grams)),
        lines: vec![ConsumptionLine {
            equipment_code: "silo101".into(),
            consumed_g: Grams(grams),
        }],
    };
    let answer = erp.post_consumption(&post).await.expect("booked");
    assert!(!answer.is_already);
    let again = erp.post_consumption(&post).await.expect("answered");
    assert!(again.is_already, "the same key again");
}

#[tokio::test]
async fn the_key_tells_that_a_message_was_booked_although_the_order_holds_something_else() {
    let rig = on(V17_KEY, 1_500, MarkDone::ByPerson).await;
    rig.begin(FIRST).await;
    rig.finish().await;
    rig.erp_faults(json!({ "scope": "writes", "drop_after_commit": 1 }));
    work(&rig).await;
    let sent = message(&rig, "consumption", FIRST).await;
    assert_eq!(sent["row"]["state"], "in_doubt", "{sent:#}");
    assert_eq!(consumed(&rig, ORDER).len(), 7, "it was booked");

    somebody_books(&rig, 50_000).await;
    let theirs = consumed(&rig, ORDER);
    rig.drain().await;
    let sent = message(&rig, "consumption", FIRST).await;
    assert_eq!(sent["row"]["state"], "posted", "{sent:#}");
    let answer = sent["row"]["last_answer"].as_str().unwrap_or_default();
    assert!(answer.contains("booked before"), "{answer}");
    assert_eq!(consumed(&rig, ORDER), theirs, "the later change stays");
    let erp = rig.erp();
    let keys = erp.postings.iter().filter(|row| row.key.contains(':'));
    assert_eq!(keys.count(), 2, "one row a key: {:?}", erp.postings);
}
