//! When backups are made and tried: each night at a set hour, after a start that finds the last one of
//! before that hour, and when a person asks; each week the newest is put back in a scratch folder, which
//! proves that it could be. Idempotent: what is due follows from the folder and the clock alone.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use millrace_core::backup::{BackupCause, Keep};
use millrace_core::error_code::ErrorCode;
use millrace_core::journal::JournalKind;
use millrace_store::table::audit::AuditEntry;
use serde_json::json;

use super::file::{self, Folder, Found, Manifest, Order, Tried};
use super::{BACKUPS, BackupError, restore};
use crate::commands::audit;
use crate::config;
use crate::error::AppError;
use crate::inner::Inner;

/// How long after a failure the next try waits.
const AGAIN_MS: i64 = 3_600_000;
/// How often a restore is tried.
const TRY_EVERY_MS: i64 = 7 * 86_400_000;
/// A last backup older than this wants a person.
const OLD_MS: i64 = 48 * 3_600_000;
/// The folder in the backup folder where restores are tried.
const SCRATCH: &str = "restore-test";

/// Where backups go, how many are kept, and how the last ones went.
#[derive(Debug)]
pub(crate) struct Backups {
    pub(crate) folder: PathBuf,
    pub(crate) second: Option<PathBuf>,
    pub(crate) hour: i8,
    keep: Keep,
    zone: TimeZone,
    began_ms: i64,
    /// Held by the one that may run.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest backup that is there.
    newest_ms: Option<i64>,
    /// The newest restore test.
    tried: Option<Tried>,
    /// The last backup did not succeed: when, and why.
    failed: Option<(i64, String)>,
}

/// What about the backups wants a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The last one is old; `None` = there is none.
    Old(Option<i64>),
    /// The last one failed.
    Failed(String),
    /// The newest restore test failed.
    NotRestorable(String),
}

