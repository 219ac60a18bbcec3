//! The second way to the application, beside the window: the command line of both programs, the
//! start of everything that belongs to a run, and a loopback HTTP server for browsers and scripts.
//! Leaves out every rule of the product: names, payloads and rights are judged by `millrace-app`.

pub mod backup;
pub mod cli;
mod demo;
pub mod launch;
mod log;
mod place;
pub mod plc;
pub mod server;
pub mod trainer;
pub mod verify;

/// What the program calls itself in `--version`, `/health` and the login screen: the version, and
/// the commit where the build was told one (`MILLRACE_COMMIT`).
pub const VERSION: &str = env!("MILLRACE_VERSION");
