//! PIN and badge: they unlock a session or take over at a station where the same person gave the whole secret
//! within one working day, and nothing else. Leaves out what a PIN must be (`millrace_core`).

use std::sync::PoisonError;

use millrace_core::access::quick::{QuickKind, WRONG_MAX};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_store::table::person::PersonRow;

use super::{NOBODY, SESSION_MAX_MS, Sessions, guess, matches};
use crate::clock::Clock;
use crate::error::AppError;
use crate::inner::Inner;
use crate::station;

impl Sessions {
    /// The whole secret was given at this station just now.
    pub(crate) fn whole_given(&self, person: UserId, clock: &dyn Clock) {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.mono_ms();
        whole.retain(|_, at| now - *at < SESSION_MAX_MS);
        whole.insert((station::current(), person), now);
    }

    /// Whether this person gave the whole secret at this station within a working day.
    pub(crate) fn is_known_here(&self, person: UserId, clock: &dyn Clock) -> bool {
        self.whole
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(station::current(), person))
            .is_some_and(|at| clock.mono_ms() - at < SESSION_MAX_MS)
    }

    /// A person's whole secrets count no longer: disabled, or with a new one.
    pub(crate) fn forget_whole(&self, person: UserId) {
        self.whole
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(_, who), _| *who != person);
    }

    /// Everybody who gave the whole secret at this station within a working day.
    pub(crate) fn known_here(&self, clock: &dyn Clock) -> Vec<UserId> {
        let here = station::current();
        let now = clock.mono_ms();
        self.whole
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|((station, _), at)| *station == here && now - **at < SESSION_MAX_MS)
            .map(|((_, person), _)| *person)
            .collect()
    }
}

/// The person behind a name and a PIN or badge, at this station.
///
/// # Errors
/// [`ErrorCode::WrongSecret`] alike for whoever has none, is not known here or gives a wrong one;
/// [`ErrorCode::LockedOut`] during a pause, and after [`WRONG_MAX`] wrong ones until the whole secret is given.
pub(crate) async fn verify(
    inner: &Inner,
    name: &str,
    kind: QuickKind,
    text: &str,
) -> Result<PersonRow, AppError> {
    let wrong = || {
        AppError::refusal(
            ErrorCode::WrongSecret,
            "this is not right here: give the whole secret",
        )
    };
    let lookup = name.to_owned();
    let found = inner
        .store
        .read(move |read| {
            let Some(person) = read.person_by_name(&lookup)? else {
                return Ok(None);
            };
            let quick = read.person_quick(person.id)?;
            Ok::<_, AppError>(Some((person, quick)))
        })
        .await?;
    let now_ms = inner.clock.now_ms();
    let found = found.and_then(|(person, quick)| {
        let row = quick.into_iter().find(|row| row.kind == kind)?;
        let may = !person.is_disabled
            && !person.must_change_secret
            && inner
                .sessions
                .is_known_here(person.id, inner.clock.as_ref());
        may.then_some((person, row))
    });
    let Some((person, row)) = found else {
        // As dear and as counted as a wrong one.
        let at = guess::here();
        inner
            .store
            .write(move |tx| guess::count_station(tx, at.as_deref(), now_ms))
            .await?;
        matches(text.to_owned(), NOBODY.to_owned()).await;
        return Err(wrong());
    };
    guess::check_person(&person, now_ms)?;
    let (id, at) = (person.id, guess::here());
    inner
        .store
        .write(move |tx| {
            // As with secrets: the try counts before it is judged.
            let failed = tx
                .person_quick(id)?
                .into_iter()
                .find(|row| row.kind == kind)
                .map_or(WRONG_MAX, |row| row.failed);
            if failed >= WRONG_MAX {
                return Err(AppError::refusal(
                    ErrorCode::LockedOut,
                    "too many wrong ones: it is off until you give the whole secret",
                ));
            }
            guess::count_station(tx, at.as_deref(), now_ms)?;
            tx.person_quick_failed_set(id, Some(kind), failed + 1)?;
            Ok(())
        })
        .await?;
    if !matches(text.to_owned(), row.phc).await {
        return Err(wrong());
    }
    let at = guess::here();
    inner
        .store
        .write(move |tx| {
            if let Some(station) = &at {
                tx.station_attempts_set(station, 0, 0)?;
            }
            tx.person_quick_failed_set(id, Some(kind), 0)
                .map_err(AppError::from)
        })
        .await?;
    Ok(person)
}
