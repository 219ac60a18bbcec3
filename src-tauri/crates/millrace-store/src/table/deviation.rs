//! `deviation_acceptance`: who accepted that a line lies outside its tolerance; append-only. Which lines
//! do is computed from the books each time (`millrace_core::deviation`); only their number is kept with
//! the batch, so that the list of what waits needs no look at every batch.

use millrace_core::deviation::{LineKind, MANUAL, wants_acceptance};
use millrace_core::ids::BatchId;
use millrace_core::signature::ObjectKind;
use millrace_core::signature::content::AcceptedDeviation;
use millrace_core::silo::{Judgement, Tolerance};
use millrace_core::units::Grams;
use rusqlite::{OptionalExtension, Row, params};

use super::audit::number;
use super::batch::BatchRow;
use super::known;
use crate::{Read, StoreError, Write};

/// A line of a batch that has ended, outside its tolerance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviationLine {
    /// Which list it stands in.
    pub kind: LineKind,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// Its material.
    pub material: String,
    /// Plan.
    pub planned: Grams,
    /// What it became.
    pub actual: Grams,
    /// What was allowed.
    pub tolerance: Tolerance,
    /// On which side it lies.
    pub judgement: Judgement,
    /// The acceptance of exactly these figures, if there is one.
    pub acceptance: Option<i64>,
}

/// One accepted line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceRow {
    /// Its number.
    pub id: i64,
    /// Batch.
    pub batch_id: BatchId,
    /// Which list the line stands in.
    pub kind: LineKind,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// Plan, as accepted.
    pub planned: Grams,
    /// Actual, as accepted.
    pub actual: Grams,
}

/// What waits for an acceptance in all batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviationsOpen {
    /// Lines.
    pub lines: i64,
    /// Batches.
    pub batches: i64,
    /// The batch that ended first.
    pub oldest: BatchId,
    /// Its label.
    pub oldest_label: String,
}

const SELECT: &str =
    "SELECT id, batch_id, line_kind, line_no, planned_g, actual_g FROM deviation_acceptance";

fn read(row: &Row<'_>) -> Result<AcceptanceRow, StoreError> {
    let kind: String = row.get(2)?;
    Ok(AcceptanceRow {
        id: row.get(0)?,
        batch_id: BatchId(row.get(1)?),
        kind: known(
            "deviation_acceptance.line_kind",
            &kind,
            LineKind::from_word(&kind),
        )?,
        line_no: row.get(3)?,
        planned: Grams(row.get(4)?),
        actual: Grams(row.get(5)?),
    })
}

impl AcceptanceRow {
    /// The content hash of what stands in the row.
    #[must_use]
    pub fn hash(&self, batch: &BatchRow) -> String {
        AcceptedDeviation {
            recipe_hash: &batch.recipe.content_hash().0,
            kind: self.kind,
            line_no: self.line_no,
            planned: self.planned,
            actual: self.actual,
        }
        .hash()
    }
}

