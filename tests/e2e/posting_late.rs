//! A request whose answer never came may still be carried out: an order's newer total waits behind it, and
//! not where the ERP itself refuses a repeat. Leaves out the message's own repeat ([`super::posting`]).

use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::posting::message;

const LARGE: &str = "WH/MO/00104";

/// Two batches of one order are made and wait to be posted; answers their labels.
async fn both_made(rig: &Rig) -> [String; 2] {
    let labels = [1, 2].map(|number| format!("{LARGE}/{number}"));
    for label in &labels {
        rig.begin(label).await;
        rig.finish().await;
        // Until its slot is free: the PLC knows batches by their order's name.
        for _ in 0..40 {
            rig.step().await;
        }
    }
    labels
}

/// Both wait to be posted; the first post's answer is lost. Answers how long after
/// that the second one left, ms.
async fn second_left_after(rig: &Rig) -> i64 {
    let labels = both_made(rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.drain().await;
    let first = message(rig, "consumption", &labels[0]).await;
    let second = message(rig, "consumption", &labels[1]).await;
    let outcomes = |message: &Value| -> Vec<Value> {
        let attempts = message["attempts"].as_array().expect("attempts").iter();
        attempts
            .rev()
            .map(|attempt| attempt["outcome"].clone())
            .collect()
    };
    assert_eq!(outcomes(&first), ["in_doubt", "not_sent", "posted"]);
    assert_eq!(outcomes(&second), ["posted"]);
    let lost_at = first["attempts"][2]["ended_at_ms"].as_i64();
    let sent_at = second["attempts"][0]["began_at_ms"].as_i64();
    sent_at.expect("it was sent") - lost_at.expect("it was lost")
}

#[tokio::test]
async fn a_newer_total_waits_until_a_lost_older_one_cannot_come_any_more() {
    let rig = Rig::start(1_790).await;
    let after_ms = second_left_after(&rig).await;
    assert!((120_000..125_000).contains(&after_ms), "{after_ms}");
    rig.check_books(LARGE).await;
}

#[tokio::test]
async fn how_long_it_waits_is_the_plants_to_say_and_a_person_cannot_hurry_it() {
    let rig = Rig::start_with(1_791, |config| {
        config.erp.as_mut().expect("an ERP").late_request_s = 20;
    })
    .await;
    let labels = both_made(&rig).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    while message(&rig, "consumption", &labels[0]).await["row"]["state"] != "posted" {
        while rig.app.work_outbox().await.expect("the books take it") {}
        rig.clock.advance_ms(500);
    }
    while rig.app.work_outbox().await.expect("the books take it") {}
    let second = message(&rig, "consumption", &labels[1]).await;
    assert_eq!(second["row"]["state"], "queued");
    let why = second["row"]["last_answer"].as_str().expect("a sentence");
    assert!(why.contains("may still be at it"), "{why}");
    let retry = json!({ "id": second["row"]["id"] });
    rig.ok(Who::Operator, "outbox_retry", retry).await;
    while rig.app.work_outbox().await.expect("the books take it") {}
    let second = message(&rig, "consumption", &labels[1]).await;
    assert_eq!(second["attempt_count"], 0, "{second:#}");
    rig.clock.advance_ms(20_000);
    rig.drain().await;
    let second = message(&rig, "consumption", &labels[1]).await;
    assert_eq!(second["row"]["state"], "posted");
    rig.check_books(LARGE).await;
}
