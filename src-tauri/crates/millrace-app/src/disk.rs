//! Whether the books can be written to, and how much room is left: looked at every few seconds, told on
//! every screen, and over by itself once a commit succeeds again. Leaves out finding the fault, which is
//! the writer's (`millrace_store`).

mod reserve;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use millrace_core::error_code::ErrorCode;
use millrace_core::journal::JournalKind;
use millrace_store::Trouble;
use serde_json::json;

use crate::commands::audit;
use crate::commands::live::{BooksState, BooksView, Room};
use crate::error::AppError;
use crate::inner::Inner;

/// Used to this share, a person is told, percent.
const LOW_PCT: u64 = 80;
/// Used to this share, it is urgent, percent.
const VERY_LOW_PCT: u64 = 95;
/// Less room than this is urgent, however large the disk is, bytes.
const VERY_LOW_BYTES: u64 = 1 << 30;

/// More room than this is enough, however much of a large disk is used: it lasts a line for years, and a
/// warning that asks for nothing is no warning. Bytes.
const ENOUGH_BYTES: u64 = 10 << 30;

/// What is known of the books' disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when nothing can be committed, UTC milliseconds, and why.
    trouble: Option<(i64, Trouble)>,
    room: Option<Left>,
    /// Since when the reserve is given away, UTC milliseconds: what runs is finished, nothing new begins.
    on_reserve: Option<i64>,
}

/// What is left of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    free: u64,
    total: u64,
}

impl Disk {
    /// As every screen shows it.
    pub(crate) fn view(&self) -> BooksView {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = state.trouble.as_ref();
        BooksView {
            state: match (trouble, state.on_reserve) {
                (Some((_, Trouble::Full(_))), _) => BooksState::Full,
                (Some((_, Trouble::Disk(_))), _) => BooksState::DiskFault,
                (Some((_, Trouble::Damaged(_))), _) => BooksState::Damaged,
                (None, Some(_)) => BooksState::Reserve,
                (None, None) => BooksState::Good,
            },
            since_ms: trouble.map(|(since_ms, _)| *since_ms).or(state.on_reserve),
            cause: trouble
                .map(|(_, trouble)| sentence(trouble))
                .or_else(|| state.on_reserve.map(|_| ON_RESERVE.to_owned())),
            room: room(state.room),
            free_bytes: state
                .room
                .map(|room| i64::try_from(room.free).unwrap_or(i64::MAX)),
        }
    }

    /// Keeps what the writer found last. Answers since when, and why, if that is over now.
    fn note(&self, found: Option<Trouble>, at_ms: i64) -> Option<(i64, Trouble)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (found, state.trouble.take()) {
            (None, was) => was,
            (Some(found), was) => {
                let since_ms = was.map_or(at_ms, |(since_ms, _)| since_ms);
                state.trouble = Some((since_ms, found));
                None
            }
        }
    }
}

fn room(left: Option<Left>) -> Room {
    let Some(Left { free, total }) = left else {
        return Room::Unknown;
    };
    let used_pct = total
        .saturating_sub(free)
        .saturating_mul(100)
        .checked_div(total)
        .unwrap_or(0);
    if free >= ENOUGH_BYTES {
        Room::Enough
    } else if used_pct >= VERY_LOW_PCT || free < VERY_LOW_BYTES {
        Room::VeryLow
    } else if used_pct >= LOW_PCT {
        Room::Low
    } else {
        Room::Enough
    }
}

/// What is wrong and what to do, for people.
fn sentence(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Full(_) => {
            "the disk is full: nothing new can be recorded, what is shown can still be read; make room and it goes on by itself".into()
        }
        Trouble::Disk(what) => format!(
            "the disk does not take what is to be recorded ({what}): nothing new can be recorded; it is tried again all the time"
        ),
        Trouble::Damaged(what) => format!(
            "the database is damaged ({what}): nothing is written to it any more; end the program and put the newest good backup back with `millrace restore`"
        ),
    }
}

/// Why nothing new begins, and what to do.
const ON_RESERVE: &str = "the disk is full and the room that was kept back is in use: what runs is finished and recorded, nothing new begins; make room and it goes on by itself";

/// Refuses to begin anything while only the reserve is left.
///
/// # Errors
/// [`ErrorCode::StoreFailed`] with the sentence.
pub(crate) fn must_have_room(inner: &Inner) -> Result<(), AppError> {
    if inner.disk.view().state == BooksState::Reserve {
        return Err(AppError::refusal(ErrorCode::StoreFailed, ON_RESERVE));
    }
    Ok(())
}

