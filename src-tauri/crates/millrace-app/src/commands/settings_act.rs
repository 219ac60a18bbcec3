//! Changing settings: the file is judged as a whole before a byte of it changes, the person signs with
//! the own secret, and the trail keeps what stood there before. Leaves out showing them.

use millrace_core::error_code::ErrorCode;
use millrace_store::table::audit::AuditEntry;
use millrace_store::table::setting_change::SettingChangeRow;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::batch_act;
use super::session::Nothing;
use super::settings::{Current, SettingsView, current, difference, settings_list, unreadable};
use super::signing::{Signed, sign};
use super::{Context, audit};
use crate::config::file::ReplaceError;
use crate::config::{self, Config, edit, file, settings};
use crate::error::AppError;

/// Change one setting.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SettingSet {
    /// Which, with dots.
    pub key: String,
    /// The value as people write it; `None` = back to the default.
    pub value: Option<String>,
    /// The state of the file that the person saw.
    pub fingerprint: String,
    /// Why, at least three characters.
    pub reason: String,
    /// The person's own secret.
    pub secret: String,
}

/// Put another file in the place of this one.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SettingsImport {
    /// The other file's text.
    pub text: String,
    /// The state of the file that the person saw.
    pub fingerprint: String,
    /// Why, at least three characters.
    pub reason: String,
    /// The person's own secret.
    pub secret: String,
}

/// Longest configuration file, bytes.
const TEXT_MAX: usize = 200_000;

pub(super) async fn setting_set(
    context: &Context,
    request: SettingSet,
) -> Result<SettingsView, AppError> {
    let setting = settings::setting(&request.key).ok_or_else(|| {
        AppError::refusal(
            ErrorCode::NotFound,
            format!("there is no setting {:?}", request.key),
        )
    })?;
    let inner = &context.app.inner;
    if setting.is_fixed {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "{} ties what was recorded and posted together and stays as it is",
                setting.key
            ),
        ));
    }
    if inner.environment.contains_key(setting.key) {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "{} is set by the environment of the program ({}{}), which stands over the file",
                setting.key,
                config::ENVIRONMENT,
                setting.key.to_uppercase().replace('.', "__")
            ),
        ));
    }
    let change = |now: &Current| match &request.value {
        Some(value) => edit::with(&now.text, setting, value),
        None => edit::without(&now.text, setting),
    };
    put(
        context,
        "setting_set",
        &format!("setting:{}", setting.key),
        &request.fingerprint,
        &request.reason,
        &request.secret,
        change,
    )
    .await
}

pub(super) async fn settings_import(
    context: &Context,
    request: SettingsImport,
) -> Result<SettingsView, AppError> {
    if request.text.len() > TEXT_MAX {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!("a configuration file has at most {TEXT_MAX} bytes"),
        ));
    }
    let text = request.text.clone();
    put(
        context,
        "settings_import",
        "settings",
        &request.fingerprint,
        &request.reason,
        &request.secret,
        |_| Ok(text),
    )
    .await
}

/// Judges, signs, writes, records: in this order, one person at a time.
async fn put(
    context: &Context,
    action: &str,
    object: &str,
    seen: &str,
    reason: &str,
    secret: &str,
    change: impl FnOnce(&Current) -> Result<String, config::ConfigError>,
) -> Result<SettingsView, AppError> {
    let why = batch_act::reason(reason)?;
    let inner = &context.app.inner;
    let _turn = inner.settings_turn.lock().await;
    let now = current(inner).await?;
    if file::fingerprint(&now.text) != seen {
        return Err(changed());
    }
    let text = change(&now).map_err(unreadable)?;
    let parsed = Config::parse(&text).map_err(unreadable)?;
    if parsed.site.key != inner.site.key {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            "site.key ties what was recorded and posted together and stays as it is",
        ));
    }
    let after = config::table(&text).map_err(unreadable)?;
    let rows = difference(&now.table, &after);
    if let Some(row) = rows.rows.iter().find(|row| is_fixed(&row.key)) {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "{} ties what was recorded together and stays as it is",
                row.key
            ),
        ));
    }
    files_are_there(&now, &after).await?;
    let signer = sign(context, secret).await?;
    let at_ms = inner.clock.now_ms();
    let told = |pick: fn(&super::settings::SettingDifference) -> &Option<String>| {
        let values: serde_json::Map<_, _> = rows
            .rows
            .iter()
            .map(|row| (row.key.clone(), json!(pick(row))))
            .collect();
        serde_json::Value::Object(values).to_string()
    };
    let entry = AuditEntry {
        before: told(|row| &row.before),
        after: told(|row| &row.after),
        ..audit::of(&signer.name, action, object, &why, at_ms, &json!({}))
    };
    let (path, fingerprint) = (now.path.clone(), seen.to_owned());
    inner
        .commit(move |tx| {
            for row in &rows.rows {
                tx.setting_change_add(&SettingChangeRow {
                    at_ms,
                    key: row.key.clone(),
                    value: row.after.clone(),
                    person: signer.name.clone(),
                })?;
            }
            tx.audit_add(&entry)?;
            signer.put(tx, &Signed::LastAct, &entry.action, at_ms, Some(&why))?;
            // Last before the commit: a file that cannot be written leaves no row that says it was.
            file::replace(&path, &fingerprint, &text).map_err(|error| match error {
                ReplaceError::Changed => changed(),
                ReplaceError::System(error) => AppError::refusal(
                    ErrorCode::NotReady,
                    format!("{} cannot be written: {error}", path.display()),
                ),
            })
        })
        .await?;
    settings_list(context, Nothing {}).await
}

fn is_fixed(key: &str) -> bool {
    settings::setting(key).is_some_and(|setting| setting.is_fixed)
}

fn changed() -> AppError {
    AppError::refusal(
        ErrorCode::Changed,
        "the configuration file changed while you were looking; look again before you change it",
    )
}

/// Files that a changed setting names must be there: the next start would not find them.
async fn files_are_there(now: &Current, after: &toml::Table) -> Result<(), AppError> {
    let base = now
        .path
        .parent()
        .map(std::path::Path::to_path_buf)
        .unwrap_or_default();
    let named: Vec<(&'static str, std::path::PathBuf)> = settings::SETTINGS
        .iter()
        .filter(|setting| setting.kind == settings::Kind::File)
        .filter_map(|setting| {
            let value = settings::value_at(after, setting.key)?;
            let is_new = settings::value_at(&now.table, setting.key) != Some(value);
            is_new.then_some((setting.key, base.join(value.as_str()?)))
        })
        .collect();
    let missing =
        tokio::task::spawn_blocking(move || named.into_iter().find(|(_, path)| !path.is_file()))
            .await
            .map_err(|error| {
                AppError::fault(ErrorCode::Internal, "looking was interrupted", &error)
            })?;
    match missing {
        None => Ok(()),
        Some((key, path)) => Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!("{key}: there is no file {}", path.display()),
        )),
    }
}
