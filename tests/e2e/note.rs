//! Notes on a batch: in its journal and its record, never taken back, and found when somebody changes one.

use millrace_app::trail::check::of_file;
use millrace_core::access::Role;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

async fn record(rig: &Rig, id: &Value) -> Value {
    rig.ok(Who::Operator, "record_get", json!({ "id": id }))
        .await
}

fn notes(record: &Value) -> Vec<Value> {
    let content: Value =
        serde_json::from_str(record["content"].as_str().expect("a record")).expect("JSON");
    content["facts"]["notes"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_note_is_a_fact_of_the_record_while_the_batch_runs_and_after_it() {
    let rig = Rig::start(948).await;
    let id = rig.begin("WH/MO/00101/1").await;
    let note = |text: &str| json!({ "id": id, "text": text });
    rig.ok(Who::Operator, "batch_note", note(" lumps in silo B "))
        .await;
    rig.finish().await;
    rig.drain().await;
    let before = record(&rig, &id).await;
    let told = notes(&before);
    assert_eq!(
        (&told[0]["person"], &told[0]["text"]),
        (&json!("Operator 1"), &json!("lumps in silo B"))
    );
    assert_eq!(told.len(), 1);

    let view = rig
        .ok(
            Who::Supervisor,
            "batch_note",
            note("sieved, see the shift book"),
        )
        .await;
    assert_eq!(view["events"][0]["kind"], "batch_note");
    assert_eq!(
        view["events"][0]["params"]["text"],
        "sieved, see the shift book"
    );
    let after = record(&rig, &id).await;
    let revisions = |record: &Value| record["revisions"].as_array().expect("revisions").len();
    assert_eq!(
        revisions(&after),
        revisions(&before) + 1,
        "a later fact is a revision"
    );
    assert_eq!(notes(&after).len(), 2);
    assert_eq!(after["faults"], json!([]));
    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert!(report.is_good(), "{report:?}");

    for wrong in ["", "two\nlines"] {
        assert!(
            rig.call(Who::Operator, "batch_note", note(wrong))
                .await
                .is_err()
        );
    }
    let nothing = json!({ "id": 999, "text": "x" });
    assert!(
        rig.call(Who::Operator, "batch_note", nothing)
            .await
            .is_err()
    );
    let viewer = rig.log_in_as("Viewer 1", Role::Viewer).await;
    assert!(rig.call_as(&viewer, "batch_note", note("x")).await.is_err());
    assert_eq!(notes(&record(&rig, &id).await).len(), 2);

    let changed = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys; b = sqlite3.connect(sys.argv[1]); b.executescript(\"DROP TRIGGER journal_is_append_only_u; UPDATE journal SET params = replace(params, 'lumps', 'nothing') WHERE kind = 'batch_note'\")"])
        .arg(rig.app.store().path())
        .status();
    assert!(
        changed
            .expect("python3 runs (test.sh installs it)")
            .success()
    );
    let faults = record(&rig, &id).await["faults"].clone();
    assert!(
        faults[0]
            .as_str()
            .is_some_and(|text| text.contains("froze")),
        "{faults}"
    );
}
