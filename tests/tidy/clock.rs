//! Time is handed in. Only the application's clock, the tasks that own a connection, the virtual
//! plant and the tests ask what time it is; clippy says the same with `disallowed-methods`, and this
//! test holds where a lint is switched off.

use crate::source::all;
use crate::tree::none;

/// Path beginnings under which the clock may be read, and why.
const MAY_READ: &[(&str, &str)] = &[
    (
        "src-tauri/crates/millrace-app/src/clock.rs",
        "it is the clock",
    ),
    (
        "src-tauri/crates/millrace-field/",
        "time-outs on the wire are real",
    ),
    (
        "src-tauri/crates/millrace-plant/",
        "the plant's physics runs beside ours",
    ),
    ("tests/", "tests measure"),
];

#[test]
fn only_the_clock_reads_the_clock() {
    let complaints: Vec<String> = all()
        .iter()
        .filter(|file| !file.is_test())
        .filter(|file| {
            !MAY_READ
                .iter()
                .any(|(start, _)| file.path.starts_with(start))
        })
        .flat_map(|file| {
            file.lines_with(&[
                "SystemTime::now",
                "Instant::now",
                "Timestamp::now",
                "Zoned::now",
                "UNIX_EPOCH.elapsed",
            ])
        })
        .map(|place| format!("{place}: time is handed in; ask millrace-app's clock"))
        .collect();
    none(&complaints);
}