impl Backups {
    pub(crate) fn new(
        settings: &config::Backup,
        data_dir: &std::path::Path,
        zone: &str,
        began_ms: i64,
    ) -> Backups {
        Backups {
            folder: settings
                .folder
                .clone()
                .unwrap_or_else(|| data_dir.join(BACKUPS)),
            second: settings.second_folder.clone(),
            hour: settings.hour,
            keep: Keep {
                daily: settings.keep_daily,
                weekly: settings.keep_weekly,
                monthly: settings.keep_monthly,
            },
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            began_ms,
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last failure: when and why.
    pub(crate) fn failed(&self) -> Option<(i64, String)> {
        self.state().failed.clone()
    }

    /// The latest moment at or before `now_ms` at which a backup was to be made, and the next one.
    pub(crate) fn moments(&self, now_ms: i64) -> (i64, i64) {
        moments(self.hour, &self.zone, now_ms)
    }

    /// What wants a person.
    pub(crate) fn troubles(&self, now_ms: i64) -> Vec<Trouble> {
        let state = self.state();
        let mut found = Vec::new();
        if let Some((_, why)) = &state.failed {
            found.push(Trouble::Failed(why.clone()));
        }
        if now_ms - state.newest_ms.unwrap_or(self.began_ms) > OLD_MS {
            found.push(Trouble::Old(state.newest_ms));
        }
        if let Some(fault) = state.tried.as_ref().and_then(|tried| tried.fault.clone()) {
            found.push(Trouble::NotRestorable(fault));
        }
        found
    }
}

fn moments(hour: i8, zone: &TimeZone, now_ms: i64) -> (i64, i64) {
    let found = || -> Result<(i64, i64), jiff::Error> {
        let now = Timestamp::from_millisecond(now_ms)?.to_zoned(zone.clone());
        let at = |date: jiff::civil::Date| -> Result<i64, jiff::Error> {
            // An hour that the clocks skip in spring is taken as the one after it.
            Ok(date
                .at(hour, 0, 0, 0)
                .to_zoned(zone.clone())?
                .timestamp()
                .as_millisecond())
        };
        let today = now.date();
        let this = at(today)?;
        Ok(if this <= now_ms {
            (this, at(today.checked_add(1.day())?)?)
        } else {
            (at(today.checked_sub(1.day())?)?, this)
        })
    };
    // Only a clock outside every calendar comes here.
    found().unwrap_or((now_ms, now_ms.saturating_add(86_400_000)))
}

/// Makes and tries what is due. What fails is told, and tried again later.
///
/// # Errors
/// The store's, when the outcome could not be written down.
pub(crate) async fn work(inner: &Inner) -> Result<(), AppError> {
    let now_ms = inner.clock.now_ms();
    let found = look(inner).await;
    let newest = found.as_ref().ok().and_then(|found| newest(found));
    let (due_ms, _) = inner.backups.moments(now_ms);
    let is_due = newest.as_ref().is_none_or(|newest| newest.at_ms < due_ms);
    let waits = inner
        .backups
        .failed()
        .is_some_and(|(at_ms, _)| (0..AGAIN_MS).contains(&(now_ms - at_ms)));
    if is_due && !waits {
        // What went wrong is in the state, in the trail and on the overview.
        let _ = make(inner, BackupCause::Scheduled, None).await?;
    }
    let tried_ms = inner
        .backups
        .state()
        .tried
        .as_ref()
        .map(|tried| tried.at_ms);
    if tried_ms.is_none_or(|at_ms| !(0..TRY_EVERY_MS).contains(&(now_ms - at_ms))) {
        let _ = try_newest(inner, None).await?;
    }
    Ok(())
}

/// The backups that are there; remembers what the overview asks for.
pub(crate) async fn look(inner: &Inner) -> Result<Vec<Found>, BackupError> {
    let folder = inner.backups.folder.clone();
    let found = blocking(move || file::list(&folder)).await?;
    let mut state = inner.backups.state();
    state.newest_ms = newest(&found).map(|manifest| manifest.at_ms);
    state.tried = found
        .iter()
        .filter_map(|found| found.manifest.as_ref().ok()?.tried.clone())
        .max_by_key(|tried| tried.at_ms);
    Ok(found)
}

fn newest(found: &[Found]) -> Option<Manifest> {
    found
        .iter()
        .filter_map(|found| found.manifest.as_ref().ok())
        // The first of several that were made in the same moment, as the list has them.
        .min_by_key(|manifest| std::cmp::Reverse(manifest.at_ms))
        .cloned()
}

/// Makes a backup now. `asked` names the person and the command that the trail tells of.
///
/// # Errors
/// The outer one is the store's; the inner one tells why there is no backup, or none on the second disk.
pub(crate) async fn make(
    inner: &Inner,
    cause: BackupCause,
    asked: Option<(&str, &str)>,
) -> Result<Result<Manifest, BackupError>, AppError> {
    let _turn = inner.backups.turn.lock().await;
    let at_ms = inner.clock.now_ms();
    let (folder, second) = (inner.backups.folder.clone(), inner.backups.second.clone());
    let (keep, books) = (inner.backups.keep, inner.store.path().to_path_buf());
    let (site, program) = (inner.site_key(), inner.version.clone());
    let made = blocking(move || {
        let first = Folder::take(&folder)?;
        let order = Order {
            cause,
            at_ms,
            site: &site,
            program: &program,
        };
        let manifest = first.make(&books, order)?;
        if let Some(second) = second {
            let from = folder.join(&manifest.file);
            Folder::take(&second)
                .and_then(|second| {
                    second.take_over(&from, &manifest)?;
                    second.prune(keep)
                })
                .map_err(|error| {
                    BackupError(format!(
                        "the backup is in {}, but not on the second disk: {error}",
                        folder.display()
                    ))
                })?;
        }
        first.prune(keep)?;
        Ok(manifest)
    })
    .await;
    let (actor, action) = asked.unwrap_or(("system", "backup_make"));
    let (reason, after) = match &made {
        Ok(manifest) => (
            String::new(),
            json!({ "file": manifest.file, "sha256": manifest.sha256, "head": manifest.head }),
        ),
        Err(error) => (error.to_string(), json!({ "failed": true })),
    };
    let is_news = made.is_err() && inner.backups.failed().is_none();
    inner.backups.state().failed = made.as_ref().err().map(|error| {
        tracing::error!(%error, "backup");
        (at_ms, error.to_string())
    });
    let entry = audit::of(actor, action, "backup", &reason, at_ms, &after);
    tell(
        inner,
        entry,
        is_news.then_some((JournalKind::BackupFailed, reason)),
    )
    .await?;
    // Whether the folder can be listed is told where it is shown.
    let _ = look(inner).await;
    Ok(made)
}

/// Tries a restore of the newest backup and throws it away. `Ok(Ok(None))` = there is none.
///
/// # Errors
/// The outer one is the store's; the inner one tells why it could not be put back.
pub(crate) async fn try_newest(
    inner: &Inner,
    asked: Option<(&str, &str)>,
) -> Result<Result<Option<String>, BackupError>, AppError> {
    let _turn = inner.backups.turn.lock().await;
    let Some(newest) = look(inner).await.ok().as_deref().and_then(newest) else {
        return Ok(Ok(None));
    };
    let at_ms = inner.clock.now_ms();
    let (folder, name) = (inner.backups.folder.clone(), newest.file.clone());
    let outcome = blocking(move || {
        let report = restore::try_restore(&folder.join(&name), &folder.join(SCRATCH));
        let tried = Tried {
            at_ms,
            fault: report.as_ref().err().map(ToString::to_string),
        };
        Folder::take(&folder)?.note_tried(&name, tried)?;
        report.map(|report| report.rows)
    })
    .await;
    let (actor, action) = asked.unwrap_or(("system", "backup_restore_test"));
    let (reason, after) = match &outcome {
        Ok(rows) => (
            String::new(),
            json!({ "file": newest.file, "is_good": true, "rows": rows }),
        ),
        Err(error) => {
            tracing::error!(%error, file = %newest.file, "a restore that was tried failed");
            (
                error.to_string(),
                json!({ "file": newest.file, "is_good": false }),
            )
        }
    };
    let entry = audit::of(actor, action, "backup", &reason, at_ms, &after);
    let failed = outcome
        .is_err()
        .then_some((JournalKind::RestoreTestFailed, reason));
    tell(inner, entry, failed).await?;
    // As in `make`.
    let _ = look(inner).await;
    Ok(outcome.map(|_| Some(newest.file)))
}

async fn tell(
    inner: &Inner,
    entry: AuditEntry,
    journal: Option<(JournalKind, String)>,
) -> Result<(), AppError> {
    let at_ms = entry.at_ms;
    inner
        .commit_quietly(journal.is_some(), move |tx| {
            tx.audit_add(&entry)?;
            if let Some((kind, reason)) = journal {
                tx.journal_add(at_ms, None, kind, &[("reason", reason)])?;
            }
            Ok(())
        })
        .await
}

/// Files are slow; nobody else waits for them.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| BackupError(error.to_string()))?
}

/// A backup that was not made, for the person who asked.
pub(crate) fn refused(error: &BackupError) -> AppError {
    AppError::refusal(ErrorCode::StoreFailed, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        let at: Timestamp = text.parse().expect("a time");
        at.as_millisecond()
    }

    #[test]
    fn the_hour_is_the_sites() {
        let zone = TimeZone::get("Asia/Jakarta").expect("known");
        // Two in the morning in Jakarta is seven in the evening before, UTC.
        let (last, next) = moments(2, &zone, ms("2026-11-22T18:59:59Z"));
        assert_eq!(last, ms("2026-11-21T19:00:00Z"));
        assert_eq!(next, ms("2026-11-22T19:00:00Z"));
        let (last, next) = moments(2, &zone, ms("2026-11-22T19:00:00Z"));
        assert_eq!(last, ms("2026-11-22T19:00:00Z"));
        assert_eq!(next, ms("2026-11-23T19:00:00Z"));
    }

    #[test]
    fn an_hour_that_the_clocks_skip_or_repeat_comes_once() {
        let zone = TimeZone::get("Europe/Amsterdam").expect("known");
        let (last, next) = moments(2, &zone, ms("2026-03-29T12:00:00Z"));
        assert_eq!(last, ms("2026-03-29T01:00:00Z"), "two became three");
        assert_eq!(next, ms("2026-03-30T00:00:00Z"));
        let (last, next) = moments(2, &zone, ms("2026-10-25T12:00:00Z"));
        assert_eq!(last, ms("2026-10-25T00:00:00Z"), "the first of two");
        assert_eq!(next, ms("2026-10-26T01:00:00Z"));
    }
}
