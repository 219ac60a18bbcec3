//! One attempt at a message for the ERP: what was done, how it ended, and how long the next one waits.
//! Leaves out the message's own state ([`super::posting`]).

use serde::{Deserialize, Serialize};

/// First pause after a failed attempt, milliseconds; it doubles.
const FIRST_MS: i64 = 2_000;
/// Longest pause before it is spread, milliseconds.
const LONGEST_MS: i64 = 300_000;
/// Pauses are spread by so many per mille to either side.
const SPREAD_PERMILLE: i64 = 200;

/// What an attempt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AttemptAct {
    /// The message was sent.
    Send,
    /// The ERP was read; nothing was sent.
    ReadBack,
}

impl AttemptAct {
    /// Both.
    pub const ALL: [AttemptAct; 2] = [AttemptAct::Send, AttemptAct::ReadBack];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AttemptAct::Send => "send",
            AttemptAct::ReadBack => "read_back",
        }
    }

    /// What a stored word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AttemptAct> {
        AttemptAct::ALL.into_iter().find(|act| act.word() == word)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum AttemptOutcome {
    /// The ERP holds it.
    Posted,
    /// Nobody knows.
    InDoubt,
    /// The ERP certainly does not hold it.
    NotSent,
    /// The ERP said no.
    Refused,
    /// The ERP took some items and not others, for reasons that pass.
    Partial,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [AttemptOutcome; 5] = [
        AttemptOutcome::Posted,
        AttemptOutcome::InDoubt,
        AttemptOutcome::NotSent,
        AttemptOutcome::Refused,
        AttemptOutcome::Partial,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AttemptOutcome::Posted => "posted",
            AttemptOutcome::InDoubt => "in_doubt",
            AttemptOutcome::NotSent => "not_sent",
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::Partial => "partial",
        }
    }

    /// What a stored word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<AttemptOutcome> {
        AttemptOutcome::ALL
            .into_iter()
            .find(|outcome| outcome.word() == word)
    }
}

/// How long to wait after attempt number `attempts` of message `id`: 2 s, doubling up to 5 min, spread
/// by up to 20 % to either side so that a backlog does not come back as one crowd. The spread follows
/// from id and attempt alone: what stands in the books can be worked out again.
#[must_use]
pub fn pause_ms(attempts: i64, id: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 9) - 1).unwrap_or(0);
    let plain = (FIRST_MS << doublings).min(LONGEST_MS);
    let seed = id
        .cast_unsigned()
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(attempts.cast_unsigned());
    let width = (2 * SPREAD_PERMILLE + 1).cast_unsigned();
    let permille = (mixed(seed) % width).cast_signed() - SPREAD_PERMILLE;
    plain + plain * permille / 1_000
}

/// Spreads neighbouring numbers over the whole range (the finalizer of SplitMix64).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_stay_within_a_fifth() {
        for id in 0..500 {
            for (attempts, plain) in [
                (0, 2_000),
                (1, 2_000),
                (2, 4_000),
                (7, 128_000),
                (9, 300_000),
                (1_000, 300_000),
            ] {
                let pause = pause_ms(attempts, id);
                let off = (pause - plain).abs();
                assert!(off * 5 <= plain, "{attempts} {id}: {pause}");
            }
        }
    }

    #[test]
    fn a_backlog_does_not_come_back_as_one_crowd() {
        let mut pauses: Vec<i64> = (1..=100).map(|id| pause_ms(5, id)).collect();
        assert_eq!(pauses.first(), Some(&pause_ms(5, 1)), "the same again");
        let mean = pauses.iter().sum::<i64>() / 100;
        assert!((30_000..34_000).contains(&mean), "{mean}");
        pauses.sort_unstable();
        let span = pauses.last().zip(pauses.first()).map(|(a, b)| a - b);
        assert!(span.is_some_and(|span| span > 10_000), "{span:?}");
        pauses.dedup();
        assert!(pauses.len() > 60, "{} different pauses", pauses.len());
    }

    #[test]
    fn words_are_read_back() {
        for act in AttemptAct::ALL {
            assert_eq!(AttemptAct::from_word(act.word()), Some(act));
        }
        for outcome in AttemptOutcome::ALL {
            assert_eq!(AttemptOutcome::from_word(outcome.word()), Some(outcome));
        }
        assert_eq!(AttemptOutcome::from_word("won"), None);
    }
}
