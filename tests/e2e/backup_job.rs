//! Backups by themselves: each night, tried each week, kept for a time, copied to the second disk; what
//! fails is told. And the commands of the screen.

use millrace_app::backup::file::{list, manifest_of};
use millrace_app::backup::restore::{Request, restore};
use millrace_core::access::Role;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn rig() -> Rig {
    Rig::start_with(920, |config| {
        config.backup.keep_daily = 3;
        config.backup.keep_weekly = 0;
        config.backup.keep_monthly = 0;
    })
    .await
}

async fn attention(rig: &Rig) -> Vec<String> {
    let overview = rig.ok(Who::Supervisor, "overview_get", json!({})).await;
    let rows = overview["attention"].as_array().expect("rows").clone();
    rows.iter()
        .filter_map(|row| row["code"].as_str())
        .filter(|code| code.contains("backup") || code.contains("restore"))
        .map(str::to_owned)
        .collect()
}

/// Logged in again after so long: sessions end.
async fn later(rig: &mut Rig, ms: i64) {
    rig.clock.advance_ms(ms);
    rig.log_in().await;
}

#[tokio::test]
async fn a_backup_comes_each_night_is_tried_each_week_and_kept_for_a_time() {
    let mut rig = rig().await;
    let folder = rig.folder().join("backups");
    rig.app.work_backup().await.expect("the books take it");
    let first = list(&folder).expect("readable");
    assert_eq!(first.len(), 1, "there was none");
    let tried = first[0].manifest.as_ref().expect("whole").tried.clone();
    assert_eq!(tried.expect("tried at once").fault, None);
    rig.app.work_backup().await.expect("the books take it");
    assert_eq!(list(&folder).expect("readable").len(), 1, "nothing is due");
    for _ in 0..9 {
        rig.clock.advance_ms(DAY_MS);
        rig.app.work_backup().await.expect("the books take it");
    }
    assert_eq!(rig.audit_count("backup_make").await, 10);
    assert_eq!(rig.audit_count("backup_restore_test").await, 2);
    let kept = list(&folder).expect("readable");
    // Since the eighth, which was tried last, none is proved: it and the two behind it.
    assert_eq!(kept.len(), 3, "{kept:?}");
    later(&mut rig, HOUR_MS).await;
    assert_eq!(attention(&rig).await, Vec::<String>::new());
    later(&mut rig, 3 * DAY_MS).await;
    assert_eq!(attention(&rig).await, ["backup_old"]);
}

#[tokio::test]
async fn a_backup_that_fails_is_told_and_tried_again_and_a_second_disk_has_its_copy() {
    let second = tempfile::tempdir().expect("a folder");
    let other = second.path().join("disk");
    let copy = other.clone();
    let mut rig = Rig::start_with(921, |config| config.backup.second_folder = Some(copy)).await;
    let folder = rig.folder().join("backups");
    // A file stands where the folder of the second disk should be.
    std::fs::write(&other, "not mounted").expect("written");
    rig.app.work_backup().await.expect("the books take it");
    assert_eq!(attention(&rig).await, ["backup_failed"]);
    let said = rig.ok(Who::Supervisor, "backup_list", json!({})).await;
    let why = said["failed"]["reason"].as_str().expect("a sentence");
    assert!(why.contains("not on the second disk"), "{why}");
    std::fs::remove_file(&other).expect("there");
    later(&mut rig, DAY_MS).await;
    rig.app.work_backup().await.expect("the books take it");
    assert_eq!(attention(&rig).await, Vec::<String>::new());
    let newest = list(&folder).expect("readable").remove(0);
    let name = newest.path.file_name().expect("a name");
    let there = manifest_of(&other.join(name)).expect("its copy");
    assert_eq!(there.sha256, newest.manifest.expect("whole").sha256);
}

#[tokio::test]
async fn a_backup_that_cannot_be_put_back_is_found_by_the_test_and_never_the_one_that_is_kept() {
    let mut rig = rig().await;
    let folder = rig.folder().join("backups");
    rig.app.work_backup().await.expect("the books take it");
    let good = list(&folder).expect("readable").remove(0).path;
    rig.clock.advance_ms(DAY_MS);
    rig.app.work_backup().await.expect("the books take it");
    let bad = list(&folder).expect("readable").remove(0).path;
    let mut bytes = std::fs::read(&bad).expect("readable");
    let at = bytes.len() - 100;
    bytes[at] ^= 0x10;
    std::fs::write(&bad, bytes).expect("written");
    let admin = rig.log_in_as("Admin 1", Role::Admin).await;
    let refused = rig.call_as(&admin, "backup_try", json!({})).await;
    let refused = refused.expect_err("its checksum is another");
    assert!(refused.message.contains("checksum"), "{refused:?}");
    rig.log_in().await;
    assert_eq!(attention(&rig).await, ["restore_test_failed"]);
    for day in 0..6 {
        rig.clock.advance_ms(DAY_MS);
        let admin = rig.log_in_as(&format!("Day {day}"), Role::Admin).await;
        let made = rig.call_as(&admin, "backup_now", json!({})).await;
        made.expect("made");
    }
    assert!(good.is_file(), "the only one that is proved stays");
}

#[tokio::test]
async fn the_screen_makes_lists_and_tries() {
    let rig = rig().await;
    let nothing = rig.ok(Who::Operator, "backup_list", json!({})).await;
    assert_eq!(nothing["rows"], json!([]));
    let refused = rig.call(Who::Operator, "backup_now", json!({})).await;
    assert!(refused.is_err(), "an operator has not the right");
    let admin = rig.log_in_as("Admin 1", Role::Admin).await;
    let none = rig.call_as(&admin, "backup_try", json!({})).await;
    assert!(none.is_err(), "there is none");
    for expected in 1..=2 {
        let made = rig.call_as(&admin, "backup_now", json!({})).await;
        let rows: Value = made.expect("made")["rows"].clone();
        assert_eq!(rows.as_array().map(Vec::len), Some(expected), "{rows:#}");
    }
    let tried = rig.call_as(&admin, "backup_try", json!({})).await;
    let tried = tried.expect("good");
    assert!(tried["rows"][0]["tried_at_ms"].is_i64(), "{tried:#}");
    assert!(tried["rows"][0]["tried_fault"].is_null());
}

#[tokio::test]
async fn a_restore_refuses_while_the_program_runs_on_the_books() {
    let rig = rig().await;
    rig.app.work_backup().await.expect("the books take it");
    let books = rig.folder().join("millrace.db");
    let request = Request {
        backup: list(&rig.folder().join("backups"))
            .expect("readable")
            .remove(0)
            .path,
        books: books.clone(),
        accept_broken: true,
        at_ms: 1,
    };
    let refused = restore(&request).expect_err("it runs");
    assert!(refused.to_string().contains("already runs"), "{refused}");
    rig.ok(Who::Operator, "overview_get", json!({})).await;
}
