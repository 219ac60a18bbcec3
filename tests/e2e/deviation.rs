//! Lines that ended outside their tolerance: who may accept them, what the second of two is told, what the
//! record and the overview say, and books that were changed afterwards.

use millrace_app::trail::check::of_file;
use millrace_core::access::Role;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_tests::rivals::one_of;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

use super::areas::attention;

/// With a line that is weighed by hand.
const LABEL: &str = "WH/MO/00102/1";
const REASON: &str = "the gate of the silo stuck, the mix is still within the order";
const NOBODY: Value = Value::Null;

/// A finished batch with one silo whose gate stuck, and a weight by hand that is too much.
async fn over(seed: u64) -> (Rig, Value) {
    let rig = Rig::start(seed).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let batch = rig.batch(LABEL).await;
    // More than a tenth too much, and still what the mass balance of the batch believes.
    let stuck = json!({ "key": "stuck_gate", "is_on": true, "value": 20, "target": 105 });
    rig.ok(Who::Supervisor, "training_set", stuck).await;
    let id = rig.begin(LABEL).await;
    rig.until("it runs", 100, |live| live.batch.is_some()).await;
    let secret = rig.secret("Operator 1").await;
    let line = &batch["manual_lines"][0];
    let planned = line["planned_g"].as_i64().expect("a plan");
    let weigh = json!({ "id": id, "version": 0, "line_no": line["line_no"], "weight_g": planned + planned / 2, "secret": secret });
    rig.ok(Who::Operator, "manual_line_enter", weigh).await;
    assert_eq!(view(&rig, &id).await["deviations"], json!([]), "not ended");
    let early = accept(&rig, &id, &[], Who::Supervisor).await;
    assert!(early.expect_err("not ended").contains("has not ended"));
    rig.finish().await;
    (rig, id)
}

async fn view(rig: &Rig, id: &Value) -> Value {
    rig.ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await
}

async fn deviations(rig: &Rig, id: &Value) -> Vec<Value> {
    let view = view(rig, id).await;
    view["deviations"].as_array().expect("a list").clone()
}

/// What a person who sees these lines sends.
async fn request(rig: &Rig, id: &Value, lines: &[Value], who: Who) -> Value {
    let name = match who {
        Who::Operator => "Operator 1",
        Who::Supervisor => "Supervisor 1",
    };
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "kind": line["kind"], "line_no": line["line_no"], "actual_g": line["actual_g"] }))
        .collect();
    json!({ "id": id, "lines": lines, "reason": REASON, "secret": rig.secret(name).await })
}

async fn accept(rig: &Rig, id: &Value, lines: &[Value], who: Who) -> Result<Value, String> {
    let body = request(rig, id, lines, who).await;
    let answer = rig.call(who, "batch_deviation_accept", body).await;
    answer.map_err(|error| error.message)
}

fn found(rig: &Rig) -> Vec<String> {
    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert_eq!(report.fault, None);
    let messages = report.further.into_iter();
    messages.map(|finding| finding.message).collect()
}

/// What the newest frozen revision says, and how many there are.
async fn record(rig: &Rig, id: &Value) -> (usize, Value) {
    let id = BatchId(id.as_i64().expect("an id"));
    let read = rig.app.store().read(move |read| read.records(id)).await;
    let rows = read.expect("readable");
    let content = &rows.last().expect("a revision").content;
    (rows.len(), serde_json::from_str(content).expect("JSON"))
}

