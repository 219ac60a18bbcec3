//! Backups of the books: made while the plant runs, checked, kept for a time, tried, and put back. Leaves
//! out the copying itself (`millrace_store::copy`) and which are kept (`millrace_core::backup`).

pub(crate) mod after;
pub mod file;
pub(crate) mod job;
pub mod restore;

/// The folder of the backups beside the books, where the configuration names no other.
pub const BACKUPS: &str = "backups";

pub use file::{Found, Label, Manifest, Tried};
pub use restore::{Request, Restored};

/// Why a backup could not be made, read or put back. One sentence for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(pub String);

impl BackupError {
    fn at(what: &str, path: &std::path::Path, error: &dyn std::fmt::Display) -> BackupError {
        BackupError(format!("{} cannot be {what}: {error}", path.display()))
    }
}
