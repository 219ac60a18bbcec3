//! Changes one setting in the text of a configuration file. Comments, order and every other value stay
//! as they are. Leaves out files and who may change them.

use toml_edit::{Document, DocumentMut, Item, Table, Value};

use super::ConfigError;
use super::settings::{Setting, written};

fn no_toml(error: &toml_edit::TomlError) -> ConfigError {
    // The parser's own words quote the text, which may hold a password.
    ConfigError(format!("the file is not TOML: {}", error.message()))
}

/// The text with one setting changed.
///
/// # Errors
/// A sentence: a value that the setting cannot have, or a section that a person has to begin by hand
/// because more than this one value belongs into it.
pub fn with(text: &str, setting: &Setting, value: &str) -> Result<String, ConfigError> {
    let value = written(setting, value)?;
    let mut document: DocumentMut = text.parse().map_err(|error| no_toml(&error))?;
    let mut parts: Vec<&str> = setting.key.split('.').collect();
    let last = parts.pop().unwrap_or(setting.key);
    let mut table: &mut Table = document.as_table_mut();
    for (depth, part) in parts.iter().enumerate() {
        let is_optional = !matches!(
            parts.get(..=depth),
            Some(["intake" | "http" | "session" | "backup" | "signature"])
        );
        if table.get(part).is_none() && is_optional {
            return Err(ConfigError(format!(
                "{}: the file has no section [{}]; begin it by hand, as the example configuration shows",
                setting.key,
                parts.get(..=depth).unwrap_or_default().join(".")
            )));
        }
        table = table
            .entry(part)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| {
                ConfigError(format!(
                    "{}: {part} is written within one line; write it as a section [{part}] first",
                    setting.key
                ))
            })?;
    }
    match table.get_mut(last).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(last, Item::Value(value));
        }
    }
    Ok(document.to_string())
}

/// The text with one setting back at its default: its lines become comments, as in the example.
///
/// # Errors
/// A sentence when the file is not TOML.
pub fn without(text: &str, setting: &Setting) -> Result<String, ConfigError> {
    let document = Document::parse(text).map_err(|error| no_toml(&error))?;
    let mut item = document.as_item();
    let mut key_span = None;
    for part in setting.key.split('.') {
        let Some(table) = item.as_table_like() else {
            return Ok(text.to_owned());
        };
        let Some((key, next)) = table.get_key_value(part) else {
            return Ok(text.to_owned());
        };
        key_span = key.span();
        item = next;
    }
    let Some((from, to)) = key_span.zip(item.as_value().and_then(Value::span)) else {
        return Err(ConfigError(format!(
            "{}: it is written in a way that only a person should change",
            setting.key
        )));
    };
    let first = text
        .get(..from.start)
        .map_or(0, |before| before.matches('\n').count());
    let last = text
        .get(..to.end)
        .map_or(0, |before| before.matches('\n').count());
    let mut changed = String::with_capacity(text.len() + 8);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if (first..=last).contains(&number) {
            changed.push('#');
        }
        changed.push_str(line);
    }
    Ok(changed)
}

