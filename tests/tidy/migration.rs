//! A migration on the main branch is never edited: installed databases have run it. `HASHES` holds
//! each file's SHA-256 in the form of `sha256sum`.

use crate::tree::{files, none, root};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

const LIST: &str = "migrations/HASHES";

fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes all that is written to it");
            hex
        })
}

fn listed() -> BTreeMap<String, String> {
    std::fs::read_to_string(root().join(LIST))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let (hash, name) = line.split_once("  ")?;
            Some((name.to_owned(), hash.to_owned()))
        })
        .collect()
}

#[test]
fn a_migration_is_never_edited() {
    let mut listed = listed();
    let mut complaints = Vec::new();
    for file in files("migrations", &[".sql"]) {
        let name = file.path.trim_start_matches("migrations/");
        let hash = sha256_hex(&file.text);
        match listed.remove(name) {
            None => complaints.push(format!(
                "{LIST} lacks a line for a new migration: {hash}  {name}"
            )),
            Some(old) if old != hash => complaints.push(format!(
                "{} was edited; take the edit back and write a new migration",
                file.path
            )),
            Some(_) => {}
        }
    }
    complaints.extend(
        listed
            .keys()
            .map(|name| format!("migrations/{name} is gone; bring it back")),
    );
    none(&complaints);
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    let names: Vec<String> = files("migrations", &[".sql"])
        .into_iter()
        .map(|file| file.path.trim_start_matches("migrations/").to_owned())
        .collect();
    assert!(!names.is_empty(), "there is at least the first migration");
    let complaints: Vec<String> = names
        .iter()
        .zip(1..)
        .filter(|(name, number)| !name.starts_with(&format!("{number:04}_")))
        .map(|(name, number)| format!("migrations/{name}: number {number:04} is next"))
        .collect();
    none(&complaints);
}

#[test]
fn a_hash_is_the_one_that_everybody_computes() {
    assert_eq!(
        sha256_hex("abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
