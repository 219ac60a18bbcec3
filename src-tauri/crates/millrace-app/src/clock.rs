//! The only file that may ask what time it is. Order comes from sequence numbers, durations from the
//! monotonic clock, and only labels for people from the wall clock (`decisions.md` 7).

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where time comes from.
pub trait Clock: Send + Sync + Debug {
    /// UTC milliseconds, for labels. May jump.
    fn now_ms(&self) -> i64;
    /// Milliseconds since some fixed instant of this run; never goes back.
    fn mono_ms(&self) -> i64;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic side starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn new() -> Arc<SystemClock> {
        Arc::new(SystemClock {
            start: Instant::now(),
        })
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now_ms(&self) -> i64 {
        // A machine clock before 1970 is nonsense; it then reads as 1970, visibly wrong.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }

    fn mono_ms(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that a test moves.
#[derive(Debug)]
pub struct HandClock {
    wall: AtomicI64,
    mono: AtomicI64,
}

impl HandClock {
    /// A clock that shows this wall time.
    #[must_use]
    pub fn at(now_ms: i64) -> Arc<HandClock> {
        Arc::new(HandClock {
            wall: AtomicI64::new(now_ms),
            mono: AtomicI64::new(0),
        })
    }

    /// Lets time pass on both clocks.
    pub fn advance_ms(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.mono.fetch_add(ms, Ordering::SeqCst);
    }

    /// Steps the wall clock only, as a wrong NTP server does.
    pub fn step_wall_ms(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn mono_ms(&self) -> i64 {
        self.mono.load(Ordering::SeqCst)
    }
}
