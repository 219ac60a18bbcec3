//! Backups on the screen: which there are, when the next is due, whether one could be put back; making
//! and trying one. Leaves out doing it ([`crate::backup`]). Putting one back is no command: the program
//! that is to be replaced would have to do it.

use millrace_core::backup::BackupCause;
use millrace_core::error_code::ErrorCode;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::backup::job;
use crate::error::AppError;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupRow {
    /// Its file name.
    pub file: String,
    /// When it was made, UTC milliseconds.
    pub at_ms: i64,
    /// Its length.
    pub bytes: i64,
    /// Why it was made.
    pub cause: BackupCause,
    /// The program that made it.
    pub program: String,
    /// The last row of its trail, as an anchor.
    pub head: Option<String>,
    /// When a restore of it was tried, UTC milliseconds.
    pub tried_at_ms: Option<i64>,
    /// Why that failed; English.
    pub tried_fault: Option<String>,
}

/// A backup that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupFailure {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Why; English.
    pub reason: String,
}

/// The backups of this plant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackupView {
    /// Where they are.
    pub folder: String,
    /// Where each is copied to.
    pub second_folder: Option<String>,
    /// When the next one is due, UTC milliseconds.
    pub next_at_ms: i64,
    /// The last one that was to be made, if it failed.
    pub failed: Option<BackupFailure>,
    /// Newest first.
    pub rows: Vec<BackupRow>,
    /// Files that look like backups and cannot be judged, one sentence each; English.
    pub unreadable: Vec<String>,
}

pub(super) async fn backup_list(context: &Context, _: Nothing) -> Result<BackupView, AppError> {
    let inner = &context.app.inner;
    let found = job::look(inner)
        .await
        .map_err(|error| job::refused(&error))?;
    let mut rows = Vec::new();
    let mut unreadable = Vec::new();
    for backup in found {
        match backup.manifest {
            Ok(manifest) => rows.push(BackupRow {
                file: manifest.file,
                at_ms: manifest.at_ms,
                bytes: i64::try_from(manifest.bytes).unwrap_or(i64::MAX),
                cause: manifest.cause,
                program: manifest.program,
                head: manifest.head,
                tried_at_ms: manifest.tried.as_ref().map(|tried| tried.at_ms),
                tried_fault: manifest.tried.and_then(|tried| tried.fault),
            }),
            Err(error) => unreadable.push(format!("{}: {error}", backup.path.display())),
        }
    }
    let backups = &inner.backups;
    Ok(BackupView {
        folder: backups.folder.display().to_string(),
        second_folder: backups
            .second
            .as_ref()
            .map(|folder| folder.display().to_string()),
        next_at_ms: backups.moments(inner.clock.now_ms()).1,
        failed: backups
            .failed()
            .map(|(at_ms, reason)| BackupFailure { at_ms, reason }),
        rows,
        unreadable,
    })
}

pub(super) async fn backup_now(context: &Context, _: Nothing) -> Result<BackupView, AppError> {
    crate::disk::must_have_room(&context.app.inner)?;
    let actor = context.caller()?.name.clone();
    let asked = Some((actor.as_str(), "backup_now"));
    job::make(&context.app.inner, BackupCause::Asked, asked)
        .await?
        .map_err(|error| job::refused(&error))?;
    backup_list(context, Nothing {}).await
}

pub(super) async fn backup_try(context: &Context, _: Nothing) -> Result<BackupView, AppError> {
    let actor = context.caller()?.name.clone();
    let asked = Some((actor.as_str(), "backup_try"));
    job::try_newest(&context.app.inner, asked)
        .await?
        .map_err(|error| job::refused(&error))?
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::NotReady,
                "there is no backup that could be tried",
            )
        })?;
    backup_list(context, Nothing {}).await
}
