//! The sections `[session]`, `[signature]` and `[backup]`. Leaves out what they lead to.

use std::path::PathBuf;

use millrace_core::access::four_eyes::FourEyes;
use millrace_core::access::lock::LockTimes;
use serde::Deserialize;

/// When a session that nobody uses loses its rights; 0 = never, for rooms with somebody in them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Rights beyond an operator's, minutes (0 to 60).
    pub lower_after_min: i64,
    /// All but looking and holding the line, minutes (0 to 60).
    pub lock_after_min: i64,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            lower_after_min: 5,
            lock_after_min: 10,
        }
    }
}

impl Session {
    /// In milliseconds.
    pub(crate) fn times(&self) -> LockTimes {
        LockTimes {
            lower_after_ms: self.lower_after_min.saturating_mul(60_000),
            lock_after_ms: self.lock_after_min.saturating_mul(60_000),
        }
    }
}

/// Signing at this site.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signature {
    /// How much of it takes two persons.
    pub four_eyes: FourEyes,
}

/// Backups of the books.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Where they go, relative to the configuration file; absent = `backups` beside the books.
    pub folder: Option<PathBuf>,
    /// A folder on another disk or machine that each is copied to.
    pub second_folder: Option<PathBuf>,
    /// The hour of the site's day at which one is made (0 to 23).
    pub hour: i8,
    /// Of so many days the newest is kept.
    pub keep_daily: usize,
    /// Of so many weeks the newest is kept.
    pub keep_weekly: usize,
    /// Of so many months the newest is kept.
    pub keep_monthly: usize,
}

impl Default for Backup {
    fn default() -> Backup {
        Backup {
            folder: None,
            second_folder: None,
            hour: 2,
            keep_daily: 7,
            keep_weekly: 4,
            keep_monthly: 12,
        }
    }
}
