//! Verifying a trail: from the books, of this program or of somebody else's, or from an export; with
//! public keys and anchors from outside. Leaves out the walk itself (`millrace_core::audit::chain`).

use std::path::Path;

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::chain::{Expect, Fault, Verdict};
use millrace_core::audit::seal::{SealKey, fingerprint};
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::export;
use super::key::KeyFolder;

/// A check beside the walk: answers one sentence for each thing that does not fit.
pub type FurtherCheck = fn(&Read<'_>) -> Result<Vec<String>, StoreError>;

/// What is checked beside the walk, by name. Whoever freezes something whose hash stands in the trail
/// adds a row here that holds the two against each other.
pub const FURTHER: &[(&str, FurtherCheck)] = &[
    ("file", |read| read.damage()),
    ("signature", |read| read.signature_findings()),
    ("ledger", |read| read.ledger_findings()),
    ("deviation", |read| read.deviation_findings()),
    ("signature", |read| read.signature_trail_findings()),
    ("records", |read| read.records_check(None)),
];

/// The first thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailFault {
    /// Its kind, for programs: `row_content`, `seal_forged`, `cut_short` …
    pub kind: String,
    /// The first row that cannot be believed.
    pub row: i64,
    /// What is wrong, for people; English.
    pub message: String,
}

/// Something beside the walk that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailFinding {
    /// Which check found it.
    pub check: String,
    /// What is wrong, for people; English.
    pub message: String,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailKey {
    /// Its number.
    pub key_no: i64,
    /// In hexadecimal.
    pub public_key: String,
    /// To compare with what was noted on paper.
    pub fingerprint: String,
    /// Since when, UTC milliseconds.
    pub since_ms: i64,
}

impl From<&SealKey> for TrailKey {
    fn from(key: &SealKey) -> TrailKey {
        TrailKey {
            key_no: key.key_no,
            fingerprint: fingerprint(&key.public_key),
            public_key: key.public_key.clone(),
            since_ms: key.since_ms,
        }
    }
}

/// How far the newest seal reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailSeal {
    /// Its number.
    pub seal_no: i64,
    /// The last row it covers.
    pub seq: i64,
    /// When it was made, UTC milliseconds.
    pub at_ms: i64,
    /// By which key.
    pub key_no: i64,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailReport {
    /// Rows that fit, from the first on.
    pub rows: i64,
    /// Seals that fit.
    pub seals: i64,
    /// Anchors from outside that fit.
    pub anchors: i64,
    /// The newest seal that fits.
    pub sealed: Option<TrailSeal>,
    /// The last row that fits, as an anchor to write down.
    pub head: Option<String>,
    /// The keys that the trail names.
    pub keys: Vec<TrailKey>,
    /// The first thing that does not fit; nothing behind it was looked at.
    pub fault: Option<TrailFault>,
    /// What does not fit beside the walk.
    pub further: Vec<TrailFinding>,
}

impl TrailReport {
    pub(super) fn new(
        verdict: &Verdict,
        keys: &[SealKey],
        further: Vec<TrailFinding>,
    ) -> TrailReport {
        let fault = verdict.fault.as_ref();
        TrailReport {
            rows: verdict.rows,
            seals: verdict.seals,
            anchors: verdict.anchors,
            sealed: verdict.sealed.as_ref().map(|sealed| TrailSeal {
                seal_no: sealed.seal_no,
                seq: sealed.seq,
                at_ms: sealed.at_ms,
                key_no: sealed.key_no,
            }),
            head: Anchor::of(verdict.rows, &verdict.head)
                .ok()
                .map(|anchor| anchor.to_string()),
            keys: keys.iter().map(TrailKey::from).collect(),
            fault: fault.map(|fault: &Fault| TrailFault {
                kind: fault.word().to_owned(),
                row: fault.row(),
                message: fault.to_string(),
            }),
            further,
        }
    }

    /// True when everything fits.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.fault.is_none() && self.further.is_empty()
    }

    /// The first thing that does not fit, as a sentence; empty when everything fits.
    #[must_use]
    pub fn sentence(&self) -> String {
        let walked = self.fault.as_ref().map(|fault| &fault.message);
        let beside = self.further.first().map(|finding| &finding.message);
        walked.or(beside).cloned().unwrap_or_default()
    }
}

/// Why a trail could not be looked at. A sentence.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The books cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The export cannot be read.
    #[error("{file}: {why}")]
    Export {
        /// Which file.
        file: String,
        /// Why.
        why: String,
    },
}

/// Walks the trail of open books and does what is checked besides.
pub(crate) fn of_books(
    read: &Read<'_>,
    anchors: Vec<Anchor>,
    public_keys: Vec<String>,
) -> Result<TrailReport, StoreError> {
    let expect = Expect {
        public_keys,
        anchors,
    };
    read.at_one_moment(|read| {
        let verdict = read.trail_walk(&expect)?;
        let mut further = Vec::new();
        for (name, check) in FURTHER {
            for message in check(read)? {
                further.push(TrailFinding {
                    check: (*name).to_owned(),
                    message,
                });
            }
        }
        Ok(TrailReport::new(&verdict, &read.seal_keys()?, further))
    })
}

/// Verifies the trail of a file of books, in use or not, without changing anything. Beside the anchors
/// handed in, the newest seal that the key folder beside the books remembers counts.
///
/// # Errors
/// [`CheckError`] when the file cannot be read as books of this version.
pub fn of_file(
    books: &Path,
    mut anchors: Vec<Anchor>,
    public_keys: Vec<String>,
) -> Result<TrailReport, CheckError> {
    // Remembered before the books are read: what is sealed meanwhile lies behind it.
    let beside = KeyFolder::of(books.parent().unwrap_or(Path::new(""))).head();
    anchors.extend(beside);
    Ok(millrace_store::look(books, |read| {
        of_books(read, anchors, public_keys)
    })?)
}

/// Verifies an export.
///
/// # Errors
/// [`CheckError`] when the file cannot be read, or is no export.
pub fn of_export(
    file: &Path,
    anchors: Vec<Anchor>,
    public_keys: Vec<String>,
) -> Result<TrailReport, CheckError> {
    let expect = Expect {
        public_keys,
        anchors,
    };
    export::check(file, &expect).map_err(|why| CheckError::Export {
        file: file.display().to_string(),
        why,
    })
}
