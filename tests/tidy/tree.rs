//! Finds and reads the project's own files. Leaves out what must hold for them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// True when a parent names it under `#[cfg(test)]`.
    is_test_module: bool,
}

impl TextFile {
    /// The text without comments and without the tests at its end: what ships. Lines keep their
    /// numbers.
    pub(crate) fn shipped(&self) -> Vec<(usize, &str)> {
        let mut lines = Vec::new();
        let mut is_test_next = false;
        for (index, line) in self.text.lines().enumerate() {
            let trimmed = line.trim_start();
            if is_test_next && trimmed.starts_with("mod ") && trimmed.ends_with('{') {
                break;
            }
            is_test_next =
                trimmed.starts_with("#[cfg(test)]") || (is_test_next && trimmed.starts_with("#["));
            if !trimmed.starts_with("//") {
                lines.push((index + 1, line));
            }
        }
        lines
    }

    /// True for a file that holds tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.is_test_module
            || self.path.starts_with("tests/")
            || self.path.split('/').any(|part| {
                let stem = part.strip_suffix(".rs").unwrap_or(part);
                stem == "tests" || stem == "benches" || stem.ends_with("_tests")
            })
            || self.path.contains(".test.")
    }

    /// Every shipped line that holds one of the words, as `path:line: words`.
    pub(crate) fn lines_with(&self, words: &[&str]) -> Vec<String> {
        self.shipped()
            .into_iter()
            .filter_map(|(number, line)| {
                let word = words.iter().find(|word| line.contains(**word))?;
                Some(format!("{}:{number}: {word}", self.path))
            })
            .collect()
    }
}

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests' folder stands in the root")
        .to_path_buf()
}

/// Every file under a folder whose name ends in one of the endings; nothing that a build or a
/// package client wrote. A folder that is not there holds no files.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<TextFile> {
    let root = root();
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a folder of the project can be listed").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if !["node_modules", "dist", "target", "gen", "paraglide"].contains(&name.as_str())
                {
                    open.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let relative = path
                    .strip_prefix(&root)
                    .expect("it was found below the root");
                let text = fs::read_to_string(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", relative.display()));
                found.push(TextFile {
                    path: relative.to_string_lossy().replace('\\', "/"),
                    text,
                    is_test_module: false,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let tests: Vec<String> = found.iter().flat_map(test_modules).collect();
    for file in &mut found {
        file.is_test_module = tests.iter().any(|module| {
            file.path == format!("{module}.rs") || file.path.starts_with(&format!("{module}/"))
        });
    }
    found
}

/// The modules that a file names under `#[cfg(test)]`, as paths without the ending.
fn test_modules(file: &TextFile) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let own_folder = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        other => format!("{folder}/{}", other.trim_end_matches(".rs")),
    };
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| pair[1].strip_suffix(';')?.split_once("mod "))
        .map(|(_, module)| format!("{own_folder}/{module}"))
        .collect()
}

/// Fails with all complaints, one a line.
pub(crate) fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
