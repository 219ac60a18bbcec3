//! A record that does not verify is told on every screen until a check passes, over restarts too. Leaves out
//! what a check finds (`trail.rs`, `record.rs`, `sign.rs`).

use millrace_core::access::Role;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

/// What somebody with the file can do.
fn by_hand(rig: &Rig, sql: &str) {
    let changed = std::process::Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; b = sqlite3.connect(sys.argv[1]); b.executescript(sys.argv[2])",
        ])
        .arg(rig.app.store().path())
        .arg(sql)
        .status();
    assert!(
        changed
            .expect("python3 runs (test.sh installs it)")
            .success()
    );
}

async fn check(rig: &Rig, auditor: &str) {
    let ask = json!({ "check": true });
    rig.call_as(auditor, "audit_chain_get", ask)
        .await
        .expect("an auditor asks");
    rig.app.work_trail().await.expect("checked");
}

/// What every screen shows, and what the overview's first row is.
async fn shown(rig: &Rig) -> (Option<String>, Value) {
    rig.step().await;
    let overview = rig.ok(Who::Operator, "overview_get", json!({})).await;
    let first = overview["attention"][0].clone();
    let fault = rig.live().record_fault.clone();
    (fault.map(|fault| fault.sentence), first)
}

#[tokio::test]
async fn a_record_that_does_not_verify_is_told_until_a_check_passes() {
    let mut rig = Rig::start(947).await;
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.drain().await;
    let auditor = rig.log_in_as("Auditor 1", Role::Auditor).await;
    check(&rig, &auditor).await;
    let (fault, first) = shown(&rig).await;
    assert_eq!(fault, None);
    assert_ne!(first["code"], "record_bad", "{first}");
    assert_eq!(
        rig.audit_count("trail_whole").await,
        0,
        "nothing had to be cleared"
    );

    // A figure of the books is not the one that the batch's record froze.
    by_hand(
        &rig,
        "UPDATE batch_line SET actual_g = actual_g + 10 WHERE silo_no = 101",
    );
    let (fault, _) = shown(&rig).await;
    assert_eq!(fault, None, "nobody looked yet");
    check(&rig, &auditor).await;
    let (fault, first) = shown(&rig).await;
    let sentence = fault.expect("told");
    assert!(sentence.contains("batch:1"), "{sentence}");
    assert_eq!(
        (&first["code"], &first["sentence"]),
        (&json!("record_bad"), &json!(sentence))
    );
    check(&rig, &auditor).await;
    assert_eq!(
        rig.audit_count("trail_fault").await,
        1,
        "the same is told once"
    );

    let mut rig2 = rig.crash_and_restart().await;
    rig2.log_in().await;
    let (fault, first) = shown(&rig2).await;
    assert_eq!(fault.as_ref(), Some(&sentence), "it outlives the program");
    assert_eq!(first["code"], "record_bad");
    rig = rig2;
    let auditor = rig.log_in_as("Auditor 2", Role::Auditor).await;
    check(&rig, &auditor).await;
    assert_eq!(
        rig.audit_count("trail_fault").await,
        1,
        "and is not told anew"
    );

    by_hand(
        &rig,
        "UPDATE batch_line SET actual_g = actual_g - 10 WHERE silo_no = 101",
    );
    assert_eq!(
        shown(&rig).await.0,
        Some(sentence),
        "only a check clears it"
    );
    check(&rig, &auditor).await;
    let (fault, first) = shown(&rig).await;
    assert_eq!(fault, None);
    assert_ne!(first["code"], "record_bad");
    assert_eq!(rig.audit_count("trail_whole").await, 1);
    let rig = rig.crash_and_restart().await;
    assert_eq!(rig.live().record_fault, None, "cleared for good");
}

#[tokio::test]
async fn neither_a_printing_nor_a_note_makes_a_record_of_what_was_changed_by_hand() {
    let rig = Rig::start(948).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.drain().await;
    let record = json!({ "id": id });
    let frozen = rig.ok(Who::Operator, "record_get", record.clone()).await;
    by_hand(
        &rig,
        "UPDATE batch_line SET actual_g = actual_g + 10 WHERE batch_id = 1",
    );
    let print = json!({ "id": id, "kind": "record" });
    let printed = rig.ok(Who::Operator, "record_print", print).await;
    assert_ne!(printed["faults"], json!([]), "the paper says so");
    let note = json!({ "id": id, "text": "looked at the scale" });
    let refused = rig.call(Who::Operator, "batch_note", note).await;
    let refused = refused.expect_err("nothing is added before somebody has looked");
    assert!(refused.message.contains("froze"), "{refused}");
    let after = rig.ok(Who::Operator, "record_get", record).await;
    assert_eq!(
        after["revisions"], frozen["revisions"],
        "nothing was frozen anew"
    );
    assert_ne!(printed["faults"], json!([]));
}
