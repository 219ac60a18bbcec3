//! Progress and remaining time of a running batch. Pure arithmetic over masses and durations.
//! Leaves out clocks: the engine hands in durations from its monotonic clock.

use crate::units::{BasisPoints, Grams};

/// Share of the plan that has been dosed, in basis points, never above 100 % for the bar's sake
/// (the figures beside it show the excess).
#[must_use]
pub fn progress(planned: Grams, dosed: Grams) -> BasisPoints {
    if planned.0 <= 0 {
        return BasisPoints(0);
    }
    let share = dosed.scale(Grams(10_000), planned).unwrap_or(Grams(10_000));
    BasisPoints(share.0.clamp(0, 10_000))
}

/// One line's part in the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// Still to be dosed.
    pub left_g: Grams,
    /// Rate at which this silo doses, grams a second: the median of its last batches, or its rating.
    pub rate_g_s: i64,
}

/// Least progress and age before an estimate is shown (`ui.md` c).
pub const ETA_MIN_PROGRESS: BasisPoints = BasisPoints(300);
/// See [`ETA_MIN_PROGRESS`].
pub const ETA_MIN_AGE_MS: i64 = 60_000;

/// Milliseconds until the last gram, corrected by how this batch has run so far. `None` until 3 % or
/// 60 s have passed, and while nothing moves.
#[must_use]
pub fn eta_ms(
    remaining: &[Remaining],
    progress: BasisPoints,
    age_ms: i64,
    settle_ms: i64,
) -> Option<i64> {
    if progress < ETA_MIN_PROGRESS && age_ms < ETA_MIN_AGE_MS {
        return None;
    }
    let mut total: i64 = 0;
    for part in remaining {
        if part.left_g.0 <= 0 {
            continue;
        }
        if part.rate_g_s <= 0 {
            return None;
        }
        total = total
            .checked_add(part.left_g.0.checked_mul(1_000)? / part.rate_g_s)?
            .checked_add(settle_ms)?;
    }
    Some(total)
}

/// What should have been dosed after `elapsed_ms` at the usual rates, one line after the other, each
/// followed by its settling time. `None` while a line's rate is unknown.
#[must_use]
pub fn planned_by(lines: &[Remaining], elapsed_ms: i64, settle_ms: i64) -> Option<Grams> {
    let mut left_ms = elapsed_ms.max(0);
    let mut mass = 0_i64;
    for line in lines {
        if line.rate_g_s <= 0 {
            return None;
        }
        let needs_ms = line.left_g.0.checked_mul(1_000)? / line.rate_g_s;
        if left_ms < needs_ms {
            return Some(Grams(
                mass.checked_add(line.rate_g_s.checked_mul(left_ms)? / 1_000)?,
            ));
        }
        mass = mass.checked_add(line.left_g.0)?;
        left_ms = (left_ms - needs_ms - settle_ms).max(0);
    }
    Some(Grams(mass))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_never_leaves_its_frame() {
        assert_eq!(progress(Grams(1_000), Grams(2_000)), BasisPoints(10_000));
        assert_eq!(progress(Grams(0), Grams(5)), BasisPoints(0));
        assert_eq!(
            progress(Grams(2_350_000), Grams(2_058_600)),
            BasisPoints(8_760)
        );
    }

    #[test]
    fn no_estimate_before_three_percent_or_a_minute() {
        let left = [Remaining {
            left_g: Grams(14_000),
            rate_g_s: 14_000,
        }];
        assert_eq!(eta_ms(&left, BasisPoints(299), 59_999, 0), None);
        assert_eq!(eta_ms(&left, BasisPoints(300), 0, 0), Some(1_000));
        assert_eq!(eta_ms(&left, BasisPoints(0), 60_000, 0), Some(1_000));
    }

    #[test]
    fn a_line_without_a_rate_gives_no_estimate() {
        let left = [Remaining {
            left_g: Grams(1),
            rate_g_s: 0,
        }];
        assert_eq!(eta_ms(&left, BasisPoints(5_000), 0, 0), None);
    }

    #[test]
    fn the_plan_is_walked_line_by_line() {
        let lines = [
            Remaining {
                left_g: Grams(10_000),
                rate_g_s: 10_000,
            },
            Remaining {
                left_g: Grams(6_000),
                rate_g_s: 2_000,
            },
        ];
        for (ms, grams) in [
            (0, 0),
            (500, 5_000),
            (1_000, 10_000),
            (1_400, 10_000),
            (2_500, 12_000),
            (9_000, 16_000),
        ] {
            assert_eq!(
                planned_by(&lines, ms, 500),
                Some(Grams(grams)),
                "after {ms} ms"
            );
        }
        assert_eq!(
            planned_by(
                &[Remaining {
                    left_g: Grams(1),
                    rate_g_s: 0
                }],
                5,
                0
            ),
            None
        );
    }
}
