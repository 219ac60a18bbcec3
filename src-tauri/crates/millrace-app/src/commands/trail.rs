//! The audit trail on the screen: who did what, when, where, from what to what and why; whether it is
//! whole; taking it out. Leaves out sealing and checking themselves ([`crate::trail`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use millrace_core::access::Right;
use millrace_core::audit::chain::Row;
use millrace_core::audit::hex;
use millrace_core::error_code::ErrorCode;
use millrace_store::Read;
use millrace_store::table::audit::AuditFilter;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ts_rs::TS;

use super::signature::SignatureView;
use super::{Context, audit};
use crate::error::AppError;
use crate::start::App;
use crate::trail::ENDING;
use crate::trail::check::{TrailKey, TrailReport, TrailSeal};
use crate::trail::export::{self, Origin};
use crate::trail::key::for_owner_only;

/// Rows a page at most.
const PAGE_MAX: i64 = 200;
/// Longest name of an export.
const NAME_MAX: usize = 80;
/// What an export's name ends in.
const ENDING_OF_FILE: &str = ".jsonl";

/// A page of the trail, newest first. An empty text = all.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AuditList {
    /// Who, as it stands in the trail.
    #[serde(default)]
    pub actor: String,
    /// What: a command or a step of the engine.
    #[serde(default)]
    pub action: String,
    /// Of which object, as it stands in the trail (`batch:12`), or a batch by its label.
    #[serde(default)]
    pub object: String,
    /// Not before, UTC milliseconds.
    #[serde(default)]
    pub from_ms: Option<i64>,
    /// Before, UTC milliseconds.
    #[serde(default)]
    pub to_ms: Option<i64>,
    /// Continue below this row, for paging.
    #[serde(default)]
    pub before: Option<i64>,
    /// Rows a page, at most 200.
    pub limit: i64,
}

/// A row of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditRowView {
    /// Its number.
    pub seq: i64,
    /// UTC milliseconds.
    pub at_ms: i64,
    /// Who; `system` for the program itself.
    pub actor: String,
    /// What.
    pub action: String,
    /// Of which object, as stored.
    pub object: String,
    /// The object's name for people, where it is a batch.
    pub label: Option<String>,
    /// What changed, as it was: JSON.
    pub before: String,
    /// What changed, as it became: JSON.
    pub after: String,
    /// Why.
    pub reason: String,
    /// Where; empty for the program itself, and for rows of an older program.
    pub station: String,
    /// Its hash.
    pub hash: String,
    /// The signatures that the row names, or that stand on it.
    pub signatures: Vec<SignatureView>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditPage {
    /// Rows, newest first.
    pub rows: Vec<AuditRowView>,
    /// Pass as `before` for the next page.
    pub next: Option<i64>,
    /// Everybody who stands in the trail.
    pub actors: Vec<String>,
    /// Every action that stands in the trail.
    pub actions: Vec<String>,
}

/// Whether the trail is whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AuditChainGet {
    /// Asks for a new check, which runs in the background; ask again for its result.
    #[serde(default)]
    pub check: bool,
}

/// Whether the trail is whole, and how it is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditChainView {
    /// True while a check is asked for or under way.
    pub is_checking: bool,
    /// The last check of this run of the program, if any.
    pub report: Option<TrailReport>,
    /// When it ended, UTC milliseconds.
    pub checked_at_ms: Option<i64>,
    /// Number of the last row.
    pub rows: i64,
    /// Rows behind the newest seal.
    pub unsealed: i64,
    /// The newest seal.
    pub sealed: Option<TrailSeal>,
    /// The trail's head now, as an anchor to write down.
    pub anchor: Option<String>,
    /// The keys that the books name, oldest first.
    pub keys: Vec<TrailKey>,
    /// True while there is a key to seal with.
    pub is_sealing: bool,
}