#[tokio::test]
async fn a_supervisor_accepts_a_line_and_then_the_rest_and_the_record_tells_it() {
    let (rig, id) = over(970).await;
    let open = deviations(&rig, &id).await;
    assert_eq!(open.len(), 2, "a silo and a weight by hand: {open:#?}");
    assert_eq!(
        (&open[0]["kind"], &open[1]["kind"]),
        (&json!("silo"), &json!("manual"))
    );
    assert!(open.iter().all(|line| line["judgement"] == "over"));
    assert!(open.iter().all(|line| line["accepted"] == NOBODY));
    let told = attention(&rig, "deviations_open").await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["count"], &told[0]["batches"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&told[0]["id"], &told[0]["batch_label"]),
        (&id, &json!(LABEL))
    );
    let (revisions, before) = record(&rig, &id).await;
    assert_eq!(before["facts"]["deviations"], json!([]));

    accept(&rig, &id, &open[..1], Who::Supervisor)
        .await
        .expect("one line");
    let after = deviations(&rig, &id).await;
    let signature = &after[0]["accepted"];
    assert_eq!(signature["person"], "Supervisor 1");
    assert_eq!(signature["meaning"], "deviation_accept");
    assert_eq!(signature["reason"], REASON);
    assert_eq!(signature["valid"], true);
    assert_eq!(after[1]["accepted"], NOBODY, "the other one waits");
    assert_eq!(attention(&rig, "deviations_open").await[0]["count"], 1);

    // What is accepted stays accepted over a restart; the rest is accepted then.
    let rig = rig.crash_and_restart().await;
    assert_eq!(deviations(&rig, &id).await, after);
    accept(&rig, &id, &after[1..], Who::Supervisor)
        .await
        .expect("the other");
    assert_eq!(
        attention(&rig, "deviations_open").await,
        Vec::<Value>::new()
    );
    let nothing = accept(&rig, &id, &open, Who::Supervisor).await;
    assert!(
        nothing
            .expect_err("nothing waits")
            .contains("already accepted by Supervisor 1")
    );

    let (now, content) = record(&rig, &id).await;
    assert_eq!(now, revisions + 2, "each acceptance is a new fact");
    assert_eq!(content["format"], "millrace-record-2");
    let facts = content["facts"]["deviations"].as_array().expect("facts");
    assert_eq!(facts.len(), 2);
    for (fact, line) in facts.iter().zip(&open) {
        assert_eq!(
            (&fact["kind"], &fact["actual_g"]),
            (&line["kind"], &line["actual_g"])
        );
        let signed = content["facts"]["signatures"]
            .as_array()
            .expect("signatures");
        assert!(
            signed
                .iter()
                .any(|s| s["content_hash"] == fact["content_hash"] && s["reason"] == REASON)
        );
    }
    let events = view(&rig, &id).await["events"].clone();
    let events = events.as_array().expect("events").iter();
    assert_eq!(
        events
            .filter(|event| event["kind"] == "deviation_accepted")
            .count(),
        2
    );
    assert_eq!(found(&rig), Vec::<String>::new());
    rig.drain().await;
    rig.check_books("WH/MO/00102").await;
}

#[tokio::test]
async fn the_second_of_two_is_told_who_was_first_and_who_started_it_may_not() {
    let (rig, id) = over(971).await;
    let open = deviations(&rig, &id).await;
    let operator = accept(&rig, &id, &open, Who::Operator).await;
    assert!(operator.is_err(), "an operator has no right to");
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let body = request(&rig, &id, &open, Who::Supervisor).await;
    let (a, b) = tokio::join!(
        rig.app
            .dispatch("batch_deviation_accept", body.clone(), Some(&sari)),
        rig.app
            .dispatch("batch_deviation_accept", body.clone(), Some(&budi))
    );
    let (is_sari, refused) = one_of(a, b);
    let first = if is_sari { "Sari" } else { "Budi" };
    assert_eq!(refused.code, ErrorCode::Changed);
    assert!(
        refused
            .message
            .contains(&format!("was already accepted by {first}")),
        "{refused}"
    );
    let lines = deviations(&rig, &id).await;
    assert!(lines.iter().all(|line| line["accepted"]["person"] == first));
    assert_eq!(found(&rig), Vec::<String>::new());

    // Whoever started a batch has to find somebody else, whatever rights they have.
    let label = "WH/MO/00101/1";
    let stuck = json!({ "key": "stuck_gate", "is_on": true, "value": 20, "target": 101 });
    rig.ok(Who::Supervisor, "training_set", stuck).await;
    rig.approve(label).await;
    let batch = rig.batch(label).await;
    let start = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] });
    rig.ok(Who::Supervisor, "batch_start", start).await;
    rig.finish().await;
    let id = batch["row"]["id"].clone();
    let open = deviations(&rig, &id).await;
    assert!(!open.is_empty());
    let own = rig
        .ok(Who::Supervisor, "batch_get", json!({ "id": id }))
        .await;
    let actions = own["actions"].as_array().expect("actions").iter();
    let mut actions = actions.filter(|action| action["command"] == "batch_deviation_accept");
    assert_eq!(
        actions.next().expect("the action")["why_not"]["code"],
        "own_batch"
    );
    let refused = accept(&rig, &id, &open, Who::Supervisor).await;
    assert!(
        refused
            .expect_err("own batch")
            .contains("somebody else must accept")
    );
    assert_eq!(rig.audit_count("batch_deviation_accept").await, 1);
    let body = request(&rig, &id, &open, Who::Supervisor).await;
    rig.call_as(&sari, "batch_deviation_accept", body)
        .await
        .expect("somebody else");
}

