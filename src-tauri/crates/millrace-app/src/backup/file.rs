//! Backups as files. A backup is the books in one file and beside it its manifest: checksum, versions,
//! the public key and the head of the audit trail. It is made under a name that ends in `.part`;
//! renaming it is what publishes it, so a broken-off one never looks like a backup. Leaves out when
//! one is made.
//!
//! The private seal key does not go along: a backup travels to other disks and machines, and whoever
//! had both could write a trail of their own and seal it. A restored plant on a new machine makes a
//! new key, and the trail tells of it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::hex;
use millrace_core::backup::{BackupCause, Keep, Kept, may_go};
use millrace_store::copy;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BackupError;

/// What a backup's file name begins with.
const PREFIX: &str = "millrace-";
/// What a backup's file name ends with.
const BOOKS: &str = ".db";
/// What is put behind it for the manifest.
const MANIFEST: &str = ".json";
/// What is put behind a name while the file is not whole.
const PART: &str = ".part";
/// Only who holds this file changes the folder.
const LOCK: &str = "backup.lock";

/// What a copy says of itself, inside its books: whoever opens it as books finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// When the copy was made, UTC milliseconds.
    pub at_ms: i64,
    /// Of which site.
    pub site: String,
    /// The backup's file name.
    pub file: String,
    /// What a person accepted when it was put back although it was not as it should be; empty = nothing.
    #[serde(default)]
    pub accepted: String,
}

/// A restore of the backup that was tried, and thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// What was wrong, as a sentence; `None` = it was good.
    pub fault: Option<String>,
}

/// What stands beside a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file.
    pub format: u32,
    /// The backup's file name.
    pub file: String,
    /// Why it was made.
    pub cause: BackupCause,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Its length.
    pub bytes: u64,
    /// Its checksum, hexadecimal.
    pub sha256: String,
    /// Version of its tables.
    pub schema: i64,
    /// The program that made it.
    pub program: String,
    /// Of which site.
    pub site: String,
    /// The public key of its newest seal, hexadecimal; `None` = nothing was sealed.
    pub public_key: Option<String>,
    /// The last row of its audit trail, as an anchor; `None` = the trail is empty.
    pub head: Option<String>,
    /// The latest restore test; `None` = none yet.
    pub tried: Option<Tried>,
}

/// A backup in a folder, with its manifest or why that cannot be read.
#[derive(Debug, Clone)]
pub struct Found {
    /// The backup.
    pub path: PathBuf,
    /// What stands beside it.
    pub manifest: Result<Manifest, BackupError>,
}

/// Who asks for a backup.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Why.
    pub cause: BackupCause,
    /// Now, UTC milliseconds.
    pub at_ms: i64,
    /// Of which site.
    pub site: &'a str,
    /// The program's version.
    pub program: &'a str,
}

