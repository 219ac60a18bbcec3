//! Keeping the trail: what is done at the start, the seals while it runs and at its end, the watch on
//! the clock, and the check in the background. Each is idempotent and starts from the books alone.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::seal::{self, SealCause, Sealer};
use millrace_store::Store;
use serde_json::json;
use tokio::sync::Notify;

use super::ENDING;
use super::check::{TrailReport, of_books};
use super::key::KeyFolder;
use super::standing::{self, RecordFaultView};
use crate::clock::Clock;
use crate::commands::audit;
use crate::error::AppError;
use crate::inner::Inner;

/// A jump of the wall clock beyond this is told, milliseconds.
const JUMP_MS: i64 = 2_000;

/// What the trail's jobs share.
#[derive(Debug)]
pub(crate) struct Trail {
    /// `None` = the key cannot be used; the start said why.
    sealer: Option<Sealer>,
    keys: KeyFolder,
    /// Wall and monotonic clock at the last look.
    clock: Mutex<Option<(i64, i64)>>,
    check: Mutex<CheckState>,
    pub(crate) check_nudge: Notify,
}

/// The check in the background.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckState {
    /// Asked for, or under way.
    pub(crate) is_running: bool,
    /// The last one, and when it ended (UTC milliseconds).
    pub(crate) last: Option<(i64, TrailReport)>,
    /// What no check has cleared yet.
    pub(crate) fault: Option<RecordFaultView>,
}

