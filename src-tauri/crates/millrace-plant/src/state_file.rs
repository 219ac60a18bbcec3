//! The file that lets the plant survive a restart of its process. Replaced whole by a rename, so
//! that a kill at any moment leaves the old or the new one. Leaves out the power cut of the
//! machine: the file is not forced to the disk, because the plant is a demonstration.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The machine's fault: folder missing, disk full, no right.
    #[error("state file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file's fault: not written by this program.
    #[error("state file {path} cannot be read: {source}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

/// Where a state is kept.
#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// A state kept at this path. Nothing is touched yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> StateFile {
        StateFile { path: path.into() }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn io(&self, source: std::io::Error) -> StateError {
        StateError::Io {
            path: self.path.clone(),
            source,
        }
    }

    /// The state in the file, or `None` when there is no file.
    ///
    /// # Errors
    /// [`StateError`] when there is one that cannot be read.
    pub fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.io(e)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| StateError::Content {
                path: self.path.clone(),
                source,
            })
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// [`StateError`] when the folder cannot be written; the old file then stands.
    pub fn save<T: Serialize>(&self, state: &T) -> Result<(), StateError> {
        let text = serde_json::to_vec(state).map_err(|source| StateError::Content {
            path: self.path.clone(),
            source,
        })?;
        let fresh = self.path.with_extension("new");
        std::fs::write(&fresh, text).map_err(|e| self.io(e))?;
        std::fs::rename(&fresh, &self.path).map_err(|e| self.io(e))
    }
}
