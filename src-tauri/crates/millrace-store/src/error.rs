//! What can go wrong with the books, sorted by who must act.

use rusqlite::ffi;

/// Why nothing can be committed. What is stored can still be read, as far as the disk gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The disk is full.
    Full(String),
    /// The disk does not do what it is asked to.
    Disk(String),
    /// The file is damaged. Nothing is written to it any more until it is opened anew.
    Damaged(String),
}

impl Trouble {
    /// The trouble that a code of SQLite's tells of; `None` = it is not the disk's.
    pub(crate) fn of(code: i32) -> Option<Trouble> {
        let text = || ffi::Error::new(code).to_string();
        match code & 0xFF {
            ffi::SQLITE_FULL => Some(Trouble::Full(text())),
            ffi::SQLITE_IOERR | ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => {
                Some(Trouble::Disk(text()))
            }
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Some(Trouble::Damaged(text())),
            _ => None,
        }
    }
}

/// The last fault of the disk that this thread met, whoever was told of it: a caller of the writer may
/// have made a sentence of it already.
pub(crate) mod fault {
    use std::cell::Cell;

    use super::Trouble;

    thread_local! {
        static LAST: Cell<Option<i32>> = const { Cell::new(None) };
    }

    /// Keeps a code in mind that tells of the disk.
    pub(super) fn note(code: i32) {
        if Trouble::of(code).is_some() {
            LAST.set(Some(code));
        }
    }

    /// The code, kept.
    pub(crate) fn seen() -> Option<i32> {
        LAST.get()
    }

    /// The code, and forgets it.
    pub(crate) fn take() -> Option<i32> {
        LAST.take()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if let rusqlite::Error::SqliteFailure(failure, _) = &error {
            fault::note(failure.extended_code);
        }
        StoreError::Sqlite(error)
    }
}

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a newer program.
    #[error(
        "the database {path} has version {found}, this program knows versions up to {known}: install the newer program, or restore the backup made before its first start"
    )]
    TooNew {
        /// Which file.
        path: String,
        /// Version in the file.
        found: i64,
        /// Highest version known here.
        known: i64,
    },
    /// The file was written by an older program, and whoever asks may not change it.
    #[error(
        "the database {path} has version {found}, this program reads version {known}: start the program once on a copy of it, which brings the copy to that version"
    )]
    TooOld {
        /// Which file.
        path: String,
        /// Version in the file.
        found: i64,
        /// Version known here.
        known: i64,
    },
    /// The file is damaged.
    #[error("the database {path} is damaged ({what}); nothing was written to it")]
    Corrupt {
        /// Which file.
        path: String,
        /// The first finding.
        what: String,
    },
    /// A migration failed.
    #[error("the database could not be brought to this program's version: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// SQLite's own.
    #[error("the database answered: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// A stored word, number or JSON that the program does not know.
    #[error("the database holds {what} = {value:?}, which this program does not know")]
    Unknown {
        /// Table and column.
        what: &'static str,
        /// The value.
        value: String,
    },
    /// A row that must be there is not.
    #[error("there is no {what} {id}")]
    Missing {
        /// Table.
        what: &'static str,
        /// Id.
        id: i64,
    },
    /// The row was changed since it was read.
    #[error("{what} {id} was changed meanwhile")]
    Changed {
        /// Table.
        what: &'static str,
        /// Id.
        id: i64,
    },
    /// The file could not be reached.
    #[error("the database {path} cannot be opened: {source}")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// The writer has ended.
    #[error("the database is closed")]
    Stopped,
}

impl StoreError {
    /// SQLite's code for it, as far as it is SQLite's.
    pub(crate) fn sqlite_code(&self) -> i32 {
        match self {
            StoreError::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
            | StoreError::Open {
                source: rusqlite::Error::SqliteFailure(failure, _),
                ..
            } => failure.extended_code,
            StoreError::Corrupt { .. } => ffi::SQLITE_CORRUPT,
            _ => ffi::SQLITE_ERROR,
        }
    }

    /// The trouble with the disk that it tells of, if it does.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        Trouble::of(self.sqlite_code())
    }

    /// True when the disk is full: reading goes on, nothing new can be committed.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(
            self,
            StoreError::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == rusqlite::ErrorCode::DiskFull
        )
    }
}
