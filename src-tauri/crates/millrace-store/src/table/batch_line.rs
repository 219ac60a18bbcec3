//! `batch_line`: planned against actual, one row a silo of the recipe.

use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::recipe::ControlRecipe;
use millrace_core::units::Grams;
use rusqlite::params;

use crate::{Read, StoreError, Write};

/// One silo's part in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLineRow {
    /// The silo.
    pub silo: SiloNo,
    /// Plan.
    pub planned_g: Grams,
    /// Actual: the last accepted value while it runs, the final one afterwards.
    pub actual_g: Option<Grams>,
}

/// A silo's doses over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumptionRow {
    /// The silo.
    pub silo: SiloNo,
    /// Planned.
    pub planned_g: Grams,
    /// Dosed.
    pub actual_g: Grams,
    /// Number of doses.
    pub doses: i64,
}

impl Read<'_> {
    /// The lines of a batch, in the recipe's order.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batch_lines(&self, id: BatchId) -> Result<Vec<BatchLineRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT silo_no, planned_g, actual_g FROM batch_line WHERE batch_id = ?1 ORDER BY position")?;
        let rows = statement.query_map([id.0], |row| {
            Ok(BatchLineRow {
                silo: SiloNo(row.get(0)?),
                planned_g: Grams(row.get(1)?),
                actual_g: row.get::<_, Option<i64>>(2)?.map(Grams),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Planned against actual per silo over the batches that ended in a stretch of time.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn consumption_between(
        &self,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<(Vec<ConsumptionRow>, i64), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT l.silo_no, sum(l.planned_g), sum(l.actual_g), count(*)
             FROM batch b JOIN batch_line l ON l.batch_id = b.id JOIN silo s ON s.silo_no = l.silo_no
             WHERE b.ended_at_ms >= ?1 AND b.ended_at_ms < ?2 AND l.actual_g IS NOT NULL
             GROUP BY l.silo_no ORDER BY s.position",
        )?;
        let rows = statement.query_map([from_ms, to_ms], |row| {
            Ok(ConsumptionRow {
                silo: SiloNo(row.get(0)?),
                planned_g: Grams(row.get(1)?),
                actual_g: Grams(row.get(2)?),
                doses: row.get(3)?,
            })
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let batches = self
            .connection
            .prepare_cached("SELECT count(*) FROM batch WHERE ended_at_ms >= ?1 AND ended_at_ms < ?2 AND silo_actual_g IS NOT NULL")?
            .query_row([from_ms, to_ms], |row| row.get(0))?;
        Ok((rows, batches))
    }
}

impl Write<'_> {
    /// Adds the lines of a new batch.
    pub(crate) fn batch_lines_add(
        &self,
        id: BatchId,
        recipe: &ControlRecipe,
    ) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO batch_line (batch_id, position, silo_no, planned_g) VALUES (?1, ?2, ?3, ?4)")?;
        for (position, line) in (0_i64..).zip(&recipe.silo_lines) {
            statement.execute(params![id.0, position, line.silo.0, line.planned_g.0])?;
        }
        Ok(())
    }

    /// Sets the actual of one line.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn batch_line_actual_set(
        &self,
        id: BatchId,
        silo: SiloNo,
        actual: Grams,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE batch_line SET actual_g = ?3 WHERE batch_id = ?1 AND silo_no = ?2",
            )?
            .execute(params![id.0, silo.0, actual.0])?;
        Ok(())
    }
}
