//! A register map as text, to be held against the drawings: one line, or every address. Leaves out
//! the checks of a map: it exists only when it is right.

use std::fmt::Write;

use millrace_core::ids::SlotNo;
use millrace_core::registers::{FinishedWeight, ReadyRule, RegisterMap, SlotFreeWhen};

use super::words::{Kind, named, order_word};

/// The map in one line.
#[must_use]
pub fn summary(map: &RegisterMap) -> String {
    format!(
        "plant {:?}, version {}, {} slots of {} words every {} words, {} counts per kg, {}",
        map.plant(),
        map.version(),
        map.slot_count(),
        map.block_words(),
        map.stride(),
        map.scale(),
        order_word(map.word_order()),
    )
}

/// The addresses of slot 1, of the words outside the slots, and the rules.
#[must_use]
pub fn addresses(map: &RegisterMap) -> String {
    let slot = SlotNo(1);
    let mut out = format!(
        "Slot 1; every further slot stands {} words higher.\n{:<22} {:<8} {:<8} {:>5}  {:<6} {}\n",
        map.stride(),
        "tag",
        "read",
        "write",
        "words",
        "type",
        "scale"
    );
    let at = |is_there: bool, base: u16, offset: u16| {
        if is_there {
            format!("D{}", base + offset)
        } else {
            "-".to_owned()
        }
    };
    for value in named(map) {
        let scale = match value.kind {
            Kind::Mass => map.scale(),
            Kind::Number | Kind::Text | Kind::Truth => 1,
        };
        let _ = writeln!(
            out,
            "{:<22} {:<8} {:<8} {:>5}  {:<6} {scale}",
            value.tag,
            at(value.in_read, map.read_base(slot), value.offset),
            at(value.in_write, map.write_base(slot), value.offset),
            value.words,
            value.kind.word(),
        );
    }
    out.push_str(&areas(map));
    out.push_str(&rules(map));
    out
}

/// The words outside the slots, one a line.
fn areas(map: &RegisterMap) -> String {
    let system = map.system();
    let mut rows: Vec<(&str, Option<u16>, u16, &str)> = vec![
        ("system.heartbeat", system.heartbeat, 1, "i16"),
        ("system.boot_counter", system.boot_counter, 1, "i16"),
    ];
    let mut absent = Vec::new();
    match map.equipment_failure() {
        Some(area) => rows.extend([
            (
                "failure.equipment_code",
                Some(area.equipment_code),
                8,
                "ascii",
            ),
            ("failure.failure_info", Some(area.failure_info), 8, "ascii"),
            ("failure.year", Some(area.year), 1, "bcd"),
            ("failure.month", Some(area.month), 1, "bcd"),
            ("failure.day", Some(area.day), 1, "bcd"),
            ("failure.hour", Some(area.hour), 1, "bcd"),
            ("failure.minute", Some(area.minute), 1, "bcd"),
            ("failure.second", Some(area.second), 1, "bcd"),
            (
                "failure.status_read_data",
                Some(area.status_read_data),
                1,
                "bool",
            ),
        ]),
        None => absent.push("Equipment failure: not in this map."),
    }
    match map.manual_weighing() {
        Some(area) => rows.extend([
            ("weighing.batch_no", Some(area.batch_no), 1, "i16"),
            ("weighing.mo_id", Some(area.mo_id), 8, "ascii"),
            ("weighing.product_id", Some(area.product_id), 1, "i16"),
            ("weighing.qty", Some(area.qty), 2, "u32"),
            (
                "weighing.status_read_data",
                Some(area.status_read_data),
                1,
                "bool",
            ),
        ]),
        None => absent.push("Manual weighing: not in this map."),
    }
    let mut out = format!(
        "\nOutside the slots.\n{:<26} {:<8} {:>5}  type\n",
        "tag", "address", "words"
    );
    for (tag, at, words, kind) in rows {
        let at = at.map_or_else(|| "-".to_owned(), |at| format!("D{at}"));
        let _ = writeln!(out, "{tag:<26} {at:<8} {words:>5}  {kind}");
    }
    for sentence in absent {
        let _ = writeln!(out, "{sentence}");
    }
    out.push('\n');
    out
}

fn rules(map: &RegisterMap) -> String {
    let rules = map.rules();
    let ready = match rules.ready_rule {
        ReadyRule::PerSlot => "each slot's own flag",
        ReadyRule::QueueHead => "the first slot's flag for all",
    };
    let free = match rules.slot_free_when {
        SlotFreeWhen::AckCleared => "the PLC clears the acknowledgement",
        SlotFreeWhen::TakenByNext => "it is acknowledged",
    };
    let weight = match rules.finished_weight {
        FinishedWeight::Reported => "always reported",
        FinishedWeight::ZeroMeansAbsent => "0 means not filled",
        FinishedWeight::Absent => "never looked at",
    };
    format!(
        "Rules: ready is {ready}; a slot is free when {free}; finished weight: {weight}; \
         largest batch {}; balance within {} %, weight within {} %.\n",
        map.batch_max(),
        rules.mass_balance.0 / 100,
        rules.weight.0 / 100,
    )
}