/// The text as it may leave the program: the values of secrets are left out.
///
/// # Errors
/// A sentence when the file is not TOML.
pub fn without_secrets(text: &str) -> Result<String, ConfigError> {
    use super::settings::{Kind, SETTINGS};
    let mut changed = text.to_owned();
    for setting in SETTINGS
        .iter()
        .filter(|setting| setting.kind == Kind::Secret)
    {
        let document = Document::parse(changed.as_str()).map_err(|error| no_toml(&error))?;
        let mut item = Some(document.as_item());
        for part in setting.key.split('.') {
            item = item.and_then(|item| item.get(part));
        }
        if let Some(span) = item.and_then(Item::as_value).and_then(Value::span) {
            changed.replace_range(span, "\"\"");
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::super::settings::{self, Kind, SETTINGS};
    use super::super::{Config, table};
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../assets/config.example.toml");

    /// The example with every setting switched on that works together.
    fn everything() -> String {
        let mut text = String::new();
        for line in EXAMPLE.lines() {
            let is_off = line.strip_prefix('#').filter(|rest| {
                rest.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '[')
            });
            text.push_str(is_off.unwrap_or(line));
            text.push('\n');
        }
        text
    }

    /// Two values that a setting may have.
    fn legal(kind: Kind) -> [String; 2] {
        match kind {
            Kind::Text => ["Asia/Jakarta".into(), "http://127.0.0.1:9".into()],
            Kind::File => ["a.toml".into(), "sub folder/b \"c\".toml".into()],
            Kind::Choice(words) => [words[0].into(), words[words.len() - 1].into()],
            Kind::Whole(least, most) => [least.to_string(), most.to_string()],
            Kind::Number(least, most) => [least.into(), most.into()],
            Kind::Switch => ["true".into(), "false".into()],
            Kind::Texts => ["one".into(), "one\ntwo".into()],
            Kind::Secret => ["".into(), "".into()],
        }
    }

    fn comments(text: &str) -> Vec<&str> {
        text.lines().filter(|line| line.starts_with('#')).collect()
    }

    #[test]
    fn every_setting_of_the_example_is_in_the_table_and_the_other_way_round() {
        fn keys(table: &toml::Table, before: &str, found: &mut Vec<String>) {
            for (key, value) in table {
                let key = format!("{before}{key}");
                match value {
                    toml::Value::Table(_) if key == "erp.connector.materials" => {}
                    toml::Value::Table(inner) => keys(inner, &format!("{key}."), found),
                    _ => found.push(key),
                }
            }
        }
        let mut found = Vec::new();
        keys(&table(&everything()).expect("TOML"), "", &mut found);
        for key in &found {
            assert!(settings::setting(key).is_some(), "{key} is in no table");
        }
        // What the example tells in words only, for the other drivers or on purpose.
        let words = [
            "nodes_swapped",
            "unit_id",
            "base",
            "keepalive_s",
            "password",
        ];
        for setting in SETTINGS {
            let name = setting.key.rsplit('.').next().unwrap_or(setting.key);
            assert!(
                found.iter().any(|key| key == setting.key) || words.contains(&name),
                "the example does not show {}",
                setting.key
            );
        }
    }

    #[test]
    fn the_table_tells_the_defaults_that_count() {
        let text = everything();
        let all = table(&text).expect("TOML");
        for setting in SETTINGS {
            if let Some((value, default)) =
                settings::value_at(&all, setting.key).zip(setting.default)
            {
                let shown = settings::shown(setting.kind, value);
                assert_eq!(
                    shown, default,
                    "{}: the example shows the default",
                    setting.key
                );
            }
        }
    }

    #[test]
    fn setting_a_legal_value_keeps_every_comment_and_every_other_value() {
        let text = everything();
        let before = table(&text).expect("TOML");
        for setting in SETTINGS.iter().filter(|one| one.kind != Kind::Secret) {
            for value in legal(setting.kind) {
                let changed = with(&text, setting, &value)
                    .unwrap_or_else(|error| panic!("{} = {value}: {error}", setting.key));
                assert_eq!(comments(&changed), comments(&text), "{}", setting.key);
                let after = table(&changed).expect("TOML");
                for other in SETTINGS {
                    let now = settings::value_at(&after, other.key);
                    if other.key == setting.key {
                        let shown = now.map(|now| settings::shown(other.kind, now));
                        assert_eq!(shown.as_deref(), Some(value.as_str()), "{}", other.key);
                    } else {
                        assert_eq!(now, settings::value_at(&before, other.key), "{}", other.key);
                    }
                }
                let back = without(&changed, setting).expect("back");
                assert_eq!(
                    settings::value_at(&table(&back).expect("TOML"), setting.key),
                    None
                );
                for comment in comments(&text) {
                    assert!(back.lines().any(|line| line == comment), "{comment}");
                }
            }
        }
    }

    #[test]
    fn whatever_number_is_out_of_range_is_refused_with_its_key() {
        let text = everything();
        for setting in SETTINGS {
            let wrong = match setting.kind {
                Kind::Whole(least, most) => vec![(least - 1).to_string(), (most + 1).to_string()],
                Kind::Number(_, most) => vec!["-0.001".into(), format!("{most}.001")],
                Kind::Choice(_) => vec!["something_else".into()],
                _ => continue,
            };
            for value in wrong {
                let changed = with(&text, setting, &value).expect("well formed");
                let error = Config::parse(&changed).expect_err(setting.key).to_string();
                assert!(
                    error.contains(setting.key.rsplit('.').next().unwrap_or_default()),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_comment_behind_a_value_and_the_order_of_keys_stay() {
        let text = "# top\n[site] # here\nkey = \"a\"   # the key\nname='b'# the name\n\n\n# end\n";
        let setting = settings::setting("site.name").expect("a setting");
        assert_eq!(
            with(text, setting, "c").expect("set"),
            "# top\n[site] # here\nkey = \"a\"   # the key\nname=\"c\"# the name\n\n\n# end\n"
        );
        assert_eq!(
            without(text, setting).expect("set"),
            "# top\n[site] # here\nkey = \"a\"   # the key\n#name='b'# the name\n\n\n# end\n"
        );
    }

    #[test]
    fn secrets_are_left_out_however_they_are_written() {
        for line in [
            "[erp.connector]\npassword = \"hush\"\n",
            "[erp]\nconnector = { password = 'hush', url = \"u\" }\n",
            "[erp.connector]\npassword = \"\"\"\nhush\"\"\"\n",
            "erp.connector.password = \"h\\u0075sh\"\n",
        ] {
            let out = without_secrets(line).expect("TOML");
            assert!(!out.contains("sh'") && !out.contains("sh\""), "{out}");
            let value = table(&out).expect("TOML");
            let value = settings::value_at(&value, "erp.connector.password");
            assert_eq!(value.and_then(toml::Value::as_str), Some(""), "{out}");
        }
    }
}
