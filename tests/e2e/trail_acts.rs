//! Whatever changes something leaves exactly one row of its own: `Rig::call` counts at every call of
//! every end-to-end test; here stands that no command of the table is left out of them.

use std::collections::BTreeSet;

use millrace_app::commands::table::COMMANDS;

/// Calls that the rig makes for its tests.
const RIG: &str = include_str!("../src/lib.rs");

/// Every command that is audited is called by its name in some end-to-end test.
#[test]
fn every_audited_command_is_reached_by_a_test_that_counts_its_row() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e");
    let mut sources = RIG.to_owned();
    for entry in std::fs::read_dir(folder).expect("the tests' folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name != "trail_acts.rs") {
            sources.push_str(&std::fs::read_to_string(path).expect("a source"));
        }
    }
    let missing: BTreeSet<&str> = COMMANDS
        .iter()
        .filter(|info| info.is_audited && !sources.contains(&format!("\"{}\"", info.name)))
        .map(|info| info.name)
        .collect();
    assert!(missing.is_empty(), "no end-to-end test calls {missing:?}");
}
