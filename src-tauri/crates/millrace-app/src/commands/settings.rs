//! The settings as people see them: value, default, where the value comes from, and whether it counts
//! already. Leaves out changing them ([`super::settings_act`]).

use std::collections::BTreeMap;

use millrace_core::error_code::ErrorCode;
use millrace_store::table::setting_change::SettingChangeRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::config::settings::{self, Kind, SETTINGS, Setting};
use crate::config::{self, file};
use crate::error::AppError;
use crate::inner::Inner;

/// Every setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsView {
    /// The configuration file; `None` = the settings are built in, as the demo's are.
    pub file: Option<String>,
    /// Tells this state of the file from another; goes with every change.
    pub fingerprint: String,
    /// Why nothing can be changed from here, as the system or the program says.
    pub why_not: Option<String>,
    /// How many settings count only after a restart.
    pub pending: i64,
    /// The settings, in the order of the table.
    pub settings: Vec<SettingView>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody said anything.
    Default,
    /// The file, written by hand.
    File,
    /// The environment of the process, which stands over the file.
    Env,
    /// A person on this screen.
    Here,
}

/// What a setting's value is, for the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SettingKind {
    /// A text.
    Text,
    /// A path, relative to the file.
    File,
    /// One of these words.
    Choice {
        /// The words.
        words: Vec<String>,
    },
    /// A number within a range.
    Number {
        /// Least, as it is written.
        least: String,
        /// Most, as it is written.
        most: String,
        /// Whole numbers only.
        is_whole: bool,
    },
    /// `true` or `false`.
    Switch,
    /// Texts, one a line.
    Texts,
    /// Nobody is shown it; not set from here.
    Secret,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingView {
    /// Where it stands in the file, with dots.
    pub key: String,
    /// What its value is.
    pub kind: SettingKind,
    /// Unit; empty where there is none.
    pub unit: String,
    /// What the file and the environment say now; `None` = nothing. Empty for a secret that is set.
    pub value: Option<String>,
    /// Value where nothing is said.
    pub default: Option<String>,
    /// Where the value comes from.
    pub source: SettingSource,
    /// Who changed it here last, where that still stands.
    pub changed_by: Option<String>,
    /// When, UTC ms.
    pub changed_at_ms: Option<i64>,
    /// The program was started with another value: this one counts after a restart.
    pub is_pending: bool,
    /// What the program was started with.
    pub running: Option<String>,
    /// Fixed for good once orders came: it ties records together.
    pub is_fixed: bool,
    /// Allowed and seldom wise: `poll_fast`, `timeout_over_poll`, `nodes_swapped`, `plain_http`,
    /// `password_inline`.
    pub warning: Option<String>,
}

/// The file as it stands, for taking it out; secrets are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsText {
    /// TOML.
    pub text: String,
}

/// Show what another file would change.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SettingsDifference {
    /// The other file's text.
    pub text: String,
}

/// What another file would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingsDifferenceView {
    /// The settings that differ.
    pub rows: Vec<SettingDifference>,
    /// True when something differs that is no single setting, such as the table of materials.
    pub has_more: bool,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingDifference {
    /// Which.
    pub key: String,
    /// Now.
    pub before: Option<String>,
    /// Then.
    pub after: Option<String>,
}

/// What the file and the environment say at this moment.
pub(super) struct Current {
    pub(super) path: std::path::PathBuf,
    pub(super) text: String,
    pub(super) table: toml::Table,
}

/// Reads the file again: a person may have changed it by hand since.
pub(super) async fn current(inner: &Inner) -> Result<Current, AppError> {
    let path = inner.config_file.clone().ok_or_else(|| {
        AppError::refusal(
            ErrorCode::NotReady,
            "the settings of a demo are built in and cannot be changed",
        )
    })?;
    let place = path.clone();
    let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(place))
        .await
        .map_err(|error| AppError::fault(ErrorCode::Internal, "reading was interrupted", &error))?
        .map_err(|error| {
            AppError::refusal(
                ErrorCode::NotReady,
                format!(
                    "the configuration {} cannot be read: {error}",
                    path.display()
                ),
            )
        })?;
    let table = config::table(&text).map_err(|error| {
        AppError::refusal(
            ErrorCode::NotReady,
            format!("the configuration {} is not TOML: {error}", path.display()),
        )
    })?;
    Ok(Current { path, text, table })
}

fn kind_of(kind: Kind) -> SettingKind {
    match kind {
        Kind::Text => SettingKind::Text,
        Kind::File => SettingKind::File,
        Kind::Choice(words) => SettingKind::Choice {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        },
        Kind::Whole(least, most) => SettingKind::Number {
            least: least.to_string(),
            most: most.to_string(),
            is_whole: true,
        },
        Kind::Number(least, most) => SettingKind::Number {
            least: least.to_owned(),
            most: most.to_owned(),
            is_whole: false,
        },
        Kind::Switch => SettingKind::Switch,
        Kind::Texts => SettingKind::Texts,
        Kind::Secret => SettingKind::Secret,
    }
}

