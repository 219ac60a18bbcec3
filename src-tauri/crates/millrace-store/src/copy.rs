//! Whole copies of the books: taken while somebody writes, marked as copies, examined. Leaves out where
//! they go, their checksum and how long they are kept (application).

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension};

use crate::error::{StoreError, Trouble};
use crate::migrate;
use crate::{Read, Write};

/// Under this key a copy says that it is one. It stands in the copy only: whoever opens it as books
/// knows that the plant went on without them.
const LABEL: &str = "copy_label";
/// Numbers that a restored plant leaves out, so that nothing new gets a number, and with it a key in the
/// ERP, that was given away after the copy was made.
const GAP: i64 = 1_000_000;
/// How often a copy is begun anew when the books are locked for a moment.
const TRIES: u32 = 100;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFacts {
    /// Version of its tables.
    pub schema: i64,
    /// Number and hash of the last row of its audit trail.
    pub head: Option<(i64, String)>,
    /// The public key of the newest seal; `None` = nothing was sealed yet.
    pub public_key: Option<String>,
}

/// The version of the tables that this program knows.
#[must_use]
pub fn schema_known() -> i64 {
    migrate::known()
}

/// The version of the tables in a file; `None` where there is no file, 0 in an empty one.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is no database, or as SQLite reports them.
pub fn schema_of(path: &Path) -> Result<Option<i64>, StoreError> {
    if !path.is_file() {
        return Ok(None);
    }
    let connection = migrate::connect_read_only(path).map_err(|error| match error.trouble() {
        Some(Trouble::Damaged(what)) => damaged(path, what),
        _ => error,
    })?;
    version(&connection, path).map(Some)
}

/// Copies the books at `from`, in use or not, to the new file `to` in one reading: what is committed
/// meanwhile is not in it, and nobody who writes waits for it. The copy is one file without a log,
/// holds `label`, is synced to the disk, and was read through once: every page, every foreign key.
///
/// # Errors
/// [`StoreError::Corrupt`] when the copy does not pass its check, or as SQLite reports them. What was
/// written so far is left for the caller to remove.
pub fn copy(from: &Path, to: &Path, label: &str) -> Result<CopyFacts, StoreError> {
    let source = migrate::connect_read_only(from)?;
    let mut target = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        let mut tries = 0;
        // All pages in one step hold one reading open: in steps, a busy writer would begin it anew.
        while backup.step(-1)? != StepResult::Done {
            tries += 1;
            if tries == TRIES {
                return Err(StoreError::Sqlite(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                    Some("the books are locked".into()),
                )));
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
    drop(source);
    target.pragma_update(None, "journal_mode", "DELETE")?;
    target.pragma_update(None, "synchronous", "FULL")?;
    set_label(&target, label)?;
    let facts = facts_of(&target, to)?;
    target.close().map_err(|(_, error)| error)?;
    Ok(facts)
}

/// Reads a copy through: every page, every index, every foreign key.
///
/// # Errors
/// [`StoreError::Corrupt`] with the first finding, or as SQLite reports them.
pub fn examine(path: &Path) -> Result<CopyFacts, StoreError> {
    let connection = migrate::connect_read_only(path)?;
    facts_of(&connection, path)
}

fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| damaged(path, error.to_string()))
}

fn damaged(path: &Path, what: String) -> StoreError {
    StoreError::Corrupt {
        path: path.display().to_string(),
        what,
    }
}

fn facts_of(connection: &Connection, path: &Path) -> Result<CopyFacts, StoreError> {
    let schema = version(connection, path)?;
    let verdict: String = connection
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(|error| damaged(path, error.to_string()))?;
    if verdict != "ok" {
        return Err(damaged(path, verdict));
    }
    let orphan: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()?;
    if let Some(table) = orphan {
        return Err(damaged(
            path,
            format!("a row of {table} belongs to nothing"),
        ));
    }
    let head = connection
        .query_row(
            "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let has_keys: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'seal_key')",
        [],
        |row| row.get(0),
    )?;
    let public_key = if has_keys {
        connection
            .query_row(
                "SELECT public_key FROM seal_key ORDER BY key_no DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?
    } else {
        None
    };
    Ok(CopyFacts {
        schema,
        head,
        public_key,
    })
}

/// Brings a copy to this program's version, sets its label, and leaves it as one synced file without a
/// log.
///
/// # Errors
/// [`StoreError::TooNew`], [`StoreError::Corrupt`], [`StoreError::Migration`], or as SQLite reports them.
pub fn bring_to_version(path: &Path, label: &str) -> Result<(), StoreError> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate::migrate(&mut connection, path)?;
    set_label(&connection, label)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// The label of a copy, of any version; `None` = it has none.
///
/// # Errors
/// As SQLite reports them.
pub fn label_of(path: &Path) -> Result<Option<String>, StoreError> {
    let connection = migrate::connect_read_only(path)?;
    Ok(connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [LABEL], |row| {
            row.get(0)
        })
        .optional()?)
}

fn set_label(connection: &Connection, label: &str) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [LABEL, label],
    )?;
    Ok(())
}

/// Brings the books' log into their one file, where nobody has them open; for moving them.
///
/// # Errors
/// As SQLite reports them: then the log still belongs to the file.
pub fn fold_log(path: &Path) -> Result<(), StoreError> {
    let connection = migrate::connect(path)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

impl Read<'_> {
    /// What a copy says of itself; `None` = these are no copy, or were opened as books before.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn copy_label(&self) -> Result<Option<String>, StoreError> {
        self.meta(LABEL)
    }
}

impl Write<'_> {
    /// From here on these are the plant's books and no copy: the label goes, and numbers go on behind a
    /// gap. Answers the last order's number before the gap.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn copy_becomes_books(&self) -> Result<i64, StoreError> {
        let last_order: i64 = self.connection.query_row(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'erp_order'), 0)",
            [],
            |row| row.get(0),
        )?;
        for table in ["erp_order", "batch", "outbox"] {
            let updated = self.connection.execute(
                "UPDATE sqlite_sequence SET seq = seq + ?2 WHERE name = ?1",
                rusqlite::params![table, GAP],
            )?;
            if updated == 0 {
                self.connection.execute(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                    rusqlite::params![table, GAP],
                )?;
            }
        }
        self.connection
            .execute("DELETE FROM meta WHERE key = ?1", [LABEL])?;
        Ok(last_order)
    }
}
