//! `millrace backup` and `millrace restore`: making, listing, checking and putting back, without the
//! application and its log. Leaves out how (`millrace_app::backup`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use millrace_app::backup::file::{self, Order};
use millrace_app::backup::{BACKUPS, BackupError, Found, Request, Restored, restore};
use millrace_app::clock::{Clock, SystemClock};
use millrace_app::config::Loaded;
use millrace_core::backup::BackupCause;

use crate::VERSION;
use crate::launch::{CONFIG, Exit, FAULT};
use crate::place::Places;

/// The books' file in a data folder.
const BOOKS: &str = "millrace.db";

/// What can be done with backups.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// Lists or checks instead of making one.
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// Which books, and which folder.
    #[command(flatten)]
    pub which: Which,
}

/// Which books, and which folder.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// The database, in use or not, instead of the one in ~/.local/share/millrace.
    #[arg(long, value_name = "FILE", global = true)]
    pub books: Option<PathBuf>,
    /// The folder of the backups, instead of the one in the configuration or `backups` beside the database.
    #[arg(long, value_name = "FOLDER", global = true)]
    pub to: Option<PathBuf>,
    /// The plant's configuration instead of ~/.config/millrace/config.toml.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// Questions about backups.
#[derive(Debug, Clone, Subcommand)]
pub enum BackupCommand {
    /// Prints the backups in the folder, newest first.
    List,
    /// Checks a backup: its checksum, every page, and that it could be put back. Changes nothing.
    Check {
        /// The backup.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What to put back.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// The backup; its manifest lies beside it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The database that it takes the place of, there or not, instead of the one in
    /// ~/.local/share/millrace.
    #[arg(long, value_name = "FILE")]
    pub books: Option<PathBuf>,
    /// Puts it back although its checksum or its audit trail is not as it should be. The trail then says
    /// for ever that you did.
    #[arg(long)]
    pub accept_broken: bool,
}

#[expect(clippy::needless_pass_by_value, reason = "handed over by map_err")]
fn fault(error: BackupError) -> Exit {
    Exit {
        code: FAULT,
        message: format!("{error}."),
    }
}

fn own_books() -> Result<PathBuf, Exit> {
    Ok(Places::own()?.data.join(BOOKS))
}

/// Makes, lists or checks; gives what is printed and the exit code.
///
/// # Errors
/// [`Exit`] with a sentence.
pub(crate) fn backup(args: &BackupArgs) -> Result<(String, u8), Exit> {
    if let Some(BackupCommand::Check { file }) = &args.command {
        return check(file);
    }
    let books = match &args.which.books {
        Some(books) => books.clone(),
        None => own_books()?,
    };
    let (site, set) = configured(&args.which)?;
    let folder = match (&args.which.to, set) {
        (Some(to), _) => to.clone(),
        (None, Some(set)) => set,
        (None, None) => books.parent().unwrap_or(Path::new(".")).join(BACKUPS),
    };
    if matches!(args.command, Some(BackupCommand::List)) {
        let found = file::list(&folder).map_err(fault)?;
        return Ok((listed(&folder, &found), 0));
    }
    let order = Order {
        cause: BackupCause::Asked,
        at_ms: SystemClock::new().now_ms(),
        site: &site,
        program: VERSION,
    };
    let made = file::make(&books, &folder, order).map_err(fault)?;
    Ok((
        format!(
            "{}\nsha256   {}\n{} bytes, trail up to {}\n",
            folder.join(&made.file).display(),
            made.sha256,
            made.bytes,
            made.head.as_deref().unwrap_or("nothing")
        ),
        0,
    ))
}

/// Site and backup folder of the configuration. The file counts only where one was named or there is one.
fn configured(which: &Which) -> Result<(String, Option<PathBuf>), Exit> {
    let file = match &which.config {
        Some(file) => file.clone(),
        None => match Places::own() {
            Ok(places) if places.config.is_file() => places.config,
            _ => return Ok((String::new(), None)),
        },
    };
    let loaded = Loaded::read(&file, std::env::vars()).map_err(|error| Exit {
        code: CONFIG,
        message: format!("{error}."),
    })?;
    let base = file.parent().unwrap_or(Path::new("."));
    let folder = loaded.config.backup.folder.map(|folder| base.join(folder));
    Ok((loaded.config.site.key, folder))
}

fn check(file: &Path) -> Result<(String, u8), Exit> {
    let manifest = restore::check(file).map_err(fault)?;
    let scratch = std::env::temp_dir().join(format!("millrace-check-{}", std::process::id()));
    let report = restore::try_restore(file, &scratch).map_err(fault);
    // Nothing is in it any more; a folder that stays is no harm.
    let _ = std::fs::remove_dir(&scratch);
    let report = report?;
    Ok((
        format!(
            "{} fits its checksum, every page is readable, and {} rows of its audit trail are whole. It can be put back.\n",
            manifest.file, report.rows
        ),
        0,
    ))
}

fn listed(folder: &Path, found: &[Found]) -> String {
    if found.is_empty() {
        return format!("no backups in {}\n", folder.display());
    }
    let mut text = String::new();
    for backup in found {
        // Writing to a String cannot fail.
        let _ = match &backup.manifest {
            Ok(manifest) => writeln!(
                text,
                "{}  {} bytes  tables {}  {}",
                backup.path.display(),
                manifest.bytes,
                manifest.schema,
                match &manifest.tried {
                    None => "not tried yet".to_owned(),
                    Some(tried) => tried.fault.as_ref().map_or_else(
                        || "restore tried: good".to_owned(),
                        |why| format!("restore tried: {why}")
                    ),
                }
            ),
            Err(error) => writeln!(text, "{}  {error}", backup.path.display()),
        };
    }
    text
}

/// Puts a backup back; gives what is printed and the exit code.
///
/// # Errors
/// [`Exit`] with a sentence; unless it says otherwise the books are as they were.
pub(crate) fn put_back(args: &RestoreArgs) -> Result<(String, u8), Exit> {
    let books = match &args.books {
        Some(books) => books.clone(),
        None => own_books()?,
    };
    let restored = restore::restore(&Request {
        backup: args.file.clone(),
        books: books.clone(),
        accept_broken: args.accept_broken,
        at_ms: SystemClock::new().now_ms(),
    })
    .map_err(fault)?;
    Ok((told(&books, &restored), 0))
}

fn told(books: &Path, restored: &Restored) -> String {
    let mut text = String::new();
    for sentence in &restored.accepted {
        let _ = writeln!(
            text,
            "WARNING  {sentence}. You accepted this; the audit trail will say so."
        );
    }
    let _ = writeln!(
        text,
        "{} is put back: {} rows of its audit trail {}.",
        books.display(),
        restored.report.rows,
        if restored.report.is_good() {
            "are whole"
        } else {
            "fit, the rest does not"
        }
    );
    if let Some(kept) = &restored.kept {
        let _ = writeln!(text, "What was there is kept as {}.", kept.display());
    }
    text.push_str(
        "Start the program and look at every open order: what was made and booked since the backup is not in these books.\n",
    );
    text
}
