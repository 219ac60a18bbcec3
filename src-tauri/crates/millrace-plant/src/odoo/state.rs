//! The book on disk: one JSON file, replaced atomically, so that the virtual ERP survives a kill.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::OdooError;
use super::book::OdooBook;

impl OdooBook {
    /// Reads a book back; `None` when there is no such file yet.
    ///
    /// # Errors
    /// [`OdooError::StateFile`] when it cannot be read, [`OdooError::StateContent`] when it is not a
    /// book: a damaged file is refused, never replaced by an empty book.
    pub fn load(path: &Path) -> Result<Option<OdooBook>, OdooError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(state_file(path, source)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| OdooError::StateContent {
                path: path.to_owned(),
                source,
            })
    }

    /// Writes the book beside the file and renames it into place.
    ///
    /// # Errors
    /// [`OdooError::StateFile`]; the old file is untouched then.
    pub fn save(&self, path: &Path) -> Result<(), OdooError> {
        let text = serde_json::to_vec(self).map_err(|source| OdooError::StateContent {
            path: path.to_owned(),
            source,
        })?;
        let aside = path.with_extension("tmp");
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&aside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&aside, path)
        };
        write().map_err(|source| state_file(path, source))
    }
}

fn state_file(path: &Path, source: io::Error) -> OdooError {
    OdooError::StateFile {
        path: path.to_owned(),
        source,
    }
}
