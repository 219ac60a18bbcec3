//! The trail in a running plant: sealed when it is due, told where an act was done, watched for jumps of
//! the clock, checked in the background, and held against what was sealed last when the books are opened.

use millrace_app::AppError;
use millrace_app::clock::Clock as _;
use millrace_core::access::Role;
use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::seal::Seal;
use millrace_store::StoreError;
use millrace_store::table::audit::{AuditEntry, AuditFilter};
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

async fn seals(rig: &Rig) -> Vec<Seal> {
    let all = rig.app.store().read(|read| {
        let mut seals = Vec::new();
        read.seal_each(|seal| {
            seals.push(seal);
            Ok::<_, StoreError>(())
        })?;
        Ok::<_, StoreError>(seals)
    });
    all.await.expect("readable")
}

async fn causes(rig: &Rig) -> Vec<String> {
    seals(rig)
        .await
        .into_iter()
        .map(|seal| seal.cause)
        .collect()
}

async fn unsealed(rig: &Rig) -> i64 {
    let rows = rig
        .app
        .store()
        .read(|read| read.unsealed("engine_store_final"));
    rows.await.expect("readable").rows
}

async fn work(rig: &Rig) {
    rig.app.work_trail().await.expect("the books take it");
}

/// Rows of nobody's, to fill the trail.
async fn add_rows(rig: &Rig, count: usize) {
    let at_ms = rig.clock.now_ms();
    let added = rig.app.store().write(move |tx| {
        for _ in 0..count {
            tx.audit_add(&AuditEntry {
                at_ms,
                actor: "system".into(),
                action: "filled".into(),
                object: "test".into(),
                before: "null".into(),
                after: "null".into(),
                reason: String::new(),
            })?;
        }
        Ok::<_, StoreError>(())
    });
    added.await.expect("committed");
}

async fn rows(rig: &Rig, action: &str) -> Vec<millrace_core::audit::chain::Row> {
    let filter = AuditFilter {
        action: action.into(),
        limit: 100,
        ..AuditFilter::default()
    };
    let page = rig.app.store().read(move |read| read.audit_page(&filter));
    page.await.expect("readable")
}

