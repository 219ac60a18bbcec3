//! Which backups are kept: so many of the newest days, weeks and months, and whatever a restore may
//! still need. Leaves out making, reading and deleting them (application).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// 1 January 1970 was a Thursday: so many days before it a week began.
const DAYS_TO_MONDAY: i64 = 3;

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum BackupCause {
    /// Its hour had come, or the last one was too old at the start.
    Scheduled,
    /// A person asked for it.
    Asked,
    /// The books were about to be brought to a newer version.
    Migration,
}

impl BackupCause {
    /// The word in the file's name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BackupCause::Scheduled => "scheduled",
            BackupCause::Asked => "asked",
            BackupCause::Migration => "migration",
        }
    }
}

/// How many backups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest of each of so many days.
    pub daily: usize,
    /// The newest of each of so many weeks.
    pub weekly: usize,
    /// The newest of each of so many months.
    pub monthly: usize,
}

/// A published backup, as far as keeping it depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// When it was made, UTC milliseconds.
    pub at_ms: i64,
    /// The month it was made in, counted on without end (year × 12 + month).
    pub month: i64,
    /// A restore of it was tried, and it was good.
    pub is_tested: bool,
}

/// The day, week or month that a backup was made in.
type Period = fn(&Kept) -> i64;

/// The names that may be deleted. Days, weeks and months without a backup do not count, so a plant
/// that stood still loses nothing by it. Never among them: the newest, the newest that a restore test
/// found good, and all made after that one, because nobody knows yet whether they are good.
#[must_use]
pub fn may_go(backups: &[Kept], keep: Keep) -> Vec<String> {
    let mut newest_first: Vec<&Kept> = backups.iter().collect();
    newest_first.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| b.name.cmp(&a.name)));
    let mut stays: BTreeSet<&str> = BTreeSet::new();
    let periods: [(usize, Period); 3] = [
        (keep.daily, |b| b.at_ms.div_euclid(DAY_MS)),
        (keep.weekly, |b| {
            (b.at_ms.div_euclid(DAY_MS) + DAYS_TO_MONDAY).div_euclid(7)
        }),
        (keep.monthly, |b| b.month),
    ];
    for (count, period) in periods {
        let mut seen = BTreeSet::new();
        for backup in &newest_first {
            if seen.len() == count {
                break;
            }
            if seen.insert(period(backup)) {
                stays.insert(&backup.name);
            }
        }
    }
    match newest_first.iter().position(|backup| backup.is_tested) {
        Some(tested) => stays.extend(
            newest_first
                .iter()
                .take(tested + 1)
                .map(|b| b.name.as_str()),
        ),
        // None is proved: none goes.
        None => return Vec::new(),
    }
    newest_first
        .iter()
        .filter(|backup| !stays.contains(backup.name.as_str()))
        .map(|backup| backup.name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Keep = Keep {
        daily: 7,
        weekly: 4,
        monthly: 12,
    };

    fn day(day: i64, is_tested: bool) -> Kept {
        Kept {
            name: format!("day-{day:04}"),
            at_ms: day * DAY_MS + 7_200_000,
            month: day / 30,
            is_tested,
        }
    }

    #[test]
    fn a_year_of_nights_leaves_days_weeks_and_months() {
        let all: Vec<Kept> = (0..400).map(|n| day(n, true)).collect();
        let gone = may_go(&all, KEEP);
        let left = all.len() - gone.len();
        assert!((7 + 2 + 10..=7 + 4 + 12).contains(&left), "{left} left");
        for newest in 393..400 {
            assert!(!gone.contains(&format!("day-{newest:04}")), "{newest}");
        }
    }

    #[test]
    fn without_a_proved_one_nothing_goes() {
        let all: Vec<Kept> = (0..400).map(|n| day(n, false)).collect();
        assert_eq!(may_go(&all, KEEP), Vec::<String>::new());
    }

    #[test]
    fn the_newest_proved_one_and_all_behind_it_stay() {
        let all: Vec<Kept> = (0..100).map(|n| day(n, n == 20)).collect();
        let gone = may_go(&all, KEEP);
        assert!(
            gone.iter().all(|name| name.as_str() < "day-0020"),
            "{gone:?}"
        );
        assert!(gone.contains(&"day-0003".to_owned()), "{gone:?}");
    }

    #[test]
    fn keeping_nothing_still_keeps_the_newest_good_one() {
        let keep = Keep {
            daily: 0,
            weekly: 0,
            monthly: 0,
        };
        let all = [day(1, true), day(2, true), day(3, false)];
        assert_eq!(may_go(&all, keep), vec!["day-0001".to_owned()]);
    }

    #[test]
    fn several_of_one_day_leave_its_newest() {
        let mut morning = day(5, true);
        morning.name = "morning".into();
        morning.at_ms -= 3_600_000;
        let gone = may_go(&[morning, day(5, true)], KEEP);
        assert_eq!(gone, vec!["morning".to_owned()]);
    }
}
