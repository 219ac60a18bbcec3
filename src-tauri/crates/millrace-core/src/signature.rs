//! Electronic signatures, pure: what exactly is signed, as one canonical text with its own hash, and
//! walking all of them. Leaves out who may sign, the secret, and where rows and signed things lie.
//!
//! A signature of format 2 is hashed over [`crate::audit::canonical`] of: `millrace-signature-2`, its
//! number, the object's kind and number, the batch whose record shows it (or empty), the person's
//! number, login name, printed full name, meaning, UTC milliseconds, site, `1` and the reason or `0`
//! and nothing, the content hash of the object, and the hash of the signature before it.

pub mod content;

use sha2::{Digest, Sha256};

use crate::audit::{GENESIS, canonical, hex};
use crate::units::Grams;

/// Format of signatures made before they had a hash of their own. They cover a batch's recipe.
pub const FORMAT_OLD: i64 = 1;
/// Format of signatures made now.
pub const FORMAT: i64 = 2;

/// What a signature stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A batch; covers its control recipe.
    Batch,
    /// A weight entered by hand; the object's number is the line's, within the signature's batch.
    ManualLine,
    /// A message for the ERP; covers its key and what it says.
    Message,
    /// A row of the trail, for an act whose whole content stands there; covers the row's hash.
    Act,
    /// A row of the silo ledger that a person answers for; covers the whole row.
    SiloMovement,
    /// A line of a batch outside its tolerance, accepted; covers recipe, line, plan and actual.
    Deviation,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [ObjectKind; 6] = [
        ObjectKind::Batch,
        ObjectKind::ManualLine,
        ObjectKind::Message,
        ObjectKind::Act,
        ObjectKind::SiloMovement,
        ObjectKind::Deviation,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ObjectKind::Batch => "batch",
            ObjectKind::ManualLine => "manual_line",
            ObjectKind::Message => "message",
            ObjectKind::Act => "act",
            ObjectKind::SiloMovement => "silo_movement",
            ObjectKind::Deviation => "deviation",
        }
    }

    /// The kind behind a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ObjectKind> {
        ObjectKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A signature as it was found, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its number.
    pub id: i64,
    /// Number of its format.
    pub format: i64,
    /// The stored word of an [`ObjectKind`].
    pub object_kind: String,
    /// The object's number.
    pub object_id: i64,
    /// The batch whose record shows it, if any.
    pub batch_id: Option<i64>,
    /// The signer's number.
    pub person_id: i64,
    /// The signer's login name as at that time; empty in format 1.
    pub login: String,
    /// The signer's printed full name as at that time.
    pub person: String,
    /// What it means, as a word.
    pub meaning: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Key of the site where it was made; empty in format 1.
    pub site: String,
    /// The reason given, where one was asked for.
    pub reason: Option<String>,
    /// Content hash of what was signed.
    pub content_hash: String,
    /// Hash of the signature before it; empty in format 1.
    pub prev_hash: String,
    /// Its own hash; empty in format 1.
    pub hash: String,
}

impl Signature {
    /// The hash that this content has after `prev_hash`; `None` for an unknown format. Format 1 has one
    /// too, which is not stored with the row: the first row of format 2 names the last of them.
    #[must_use]
    pub fn hash_after(&self, prev_hash: &str) -> Option<String> {
        let encoding = match self.format {
            FORMAT_OLD => "millrace-signature-1",
            FORMAT => "millrace-signature-2",
            _ => return None,
        };
        let (given, reason) = match &self.reason {
            Some(reason) => ("1", reason.as_str()),
            None => ("0", ""),
        };
        Some(digest(&[
            encoding,
            &self.id.to_string(),
            &self.object_kind,
            &self.object_id.to_string(),
            &self.batch_id.map(|id| id.to_string()).unwrap_or_default(),
            &self.person_id.to_string(),
            &self.login,
            &self.person,
            &self.meaning,
            &self.at_ms.to_string(),
            &self.site,
            given,
            reason,
            &self.content_hash,
            prev_hash,
        ]))
    }

    /// True when the row is as it was signed, taken by itself. Of format 1 only the walk can tell.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        match self.format {
            FORMAT_OLD => self.hash.is_empty() && self.prev_hash.is_empty(),
            _ => self.hash_after(&self.prev_hash).as_ref() == Some(&self.hash),
        }
    }
}

