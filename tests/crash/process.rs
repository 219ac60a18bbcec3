//! The product as its own process, for the crash test to kill.

use std::process::ExitCode;

use millrace_http::cli::Cli;
use millrace_http::launch::run_headless;

#[tokio::main]
async fn main() -> ExitCode {
    run_headless(Cli {
        headless: true,
        ..Cli::parse()
    })
    .await
}
