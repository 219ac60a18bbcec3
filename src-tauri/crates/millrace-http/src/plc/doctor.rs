//! `doctor plc`: examines one connection and prints the report. Leaves out the examination itself
//! (`millrace_app::commissioning`): the screen makes the same.

use std::path::Path;

use millrace_app::clock::{Clock, SystemClock};
use millrace_app::commissioning::{Leave, SilosFile, Subject, examine as look};
use millrace_app::config::{check_silos, parse_silos};

use super::link::{Link, knock};
use super::{DoctorArgs, fault, say, warn};
use crate::VERSION;
use crate::launch::{Exit, FAULT};

/// Examines, prints the report and answers the exit code: 0, or 1 when there are faults.
///
/// # Errors
/// As [`Link::open`]; code 69 with the exact cause when the PLC is not reached.
pub(super) async fn examine(args: &DoctorArgs) -> Result<u8, Exit> {
    let link = Link::open(&args.reach)?;
    let subject = Subject {
        plc: &link.plc,
        driver: &link.driver,
        map: &link.map,
        site: &link.config.site,
        version: VERSION,
        at_ms: SystemClock::new().now_ms(),
        config_file: link.config_path.display().to_string(),
        map_file: link.map_path.display().to_string(),
        silos: silos_file(&link),
        knock: Some(knock),
        // Whoever waits at the command line ends it.
        limit: None,
    };
    // No books here that could say more than the slot itself does.
    let write_test = args
        .write_test
        .then(|| -> Leave<'_> { Box::pin(async { Ok(()) }) });
    let outcome = look(&subject, write_test).await;
    let text = &outcome.examination.report;
    say(text);
    if let Some(file) = &args.report {
        keep(file, text)?;
        warn(&format!("The report is in {}.", file.display()));
    }
    match outcome.broken {
        Some(broken) => Err(Exit {
            code: link.code(&broken.error),
            message: broken.message,
        }),
        None if outcome.examination.is_sound => Ok(0),
        None => Ok(FAULT),
    }
}

fn keep(file: &Path, text: &str) -> Result<(), Exit> {
    std::fs::write(file, text).map_err(|error| {
        fault(format!(
            "The report cannot be written to {}: {error}.",
            file.display()
        ))
    })
}

fn silos_file(link: &Link) -> SilosFile {
    let Some(named) = &link.config.silos else {
        return SilosFile::None;
    };
    let path = link
        .config_path
        .parent()
        .unwrap_or(Path::new(""))
        .join(named);
    std::fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
        .and_then(|text| {
            parse_silos(&text, 1.into())
                .and_then(|silos| check_silos(&silos, &link.map))
                .map_err(|error| error.to_string())
        })
        .map_or_else(SilosFile::Wrong, |()| {
            SilosFile::Right(path.display().to_string())
        })
}
