//! `manual_line`: what people add by hand.

use millrace_core::ids::BatchId;
use millrace_core::recipe::ControlRecipe;
use millrace_core::units::Grams;
use rusqlite::params;

use crate::{Read, StoreError, Write};

/// One line without a silo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualLineRow {
    /// Number in the batch, from 1.
    pub line_no: i64,
    /// Material.
    pub material: String,
    /// The ERP's equipment code.
    pub erp_code: String,
    /// The ERP's product number, where the order names one.
    pub product_id: Option<i64>,
    /// Plan.
    pub planned_g: Grams,
    /// Weighed.
    pub actual_g: Option<Grams>,
    /// By whom.
    pub entered_by: Option<String>,
    /// When.
    pub entered_at_ms: Option<i64>,
}

impl Read<'_> {
    /// The manual lines of a batch.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn manual_lines(&self, id: BatchId) -> Result<Vec<ManualLineRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT line_no, material, erp_code, product_id, planned_g, actual_g, entered_by, entered_at_ms FROM manual_line WHERE batch_id = ?1 ORDER BY line_no",
        )?;
        let rows = statement.query_map([id.0], |row| {
            Ok(ManualLineRow {
                line_no: row.get(0)?,
                material: row.get(1)?,
                erp_code: row.get(2)?,
                product_id: row.get(3)?,
                planned_g: Grams(row.get(4)?),
                actual_g: row.get::<_, Option<i64>>(5)?.map(Grams),
                entered_by: row.get(6)?,
                entered_at_ms: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Adds the manual lines of a new batch.
    pub(crate) fn manual_lines_add(
        &self,
        id: BatchId,
        recipe: &ControlRecipe,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO manual_line (batch_id, line_no, material, erp_code, product_id, planned_g) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (line_no, line) in (1_i64..).zip(&recipe.manual_lines) {
            statement.execute(params![
                id.0,
                line_no,
                line.material,
                line.erp_code,
                line.product_id,
                line.planned_g.0
            ])?;
        }
        Ok(())
    }

    /// Enters a weight that was not entered yet; answers false when it was.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn manual_line_enter(
        &self,
        id: BatchId,
        line_no: i64,
        actual: Grams,
        person: &str,
        at_ms: i64,
    ) -> Result<bool, StoreError> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE manual_line SET actual_g = ?3, entered_by = ?4, entered_at_ms = ?5 WHERE batch_id = ?1 AND line_no = ?2 AND actual_g IS NULL",
            )?
            .execute(params![id.0, line_no, actual.0, person, at_ms])?;
        Ok(changed == 1)
    }
}
