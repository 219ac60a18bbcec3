//! `setting_change`: which settings were changed from a screen, append-only.

use rusqlite::{OptionalExtension, params};

use crate::{Read, StoreError, Write};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChangeRow {
    /// When.
    pub at_ms: i64,
    /// Which setting, with dots.
    pub key: String,
    /// Its value as it is written; `None` = back to the default.
    pub value: Option<String>,
    /// Who, by name as at that time.
    pub person: String,
}

impl Read<'_> {
    /// The last change of a setting.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn setting_change_last(&self, key: &str) -> Result<Option<SettingChangeRow>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT at_ms, key, value, person FROM setting_change WHERE key = ?1 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([key], |row| {
                Ok(SettingChangeRow {
                    at_ms: row.get(0)?,
                    key: row.get(1)?,
                    value: row.get(2)?,
                    person: row.get(3)?,
                })
            })
            .optional()?)
    }
}

impl Write<'_> {
    /// Notes a change.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn setting_change_add(&self, change: &SettingChangeRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO setting_change (at_ms, key, value, person) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                change.at_ms,
                change.key,
                change.value,
                change.person
            ])?;
        Ok(())
    }
}
