//! `plc map check`: what is wrong with a register map, or the addresses that it leads to, to be
//! held against the drawings. Leaves out the checks themselves: the program's start makes the same.

use std::fmt::Write;
use std::path::Path;

use millrace_core::ids::SlotNo;
use millrace_core::registers::{FinishedWeight, ReadyRule, RegisterMap, SlotFreeWhen};

use super::doctor::wanted;
use super::load_map;
use super::words::{Kind, named, order_word};
use crate::launch::FAULT;

/// What to print, and the exit code.
pub(super) fn check(file: &Path) -> (String, u8) {
    match load_map(file) {
        Err(sentence) => (sentence, FAULT),
        Ok((map, text)) => {
            let mut out = format!(
                "The register map {} is right: {}.\n\n",
                file.display(),
                summary(&map)
            );
            out.push_str(&addresses(&map));
            for missing in wanted::missing(&text) {
                let _ = writeln!(out, "note: {missing}");
            }
            (out, 0)
        }
    }
}

/// The map in one line.
pub(super) fn summary(map: &RegisterMap) -> String {
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

/// The addresses of slot 1, the further areas, and the rules. Writing to a String cannot fail.
fn addresses(map: &RegisterMap) -> String {
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
    let _ = match map.equipment_failure() {
        Some(area) => writeln!(
            out,
            "\nEquipment failure: code D{}, what D{}, date D{}, handshake D{}.",
            area.equipment_code, area.failure_info, area.year, area.status_read_data
        ),
        None => writeln!(out, "\nEquipment failure: not in this map."),
    };
    let _ = match map.manual_weighing() {
        Some(area) => writeln!(
            out,
            "Manual weighing: batch D{}, order D{}, product D{}, quantity D{}, handshake D{}.",
            area.batch_no, area.mo_id, area.product_id, area.qty, area.status_read_data
        ),
        None => writeln!(out, "Manual weighing: not in this map."),
    };
    out.push_str(&rules(map));
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