impl Trail {
    /// Opens the key and compares the books with the newest seal that was made here. Answers what a
    /// person must know, one sentence each.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn begin(
        store: &Store,
        clock: &dyn Clock,
        data_dir: &Path,
        site: &str,
    ) -> Result<(Trail, Vec<String>), AppError> {
        let keys = KeyFolder::of(data_dir);
        let mut problems = Vec::new();
        let at_ms = clock.now_ms();
        note_clock_since_last_row(store, at_ms).await?;
        if let Some(why) = note_older_books(store, &keys, at_ms).await? {
            problems.push(why);
        }
        let sealer = match keys.sealer(site) {
            Ok(sealer) => Some(sealer),
            Err(why) => {
                problems.push(format!(
                    "{why}. The audit trail is written, but not sealed; the rest works."
                ));
                None
            }
        };
        let trail = Trail {
            sealer,
            keys,
            clock: Mutex::new(None),
            check: Mutex::new(CheckState {
                fault: store.read(standing::of_books).await?,
                ..CheckState::default()
            }),
            check_nudge: Notify::new(),
        };
        // The books name the key from the first start on, not from the first seal that is due.
        if let Some(sealer) = trail.sealer.clone() {
            let public_key = sealer.public_key();
            let newest = store.read(|read| read.seal_keys()).await?.pop();
            if newest.is_none_or(|key| key.public_key != public_key || key.site != site) {
                trail.seal(store, SealCause::Key, at_ms).await?;
            }
        }
        Ok((trail, problems))
    }

    /// A trail that nothing is written to: the books are damaged.
    pub(crate) fn silent(data_dir: &Path) -> Trail {
        Trail {
            sealer: None,
            keys: KeyFolder::of(data_dir),
            clock: Mutex::new(None),
            check: Mutex::new(CheckState::default()),
            check_nudge: Notify::new(),
        }
    }

    /// Seals what is not sealed yet. Answers true when there was something.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn seal(
        &self,
        store: &Store,
        cause: SealCause,
        at_ms: i64,
    ) -> Result<bool, AppError> {
        let Some(sealer) = self.sealer.clone() else {
            return Ok(false);
        };
        let sealed = store
            .write(move |tx| tx.seal_add(&sealer, cause, at_ms))
            .await?;
        let Some(sealed) = sealed else {
            return Ok(false);
        };
        let kept = Anchor::of(sealed.seq, &sealed.hash)
            .map_err(|error| error.to_string())
            .and_then(|anchor| self.keys.keep_head(&anchor));
        if let Err(error) = kept {
            tracing::warn!(%error, "the newest seal is not remembered outside the books");
        }
        Ok(true)
    }

    /// The public key that seals, in hexadecimal; `None` = nothing seals.
    pub(crate) fn public_key(&self) -> Option<String> {
        self.sealer.as_ref().map(Sealer::public_key)
    }

    pub(crate) fn check_state(&self) -> CheckState {
        self.check
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What does not verify since some check, until another one passes.
    pub(crate) fn fault(&self) -> Option<RecordFaultView> {
        self.check
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fault
            .clone()
    }

    fn set_check(&self, change: impl FnOnce(&mut CheckState)) {
        change(&mut self.check.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for a check; one that runs already counts.
    pub(crate) fn ask_check(&self) {
        self.set_check(|state| state.is_running = true);
        self.check_nudge.notify_one();
    }
}

/// The trail's last row lies in the future: the clock was set back while nobody looked.
async fn note_clock_since_last_row(store: &Store, at_ms: i64) -> Result<(), AppError> {
    let last = store.read(|read| read.audit_last_ms()).await?;
    let Some(last) = last.filter(|last| last - at_ms > JUMP_MS) else {
        return Ok(());
    };
    let entry = audit::of(
        "system",
        "clock_jump",
        "clock",
        "the clock is behind the last row of the trail",
        at_ms,
        &json!({ "by_ms": at_ms - last }),
    );
    Ok(store.write(move |tx| tx.audit_add(&entry)).await?)
}

/// The books end before, or differ from, what was sealed here: somebody put a copy in their place.
async fn note_older_books(
    store: &Store,
    keys: &KeyFolder,
    at_ms: i64,
) -> Result<Option<String>, AppError> {
    let Some(anchor) = keys.head() else {
        return Ok(None);
    };
    let seq = anchor.seq();
    let (hash, end) = store
        .read(move |read| {
            Ok::<_, AppError>((
                read.audit_hash(seq)?,
                read.audit_head()?.map_or(0, |(end, _)| end),
            ))
        })
        .await?;
    if hash.is_some_and(|hash| anchor.fits(&hash)) {
        return Ok(None);
    }
    let entry = audit::of(
        "system",
        "trail_differs",
        "trail",
        "the books are not those that were sealed last on this computer",
        at_ms,
        &json!({ "sealed": anchor.to_string(), "rows": end }),
    );
    store.write(move |tx| tx.audit_add(&entry)).await?;
    Ok(Some(format!(
        "The audit trail ends at row {end} or differs before it, but this computer sealed it up to row {seq} ({anchor}). Whoever put a backup back did this; if nobody did, rows were removed: have the trail verified."
    )))
}

/// Seals the rows since the last seal when that is due. Answers true when it did.
pub(crate) async fn seal_when_due(inner: &Inner, is_end: bool) -> Result<bool, AppError> {
    let at_ms = inner.clock.now_ms();
    let unsealed = inner.store.read(|read| read.unsealed(ENDING)).await?;
    match seal::due(unsealed, at_ms, is_end) {
        Some(cause) => inner.trail.seal(&inner.store, cause, at_ms).await,
        None => Ok(false),
    }
}

/// Holds the wall clock against the monotonic one; a jump is a row of the trail.
pub(crate) async fn watch_clock(inner: &Inner) -> Result<(), AppError> {
    let now = (inner.clock.now_ms(), inner.clock.mono_ms());
    let was = inner
        .trail
        .clock
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .replace(now);
    let Some((wall, mono)) = was else {
        return Ok(());
    };
    let expected = wall.saturating_add(now.1 - mono);
    let by_ms = now.0.saturating_sub(expected);
    if by_ms.abs() <= JUMP_MS {
        return Ok(());
    }
    let mut entry = audit::of(
        "system",
        "clock_jump",
        "clock",
        "",
        now.0,
        &json!({ "at_ms": now.0, "by_ms": by_ms }),
    );
    entry.before = json!({ "at_ms": expected }).to_string();
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await
}

/// Walks the whole trail on a reader. A fault that is new is a row of the trail itself.
pub(crate) async fn check(inner: &Inner) -> Result<(), AppError> {
    inner.trail.set_check(|state| state.is_running = true);
    let expect = inner.trail.keys.head().into_iter().collect();
    let walked = inner
        .store
        .read(move |read| of_books(read, expect, Vec::new()).map_err(AppError::from))
        .await;
    let at_ms = inner.clock.now_ms();
    let report = match walked {
        Ok(report) => report,
        Err(error) => {
            inner.trail.set_check(|state| state.is_running = false);
            return Err(error);
        }
    };
    let was = inner.trail.fault();
    let (now, told) = standing::after(was.as_ref(), &report, at_ms);
    let is_good = report.is_good();
    // Told on every screen before it is written down: books that take nothing are no reason to be silent.
    inner.trail.set_check(|state| {
        state.is_running = false;
        state.fault = now;
        state.last = Some((at_ms, report));
    });
    inner.live_nudge.notify_one();
    if let Some(entry) = told {
        if !is_good {
            tracing::error!(what = %entry.reason, "the record does not verify");
        }
        inner.commit(move |tx| Ok(tx.audit_add(&entry)?)).await?;
    }
    Ok(())
}
