//! The books at the start: a backup before a migration changes them, what is told of damaged and of missing
//! ones, and what is done with them before anybody may come. Leaves out the rest of the start.

use std::path::{Path, PathBuf};

use millrace_core::audit::seal::SealCause;
use millrace_core::backup::BackupCause;
use millrace_store::{Store, StoreError, copy};

use crate::backup::after::{self, Restored};
use crate::backup::file::{self, Order};
use crate::backup::{BACKUPS, restore};
use crate::clock::Clock;
use crate::commands::session::DemoPerson;
use crate::config::SiloSeed;
use crate::error::AppError;
use crate::seed::seed;
use crate::setup::Setup;
use crate::start::StartError;
use crate::trail::job::Trail;
use crate::trail::key::KeyFolder;

/// What the books were found to hold, and what was begun on them.
pub(crate) struct Begun {
    pub(crate) restored: Option<Restored>,
    pub(crate) demo_people: Vec<DemoPerson>,
    pub(crate) trail: Trail,
    /// What a person must know: the area and a sentence.
    pub(crate) problems: Vec<(&'static str, String)>,
}

impl Begun {
    /// Nothing is begun on damaged books.
    pub(crate) fn damaged(data_dir: &Path) -> Begun {
        Begun {
            restored: None,
            demo_people: Vec::new(),
            trail: Trail::silent(data_dir),
            problems: Vec::new(),
        }
    }

    /// Books that were put back are put in doubt before anything reads them; then people, silos and trail.
    pub(crate) async fn of(
        store: &Store,
        clock: &dyn Clock,
        silos: &[SiloSeed],
        is_demo: bool,
        data_dir: &Path,
        site: &str,
    ) -> Result<Begun, AppError> {
        let mut problems = Vec::new();
        let (restored, told) = after::begin(store, clock.now_ms()).await?;
        let is_just_restored = told.is_some();
        problems.extend(told.map(|why| ("backup", why)));
        let demo_people = seed(store, clock, silos, is_demo).await?;
        let (trail, found) = Trail::begin(store, clock, data_dir, site).await?;
        problems.extend(found.into_iter().map(|why| ("audit", why)));
        if is_just_restored {
            // The head that is remembered here is of books that are gone; from here on it is of these.
            trail.seal(store, SealCause::Time, clock.now_ms()).await?;
        }
        Ok(Begun {
            restored,
            demo_people,
            trail,
            problems,
        })
    }
}

/// Opens the books. Damaged ones are opened to tell of it and for nothing else: then the second part says
/// what is wrong and what to put in their place.
pub(crate) async fn open(
    setup: &Setup,
    path: PathBuf,
) -> Result<(Store, Option<String>), StartError> {
    if let Some(why) = restore::broken_off(&path) {
        return Err(StartError(why));
    }
    back_up_before_migration(setup, &path).await?;
    let folder = backup_folder(setup);
    if let Some(sealed) = KeyFolder::of(&setup.data_dir)
        .head()
        .filter(|_| !path.exists())
    {
        return Err(StartError(format!(
            "the database {} is missing, although an audit trail was sealed here ({sealed}). {} Or, to begin anew, move the folder keys away",
            path.display(),
            restore::advice(&path, &folder)
        )));
    }
    let work = move || match Store::open(&path) {
        Ok(store) => Ok((store, None)),
        Err(error @ StoreError::Corrupt { .. }) => {
            let told = format!("{error}. {}", restore::advice(&path, &folder));
            tracing::error!(%told, "the books are damaged");
            match Store::open_damaged(&path, &error.to_string()) {
                Ok(store) => Ok((store, Some(told))),
                Err(_) => Err(StartError(told)),
            }
        }
        Err(error) => Err(StartError(error.to_string())),
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StartError(error.to_string()))?
}

/// The books as they are, before the first migration of this program changes them. Without that backup
/// nothing is migrated. Books of before the site had a name for it go into the folder all the same.
async fn back_up_before_migration(setup: &Setup, books: &Path) -> Result<(), StartError> {
    let folder = backup_folder(setup);
    let books = books.to_path_buf();
    let (at_ms, site) = (setup.clock.now_ms(), setup.config.site.key.clone());
    let program = setup.version.clone();
    let work = move || -> Result<(), StartError> {
        let found = match copy::schema_of(&books) {
            Ok(found) => found,
            // No database: the opening says so, and migrates nothing.
            Err(StoreError::Corrupt { .. }) => return Ok(()),
            Err(error) => return Err(StartError(error.to_string())),
        };
        if found.is_none_or(|found| found == 0 || found >= copy::schema_known()) {
            return Ok(());
        }
        let order = Order {
            cause: BackupCause::Migration,
            at_ms,
            site: &site,
            program: &program,
        };
        let made = file::make(&books, &folder, order).map_err(|error| {
            StartError(format!(
                "the database must be brought to this program's version, and the backup before it failed, so nothing was changed: {error}"
            ))
        })?;
        tracing::info!(file = %made.file, "the backup before the migration");
        Ok(())
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StartError(error.to_string()))?
}

fn backup_folder(setup: &Setup) -> PathBuf {
    setup
        .config
        .backup
        .folder
        .clone()
        .unwrap_or_else(|| setup.data_dir.join(BACKUPS))
}
