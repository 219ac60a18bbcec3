//! Putting a backup back, and trying whether one could be: both copy it, check its sum, every page and
//! the audit trail, and bring the copy to this program's version; only one of them puts the copy in
//! the place of the books. The backup itself is never opened for writing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use millrace_store::{StoreError, copy};

use super::BackupError;
use super::file::{Label, Manifest, agree, list, manifest_of, stamp, sync, sync_folder, text};
use crate::lock::FolderLock;
use crate::trail::check::{TrailReport, of_books};

/// Put behind the books' name while a restore is under way.
const MARK: &str = ".restoring";
/// Put behind the books' name for the copy that shall take their place.
const PART: &str = ".restore-part";
/// What SQLite may keep beside books.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What shall be put back.
#[derive(Debug, Clone)]
pub struct Request {
    /// The backup.
    pub backup: PathBuf,
    /// The books, there or not.
    pub books: PathBuf,
    /// Puts it back even without a fitting manifest or with a trail that is not whole.
    pub accept_broken: bool,
    /// Now, UTC milliseconds.
    pub at_ms: i64,
}

/// What was put back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the trail of the books is.
    pub report: TrailReport,
    /// What the backup says of itself.
    pub label: Label,
    /// Where the replaced books are now; `None` = there were none.
    pub kept: Option<PathBuf>,
    /// What was not as it should be and was accepted, one sentence each.
    pub accepted: Vec<String>,
}

/// Whether a restore of these books was broken off, as a sentence with what to do.
#[must_use]
pub fn broken_off(books: &Path) -> Option<String> {
    behind(books, MARK).exists().then(|| {
        format!(
            "a restore of {} was broken off and the books may be missing a part: run `millrace restore` again",
            books.display()
        )
    })
}

/// Puts a backup in the place of the books. What was there is kept beside them.
///
/// # Errors
/// [`BackupError`] with a sentence. Unless it says otherwise the books are as they were.
pub fn restore(request: &Request) -> Result<Restored, BackupError> {
    let folder = request
        .books
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let _lock = FolderLock::take(folder).map_err(BackupError)?;
    let part = behind(&request.books, PART);
    remove(&part)?;
    let prepared = prepare(&request.backup, &part, request.accept_broken);
    let (report, label, accepted) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            remove(&part)?;
            return Err(error);
        }
    };
    let kept = swap(request, folder, &part)?;
    Ok(Restored {
        report,
        label,
        kept,
        accepted,
    })
}

/// Tries a restore in a folder and throws it away.
///
/// # Errors
/// [`BackupError`]: why this backup could not be put back.
pub fn try_restore(backup: &Path, scratch: &Path) -> Result<TrailReport, BackupError> {
    fs::create_dir_all(scratch).map_err(|error| BackupError::at("made", scratch, &error))?;
    let part = scratch.join("restore-test.part");
    remove(&part)?;
    let outcome = prepare(backup, &part, false).map(|(report, _, _)| report);
    remove(&part)?;
    outcome
}

/// Checks a backup as it lies there: its sum and every page. Does not try the restore.
///
/// # Errors
/// [`BackupError`]: what is wrong.
pub fn check(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = manifest_of(backup)?;
    agree(backup, &manifest)?;
    copy::examine(backup).map_err(|error| BackupError(error.to_string()))?;
    Ok(manifest)
}

/// What to do about damaged books: the newest backup that is good, looked at now, and the command.
#[must_use]
pub fn advice(books: &Path, folder: &Path) -> String {
    let found = list(folder).unwrap_or_default();
    match found.iter().find(|found| check(&found.path).is_ok()) {
        Some(good) => format!(
            "The newest good backup is {}; put it back with: millrace restore \"{}\" --books \"{}\"",
            good.path.display(),
            good.path.display(),
            books.display()
        ),
        None => format!(
            "There is no good backup in {}: look on the second disk for one, then: millrace restore FILE --books \"{}\"",
            folder.display(),
            books.display()
        ),
    }
}

