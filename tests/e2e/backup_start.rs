//! Books that are damaged, missing, old or half put back when the program starts: nothing is written over
//! them, and the sentence names the backup and the command that put it right.

use std::path::{Path, PathBuf};

use millrace_app::backup::file::{list, manifest_of};
use millrace_app::backup::{Request, restore};
use millrace_app::{App, StartError};
use millrace_core::backup::BackupCause;
use millrace_core::error_code::ErrorCode;
use serde_json::json;

use super::bad_start::{plant, problems, setup, start, write};

/// A plant that was begun, backed up and ended; answers its books and the backup.
async fn ended(folder: &Path) -> (PathBuf, PathBuf) {
    let plant = plant().await;
    let (fins, odoo) = (plant.fins().to_string(), plant.odoo_url());
    write(folder, &fins, &odoo, "scada-demo");
    let (app, _) = start(folder).await;
    app.work_backup().await.expect("the books take it");
    app.shutdown().await;
    drop(app);
    let books = folder.join("data/millrace.db");
    let backup = list(&folder.join("data/backups"))
        .expect("readable")
        .remove(0)
        .path;
    (books, backup)
}

/// Starts once the folder is free again.
async fn again(folder: &Path) -> Result<App, StartError> {
    for _ in 0..200 {
        match App::start(setup(folder)).await {
            Err(error) if error.to_string().contains("already runs") => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
    panic!("the folder was not let go of");
}

fn put_back(books: &Path, backup: &Path) {
    let request = Request {
        backup: backup.to_path_buf(),
        books: books.to_path_buf(),
        accept_broken: false,
        at_ms: 1_800_000_000_000,
    };
    restore::restore(&request).expect("put back");
}

async fn log_in(app: &App) -> Result<(), ErrorCode> {
    let who = json!({ "user": "Administrator", "secret": "a long enough secret" });
    let session = app.dispatch("session_open", who, None).await;
    session.map(drop).map_err(|error| error.code)
}

#[tokio::test]
async fn damaged_books_are_told_of_and_left_as_they_are_until_a_backup_is_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, backup) = ended(folder.path()).await;
    let mut bytes = std::fs::read(&books).expect("there");
    // The roots of the first tables; the header is as it was.
    bytes[2 * 4096..8 * 4096].fill(0xA5);
    std::fs::write(&books, &bytes).expect("written");
    let app = again(folder.path()).await.expect("it starts to tell");
    let told = problems(&app).await;
    let (_, why) = told
        .iter()
        .find(|(area, _)| area == "store")
        .unwrap_or_else(|| panic!("{told:?}"));
    assert!(why.contains("is damaged"), "{why}");
    assert!(why.contains(backup.to_str().expect("plain")), "{why}");
    assert!(why.contains("millrace restore"), "{why}");
    app.work_disk().await.expect("looked at");
    app.cycle().await;
    let live = app.live();
    assert!(live.books.cause.is_some(), "{:?}", live.books);
    assert_eq!(log_in(&app).await, Err(ErrorCode::StoreFailed));
    app.shutdown().await;
    drop(app);
    assert_eq!(std::fs::read(&books).expect("there"), bytes, "left alone");
    // The folder's lock goes with the last task.
    let app = again(folder.path()).await.expect("still only told");
    app.shutdown().await;
    drop(app);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;

    put_back(&books, &backup);
    let app = again(folder.path()).await.expect("whole");
    assert_eq!(log_in(&app).await, Ok(()));
    app.shutdown().await;
}

#[tokio::test]
async fn books_that_cannot_be_read_at_all_name_the_backup_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, backup) = ended(folder.path()).await;
    let mut bytes = std::fs::read(&books).expect("there");
    bytes[..100].fill(0xA5);
    std::fs::write(&books, &bytes).expect("written");
    let why = again(folder.path()).await.expect_err("no database");
    let why = why.to_string();
    assert!(why.contains(backup.to_str().expect("plain")), "{why}");
    assert_eq!(std::fs::read(&books).expect("there"), bytes, "left alone");
}

#[tokio::test]
async fn a_damaged_backup_is_passed_over_for_an_older_good_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, good) = ended(folder.path()).await;
    let newer = good.with_file_name("millrace-29991231T000000000Z-asked.db");
    std::fs::copy(&good, &newer).expect("copied");
    std::fs::copy(
        format!("{}.json", good.display()),
        format!("{}.json", newer.display()),
    )
    .expect("copied");
    let bytes = std::fs::read(&newer).expect("there");
    std::fs::write(&newer, &bytes[..bytes.len() - 512]).expect("cut");
    std::fs::write(&books, b"no database at all").expect("written");
    let why = again(folder.path()).await.expect_err("no database");
    assert!(
        why.to_string().contains(good.to_str().expect("plain")),
        "{why}"
    );
}

#[tokio::test]
async fn missing_books_are_not_begun_anew_where_a_trail_was_sealed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, backup) = ended(folder.path()).await;
    std::fs::remove_file(&books).expect("there");
    let why = again(folder.path()).await.expect_err("missing");
    assert!(why.to_string().contains("is missing"), "{why}");
    assert!(
        why.to_string().contains(backup.to_str().expect("plain")),
        "{why}"
    );
    assert!(!books.exists(), "nothing was begun");
    put_back(&books, &backup);
    let app = again(folder.path()).await.expect("whole");
    assert_eq!(log_in(&app).await, Ok(()));
    app.shutdown().await;
}

#[tokio::test]
async fn a_restore_that_was_broken_off_keeps_the_program_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, backup) = ended(folder.path()).await;
    let mark = books.with_file_name("millrace.db.restoring");
    std::fs::write(&mark, "here").expect("written");
    let why = again(folder.path()).await.expect_err("half put back");
    assert!(why.to_string().contains("broken off"), "{why}");
    put_back(&books, &backup);
    assert!(!mark.exists());
    let app = again(folder.path()).await.expect("whole");
    app.shutdown().await;
}

#[tokio::test]
async fn nothing_is_migrated_without_a_backup_of_what_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let (books, _) = ended(folder.path()).await;
    let backups = folder.path().join("data/backups");
    let mut bytes = std::fs::read(&books).expect("there");
    // Tables of today that say that they are of an older version: the migration itself fails.
    bytes[60..64].copy_from_slice(&5_u32.to_be_bytes());
    std::fs::write(&books, &bytes).expect("written");
    let kept = folder.path().join("data/kept");
    std::fs::rename(&backups, &kept).expect("moved");
    std::fs::write(&backups, "no folder").expect("written");
    let why = again(folder.path()).await.expect_err("no backup");
    assert!(why.to_string().contains("nothing was changed"), "{why}");
    assert_eq!(std::fs::read(&books).expect("there"), bytes, "left alone");

    std::fs::remove_file(&backups).expect("there");
    again(folder.path())
        .await
        .expect_err("such tables cannot be migrated");
    let made = list(&backups).expect("readable").remove(0);
    let manifest = manifest_of(&made.path).expect("whole");
    assert_eq!(manifest.cause, BackupCause::Migration);
    assert_eq!(manifest.schema, 5, "as they were");
}