/// Walks signatures in the order of their numbers and says, a sentence each, what does not fit.
#[derive(Debug)]
pub struct Walk {
    head: String,
    last_id: i64,
    format: i64,
}

impl Default for Walk {
    fn default() -> Walk {
        Walk {
            head: GENESIS.to_owned(),
            last_id: 0,
            format: FORMAT_OLD,
        }
    }
}

impl Walk {
    /// The hash that the next signature names as the one before it.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Looks at the next signature. `content` is the content hash of what it stands on, computed from
    /// the books as they are now; `None` = that is not there.
    pub fn step(&mut self, row: &Signature, content: Option<&str>) -> Vec<String> {
        let mut found = Vec::new();
        let name = format!("signature {} ({} by {})", row.id, row.meaning, row.person);
        let next = self.last_id.saturating_add(1);
        if row.id > next {
            found.push(format!("signature {next} is not there; {name} follows"));
        } else if row.id < next {
            found.push(format!("{name} stands where none may stand"));
        }
        if row.format < self.format || row.hash_after("").is_none() {
            found.push(format!("{name} has format {}, which cannot be", row.format));
        } else if !row.is_intact() {
            found.push(format!("{name} is not as it was signed"));
        } else if row.format == FORMAT && row.prev_hash != self.head {
            found.push(format!(
                "{name} does not follow the signature before it: one was changed, added or taken away"
            ));
        }
        match content {
            None => found.push(format!(
                "{name}: the {} {} that it stands on is not in the books",
                row.object_kind, row.object_id
            )),
            Some(content) if content != row.content_hash => found.push(format!(
                "{name}: the {} {} is not as it was when it was signed",
                row.object_kind, row.object_id
            )),
            Some(_) => {}
        }
        self.head = match row.format {
            FORMAT => row.hash.clone(),
            _ => row.hash_after(&self.head).unwrap_or_default(),
        };
        self.last_id = row.id;
        self.format = row.format;
        found
    }
}

fn digest(texts: &[&str]) -> String {
    hex(&Sha256::digest(canonical(texts)))
}

/// Content hash of a message for the ERP: its key, what it asks, and what it says.
#[must_use]
pub fn message_hash(key: &str, kind: &str, payload: &str) -> String {
    digest(&["millrace-message-1", key, kind, payload])
}

/// A weight that was entered by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManualWeight<'a> {
    /// Content hash of the batch's recipe.
    pub recipe_hash: &'a str,
    /// Number of the line in the batch.
    pub line_no: i64,
    /// The material.
    pub material: &'a str,
    /// What was planned.
    pub planned: Grams,
    /// What was weighed.
    pub actual: Grams,
    /// Who entered it.
    pub by: &'a str,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

