//! The product in its real window, driven like a person does: `tauri-driver` and `WebKitWebDriver`
//! under a virtual display. `./test.sh` starts it with the display and the paths it needs; it is a
//! program, not a `#[test]`, so that a bare `cargo test` needs neither WebKit nor a display.
#![allow(
    clippy::print_stdout,
    reason = "a test runner's closing lines belong on standard output"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it waits for a real window in real time"
)]

mod border;
mod failure;
mod main_job;
mod people;
mod restart;
mod stage;
mod webdriver;

use failure::Failure;
use stage::{Stage, Tools};
use std::process::ExitCode;
use std::time::Instant;
use webdriver::Window;

/// Twenty times real time: the plant's physics only, so that a batch takes seconds.
const DEMO: [&str; 3] = ["--demo", "--demo-speed", "20"];

/// A run in a window of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    MainJob,
    PlcRestarts,
    People,
    KeepsToItself,
    ComesUpWithoutALocale,
}

impl Case {
    const ALL: [Case; 5] = [
        Case::MainJob,
        Case::PlcRestarts,
        Case::People,
        Case::KeepsToItself,
        Case::ComesUpWithoutALocale,
    ];

    fn name(self) -> &'static str {
        match self {
            Case::MainJob => "main_job",
            Case::PlcRestarts => "plc_restarts",
            Case::People => "people",
            Case::KeepsToItself => "keeps_to_itself",
            Case::ComesUpWithoutALocale => "comes_up_without_a_locale",
        }
    }

    fn lang(self) -> &'static str {
        match self {
            Case::MainJob | Case::PlcRestarts | Case::People | Case::KeepsToItself => "en_GB.UTF-8",
            Case::ComesUpWithoutALocale => "C.UTF-8",
        }
    }

    /// A person needs time to walk from screen to screen while the plant doses.
    fn demo(self) -> [&'static str; 3] {
        match self {
            Case::MainJob | Case::People | Case::KeepsToItself | Case::ComesUpWithoutALocale => {
                DEMO
            }
            Case::PlcRestarts => ["--demo", "--demo-speed", "4"],
        }
    }

    async fn play(self, window: &Window) -> Result<(), Failure> {
        match self {
            Case::MainJob => main_job::run(window).await,
            Case::PlcRestarts => restart::run(window).await,
            Case::People => people::run(window).await,
            Case::KeepsToItself => border::keeps_to_itself(window).await,
            Case::ComesUpWithoutALocale => border::comes_up_without_a_locale(window).await,
        }
    }
}

async fn run(case: Case, tools: &Tools) -> Result<(), Failure> {
    let stage = Stage::set_up(tools, case.name(), case.lang()).await?;
    let window = stage.open(&case.demo()).await?;
    let outcome = case.play(&window).await;
    if outcome.is_err() {
        // The picture is a help for the reader; its own failure must not hide the first one.
        window.picture("failed").await.ok();
    }
    let closed = window.close().await;
    outcome.and(closed)
}

#[tokio::main]
async fn main() -> ExitCode {
    let tools = match Tools::from_environment() {
        Ok(tools) => tools,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for case in Case::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == case.name()) {
            continue;
        }
        let start = Instant::now();
        let outcome = run(case, &tools).await;
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("PASS [{seconds:7.1}s] window {}", case.name());
            }
            Err(failure) => {
                failed += 1;
                println!("FAIL [{seconds:7.1}s] window {}: {failure}", case.name());
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
