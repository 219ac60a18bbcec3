//! Walking the whole trail: rows, keys and seals in order, up to the first thing that does not fit,
//! which is named. Leaves out reading them: they come from the books or from an export.

use std::collections::BTreeMap;
use std::fmt;

use super::anchor::Anchor;
use super::seal::{KEY_ACTION, Seal, SealCause, SealKey, key_after, key_object};
use super::{AuditContent, GENESIS, RowFormat, row_hash};

/// A row as it was found, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Number of its format.
    pub format: i64,
    /// Position.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Of which object.
    pub object: String,
    /// State before, JSON.
    pub before: String,
    /// State after, JSON.
    pub after: String,
    /// Reason given.
    pub reason: String,
    /// Where.
    pub station: String,
    /// Hash of the row before.
    pub prev_hash: String,
    /// Its own hash.
    pub hash: String,
}

impl Row {
    /// The hash that this content has after `prev_hash`; `None` for an unknown format.
    #[must_use]
    pub fn hash_after(&self, prev_hash: &str) -> Option<String> {
        let content = AuditContent {
            format: RowFormat::from_number(self.format)?,
            seq: self.seq,
            at_ms: self.at_ms,
            actor: &self.actor,
            action: &self.action,
            object: &self.object,
            before: &self.before,
            after: &self.after,
            reason: &self.reason,
            station: &self.station,
        };
        Some(row_hash(prev_hash, &content))
    }
}

/// What the walker knows from outside the trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expect {
    /// Public keys that the person who asks got another way; the last seal must be by one of them.
    /// Empty = the keys that the books name count, and their fingerprints are to be compared.
    pub public_keys: Vec<String>,
    /// Anchors from paper or from the ERP.
    pub anchors: Vec<Anchor>,
}

/// The first thing that does not fit. Displays a sentence that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A row is not there; the next one follows at once.
    Missing {
        /// Its number.
        row: i64,
    },
    /// A row stands where none may: its number is below 1 or was there before.
    Extra {
        /// Its number.
        row: i64,
    },
    /// A row does not name the hash of the row before.
    Link {
        /// Its number.
        row: i64,
    },
    /// A row's content is not the one that was hashed.
    Content {
        /// Its number.
        row: i64,
    },
    /// A row has a format that is unknown, or older than the rows before it.
    Format {
        /// Its number.
        row: i64,
    },
    /// A key and the row that tells of it do not agree.
    Key {
        /// Its number.
        key_no: i64,
        /// The row that tells of it, or should.
        row: i64,
    },
    /// A seal is not there, or not in its place.
    SealMissing {
        /// Its number.
        seal_no: i64,
        /// First row that it would cover.
        row: i64,
    },
    /// A seal was not signed so: it was changed, or rows and seal were made anew without the key.
    SealForged {
        /// Its number.
        seal_no: i64,
        /// First row that it covers.
        row: i64,
        /// Last one.
        to: i64,
    },
    /// A good seal covers other rows than these: they were rewritten after it was made.
    Rewritten {
        /// The seal's number.
        seal_no: i64,
        /// First row that it covers.
        row: i64,
        /// Last one.
        to: i64,
    },
    /// Something names a row behind the end of the trail.
    CutShort {
        /// What names it.
        by: String,
        /// The row it names.
        named: i64,
        /// The first row that is not there.
        row: i64,
    },
    /// An anchor names another hash for its row.
    Anchored {
        /// The anchor.
        anchor: String,
        /// Its row.
        row: i64,
    },
    /// The last seal is by none of the keys that were handed in, or there is no seal.
    OtherKey {
        /// First row that no such key vouches for.
        row: i64,
    },
}

impl Fault {
    /// The first row that cannot be believed.
    #[must_use]
    pub fn row(&self) -> i64 {
        match self {
            Fault::Missing { row }
            | Fault::Extra { row }
            | Fault::Link { row }
            | Fault::Content { row }
            | Fault::Format { row }
            | Fault::Key { row, .. }
            | Fault::SealMissing { row, .. }
            | Fault::SealForged { row, .. }
            | Fault::Rewritten { row, .. }
            | Fault::CutShort { row, .. }
            | Fault::Anchored { row, .. }
            | Fault::OtherKey { row } => *row,
        }
    }

