//! The examination: one question after the other through the connection's own queue, so that a live
//! poll beside it goes on. Reads only, but for the write test that somebody asks for. Leaves out who
//! may ask, and where the report goes.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use jiff::Zoned;
use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use millrace_field::plc::{Counters, DriverConfig, DriverKind, PlcError, PlcHandle};
use tokio::time::timeout;

use super::cause::{Knock, cause};
use super::map_list::summary;
use super::report::{Found, Report, Section};
use super::slot::{SlotWords, read_slot, whole_slot};
use super::{areas, checks, rows, spare, system, times, wanted};
use crate::commands::examine::{FindingWeight, PlcExamination};
use crate::config::Site;

/// What is examined, and what the report says about where it stands.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The connection.
    pub plc: &'a PlcHandle,
    /// How it is configured.
    pub driver: &'a DriverConfig,
    /// The map.
    pub map: &'a RegisterMap,
    /// The site.
    pub site: &'a Site,
    /// The program's version.
    pub version: &'a str,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// The configuration's place, for people.
    pub config_file: String,
    /// The map's place, for people.
    pub map_file: String,
    /// The silos file, held against the map.
    pub silos: SilosFile,
    /// Asks the network where the PLC is silent; `None` = nobody may.
    pub knock: Option<Knock>,
    /// How long it may take, the write test apart; `None` = as long as it takes.
    pub limit: Option<Duration>,
}

/// The silos file, held against the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SilosFile {
    /// The configuration names none.
    None,
    /// Every silo stands in the map; the file's place.
    Right(String),
    /// What is wrong.
    Wrong(String),
}

/// Says right before the write test whether a spare word may be written; if not, why, as half a
/// sentence.
pub type Leave<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Why an examination ended before it was through.
#[derive(Debug)]
pub struct Broken {
    /// The request that did not go well.
    pub error: PlcError,
    /// Its cause, as a sentence.
    pub message: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The findings and the report.
    pub examination: PlcExamination,
    /// The PLC did not even give one word.
    pub broken: Option<Broken>,
}

/// Examines a connection from the wire to the last word of the map. With a `write_test` one spare
/// word is also written, read back and restored.
pub async fn examine(subject: &Subject<'_>, write_test: Option<Leave<'_>>) -> Outcome {
    let mut report = Report::new(Section::Reach);
    let mut rtt_us = None;
    let looked = {
        let look = look(subject, &mut report, &mut rtt_us);
        match subject.limit {
            None => Ok(look.await),
            Some(limit) => timeout(limit, look).await,
        }
    };
    let mut broken = None;
    match looked {
        Ok(Ok(())) => {
            // Beyond the limit: once begun, it must come to its end, or the word is not restored.
            writes(subject, write_test, &mut report).await;
            report.section(Section::Missing);
            let missing = wanted::missing(subject.map);
            report.find_all(
                missing
                    .into_iter()
                    .map(|sentence| (FindingWeight::Note, sentence))
                    .collect(),
                "The map names every word that this program knows.",
            );
        }
        Ok(Err(error)) => {
            let message = why(subject, &error).await;
            report.find(FindingWeight::Fault, message.clone());
            broken = Some(Broken { error, message });
        }
        Err(_) => {
            let limit = subject.limit.unwrap_or_default();
            report.find(
                FindingWeight::Fault,
                format!(
                    "Broken off after {limit:?}: the PLC answers too slowly. What follows was not \
                     looked at, and nothing was written."
                ),
            );
        }
    }
    let when = Timestamp::from_millisecond(subject.at_ms)
        .and_then(|now| now.in_tz(&subject.site.zone))
        .ok();
    let faults = report.count(FindingWeight::Fault);
    let text = report.text(&facts(subject, when.as_ref()));
    Outcome {
        examination: PlcExamination {
            at_ms: subject.at_ms,
            is_sound: faults == 0,
            faults,
            warnings: report.count(FindingWeight::Warning),
            rtt_us,
            findings: report.findings,
            words: report.words,
            report: text,
            file_name: file_name(&subject.site.key, when.as_ref()),
        },
        broken,
    }
}

/// What stands at the top of the report.
fn facts(subject: &Subject<'_>, when: Option<&Zoned>) -> Vec<(&'static str, String)> {
    let site = subject.site;
    let at = when.map_or_else(
        || "unknown".to_owned(),
        |when| when.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    );
    vec![
        (
            "Site",
            format!("{} ({}), {}", site.name, site.key, site.line),
        ),
        ("Examined", format!("{at} ({})", site.zone)),
        ("PLC", subject.plc.describe().to_owned()),
        ("Map", summary(subject.map)),
        ("Map file", subject.map_file.clone()),
        ("Config file", subject.config_file.clone()),
        ("Program", format!("millrace {}", subject.version)),
    ]
}

fn file_name(key: &str, when: Option<&Zoned>) -> String {
    when.map_or_else(
        || format!("plc_{key}.txt"),
        |when| format!("plc_{key}_{}.txt", when.strftime("%Y-%m-%d_%H%M")),
    )
}