/// Holds a backup folder; the system lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, making it where there is none, and removes what a broken-off backup left.
    pub(crate) fn take(path: &Path) -> Result<Folder, BackupError> {
        fs::create_dir_all(path).map_err(|error| BackupError::at("made", path, &error))?;
        let file = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .map_err(|error| BackupError::at("opened", &file, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(BackupError(format!(
                    "another backup to {} is under way: wait for it",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(BackupError::at("locked", &file, &error));
            }
        }
        let folder = Folder {
            path: path.to_path_buf(),
            _lock: lock,
        };
        folder.sweep()?;
        Ok(folder)
    }

    /// Removes unfinished files and manifests whose backup never came.
    fn sweep(&self) -> Result<(), BackupError> {
        for name in names(&self.path)? {
            let is_part = name.starts_with(PREFIX)
                && (name.ends_with(PART) || name.contains(&format!("{PART}-")));
            let is_alone = name.starts_with(PREFIX)
                && name
                    .strip_suffix(MANIFEST)
                    .is_some_and(|books| !self.path.join(books).exists());
            if is_part || is_alone {
                let file = self.path.join(&name);
                tracing::info!(file = %file.display(), "what a broken-off backup left is removed");
                fs::remove_file(&file)
                    .map_err(|error| BackupError::at("removed", &file, &error))?;
            }
        }
        Ok(())
    }

    /// Makes a backup of the books and publishes it.
    pub(crate) fn make(&self, books: &Path, order: Order<'_>) -> Result<Manifest, BackupError> {
        let file = self.free_name(order);
        let label = Label {
            at_ms: order.at_ms,
            site: order.site.to_owned(),
            file: file.clone(),
            accepted: String::new(),
        };
        let part = self.path.join(format!("{file}{PART}"));
        let facts = copy::copy(books, &part, &text(&label)?)
            .map_err(|error| BackupError(format!("no backup was made: {error}")))?;
        let (sha256, bytes) = digest(&part)?;
        let manifest = Manifest {
            format: 1,
            file,
            cause: order.cause,
            at_ms: order.at_ms,
            bytes,
            sha256,
            schema: facts.schema,
            program: order.program.to_owned(),
            site: order.site.to_owned(),
            public_key: facts.public_key,
            head: facts
                .head
                .and_then(|(seq, hash)| Anchor::of(seq, &hash).ok())
                .map(|anchor| anchor.to_string()),
            tried: None,
        };
        self.publish(&part, &manifest)?;
        Ok(manifest)
    }

    /// A name that no backup has yet: its time, a number where there are several, and why it is made.
    fn free_name(&self, order: Order<'_>) -> String {
        let (time, cause) = (stamp(order.at_ms), order.cause.word());
        let mut name = format!("{PREFIX}{time}-{cause}{BOOKS}");
        let mut number = 1;
        while self.path.join(&name).exists() {
            number += 1;
            name = format!("{PREFIX}{time}-{cause}-{number}{BOOKS}");
        }
        name
    }

    /// Copies a published backup from another folder, and reads the copy again.
    pub(crate) fn take_over(&self, from: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        let part = self.path.join(format!("{}{PART}", manifest.file));
        fs::copy(from, &part).map_err(|error| BackupError::at("written", &part, &error))?;
        sync(&part)?;
        agree(&part, manifest)?;
        self.publish(&part, manifest)
    }

    /// The manifest first: a backup that is there always has one.
    fn publish(&self, part: &Path, manifest: &Manifest) -> Result<(), BackupError> {
        sync(part)?;
        let target = self.path.join(&manifest.file);
        write_manifest(&target, manifest)?;
        fs::rename(part, &target).map_err(|error| BackupError::at("published", &target, &error))?;
        sync_folder(&self.path)
    }

    /// Deletes what need not be kept; answers the names. A backup goes before its manifest.
    pub(crate) fn prune(&self, keep: Keep) -> Result<Vec<String>, BackupError> {
        let kept: Vec<Kept> = list(&self.path)?
            .into_iter()
            .filter_map(|found| found.manifest.ok())
            .map(|manifest| Kept {
                month: month(manifest.at_ms),
                is_tested: manifest.tried.is_some_and(|tried| tried.fault.is_none()),
                name: manifest.file,
                at_ms: manifest.at_ms,
            })
            .collect();
        let gone = may_go(&kept, keep);
        for name in &gone {
            for file in [self.path.join(name), beside(&self.path.join(name))] {
                fs::remove_file(&file)
                    .map_err(|error| BackupError::at("removed", &file, &error))?;
            }
        }
        Ok(gone)
    }

    /// Writes down how a restore test of a backup went.
    pub(crate) fn note_tried(&self, name: &str, tried: Tried) -> Result<(), BackupError> {
        let target = self.path.join(name);
        let mut manifest = manifest_of(&target)?;
        manifest.tried = Some(tried);
        write_manifest(&target, &manifest)?;
        sync_folder(&self.path)
    }
}

/// Makes a backup in a folder; for the command line.
///
/// # Errors
/// [`BackupError`]; nothing was published then.
pub fn make(books: &Path, folder: &Path, order: Order<'_>) -> Result<Manifest, BackupError> {
    if !books.is_file() {
        return Err(BackupError(format!(
            "there are no books {}",
            books.display()
        )));
    }
    Folder::take(folder)?.make(books, order)
}

/// The backups in a folder, newest first. No folder = none.
///
/// # Errors
/// [`BackupError`] when the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Found>, BackupError> {
    let mut files: Vec<String> = names(folder)?
        .into_iter()
        .filter(|name| name.starts_with(PREFIX) && name.ends_with(BOOKS))
        .collect();
    // The name begins with the time.
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files
        .into_iter()
        .map(|name| {
            let path = folder.join(name);
            let manifest = manifest_of(&path);
            Found { path, manifest }
        })
        .collect())
}