    /// A word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Missing { .. } => "row_missing",
            Fault::Extra { .. } => "row_extra",
            Fault::Link { .. } => "row_link",
            Fault::Content { .. } => "row_content",
            Fault::Format { .. } => "row_format",
            Fault::Key { .. } => "key",
            Fault::SealMissing { .. } => "seal_missing",
            Fault::SealForged { .. } => "seal_forged",
            Fault::Rewritten { .. } => "rewritten",
            Fault::CutShort { .. } => "cut_short",
            Fault::Anchored { .. } => "anchor",
            Fault::OtherKey { .. } => "other_key",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Missing { row } => write!(f, "row {row} is missing"),
            Fault::Extra { row } => write!(f, "row {row} stands where no row may stand"),
            Fault::Link { row } => {
                write!(
                    f,
                    "row {row} does not follow the row before it: one was taken out, put in or moved"
                )
            }
            Fault::Content { row } => {
                write!(
                    f,
                    "row {row} was changed: its content does not fit its hash"
                )
            }
            Fault::Format { row } => {
                write!(
                    f,
                    "row {row} was changed: it has a format that cannot stand there"
                )
            }
            Fault::Key { key_no, row } => write!(
                f,
                "seal key {key_no} and the row that tells of it (row {row}) do not agree"
            ),
            Fault::SealMissing { seal_no, row } => {
                write!(
                    f,
                    "seal {seal_no}, which covers row {row}, is missing or not in its place"
                )
            }
            Fault::SealForged { seal_no, row, to } => write!(
                f,
                "seal {seal_no} over rows {row} to {to} is not signed by its key: the seal or these rows were made anew"
            ),
            Fault::Rewritten { seal_no, row, to } => write!(
                f,
                "rows {row} to {to} were rewritten after seal {seal_no} was made: it is signed over others"
            ),
            Fault::CutShort { by, named, row } => write!(
                f,
                "the end is missing: {by} names row {named}, the first row that is not there is {row}"
            ),
            Fault::Anchored { anchor, row } => {
                write!(
                    f,
                    "row {row} is not the one that anchor {anchor} was made of"
                )
            }
            Fault::OtherKey { row } => write!(
                f,
                "from row {row} on there is no seal by the public key that was handed in"
            ),
        }
    }
}

/// How far the newest seal reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedTo {
    /// Number of the seal.
    pub seal_no: i64,
    /// Last row it covers.
    pub seq: i64,
    /// When it was made, UTC milliseconds.
    pub at_ms: i64,
    /// By which key.
    pub key_no: i64,
    /// Its signature.
    pub signature: String,
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Rows that fit.
    pub rows: i64,
    /// Seals that fit.
    pub seals: i64,
    /// Anchors that fit.
    pub anchors: i64,
    /// Hash of the last row that fits.
    pub head: String,
    /// The newest seal that fits.
    pub sealed: Option<SealedTo>,
    /// The first thing that does not fit.
    pub fault: Option<Fault>,
}

/// Walks a trail: rows by number, seals by number. Stops at the first fault.
///
/// # Errors
/// What reading a row or a seal answers.
pub fn walk<E>(
    expect: &Expect,
    keys: &[SealKey],
    rows: impl IntoIterator<Item = Result<Row, E>>,
    seals: impl IntoIterator<Item = Result<Seal, E>>,
) -> Result<Verdict, E> {
    let mut walker = Walker::new(expect, keys);
    let mut seals = seals.into_iter();
    let mut pending = seals.next().transpose()?;
    for row in rows {
        let row = row?;
        if let Err(fault) = walker.row(&row) {
            return Ok(walker.verdict(Some(fault)));
        }
        while let Some(seal) = pending.take_if(|seal| seal.seq <= row.seq) {
            if let Err(fault) = walker.seal(&seal, &row) {
                return Ok(walker.verdict(Some(fault)));
            }
            pending = seals.next().transpose()?;
        }
    }
    let fault = walker.end(pending.as_ref()).err();
    Ok(walker.verdict(fault))
}

struct Walker<'a> {
    expect: &'a Expect,
    keys: BTreeMap<i64, &'a SealKey>,
    /// Keys whose row was met.
    told: Vec<i64>,
    anchors: BTreeMap<i64, Vec<&'a Anchor>>,
    format: i64,
    passed: Verdict,
}