/// Refuses whatever would write while nothing can be written.
///
/// # Errors
/// [`ErrorCode::StoreFailed`] with the sentence.
pub(crate) fn must_be_writable(inner: &Inner) -> Result<(), AppError> {
    match inner.store.trouble() {
        None => Ok(()),
        Some(trouble) => Err(AppError::refusal(
            ErrorCode::StoreFailed,
            sentence(&trouble),
        )),
    }
}

/// Looks at the disk, and tries a commit where the last one failed. What was lost meanwhile is nothing:
/// whoever could not commit was told so; the trail tells from when to when.
///
/// # Errors
/// The store's, when the end of it could not be written down: then it is not over.
pub(crate) async fn watch(inner: &Inner) -> Result<(), AppError> {
    let at_ms = inner.clock.now_ms();
    let is_full = matches!(inner.store.trouble(), Some(Trouble::Full(_)));
    let books = inner.store.path().to_path_buf();
    let looked = tokio::task::spawn_blocking(move || {
        let found = left(&books);
        let is_given = (is_full && reserve::give(&books)) || reserve::is_given(&books);
        let free = found.map_or(0, |left| left.free);
        // On damaged or failing disks nothing is made: it would only add to what fails.
        let is_kept = !is_full && reserve::keep(&books, free);
        (found, is_given && !is_kept, is_kept)
    });
    let (room, is_given, is_kept) = looked.await.unwrap_or((None, false, false));
    {
        let mut state = inner
            .disk
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.room = room;
        if is_given {
            if state.on_reserve.is_none() {
                tracing::error!("the disk is full: the room that was kept back is given away");
            }
            state.on_reserve.get_or_insert(at_ms);
        } else if is_kept && state.on_reserve.take().is_some() {
            tracing::info!("there is room again, and some is kept back again");
            inner.live_nudge.notify_one();
        }
    }
    if inner.store.trouble().is_some() {
        // What was found stands in the store; here only whether it is over.
        let _ = inner.store.probe(at_ms).await;
    }
    let was_good = matches!(
        inner.disk.view().state,
        BooksState::Good | BooksState::Reserve
    );
    let over = inner.disk.note(inner.store.trouble(), at_ms);
    let view = inner.disk.view();
    if was_good && !matches!(view.state, BooksState::Good | BooksState::Reserve) {
        tracing::error!(cause = ?view.cause, "nothing can be recorded");
        inner.live_nudge.notify_one();
    }
    let Some((since_ms, trouble)) = over else {
        return Ok(());
    };
    tracing::info!(since_ms, "what is to be recorded is recorded again");
    let reason = match view.state {
        BooksState::Reserve => ON_RESERVE.to_owned(),
        _ => sentence(&trouble),
    };
    let entry = audit::of(
        "system",
        "books_writable",
        "books",
        &reason,
        at_ms,
        &json!({ "since_ms": since_ms }),
    );
    inner
        .commit(move |tx| {
            tx.audit_add(&entry)?;
            tx.journal_add(
                at_ms,
                None,
                JournalKind::BooksWritable,
                &[("reason", reason)],
            )?;
            Ok(())
        })
        .await
}

#[cfg(unix)]
fn left(file: &Path) -> Option<Left> {
    let found = rustix::fs::statvfs(file).ok()?;
    Some(Left {
        // What others than the superuser may use.
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

/// Not asked for here: a full disk is found when it is full.
#[cfg(not(unix))]
fn left(_file: &Path) -> Option<Left> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn room_is_told_before_it_is_gone() {
        for (free, total, expected) in [
            (30 * GIB, 100 * GIB, Room::Enough),
            (10 * GIB, 1_000 * GIB, Room::Enough),
            (9 * GIB, 40 * GIB, Room::Enough),
            (8 * GIB, 40 * GIB, Room::Low),
            (5 * GIB, 100 * GIB, Room::VeryLow),
            (GIB - 1, 2 * GIB, Room::VeryLow),
            (0, 0, Room::VeryLow),
        ] {
            assert_eq!(
                room(Some(Left { free, total })),
                expected,
                "{free} of {total}"
            );
        }
        assert_eq!(room(None), Room::Unknown);
    }

    #[test]
    fn the_beginning_of_a_trouble_is_kept_until_it_is_over() {
        let disk = Disk::default();
        let full = || Some(Trouble::Full("full".into()));
        assert_eq!(disk.note(full(), 5), None);
        assert_eq!(disk.note(full(), 9), None);
        assert_eq!(disk.view().since_ms, Some(5));
        assert_eq!(disk.note(None, 12), full().map(|trouble| (5, trouble)));
        assert_eq!(disk.view().state, BooksState::Good);
        assert_eq!(disk.note(None, 13), None);
    }
}