/// Copies a backup to `part` and makes books of it that could be opened.
fn prepare(
    backup: &Path,
    part: &Path,
    accept_broken: bool,
) -> Result<(TrailReport, Label, Vec<String>), BackupError> {
    if !backup.is_file() {
        return Err(BackupError(format!(
            "there is no file {}",
            backup.display()
        )));
    }
    let mut accepted = Vec::new();
    let mut or_accept = |outcome: Result<(), BackupError>| match outcome {
        Err(error) if accept_broken => {
            accepted.push(error.0);
            Ok(())
        }
        outcome => outcome,
    };
    let manifest = match manifest_of(backup) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            or_accept(Err(error))?;
            None
        }
    };
    fs::copy(backup, part).map_err(|error| BackupError::at("copied", backup, &error))?;
    sync(part)?;
    // The copy is what is judged: a disk that gives other bytes the second time is found here.
    if let Some(manifest) = &manifest {
        or_accept(agree(part, manifest))?;
    }
    let refused = |error: StoreError| BackupError(format!("{}: {error}", backup.display()));
    let facts = copy::examine(part).map_err(refused)?;
    if facts.schema > copy::schema_known() {
        return Err(BackupError(format!(
            "{} was made by a newer program (tables of version {}, this program knows {}): install that program, then restore with it",
            backup.display(),
            facts.schema,
            copy::schema_known()
        )));
    }
    let said = copy::label_of(part).map_err(refused)?;
    let mut label = said
        .and_then(|text| serde_json::from_str::<Label>(&text).ok())
        .unwrap_or_else(|| Label {
            at_ms: manifest.as_ref().map_or(0, |manifest| manifest.at_ms),
            site: String::new(),
            file: name(backup),
            accepted: String::new(),
        });
    copy::bring_to_version(part, &text(&label)?).map_err(refused)?;
    let anchors = manifest
        .as_ref()
        .and_then(|manifest| manifest.head.as_ref())
        .and_then(|head| head.parse().ok())
        .into_iter()
        .collect();
    let report =
        millrace_store::look(part, |read| of_books(read, anchors, Vec::new())).map_err(refused)?;
    or_accept(if report.is_good() {
        Ok(())
    } else {
        Err(BackupError(format!(
            "the audit trail in {} is not whole: {}",
            backup.display(),
            report.sentence()
        )))
    })?;
    if !accepted.is_empty() {
        label.accepted = accepted.join("; ");
        copy::bring_to_version(part, &text(&label)?).map_err(refused)?;
    }
    sync(part)?;
    Ok((report, label, accepted))
}

/// Puts the prepared file in the books' place. The mark stands from before the first change until after
/// the last: a program that finds it does not start, so that books without their log, or no books, are
/// never taken for the plant's.
fn swap(request: &Request, folder: &Path, part: &Path) -> Result<Option<PathBuf>, BackupError> {
    let books = &request.books;
    let mark = behind(books, MARK);
    fs::write(&mark, format!("{}\n", request.backup.display()))
        .map_err(|error| BackupError::at("written", &mark, &error))?;
    sync(&mark)?;
    sync_folder(folder)?;
    let kept = behind(books, &format!(".before-restore-{}", stamp(request.at_ms)));
    if books.exists()
        && let Err(error) = copy::fold_log(books)
    {
        // Damaged, perhaps why somebody restores: kept as it lies there, with its log.
        tracing::warn!(%error, "the replaced books keep their log beside them");
    }
    let has_books = books.exists();
    if has_books {
        keep(books, &kept)?;
    }
    for ending in BESIDE {
        let file = behind(books, ending);
        if file.exists() {
            keep(&file, &behind(&kept, ending))?;
        }
    }
    sync_folder(folder)?;
    for ending in BESIDE {
        remove(&behind(books, ending))?;
    }
    fs::rename(part, books).map_err(|error| BackupError::at("put in place", books, &error))?;
    sync_folder(folder)?;
    remove(&mark)?;
    sync_folder(folder)?;
    Ok(has_books.then_some(kept))
}

/// A second name where the disk can, else a copy.
fn keep(file: &Path, kept: &Path) -> Result<(), BackupError> {
    fs::hard_link(file, kept)
        .or_else(|_| {
            fs::copy(file, kept)?;
            File::options().write(true).open(kept)?.sync_all()
        })
        .map_err(|error| BackupError::at("kept", kept, &error))
}

fn remove(file: &Path) -> Result<(), BackupError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BackupError::at("removed", file, &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn behind(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
