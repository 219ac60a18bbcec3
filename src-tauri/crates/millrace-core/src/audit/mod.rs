//! The audit trail, pure: each row's hash covers its content and the hash before it, seals sign the
//! head of the chain with a key that is not in the books, and anchors carry it outside on paper.
//! Leaves out storage and where the key lies.
//!
//! Everything that is hashed or signed is written by [`canonical`], so that a second program can do it
//! from this description alone: a list of texts, each as its length in bytes (8 bytes, little-endian)
//! and its bytes in UTF-8; the first text names the format; numbers are written in decimal.

pub mod anchor;
pub mod chain;
pub mod seal;

use sha2::{Digest, Sha256};

/// The hash before the first row.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How a row is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// `millrace-audit-1`: without a station.
    One,
    /// `millrace-audit-2`: with the station.
    Two,
}

impl RowFormat {
    /// The number stored with a row.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            RowFormat::One => 1,
            RowFormat::Two => 2,
        }
    }

    /// The format of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<RowFormat> {
        [RowFormat::One, RowFormat::Two]
            .into_iter()
            .find(|format| format.number() == number)
    }
}

/// What one audit row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditContent<'a> {
    /// How it is hashed.
    pub format: RowFormat,
    /// Position in the trail, from 1, without gaps.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Who, by name as at that time; `system` for the program itself.
    pub actor: &'a str,
    /// The command or the engine's step.
    pub action: &'a str,
    /// The object, for example `batch:12`.
    pub object: &'a str,
    /// State before, as JSON.
    pub before: &'a str,
    /// State after, as JSON.
    pub after: &'a str,
    /// The reason a person gave.
    pub reason: &'a str,
    /// Where: the window's computer, or the address of a browser; empty for the program itself.
    pub station: &'a str,
}

/// A list of texts as bytes, so that no two lists are alike: what is hashed and what is signed.
#[must_use]
pub fn canonical(texts: &[&str]) -> Vec<u8> {
    let size = texts.iter().map(|text| text.len() + 8).sum();
    let mut bytes = Vec::with_capacity(size);
    for text in texts {
        bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// SHA-256 of a list of texts in the [`canonical`] form, as lower-case hexadecimal. The first text
/// names the format and its version, for example `millrace-record-1`; whoever freezes something puts
/// this hash into the `after` of the audit row that tells of it, and so into the chain.
#[must_use]
pub fn canonical_hash(texts: &[&str]) -> String {
    hex(&Sha256::digest(canonical(texts)))
}

/// The hash of a row that follows `prev_hash`.
#[must_use]
pub fn row_hash(prev_hash: &str, row: &AuditContent<'_>) -> String {
    let (seq, at_ms) = (row.seq.to_string(), row.at_ms.to_string());
    let texts = [
        prev_hash, &seq, &at_ms, row.actor, row.action, row.object, row.before, row.after,
        row.reason,
    ];
    match row.format {
        RowFormat::One => canonical_hash(&[&["millrace-audit-1"], texts.as_slice()].concat()),
        RowFormat::Two => {
            canonical_hash(&[&["millrace-audit-2"], texts.as_slice(), &[row.station]].concat())
        }
    }
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The `N` bytes that exactly this lower-case hexadecimal text stands for.
#[must_use]
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != N * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    // One value has one text: capitals and signs would be a second one.
    (hex(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, actor: &str) -> AuditContent<'_> {
        AuditContent {
            format: RowFormat::One,
            seq,
            at_ms: 5,
            actor,
            action: "batch_approve",
            object: "batch:1",
            before: "{}",
            after: "{}",
            reason: "",
            station: "",
        }
    }

    #[test]
    fn each_field_and_the_predecessor_are_covered() {
        let base = row_hash(GENESIS, &row(1, "A"));
        assert_ne!(row_hash(GENESIS, &row(2, "A")), base);
        assert_ne!(row_hash(GENESIS, &row(1, "B")), base);
        assert_ne!(row_hash(&base, &row(1, "A")), base);
        assert_eq!(base.len(), 64);
    }

    /// Rows of books that stand in plants: their hash may never come out otherwise.
    #[test]
    fn both_formats_hash_as_they_always_did() {
        let mut one = row(1, "A");
        assert_eq!(
            row_hash(GENESIS, &one),
            "b671d5235560686ff5252d7e93fba57049dbb94a51d22608e85faf9aa20fe244"
        );
        one.format = RowFormat::Two;
        one.station = "panel-1";
        assert_eq!(
            row_hash(GENESIS, &one),
            "bd3700360d0271fb20d6cf5d68ea36a91d0c2cb9e01fdd0b0eaa5802f1de5bc4"
        );
    }

    #[test]
    fn a_hexadecimal_text_has_one_form() {
        assert_eq!(unhex::<2>("0aff"), Some([10, 255]));
        for wrong in ["0aFF", "0af", "+aff", "0affff", "zz00", "é0a"] {
            assert_eq!(unhex::<2>(wrong), None, "{wrong}");
        }
    }
}