/// The manifest beside a backup.
///
/// # Errors
/// [`BackupError`] when there is none or it cannot be understood.
pub fn manifest_of(backup: &Path) -> Result<Manifest, BackupError> {
    let file = beside(backup);
    let text = fs::read_to_string(&file).map_err(|error| BackupError::at("read", &file, &error))?;
    serde_json::from_str(&text).map_err(|error| BackupError::at("understood", &file, &error))
}

/// Whether the file is the one that the manifest tells of.
///
/// # Errors
/// [`BackupError`]: another length, another checksum, or unreadable.
pub(crate) fn agree(file: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let (sha256, bytes) = digest(file)?;
    if bytes != manifest.bytes || sha256 != manifest.sha256 {
        return Err(BackupError(format!(
            "{} is not the file that was backed up: its checksum is {sha256} over {bytes} bytes, its manifest says {} over {}",
            file.display(),
            manifest.sha256,
            manifest.bytes
        )));
    }
    Ok(())
}

/// A label or a manifest as text.
pub(super) fn text<T: Serialize>(value: &T) -> Result<String, BackupError> {
    serde_json::to_string_pretty(value)
        .map_err(|error| BackupError(format!("a manifest cannot be written: {error}")))
}

/// SHA-256 and length of a file.
fn digest(file: &Path) -> Result<(String, u64), BackupError> {
    let failed = |error: io::Error| BackupError::at("read", file, &error);
    let mut source = File::open(file).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let count = source.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok((hex(&hash.finalize()), bytes));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
}

fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(MANIFEST);
    PathBuf::from(name)
}

fn write_manifest(backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let target = beside(backup);
    let mut half = target.as_os_str().to_owned();
    half.push(PART);
    let half = PathBuf::from(half);
    fs::write(&half, format!("{}\n", text(manifest)?))
        .map_err(|error| BackupError::at("written", &half, &error))?;
    sync(&half)?;
    fs::rename(&half, &target).map_err(|error| BackupError::at("written", &target, &error))
}

fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::at("read", folder, &error)),
    };
    entries
        .map(|entry| {
            entry
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .map_err(|error| BackupError::at("read", folder, &error))
        })
        .collect()
}

pub(super) fn sync(file: &Path) -> Result<(), BackupError> {
    File::options()
        .write(true)
        .open(file)
        .and_then(|file| file.sync_all())
        .map_err(|error| BackupError::at("brought to the disk", file, &error))
}

#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| BackupError::at("brought to the disk", folder, &error))
}

/// Here a folder cannot be synced; the system writes its entries through.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> Result<(), BackupError> {
    Ok(())
}

/// A time as it stands in a file name, UTC; names in their order are times in their order.
pub(super) fn stamp(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |at| at.strftime("%Y%m%dT%H%M%S%3fZ").to_string(),
    )
}

/// The month, counted on (year × 12 + month), UTC.
fn month(at_ms: i64) -> i64 {
    jiff::Timestamp::from_millisecond(at_ms).map_or(0, |at| {
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        i64::from(date.year()) * 12 + i64::from(date.month())
    })
}
