//! THE TABLE of settings: key, kind, range, default, unit. The screen lists it, the parser holds every
//! file against its ranges, and what the screen writes is judged by it first. Leaves out what a
//! setting does, and the structures that it is read into.

use rust_decimal::Decimal;

use super::ConfigError;

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A path, relative to the configuration file.
    File,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within a range.
    Whole(i64, i64),
    /// A number within a range, both ends as they are written.
    Number(&'static str, &'static str),
    /// Yes or no.
    Switch,
    /// Texts, one a line.
    Texts,
    /// A text that nobody is shown, and that is not set from a screen.
    Secret,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands in the file, with dots.
    pub key: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Its value where the file says nothing, as people write it; `None` = it must be given, or nothing
    /// stands for it.
    pub default: Option<&'static str>,
    /// Unit of the number; empty where there is none.
    pub unit: &'static str,
    /// True where a change would cut the tie to what was recorded under the old value.
    pub is_fixed: bool,
}

const fn row(
    key: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    unit: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        default,
        unit,
        is_fixed: false,
    }
}

const fn fixed(key: &'static str) -> Setting {
    Setting {
        is_fixed: true,
        ..row(key, Kind::Text, None, "")
    }
}

/// Every setting, in the order of the screen. Tables without fixed keys (materials) are not in it.
pub const SETTINGS: &[Setting] = &[
    fixed("site.key"),
    row("site.name", Kind::Text, None, ""),
    // Grants are bound to it.
    row("site.line", Kind::Text, None, ""),
    row("site.zone", Kind::Text, None, ""),
    row(
        "site.language",
        Kind::Choice(&["en", "nl", "id"]),
        Some("en"),
        "",
    ),
    row("silos", Kind::File, None, ""),
    row("plc.registers", Kind::File, None, ""),
    row(
        "plc.poll_live_ms",
        Kind::Whole(100, 1_000),
        Some("500"),
        "ms",
    ),
    row(
        "plc.poll_idle_ms",
        Kind::Whole(200, 60_000),
        Some("1000"),
        "ms",
    ),
    row(
        "plc.poll_area_ms",
        Kind::Whole(200, 60_000),
        Some("1000"),
        "ms",
    ),
    row(
        "plc.stall_after_s",
        Kind::Whole(10, 3_600),
        Some("120"),
        "s",
    ),
    row("plc.batches_in_plc_max", Kind::Whole(1, 100), Some("3"), ""),
    row(
        "plc.driver.kind",
        Kind::Choice(&["fins_udp", "fins_tcp", "modbus_tcp"]),
        None,
        "",
    ),
    row("plc.driver.address", Kind::Text, None, ""),
    row("plc.driver.node_local", Kind::Whole(0, 254), None, ""),
    row("plc.driver.node_plc", Kind::Whole(1, 254), None, ""),
    row("plc.driver.nodes_swapped", Kind::Switch, Some("false"), ""),
    row("plc.driver.unit_id", Kind::Whole(0, 255), Some("255"), ""),
    row("plc.driver.base", Kind::Whole(0, 65_535), Some("0"), ""),
    row(
        "plc.driver.local_port",
        Kind::Whole(0, 65_535),
        Some("0"),
        "",
    ),
    row(
        "plc.driver.timeout_ms",
        Kind::Whole(10, 60_000),
        Some("2000"),
        "ms",
    ),
    row("plc.driver.read_retries", Kind::Whole(0, 10), Some("2"), ""),
    row("plc.driver.gap_ms", Kind::Whole(0, 1_000), Some("0"), "ms"),
    row(
        "plc.driver.keepalive_s",
        Kind::Whole(0, 3_600),
        Some("10"),
        "s",
    ),
    row("plc.driver.max_words", Kind::Whole(1, 999), None, ""),
    row(
        "erp.import_every_min",
        Kind::Whole(1, 10_080),
        Some("60"),
        "min",
    ),
    row(
        "erp.bom_reference_kg",
        Kind::Number("0.01", "1000000"),
        Some("1000"),
        "kg",
    ),
    row(
        "erp.mark_done",
        Kind::Choice(&["by_person", "by_us"]),
        Some("by_person"),
        "",
    ),
    row(
        "erp.posts_per_second_max",
        Kind::Number("0.1", "50"),
        Some("5"),
        "/s",
    ),
    row(
        "erp.late_request_s",
        Kind::Whole(0, 3_600),
        Some("120"),
        "s",
    ),
    row(
        "erp.connector.kind",
        Kind::Choice(&["odoo_addon", "odoo_standard"]),
        None,
        "",
    ),
    row("erp.connector.url", Kind::Text, None, ""),
    fixed("erp.connector.database"),
    row("erp.connector.login", Kind::Text, None, ""),
    row("erp.connector.password", Kind::Secret, None, ""),
    row("erp.connector.password_file", Kind::File, None, ""),
    row(
        "erp.connector.timeout_ms",
        Kind::Whole(100, 300_000),
        Some("15000"),
        "ms",
    ),
    row("erp.connector.ca_file", Kind::File, None, ""),
    row(
        "erp.connector.api",
        Kind::Choice(&["auto", "jsonrpc", "json2"]),
        Some("auto"),
        "",
    ),
    row(
        "erp.connector.allow_plain_http",
        Kind::Switch,
        Some("false"),
        "",
    ),
    row(
        "intake.policy",
        Kind::Choice(&["fill", "when_empty"]),
        Some("fill"),
        "",
    ),
    row(
        "intake.open_batches_max",
        Kind::Whole(1, 1_000),
        Some("10"),
        "",
    ),
    row(
        "intake.order_max_kg",
        Kind::Number("1", "10000000"),
        Some("100000"),
        "kg",
    ),
    row(
        "intake.scaling_limit_pct",
        Kind::Number("0", "100"),
        Some("2"),
        "%",
    ),
    row("backup.folder", Kind::File, None, ""),
    row("backup.second_folder", Kind::File, None, ""),
    row("backup.hour", Kind::Whole(0, 23), Some("2"), ""),
    row("backup.keep_daily", Kind::Whole(1, 366), Some("7"), ""),
    row("backup.keep_weekly", Kind::Whole(0, 520), Some("4"), ""),
    row("backup.keep_monthly", Kind::Whole(0, 120), Some("12"), ""),
    row("http.certificate", Kind::File, None, ""),
    row("http.key", Kind::File, None, ""),
    row("http.names", Kind::Texts, None, ""),
    row(
        "http.requests_per_second_max",
        Kind::Whole(1, 10_000),
        Some("100"),
        "/s",
    ),
    row(
        "http.connections_max",
        Kind::Whole(1, 1_000),
        Some("32"),
        "",
    ),
    row(
        "session.lower_after_min",
        Kind::Whole(0, 60),
        Some("5"),
        "min",
    ),
    row(
        "session.lock_after_min",
        Kind::Whole(0, 60),
        Some("10"),
        "min",
    ),
    row(
        "signature.four_eyes",
        Kind::Choice(&["off", "approve", "all"]),
        Some("off"),
        "",
    ),
];

