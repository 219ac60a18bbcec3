//! Wrong secrets: counted for the person and for the station, in the books and before the answer leaves, with
//! pauses that grow. Leaves out hashing.

use millrace_core::error_code::ErrorCode;
use millrace_store::table::person::PersonRow;
use millrace_store::{Store, Write};

use super::{NOBODY, matches};
use crate::clock::Clock;
use crate::error::AppError;
use crate::station;

/// Wrong secrets of a person before a pause.
const PERSON_MAX: i64 = 5;
/// Wrong secrets in a row at a station before a pause, whoever was named. More than a person's own, because
/// several people share it.
const STATION_MAX: i64 = 10;
/// First pause; it doubles with each further wrong secret.
const PAUSE_FIRST_MS: i64 = 30_000;
/// Longest pause.
const PAUSE_LONGEST_MS: i64 = 15 * 60_000;

/// Until when nobody is let in after so many wrong ones; 0 = no pause.
fn pause_until(failed: i64, most: i64, now_ms: i64) -> i64 {
    if failed < most {
        return 0;
    }
    let doublings = u32::try_from((failed - most).min(10)).unwrap_or(10);
    now_ms + (PAUSE_FIRST_MS << doublings).min(PAUSE_LONGEST_MS)
}

/// The refusal while a pause lasts.
fn check_pause(whom: &str, until_ms: i64, now_ms: i64) -> Result<(), AppError> {
    let left_ms = until_ms - now_ms;
    if left_ms <= 0 {
        return Ok(());
    }
    let left_s = left_ms.min(PAUSE_LONGEST_MS) / 1000 + 1;
    Err(AppError::refusal(
        ErrorCode::LockedOut,
        format!("too many wrong secrets {whom}: try again in {left_s} s"),
    ))
}

/// Until when a pause lasts by the clock as it is now. One that is longer than the longest comes from a clock
/// that was set back since: it begins anew, so that setting a clock back neither ends a pause nor makes it
/// longer than a quarter of an hour.
fn rebased(until_ms: i64, now_ms: i64) -> i64 {
    if until_ms - now_ms > PAUSE_LONGEST_MS {
        now_ms + PAUSE_LONGEST_MS
    } else {
        until_ms
    }
}

/// Where wrong secrets are counted besides the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Counted {
    /// At the station of the command under way.
    Station,
    /// Nowhere: stopping a line is not kept away by what others typed at the same panel.
    PersonOnly,
    /// Nowhere, and no pause of the person holds it back: the first tries to stop a line in an open session.
    /// They count for the person all the same.
    Stopping,
}

/// The station that counts; `None` for the program itself.
fn counted(by: &Counted) -> Option<String> {
    let station = station::current();
    (*by == Counted::Station && !station.is_empty()).then_some(station)
}

/// Counts a try at the station, or refuses it during a pause.
pub(super) fn count_station(
    tx: &Write<'_>,
    station: Option<&str>,
    now_ms: i64,
) -> Result<(), AppError> {
    let Some(station) = station else {
        return Ok(());
    };
    let (failed, until_ms) = tx.station_attempts(station)?;
    check_pause("at this station", until_ms, now_ms)?;
    let failed = failed + 1;
    tx.station_attempts_set(station, failed, pause_until(failed, STATION_MAX, now_ms))?;
    Ok(())
}

/// Longest name that is kept of one that nobody has.
const NAME_CHARS_MAX: usize = 64;

/// Under which key tries with a name that nobody has are counted; no station has such a name.
fn unknown(name: &str) -> String {
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    format!("name:\n{name}")
}

/// Begins pauses anew that a clock set back would make too long. In a transaction of its own: the try that
/// finds one is refused, and what it wrote would be gone.
async fn rebase(
    store: &Store,
    id: Option<millrace_core::ids::UserId>,
    station: Option<&str>,
    typed: &str,
    now_ms: i64,
) -> Result<(), AppError> {
    let keys: Vec<String> = station
        .into_iter()
        .map(str::to_owned)
        .chain(id.is_none().then(|| typed.to_owned()))
        .collect();
    let stale = {
        let keys = keys.clone();
        store
            .read(move |read| {
                let mut is_stale = false;
                for key in &keys {
                    let (_, until_ms) = read.station_attempts(key)?;
                    is_stale |= rebased(until_ms, now_ms) != until_ms;
                }
                if let Some(id) = id {
                    let until_ms = read.person(id)?.locked_until_ms;
                    is_stale |= rebased(until_ms, now_ms) != until_ms;
                }
                Ok::<_, AppError>(is_stale)
            })
            .await?
    };
    if !stale {
        return Ok(());
    }
    store
        .write(move |tx| {
            for key in &keys {
                let (failed, until_ms) = tx.station_attempts(key)?;
                tx.station_attempts_set(key, failed, rebased(until_ms, now_ms))?;
            }
            if let Some(id) = id {
                let person = tx.person(id)?;
                let until_ms = rebased(person.locked_until_ms, now_ms);
                tx.person_attempts_set(id, person.failed_attempts, until_ms)?;
            }
            Ok(())
        })
        .await
}

