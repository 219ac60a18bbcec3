//! The trail as a file for an inspector, `millrace-trail-2`: JSON, one object a line. First the header
//! with site, zone and public keys, then every row, every seal, every frozen record, every signature, at
//! last a line that counts them. `assets/verify/verify_audit.py` checks it without this program. Files of
//! the form `millrace-trail-1`, which had neither records nor signatures, are read still.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use millrace_core::audit::chain::{Expect, Row, walk};
use millrace_core::audit::seal::{Seal, SealKey};
use millrace_core::record::RecordRow;
use millrace_core::signature::Signature;
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};

use super::beside::Beside;
use super::check::TrailReport;

/// Name and version of the format.
pub const FORMAT: &str = "millrace-trail-2";
/// The format without records and signatures.
const FORMAT_OLD: &str = "millrace-trail-1";

/// How much of each kind a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Rows of the trail.
    pub(crate) rows: i64,
    /// Seals.
    pub(crate) seals: i64,
    /// Frozen revisions of batch records.
    #[serde(default)]
    pub(crate) records: i64,
    /// Signatures.
    #[serde(default)]
    pub(crate) signatures: i64,
}

/// Where and when it was taken.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Key of the site.
    pub(crate) site: String,
    /// IANA name of the site's zone.
    pub(crate) zone: String,
    /// Version of the program.
    pub(crate) program: String,
    /// UTC milliseconds.
    pub(crate) at_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine {
    key_no: i64,
    site: String,
    public_key: String,
    since_ms: i64,
    audit_seq: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowLine {
    format: i64,
    seq: i64,
    at_ms: i64,
    actor: String,
    action: String,
    object: String,
    before: String,
    after: String,
    reason: String,
    station: String,
    prev_hash: String,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealLine {
    seal_no: i64,
    seq: i64,
    hash: String,
    at_ms: i64,
    cause: String,
    key_no: i64,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    batch_id: i64,
    revision: i64,
    at_ms: i64,
    content: String,
    prev_hash: String,
    hash: String,
    audit_seq: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureLine {
    id: i64,
    format: i64,
    object_kind: String,
    object_id: i64,
    batch_id: Option<i64>,
    person_id: i64,
    login: String,
    person: String,
    meaning: String,
    at_ms: i64,
    site: String,
    reason: Option<String>,
    content_hash: String,
    prev_hash: String,
    hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Header {
        format: String,
        site: String,
        zone: String,
        program: String,
        exported_at_ms: i64,
        clock: String,
        keys: Vec<KeyLine>,
    },
    Row(RowLine),
    Seal(SealLine),
    Record(RecordLine),
    Signature(SignatureLine),
    End(Counts),
}

/// The same fields under the same names, there and back.
macro_rules! both_ways {
    ($row:ident, $line:ident, $($field:ident),+) => {
        impl From<$row> for $line {
            fn from(from: $row) -> $line {
                $line { $($field: from.$field),+ }
            }
        }

        impl From<$line> for $row {
            fn from(from: $line) -> $row {
                $row { $($field: from.$field),+ }
            }
        }
    };
}
both_ways!(
    SealKey, KeyLine, key_no, site, public_key, since_ms, audit_seq
);
both_ways!(
    Row, RowLine, format, seq, at_ms, actor, action, object, before, after, reason, station,
    prev_hash, hash
);
both_ways!(
    Seal, SealLine, seal_no, seq, hash, at_ms, cause, key_no, signature
);
both_ways!(
    RecordRow, RecordLine, batch_id, revision, at_ms, content, prev_hash, hash, audit_seq
);
both_ways!(
    Signature,
    SignatureLine,
    id,
    format,
    object_kind,
    object_id,
    batch_id,
    person_id,
    login,
    person,
    meaning,
    at_ms,
    site,
    reason,
    content_hash,
    prev_hash,
    hash
);

impl Line {
    /// The order in which kinds stand in a file.
    fn rank(&self) -> u8 {
        match self {
            Line::Header { .. } => 0,
            Line::Row(_) => 1,
            Line::Seal(_) => 2,
            Line::Record(_) => 3,
            Line::Signature(_) => 4,
            Line::End(_) => 5,
        }
    }
}

/// What hinders an export.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

fn put(out: &mut impl Write, line: &Line) -> Result<(), ExportError> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

/// Writes the whole trail, and what stands beside it, as it is at one moment. Answers how much.
pub(crate) fn write(read: &Read<'_>, origin: &Origin, out: File) -> Result<Counts, ExportError> {
    let mut out = BufWriter::new(out);
    let keys = read.seal_keys()?;
    put(
        &mut out,
        &Line::Header {
            format: FORMAT.to_owned(),
            site: origin.site.clone(),
            zone: origin.zone.clone(),
            program: origin.program.clone(),
            exported_at_ms: origin.at_ms,
            clock: "UTC milliseconds of the computer's clock; a jump is a row \"clock_jump\""
                .to_owned(),
            keys: keys.into_iter().map(KeyLine::from).collect(),
        },
    )?;
    let mut counts = Counts::default();
    read.audit_each(|row| {
        counts.rows += 1;
        put(&mut out, &Line::Row(row.into()))
    })?;
    read.seal_each(|seal| {
        counts.seals += 1;
        put(&mut out, &Line::Seal(seal.into()))
    })?;
    read.record_each(|record| {
        counts.records += 1;
        put(&mut out, &Line::Record(record.into()))
    })?;
    read.signature_each(|signature| {
        counts.signatures += 1;
        put(&mut out, &Line::Signature(signature.into()))
    })?;
    put(&mut out, &Line::End(counts))?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()?;
    Ok(counts)
}

fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line, String>>, String> {
    let open = File::open(file).map_err(|error| format!("it cannot be opened: {error}"))?;
    let lines = BufReader::new(open).lines().enumerate();
    Ok(lines.map(|(index, line)| {
        let number = index + 1;
        let line = line.map_err(|error| format!("line {number} cannot be read: {error}"))?;
        serde_json::from_str(&line)
            .map_err(|error| format!("line {number} is none of {FORMAT}: {error}"))
    }))
}

/// What of a file is held at once; rows and records are read again where they are needed.
#[derive(Debug, Default)]
struct Small {
    is_old: bool,
    keys: Vec<SealKey>,
    seals: Vec<Seal>,
    signatures: Vec<Signature>,
    counts: Counts,
    end: Option<Counts>,
}

impl Small {
    fn read(file: &Path) -> Result<Small, String> {
        let mut small = Small::default();
        let mut rank = None;
        for (index, line) in lines(file)?.enumerate() {
            let line = line?;
            let no_order = || format!("line {} is not in the order of {FORMAT}", index + 1);
            if small.end.is_some() {
                return Err("something stands behind its end".to_owned());
            }
            let may_stand = match (rank, line.rank()) {
                (None, now) => now == 0,
                (Some(before), now) => now > 0 && before <= now,
            };
            if !may_stand {
                return Err(if rank.is_none() {
                    format!("it is no export of the form {FORMAT}")
                } else {
                    no_order()
                });
            }
            rank = Some(line.rank());
            match line {
                Line::Header { format, keys, .. } => {
                    small.is_old = format == FORMAT_OLD;
                    if !small.is_old && format != FORMAT {
                        return Err(format!("it is no export of the form {FORMAT}"));
                    }
                    small.keys = keys.into_iter().map(SealKey::from).collect();
                }
                Line::Row(_) => small.counts.rows += 1,
                Line::Seal(seal) => small.seals.push(seal.into()),
                Line::Record(_) | Line::Signature(_) if small.is_old => return Err(no_order()),
                Line::Record(_) => small.counts.records += 1,
                Line::Signature(signature) => small.signatures.push(signature.into()),
                Line::End(end) => small.end = Some(end),
            }
        }
        if rank.is_none() {
            return Err("it is empty".to_owned());
        }
        let count = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        small.counts.seals = count(small.seals.len());
        small.counts.signatures = count(small.signatures.len());
        Ok(small)
    }
}

/// Walks an export, then holds what it carries beside the trail against it. A sentence when it is none,
/// or not whole.
pub(super) fn check(file: &Path, expect: &Expect) -> Result<TrailReport, String> {
    let Small {
        is_old,
        keys,
        seals,
        signatures,
        counts,
        end,
    } = Small::read(file)?;
    let mut beside = Beside::new(signatures);
    let rows = lines(file)?.filter_map(|line| match line {
        Ok(Line::Row(row)) => {
            let row = Row::from(row);
            beside.row(&row);
            Some(Ok(row))
        }
        Ok(_) => None,
        Err(why) => Some(Err(why)),
    });
    let verdict = walk(expect, &keys, rows, seals.into_iter().map(Ok))?;
    let mut further = Vec::new();
    // Behind a fault of the trail nothing it tells can be believed.
    if verdict.fault.is_none() && !is_old {
        let records = lines(file)?.filter_map(|line| match line {
            Ok(Line::Record(record)) => Some(Ok(RecordRow::from(record))),
            Ok(_) => None,
            Err(why) => Some(Err(why)),
        });
        further = beside.findings(records)?;
    }
    // Where something was found, that says more than a wrong count.
    let is_good = verdict.fault.is_none() && further.is_empty();
    match end {
        None if is_good => Err("its last line is missing: the file was cut".to_owned()),
        Some(end) if is_good && end != counts => Err(format!(
            "its last line counts {} rows, {} seals, {} records and {} signatures, and it has others",
            end.rows, end.seals, end.records, end.signatures
        )),
        _ => Ok(TrailReport::new(&verdict, &keys, further)),
    }
}
