//! What can go wrong with the books, sorted by who must act.

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
    #[error("the database {path} is damaged ({what}): restore a backup; nothing was written to it")]
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
    Sqlite(#[from] rusqlite::Error),
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
