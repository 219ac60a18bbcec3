//! How fast a backlog drains: never more than so many messages in any second, on the monotonic clock,
//! so that an ERP that comes back after days is not run over. Leaves out which message is next.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The bound: `count` turns within `window_ms`.
#[derive(Debug)]
pub(crate) struct RateBound {
    count: usize,
    window_ms: i64,
    begun: Mutex<VecDeque<i64>>,
}

impl RateBound {
    /// At most `per_second` turns a second; a rate below one stretches the window instead.
    pub(crate) fn per_second(per_second: Decimal) -> RateBound {
        let count = per_second.ceil().max(Decimal::ONE);
        let window = count / per_second.max(Decimal::new(1, 3)) * Decimal::from(1_000);
        RateBound {
            count: count.to_usize().unwrap_or(1),
            window_ms: window.ceil().to_i64().unwrap_or(1_000),
            begun: Mutex::new(VecDeque::new()),
        }
    }

    /// Takes a turn now, or tells how long to wait for one.
    pub(crate) fn turn(&self, mono_ms: i64) -> Result<(), i64> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.len() >= self.count {
            let free_at = begun
                .front()
                .map_or(mono_ms, |oldest| oldest.saturating_add(self.window_ms));
            if mono_ms < free_at {
                return Err(free_at - mono_ms);
            }
            begun.pop_front();
        }
        begun.push_back(mono_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns taken within `for_ms` by somebody who asks every millisecond.
    fn taken(bound: &RateBound, for_ms: i64) -> Vec<i64> {
        (0..for_ms).filter(|now| bound.turn(*now).is_ok()).collect()
    }

    #[test]
    fn no_second_holds_more_than_the_bound() {
        for (rate, count) in [
            (Decimal::from(5), 5),
            (Decimal::from(50), 50),
            (Decimal::new(25, 1), 3),
        ] {
            let taken = taken(&RateBound::per_second(rate), 20_000);
            for (index, at) in taken.iter().enumerate() {
                let in_window = taken[index..]
                    .iter()
                    .take_while(|t| **t < at + 1_000)
                    .count();
                assert!(in_window <= count, "{rate}: {in_window} from {at}");
            }
            let expected = (rate * Decimal::from(20)).to_usize().expect("fits");
            assert!(
                taken.len() + 1 >= expected,
                "{rate}: {} of {expected}",
                taken.len()
            );
        }
    }

    #[test]
    fn a_slow_rate_waits_longer_than_a_second() {
        let bound = RateBound::per_second(Decimal::new(1, 1));
        assert_eq!(bound.turn(7), Ok(()));
        assert_eq!(bound.turn(8), Err(9_999));
        assert_eq!(bound.turn(10_007), Ok(()));
    }
}
