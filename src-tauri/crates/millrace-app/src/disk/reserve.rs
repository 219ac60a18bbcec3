//! Room that is kept back beside the books: on a full disk it is given away, so that what runs can be
//! finished and recorded. Leaves out finding that the disk is full, and what is refused meanwhile.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What is kept back, bytes: a batch with its record needs less than a hundredth.
pub(super) const BYTES: u64 = 16 << 20;
/// Only where this many times as much is free: the reserve is never what fills a disk.
const FREE_TIMES: u64 = 4;
/// The name beside the books.
const NAME: &str = "reserve";

/// Where it lies.
fn path(books: &Path) -> PathBuf {
    books.with_file_name(NAME)
}

/// Makes it where there is room for it; what is there and whole stays. True when it is kept back.
pub(super) fn keep(books: &Path, free: u64) -> bool {
    let path = path(books);
    let is_whole = std::fs::metadata(&path).is_ok_and(|found| found.len() == BYTES);
    if is_whole {
        return true;
    }
    if free < BYTES.saturating_mul(FREE_TIMES) {
        return false;
    }
    match make(&path) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "no room could be kept back for a full disk");
            let _ = std::fs::remove_file(&path);
            false
        }
    }
}

/// Written out, because a file system may promise room that it has not.
fn make(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    let part = vec![0x5A_u8; 1 << 20];
    let mut left = BYTES;
    while left > 0 {
        let now = usize::try_from(left).map_or(part.len(), |left| left.min(part.len()));
        file.write_all(part.get(..now).unwrap_or(&part))?;
        left -= u64::try_from(now).unwrap_or(left);
    }
    file.sync_all()
}

/// Gives it away; true when there was one. An empty file stays and says so over a restart.
pub(super) fn give(books: &Path) -> bool {
    let path = path(books);
    if !std::fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
        return false;
    }
    match std::fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&path)
    {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(%error, "the room that was kept back could not be given away");
            false
        }
    }
}

/// Whether it was given away and not made again since.
pub(super) fn is_given(books: &Path) -> bool {
    std::fs::metadata(path(books)).is_ok_and(|found| found.len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_back_once_and_given_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let books = folder.path().join("millrace.db");
        assert!(!keep(&books, BYTES * FREE_TIMES - 1));
        assert!(!give(&books), "there was none");
        assert!(keep(&books, BYTES * FREE_TIMES));
        let made = std::fs::metadata(folder.path().join(NAME)).expect("made");
        assert_eq!(made.len(), BYTES);
        assert!(keep(&books, 0), "it stays where it is");
        assert!(!is_given(&books));
        assert!(give(&books));
        assert!(is_given(&books) && !give(&books), "once");
        // A half one, of a crash, is made anew.
        std::fs::write(folder.path().join(NAME), b"half").expect("written");
        assert!(!keep(&books, 0));
        assert!(keep(&books, u64::MAX));
    }
}
