//! Round-trip times of a block read. The live poll of a running application may get in between: such
//! a read says nothing and is made again. Leaves out what is slow.

use std::time::Duration;

use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use millrace_field::plc::{DriverConfig, PlcHandle};

use crate::commands::examine::FindingWeight;

/// How many reads are timed.
const TIMED_READS: u32 = 50;
/// How many are made at most, when others' requests get between.
const READS_MAX: u32 = 4 * TIMED_READS;

/// What was measured.
#[derive(Debug)]
pub(super) struct Times {
    /// Shortest, median and 99th of 100.
    pub(super) summary: Option<[Duration; 3]>,
    /// How bad.
    pub(super) weight: FindingWeight,
    /// The sentence.
    pub(super) sentence: String,
}

/// Times whole blocks, one read after the other: from one answer to the next.
pub(super) async fn measure(plc: &PlcHandle, map: &RegisterMap, driver: &DriverConfig) -> Times {
    let (first, count) = (map.read_base(SlotNo(1)), map.block_words());
    let mut times = Vec::new();
    let mut asked = 0;
    for _ in 0..READS_MAX {
        let before = plc.link();
        let answered = plc.read(first, count).await.is_ok();
        let after = plc.link();
        let is_alone = after.counters.requests == before.counters.requests + 1;
        let was_repeated = after.counters.retries != before.counters.retries;
        // Another's request went out meanwhile: this read is no measure of anything.
        if answered && !is_alone && !was_repeated {
            continue;
        }
        asked += 1;
        // A read that had to be repeated tells how long we wait, not how fast the PLC is.
        if let (true, true, Some(from), Some(to)) =
            (answered, is_alone, before.last_ok, after.last_ok)
        {
            times.push(to.duration_since(from));
        } else if !answered && times.is_empty() {
            break;
        }
        if asked == TIMED_READS {
            break;
        }
    }
    times.sort_unstable();
    let (Some(min), Some(median), Some(p99)) =
        (times.first().copied(), rank(&times, 50), rank(&times, 99))
    else {
        return Times {
            summary: None,
            weight: FindingWeight::Fault,
            sentence: format!("No read of {count} words was answered at the first attempt."),
        };
    };
    let good = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let pause = match driver.gap_ms {
        0 => String::new(),
        ms => format!(", each with the set pause of {ms} ms"),
    };
    Times {
        summary: Some([min, median, p99]),
        weight: if good == asked {
            FindingWeight::Good
        } else {
            FindingWeight::Warning
        },
        sentence: format!(
            "{good} of {asked} reads of {count} words answered at once{pause}: min {}, median {}, p99 {}.",
            ms(min),
            ms(median),
            ms(p99)
        ),
    }
}

/// The nearest-rank percentile of sorted times.
fn rank(times: &[Duration], percent: usize) -> Option<Duration> {
    let place = (times.len() * percent).div_ceil(100);
    times.get(place.checked_sub(1)?).copied()
}

fn ms(time: Duration) -> String {
    let us = time.as_micros();
    format!("{}.{:03} ms", us / 1_000, us % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=50).map(Duration::from_millis).collect();
        assert_eq!(rank(&times, 50), Some(Duration::from_millis(25)));
        assert_eq!(rank(&times, 99), Some(Duration::from_millis(50)));
        assert_eq!(rank(&[], 50), None);
        assert_eq!(ms(Duration::from_micros(1_005)), "1.005 ms");
    }
}
