//! The arrows of the floor plan: which crate may know which.

use crate::tree::{none, root};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Crate, and the crates of ours that it may know.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("millrace-core", &[]),
    ("millrace-store", &["millrace-core"]),
    ("millrace-field", &["millrace-core"]),
    ("millrace-office", &["millrace-core"]),
    ("millrace-reports", &["millrace-core"]),
    ("millrace-plant", &["millrace-core", "millrace-field"]),
    (
        "millrace-app",
        &[
            "millrace-core",
            "millrace-store",
            "millrace-field",
            "millrace-office",
            "millrace-reports",
        ],
    ),
    (
        "millrace-http",
        // The field: its commissioning commands speak to a PLC without the application.
        &[
            "millrace-core",
            "millrace-app",
            "millrace-field",
            "millrace-plant",
        ],
    ),
    (
        "millrace",
        &["millrace-core", "millrace-app", "millrace-http"],
    ),
    (
        "millrace-tests",
        &[
            "millrace-core",
            "millrace-store",
            "millrace-field",
            "millrace-office",
            "millrace-reports",
            "millrace-plant",
            "millrace-app",
            "millrace-http",
        ],
    ),
];

/// A plant to test against is open to every crate's own tests.
const TESTS_MAY_KNOW: &[&str] = &["millrace-plant"];

pub(crate) fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo can describe the workspace that it builds")
}

#[test]
fn crates_know_only_whom_they_may() {
    let mut complaints = Vec::new();
    for package in &metadata().packages {
        let name = package.name.as_str();
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(crate_name, _)| *crate_name == name) else {
            complaints.push(format!(
                "{name} is not in the floor plan: say in tests/tidy/arrow.rs and ARCHITECTURE.md whom it may know"
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|one| one.name.starts_with("millrace"))
        {
            let other = dependency.name.as_str();
            let is_for_tests =
                dependency.kind == DependencyKind::Development && TESTS_MAY_KNOW.contains(&other);
            if !allowed.contains(&other) && !is_for_tests {
                complaints.push(format!("{name} may not know {other}"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn a_bare_cargo_test_needs_no_web_view() {
    let metadata = metadata();
    let is_default = metadata
        .workspace_default_packages()
        .iter()
        .any(|package| package.name.as_str() == "millrace");
    assert!(
        !is_default,
        "the shell must not be a default member: it links WebKit"
    );
}
