//! `sample`: the dosed total of a running batch over time; a row without a value is a gap.

use millrace_core::ids::BatchId;
use millrace_core::units::Grams;
use rusqlite::params;

use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// The samples of a batch in order of time.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn samples(&self, id: BatchId) -> Result<Vec<(i64, Option<Grams>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at_ms, dosed_g FROM sample WHERE batch_id = ?1 ORDER BY at_ms",
        )?;
        let rows = statement.query_map([id.0], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Grams)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Adds a sample; a second one of the same instant replaces the first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn sample_add(
        &self,
        id: BatchId,
        at_ms: i64,
        dosed: Option<Grams>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO sample (batch_id, at_ms, dosed_g) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![id.0, at_ms, dosed.map(|g| g.0)])?;
        Ok(())
    }
}
