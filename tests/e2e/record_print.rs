//! What goes onto paper: a record or a label of a batch that has ended, with an anchor of the row that tells
//! of the printing. Leaves out how paper looks (`ui/dev/shots.mjs` takes pictures of it).

use millrace_app::trail::check::of_file;
use millrace_core::access::Role;
use millrace_core::audit::anchor::Anchor;
use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

fn ask(id: &Value, kind: &str) -> Value {
    json!({ "id": id, "kind": kind })
}

async fn last_row(rig: &Rig) -> Value {
    let admin = rig.log_in_as("Auditor 1", Role::Auditor).await;
    let page = json!({ "action": "record_print", "limit": 5 });
    let page = rig.call_as(&admin, "audit_list", page).await;
    page.expect("an auditor reads")["rows"][0].clone()
}

#[tokio::test]
async fn paper_carries_the_record_and_an_anchor_of_its_own_printing() {
    let rig = Rig::start(945).await;
    let id = rig.begin("WH/MO/00101/1").await;
    let early = rig
        .call(Who::Operator, "record_print", ask(&id, "record"))
        .await;
    let early = early.expect_err("nothing is frozen while it runs");
    assert!(early.message.contains("it has not ended"), "{early}");
    assert_eq!(
        rig.audit_count("record_print").await,
        0,
        "what is refused is not told as printed"
    );
    rig.finish().await;
    rig.drain().await;
    let before = rig
        .ok(Who::Operator, "record_get", json!({ "id": id }))
        .await;

    let printed = rig
        .ok(Who::Operator, "record_print", ask(&id, "record"))
        .await;
    assert_eq!(
        printed["revisions"], before["revisions"],
        "printing is no fact of the record"
    );
    assert_eq!(printed["faults"], json!([]));
    let batch = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    for name in ["lines", "manual_lines", "signatures", "finished_g"] {
        assert_eq!(printed["batch"][name], batch[name], "{name}");
    }
    let content: Value =
        serde_json::from_str(before["content"].as_str().expect("a record")).expect("JSON");
    let journal = content["journal"].as_array().expect("a journal");
    let told = printed["journal"].as_array().expect("a journal");
    assert!(told.len() >= journal.len() && !journal.is_empty());
    assert_eq!(told[0]["seq"], journal[0]["seq"], "from its beginning");
    let keys = |list: &Value| -> Vec<Value> {
        let list = list.as_array().expect("a list").iter();
        list.map(|one| one["key"].clone()).collect()
    };
    assert_eq!(
        keys(&printed["postings"]),
        keys(&content["facts"]["postings"])
    );
    assert_eq!(
        printed["plc_block_hash"],
        content["facts"]["plc_block_hash"]
    );
    assert_eq!(printed["by"], "Operator 1");

    let row = last_row(&rig).await;
    let anchor: Anchor = printed["anchor"]
        .as_str()
        .expect("an anchor")
        .parse()
        .expect("one");
    assert_eq!(
        json!(anchor.seq()),
        row["seq"],
        "of the row that tells of the printing"
    );
    let said: Value = serde_json::from_str(row["after"].as_str().expect("text")).expect("JSON");
    let last = &before["revisions"][before["revisions"].as_array().expect("some").len() - 1];
    assert_eq!(
        said,
        json!({ "kind": "record", "record_hash": last["hash"], "revision": last["revision"] })
    );
    let label = rig
        .ok(Who::Supervisor, "record_print", ask(&id, "label"))
        .await;
    let typed: Anchor = label["anchor"]
        .as_str()
        .expect("an anchor")
        .parse()
        .expect("one");
    assert!(typed.seq() > anchor.seq());
    let report =
        of_file(rig.app.store().path(), vec![anchor, typed], Vec::new()).expect("readable");
    assert!(report.is_good() && report.anchors >= 2, "{report:?}");
}

#[tokio::test]
async fn a_locked_session_puts_nobodys_name_on_paper_and_paper_tells_what_does_not_fit() {
    let rig = Rig::start(946).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.drain().await;
    let viewer = rig.log_in_as("Viewer 1", Role::Viewer).await;
    let printed = rig
        .call_as(&viewer, "record_print", ask(&id, "label"))
        .await;
    assert_eq!(printed.expect("who sees it may print it")["by"], "Viewer 1");
    rig.call_as(&viewer, "session_lock", json!({}))
        .await
        .expect("locked");
    let refused = rig
        .call_as(&viewer, "record_print", ask(&id, "label"))
        .await;
    assert_eq!(refused.expect_err("locked").code, ErrorCode::Locked);

    let raw = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('UPDATE batch_line SET actual_g = actual_g + 10'); c.commit()"])
        .arg(rig.app.store().path())
        .status();
    assert!(
        raw.expect("python3 runs").success(),
        "somebody with the file can do this"
    );
    let printed = rig
        .ok(Who::Operator, "record_print", ask(&id, "record"))
        .await;
    let faults = printed["faults"].as_array().expect("faults");
    assert!(
        faults
            .iter()
            .any(|fault| fault.as_str().is_some_and(|text| text.contains("froze"))),
        "{faults:?}"
    );
}
