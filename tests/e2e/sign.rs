//! Signatures: two who sign at once, what the second is told, and books that were changed after somebody
//! signed. Leaves out the walk itself (its own tests stand beside it in core and store).

use std::net::SocketAddr;

use millrace_app::trail::check::of_file;
use millrace_core::access::Role;
use millrace_tests::http::serve;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const LABEL: &str = "WH/MO/00101/1";

/// Sends a command over HTTP with a session of one's own; answers `ok`, or the sentence of the refusal.
async fn post(at: SocketAddr, token: &str, command: &str, body: &Value) -> Result<Value, String> {
    let answer = reqwest::Client::new()
        .post(format!("http://{at}/rpc/{command}"))
        .bearer_auth(token)
        .json(body)
        .send()
        .await
        .expect("an answer");
    let value: Value = answer.json().await.expect("JSON");
    match value.get("ok") {
        Some(ok) => Ok(ok.clone()),
        None => Err(value["error"]["message"].to_string()),
    }
}

/// What the books hold against their signatures.
pub(super) fn found(rig: &Rig) -> Vec<String> {
    let report = of_file(rig.app.store().path(), Vec::new(), Vec::new()).expect("readable");
    assert_eq!(report.fault, None);
    let messages = report.further.into_iter();
    messages.map(|finding| finding.message).collect()
}

/// One row of the trail and one signature for one act, whoever came second.
async fn one_signature(rig: &Rig, id: &Value, before: usize) {
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    let signatures = view["signatures"].as_array().expect("signatures");
    assert_eq!(signatures.len(), before + 1, "{signatures:#?}");
    assert!(signatures.iter().all(|s| s["valid"] == true));
    assert_eq!(found(rig), Vec::<String>::new());
}

#[tokio::test]
async fn the_second_of_two_over_two_sessions_is_told_who_was_first() {
    let rig = Rig::start(941).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let sari = rig.log_in_as("Sari", Role::Supervisor).await;
    let budi = rig.log_in_as("Budi", Role::Supervisor).await;
    let secret = rig.secret("Supervisor 1").await;
    let (at, serving) = serve(&rig.app).await;

    let batch = rig.batch(LABEL).await;
    let (id, row) = (batch["row"]["id"].clone(), &batch["row"]);
    let approve = json!({ "id": id, "version": row["version"], "content_hash": row["content_hash"], "secret": secret });
    let (a, b) = tokio::join!(
        post(at, &sari, "batch_approve", &approve),
        post(at, &budi, "batch_approve", &approve)
    );
    let (first, refused) = match (a, b) {
        (Ok(_), Err(refused)) => ("Sari", refused),
        (Err(refused), Ok(_)) => ("Budi", refused),
        other => panic!("exactly one of them signs: {other:?}"),
    };
    assert!(
        refused.contains(&format!("already approved by {first}")),
        "{refused}"
    );
    one_signature(&rig, &id, 0).await;

    // One over HTTP, one in the window; both saw the approved batch.
    let batch = rig.batch(LABEL).await;
    let revoke = json!({ "id": id, "version": batch["row"]["version"], "reason": "lab result is missing", "secret": secret });
    let (a, b) = tokio::join!(
        post(at, &sari, "batch_revoke", &revoke),
        rig.call(Who::Supervisor, "batch_revoke", revoke.clone())
    );
    let (first, refused) = match (a, b) {
        (Ok(_), Err(refused)) => ("Sari", refused.message),
        (Err(refused), Ok(_)) => ("Supervisor 1", refused),
        other => panic!("exactly one of them signs: {other:?}"),
    };
    assert!(
        refused.contains(&format!("already revoked by {first}")),
        "{refused}"
    );
    one_signature(&rig, &id, 1).await;
    // Who still sees the pending batch is told as well, and an old approval comes to nothing.
    let late = post(at, &budi, "batch_approve", &approve).await;
    let late = late.expect_err("it is revoked");
    assert!(
        late.contains(&format!("already revoked by {first}")),
        "{late}"
    );
    one_signature(&rig, &id, 1).await;
    serving.abort();
}

#[tokio::test]
async fn books_that_were_changed_after_a_signature_are_found_and_start_nothing() {
    let rig = Rig::start(942).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.approve(LABEL).await;
    assert_eq!(found(&rig), Vec::<String>::new());
    let rig = rig.crash_and_restart().await;
    assert_eq!(found(&rig), Vec::<String>::new(), "it survives a restart");
    // Somebody with the file prints another name under the approval.
    let changed = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys\nbooks = sqlite3.connect(sys.argv[1])\nbooks.executescript(\"DROP TRIGGER signature_is_append_only_u; UPDATE signature SET person = 'Somebody Else'\")"])
        .arg(rig.app.store().path())
        .status()
        .expect("python3 runs (test.sh installs it)");
    assert!(changed.success());
    assert_eq!(
        found(&rig),
        ["signature 1 (approve by Somebody Else) is not as it was signed"]
    );
    let batch = rig.batch(LABEL).await;
    assert_eq!(batch["signatures"][0]["valid"], false);
    let start = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] });
    let refused = rig.call(Who::Operator, "batch_start", start).await;
    let refused = refused.expect_err("the approval is void");
    assert!(
        refused.message.contains("is not what was signed"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_newest_signature_is_tied_to_the_trail() {
    let rig = Rig::start(943).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.approve(LABEL).await;
    let read = rig.app.store().read(|read| read.signature_by_id(1)).await;
    let mut row = read.expect("readable").expect("the approval");
    let trail = rig
        .ok(Who::Supervisor, "audit_list", json!({ "limit": 100 }))
        .await;
    let rows = trail["rows"].as_array().expect("rows");
    let act = rows.iter().find(|row| row["action"] == "batch_approve");
    let act = act.expect("the act's row");
    let after: Value = serde_json::from_str(act["after"].as_str().expect("text")).expect("JSON");
    assert_eq!(after["signed"], json!([{ "id": 1, "hash": row.hash }]));
    let shown = &act["signatures"][0];
    assert_eq!(shown["person"], "Supervisor 1");
    assert_eq!(shown["login"], "Supervisor 1");
    assert_eq!(shown["site"], row.site);
    assert_eq!(shown["hash"], row.hash);
    assert_eq!(shown["valid"], true);
    // Somebody with the file prints another name, and makes the hash that goes with it: nothing stands
    // behind the newest signature that would tell.
    row.person = "Somebody Else".into();
    let hash = row.hash_after(&row.prev_hash).expect("a known format");
    let changed = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys\nbooks = sqlite3.connect(sys.argv[1])\nbooks.executescript('DROP TRIGGER signature_is_append_only_u')\nbooks.execute('UPDATE signature SET person = ?, hash = ?', sys.argv[2:])\nbooks.commit()"])
        .arg(rig.app.store().path())
        .args([&row.person, &hash])
        .status()
        .expect("python3 runs (test.sh installs it)");
    assert!(changed.success());
    let seq = act["seq"].as_i64().expect("a number");
    let named = format!(
        "signature 1 is not the one that row {seq} of the trail (batch_approve of batch:1) names"
    );
    assert_eq!(found(&rig), [named]);
}
