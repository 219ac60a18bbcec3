//! Sole owners: a library with weight, or with a door to the outside, is used in one place.

use crate::arrow::metadata;
use crate::source::crate_files;
use crate::tree::none;

/// Libraries, and the crates that alone may use them.
const OWNERS: &[(&[&str], &[&str])] = &[
    (&["rusqlite", "rusqlite_migration"], &["millrace-store"]),
    (&["tokio-modbus"], &["millrace-field", "millrace-plant"]),
    (&["socket2"], &["millrace-field"]),
    (&["rumqttc"], &["millrace-field"]),
    (&["reqwest"], &["millrace-office", "millrace-tests"]),
    (&["lettre"], &["millrace-office"]),
    (
        &[
            "plotters",
            "printpdf",
            "krilla",
            "typst",
            "rust_xlsxwriter",
            "fast_qr",
        ],
        &["millrace-reports"],
    ),
    (&["axum"], &["millrace-http", "millrace-plant"]),
    (
        &["tauri", "tauri-build", "wry", "webkit2gtk"],
        &["millrace"],
    ),
];

#[test]
fn a_library_is_used_by_its_owner_only() {
    let mut complaints = Vec::new();
    for package in &metadata().packages {
        for dependency in &package.dependencies {
            let owners = OWNERS
                .iter()
                .find(|(libraries, _)| libraries.contains(&dependency.name.as_str()))
                .map(|(_, owners)| *owners);
            if let Some(owners) = owners
                && !owners.contains(&package.name.as_str())
            {
                complaints.push(format!(
                    "only {} may use {}, not {}",
                    owners.join(" and "),
                    dependency.name,
                    package.name
                ));
            }
        }
    }
    none(&complaints);
}

fn check(crates: &[&str], words: &[&str], sentence: &str) {
    let found: Vec<String> = crates
        .iter()
        .flat_map(|name| crate_files(name))
        .filter(|file| !file.is_test())
        .flat_map(|file| file.lines_with(words))
        .map(|place| format!("{place}: {sentence}"))
        .collect();
    none(&found);
}

#[test]
fn only_the_store_contains_sql() {
    check(
        &["core", "field", "office", "reports", "plant", "app", "http"],
        &["SELECT ", "INSERT INTO", "DELETE FROM", "PRAGMA "],
        "only millrace-store may contain SQL",
    );
}

#[test]
fn only_field_plant_and_http_open_sockets() {
    check(
        &["core", "store", "office", "reports", "app"],
        &[
            "std::net::Tcp",
            "std::net::Udp",
            "tokio::net",
            "UdpSocket",
            "TcpStream",
            "TcpListener",
        ],
        "only millrace-field, millrace-plant and millrace-http may open sockets",
    );
}

#[test]
fn only_the_application_spawns_what_lives_long() {
    check(
        &["core", "store", "office", "reports"],
        &["tokio::spawn", "tokio::task::spawn(", "JoinSet"],
        "tasks are spawned by millrace-app",
    );
}

#[test]
fn the_core_does_nothing_but_think() {
    check(
        &["core"],
        &[
            "std::time",
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "tokio",
            "tracing",
            "async fn",
            "println!",
            "SystemTime",
        ],
        "millrace-core does no input or output, reads no clock, spawns nothing and logs nothing",
    );
}
