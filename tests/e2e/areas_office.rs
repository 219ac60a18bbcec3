//! Area events on their way to the ERP: lost answers, lost requests, refusals. A failure makes a new
//! record at each call, so what counts is the number of records.

use millrace_tests::{Rig, Who};
use serde_json::json;

use super::areas::{MORNING, attention, clear, fail, failures, steps, weigh, weighing_batch};

/// A failure stored and acknowledged.
async fn failed(seed: u64) -> Rig {
    let rig = Rig::start(seed).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    assert_eq!(failures(&rig).await.len(), 1);
    rig
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_leaves_one_record() {
    let rig = failed(140).await;
    rig.erp_faults(json!({ "drop_after_commit": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    assert_eq!(failures(&rig).await[0]["posting"], "in_doubt");
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 1, "{:?}", rig.erp().failures);
    assert_eq!(failures(&rig).await[0]["posting"], "posted");
}

#[tokio::test]
async fn a_lost_answer_is_found_although_an_equal_record_is_there_already() {
    let rig = failed(141).await;
    rig.drain().await;
    clear(&rig);
    steps(&rig, 4).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    // The request is lost: only the first record is there, and it must not be taken for the second.
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 2, "{:?}", rig.erp().failures);
    assert_eq!(failures(&rig).await[0]["posting"], "posted");
}

#[tokio::test]
async fn a_request_that_never_arrived_is_repeated_only_after_the_server_cannot_be_at_it() {
    let rig = failed(142).await;
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    for _ in 0..100 {
        rig.clock.advance_ms(1_000);
        rig.app.work_outbox().await.expect("a look");
        assert_eq!(failures(&rig).await[0]["posting"], "in_doubt");
    }
    assert_eq!(rig.erp().failures.len(), 0);
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 1);
    assert_eq!(failures(&rig).await[0]["posting"], "posted");
}

#[tokio::test]
async fn a_crash_while_sending_is_read_back() {
    let mut rig = failed(143).await;
    rig.erp_faults(json!({ "drop_after_commit": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    rig = rig.crash_and_restart().await;
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 1, "{:?}", rig.erp().failures);
    assert_eq!(failures(&rig).await[0]["posting"], "posted");
}

#[tokio::test]
async fn an_erp_that_is_away_or_confused_delays_a_failure_and_nothing_else() {
    let rig = failed(144).await;
    rig.erp_faults(json!({ "down": true }));
    for _ in 0..5 {
        rig.app.work_outbox().await.expect("an attempt");
        rig.clock.advance_ms(10_000);
    }
    assert_eq!(rig.erp().failures.len(), 0);
    rig.erp_faults(
        json!({ "down": false, "status_500": 3, "html": 2, "drop_before": 2, "expire_sessions": true }),
    );
    for _ in 0..12 {
        rig.clock.advance_ms(400_000);
        rig.app.work_outbox().await.expect("an attempt");
    }
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 1, "{:?}", rig.erp().failures);
}

#[tokio::test]
async fn an_unknown_equipment_code_is_refused_for_good_and_waived_by_signature() {
    let rig = Rig::start(145).await;
    fail(&rig, "silo999", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    clear(&rig);
    steps(&rig, 4).await;
    fail(&rig, "silo102", "SENSOR_ERROR", MORNING);
    steps(&rig, 8).await;
    rig.drain().await;
    let rows = failures(&rig).await;
    assert_eq!(rows[0]["posting"], "posted", "the next one does not wait");
    assert_eq!(rows[1]["posting"], "refused");
    assert!(
        rows[1]["last_answer"]
            .as_str()
            .is_some_and(|answer| answer.contains("silo999")),
        "{rows:#?}"
    );
    let list = rig.ok(Who::Operator, "outbox_list", json!({})).await;
    let refused = list["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["state"] == "refused")
        .expect("the refused one")
        .clone();
    assert_eq!(refused["kind"], "equipment_failure");
    assert_eq!(refused["batch_id"], json!(null));
    assert_eq!(refused["batch_label"], "silo999");
    assert_eq!(
        refused["payload"],
        "silo999\nMOTOR_FAILURE\n2026-11-22 01:30:05 UTC"
    );
    let wants = |code: &'static str| attention(&rig, code);
    let told = wants("failure_refused").await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["equipment_code"], "silo999");
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "outbox_waive",
        json!({ "id": refused["id"], "reason": "no such equipment", "secret": secret }),
    )
    .await;
    assert_eq!(failures(&rig).await[1]["posting"], "waived");
    assert_eq!(
        wants("failure_refused").await,
        Vec::<serde_json::Value>::new()
    );
}

#[tokio::test]
async fn a_lost_answer_about_a_weighing_is_repeated_and_counts_once() {
    let (rig, _, product) = weighing_batch(146).await;
    weigh(&rig, 1, "WH/MO/00102", product, 1_204);
    steps(&rig, 10).await;
    clear(&rig);
    rig.clock.advance_ms(61_000);
    rig.erp_faults(json!({ "drop_after_commit": 2 }));
    rig.drain().await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00102").await;
}

#[tokio::test]
async fn what_a_person_entered_is_posted_as_well() {
    let (rig, id, _) = weighing_batch(147).await;
    let secret = rig.secret("Operator 1").await;
    rig.ok(
        Who::Operator,
        "manual_line_enter",
        json!({ "id": id, "version": 0, "line_no": 1, "weight_g": 11_980, "secret": secret }),
    )
    .await;
    let list = rig.ok(Who::Operator, "outbox_list", json!({})).await;
    assert_eq!(list["rows"][0]["kind"], "material_consumption");
    let text = list["rows"][0]["payload"].as_str().expect("a text");
    assert!(
        text.starts_with("WH/MO/00102: CaCO3 11.98 kg (PLC01"),
        "{text}"
    );
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00102").await;
}
