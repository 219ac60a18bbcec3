//! The password or API key of the ERP: where it may come from, and who else may read it.
//! Sources, the first that is given counts:
//! 1. `password_file` of the settings, or 2. `password` beside it (never both);
//! 3. the credential `erp_password` that systemd hands over (`LoadCredential=`);
//! 4. the environment variable `MILLRACE_ERP_PASSWORD`.
//!
//! The settings come first, so that a variable that somebody left behind changes nothing in a plant
//! that is set up. Leaves out a desktop's key ring: it is locked until a person logs in, so a service
//! that must post at night cannot use one, and its client is over a hundred further crates.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ErpError;

/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The credential's name.
const CREDENTIAL: &str = "erp_password";
/// The variable that may hold the secret itself.
const VARIABLE: &str = "MILLRACE_ERP_PASSWORD";
/// No password and no key is longer; what is, is another file.
const BYTES_MAX: u64 = 4_096;
/// Permission bits of group and others.
#[cfg(unix)]
const OTHERS: u32 = 0o077;
/// Everybody may put files into a folder with this bit.
#[cfg(unix)]
const WORLD_WRITABLE: u32 = 0o002;

/// A password. It prints as `***` and cannot be serialized.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Secret {
        Secret(secret.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What the process was started with.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    credentials: Option<PathBuf>,
    variable: Option<OsString>,
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_process() -> Surroundings {
        Surroundings {
            credentials: std::env::var_os(CREDENTIALS).map(PathBuf::from),
            variable: std::env::var_os(VARIABLE),
        }
    }
}

/// The secret by these settings and surroundings.
pub(super) fn find(
    password: Option<&Secret>,
    file: Option<&Path>,
    around: &Surroundings,
) -> Result<Secret, ErpError> {
    let secret = match (password, file) {
        (Some(_), Some(_)) => {
            return Err(ErpError::config(
                "give only one of `password` and `password_file`",
            ));
        }
        (None, Some(path)) => read_private(path)?,
        (Some(secret), None) => secret.clone(),
        (None, None) => handed_over(around)?,
    };
    if secret.reveal().is_empty() {
        return Err(ErpError::config("the password is empty"));
    }
    Ok(secret)
}

fn handed_over(around: &Surroundings) -> Result<Secret, ErpError> {
    let credential = around
        .credentials
        .as_ref()
        .map(|folder| folder.join(CREDENTIAL))
        .filter(|path| path.exists());
    if let Some(path) = credential {
        // systemd guards that folder, and lets the service in by a list of its own, which shows as
        // rights of the group.
        let what = format!("the credential {}", path.display());
        let mut file = File::open(&path).map_err(|error| unreadable(&what, &error))?;
        return first_line(&what, &mut file);
    }
    let text = around.variable.as_ref().ok_or_else(|| {
        ErpError::config(format!(
            "no password is given: set `password_file`, or hand over the credential {CREDENTIAL} or {VARIABLE}"
        ))
    })?;
    let text = text
        .to_str()
        .ok_or_else(|| ErpError::config(format!("{VARIABLE} is not plain text")))?;
    Ok(Secret::new(text))
}

/// The first line of a file that nobody else may read.
fn read_private(path: &Path) -> Result<Secret, ErpError> {
    let what = format!("`password_file` {}", path.display());
    check_link(&what, path)?;
    let mut file = File::open(path).map_err(|error| unreadable(&what, &error))?;
    // Of the file that is open, not of whatever bears the name by now.
    check_rights(&what, path, &file)?;
    first_line(&what, &mut file)
}

fn first_line(what: &str, file: &mut File) -> Result<Secret, ErpError> {
    let mut text = String::new();
    // The words of an error about the content could repeat it.
    file.take(BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|_| ErpError::config(format!("{what} is not plain text")))?;
    let line = text.lines().next().unwrap_or_default();
    if u64::try_from(line.len()).map_or(true, |length| length > BYTES_MAX) {
        return Err(ErpError::config(format!("{what} holds no password")));
    }
    Ok(Secret::new(line))
}

fn unreadable(what: &str, error: &std::io::Error) -> ErpError {
    ErpError::config(format!("{what}: {error}"))
}

/// A link may lead elsewhere, but not to where everybody can put another file.
#[cfg(unix)]
fn check_link(what: &str, path: &Path) -> Result<(), ErpError> {
    use std::os::unix::fs::MetadataExt;
    let is_link = path
        .symlink_metadata()
        .map_err(|error| unreadable(what, &error))?
        .is_symlink();
    if !is_link {
        return Ok(());
    }
    let target = path
        .canonicalize()
        .map_err(|error| unreadable(what, &error))?;
    let folder = target.parent().unwrap_or(&target);
    let mode = folder
        .metadata()
        .map_err(|error| unreadable(what, &error))?
        .mode();
    if mode & WORLD_WRITABLE != 0 {
        return Err(ErpError::config(format!(
            "{what} is a link into {}, where everybody may write; put the file into a folder of its own",
            folder.display()
        )));
    }
    Ok(())
}

