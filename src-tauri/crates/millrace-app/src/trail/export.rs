//! The trail as a file for an inspector, `millrace-trail-1`: JSON, one object a line. First the header
//! with site, zone and public keys, then every row, then every seal, at last a line that counts them.
//! `assets/verify/verify_audit.py` checks it without this program.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use millrace_core::audit::chain::{Expect, Row, walk};
use millrace_core::audit::seal::{Seal, SealKey};
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};

use super::check::TrailReport;

/// Name and version of the format.
pub const FORMAT: &str = "millrace-trail-1";

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
    End {
        rows: i64,
        seals: i64,
    },
}

impl From<Row> for RowLine {
    fn from(row: Row) -> RowLine {
        RowLine {
            format: row.format,
            seq: row.seq,
            at_ms: row.at_ms,
            actor: row.actor,
            action: row.action,
            object: row.object,
            before: row.before,
            after: row.after,
            reason: row.reason,
            station: row.station,
            prev_hash: row.prev_hash,
            hash: row.hash,
        }
    }
}

impl From<RowLine> for Row {
    fn from(row: RowLine) -> Row {
        Row {
            format: row.format,
            seq: row.seq,
            at_ms: row.at_ms,
            actor: row.actor,
            action: row.action,
            object: row.object,
            before: row.before,
            after: row.after,
            reason: row.reason,
            station: row.station,
            prev_hash: row.prev_hash,
            hash: row.hash,
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

/// Writes the whole trail as it stands at one moment. Answers how many rows and seals.
pub(crate) fn write(
    read: &Read<'_>,
    origin: &Origin,
    out: File,
) -> Result<(i64, i64), ExportError> {
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
            keys: keys
                .into_iter()
                .map(|key| KeyLine {
                    key_no: key.key_no,
                    site: key.site,
                    public_key: key.public_key,
                    since_ms: key.since_ms,
                    audit_seq: key.audit_seq,
                })
                .collect(),
        },
    )?;
    let (mut rows, mut seals) = (0, 0);
    read.audit_each(|row| {
        rows += 1;
        put(&mut out, &Line::Row(row.into()))
    })?;
    read.seal_each(|seal| {
        seals += 1;
        let Seal {
            seal_no,
            seq,
            hash,
            at_ms,
            cause,
            key_no,
            signature,
        } = seal;
        put(
            &mut out,
            &Line::Seal(SealLine {
                seal_no,
                seq,
                hash,
                at_ms,
                cause,
                key_no,
                signature,
            }),
        )
    })?;
    put(&mut out, &Line::End { rows, seals })?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.sync_all()?;
    Ok((rows, seals))
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

/// Walks an export. A sentence when it is none, or not whole.
pub(super) fn check(file: &Path, expect: &Expect) -> Result<TrailReport, String> {
    let mut keys = None;
    let mut seals = Vec::new();
    let mut rows = 0_i64;
    let mut end = None;
    for line in lines(file)? {
        if end.is_some() {
            return Err("something stands behind its end".to_owned());
        }
        match line? {
            Line::Header {
                format,
                keys: named,
                ..
            } if keys.is_none() && format == FORMAT => {
                keys = Some(named);
            }
            Line::Row(_) if keys.is_some() && seals.is_empty() => rows += 1,
            Line::Seal(seal) if keys.is_some() => seals.push(Seal {
                seal_no: seal.seal_no,
                seq: seal.seq,
                hash: seal.hash,
                at_ms: seal.at_ms,
                cause: seal.cause,
                key_no: seal.key_no,
                signature: seal.signature,
            }),
            Line::End { rows, seals } => end = Some((rows, seals)),
            Line::Header { .. } | Line::Row(_) | Line::Seal(_) => {
                return Err(format!("its lines are not in the order of {FORMAT}"));
            }
        }
    }
    let keys: Vec<SealKey> = keys
        .ok_or_else(|| format!("it is no export of the form {FORMAT}"))?
        .into_iter()
        .map(|key| SealKey {
            key_no: key.key_no,
            site: key.site,
            public_key: key.public_key,
            since_ms: key.since_ms,
            audit_seq: key.audit_seq,
        })
        .collect();
    let seal_count = i64::try_from(seals.len()).unwrap_or(i64::MAX);
    let only_rows = lines(file)?.filter_map(|line| match line {
        Ok(Line::Row(row)) => Some(Ok(Row::from(row))),
        Ok(Line::Header { .. } | Line::Seal(_) | Line::End { .. }) => None,
        Err(why) => Some(Err(why)),
    });
    let verdict = walk(expect, &keys, only_rows, seals.into_iter().map(Ok))?;
    // Where the walk found something, that says more than a wrong count.
    if verdict.fault.is_none() && end != Some((rows, seal_count)) {
        return Err(match end {
            None => "its last line is missing: the file was cut".to_owned(),
            Some((rows, seals)) => {
                format!("it should have {rows} rows and {seals} seals, and has not")
            }
        });
    }
    Ok(TrailReport::new(&verdict, &keys, Vec::new()))
}
