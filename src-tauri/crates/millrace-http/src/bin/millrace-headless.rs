//! Millrace without a window: the same product for a browser on this machine and for scripts.
//! Leaves out everything but the way in; `--headless` is always on here.

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
