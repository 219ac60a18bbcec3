//! The record of a batch in a running plant: frozen with its end, followed by what the ERP confirmed, told
//! by the trail, and found whole by the same check that `millrace verify` makes.

use millrace_app::trail::check::of_file;
use millrace_core::audit::anchor::Anchor;
use millrace_core::ids::BatchId;
use millrace_core::record::{ACTION, RecordRow};
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

async fn records(rig: &Rig, id: &Value) -> Vec<RecordRow> {
    let id = BatchId(id.as_i64().expect("an id"));
    let read = rig.app.store().read(move |read| read.records(id)).await;
    read.expect("readable")
}

fn facts(record: &RecordRow) -> Value {
    let content: Value = serde_json::from_str(&record.content).expect("JSON");
    content["facts"].clone()
}

#[tokio::test]
async fn a_batch_is_frozen_with_its_end_and_again_when_the_erp_has_it() {
    let rig = Rig::start(940).await;
    let id = rig.begin("WH/MO/00101/1").await;
    assert_eq!(records(&rig, &id).await, [], "nothing while it runs");
    rig.finish().await;
    let first = records(&rig, &id).await;
    assert_eq!(
        first.len(),
        1,
        "acknowledging and freeing the slot is no new fact"
    );
    let said = facts(&first[0]);
    assert_eq!(said["run"], "complete");
    assert_eq!(said["postings"][0]["state"], "open");
    assert_eq!(said["signatures"][0]["person"], "Supervisor 1");
    let batch = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(said["silo_actual_g"], batch["row"]["actual_g"]);
    assert_eq!(said["finished_g"], batch["finished_g"]);
    assert_eq!(said["content_hash"], batch["row"]["content_hash"]);
    assert!(said["plc_block_hash"].is_string());

    rig.drain().await;
    let both = records(&rig, &id).await;
    let last = both.last().expect("there");
    assert_eq!(both[0], first[0], "what was frozen stays");
    assert_eq!(both[1].prev_hash, first[0].hash);
    assert_eq!(facts(last)["postings"][0]["state"], "posted");
    assert!(facts(last)["postings"][0]["confirmed_at_ms"].is_i64());
    let told = rig.audit_count(ACTION).await;
    assert_eq!(told, i64::try_from(both.len()).expect("few"));

    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert!(report.is_good(), "{report:?}");
    let view = rig
        .ok(Who::Operator, "record_get", json!({ "id": id }))
        .await;
    assert_eq!(view["revisions"][1]["hash"], last.hash.as_str());
    assert_eq!(view["content"], last.content.as_str());
    assert_eq!(view["faults"], json!([]));
    let anchor = view["anchor"].as_str().expect("an anchor");
    let anchor: Anchor = anchor.parse().expect("one that can be typed in");
    assert_eq!(anchor.seq(), last.audit_seq);
    let report = of_file(rig.app.store().path(), vec![anchor], Vec::new()).expect("readable");
    assert!(report.is_good() && report.anchors >= 1, "{report:?}");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_batch_that_was_rejected_or_survived_a_crash_has_its_record() {
    let rig = Rig::start(941).await;
    let first = rig.begin("WH/MO/00101/1").await;
    for _ in 0..40 {
        rig.step().await;
    }
    let rig = rig.crash_and_restart().await;
    rig.finish().await;
    assert_eq!(records(&rig, &first).await.len(), 1);
    let batch = rig.batch("WH/MO/00102/1").await;
    let secret = rig.secret("Supervisor 1").await;
    let request = json!({
        "id": batch["row"]["id"], "version": batch["row"]["version"],
        "reason": "wrong recipe", "secret": secret,
    });
    rig.ok(Who::Supervisor, "batch_reject", request).await;
    let frozen = records(&rig, &batch["row"]["id"]).await;
    assert_eq!(frozen.len(), 1);
    assert_eq!(facts(&frozen[0])["release"], "rejected");
    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert!(report.is_good(), "{report:?}");
}
