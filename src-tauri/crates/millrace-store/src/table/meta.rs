//! `meta`: single values by name (instance id, last import).

use rusqlite::OptionalExtension;

use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// The value under a key.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }
}

impl Write<'_> {
    /// Removes the value under a key.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn meta_clear(&self, key: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM meta WHERE key = ?1")?
            .execute([key])?;
        Ok(())
    }

    /// Sets the value under a key.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn meta_set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?
            .execute([key, value])?;
        Ok(())
    }
}