/// Everything that only reads.
async fn look(
    subject: &Subject<'_>,
    report: &mut Report,
    rtt_us: &mut Option<[u64; 3]>,
) -> Result<(), PlcError> {
    let (plc, map) = (subject.plc, subject.map);
    let before = plc.link().counters;
    // The smallest thing that can be asked: one word that the map surely has.
    plc.read(map.read_base(SlotNo(1)), 1).await?;
    report.find(FindingWeight::Good, "The PLC answers.");
    let first_look = system::first_look(subject).await;

    report.section(Section::Times);
    let times = times::measure(plc, map, subject.driver).await;
    report.find(times.weight, times.sentence);
    *rtt_us = times
        .summary
        .map(|all| all.map(|one| u64::try_from(one.as_micros()).unwrap_or(u64::MAX)));

    let (slots, unread) = every_slot(subject).await;
    report.section(Section::Nodes);
    marks(subject, &before, report);
    report.section(Section::Program);
    let never = checks::never_started(map, &slots);
    match never {
        // Only all slots together can say so.
        _ if !unread.is_empty() => report.find(FindingWeight::Note, "Not all slots were read."),
        Some(sentence) => report.find(FindingWeight::Fault, sentence),
        None => report.find(
            FindingWeight::Good,
            "The PLC program has run: not all handshakes are blank.",
        ),
    }
    system::program(subject, first_look, report).await;
    the_slots(map, &slots, unread, report);
    report.section(Section::Order);
    report.find_all(checks::word_order(map, &slots), "Nothing to say.");
    report.section(Section::Silos);
    the_silos(subject, &slots, report);
    report.section(Section::Areas);
    areas::areas(subject, report).await;
    Ok(())
}

/// Every slot that can be read, and why others cannot.
async fn every_slot(subject: &Subject<'_>) -> (Vec<SlotWords>, Found) {
    let (mut slots, mut unread) = (Vec::new(), Found::new());
    for slot in subject.map.slots() {
        match read_slot(subject.plc, subject.map, slot).await {
            Ok(found) => slots.push(found),
            Err(error) => {
                let why = why(subject, &error).await;
                unread.push((
                    FindingWeight::Fault,
                    format!("Slot {slot} cannot be read: {why}"),
                ));
            }
        }
    }
    (slots, unread)
}

fn the_slots(map: &RegisterMap, slots: &[SlotWords], unread: Found, report: &mut Report) {
    report.section(Section::Words);
    let (table, found) = checks::flags(map, slots);
    report.table(&table);
    report.find_all(found, "All handshake words are as they can be.");
    report.find_all(unread, "Every slot was read.");
    report.find_all(
        checks::refused(map, slots),
        "Every block would be accepted.",
    );
    for found in slots {
        report.append(&whole_slot(map, found));
        report.words.extend(rows::of_slot(map, found));
    }
}

fn the_silos(subject: &Subject<'_>, slots: &[SlotWords], report: &mut Report) {
    let (looked, found) = checks::silo_ids(subject.map, slots);
    if looked == 0 {
        report.find(
            FindingWeight::Note,
            "All slots are empty, so no silo constant can be seen. Examine again with an order in the PLC.",
        );
    } else {
        report.find_all(
            found,
            &format!("The silo constants of {looked} blocks are the map's."),
        );
    }
    match &subject.silos {
        SilosFile::None => report.find(
            FindingWeight::Note,
            "The configuration names no silos file.",
        ),
        SilosFile::Right(file) => report.find(
            FindingWeight::Good,
            format!("Every silo of {file} stands in the map under the same number and tag."),
        ),
        SilosFile::Wrong(why) => report.find(FindingWeight::Fault, format!("Silos file: {why}.")),
    }
}

/// What the headers of the answers say: nodes, strangers, the CPU's own marks. Counts are those of
/// the examination, whatever the connection has seen before.
fn marks(subject: &Subject<'_>, before: &Counters, report: &mut Report) {
    let view = subject.plc.link();
    let (now, then) = (view.counters.noticed, before.noticed);
    let foreign = now.foreign - then.foreign;
    let late = now.late - then.late;
    let wrong_length = now.wrong_length - then.wrong_length;
    let missing = view.counters.timeouts - before.timeouts;
    report.find(FindingWeight::Good, nodes(subject.driver.kind));
    if foreign > 0 {
        report.find(
            FindingWeight::Warning,
            format!("{foreign} foreign datagrams: another tool uses our node number or our port."),
        );
    }
    if late + wrong_length + missing > 0 {
        report.find(
            FindingWeight::Warning,
            format!(
                "{missing} answers missing, {late} late, {wrong_length} of a wrong length: look at \
                 cable, switch and load."
            ),
        );
    }
    if view.cpu_warning {
        report.find(
            FindingWeight::Warning,
            "The CPU reports an error that does not stop it, such as a weak battery.",
        );
    }
    if view.relay_error {
        report.find(
            FindingWeight::Warning,
            "A relay between the networks reports an error.",
        );
    }
    if now.cpu_fatals > then.cpu_fatals {
        report.find(FindingWeight::Fault, "The CPU has stopped on an error.");
    }
}

fn nodes(kind: DriverKind) -> String {
    match kind {
        DriverKind::FinsUdp {
            node_local,
            node_plc,
            ..
        } => format!(
            "Node {node_local} asks and node {node_plc} answers: every answer that was taken named both."
        ),
        DriverKind::FinsTcp { .. } => {
            "The PLC gave both node numbers when the connection was made; every answer that was taken \
             named both."
                .to_owned()
        }
        DriverKind::ModbusTcp { unit_id, base } => {
            format!("Unit {unit_id} answers; register 0 is D{base}.")
        }
    }
}

async fn writes(subject: &Subject<'_>, write_test: Option<Leave<'_>>, report: &mut Report) {
    report.section(Section::WriteTest);
    let (weight, sentence) = match write_test {
        None => (
            FindingWeight::Note,
            "Not asked for: nothing was written.".to_owned(),
        ),
        Some(leave) => match leave.await {
            Ok(()) => spare::write_test(subject.map, subject.plc).await,
            Err(why) => (FindingWeight::Note, format!("No write test: {why}.")),
        },
    };
    report.find(weight, sentence);
}

async fn why(subject: &Subject<'_>, error: &PlcError) -> String {
    cause(subject.plc, subject.driver, subject.knock, error).await
}
