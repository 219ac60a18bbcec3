//! Figures of two sides that run in turns, as ratios: on a shared machine only what ran side by
//! side can be compared. Leaves out what is measured.
//!
//! Each round runs the floor and then ours; a ratio is the median of the rounds' own ratios.

use std::time::Duration;

/// Rounds of a measurement.
const ROUNDS: usize = 9;

/// How many rounds to run: all under `cargo bench`, one when a test only wants to see it run.
pub(crate) fn rounds() -> usize {
    if is_measuring() { ROUNDS } else { 1 }
}

/// True under `cargo bench`.
pub(crate) fn is_measuring() -> bool {
    std::env::args().any(|word| word == "--bench")
}

/// One side in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    p50_us: f64,
    p99_us: f64,
    per_second: f64,
}

impl Figures {
    /// From each operation's time, and the time that all of them took.
    pub(crate) fn of(mut times: Vec<Duration>, all: Duration) -> Figures {
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times
                .get(index)
                .map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
        };
        Figures {
            p50_us: at(50),
            p99_us: at(99),
            per_second: times.len() as f64 / all.as_secs_f64(),
        }
    }
}

impl Figures {
    /// The same for something made of so many operations.
    #[allow(dead_code, reason = "only a cycle of several reads is made of such")]
    pub(crate) fn times(self, n: f64) -> Figures {
        Figures {
            p50_us: self.p50_us * n,
            p99_us: self.p99_us * n,
            per_second: self.per_second / n,
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the line above the figures.
pub(crate) fn heading() {
    println!(
        "{:<34} {:>9} {:>9} {:>10}   {:>6} {:>6} {:>6}  (against the floor: p50, p99, per second)",
        "", "p50 us", "p99 us", "per s", "p50", "p99", "rate"
    );
}

/// Prints one side's medians, and its ratios to the floor of the same rounds.
pub(crate) fn row(name: &str, floor: &[Figures], ours: &[Figures]) {
    let own = |of: fn(&Figures) -> f64| median(ours.iter().map(of));
    let ratio =
        |of: fn(&Figures) -> f64| median(ours.iter().zip(floor).map(|(o, f)| of(o) / of(f)));
    println!(
        "{name:<34} {:>9.1} {:>9.1} {:>10.0}   {:>6.2} {:>6.2} {:>6.2}",
        own(|f| f.p50_us),
        own(|f| f.p99_us),
        own(|f| f.per_second),
        ratio(|f| f.p50_us),
        ratio(|f| f.p99_us),
        ratio(|f| f.per_second),
    );
}
