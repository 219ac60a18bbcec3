//! Read connections: a small pool, each of them unable to write.

use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::StoreError;
use crate::migrate;

/// A view of the books in which tables may be read. The tables' own files add the methods.
#[derive(Debug)]
pub struct Read<'c> {
    pub(crate) connection: &'c Connection,
}

impl Read<'_> {
    /// Runs `work` on one state of the books, whatever is committed meanwhile. May be nested, and
    /// stand within a transaction.
    ///
    /// # Errors
    /// What `work` returned, or as SQLite reports them.
    pub fn at_one_moment<T>(
        &self,
        work: impl FnOnce(&Read<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.execute_batch("SAVEPOINT moment")?;
        let outcome = work(self);
        self.connection.execute_batch("RELEASE moment")?;
        outcome
    }

    /// What is wrong with the file itself, one sentence each; SQLite's own quick check.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn damage(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare("PRAGMA quick_check")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let mut found = Vec::new();
        for row in rows {
            let verdict = row?;
            if verdict != "ok" {
                found.push(format!("the database file is damaged: {verdict}"));
            }
        }
        Ok(found)
    }

    /// Journal mode and `synchronous` of this connection.
    pub(crate) fn durability_pragmas(&self) -> Result<(String, i64), StoreError> {
        let mode = self
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous = self
            .connection
            .pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok((mode, synchronous))
    }
}

/// The pool. A caller waits for a free connection.
#[derive(Debug)]
pub(crate) struct ReaderPool {
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl ReaderPool {
    pub(crate) fn open(path: &Path, count: usize) -> Result<ReaderPool, StoreError> {
        let connections = (0..count)
            .map(|_| migrate::connect_read_only(path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(ReaderPool {
            free: Mutex::new(connections),
            returned: Condvar::new(),
        })
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&Read<'_>) -> T) -> T {
        let connection = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                match free.pop() {
                    Some(connection) => break connection,
                    None => {
                        free = self
                            .returned
                            .wait(free)
                            .unwrap_or_else(PoisonError::into_inner)
                    }
                }
            }
        };
        // The connection goes back even when `work` panics.
        let guard = Returned {
            pool: self,
            connection: Some(connection),
        };
        work(&Read {
            connection: guard.connection.as_ref().expect("taken only on drop"),
        })
    }

    /// Runs `work` on every connection of the pool (all must be free).
    pub(crate) fn each<T>(
        &self,
        work: impl Fn(&Read<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.iter()
            .map(|connection| work(&Read { connection }))
            .collect()
    }
}

struct Returned<'p> {
    pool: &'p ReaderPool,
    connection: Option<Connection>,
}

impl Drop for Returned<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            self.pool.returned.notify_one();
        }
    }
}
