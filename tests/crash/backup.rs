//! SIGKILL during a backup: what is published is always whole and can be put back; what is not is swept
//! away by the next one. And the commands as a person types them.
//!
//! `MILLRACE_BACKUP_KILLS` sets how many.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use millrace_app::backup::file::list;
use millrace_app::backup::restore::{broken_off, check, try_restore};
use millrace_app::clock::{Clock as _, SystemClock};
use millrace_store::table::audit::AuditEntry;
use millrace_store::{Store, StoreError};

/// Kills in the short version.
const KILLS: u32 = 20;
/// Rows of the trail in the books that are backed up: some megabytes.
const ROWS: i64 = 20_000;

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_crash-node")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the process runs")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Open books with a trail of some length.
async fn books(file: &Path) -> Store {
    let store = Store::open(file).expect("new books");
    let filled = store.write(|tx| {
        for row in 0..ROWS {
            tx.audit_add(&AuditEntry {
                at_ms: row,
                actor: "system".into(),
                action: "fill".into(),
                object: format!("row:{row}"),
                before: "null".into(),
                after: "x".repeat(200),
                reason: String::new(),
            })?;
        }
        Ok::<_, StoreError>(())
    });
    filled.await.expect("written");
    store
}

/// Books with rows, and the one backup of them.
async fn one_backup() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millrace.db");
    drop(books(&file).await);
    let to = folder.path().join("kept");
    let made = run(&["backup", "--books", text(&file), "--to", text(&to)]);
    assert!(made.status.success(), "{made:?}");
    let backup = list(&to).expect("readable").remove(0).path;
    (folder, backup)
}

#[tokio::test]
async fn a_killed_backup_never_looks_like_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millrace.db");
    let store = books(&file).await;
    let to = folder.path().join("kept");
    let arguments = ["backup", "--books", text(&file), "--to", text(&to)];
    let clock = SystemClock::new();
    let began_ms = clock.mono_ms();
    let whole = run(&arguments);
    assert!(whole.status.success(), "{whole:?}");
    let whole_ms = u64::try_from(clock.mono_ms() - began_ms).expect("time goes forward");
    let kills = std::env::var("MILLRACE_BACKUP_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let mut published = 1;
    for kill in 0..kills {
        // Somebody writes all the while.
        let entry = AuditEntry {
            at_ms: i64::from(kill),
            actor: "system".into(),
            action: "meanwhile".into(),
            object: "row".into(),
            before: "null".into(),
            after: "null".into(),
            reason: String::new(),
        };
        let mut child = command(&arguments).spawn().expect("the process starts");
        let writing = store.write(move |tx| tx.audit_add(&entry));
        writing.await.expect("the writer is never kept waiting");
        // Spread over the whole of it, and a little beyond.
        let after = whole_ms * u64::from(kill) * 11 / (u64::from(kills) * 10);
        std::thread::sleep(Duration::from_millis(after));
        child.kill().expect("killed, or ended before");
        child.wait().expect("ended");
        let found = list(&to).expect("readable");
        assert!(found.len() >= published, "a published backup is gone");
        published = found.len();
        for backup in &found {
            check(&backup.path).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        }
    }
    println!("{kills} kills over {whole_ms} ms left {published} backups");
    let last = run(&arguments);
    assert!(last.status.success(), "{last:?}");
    let left: Vec<String> = std::fs::read_dir(&to)
        .expect("readable")
        .map(|entry| {
            let entry = entry.expect("readable");
            entry.file_name().to_string_lossy().into_owned()
        })
        .filter(|name| name.contains(".part"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "the next backup sweeps");
    for backup in list(&to).expect("readable") {
        let report = try_restore(&backup.path, &folder.path().join("scratch")).expect("good");
        assert!(report.rows >= ROWS);
    }
}

#[tokio::test]
async fn a_killed_restore_leaves_whole_books_or_none_that_a_program_starts_on() {
    let (folder, backup) = one_backup().await;
    let clock = SystemClock::new();
    let target = folder.path().join("target/millrace.db");
    let arguments = ["restore", text(&backup), "--books", text(&target)];
    let began_ms = clock.mono_ms();
    let whole = run(&arguments);
    assert!(whole.status.success(), "{whole:?}");
    let whole_ms = u64::try_from(clock.mono_ms() - began_ms).expect("time goes forward");
    let kills = KILLS / 2;
    for kill in 0..kills {
        let mut child = command(&arguments).spawn().expect("the process starts");
        // Towards its end, where the files change places.
        let after = whole_ms * u64::from(kills + kill) / u64::from(2 * kills);
        std::thread::sleep(Duration::from_millis(after));
        child.kill().expect("killed, or ended before");
        child.wait().expect("ended");
        if broken_off(&target).is_none() {
            let rows = millrace_store::look(&target, |read| read.audit_verify());
            assert_eq!(rows.expect("books"), Ok(ROWS), "kill {kill}");
        }
    }
    let last = run(&arguments);
    assert!(last.status.success(), "{last:?}");
    assert_eq!(broken_off(&target), None);
    let rows = millrace_store::look(&target, |read| read.audit_verify());
    assert_eq!(rows.expect("books"), Ok(ROWS));
}

#[tokio::test]
async fn one_command_puts_a_backup_back_on_a_clean_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("millrace.db");
    let store = books(&file).await;
    let to = folder.path().join("kept");
    let made = run(&["backup", "--books", text(&file), "--to", text(&to)]);
    assert!(made.status.success(), "{made:?}");
    drop(store);
    let backup = list(&to).expect("readable").remove(0).path;
    let listed = run(&["backup", "list", "--to", text(&to)]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("not tried yet"));
    let checked = run(&["backup", "check", text(&backup)]);
    assert!(checked.status.success(), "{checked:?}");
    let clean = folder.path().join("clean/millrace.db");
    let restored = run(&["restore", text(&backup), "--books", text(&clean)]);
    assert!(restored.status.success(), "{restored:?}");
    let said = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(
        said.contains(&format!("{ROWS} rows of its audit trail are whole")),
        "{said}"
    );
    let verified = run(&["verify", "--books", text(&clean)]);
    assert!(verified.status.success(), "{verified:?}");

    // One byte of the backup is another: refused, and nothing is put anywhere.
    let mut bytes = std::fs::read(&backup).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&backup, bytes).expect("written");
    let other = folder.path().join("other/millrace.db");
    let refused = run(&["restore", text(&backup), "--books", text(&other)]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("checksum"), "{why}");
    assert!(!other.exists());
    let before = std::fs::read(&clean).expect("there");
    let refused = run(&["restore", text(&backup), "--books", text(&clean)]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(std::fs::read(&clean).expect("there"), before, "left alone");
}

#[tokio::test]
async fn a_trail_that_is_not_whole_is_put_back_only_when_a_person_accepts_it() {
    let (folder, backup) = one_backup().await;
    // Without its manifest nobody knows whether it is the file that was made.
    std::fs::remove_file(format!("{}.json", text(&backup))).expect("there");
    let target = folder.path().join("target/millrace.db");
    let refused = run(&["restore", text(&backup), "--books", text(&target)]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let accepted = run(&[
        "restore",
        text(&backup),
        "--books",
        text(&target),
        "--accept-broken",
    ]);
    assert!(accepted.status.success(), "{accepted:?}");
    assert!(String::from_utf8_lossy(&accepted.stdout).contains("WARNING"));
    let label = millrace_store::look(&target, |read| read.copy_label())
        .expect("books")
        .expect("a copy");
    assert!(
        label.contains("cannot be read"),
        "the trail will tell: {label}"
    );
}
