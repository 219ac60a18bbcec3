//! Replaces a configuration file by a new text: whole or not at all, and only when it is still the one
//! that the person saw. Leaves out what the text says.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Why a file was not replaced. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// Somebody else changed it since.
    #[error("the file changed since you looked at it")]
    Changed,
    /// The system does not let us.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// What tells one state of the file from another.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    millrace_core::audit::hex(&Sha256::digest(text.as_bytes()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Where the text before the last change is kept.
#[must_use]
pub fn previous(path: &Path) -> PathBuf {
    beside(path, ".before")
}

/// Whether this program may replace the file; the reason where it may not.
///
/// # Errors
/// As the system says.
pub fn writable(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?;
    // A file is replaced by renaming, so its folder counts.
    let probe = beside(path, ".probe");
    File::create(&probe)?;
    fs::remove_file(&probe)
}

/// Refuses a password that stands in a file which others can read, with the command that mends it. Systems
/// without such rights guard a person's folder as a whole.
///
/// # Errors
/// A sentence without the password.
pub fn guard_password(path: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)
            .map_err(|error| format!("{}: {error}", path.display()))?
            .permissions()
            .mode()
            & 0o777;
        if mode & 0o077 != 0 {
            return Err(format!(
                "the ERP's password stands in {0}, which others can read (mode {mode:o}): chmod 600 {0}",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Puts a new text in the file's place, with the file's own mode; the old text stays beside it. The
/// name never leads to half a text: it is written and flushed under another name first.
///
/// # Errors
/// [`ReplaceError`].
pub fn replace(path: &Path, seen: &str, text: &str) -> Result<(), ReplaceError> {
    // Through a link to the file that it means.
    let path = path.canonicalize()?;
    let current = fs::read_to_string(&path)?;
    if fingerprint(&current) != seen {
        return Err(ReplaceError::Changed);
    }
    let mode = fs::metadata(&path)?.permissions();
    let put = |to: &Path, text: &str| -> io::Result<()> {
        let temporary = beside(to, ".new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(mode.clone())?;
        file.sync_all()?;
        fs::rename(&temporary, to)
    };
    put(&previous(&path), &current)?;
    put(&path, text)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
