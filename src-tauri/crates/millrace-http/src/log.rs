//! Where the log goes: a file a day as JSON lines, fourteen of them, and standard error for a
//! program without a window. Leaves out what is worth a line.

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::LogLevel;

/// How many days are kept.
const FILES_MAX: usize = 14;

/// Starts the log of this process. A folder that cannot be written costs the file, not the start.
/// The guard writes what is left when it is dropped; `None` when there is no file, or when this
/// process has a log already.
pub(crate) fn start(level: LogLevel, folder: &Path, is_on_stderr: bool) -> Option<WorkerGuard> {
    let file = std::fs::create_dir_all(folder)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            RollingFileAppender::builder()
                .rotation(Rotation::DAILY)
                .filename_prefix("millrace")
                .filename_suffix("log")
                .max_log_files(FILES_MAX)
                .build(folder)
                .map_err(|error| error.to_string())
        });
    let (file, trouble) = match file {
        Ok(file) => (Some(tracing_appender::non_blocking(file)), None),
        Err(error) => (None, Some(error)),
    };
    let (writer, guard) = file.unzip();
    let lines = writer.map(|writer| tracing_subscriber::fmt::layer().json().with_writer(writer));
    let screen = (is_on_stderr || lines.is_none()).then(|| {
        tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
    });
    // Ours at the wanted level; of the libraries only what may become a fault.
    let filter = EnvFilter::new(format!("warn,millrace={}", level.word()));
    let is_first = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(screen)
        .try_init()
        .is_ok();
    if let Some(error) = trouble {
        tracing::warn!("no log file in {}: {error}", folder.display());
    }
    guard.filter(|_| is_first)
}