/// The row of a key.
#[must_use]
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The value under a dotted key.
#[must_use]
pub fn value_at<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    let (path, last) = key
        .rsplit_once('.')
        .map_or(("", key), |(path, last)| (path, last));
    let mut table = table;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        table = table.get(part)?.as_table()?;
    }
    table.get(last)
}

/// A value as people read and write it. A secret's is never told.
#[must_use]
pub fn shown(kind: Kind, value: &toml::Value) -> String {
    match (kind, value) {
        (Kind::Secret, _) => String::new(),
        (_, toml::Value::String(text)) => text.clone(),
        (_, toml::Value::Array(each)) => each
            .iter()
            .map(|value| shown(Kind::Text, value))
            .collect::<Vec<_>>()
            .join("\n"),
        (_, other) => other.to_string(),
    }
}

/// A value from what a person wrote.
///
/// # Errors
/// A sentence that names the key and what it may be.
pub fn written(setting: &Setting, text: &str) -> Result<toml_edit::Value, ConfigError> {
    let key = setting.key;
    let text = text.trim();
    let bad = |why: String| Err(ConfigError(format!("{key}: {why}")));
    if text
        .chars()
        .any(|letter| letter.is_control() && letter != '\n')
    {
        return bad("a control character has no place in it".into());
    }
    let value: toml_edit::Value = match setting.kind {
        Kind::Secret => {
            return bad("it is not written from a screen; use erp.connector.password_file".into());
        }
        Kind::Text | Kind::File if text.is_empty() || text.contains('\n') => {
            return bad("it must be a text of one line".into());
        }
        Kind::Text | Kind::File | Kind::Choice(_) => text.into(),
        Kind::Whole(..) => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => return bad(format!("{text:?} is not a whole number")),
        },
        Kind::Number(..) => {
            let Ok(number) = text.parse::<Decimal>() else {
                return bad(format!("{text:?} is not a number"));
            };
            // As it was written, so that no digit is added or lost on the way through a float.
            match number.normalize().to_string().parse::<toml_edit::Value>() {
                Ok(value) => value,
                Err(_) => return bad(format!("{text:?} is not a number")),
            }
        }
        Kind::Switch => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => return bad(format!("{text:?} is neither true nor false")),
        },
        Kind::Texts => {
            let each = text.lines().map(str::trim).filter(|line| !line.is_empty());
            toml_edit::Value::Array(each.collect())
        }
    };
    Ok(value)
}