/// Takes the whole trail out as a file in the data folder.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AuditExport {
    /// Name of the file: letters, digits, `.`, `-`, `_`; `.jsonl` is added.
    pub name: String,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditExported {
    /// Its name; a browser fetches it as `exports/<name>`.
    pub name: String,
    /// Where it lies on the computer that runs the program.
    pub path: String,
    /// Rows in it.
    pub rows: i64,
    /// Seals in it.
    pub seals: i64,
    /// Frozen revisions of batch records in it.
    pub records: i64,
    /// Signatures in it.
    pub signatures: i64,
    /// Its SHA-256, which stands in the trail as well.
    pub sha256: String,
}

fn view(read: &Read<'_>, row: Row) -> Result<AuditRowView, AppError> {
    let signatures = read
        .signatures_of_row(row.seq, &row.after)?
        .into_iter()
        .map(|signature| super::signature::view(read, signature))
        .collect::<Result<_, _>>()?;
    Ok(AuditRowView {
        signatures,
        seq: row.seq,
        at_ms: row.at_ms,
        actor: row.actor,
        action: row.action,
        label: read.audit_label(&row.object)?,
        object: row.object,
        before: row.before,
        after: row.after,
        reason: row.reason,
        station: row.station,
        hash: row.hash,
    })
}

pub(super) async fn audit_list(
    context: &Context,
    request: AuditList,
) -> Result<AuditPage, AppError> {
    let filter = AuditFilter {
        actor: request.actor,
        action: request.action,
        object: request.object.trim().to_owned(),
        from_ms: request.from_ms,
        to_ms: request.to_ms,
        before_seq: request.before,
        limit: request.limit.clamp(1, PAGE_MAX),
    };
    context
        .app
        .inner
        .store
        .read(move |read| {
            let rows = read.audit_page(&filter)?;
            let (actors, actions) = read.audit_words()?;
            let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == filter.limit;
            Ok(AuditPage {
                next: rows.last().filter(|_| is_full).map(|row| row.seq),
                rows: rows
                    .into_iter()
                    .map(|row| view(read, row))
                    .collect::<Result<_, _>>()?,
                actors,
                actions,
            })
        })
        .await
}

pub(super) async fn audit_chain_get(
    context: &Context,
    request: AuditChainGet,
) -> Result<AuditChainView, AppError> {
    let inner = &context.app.inner;
    if request.check {
        inner.trail.ask_check();
    }
    let state = inner.trail.check_state();
    let (report, checked_at_ms) = match state.last {
        Some((at_ms, report)) => (Some(report), Some(at_ms)),
        None => (None, None),
    };
    let is_sealing = inner.trail.public_key().is_some();
    inner
        .store
        .read(move |read| {
            let head = read.audit_head()?;
            let sealed = read.seal_last()?;
            Ok(AuditChainView {
                is_checking: state.is_running,
                report,
                checked_at_ms,
                rows: head.as_ref().map_or(0, |(seq, _)| *seq),
                unsealed: read.unsealed(ENDING)?.rows,
                sealed: sealed.map(|seal| TrailSeal {
                    seal_no: seal.seal_no,
                    seq: seal.seq,
                    at_ms: seal.at_ms,
                    key_no: seal.key_no,
                }),
                anchor: head
                    .and_then(|(seq, hash)| {
                        millrace_core::audit::anchor::Anchor::of(seq, &hash).ok()
                    })
                    .map(|anchor| anchor.to_string()),
                keys: read.seal_keys()?.iter().map(TrailKey::from).collect(),
                is_sealing,
            })
        })
        .await
}

/// A file name that cannot lead out of its folder, nor hide in it.
fn file_name(name: &str) -> Option<String> {
    let stem = name.strip_suffix(ENDING_OF_FILE).unwrap_or(name);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    let is_good = !stem.is_empty()
        && stem.len() <= NAME_MAX
        && !stem.starts_with('.')
        && !stem.ends_with('.')
        && stem.chars().all(is_plain);
    is_good.then(|| format!("{stem}{ENDING_OF_FILE}"))
}