#[tokio::test]
async fn a_seal_is_made_by_rows_by_time_by_a_batch_and_at_the_end() {
    let rig = Rig::start(900).await;
    assert_eq!(causes(&rig).await, ["key"], "the first start names its key");
    // By time: the logins have waited.
    work(&rig).await;
    assert_eq!(causes(&rig).await.len(), 1, "not yet");
    rig.clock.advance_ms(10 * 60_000);
    work(&rig).await;
    assert_eq!(causes(&rig).await, ["key", "time"]);
    rig.clock.advance_ms(10 * 60_000);
    work(&rig).await;
    assert_eq!(causes(&rig).await.len(), 2, "nothing new, no seal");
    add_rows(&rig, 99).await;
    work(&rig).await;
    assert_eq!(causes(&rig).await.len(), 2, "99 rows wait");
    add_rows(&rig, 1).await;
    work(&rig).await;
    assert_eq!(causes(&rig).await, ["key", "time", "rows"]);

    rig.begin("WH/MO/00101/1").await;
    work(&rig).await;
    assert_eq!(causes(&rig).await.len(), 3, "a start is no end");
    rig.finish().await;
    work(&rig).await;
    assert_eq!(causes(&rig).await[3], "batch");
    assert_eq!(unsealed(&rig).await, 0);

    add_rows(&rig, 1).await;
    let rig = rig.crash_and_restart().await;
    let causes = causes(&rig).await;
    assert_eq!(causes[4], "end");
    assert_eq!(
        causes.iter().filter(|cause| *cause == "key").count(),
        1,
        "the same key"
    );
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn the_end_of_a_batch_is_anchored_outside() {
    let rig = Rig::start(901).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    work(&rig).await;
    let id = millrace_core::ids::BatchId(id.as_i64().expect("an id"));
    let anchor = rig
        .app
        .store()
        .read(move |read| millrace_app::trail::batch_anchor(read, id))
        .await
        .expect("readable")
        .expect("the batch has ended");
    let row = rows(&rig, "engine_store_final").await.remove(0);
    assert_eq!((anchor.seq(), anchor.fits(&row.hash)), (row.seq, true));
    let head: Anchor = std::fs::read_to_string(rig.folder().join("keys/seal.head"))
        .expect("kept beside the books")
        .parse()
        .expect("an anchor");
    assert!(head.seq() >= anchor.seq());
}

#[tokio::test]
async fn a_row_says_where_the_act_was_done() {
    let rig = Rig::start(902).await;
    let secret = rig.secret("Operator 1").await;
    let open = json!({ "user": "Operator 1", "secret": secret });
    let session = rig
        .app
        .dispatch_from("panel-1", "session_open", open, None)
        .await;
    let token = session.expect("may log in")["token"].clone();
    rig.app
        .dispatch_from("192.0.2.7", "order_import", json!({}), token.as_str())
        .await
        .expect("imported");
    assert_eq!(rows(&rig, "session_open").await[0].station, "panel-1");
    let imported = rows(&rig, "order_import").await.remove(0);
    assert_eq!(
        (imported.actor.as_str(), imported.station.as_str()),
        ("Operator 1", "192.0.2.7")
    );
    rig.approve("WH/MO/00101/1").await;
    rig.start_batch("WH/MO/00101/1").await;
    rig.finish().await;
    let stored = rows(&rig, "engine_store_final").await.remove(0);
    assert_eq!(
        (stored.actor.as_str(), stored.station.as_str()),
        ("system", "")
    );

    let supervisor = json!({ "action": "order_import", "limit": 10 });
    let page = rig.ok(Who::Supervisor, "audit_list", supervisor).await;
    assert_eq!(page["rows"][0]["station"], "192.0.2.7");
    let by_label = json!({ "object": "wh/mo/00101/1", "limit": 200 });
    let page = rig.ok(Who::Supervisor, "audit_list", by_label).await;
    let found = page["rows"].as_array().expect("rows");
    assert!(found.len() > 5, "{found:?}");
    assert!(found.iter().all(|row| row["label"] == "WH/MO/00101/1"));
    let refused = rig
        .call(Who::Operator, "audit_list", json!({ "limit": 1 }))
        .await;
    assert!(refused.is_err(), "the trail is not for everybody");
}

#[tokio::test]
async fn a_jump_of_the_clock_is_a_row() {
    let rig = Rig::start(903).await;
    work(&rig).await;
    for ms in [0, 500, 2_000, -2_000, 1_500] {
        rig.clock.advance_ms(2_000);
        rig.clock.step_wall_ms(ms);
        work(&rig).await;
    }
    assert_eq!(
        rows(&rig, "clock_jump").await.len(),
        0,
        "small steps are the clock's own business"
    );
    let mut expected = Vec::new();
    for by_ms in [3_600_000, -3_600_000, 86_400_000, -86_400_000, 2_001] {
        rig.clock.advance_ms(2_000);
        rig.clock.step_wall_ms(by_ms);
        work(&rig).await;
        expected.push(by_ms);
    }
    let mut told = rows(&rig, "clock_jump").await;
    told.reverse();
    let by: Vec<i64> = told
        .iter()
        .map(|row| {
            serde_json::from_str::<Value>(&row.after).expect("JSON")["by_ms"]
                .as_i64()
                .expect("a number")
        })
        .collect();
    assert_eq!(by, expected);
    // While the program was not there, the clock went back by a day.
    let rig = rig.crash_and_restart().await;
    rig.clock.step_wall_ms(-86_400_000);
    let rig = rig.crash_and_restart().await;
    let last = rows(&rig, "clock_jump").await.remove(0);
    assert!(last.reason.contains("behind the last row"), "{last:?}");
}

async fn chain(rig: &Rig, check: bool) -> Value {
    let payload = json!({ "check": check });
    rig.ok(Who::Supervisor, "audit_chain_get", payload).await
}

#[tokio::test]
async fn a_changed_row_is_found_in_the_background_and_told() {
    let rig = Rig::start(904).await;
    add_rows(&rig, 20).await;
    let asked = chain(&rig, true).await;
    assert_eq!(
        (&asked["is_checking"], &asked["report"]),
        (&json!(true), &Value::Null)
    );
    work(&rig).await;
    let good = chain(&rig, false).await;
    assert_eq!(good["is_checking"], false);
    assert_eq!(good["report"]["fault"], Value::Null, "{good:#}");
    assert_eq!(good["report"]["further"], json!([]));
    assert_eq!(good["report"]["rows"], good["rows"]);
    assert_eq!(good["is_sealing"], true);
    let anchor: Anchor = good["anchor"]
        .as_str()
        .expect("an anchor")
        .parse()
        .expect("good");
    assert_eq!(json!(anchor.seq()), good["rows"]);

    let books = rig.app.store().path().to_path_buf();
    let changed = std::process::Command::new("python3")
        .args(["-c", "import sqlite3, sys; b = sqlite3.connect(sys.argv[1]); b.executescript(\"DROP TRIGGER audit_is_append_only_u; UPDATE audit SET reason = 'never said' WHERE seq = 7\")"])
        .arg(&books)
        .status()
        .expect("python3 runs (test.sh installs it)");
    assert!(changed.success());
    chain(&rig, true).await;
    work(&rig).await;
    let bad = chain(&rig, false).await;
    assert_eq!(bad["report"]["fault"]["row"], 7, "{bad:#}");
    let told = rows(&rig, "trail_fault").await;
    assert!(told[0].reason.contains("row 7 was changed"), "{told:?}");
    chain(&rig, true).await;
    work(&rig).await;
    assert_eq!(
        rows(&rig, "trail_fault").await.len(),
        1,
        "the same fault is told once"
    );
    let walked =
        millrace_app::trail::check::of_file(&books, Vec::new(), Vec::new()).expect("readable");
    assert_eq!(walked.fault.map(|fault| fault.row), Some(7));
}

#[tokio::test]
async fn books_older_than_the_last_seal_are_noticed_at_the_start() {
    let rig = Rig::start(905).await;
    let books = rig.app.store().path().to_path_buf();
    rig.app.store().checkpoint().await.expect("checkpointed");
    let copy = std::fs::read(&books).expect("readable");
    add_rows(&rig, 100).await;
    work(&rig).await;
    let books_of = books.clone();
    let rig = rig
        .crash_meanwhile(move |_| std::fs::write(&books_of, &copy).expect("put back"))
        .await;
    let told = rows(&rig, "trail_differs").await;
    assert_eq!(told.len(), 1, "{told:?}");
    let info = rig
        .app
        .dispatch("app_info", json!({}), None)
        .await
        .expect("public");
    let problem = info["problems"][0].clone();
    assert_eq!(problem["area"], "audit", "{problem}");
    assert!(
        problem["message"]
            .as_str()
            .expect("text")
            .contains("rows were removed"),
        "{problem}"
    );
    // From here on they are the books of this computer again.
    let rig = rig.crash_and_restart().await;
    assert_eq!(rows(&rig, "trail_differs").await.len(), 1);
}

#[tokio::test]
async fn a_lost_key_is_followed_by_a_new_one_and_an_open_one_is_not_used() -> Result<(), AppError> {
    let rig = Rig::start(906).await;
    let key = rig.folder().join("keys/seal.key");
    let file = key.clone();
    let rig = rig
        .crash_meanwhile(move |_| std::fs::remove_file(&file).expect("there"))
        .await;
    assert_eq!(
        causes(&rig)
            .await
            .iter()
            .filter(|cause| *cause == "key")
            .count(),
        2
    );
    assert!(
        rows(&rig, "seal_key_add").await[0]
            .reason
            .contains("was not there")
    );
    rig.ok(Who::Operator, "order_import", json!({})).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let rig = rig
            .crash_meanwhile(move |_| {
                std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644))
                    .expect("ours");
            })
            .await;
        let info = rig.app.dispatch("app_info", json!({}), None).await?;
        let told = info["problems"][0]["message"]
            .as_str()
            .expect("a problem")
            .to_owned();
        assert!(told.contains("can be read by others"), "{told}");
        let chain = chain(&rig, false).await;
        assert_eq!(chain["is_sealing"], false);
        let auditor = rig.log_in_as("Auditor 1", Role::Auditor).await;
        rig.call_as(&auditor, "audit_list", json!({ "limit": 1 }))
            .await?;
    }
    Ok(())
}