/// Holds what a file says against the ranges of the table. Kinds are the structures' own affair.
///
/// # Errors
/// A sentence that names the first key that is out of its range.
pub fn check(table: &toml::Table) -> Result<(), ConfigError> {
    for setting in SETTINGS {
        let Some(value) = value_at(table, setting.key) else {
            continue;
        };
        let outside = |least: &str, most: &str| {
            Err(ConfigError(format!(
                "{}: {} is outside {least} to {most}",
                setting.key,
                shown(setting.kind, value)
            )))
        };
        match (setting.kind, value) {
            (Kind::Whole(least, most), toml::Value::Integer(number))
                if !(least..=most).contains(number) =>
            {
                return outside(&least.to_string(), &most.to_string());
            }
            (Kind::Number(least, most), toml::Value::Integer(_) | toml::Value::Float(_)) => {
                let number = |text: &str| text.parse::<Decimal>().ok();
                let is_inside = number(&value.to_string())
                    .zip(number(least).zip(number(most)))
                    .is_some_and(|(value, (least, most))| (least..=most).contains(&value));
                if !is_inside {
                    return outside(least, most);
                }
            }
            (Kind::Choice(words), toml::Value::String(word)) if !words.contains(&word.as_str()) => {
                return Err(ConfigError(format!(
                    "{}: {word:?} is none of {}",
                    setting.key,
                    words.join(", ")
                )));
            }
            (Kind::Secret, value) if !value.is_str() => {
                return Err(ConfigError(format!("{}: it must be a text", setting.key)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Combinations that are allowed and seldom wise, as words that the screen explains.
#[must_use]
pub fn warnings(table: &toml::Table) -> Vec<(&'static str, &'static str)> {
    let whole = |key| value_at(table, key).and_then(toml::Value::as_integer);
    let switch = |key| value_at(table, key).and_then(toml::Value::as_bool);
    let is = [
        (
            "plc.poll_live_ms",
            "poll_fast",
            whole("plc.poll_live_ms").is_some_and(|ms| ms < 250),
        ),
        (
            "plc.driver.timeout_ms",
            "timeout_over_poll",
            whole("plc.driver.timeout_ms").unwrap_or(2_000) > 10_000,
        ),
        (
            "plc.driver.nodes_swapped",
            "nodes_swapped",
            switch("plc.driver.nodes_swapped") == Some(true),
        ),
        (
            "erp.connector.allow_plain_http",
            "plain_http",
            switch("erp.connector.allow_plain_http") == Some(true),
        ),
        (
            "erp.connector.password",
            "password_inline",
            value_at(table, "erp.connector.password").is_some(),
        ),
    ];
    is.into_iter()
        .filter(|(_, _, holds)| *holds)
        .map(|(key, word, _)| (key, word))
        .collect()
}
