//! The two areas outside the slots, equipment failure and manual weighing: every word read, raw and
//! decoded. Leaves out whether an event stands there.

use std::fmt::Write;

use millrace_core::registers::{RegisterMap, codec};

use super::cause::cause;
use super::examine::Subject;
use super::report::{Found, Report};
use super::rows::outside;
use super::words;
use crate::commands::examine::FindingWeight;

/// Words of a text in the areas outside the slots.
const AREA_TEXT_WORDS: u16 = 8;

/// What the words of an area mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Text,
    Number,
    Mass,
    Year,
    TwoDigits,
    Truth,
}

impl Meaning {
    fn words(self) -> u16 {
        match self {
            Meaning::Text => AREA_TEXT_WORDS,
            Meaning::Mass => 2,
            Meaning::Number | Meaning::Year | Meaning::TwoDigits | Meaning::Truth => 1,
        }
    }
}

/// Every value of both areas: name, first address, meaning.
fn values(map: &RegisterMap, found: &mut Found) -> Vec<(&'static str, u16, Meaning)> {
    let mut all = Vec::new();
    match map.equipment_failure() {
        None => found.push((
            FindingWeight::Note,
            "The map has no equipment failure area.".to_owned(),
        )),
        Some(area) => all.extend([
            ("failure.equipment_code", area.equipment_code, Meaning::Text),
            ("failure.failure_info", area.failure_info, Meaning::Text),
            ("failure.year", area.year, Meaning::Year),
            ("failure.month", area.month, Meaning::TwoDigits),
            ("failure.day", area.day, Meaning::TwoDigits),
            ("failure.hour", area.hour, Meaning::TwoDigits),
            ("failure.minute", area.minute, Meaning::TwoDigits),
            ("failure.second", area.second, Meaning::TwoDigits),
            (
                "failure.status_read_data",
                area.status_read_data,
                Meaning::Truth,
            ),
        ]),
    }
    match map.manual_weighing() {
        None => found.push((
            FindingWeight::Note,
            "The map has no manual weighing area.".to_owned(),
        )),
        Some(area) => all.extend([
            ("weighing.batch_no", area.batch_no, Meaning::Number),
            ("weighing.mo_id", area.mo_id, Meaning::Text),
            ("weighing.product_id", area.product_id, Meaning::Number),
            ("weighing.qty", area.qty, Meaning::Mass),
            (
                "weighing.status_read_data",
                area.status_read_data,
                Meaning::Truth,
            ),
        ]),
    }
    all
}

/// Reads the two areas outside the slots.
pub(super) async fn areas(subject: &Subject<'_>, report: &mut Report) {
    let mut table = "Outside the slots:\n".to_owned();
    let mut found = Found::new();
    for (name, address, meaning) in values(subject.map, &mut found) {
        let raw = match subject.plc.read(address, meaning.words()).await {
            Ok(raw) => raw,
            Err(error) => {
                let cause = cause(subject.plc, subject.driver, subject.knock, &error).await;
                found.push((FindingWeight::Fault, format!("{name}, D{address}: {cause}")));
                continue;
            }
        };
        let (value, verdict) = match decoded(subject.map, meaning, &raw) {
            Ok(value) => (value, String::new()),
            Err(why) => {
                found.push((FindingWeight::Fault, format!("{name}, D{address}: {why}.")));
                (String::new(), why.to_string())
            }
        };
        let shown = if verdict.is_empty() {
            &value
        } else {
            "no value"
        };
        let _ = writeln!(
            table,
            "  D{address:<6} {name:<26} {shown:<20} {}",
            words::hex(&raw)
        );
        report
            .words
            .push(outside(address, name, &raw, value, &verdict));
    }
    report.append(&table);
    report.find_all(found, "Both areas hold what they can.");
}

fn decoded(map: &RegisterMap, meaning: Meaning, raw: &[u16]) -> Result<String, codec::CodecError> {
    match (meaning, raw) {
        (Meaning::Text, _) => codec::text_from(raw).map(|text| format!("{text:?}")),
        (Meaning::Number, [word]) => Ok(word.to_string()),
        (Meaning::Mass, [a, b]) => Ok(words::mass(map, [*a, *b]).to_string()),
        (Meaning::Year, [word]) => codec::bcd4_from(*word).map(|year| year.to_string()),
        (Meaning::TwoDigits, [word]) => codec::bcd2_from(*word).map(|value| value.to_string()),
        (Meaning::Truth, [word]) => {
            codec::bool_from(*word).map(|value| u16::from(value).to_string())
        }
        (
            Meaning::Number | Meaning::Mass | Meaning::Year | Meaning::TwoDigits | Meaning::Truth,
            _,
        ) => Ok(words::hex(raw)),
    }
}