impl<'a> Walker<'a> {
    fn new(expect: &'a Expect, keys: &'a [SealKey]) -> Walker<'a> {
        let mut anchors: BTreeMap<i64, Vec<&Anchor>> = BTreeMap::new();
        for anchor in &expect.anchors {
            anchors.entry(anchor.seq()).or_default().push(anchor);
        }
        Walker {
            expect,
            keys: keys.iter().map(|key| (key.key_no, key)).collect(),
            told: Vec::new(),
            anchors,
            format: 0,
            passed: Verdict {
                rows: 0,
                seals: 0,
                anchors: 0,
                head: GENESIS.to_owned(),
                sealed: None,
                fault: None,
            },
        }
    }

    fn row(&mut self, found: &Row) -> Result<(), Fault> {
        let (seq, row) = (found.seq, self.passed.rows + 1);
        if seq > row {
            return Err(Fault::Missing { row });
        }
        if seq < row {
            return Err(Fault::Extra { row: seq });
        }
        if found.prev_hash != self.passed.head {
            return Err(Fault::Link { row });
        }
        // An old format says nothing about the station, so none may be written into it; and the
        // program never goes back to it.
        let is_plain = found.format != RowFormat::One.number() || found.station.is_empty();
        let hash = found
            .hash_after(&self.passed.head)
            .filter(|_| is_plain && found.format >= self.format)
            .ok_or(Fault::Format { row })?;
        if hash != found.hash {
            return Err(Fault::Content { row });
        }
        self.key(found)?;
        if let Some(anchors) = self.anchors.remove(&seq) {
            for anchor in anchors {
                if !anchor.fits(&hash) {
                    let anchor = anchor.to_string();
                    return Err(Fault::Anchored { anchor, row });
                }
                self.passed.anchors += 1;
            }
        }
        self.format = found.format;
        self.passed.rows = row;
        self.passed.head = hash;
        Ok(())
    }

    /// A row that tells of a key: the key must be there as it is told.
    fn key(&mut self, row: &Row) -> Result<(), Fault> {
        if row.action != KEY_ACTION {
            return Ok(());
        }
        let key_no = i64::try_from(self.told.len()).map_or(i64::MAX, |told| told + 1);
        let agrees = self.keys.get(&key_no).is_some_and(|key| {
            key.audit_seq == row.seq
                && key.since_ms == row.at_ms
                && row.object == key_object(key_no)
                && row.after == key_after(&key.public_key)
        });
        if !agrees {
            return Err(Fault::Key {
                key_no,
                row: row.seq,
            });
        }
        self.told.push(key_no);
        Ok(())
    }

    fn sealed_seq(&self) -> i64 {
        self.passed.sealed.as_ref().map_or(0, |sealed| sealed.seq)
    }

    /// True when the key that a seal names signed it after the newest seal that fits.
    fn is_signed(&self, seal: &Seal) -> bool {
        let before = self.passed.sealed.as_ref();
        let prev_signature = before.map_or("", |sealed| sealed.signature.as_str());
        self.keys
            .get(&seal.key_no)
            .is_some_and(|key| seal.is_signed(&key.site, &key.public_key, prev_signature))
    }

    /// A seal whose last row is the one just passed.
    fn seal(&mut self, seal: &Seal, last: &Row) -> Result<(), Fault> {
        let row = self.sealed_seq() + 1;
        let seal_no = self.passed.seals + 1;
        if seal.seal_no != seal_no || seal.seq != last.seq || seal.seq < row {
            return Err(Fault::SealMissing { seal_no, row });
        }
        let forged = Fault::SealForged {
            seal_no,
            row,
            to: seal.seq,
        };
        let prev_key = self
            .passed
            .sealed
            .as_ref()
            .map_or(0, |sealed| sealed.key_no);
        // A key is told of before it signs; the newest one signs; its first seal says that it is new.
        let newest = i64::try_from(self.told.len()).unwrap_or(i64::MAX);
        let is_first = seal.key_no != prev_key;
        let says_so = seal.cause == SealCause::Key.word();
        let is_signed = seal.key_no == newest && is_first == says_so && self.is_signed(seal);
        if !is_signed {
            return Err(forged);
        }
        if seal.hash != self.passed.head {
            return Err(Fault::Rewritten {
                seal_no,
                row,
                to: seal.seq,
            });
        }
        self.passed.seals = seal_no;
        self.passed.sealed = Some(SealedTo {
            seal_no,
            seq: seal.seq,
            at_ms: seal.at_ms,
            key_no: seal.key_no,
            signature: seal.signature.clone(),
        });
        Ok(())
    }

    fn end(&self, pending: Option<&Seal>) -> Result<(), Fault> {
        let row = self.passed.rows + 1;
        if let Some(seal) = pending {
            let seal_no = self.passed.seals + 1;
            let first = self.sealed_seq() + 1;
            if seal.seal_no != seal_no {
                return Err(Fault::SealMissing {
                    seal_no,
                    row: first,
                });
            }
            if !self.is_signed(seal) {
                return Err(Fault::SealForged {
                    seal_no,
                    row: first,
                    to: seal.seq,
                });
            }
            return Err(Fault::CutShort {
                by: format!("seal {seal_no}"),
                named: seal.seq,
                row,
            });
        }
        // A key is written down together with its first seal.
        let used = self
            .passed
            .sealed
            .as_ref()
            .map_or(0, |sealed| sealed.key_no);
        for key in self.keys.values() {
            if !self.told.contains(&key.key_no) {
                return Err(Fault::Key {
                    key_no: key.key_no,
                    row: key.audit_seq,
                });
            }
            if key.key_no > used {
                return Err(Fault::SealMissing {
                    seal_no: self.passed.seals + 1,
                    row: self.sealed_seq() + 1,
                });
            }
        }
        if let Some(anchor) = self.anchors.values().flatten().next() {
            return Err(Fault::CutShort {
                by: format!("anchor {anchor}"),
                named: anchor.seq(),
                row,
            });
        }
        let wanted = &self.expect.public_keys;
        let is_ours = self
            .keys
            .get(&used)
            .is_some_and(|key| wanted.contains(&key.public_key));
        if !wanted.is_empty() && !is_ours {
            return Err(Fault::OtherKey { row: 1 });
        }
        Ok(())
    }

    fn verdict(&self, fault: Option<Fault>) -> Verdict {
        Verdict {
            fault,
            ..self.passed.clone()
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
