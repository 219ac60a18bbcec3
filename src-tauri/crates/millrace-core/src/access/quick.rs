//! A PIN or a badge: quick ways to unlock one's own session at a workstation where the whole secret was given
//! before. Leaves out hashing and where they are kept.

use serde::{Deserialize, Serialize};

/// Shortest PIN.
const PIN_DIGITS_MIN: usize = 6;
/// Longest PIN.
const PIN_DIGITS_MAX: usize = 12;
/// Shortest text of a badge: what a reader types is at least this long.
const BADGE_CHARS_MIN: usize = 8;
/// Longest text of a badge.
const BADGE_CHARS_MAX: usize = 128;
/// So many wrong ones in a row switch a quick way off until the whole secret was given.
pub const WRONG_MAX: i64 = 3;

/// Which quick way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum QuickKind {
    /// Digits that are remembered.
    Pin,
    /// The text that a badge reader types.
    Badge,
}

impl QuickKind {
    /// Every kind.
    pub const ALL: [QuickKind; 2] = [QuickKind::Pin, QuickKind::Badge];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            QuickKind::Pin => "pin",
            QuickKind::Badge => "badge",
        }
    }

    /// The kind behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<QuickKind> {
        QuickKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Judges a new PIN or badge.
///
/// # Errors
/// A sentence that does not repeat it.
pub fn judge(kind: QuickKind, text: &str) -> Result<(), String> {
    match kind {
        QuickKind::Pin => pin(text),
        QuickKind::Badge => {
            let length = text.chars().count();
            if !(BADGE_CHARS_MIN..=BADGE_CHARS_MAX).contains(&length)
                || text.chars().any(char::is_control)
            {
                return Err(format!(
                    "a badge reads as {BADGE_CHARS_MIN} to {BADGE_CHARS_MAX} characters"
                ));
            }
            Ok(())
        }
    }
}

fn pin(text: &str) -> Result<(), String> {
    let digits = text.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit)
        || !(PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&digits.len())
    {
        return Err(format!(
            "a PIN has {PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits"
        ));
    }
    let step = |by: i16| {
        digits
            .windows(2)
            .all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by)
    };
    let half = digits.len() / 2;
    let repeats = (1..=half).any(|length| {
        digits.len().is_multiple_of(length)
            && digits.chunks(length).all(|part| part == &digits[..length])
    });
    if step(1) || step(-1) || repeats {
        return Err("digits in a row or that repeat are guessed first: choose another PIN".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_digits_that_are_not_guessed_first() {
        for good in ["402917", "190284", "1122334455", "907070"] {
            assert_eq!(judge(QuickKind::Pin, good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "12345",
            "40291",
            "4029171234567",
            "40291a",
            "४०२९१७",
            "123456",
            "987654",
            "111111",
            "121212",
            "123123",
            "12341234",
        ] {
            let told = judge(QuickKind::Pin, bad).expect_err(bad);
            assert!(bad.is_empty() || !told.contains(bad), "{told}");
        }
    }

    #[test]
    fn a_badge_is_what_a_reader_types() {
        assert_eq!(judge(QuickKind::Badge, "04A1B2C3D4E580"), Ok(()));
        for bad in ["", "0412", "04A1B2C3\n4E580", &"7".repeat(129)] {
            assert!(judge(QuickKind::Badge, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_kind_is_read_back_from_its_word() {
        for kind in QuickKind::ALL {
            assert_eq!(QuickKind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(QuickKind::from_word("face"), None);
    }
}
