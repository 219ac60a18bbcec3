//! What holds for every source file: a header that says what it is for, and a size that fits a head.

use crate::tree::{TextFile, files, none};

/// Beyond this a file holds more than one thing. The aim is 400.
const LINES_MAX: usize = 600;

/// The sources of one crate, by its name without the prefix.
pub(crate) fn crate_files(name: &str) -> Vec<TextFile> {
    let found = files(&format!("src-tauri/crates/millrace-{name}/src"), &[".rs"]);
    assert!(
        !found.is_empty(),
        "the rules look for millrace-{name} in the wrong place"
    );
    found
}

/// Every Rust file of the project.
pub(crate) fn all() -> Vec<TextFile> {
    let mut found = files("src-tauri", &[".rs"]);
    assert!(
        !found.is_empty(),
        "the rules look for sources in the wrong place"
    );
    found.extend(files("tests", &[".rs"]));
    found
}

#[test]
fn every_module_says_what_it_is_for() {
    let complaints: Vec<String> = all()
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            format!(
                "{}: begin with //! what it is for and what it leaves out",
                file.path
            )
        })
        .collect();
    none(&complaints);
}

#[test]
fn no_file_is_longer_than_a_head_can_hold() {
    let mut sources = all();
    sources.extend(
        files("ui/src", &[".ts", ".svelte", ".css"])
            .into_iter()
            .filter(|file| !file.path.starts_with("ui/src/bindings/")),
    );
    let complaints: Vec<String> = sources
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| {
            format!(
                "{}: {lines} lines, split it (at most {LINES_MAX})",
                file.path
            )
        })
        .collect();
    none(&complaints);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together, so that this file does not find itself.
    let marks = [
        format!("TO{}", "DO"),
        format!("FIX{}", "ME"),
        format!("X{}:", "XX"),
    ];
    let mut sources = all();
    sources.extend(files("ui/src", &[".ts", ".svelte", ".css"]));
    let complaints: Vec<String> = sources
        .iter()
        .flat_map(|file| {
            file.text
                .lines()
                .enumerate()
                .map(move |(index, line)| (file, index + 1, line))
        })
        .filter(|(_, _, line)| marks.iter().any(|mark| line.contains(mark.as_str())))
        .map(|(file, number, _)| format!("{}:{number}: do it, or file it as an issue", file.path))
        .collect();
    none(&complaints);
}
