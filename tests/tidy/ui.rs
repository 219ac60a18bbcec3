//! The UI's borders: one place knows Tauri, one file knows colours, a screen knows no other screen.

use crate::tree::{TextFile, files, none};

const CODE: &[&str] = &[".ts", ".svelte", ".js"];

fn hand_written() -> Vec<TextFile> {
    files("ui/src", &[".ts", ".svelte", ".js", ".css"])
        .into_iter()
        .filter(|file| !file.path.starts_with("ui/src/bindings/"))
        .collect()
}

#[test]
fn one_place_imports_tauri() {
    let complaints: Vec<String> = files("ui/src", CODE)
        .iter()
        .filter(|file| !file.path.starts_with("ui/src/lib/host/"))
        .flat_map(|file| file.lines_with(&["@tauri-apps/", "__TAURI"]))
        .map(|place| format!("{place}: only ui/src/lib/host may know Tauri"))
        .collect();
    none(&complaints);
}

/// The colours written as `#` and digits in a line. In scripts only quoted ones count: there a `#`
/// also names a private field.
fn colours(line: &str, is_script: bool) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices('#') {
        let rest = line.get(at + 1..).unwrap_or_default();
        let word_end = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_/".contains(letter)))
            .unwrap_or(rest.len());
        let word = rest.get(..word_end).unwrap_or_default();
        let is_quoted = line
            .get(..at)
            .is_some_and(|before| before.ends_with(['"', '\'', '`']));
        if matches!(word.len(), 3 | 4 | 6 | 8)
            && word.chars().all(|letter| letter.is_ascii_hexdigit())
            && (is_quoted || !is_script)
        {
            found.push(word);
        }
    }
    found
}

#[test]
fn every_colour_is_a_token() {
    let mut complaints = Vec::new();
    for file in hand_written() {
        if file.path == "ui/src/styles/tokens.css" || file.is_test() {
            continue;
        }
        for (number, line) in file.shipped() {
            for colour in colours(line, file.path.ends_with(".ts")) {
                complaints.push(format!(
                    "{}:{number}: #{colour}: colours stand in ui/src/styles/tokens.css only",
                    file.path
                ));
            }
        }
    }
    none(&complaints);
}

#[test]
fn colours_are_told_from_other_hashes() {
    let check = |line: &str, is_script: bool, expected: &[&str]| {
        assert_eq!(colours(line, is_script), expected, "{line}");
    };
    check("color: #1C5A9E;", false, &["1C5A9E"]);
    check("background:#fff", false, &["fff"]);
    check("{#each rows as row}", false, &[]);
    check("href=\"#/live\"", false, &[]);
    check("const pen = '#C4122F';", true, &["C4122F"]);
    check("this.#feed = feed;", true, &[]);
}

#[test]
fn a_screen_imports_no_screen() {
    let mut complaints = Vec::new();
    for file in files("ui/src/screens", CODE) {
        let own = file.path.split('/').nth(3).unwrap_or_default().to_owned();
        for (number, line) in file.shipped() {
            let Some(from) = line.split_once("from ").map(|(_, from)| from) else {
                continue;
            };
            let climbs = from.contains("../")
                && !from.contains("../../")
                && file.path.split('/').count() == 5;
            let other = from
                .split_once("screens/")
                .and_then(|(_, path)| path.split('/').next())
                .is_some_and(|screen| screen != own);
            if climbs || other {
                complaints.push(format!(
                    "{}:{number}: a screen imports no other screen",
                    file.path
                ));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_language_has_every_text() {
    let texts = files("ui/messages", &[".json"]);
    assert_eq!(
        texts
            .iter()
            .map(|file| file.path.as_str())
            .collect::<Vec<_>>(),
        [
            "ui/messages/en.json",
            "ui/messages/id.json",
            "ui/messages/nl.json"
        ]
    );
    let keys: Vec<Vec<String>> = texts
        .iter()
        .map(|file| {
            let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&file.text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.path));
            all.keys()
                .filter(|key| !key.starts_with('$'))
                .cloned()
                .collect()
        })
        .collect();
    let mut complaints = Vec::new();
    for (file, own) in texts.iter().zip(&keys) {
        for key in keys.iter().flatten() {
            if !own.contains(key) {
                complaints.push(format!("{}: lacks {key}", file.path));
            }
        }
    }
    complaints.sort();
    complaints.dedup();
    none(&complaints);
}