fn wrong() -> AppError {
    AppError::refusal(ErrorCode::WrongSecret, "the name or the secret is wrong")
}

/// The person behind a name and a secret. Wrong attempts are counted in the store before the answer
/// leaves, so that neither a restart nor many clients at once give more tries.
///
/// # Errors
/// [`ErrorCode::WrongSecret`] alike for an unknown name, a disabled person and a wrong secret;
/// [`ErrorCode::LockedOut`] during a pause.
pub(crate) async fn authenticate(
    store: &Store,
    clock: &dyn Clock,
    name: &str,
    secret: &str,
) -> Result<PersonRow, AppError> {
    authenticate_counted(store, clock, name, secret, &Counted::Station).await
}

/// As [`authenticate`], with where wrong secrets are counted besides the person.
///
/// # Errors
/// As [`authenticate`].
pub(crate) async fn authenticate_counted(
    store: &Store,
    clock: &dyn Clock,
    name: &str,
    secret: &str,
    by: &Counted,
) -> Result<PersonRow, AppError> {
    let station = counted(by);
    let lookup = name.to_owned();
    let person = store
        .read(move |read| read.person_by_name(&lookup).map_err(AppError::from))
        .await?
        .filter(|person| !person.is_disabled);
    // Count the try first, in one transaction with the check: a crash or many clients at once then
    // cost tries, never give one away.
    let now_ms = clock.now_ms();
    let at = station.clone();
    let id = person.as_ref().map(|person| person.id);
    let typed = unknown(name);
    let is_stopping = *by == Counted::Stopping;
    rebase(store, id, at.as_deref(), &typed, now_ms).await?;
    let whom = format!(
        "for {}",
        name.chars().take(NAME_CHARS_MAX).collect::<String>()
    );
    store
        .write(move |tx| {
            count_station(tx, at.as_deref(), now_ms)?;
            if let Some(id) = id {
                let person = tx.person(id)?;
                if !is_stopping {
                    check_pause(&whom, person.locked_until_ms, now_ms)?;
                }
                let failed = person.failed_attempts + 1;
                tx.person_attempts_set(id, failed, pause_until(failed, PERSON_MAX, now_ms))?;
            } else {
                // A name that nobody has is paused as one that somebody has, or the pause would tell.
                let (failed, until_ms) = tx.station_attempts(&typed)?;
                check_pause(&whom, until_ms, now_ms)?;
                let failed = failed + 1;
                tx.station_attempts_set(&typed, failed, pause_until(failed, PERSON_MAX, now_ms))?;
            }
            Ok::<_, AppError>(())
        })
        .await?;
    let Some(person) = person else {
        matches(secret.to_owned(), NOBODY.to_owned()).await;
        return Err(wrong());
    };
    if !matches(secret.to_owned(), person.secret_phc.clone()).await {
        return Err(wrong());
    }
    let id = person.id;
    store
        .write(move |tx| {
            if let Some(station) = &station {
                tx.station_attempts_set(station, 0, 0)?;
            }
            tx.person_attempts_set(id, 0, 0).map_err(AppError::from)
        })
        .await?;
    Ok(person)
}

/// Refuses while the person is in a pause.
pub(super) fn check_person(person: &PersonRow, now_ms: i64) -> Result<(), AppError> {
    check_pause(
        &format!("for {}", person.name),
        person.locked_until_ms,
        now_ms,
    )
}

/// The station where a wrong PIN counts as well.
pub(super) fn here() -> Option<String> {
    counted(&Counted::Station)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        for (failed, pause_ms) in [
            (4, 0),
            (5, 30_000),
            (6, 60_000),
            (9, 480_000),
            (10, 900_000),
            (1_000_000, 900_000),
        ] {
            let until = pause_until(failed, PERSON_MAX, 1_000);
            assert_eq!(until, if pause_ms == 0 { 0 } else { 1_000 + pause_ms });
        }
    }

    #[test]
    fn a_clock_set_back_neither_ends_a_pause_nor_makes_it_longer() {
        assert!(check_pause("", 5_000, 4_999).is_err());
        assert!(check_pause("", 5_000, 5_000).is_ok());
        assert_eq!(rebased(5_000, 4_999), 5_000);
        assert_eq!(rebased(PAUSE_LONGEST_MS + 1, 0), PAUSE_LONGEST_MS);
        assert!(check_pause("", rebased(i64::MAX, 7), 7).is_err());
    }
}
