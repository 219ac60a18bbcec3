//! `doctor plc`: examines one connection from the wire to the last word of the map and reports it as
//! text. Reads only, but for the write test that somebody asks for. Leaves out a batch of water: that
//! the plant doses what it says is for people to see.

mod areas;
mod checks;
mod report;
mod spare;
pub(super) mod wanted;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use millrace_app::clock::{Clock, SystemClock};
use millrace_app::config::{check_silos, parse_silos};
use millrace_core::ids::SlotNo;
use millrace_field::plc::{DriverKind, PlcError};

use self::report::{Report, Weight};
use super::link::{Link, SlotWords};
use super::map_check::summary;
use super::read::whole_slot;
use super::{DoctorArgs, fault, say, warn};
use crate::VERSION;
use crate::launch::{Exit, FAULT};

/// How many reads are timed.
const TIMED_READS: u32 = 50;

/// Examines, prints the report and answers the exit code: 0, or 1 when there are faults.
///
/// # Errors
/// As [`Link::open`]; code 69 with the exact cause when the PLC is not reached.
pub(super) async fn examine(args: &DoctorArgs) -> Result<u8, Exit> {
    let link = Link::open(&args.reach)?;
    let mut report = Report::default();
    head(&link, &mut report);
    let outcome = body(&link, args.write_test, &mut report).await;
    let exit = match &outcome {
        Ok(()) => None,
        Err(error) => {
            let exit = link.exit(error).await;
            report.find(Weight::Fault, &exit.message);
            Some(exit)
        }
    };
    let has_faults = report.faults > 0;
    let text = report.finish();
    say(&text);
    if let Some(file) = &args.report {
        keep(file, &text)?;
        warn(&format!("The report is in {}.", file.display()));
    }
    match exit {
        Some(exit) => Err(exit),
        None if has_faults => Ok(FAULT),
        None => Ok(0),
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

fn head(link: &Link, report: &mut Report) {
    let site = &link.config.site;
    let when = Timestamp::from_millisecond(SystemClock::new().now_ms())
        .and_then(|now| now.in_tz(&site.zone))
        .map(|now| now.strftime("%Y-%m-%d %H:%M:%S %:z").to_string())
        .unwrap_or_else(|_| "unknown".to_owned());
    report.plain(&format!(
        "PLC commissioning report\n\
         program   millrace {VERSION}\n\
         when      {when} ({})\n\
         site      {} ({}), {}\n\
         config    {}\n\
         map       {}: {}\n\
         PLC       {}",
        site.zone,
        site.name,
        site.key,
        site.line,
        link.config_path.display(),
        link.map_path.display(),
        summary(&link.map),
        link.plc.describe(),
    ));
}

/// Everything behind the first answer.
async fn body(link: &Link, write_test: bool, report: &mut Report) -> Result<(), PlcError> {
    report.heading("Reach");
    // The smallest thing that can be asked: one word that the map surely has.
    link.plc.read(link.map.read_base(SlotNo(1)), 1).await?;
    report.find(Weight::Ok, "The PLC answers.");

    report.heading("Round-trip times");
    let (weight, sentence) = round_trips(link).await;
    report.find(weight, &sentence);

    let mut slots = Vec::new();
    let mut unread = Vec::new();
    for slot in link.map.slots() {
        match link.slot(slot).await {
            Ok(found) => slots.push(found),
            Err(error) => unread.push((
                Weight::Fault,
                format!("Slot {slot} cannot be read: {}", link.cause(&error).await),
            )),
        }
    }

    report.heading("Nodes and marks");
    marks(link, report);

    report.heading("Never started?");
    match checks::never_started(&link.map, &slots) {
        // Only all slots together can say so.
        _ if !unread.is_empty() => report.find(Weight::Note, "Not all slots were read."),
        Some(sentence) => report.find(Weight::Fault, &sentence),
        None => report.find(
            Weight::Ok,
            "The PLC program has run: not all handshakes are blank.",
        ),
    }

    report.heading("Handshake words");
    let (table, found) = checks::flags(&link.map, &slots);
    report.plain(&table);
    report.find_all(found, "All handshake words are as they can be.");

    report.heading("Word order");
    report.find_all(checks::word_order(&link.map, &slots), "Nothing to say.");

    report.heading("Map against plant");
    against_plant(link, &slots, report);

    report.heading("Slots");
    report.find_all(unread, "Every slot was read.");
    report.find_all(
        checks::refused(&link.map, &slots),
        "Every block would be accepted.",
    );
    for found in &slots {
        report.plain(&format!("\n{}", whole_slot(&link.map, found)));
    }

    report.heading("Equipment failure and manual weighing");
    areas::areas(link, report).await;

    report.heading("Write test");
    if write_test {
        let (weight, sentence) = spare::write_test(&link.map, &link.plc).await;
        report.find(weight, &sentence);
    } else {
        report.find(
            Weight::Note,
            "Not asked for (--write-test): nothing was written.",
        );
    }

    report.heading("What the map does not name");
    for sentence in wanted::missing(&link.map_text) {
        report.find(Weight::Note, &sentence);
    }
    Ok(())
}

/// Times whole blocks, one read after the other: from one answer to the next.
async fn round_trips(link: &Link) -> (Weight, String) {
    let (first, count) = (link.map.read_base(SlotNo(1)), link.map.block_words());
    let mut times = Vec::new();
    for _ in 0..TIMED_READS {
        let before = link.plc.link();
        let answered = link.plc.read(first, count).await.is_ok();
        let after = link.plc.link();
        // A read that had to be repeated tells how long we wait, not how fast the PLC is.
        let was_repeated = after.counters.requests != before.counters.requests + 1;
        if let (true, false, Some(from), Some(to)) =
            (answered, was_repeated, before.last_ok, after.last_ok)
        {
            times.push(to.duration_since(from));
        } else if !answered && times.is_empty() {
            break;
        }
    }
    times.sort_unstable();
    let good = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let (Some(min), Some(median), Some(p99)) = (times.first(), rank(&times, 50), rank(&times, 99))
    else {
        return (
            Weight::Fault,
            format!("No read of {count} words was answered at the first attempt."),
        );
    };
    let pause = match link.driver.gap_ms {
        0 => String::new(),
        ms => format!(", each with the set pause of {ms} ms"),
    };
    let sentence = format!(
        "{good} of {TIMED_READS} reads of {count} words answered at once{pause}: min {}, median {}, p99 {}.",
        ms(*min),
        ms(median),
        ms(p99)
    );
    let weight = if good == TIMED_READS {
        Weight::Ok
    } else {
        Weight::Warn
    };
    (weight, sentence)
}

/// The nearest-rank percentile of sorted times.
fn rank(times: &[Duration], percent: usize) -> Option<Duration> {
    let place = (times.len() * percent).div_ceil(100);
    times.get(place.checked_sub(1)?).copied()
}

fn ms(time: Duration) -> String {
    let us = time.as_micros();
    format!("{}.{:03} ms", us / 1_000, us % 1_000)
}

/// What the headers of the answers say: nodes, strangers, the CPU's own marks.
fn marks(link: &Link, report: &mut Report) {
    let view = link.plc.link();
    let noticed = view.counters.noticed;
    let nodes = match link.driver.kind {
        DriverKind::FinsUdp {
            node_local,
            node_plc,
            ..
        } => format!(
            "Node {node_local} asks and node {node_plc} answers: every answer that was taken named both."
        ),
        DriverKind::FinsTcp { .. } => {
            "The PLC gave both node numbers when the connection was made; every answer that was taken named both."
                .to_owned()
        }
        DriverKind::ModbusTcp { unit_id, base } => {
            format!("Unit {unit_id} answers; register 0 is D{base}.")
        }
    };
    report.find(Weight::Ok, &nodes);
    if noticed.foreign > 0 {
        report.find(
            Weight::Warn,
            &format!(
                "{} foreign datagrams: another tool uses our node number or our port.",
                noticed.foreign
            ),
        );
    }
    if noticed.late + noticed.wrong_length + view.counters.timeouts > 0 {
        report.find(
            Weight::Warn,
            &format!(
                "{} answers missing, {} late, {} of a wrong length: look at cable, switch and load.",
                view.counters.timeouts, noticed.late, noticed.wrong_length
            ),
        );
    }
    if view.cpu_warning {
        report.find(
            Weight::Warn,
            "The CPU reports an error that does not stop it, such as a weak battery.",
        );
    }
    if view.relay_error {
        report.find(
            Weight::Warn,
            "A relay between the networks reports an error.",
        );
    }
    if noticed.cpu_fatals > 0 {
        report.find(Weight::Fault, "The CPU has stopped on an error.");
    }
}

fn against_plant(link: &Link, slots: &[SlotWords], report: &mut Report) {
    let (looked, found) = checks::silo_ids(&link.map, slots);
    if looked == 0 {
        report.find(
            Weight::Note,
            "All slots are empty, so no silo constant can be seen. Examine again with an order in the PLC.",
        );
    } else {
        report.find_all(
            found,
            &format!("The silo constants of {looked} blocks are the map's."),
        );
    }
    match silos_file(link) {
        None => report.find(Weight::Note, "The configuration names no silos file."),
        Some(Ok(file)) => report.find(
            Weight::Ok,
            &format!("Every silo of {file} stands in the map under the same number and tag."),
        ),
        Some(Err(why)) => report.find(Weight::Fault, &format!("Silos file: {why}.")),
    }
}

fn silos_file(link: &Link) -> Option<Result<String, String>> {
    let named = link.config.silos.as_ref()?;
    let path = link
        .config_path
        .parent()
        .unwrap_or(Path::new(""))
        .join(named);
    let checked = std::fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
        .and_then(|text| {
            parse_silos(&text, 1.into())
                .and_then(|silos| check_silos(&silos, &link.map))
                .map_err(|error| error.to_string())
        })
        .map(|()| path.display().to_string());
    Some(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=50).map(Duration::from_millis).collect();
        assert_eq!(rank(&times, 50), Some(Duration::from_millis(25)));
        assert_eq!(rank(&times, 99), Some(Duration::from_millis(50)));
        assert_eq!(rank(&[], 50), None);
        assert_eq!(ms(Duration::from_micros(1_005)), "1.005 ms");
    }
}
