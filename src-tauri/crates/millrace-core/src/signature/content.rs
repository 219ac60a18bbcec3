//! What signatures on stock and on deviations cover, as texts with a hash of their own. Leaves out who may sign it and
//! where the rows lie.

use super::digest;
use crate::deviation::LineKind;
use crate::silo::MovementKind;
use crate::units::Grams;

/// A row of the silo ledger that a person answers for: a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Position in the ledger.
    pub seq: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Number of the silo.
    pub silo: u16,
    /// What kind of row it is.
    pub kind: MovementKind,
    /// The difference that it makes.
    pub delta: Grams,
    /// The stock after it: what was counted.
    pub level: Grams,
    /// Why, as the person wrote it.
    pub note: &'a str,
}

impl Counted<'_> {
    /// Its content hash.
    #[must_use]
    pub fn hash(&self) -> String {
        digest(&[
            "millrace-silo-movement-1",
            &self.seq.to_string(),
            &self.at_ms.to_string(),
            &self.silo.to_string(),
            self.kind.word(),
            &self.delta.0.to_string(),
            &self.level.0.to_string(),
            self.note,
        ])
    }
}

/// A line of a batch that lies outside its tolerance, as somebody accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedDeviation<'a> {
    /// Content hash of the batch's recipe: order, material, plan and tolerance stand in it.
    pub recipe_hash: &'a str,
    /// Which list the line stands in.
    pub kind: LineKind,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// What was planned.
    pub planned: Grams,
    /// What it became.
    pub actual: Grams,
}

impl AcceptedDeviation<'_> {
    /// Its content hash.
    #[must_use]
    pub fn hash(&self) -> String {
        digest(&[
            "millrace-deviation-1",
            self.recipe_hash,
            self.kind.word(),
            &self.line_no.to_string(),
            &self.planned.0.to_string(),
            &self.actual.0.to_string(),
        ])
    }
}
