//! How the program of the PLC runs, by the words that the map names for it: the heartbeat must rise,
//! the boot counter is shown. Leaves out noticing it from day to day: the engine does.

use std::time::Duration;

use millrace_field::plc::{PlcError, PlcHandle};
use tokio::time::{Sleep, sleep};

use super::cause::cause;
use super::examine::Subject;
use super::report::Report;
use super::rows::outside;
use crate::commands::examine::FindingWeight;

/// From the first look at the heartbeat to the second. It rises about once a second.
const SECOND_LOOK: Duration = Duration::from_secs(2);
/// And to the last: a heartbeat that stands still for three seconds stands still.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// The first look at the heartbeat, and when to look again.
#[derive(Debug)]
pub(super) struct FirstLook {
    at: u16,
    first: Result<u16, PlcError>,
    later: Sleep,
}

/// Looks at the heartbeat for the first time, so that the rest of the examination fills the wait.
pub(super) async fn first_look(subject: &Subject<'_>) -> Option<FirstLook> {
    let at = subject.map.system().heartbeat?;
    Some(FirstLook {
        at,
        first: one_word(subject.plc, at).await,
        later: sleep(SECOND_LOOK),
    })
}

/// Says whether the program runs, and how often it was started.
pub(super) async fn program(
    subject: &Subject<'_>,
    first_look: Option<FirstLook>,
    report: &mut Report,
) {
    match first_look {
        None => report.find(
            FindingWeight::Note,
            "The map names no heartbeat: that the program runs cannot be seen.",
        ),
        Some(look) => {
            let at = look.at;
            let (weight, sentence) = match heartbeat(subject, look).await {
                Ok((first, last)) => {
                    let name = "system heartbeat";
                    report
                        .words
                        .push(outside(at, name, &[last], last.to_string(), ""));
                    judged(at, first, last)
                }
                Err(error) => (
                    FindingWeight::Fault,
                    format!(
                        "The heartbeat D{at} cannot be read: {}",
                        why(subject, &error).await
                    ),
                ),
            };
            report.find(weight, sentence);
        }
    }
    let Some(at) = subject.map.system().boot_counter else {
        report.find(FindingWeight::Note, "The map names no boot counter.");
        return;
    };
    match one_word(subject.plc, at).await {
        Ok(count) => {
            let name = "system boot_counter";
            report
                .words
                .push(outside(at, name, &[count], count.to_string(), ""));
            report.find(
                FindingWeight::Good,
                format!("Boot counter D{at} shows {count}; it rises at each start of the program."),
            );
        }
        Err(error) => {
            let why = why(subject, &error).await;
            report.find(
                FindingWeight::Fault,
                format!("The boot counter D{at} cannot be read: {why}"),
            );
        }
    }
}

/// The first and the last value; the last look is spared where the second has seen it rise.
async fn heartbeat(subject: &Subject<'_>, look: FirstLook) -> Result<(u16, u16), PlcError> {
    let first = look.first?;
    look.later.await;
    let second = one_word(subject.plc, look.at).await?;
    if second != first {
        return Ok((first, second));
    }
    sleep(LAST_LOOK).await;
    Ok((first, one_word(subject.plc, look.at).await?))
}

fn judged(at: u16, first: u16, last: u16) -> (FindingWeight, String) {
    // It wraps to 0, so the difference does, too.
    match last.wrapping_sub(first) {
        0 => (
            FindingWeight::Fault,
            format!(
                "The heartbeat D{at} stands still at {first} for {} s: the PLC answers, and its program \
                 does not run. See that the CPU is in RUN.",
                (SECOND_LOOK + LAST_LOOK).as_secs()
            ),
        ),
        1..=0x7FFF => (
            FindingWeight::Good,
            format!("The heartbeat D{at} rises: {first}, then {last}."),
        ),
        _ => (
            FindingWeight::Warning,
            format!(
                "The heartbeat D{at} goes back, from {first} to {last}: the program was started anew \
                 meanwhile, or something else writes this word."
            ),
        ),
    }
}

async fn one_word(plc: &PlcHandle, at: u16) -> Result<u16, PlcError> {
    plc.read(at, 1)
        .await
        .map(|words| words.first().copied().unwrap_or(0))
}

async fn why(subject: &Subject<'_>, error: &PlcError) -> String {
    cause(subject.plc, subject.driver, subject.knock, error).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_rises_over_its_end_too() {
        let weight = |first, last| judged(9_020, first, last).0;
        assert_eq!(weight(7, 9), FindingWeight::Good);
        assert_eq!(weight(65_535, 1), FindingWeight::Good);
        assert_eq!(weight(7, 7), FindingWeight::Fault);
        assert_eq!(weight(9, 7), FindingWeight::Warning);
    }
}
