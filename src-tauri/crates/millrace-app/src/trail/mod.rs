//! The audit trail as a whole: sealed with a key beside the books, checked in the background, taken
//! out as a file, verified without the application. Leaves out the rules (`millrace_core::audit`) and
//! the rows (`millrace-store`).

mod beside;
pub mod check;
pub mod export;
pub(crate) mod job;
pub(crate) mod key;
pub mod standing;

use millrace_core::audit::anchor::Anchor;
use millrace_core::ids::BatchId;
use millrace_store::{Read, StoreError};

/// The engine's step that ends a batch: its row is what an anchor of the batch is made of.
pub(crate) const ENDING: &str = "engine_store_final";

/// The trail's head at the end of a batch, for its record and for the ERP; `None` before its end.
///
/// # Errors
/// As SQLite reports them.
pub fn batch_anchor(read: &Read<'_>, batch: BatchId) -> Result<Option<Anchor>, StoreError> {
    read.audit_anchor(&format!("batch:{batch}"), ENDING)
}
