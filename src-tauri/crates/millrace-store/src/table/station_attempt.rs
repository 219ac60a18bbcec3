//! `station_attempt`: wrong secrets in a row at a station, whoever was named. Leaves out those of a person
//! (`person`).

use rusqlite::{OptionalExtension, params};

use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// Wrong secrets in a row at a station, and until when it is not let in (UTC milliseconds).
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn station_attempts(&self, station: &str) -> Result<(i64, i64), StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT failed, locked_until_ms FROM station_attempt WHERE station = ?1",
            )?
            .query_row([station], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.unwrap_or((0, 0)))
    }
}

impl Write<'_> {
    /// Keeps them; none at all leaves no row.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn station_attempts_set(
        &self,
        station: &str,
        failed: i64,
        locked_until_ms: i64,
    ) -> Result<(), StoreError> {
        if failed == 0 {
            self.connection
                .prepare_cached("DELETE FROM station_attempt WHERE station = ?1")?
                .execute([station])?;
            return Ok(());
        }
        self.connection
            .prepare_cached(
                "INSERT INTO station_attempt (station, failed, locked_until_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (station) DO UPDATE SET failed = excluded.failed, locked_until_ms = excluded.locked_until_ms",
            )?
            .execute(params![station, failed, locked_until_ms])?;
        Ok(())
    }
}
