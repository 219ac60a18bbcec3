//! The demo's own folder: one program at a time, and a reset that deletes only what demos made.
//! Leaves out what lies in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::launch::{Exit, FAULT, RUNNING};

/// Locked while a demo runs; its presence says that the folder belongs to demos.
const MARK: &str = "demo.lock";

/// The folder, held until dropped. The virtual plant writes to it before the application takes its
/// own lock, so that this one has to come first.
#[derive(Debug)]
pub(crate) struct DemoFolder {
    path: PathBuf,
    _mark: File,
}

impl DemoFolder {
    /// Takes the folder, and empties it when a new beginning is wanted.
    pub(crate) fn take(path: &Path, is_reset: bool) -> Result<DemoFolder, Exit> {
        let told = |code, message| Exit { code, message };
        let broken = |what: &str, error: std::io::Error| {
            told(
                FAULT,
                format!("The demo's folder {} {what}: {error}.", path.display()),
            )
        };
        fs::create_dir_all(path).map_err(|error| broken("cannot be made", error))?;
        let mark = path.join(MARK);
        let is_empty = fs::read_dir(path)
            .map_err(|error| broken("cannot be read", error))?
            .next()
            .is_none();
        if !is_empty && !mark.exists() {
            return Err(told(
                FAULT,
                format!(
                    "{} holds files that no demo put there, and they are left alone: give --data-dir another folder.",
                    path.display()
                ),
            ));
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&mark)
            .map_err(|error| broken("cannot be written", error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(told(
                    RUNNING,
                    format!(
                        "Millrace already runs on the demo's folder {}: use its window, or give --data-dir another folder.",
                        path.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(broken("cannot be locked", error)),
        }
        if is_reset {
            empty(path).map_err(|error| broken("cannot be emptied", error))?;
        }
        Ok(DemoFolder {
            path: path.to_owned(),
            _mark: file,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Deletes everything but the mark. Follows no link.
fn empty(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_deletes_what_a_demo_left_and_nothing_beside_it() {
        let data = tempfile::tempdir().expect("a folder");
        let real = data.path().join("millrace.db");
        fs::write(&real, "a plant's").expect("written");
        let demo = data.path().join("demo");
        drop(DemoFolder::take(&demo, false).expect("new"));
        fs::create_dir(demo.join("plant")).expect("made");
        fs::write(demo.join("plant/plant.json"), "{}").expect("written");
        drop(DemoFolder::take(&demo, false).expect("free"));
        assert!(
            demo.join("plant/plant.json").exists(),
            "only a reset deletes"
        );
        drop(DemoFolder::take(&demo, true).expect("free"));
        assert!(!demo.join("plant").exists());
        assert!(real.exists());
    }

    #[test]
    fn a_folder_that_no_demo_made_is_left_alone() {
        let data = tempfile::tempdir().expect("a folder");
        let photo = data.path().join("photo.jpg");
        fs::write(&photo, "mine").expect("written");
        for is_reset in [false, true] {
            let exit = DemoFolder::take(data.path(), is_reset).expect_err("foreign");
            assert!(exit.message.contains("left alone"), "{exit}");
        }
        assert!(photo.exists());
    }

    #[test]
    fn a_second_demo_is_told_so_and_resets_nothing() {
        let data = tempfile::tempdir().expect("a folder");
        let demo = data.path().join("demo");
        let first = DemoFolder::take(&demo, false).expect("new");
        fs::write(demo.join("millrace.db"), "in use").expect("written");
        let exit = DemoFolder::take(&demo, true).expect_err("taken");
        assert_eq!(exit.code, RUNNING);
        assert!(demo.join("millrace.db").exists());
        drop(first);
        assert!(DemoFolder::take(&demo, false).is_ok());
    }
}