#[tokio::test]
async fn what_is_not_as_it_was_seen_is_refused_and_leaves_nothing() {
    let (rig, id) = over(972).await;
    let open = deviations(&rig, &id).await;
    let changed = |key: &str, value: Value| {
        let mut line = open[0].clone();
        line[key] = value;
        line
    };
    let actual = open[0]["actual_g"].as_i64().expect("an actual");
    for (lines, says) in [
        (vec![], "name the lines"),
        (vec![open[0].clone(), open[0].clone()], "named twice"),
        (
            vec![changed("actual_g", json!(actual - 10))],
            "changed while you were looking",
        ),
        (vec![changed("line_no", json!(999))], "nothing to accept"),
    ] {
        let refused = accept(&rig, &id, &lines, Who::Supervisor).await;
        let refused = refused.expect_err(says);
        assert!(refused.contains(says), "{refused}");
    }
    assert_eq!(deviations(&rig, &id).await, open);
    assert_eq!(rig.audit_count("batch_deviation_accept").await, 0);
    // A batch within its tolerances has nothing to accept.
    rig.ok(Who::Supervisor, "training_clear", json!({})).await;
    let good = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    assert_eq!(deviations(&rig, &good).await, Vec::<Value>::new());
    let refused = accept(&rig, &good, &open[..1], Who::Supervisor).await;
    assert!(refused.expect_err("nothing").contains("nothing to accept"));
}

#[tokio::test]
async fn a_figure_that_was_changed_afterwards_voids_the_acceptance_and_is_named() {
    let void = "(deviation_accept by Supervisor 1): the deviation";
    for (sql, says) in [
        ("UPDATE batch_line SET actual_g = actual_g + 10", void),
        (
            "DROP TRIGGER deviation_acceptance_is_append_only_u; UPDATE deviation_acceptance SET actual_g = actual_g + 10",
            void,
        ),
        (
            "DROP TRIGGER deviation_acceptance_is_append_only_d; DELETE FROM deviation_acceptance",
            "that it stands on is not in the books",
        ),
        (
            "DROP TRIGGER signature_is_append_only_d; DELETE FROM signature WHERE object_kind = 'deviation'",
            "was accepted and nobody signed it",
        ),
    ] {
        let (rig, id) = over(973).await;
        let open = deviations(&rig, &id).await;
        accept(&rig, &id, &open[..1], Who::Supervisor)
            .await
            .expect("accepted");
        assert_eq!(found(&rig), Vec::<String>::new());
        let changed = std::process::Command::new("python3")
            .args(["-c", "import sqlite3, sys\nbooks = sqlite3.connect(sys.argv[1])\nbooks.executescript(sys.argv[2])"])
            .arg(rig.app.store().path())
            .arg(sql)
            .status()
            .expect("python3 runs (test.sh installs it)");
        assert!(changed.success());
        let found = found(&rig);
        assert!(
            found.iter().any(|text| text.contains(says)),
            "{sql}: {found:?}"
        );
        assert!(
            found.iter().any(|text| text.contains("record")),
            "{sql}: {found:?}"
        );
        let line = deviations(&rig, &id).await[0].clone();
        assert_ne!(line["accepted"]["valid"], true, "{sql}: {line:#}");
    }
}
