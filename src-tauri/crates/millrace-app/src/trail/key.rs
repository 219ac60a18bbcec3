//! The files of the seal key, in a folder of their own beside the books: a copy of the books does not
//! carry the key. `seal.key` is for its owner only; `seal.pub` and `seal.head` are for everybody: the
//! public key, and the anchor of the newest seal.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::seal::Sealer;
use millrace_core::audit::{hex, unhex};

/// The folder beside the books.
const FOLDER: &str = "keys";
const SECRET: &str = "seal.key";
const PUBLIC: &str = "seal.pub";
const HEAD: &str = "seal.head";

/// The key folder of a data folder.
#[derive(Debug, Clone)]
pub(crate) struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    pub(crate) fn of(data_dir: &Path) -> KeyFolder {
        KeyFolder {
            path: data_dir.join(FOLDER),
        }
    }

    /// The site's key; made where there is none.
    ///
    /// # Errors
    /// A sentence with what to do: the key can be read by others, is damaged, or cannot be written.
    pub(crate) fn sealer(&self, site: &str) -> Result<Sealer, String> {
        let file = self.path.join(SECRET);
        let secret = if file.exists() {
            self.read(&file)?
        } else {
            self.make(&file)?
        };
        let sealer = Sealer::new(&secret, site);
        let public = self.path.join(PUBLIC);
        let text = format!("{}\n", sealer.public_key());
        if fs::read_to_string(&public).ok().as_ref() != Some(&text) {
            fs::write(&public, text).map_err(|error| cannot("written", &public, &error))?;
        }
        Ok(sealer)
    }

    fn read(&self, file: &Path) -> Result<[u8; 32], String> {
        if let Some(mode) =
            open_to_others(file).map_err(|error| cannot("examined", file, &error))?
        {
            return Err(format!(
                "the seal key {} can be read by others (mode {mode:o}): find out who had it, then set it to 600, or remove it and a new key is made",
                file.display()
            ));
        }
        let text = fs::read_to_string(file).map_err(|error| cannot("read", file, &error))?;
        unhex(text.trim()).ok_or_else(|| {
            format!(
                "the seal key {} is damaged: put it back from its copy, or remove it and a new key is made, which the trail tells",
                file.display()
            )
        })
    }

    fn make(&self, file: &Path) -> Result<[u8; 32], String> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| format!("the system gives no random numbers: {error}"))?;
        fs::create_dir_all(&self.path).map_err(|error| cannot("made", &self.path, &error))?;
        // Under another name first: a half-written key must not be taken for a damaged one.
        let half = self.path.join("seal.key.new");
        let write = || -> std::io::Result<()> {
            let mut out = for_owner_only(&half)?;
            writeln!(out, "{}", hex(&secret))?;
            out.sync_all()?;
            fs::rename(&half, file)?;
            sync_folder(&self.path)
        };
        write().map_err(|error| cannot("written", file, &error))?;
        Ok(secret)
    }

    /// The anchor of the newest seal that was made here; `None` where there is none or it is damaged.
    pub(crate) fn head(&self) -> Option<Anchor> {
        fs::read_to_string(self.path.join(HEAD)).ok()?.parse().ok()
    }

    /// Keeps the anchor of the newest seal.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn keep_head(&self, anchor: &Anchor) -> Result<(), String> {
        let half = self.path.join("seal.head.new");
        let file = self.path.join(HEAD);
        fs::write(&half, format!("{anchor}\n"))
            .and_then(|()| fs::rename(&half, &file))
            .map_err(|error| cannot("written", &file, &error))
    }
}

fn cannot(what: &str, file: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be {what}: {error}", file.display())
}

#[cfg(unix)]
fn open_to_others(file: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Here the folder of a user is closed to others by the system.
#[cfg(not(unix))]
fn open_to_others(_file: &Path) -> std::io::Result<Option<u32>> {
    Ok(None)
}

/// Makes a file that nobody else may read, from its first byte on.
pub(crate) fn for_owner_only(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(file)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let data = tempfile::tempdir().expect("a folder");
        let keys = KeyFolder::of(data.path());
        (data, keys)
    }

    #[test]
    fn a_key_is_made_once_and_is_for_its_owner_only() {
        let (data, keys) = folder();
        let first = keys.sealer("north").expect("made").public_key();
        let again = keys.sealer("north").expect("read").public_key();
        assert_eq!(first, again);
        let file = data.path().join("keys/seal.key");
        assert_eq!(open_to_others(&file).expect("there"), None);
        let public = fs::read_to_string(data.path().join("keys/seal.pub")).expect("there");
        assert_eq!(public.trim(), first);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let (data, keys) = folder();
        keys.sealer("north").expect("made");
        let file = data.path().join("keys/seal.key");
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("ours");
            let why = keys.sealer("north").expect_err("refused");
            assert!(why.contains("can be read by others"), "{why}");
        }
    }

    #[test]
    fn a_damaged_key_is_refused_and_left_alone() {
        let (data, keys) = folder();
        keys.sealer("north").expect("made");
        let file = data.path().join("keys/seal.key");
        fs::write(&file, "0123").expect("ours");
        let why = keys.sealer("north").expect_err("refused");
        assert!(why.contains("is damaged"), "{why}");
        assert_eq!(fs::read_to_string(&file).expect("there"), "0123");
    }

    #[test]
    fn the_newest_seal_is_remembered_outside_the_books() {
        let (_data, keys) = folder();
        keys.sealer("north").expect("made");
        assert_eq!(keys.head(), None);
        let anchor = Anchor::of(7, &"ab".repeat(32)).expect("a row");
        keys.keep_head(&anchor).expect("written");
        assert_eq!(keys.head(), Some(anchor));
    }
}