fn bad_name() -> AppError {
    AppError::refusal(
        ErrorCode::BadRequest,
        "give the file a name of 1 to 80 letters, digits, points, hyphens and underscores, which begins with none of the points",
    )
}

fn cannot(file: &Path, error: &dyn std::error::Error) -> AppError {
    let what = format!("the file {} cannot be written", file.display());
    AppError::fault(ErrorCode::StoreFailed, what, error)
}

pub(super) async fn audit_export(
    context: &Context,
    request: AuditExport,
) -> Result<AuditExported, AppError> {
    crate::disk::must_have_room(&context.app.inner)?;
    let inner = &context.app.inner;
    let actor = context.caller()?.name.clone();
    let name = file_name(&request.name).ok_or_else(bad_name)?;
    let folder = context.app.exports();
    let file = folder.join(&name);
    if file.exists() {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!("there is a file {name} already: give another name"),
        ));
    }
    let origin = Origin {
        site: inner.site_key(),
        zone: inner.site.zone.clone(),
        program: inner.version.clone(),
        at_ms: inner.clock.now_ms(),
    };
    let at_ms = origin.at_ms;
    let half = folder.join(format!("{name}.part"));
    let written = half.clone();
    let (counts, sha256) = inner
        .store
        .read(move |read| {
            let out = fs::create_dir_all(&folder)
                .and_then(|()| for_owner_only(&written))
                .map_err(|error| cannot(&written, &error))?;
            let counts = read
                .at_one_moment(|read| Ok(export::write(read, &origin, out)))?
                .map_err(|error| cannot(&written, &error))?;
            let sha256 = hash_of(&written).map_err(|error| cannot(&written, &error))?;
            Ok::<_, AppError>((counts, sha256))
        })
        .await?;
    let entry = audit::of(
        &actor,
        "audit_export",
        "trail",
        "",
        at_ms,
        &serde_json::json!({
            "file": name, "rows": counts.rows, "seals": counts.seals, "records": counts.records,
            "signatures": counts.signatures, "sha256": sha256,
        }),
    );
    // Only what the trail tells of leaves the program.
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await?;
    fs::rename(&half, &file).map_err(|error| cannot(&file, &error))?;
    Ok(AuditExported {
        path: file.display().to_string(),
        name,
        rows: counts.rows,
        seals: counts.seals,
        records: counts.records,
        signatures: counts.signatures,
        sha256,
    })
}

fn hash_of(file: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut part = vec![0_u8; 64 * 1024];
    let mut input = File::open(file)?;
    loop {
        let read = std::io::Read::read(&mut input, &mut part)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(part.get(..read).unwrap_or_default());
    }
}

impl App {
    fn exports(&self) -> PathBuf {
        let books = self.inner.store.path();
        books.parent().unwrap_or(Path::new("")).join("exports")
    }

    /// The file of an export, for whoever may take the trail out.
    ///
    /// # Errors
    /// [`ErrorCode::NotLoggedIn`], [`ErrorCode::NoRight`], [`ErrorCode::NotFound`].
    pub fn export_file(&self, token: Option<&str>, name: &str) -> Result<PathBuf, AppError> {
        self.caller(token)?.must(Right::AuditExport)?;
        file_name(name)
            .filter(|good| good == name)
            .map(|name| self.exports().join(name))
            .filter(|file| file.is_file())
            .ok_or_else(|| {
                AppError::refusal(ErrorCode::NotFound, format!("there is no export {name:?}"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        assert_eq!(
            file_name("trail_2026-11-27").as_deref(),
            Some("trail_2026-11-27.jsonl")
        );
        assert_eq!(file_name("a.jsonl").as_deref(), Some("a.jsonl"));
        for wrong in [
            "", ".jsonl", ".hidden", "..", "../x", "a/b", "a\\b", "C:x", "a b", "a\0", "trail.",
            "é",
        ] {
            assert_eq!(file_name(wrong), None, "{wrong:?}");
        }
        assert_eq!(file_name(&"x".repeat(81)), None);
    }
}
