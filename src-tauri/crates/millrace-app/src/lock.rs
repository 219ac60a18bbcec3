//! One program per data folder: a second start must not write to the same PLC.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Holds the data folder until dropped; the system lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder.
    ///
    /// # Errors
    /// A sentence: somebody else has it, or the folder cannot be written.
    pub(crate) fn take(folder: &Path) -> Result<FolderLock, String> {
        std::fs::create_dir_all(folder).map_err(|error| {
            format!(
                "the data folder {} cannot be made: {error}",
                folder.display()
            )
        })?;
        let path = folder.join("millrace.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "Millrace already runs on the data folder {}: use its window, or give --data-dir another folder",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => {
                Err(format!("{} cannot be locked: {error}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_start_is_told_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = FolderLock::take(folder.path()).expect("free");
        let refused = FolderLock::take(folder.path()).expect_err("taken");
        assert!(refused.contains("already runs"), "{refused}");
        drop(first);
        assert!(FolderLock::take(folder.path()).is_ok());
    }
}
