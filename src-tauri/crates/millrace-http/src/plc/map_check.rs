//! `plc map check`: what is wrong with a register map, or the addresses that it leads to, to be
//! held against the drawings. Leaves out the checks themselves: the program's start makes the same.

use std::fmt::Write;
use std::path::Path;

use millrace_app::commissioning::{addresses, missing, summary};

use super::load_map;
use crate::launch::FAULT;

/// What to print, and the exit code.
pub(super) fn check(file: &Path) -> (String, u8) {
    match load_map(file) {
        Err(sentence) => (sentence, FAULT),
        Ok(map) => {
            let mut out = format!(
                "The register map {} is right: {}.\n\n",
                file.display(),
                summary(&map)
            );
            out.push_str(&addresses(&map));
            for missing in missing(&map) {
                let _ = writeln!(out, "note: {missing}");
            }
            (out, 0)
        }
    }
}
