//! The disk of the books is full while a batch runs: nothing is acknowledged to the PLC that is not
//! stored, whoever asks for something is told, and all goes on by itself once there is room. Needs a
//! file system of its own and so the right to mount one; says so where it cannot.

use std::path::{Path, PathBuf};
use std::process::Command;

use millrace_app::commands::live::BooksState;
use millrace_core::error_code::ErrorCode;
use millrace_tests::{Rig, WHOLE_BATCH, Who};
use serde_json::json;

const ORDER: &str = "WH/MO/00101";
const FIRST: &str = "WH/MO/00101/1";
/// Set for the part that runs on the small file system.
const SMALL: &str = "MILLRACE_SMALL_DISK";

#[test]
fn on_a_small_disk() {
    run("12m", "inside");
}

#[test]
fn on_a_disk_with_room_for_a_reserve() {
    run("96m", "with_reserve");
}

/// Runs a test of this file in mounts of its own, on a file system of some megabytes.
fn run(size: &str, test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this test");
    let script = format!(
        "mount -t tmpfs -o size={size} tmpfs \"$TMPDIR\" || exit 77; exec \"$0\" --exact --ignored --nocapture disk_full::{test}"
    );
    let ran = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .arg(&own)
        .env("TMPDIR", folder.path())
        .env(SMALL, "1")
        .output();
    match ran {
        Ok(ran) if ran.status.success() => {
            let said = String::from_utf8_lossy(&ran.stdout);
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(ran) if ran.status.code() == Some(77) || !may_mount() => {
            skipped("nothing may be mounted here")
        }
        Ok(ran) => panic!(
            "{}\n{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        ),
        Err(error) => skipped(&format!("unshare cannot be run: {error}")),
    }
}

fn may_mount() -> bool {
    Command::new("unshare")
        .args(["--mount", "true"])
        .status()
        .is_ok_and(|status| status.success())
}

#[expect(
    clippy::print_stdout,
    reason = "a test that did not try it must say so"
)]
fn skipped(why: &str) {
    println!("SKIPPED: the disk that is full was not tried: {why}");
}

/// Takes all the room that is left.
fn fill(folder: &Path) -> PathBuf {
    use std::io::Write as _;
    let file = folder.join("filler");
    let mut out = std::fs::File::create(&file).expect("a file");
    while out.write_all(&[0_u8; 4096]).is_ok() {}
    file
}

/// A batch that runs.
async fn half_made(rig: &Rig) {
    rig.begin(FIRST).await;
    rig.until("half of it", WHOLE_BATCH, |live| {
        live.batch
            .as_ref()
            .is_some_and(|batch| batch.dosed_g > Some(300_000))
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a small disk: `on_a_small_disk` runs it on one"]
async fn inside() {
    assert!(
        std::env::var_os(SMALL).is_some(),
        "run `on_a_small_disk` instead"
    );
    let rig = Rig::start(930).await;
    half_made(&rig).await;
    assert_eq!(rig.live().books.state, BooksState::Good);
    let filler = fill(rig.folder());
    let acks = |rig: &Rig| {
        let books = rig.books();
        books.batches.iter().map(|batch| batch.acks).sum::<u32>()
    };
    // The PLC finishes; what it made cannot be stored.
    for step in 0..WHOLE_BATCH {
        rig.step().await;
        assert_eq!(acks(&rig), 0, "step {step}: acknowledged and not stored");
    }
    rig.app.work_disk().await.expect("looked at");
    rig.step().await;
    let live = rig.live();
    assert_eq!(live.books.state, BooksState::Full, "{:?}", live.books);
    let finished = rig.books().batches.iter().all(|batch| batch.finished);
    assert!(finished, "the plant is done");
    assert!(live.batch.is_some(), "the books are not");
    for command in ["order_import", "training_clear"] {
        let refused = rig.call(Who::Operator, command, json!({})).await;
        let refused = refused.expect_err("it could not be recorded");
        assert_eq!(refused.code, ErrorCode::StoreFailed);
        assert!(refused.message.contains("the disk is full"), "{refused:?}");
    }
    // What is there can be read.
    rig.ok(Who::Operator, "overview_get", json!({})).await;
    rig.ok(Who::Operator, "history_list", json!({ "limit": 5 }))
        .await;

    std::fs::remove_file(filler).expect("there");
    rig.app.work_disk().await.expect("recorded");
    rig.step().await;
    assert_eq!(rig.live().books.state, BooksState::Good);
    assert_eq!(rig.audit_count("books_writable").await, 1);
    rig.finish().await;
    rig.drain().await;
    assert_eq!(acks(&rig), 1);
    rig.check_books(ORDER).await;
}

#[tokio::test]
#[ignore = "needs a small disk: `on_a_disk_with_room_for_a_reserve` runs it on one"]
async fn with_reserve() {
    assert!(
        std::env::var_os(SMALL).is_some(),
        "run `on_a_disk_with_room_for_a_reserve` instead"
    );
    let rig = Rig::start(931).await;
    let reserve = rig.app.store().path().with_file_name("reserve");
    rig.app.work_disk().await.expect("looked at");
    assert!(reserve.is_file(), "kept back");
    half_made(&rig).await;
    let filler = fill(rig.folder());
    let mut is_full = false;
    for _ in 0..WHOLE_BATCH {
        rig.step().await;
        is_full |= rig.app.store().trouble().is_some();
        if is_full {
            break;
        }
    }
    assert!(is_full, "the disk was full");
    rig.app.work_disk().await.expect("looked at");
    let length = |file: &Path| std::fs::metadata(file).expect("there").len();
    assert_eq!(length(&reserve), 0, "given away");
    // The disk is as full as before to everybody else; what runs is made to its end and recorded.
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    let live = rig.live();
    assert_eq!(live.books.state, BooksState::Reserve, "{:?}", live.books);
    rig.check_books(ORDER).await;
    // A restart does not forget it.
    let rig = rig.crash_and_restart().await;
    rig.app.work_disk().await.expect("looked at");
    rig.step().await;
    assert_eq!(rig.live().books.state, BooksState::Reserve);
    rig.approve("WH/MO/00102/1").await;
    let batch = rig.batch("WH/MO/00102/1").await;
    let start = json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] });
    for (command, payload) in [("batch_start", start.clone()), ("order_import", json!({}))] {
        let refused = rig.call(Who::Operator, command, payload).await;
        let refused = refused.expect_err("nothing new begins");
        assert_eq!(refused.code, ErrorCode::StoreFailed, "{command}");
        assert!(refused.message.contains("kept back"), "{refused:?}");
    }
    std::fs::remove_file(filler).expect("there");
    rig.app.work_disk().await.expect("looked at");
    assert!(length(&reserve) > 0, "kept back again");
    rig.step().await;
    assert_eq!(rig.live().books.state, BooksState::Good);
    rig.ok(Who::Operator, "batch_start", start).await;
}
