//! The audit trail's hash chain, pure: each row's hash covers its content and the hash before it, so
//! that a changed, missing or reordered row is found and named. Leaves out the keyed head (later)
//! and storage.

use sha2::{Digest, Sha256};

/// The hash before the first row.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What one audit row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditContent<'a> {
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
}

/// The hash of a row that follows `prev_hash`.
#[must_use]
pub fn row_hash(prev_hash: &str, row: &AuditContent<'_>) -> String {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update(text.len().to_le_bytes());
        hasher.update(text.as_bytes());
    };
    field("millrace-audit-1");
    field(prev_hash);
    field(&row.seq.to_string());
    field(&row.at_ms.to_string());
    field(row.actor);
    field(row.action);
    field(row.object);
    field(row.before);
    field(row.after);
    field(row.reason);
    hex(&hasher.finalize())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, actor: &str) -> AuditContent<'_> {
        AuditContent {
            seq,
            at_ms: 5,
            actor,
            action: "batch_approve",
            object: "batch:1",
            before: "{}",
            after: "{}",
            reason: "",
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
}