impl ManualWeight<'_> {
    /// Its content hash.
    #[must_use]
    pub fn hash(&self) -> String {
        digest(&[
            "millrace-manual-weight-1",
            self.recipe_hash,
            &self.line_no.to_string(),
            self.material,
            &self.planned.0.to_string(),
            &self.actual.0.to_string(),
            self.by,
            &self.at_ms.to_string(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    const CONTENT: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

    /// Three of format 1 and five of format 2, as the store makes them.
    fn good() -> Vec<Signature> {
        let mut walk = Walk::default();
        let mut rows = Vec::new();
        for id in 1..=8 {
            let is_old = id <= 3;
            let text = |now: &str| {
                if is_old {
                    String::new()
                } else {
                    now.to_owned()
                }
            };
            let mut row = Signature {
                id,
                format: if is_old { FORMAT_OLD } else { FORMAT },
                object_kind: "batch".into(),
                object_id: 40 + id,
                batch_id: Some(40 + id),
                person_id: 2,
                login: text("supervisor 1"),
                person: "Supervisor 1".into(),
                meaning: "approve".into(),
                at_ms: 1_700_000_000_000 + id,
                site: text("north"),
                reason: (id % 2 == 0).then(|| "lab result is there".to_owned()),
                content_hash: CONTENT.into(),
                prev_hash: text(walk.head()),
                hash: String::new(),
            };
            if !is_old {
                row.hash = row.hash_after(&row.prev_hash).expect("a known format");
            }
            assert_eq!(walk.step(&row, Some(CONTENT)), Vec::<String>::new());
            rows.push(row);
        }
        rows
    }

    fn walked(rows: &[Signature]) -> Vec<String> {
        let mut walk = Walk::default();
        rows.iter()
            .flat_map(|row| walk.step(row, Some(CONTENT)))
            .collect()
    }

    fn names(found: &[String], id: i64) -> bool {
        found
            .iter()
            .any(|text| text.contains(&format!("signature {id} ")))
    }

    fn flip(text: &mut String, at: usize, by: u8) {
        let mut bytes = text.clone().into_bytes();
        if bytes.is_empty() {
            bytes.push(by);
        } else {
            let at = at % bytes.len();
            bytes[at] ^= by;
        }
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }

    fn flip_number(number: &mut i64, at: usize, by: u8) {
        *number ^= i64::from(by) << (8 * (at % 8));
    }

    fn mutate(row: &mut Signature, column: usize, at: usize, by: u8) {
        match column {
            0 => flip_number(&mut row.id, at, by),
            1 => flip_number(&mut row.format, at, by),
            2 => flip(&mut row.object_kind, at, by),
            3 => flip_number(&mut row.object_id, at, by),
            4 => {
                let mut number = row.batch_id.unwrap_or_default();
                flip_number(&mut number, at, by);
                row.batch_id = Some(number).filter(|_| by.is_multiple_of(2));
            }
            5 => flip_number(&mut row.person_id, at, by),
            6 => flip(&mut row.login, at, by),
            7 => flip(&mut row.person, at, by),
            8 => flip(&mut row.meaning, at, by),
            9 => flip_number(&mut row.at_ms, at, by),
            10 => flip(&mut row.site, at, by),
            11 => match &mut row.reason {
                Some(reason) => flip(reason, at, by),
                None => row.reason = Some(String::new()),
            },
            12 => flip(&mut row.content_hash, at, by),
            13 => flip(&mut row.prev_hash, at, by),
            _ => flip(&mut row.hash, at, by),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_changed_byte_of_any_field_is_found_and_named(row in any::<Index>(), column in 0_usize..15, at in 0_usize..512, by in 1_u8..=255) {
            let before = good();
            let mut rows = before.clone();
            let n = row.index(rows.len());
            mutate(&mut rows[n], column, at, by);
            prop_assume!(rows != before);
            let found = walked(&rows);
            // A row of format 1 has no hash of its own: the first one that has names what came before it.
            let named = if n < 3 { names(&found, rows[n].id) || names(&found, 4) } else { names(&found, rows[n].id) };
            prop_assert!(named, "row {} column {column}: {found:?}", n + 1);
        }

        #[test]
        fn a_changed_byte_of_what_was_signed_is_found_and_named(row in any::<Index>(), at in 0_usize..64, by in 1_u8..=127) {
            let rows = good();
            let n = row.index(rows.len());
            let mut content = CONTENT.to_owned();
            flip(&mut content, at, by);
            let mut walk = Walk::default();
            let found: Vec<String> = rows.iter().enumerate()
                .flat_map(|(i, row)| walk.step(row, Some(if i == n { &content } else { CONTENT }))).collect();
            prop_assert_eq!(found.len(), 1);
            prop_assert!(names(&found, rows[n].id));
        }

        #[test]
        fn one_taken_away_or_hashed_again_is_found(row in 0_usize..7, anew: bool) {
            let mut rows = good();
            if anew {
                let changed = &mut rows[row];
                changed.person = "Somebody Else".into();
                if changed.format == FORMAT {
                    changed.hash = changed.hash_after(&changed.prev_hash.clone()).expect("a known format");
                }
            } else {
                rows.remove(row);
            }
            prop_assert!(!walked(&rows).is_empty());
        }
    }

    #[test]
    fn what_a_signature_stands_on_must_be_there() {
        let rows = good();
        let found = Walk::default().step(&rows[0], None);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("is not in the books"));
    }

    #[test]
    fn text_cannot_slide_between_fields_of_a_content() {
        assert_ne!(message_hash("ab", "c", "d"), message_hash("a", "bc", "d"));
        let weight = ManualWeight {
            recipe_hash: CONTENT,
            line_no: 1,
            material: "Salt",
            planned: Grams(12_000),
            actual: Grams(12_010),
            by: "operator 1",
            at_ms: 5,
        };
        let other = ManualWeight {
            actual: Grams(12_000),
            planned: Grams(12_010),
            ..weight
        };
        assert_ne!(weight.hash(), other.hash());
    }
}