#[cfg(unix)]
fn check_rights(what: &str, path: &Path, file: &File) -> Result<(), ErpError> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata().map_err(|error| unreadable(what, &error))?;
    if !found.is_file() {
        return Err(ErpError::config(format!("{what} is not a file")));
    }
    if found.mode() & OTHERS != 0 {
        return Err(ErpError::config(format!(
            "{what} is open to others than its owner (mode {:04o}): chmod 600 {}",
            found.mode() & 0o7777,
            path.display()
        )));
    }
    Ok(())
}

// Elsewhere rights are lists that a number does not tell; the folder's rights protect the file.
#[cfg(not(unix))]
fn check_link(_what: &str, _path: &Path) -> Result<(), ErpError> {
    Ok(())
}

#[cfg(not(unix))]
fn check_rights(_what: &str, _path: &Path, _file: &File) -> Result<(), ErpError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const WORD: &str = "geheim";

    fn put(path: &Path, mode: u32) {
        std::fs::write(path, format!("{WORD}\nand a remark\n")).expect("writable");
        set_mode(path, mode);
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("ours");
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    fn alone(path: &Path) -> Result<Secret, ErpError> {
        find(None, Some(path), &Surroundings::default())
    }

    /// Refused, with these words and without the secret.
    fn check_refused(outcome: Result<Secret, ErpError>, words: &[&str]) {
        let error = outcome.expect_err("refused");
        assert!(matches!(error, ErpError::Config { .. }));
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(!format!("{error} {error:?}").contains(WORD));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_what_to_do() {
        let folder = folder();
        let path = folder.path().join("erp-password");
        for mode in [0o600, 0o400] {
            put(&path, mode);
            assert_eq!(alone(&path), Ok(Secret::new(WORD)), "{mode:o}");
            set_mode(&path, 0o600);
        }
        for mode in [0o640, 0o604, 0o620, 0o660, 0o644, 0o666] {
            put(&path, mode);
            let told = format!("chmod 600 {}", path.display());
            check_refused(alone(&path), &[&told, &format!("{mode:04o}")]);
        }
        check_refused(alone(folder.path()), &["not a file"]);
        check_refused(alone(&folder.path().join("absent")), &["absent"]);
    }

    #[test]
    fn a_link_is_followed_only_to_where_nobody_else_may_write() {
        let (here, there) = (folder(), folder());
        let target = there.path().join("erp-password");
        put(&target, 0o600);
        let link = here.path().join("link");
        symlink(&target, &link).expect("linked");
        assert_eq!(alone(&link), Ok(Secret::new(WORD)));
        set_mode(&target, 0o644);
        check_refused(alone(&link), &["chmod 600"]);
        set_mode(&target, 0o600);
        set_mode(there.path(), 0o1777);
        check_refused(alone(&link), &["everybody may write"]);
    }

    #[test]
    fn the_sources_come_in_their_order() {
        let folder = folder();
        let file = folder.path().join("file");
        put(&file, 0o600);
        let inline = Secret::new("inline");
        let mut around = Surroundings {
            credentials: Some(folder.path().to_owned()),
            variable: Some("variable".into()),
        };
        let found = |password: Option<&Secret>, file: Option<&Path>, around: &Surroundings| {
            find(password, file, around).map(|secret| secret.reveal().to_owned())
        };
        assert_eq!(found(None, Some(&file), &around), Ok(WORD.to_owned()));
        assert_eq!(found(Some(&inline), None, &around), Ok("inline".into()));
        assert!(found(Some(&inline), Some(&file), &around).is_err());
        // No credential of ours in that folder: the variable.
        assert_eq!(found(None, None, &around), Ok("variable".into()));
        let credential = folder.path().join(CREDENTIAL);
        put(&credential, 0o440);
        assert_eq!(found(None, None, &around), Ok(WORD.to_owned()));
        around.credentials = None;
        around.variable = None;
        check_refused(find(None, None, &around), &["password_file", VARIABLE]);
        around.variable = Some(OsString::new());
        check_refused(find(None, None, &around), &["empty"]);
    }

    #[test]
    fn what_is_no_password_is_refused_without_repeating_it() {
        let folder = folder();
        let path = folder.path().join("erp-password");
        for content in [
            Vec::new(),
            b"geheim\xff".to_vec(),
            WORD.repeat(1_000).into_bytes(),
        ] {
            std::fs::write(&path, content).expect("writable");
            set_mode(&path, 0o600);
            check_refused(alone(&path), &[]);
        }
    }
}