impl Read<'_> {
    /// The lines of a batch that lie outside their tolerance, in the order of the recipe; empty while it
    /// has not ended.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn deviations(&self, batch: &BatchRow) -> Result<Vec<DeviationLine>, StoreError> {
        let mut found = Vec::new();
        if !batch.run.is_final() {
            return Ok(found);
        }
        let accepted = self.acceptances(batch.id)?;
        let mut look =
            |kind, line_no, material: &str, planned, actual: Option<Grams>, tolerance| {
                if let Some(judgement) = wants_acceptance(batch.run, tolerance, planned, actual)
                    && let Some(actual) = actual
                {
                    found.push(DeviationLine {
                        kind,
                        line_no,
                        material: material.to_owned(),
                        planned,
                        actual,
                        tolerance,
                        judgement,
                        acceptance: accepted
                            .iter()
                            .find(|row| {
                                (row.kind, row.line_no, row.planned, row.actual)
                                    == (kind, line_no, planned, actual)
                            })
                            .map(|row| row.id),
                    });
                }
            };
        let actuals = self.batch_lines(batch.id)?;
        for line in &batch.recipe.silo_lines {
            let actual = actuals.iter().find(|row| row.silo == line.silo);
            look(
                LineKind::Silo,
                i64::from(line.silo.0),
                &line.material,
                line.planned_g,
                actual.and_then(|row| row.actual_g),
                line.tolerance,
            );
        }
        for line in self.manual_lines(batch.id)? {
            look(
                LineKind::Manual,
                line.line_no,
                &line.material,
                line.planned_g,
                line.actual_g,
                MANUAL,
            );
        }
        Ok(found)
    }

    /// What was accepted of a batch, oldest first.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn acceptances(&self, id: BatchId) -> Result<Vec<AcceptanceRow>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE batch_id = ?1 ORDER BY id"))?;
        let rows = statement.query_and_then([id.0], read)?;
        rows.collect()
    }

    /// The content hash of an accepted deviation, for a signature that names it: from the row, and where
    /// that is as it was signed, from the batch as it is now. `None` when it is not there.
    pub(crate) fn acceptance_content(
        &self,
        id: i64,
        signed: &str,
    ) -> Result<Option<String>, StoreError> {
        let row = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE id = ?1"))?
            .query_row([id], |row| Ok(read(row)))
            .optional()?
            .transpose()?;
        let Some(row) = row else { return Ok(None) };
        let batch = self.batch(row.batch_id)?;
        let hash = row.hash(&batch);
        if hash != signed {
            return Ok(Some(hash));
        }
        let lines = self.deviations(&batch)?;
        let now = lines
            .iter()
            .find(|line| (line.kind, line.line_no) == (row.kind, row.line_no));
        // A line that is back within its tolerance is not what was accepted either.
        Ok(now.map(|line| {
            AcceptanceRow {
                planned: line.planned,
                actual: line.actual,
                ..row
            }
            .hash(&batch)
        }))
    }

    /// What waits for an acceptance; `None` = nothing.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn deviations_open(&self) -> Result<Option<DeviationsOpen>, StoreError> {
        let (lines, batches): (i64, i64) = self
            .connection
            .prepare_cached(
                "SELECT coalesce(sum(deviations_open), 0), count(*) FROM batch WHERE deviations_open > 0",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let oldest = self
            .connection
            .prepare_cached(
                "SELECT id, label FROM batch WHERE deviations_open > 0 ORDER BY ended_at_ms, id LIMIT 1",
            )?
            .query_row([], |row| Ok((BatchId(row.get(0)?), row.get(1)?)))
            .optional()?;
        Ok(oldest.map(|(oldest, oldest_label)| DeviationsOpen {
            lines,
            batches,
            oldest,
            oldest_label,
        }))
    }

    /// Acceptances that nobody signed, a sentence each. What was signed and changed is named with its
    /// signature.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn deviation_findings(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT id, batch_id FROM deviation_acceptance a WHERE NOT EXISTS (
                 SELECT 1 FROM signature s WHERE s.object_kind = ?1 AND s.object_id = a.id)
             ORDER BY id",
        )?;
        let rows = statement.query_map([ObjectKind::Deviation.word()], |row| {
            Ok(format!(
                "deviation {} of batch:{} was accepted and nobody signed it",
                number(row.get_ref(0)?),
                number(row.get_ref(1)?)
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Accepts a line as it is. The same figures of the same line a second time violate a unique key.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn acceptance_add(
        &self,
        id: BatchId,
        line: &DeviationLine,
    ) -> Result<AcceptanceRow, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO deviation_acceptance (batch_id, line_kind, line_no, planned_g, actual_g) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                id.0,
                line.kind.word(),
                line.line_no,
                line.planned.0,
                line.actual.0
            ])?;
        let row = AcceptanceRow {
            id: self.connection.last_insert_rowid(),
            batch_id: id,
            kind: line.kind,
            line_no: line.line_no,
            planned: line.planned,
            actual: line.actual,
        };
        self.touched.batch(id.0);
        Ok(row)
    }

    /// Counts what waits in a batch that has ended.
    pub(crate) fn deviations_count(&self, batch: &BatchRow) -> Result<(), StoreError> {
        let lines = self.deviations(batch)?;
        let open = lines
            .iter()
            .filter(|line| line.acceptance.is_none())
            .count();
        self.connection
            .prepare_cached(
                "UPDATE batch SET deviations_open = ?2 WHERE id = ?1 AND deviations_open <> ?2",
            )?
            .execute(params![batch.id.0, i64::try_from(open).unwrap_or(i64::MAX)])?;
        Ok(())
    }
}
