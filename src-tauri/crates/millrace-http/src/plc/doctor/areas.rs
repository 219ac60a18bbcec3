//! The two areas outside the slots, equipment failure and manual weighing: every word read, raw and
//! decoded. Leaves out whether an event stands there.

use std::fmt::Write;

use millrace_core::registers::codec;

use super::report::{Report, Weight};
use crate::plc::link::Link;
use crate::plc::words;

/// Words of a text in the areas outside the slots.
const AREA_TEXT_WORDS: u16 = 8;
/// Reads the two areas outside the slots.
pub(super) async fn areas(link: &Link, report: &mut Report) {
    let text = AREA_TEXT_WORDS;
    let mut parts: Vec<(&str, &str, u16, u16)> = Vec::new();
    match link.map.equipment_failure() {
        None => report.find(Weight::Note, "The map has no equipment failure area."),
        Some(area) => parts.extend([
            ("failure", "equipment_code", area.equipment_code, text),
            ("failure", "failure_info", area.failure_info, text),
            ("failure", "year", area.year, 1),
            ("failure", "month", area.month, 1),
            ("failure", "day", area.day, 1),
            ("failure", "hour", area.hour, 1),
            ("failure", "minute", area.minute, 1),
            ("failure", "second", area.second, 1),
            ("failure", "status_read_data", area.status_read_data, 1),
        ]),
    }
    match link.map.manual_weighing() {
        None => report.find(Weight::Note, "The map has no manual weighing area."),
        Some(area) => parts.extend([
            ("weighing", "batch_no", area.batch_no, 1),
            ("weighing", "mo_id", area.mo_id, text),
            ("weighing", "product_id", area.product_id, 1),
            ("weighing", "qty", area.qty, 2),
            ("weighing", "status_read_data", area.status_read_data, 1),
        ]),
    }
    let mut table = String::new();
    let mut found = Vec::new();
    for (area, key, address, count) in parts {
        let raw = match link.plc.read(address, count).await {
            Ok(raw) => raw,
            Err(error) => {
                let cause = link.cause(&error).await;
                found.push((Weight::Fault, format!("{area}.{key}, D{address}: {cause}")));
                continue;
            }
        };
        let value = decoded(link, key, &raw).unwrap_or_else(|why| {
            found.push((Weight::Fault, format!("{area}.{key}, D{address}: {why}.")));
            "no value".to_owned()
        });
        let _ = writeln!(
            table,
            "  D{address:<6} {:<26} {value:<20} {}",
            format!("{area}.{key}"),
            words::hex(&raw)
        );
    }
    report.plain(&table);
    report.find_all(found, "Both areas hold what they can.");
}

fn decoded(link: &Link, key: &str, raw: &[u16]) -> Result<String, codec::CodecError> {
    match (key, raw) {
        ("equipment_code" | "failure_info" | "mo_id", _) => {
            codec::text_from(raw).map(|text| format!("{text:?}"))
        }
        ("batch_no" | "product_id", [word]) => Ok(word.to_string()),
        ("qty", [a, b]) => Ok(words::mass(&link.map, [*a, *b]).to_string()),
        ("year", [word]) => codec::bcd4_from(*word).map(|year| year.to_string()),
        ("month" | "day" | "hour" | "minute" | "second", [word]) => {
            codec::bcd2_from(*word).map(|value| value.to_string())
        }
        ("status_read_data", [word]) => {
            codec::bool_from(*word).map(|value| u16::from(value).to_string())
        }
        _ => Ok(words::hex(raw)),
    }
}
