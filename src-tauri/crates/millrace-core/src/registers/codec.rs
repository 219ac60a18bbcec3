//! Words to values and back. Every function either gives the exact value or refuses the words;
//! none clamps, truncates or guesses. Quantities are unsigned both ways.
//! Leaves out where a value stands ([`super::map`]) and whether it makes sense ([`super::verdict`]).

use serde::{Deserialize, Serialize};

use crate::units::Grams;

/// The largest count that is ever written, so that a reader who takes it as signed agrees.
pub const COUNT_MAX: u32 = 0x7FFF_FFFF;

/// Order of the two words of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordOrder {
    /// High word at the lower address.
    HighFirst,
    /// Low word at the lower address.
    LowFirst,
}

/// Why words hold no value of their type, or a value fits no words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
pub enum CodecError {
    /// A truth value that is neither 0 nor 1.
    #[error("{0:#06X} is neither 0 nor 1")]
    NotBool(u16),
    /// A byte of a text outside 32..=126.
    #[error("byte {byte:#04X} at position {position} is not a printable character")]
    NotPrintable {
        /// Counted from 1.
        position: usize,
        /// The byte as read.
        byte: u8,
    },
    /// A character that stands after the padding began.
    #[error("a character at position {position} follows the end of the text")]
    AfterEnd {
        /// Counted from 1.
        position: usize,
    },
    /// A character that no text field can carry.
    #[error("{0:?} is not a character the PLC can show")]
    NotPlcChar(char),
    /// A text that is too long for its field.
    #[error("the text has {found} characters, the field holds {max}")]
    TooLong {
        /// Characters in the text.
        found: usize,
        /// Characters in the field.
        max: usize,
    },
    /// A decimal digit above 9, or digits where there must be none.
    #[error("{0:#06X} is not a decimal-coded number")]
    NotBcd(u16),
    /// A value outside what its digits can say.
    #[error("{0} does not fit the decimal-coded word")]
    BcdRange(u16),
    /// A mass below zero.
    #[error("{0} is negative")]
    Negative(Grams),
    /// A mass between two steps of the PLC.
    #[error("{value} is not a whole number of steps of {step}")]
    NotAStep {
        /// The mass.
        value: Grams,
        /// The PLC's step.
        step: Grams,
    },
    /// A mass above what is written, 2^31-1 counts.
    #[error("{0} is more than the two words may hold")]
    TooLarge(Grams),
}

/// The mass of one count at `scale` counts per kilogram. Scales are validated to divide 1000.
#[must_use]
pub fn step(scale: u16) -> Grams {
    Grams(1_000 / i64::from(scale.max(1)))
}

/// Two words as a mass. Every pair of words is a mass; whether it is plausible is not asked here.
#[must_use]
pub fn quantity_from(words: [u16; 2], order: WordOrder, scale: u16) -> Grams {
    let (high, low) = match order {
        WordOrder::HighFirst => (words[0], words[1]),
        WordOrder::LowFirst => (words[1], words[0]),
    };
    let count = (u32::from(high) << 16) | u32::from(low);
    Grams(i64::from(count) * step(scale).0)
}

/// A mass as two words.
///
/// # Errors
/// Refuses a negative mass, one that is not a whole step, and one above 2^31-1 counts.
pub fn quantity_to(mass: Grams, order: WordOrder, scale: u16) -> Result<[u16; 2], CodecError> {
    let step = step(scale);
    if mass.0 < 0 {
        return Err(CodecError::Negative(mass));
    }
    if mass.0 % step.0 != 0 {
        return Err(CodecError::NotAStep { value: mass, step });
    }
    let count = u32::try_from(mass.0 / step.0)
        .ok()
        .filter(|count| *count <= COUNT_MAX)
        .ok_or(CodecError::TooLarge(mass))?;
    let [a, b, c, d] = count.to_be_bytes();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    Ok(match order {
        WordOrder::HighFirst => [high, low],
        WordOrder::LowFirst => [low, high],
    })
}

/// Words as text: two characters a word, the first in the high byte, NUL only as padding.
///
/// # Errors
/// Refuses bytes outside 32..=126 and a character after a NUL.
pub fn text_from(words: &[u16]) -> Result<String, CodecError> {
    let mut text = String::with_capacity(words.len() * 2);
    let mut ended = false;
    let bytes = words.iter().flat_map(|word| word.to_be_bytes());
    for (position, byte) in (1..).zip(bytes) {
        match byte {
            0 => ended = true,
            32..=126 if ended => return Err(CodecError::AfterEnd { position }),
            32..=126 => text.push(char::from(byte)),
            1..=31 | 127..=255 => return Err(CodecError::NotPrintable { position, byte }),
        }
    }
    Ok(text)
}

/// Text as exactly `width` words, padded with NUL.
///
/// # Errors
/// Refuses a character outside 32..=126 and a text longer than `2 * width`.
pub fn text_to(text: &str, width: usize) -> Result<Vec<u16>, CodecError> {
    if let Some(bad) = text.chars().find(|c| !is_plc_char(*c)) {
        return Err(CodecError::NotPlcChar(bad));
    }
    let max = width * 2;
    if text.len() > max {
        return Err(CodecError::TooLong {
            found: text.len(),
            max,
        });
    }
    let mut bytes = text.bytes();
    let mut next = || bytes.next().unwrap_or(0);
    Ok((0..width)
        .map(|_| u16::from_be_bytes([next(), next()]))
        .collect())
}

/// True for the characters that a PLC text field can carry.
#[must_use]
pub fn is_plc_char(c: char) -> bool {
    (' '..='~').contains(&c)
}

/// A word as a truth value.
///
/// # Errors
/// Refuses anything but 0 and 1: a stray word must never count as true.
pub fn bool_from(word: u16) -> Result<bool, CodecError> {
    match word {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(CodecError::NotBool(other)),
    }
}

/// A truth value as a word.
#[must_use]
pub fn bool_to(value: bool) -> u16 {
    u16::from(value)
}

/// A word as a signed number.
#[must_use]
pub fn i16_from(word: u16) -> i16 {
    word.cast_signed()
}

/// A signed number as a word.
#[must_use]
pub fn i16_to(value: i16) -> u16 {
    value.cast_unsigned()
}

/// A word as two decimal digits in its low byte.
///
/// # Errors
/// Refuses digits above 9 and a high byte that is not zero.
pub fn bcd2_from(word: u16) -> Result<u16, CodecError> {
    match bcd4_from(word)? {
        value @ 0..=99 => Ok(value),
        100.. => Err(CodecError::NotBcd(word)),
    }
}

/// A word as four decimal digits.
///
/// # Errors
/// Refuses digits above 9.
pub fn bcd4_from(word: u16) -> Result<u16, CodecError> {
    [12, 8, 4, 0]
        .iter()
        .try_fold(0, |value, shift| match (word >> shift) & 0xF {
            digit @ 0..=9 => Ok(value * 10 + digit),
            10.. => Err(CodecError::NotBcd(word)),
        })
}

/// A number 0..=99 as two decimal digits.
///
/// # Errors
/// Refuses numbers above 99.
pub fn bcd2_to(value: u16) -> Result<u16, CodecError> {
    if value > 99 {
        return Err(CodecError::BcdRange(value));
    }
    bcd4_to(value)
}

/// A number 0..=9999 as four decimal digits.
///
/// # Errors
/// Refuses numbers above 9999.
pub fn bcd4_to(value: u16) -> Result<u16, CodecError> {
    if value > 9_999 {
        return Err(CodecError::BcdRange(value));
    }
    let digit = |divisor: u16| value / divisor % 10;
    Ok((digit(1_000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1))
}
