//! Millrace with its window. Reads the command line, starts the application, opens the window and
//! waits for it to be closed. Everything the product knows or does stands in the crates below; with
//! `--headless` this program does exactly what `millrace-headless` does.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod desktop;
mod rpc;
mod window;

use millrace_http::cli::Cli;
use millrace_http::launch::{FAULT, prepare};
use std::process::ExitCode;
use window::Painting;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_safe_wanted = cli.safe_graphics;
    // Before anything runs that would have to be stopped again.
    if !cli.headless {
        if let Some(sentence) = desktop::missing_display() {
            return tell(sentence);
        }
        if is_safe_wanted && let Err(error) = window::restart_with_safe_graphics() {
            return tell(&format!(
                "Safe graphics cannot be had, the program cannot start itself again: {error}."
            ));
        }
    }
    let station = match prepare(cli) {
        Ok(station) => station,
        Err(exit) => {
            tell(&exit.to_string());
            return exit.code();
        }
    };
    if station.is_headless() {
        return station.serve();
    }
    let outcome = {
        // The window's tasks live on the application's runtime.
        let _within = station.runtime().enter();
        desktop::run(station.app().clone(), Painting::choose(is_safe_wanted))
    };
    let ended = station.finish();
    match outcome {
        Ok(()) => ended,
        Err(error) => tell(&format!(
            "The window cannot be opened: {error}. With --headless the same product runs in a browser."
        )),
    }
}

/// Tells the person who started the program why it ends.
fn tell(sentence: &str) -> ExitCode {
    eprintln!("{sentence}");
    ExitCode::from(FAULT)
}