fn said(table: &toml::Table, setting: &Setting) -> Option<String> {
    settings::value_at(table, setting.key).map(|value| settings::shown(setting.kind, value))
}

pub(super) async fn settings_list(context: &Context, _: Nothing) -> Result<SettingsView, AppError> {
    let inner = &context.app.inner;
    let running = config::table(&inner.config_text).unwrap_or_default();
    let (file, fingerprint, table, why_not) = match current(inner).await {
        Ok(current) => {
            let path = current.path.clone();
            let why_not = tokio::task::spawn_blocking(move || file::writable(&path).err())
                .await
                .unwrap_or_default()
                .map(|error| format!("{} cannot be written: {error}", current.path.display()));
            let shown = current.path.display().to_string();
            let fingerprint = file::fingerprint(&current.text);
            (Some(shown), fingerprint, current.table, why_not)
        }
        Err(refusal) => (
            inner
                .config_file
                .as_ref()
                .map(|path| path.display().to_string()),
            String::new(),
            running.clone(),
            Some(refusal.message),
        ),
    };
    let changes = inner
        .store
        .read(|read| {
            let mut changes: BTreeMap<&'static str, SettingChangeRow> = BTreeMap::new();
            for setting in SETTINGS {
                if let Some(change) = read.setting_change_last(setting.key)? {
                    changes.insert(setting.key, change);
                }
            }
            Ok::<_, AppError>(changes)
        })
        .await?;
    let warnings: BTreeMap<_, _> = settings::warnings(&table).into_iter().collect();
    let rows: Vec<SettingView> = SETTINGS
        .iter()
        .map(|setting| {
            let in_file = said(&table, setting);
            let from_env = inner.environment.get(setting.key).cloned();
            let here = changes
                .get(setting.key)
                .filter(|change| file_is_ours(change, in_file.as_ref()));
            let source = if from_env.is_some() {
                SettingSource::Env
            } else if in_file.is_none() {
                SettingSource::Default
            } else if here.is_some() {
                SettingSource::Here
            } else {
                SettingSource::File
            };
            let default = setting.default.map(str::to_owned);
            let value = from_env.or(in_file);
            let was = said(&running, setting);
            SettingView {
                key: setting.key.to_owned(),
                kind: kind_of(setting.kind),
                unit: setting.unit.to_owned(),
                is_pending: value.clone().or_else(|| default.clone())
                    != was.clone().or_else(|| default.clone()),
                value,
                default,
                source,
                changed_by: here.map(|change| change.person.clone()),
                changed_at_ms: here.map(|change| change.at_ms),
                running: was,
                is_fixed: setting.is_fixed,
                warning: warnings.get(setting.key).map(|word| (*word).to_owned()),
            }
        })
        .collect();
    Ok(SettingsView {
        file,
        fingerprint,
        why_not,
        pending: rows.iter().map(|row| i64::from(row.is_pending)).sum(),
        settings: rows,
    })
}

/// True when what was set here last is what the file says.
fn file_is_ours(change: &SettingChangeRow, in_file: Option<&String>) -> bool {
    change.value.as_ref() == in_file
}

pub(super) async fn settings_text_get(
    context: &Context,
    _: Nothing,
) -> Result<SettingsText, AppError> {
    let current = current(&context.app.inner).await?;
    let text = config::edit::without_secrets(&current.text).map_err(unreadable)?;
    Ok(SettingsText { text })
}

pub(super) fn unreadable(error: config::ConfigError) -> AppError {
    AppError::refusal(ErrorCode::BadRequest, error.to_string())
}

/// What differs between two tables, by setting.
pub(super) fn difference(before: &toml::Table, after: &toml::Table) -> SettingsDifferenceView {
    let mut rows = Vec::new();
    let (mut rest_before, mut rest_after) = (before.clone(), after.clone());
    for setting in SETTINGS {
        let is_same =
            settings::value_at(before, setting.key) == settings::value_at(after, setting.key);
        if !is_same {
            rows.push(SettingDifference {
                key: setting.key.to_owned(),
                before: said(before, setting),
                after: said(after, setting),
            });
        }
        take(&mut rest_before, setting.key);
        take(&mut rest_after, setting.key);
    }
    SettingsDifferenceView {
        rows,
        has_more: rest_before != rest_after,
    }
}

fn take(table: &mut toml::Table, key: &str) {
    match key.split_once('.') {
        None => {
            table.remove(key);
        }
        Some((section, rest)) => {
            if let Some(toml::Value::Table(inner)) = table.get_mut(section) {
                take(inner, rest);
                if inner.is_empty() {
                    table.remove(section);
                }
            }
        }
    }
}

pub(super) async fn settings_difference_view(
    context: &Context,
    request: SettingsDifference,
) -> Result<SettingsDifferenceView, AppError> {
    let current = current(&context.app.inner).await?;
    config::Config::parse(&request.text).map_err(unreadable)?;
    let after = config::table(&request.text).map_err(unreadable)?;
    Ok(difference(&current.table, &after))
}
