//! Seals: the head of the chain, signed with Ed25519 (RFC 8032) by a key that does not lie in the
//! books. Each seal covers the signature of the one before it, so that none can be taken out.
//! Leaves out where the key lies and when the job runs.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::{canonical, hex, unhex};

/// A seal is due after so many rows.
const ROWS_MAX: i64 = 100;
/// A seal is due when a row has waited so long, milliseconds.
const WAIT_MAX_MS: i64 = 10 * 60_000;
/// The audit row that tells of a new key.
pub const KEY_ACTION: &str = "seal_key_add";

/// Why a seal was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealCause {
    /// The first seal of a key; says that the key before it, if any, was not there.
    Key,
    /// So many rows.
    Rows,
    /// Rows had waited long.
    Time,
    /// A batch ended.
    Batch,
    /// The program ended in good order.
    End,
}

impl SealCause {
    /// All of them.
    pub const ALL: [SealCause; 5] = [
        SealCause::Key,
        SealCause::Rows,
        SealCause::Time,
        SealCause::Batch,
        SealCause::End,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SealCause::Key => "key",
            SealCause::Rows => "rows",
            SealCause::Time => "time",
            SealCause::Batch => "batch",
            SealCause::End => "end",
        }
    }
}

/// The rows since the last seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsealed {
    /// How many.
    pub rows: i64,
    /// When the oldest was written, UTC milliseconds.
    pub oldest_ms: i64,
    /// Whether a batch ended in one of them.
    pub has_ending: bool,
}

/// Whether a seal is due, and why. `is_end`: the program ends.
#[must_use]
pub fn due(unsealed: Unsealed, now_ms: i64, is_end: bool) -> Option<SealCause> {
    // A clock that was set back makes a row look as if it came from the future: then it is time, too.
    let waited = now_ms.abs_diff(unsealed.oldest_ms);
    if unsealed.rows <= 0 {
        None
    } else if unsealed.has_ending {
        Some(SealCause::Batch)
    } else if unsealed.rows >= ROWS_MAX {
        Some(SealCause::Rows)
    } else if is_end {
        Some(SealCause::End)
    } else if waited >= WAIT_MAX_MS.unsigned_abs() {
        Some(SealCause::Time)
    } else {
        None
    }
}

/// A public key as the books name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealKey {
    /// Its number, from 1.
    pub key_no: i64,
    /// Key of the site that it seals for; every seal covers it.
    pub site: String,
    /// 32 bytes in hexadecimal.
    pub public_key: String,
    /// Since when, UTC milliseconds.
    pub since_ms: i64,
    /// The audit row that tells of it.
    pub audit_seq: i64,
}

/// The object of the audit row that tells of a key.
#[must_use]
pub fn key_object(key_no: i64) -> String {
    format!("seal_key:{key_no}")
}

/// What the audit row says that tells of a key.
#[must_use]
pub fn key_after(public_key: &str) -> String {
    format!("{{\"public_key\":\"{public_key}\"}}")
}

/// A key for people to compare: eight groups of four digits of its SHA-256.
#[must_use]
pub fn fingerprint(public_key: &str) -> String {
    let digits = hex(&Sha256::digest(public_key.as_bytes()));
    let groups: Vec<&str> = (0..8)
        .filter_map(|n| digits.get(n * 4..n * 4 + 4))
        .collect();
    groups.join(" ")
}

/// A seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1, without gaps.
    pub seal_no: i64,
    /// The last row it covers.
    pub seq: i64,
    /// That row's hash.
    pub hash: String,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Why it was made, as a stored word.
    pub cause: String,
    /// Which key signed.
    pub key_no: i64,
    /// 64 bytes in hexadecimal.
    pub signature: String,
}

impl Seal {
    /// What is signed: every column of the seal, the site, the key and the signature before.
    fn message(&self, site: &str, public_key: &str, prev_signature: &str) -> Vec<u8> {
        canonical(&[
            "millrace-seal-1",
            site,
            &self.seal_no.to_string(),
            &self.seq.to_string(),
            &self.hash,
            &self.at_ms.to_string(),
            &self.cause,
            &self.key_no.to_string(),
            public_key,
            prev_signature,
        ])
    }

    /// True when this key signed it after the seal with `prev_signature` (empty for the first).
    #[must_use]
    pub fn is_signed(&self, site: &str, public_key: &str, prev_signature: &str) -> bool {
        let verify = || {
            let key = VerifyingKey::from_bytes(&unhex(public_key)?).ok()?;
            let signature = Signature::from_bytes(&unhex(&self.signature)?);
            let message = self.message(site, public_key, prev_signature);
            key.verify_strict(&message, &signature).ok()
        };
        verify().is_some()
    }
}

/// Who signs: the private key of a site. Its `Debug` shows the public side only.
#[derive(Clone)]
pub struct Sealer {
    key: SigningKey,
    site: String,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("public_key", &self.public_key())
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// The sealer of a site from the 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32], site: &str) -> Sealer {
        Sealer {
            key: SigningKey::from_bytes(secret),
            site: site.to_owned(),
        }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The public key in hexadecimal.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// Signs a seal that follows the one with `prev_signature`; whatever signature it had is replaced.
    #[must_use]
    pub fn sign(&self, seal: Seal, prev_signature: &str) -> Seal {
        let message = seal.message(&self.site, &self.public_key(), prev_signature);
        Seal {
            signature: hex(&self.key.sign(&message).to_bytes()),
            ..seal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal {
            seal_no: 1,
            seq: 100,
            hash: "ab".repeat(32),
            at_ms: 7,
            cause: SealCause::Rows.word().into(),
            key_no: 1,
            signature: String::new(),
        }
    }

    #[test]
    fn a_seal_is_believed_as_it_was_signed_and_in_no_other_way() {
        let sealer = Sealer::new(&[7; 32], "north");
        let key = sealer.public_key();
        let good = sealer.sign(seal(), "");
        assert!(good.is_signed("north", &key, ""));
        assert!(!good.is_signed("south", &key, ""), "another site");
        assert!(
            !good.is_signed("north", &key, &good.signature),
            "another place in the row of seals"
        );
        let other = Sealer::new(&[8; 32], "north");
        assert!(
            !good.is_signed("north", &other.public_key(), ""),
            "another key"
        );
        let capitals = Seal {
            signature: good.signature.to_uppercase(),
            ..good.clone()
        };
        assert!(
            !capitals.is_signed("north", &key, ""),
            "a second text of the same signature"
        );
        assert!(
            !format!("{sealer:?}").contains(&hex(&[7; 32])),
            "the secret is not shown"
        );
    }

    #[test]
    fn a_seal_is_due_by_rows_time_batch_and_end() {
        let some = Unsealed {
            rows: 1,
            oldest_ms: 1_000,
            has_ending: false,
        };
        let check = |unsealed, now, is_end, expected| {
            assert_eq!(
                due(unsealed, now, is_end),
                expected,
                "{unsealed:?} at {now}"
            );
        };
        check(Unsealed::default(), 1_000_000, true, None);
        check(some, 1_000, false, None);
        check(some, 1_000, true, Some(SealCause::End));
        check(some, 600_999, false, None);
        check(some, 601_000, false, Some(SealCause::Time));
        check(some, -600_000, false, Some(SealCause::Time));
        check(Unsealed { rows: 99, ..some }, 1_000, false, None);
        check(
            Unsealed { rows: 100, ..some },
            1_000,
            false,
            Some(SealCause::Rows),
        );
        let ending = Unsealed {
            has_ending: true,
            ..some
        };
        check(ending, 1_000, false, Some(SealCause::Batch));
    }
}
