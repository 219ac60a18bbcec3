//! The map file: the shipped one equals the plant's tables, and every kind of slip is refused.

use std::collections::BTreeMap;

use super::super::map::*;
use super::super::{MapError, WordOrder};
use super::{DEMO, demo, rows};
use crate::ids::{SiloNo, SlotNo};
use crate::units::{BasisPoints, Grams};

const READ: &str = include_str!("../../../../../../tests/fixtures/plc/read_map.csv");
const WRITE: &str = include_str!("../../../../../../tests/fixtures/plc/write_map.csv");
const HANDSHAKE: &str = include_str!("../../../../../../tests/fixtures/plc/handshake_words.csv");
const FAILURE: &str =
    include_str!("../../../../../../tests/fixtures/plc/equipment_failure_map.csv");
const WEIGHING: &str = include_str!("../../../../../../tests/fixtures/plc/manual_weighing_map.csv");

/// Name to (first address, words).
fn table(csv: &str) -> BTreeMap<String, (u16, u16)> {
    rows(csv)
        .into_iter()
        .map(|row| {
            let first = row[1]
                .split('-')
                .next()
                .expect("an address")
                .trim_start_matches('D');
            (
                row[0].clone(),
                (
                    first.parse().expect("a number"),
                    row[2].parse().expect("a width"),
                ),
            )
        })
        .collect()
}

#[test]
fn the_demo_map_is_the_plants_table_word_for_word() {
    let map = demo();
    let f = map.fields();
    for (csv, base) in [
        (READ, map.read_base(SlotNo(1))),
        (WRITE, map.write_base(SlotNo(1))),
    ] {
        let mut ours: BTreeMap<String, (u16, u16)> = [
            ("batch_no", f.batch_no),
            ("mo_id", f.order_name),
            ("bom_name", f.bom_text),
            ("product_name", f.product_text),
            ("target_qty", f.planned),
            ("status_manufacturing", f.finished),
            ("status_operation", f.failed),
            ("finished_weight", f.weight),
            ("status_read_data", f.flag),
        ]
        .iter()
        .map(|(name, at)| ((*name).to_owned(), (base + at.offset, at.words)))
        .collect();
        for silo in map.silos() {
            ours.insert(format!("{}_id", silo.tag), (base + silo.id_offset, 1));
            ours.insert(format!("{}_qty", silo.tag), (base + silo.qty_offset, 2));
        }
        assert_eq!(ours, table(csv));
    }
}

#[test]
fn every_handshake_word_of_the_table_is_found_by_its_slot() {
    let (map, words) = (demo(), table(HANDSHAKE));
    for slot in map.slots() {
        assert_eq!(
            words[&format!("read_ack_b{:02}", slot.0)].0,
            map.ack_addr(slot)
        );
        assert_eq!(
            words[&format!("write_taken_b{:02}", slot.0)].0,
            map.ready_addr(slot)
        );
    }
    assert_eq!(map.slots().count(), 10);
    assert_eq!(
        words["failure_ack"].0,
        map.equipment_failure().expect("mapped").status_read_data
    );
    assert_eq!(
        words["weighing_ack"].0,
        map.manual_weighing().expect("mapped").status_read_data
    );
}

#[test]
fn the_one_event_areas_are_the_plants_tables() {
    let (map, failure, weighing) = (demo(), table(FAILURE), table(WEIGHING));
    let area = map.equipment_failure().expect("mapped");
    for (name, addr) in [
        ("equipment_code", area.equipment_code),
        ("failure_info", area.failure_info),
        ("year", area.year),
        ("month", area.month),
        ("day", area.day),
        ("hour", area.hour),
        ("minute", area.minute),
        ("second", area.second),
        ("status_read_data", area.status_read_data),
    ] {
        assert_eq!(failure[name].0, addr, "{name}");
    }
    let area = map.manual_weighing().expect("mapped");
    for (name, addr) in [
        ("batch_no", area.batch_no),
        ("mo_id", area.mo_id),
        ("product_id", area.product_id),
        ("qty", area.qty),
    ] {
        assert_eq!(weighing[name].0, addr, "{name}");
    }
    assert_eq!(
        weighing["status_manual_weigh_read"].0,
        area.status_read_data
    );
}

#[test]
fn addresses_and_rules_are_those_of_the_file() {
    let map = demo();
    assert_eq!(
        (map.read_base(SlotNo(10)), map.write_base(SlotNo(10))),
        (6_900, 7_900)
    );
    assert_eq!(
        (map.ready_addr(SlotNo(2)), map.ack_addr(SlotNo(2))),
        (7_176, 6_176)
    );
    assert_eq!(map.command_addr(SlotNo(2)), Some(7_177));
    assert_eq!(map.command_echo_addr(SlotNo(2)), Some(6_177));
    assert_eq!(map.download_id_addr(SlotNo(2)), Some((7_178, 6_178)));
    let system = map.system();
    assert_eq!(
        (system.heartbeat, system.boot_counter),
        (Some(9_020), Some(9_021))
    );
    assert_eq!(
        (map.block_words(), map.flag_offset(), map.text_chars()),
        (77, 76, 16)
    );
    assert_eq!((map.word_order(), map.scale()), (WordOrder::HighFirst, 100));
    assert_eq!(
        map.silo(SiloNo(115)).map(|silo| silo.tag.as_str()),
        Some("lq_fml")
    );
    assert_eq!(
        *map.rules(),
        Rules {
            ready_rule: ReadyRule::PerSlot,
            slot_free_when: SlotFreeWhen::AckCleared,
            finished_weight: FinishedWeight::ZeroMeansAbsent,
            mass_balance: BasisPoints(1_000),
            weight: BasisPoints(500),
            batch_max: Grams(3_000_000),
        }
    );
}

#[test]
fn under_the_queue_head_rule_the_first_flag_guards_every_slot() {
    let map = RegisterMap::parse(
        &DEMO.replace("ready_rule = \"per_slot\"", "ready_rule = \"queue_head\""),
    )
    .expect("valid");
    assert_eq!(map.guard_addr(SlotNo(7)), 7_076);
    assert_eq!(demo().guard_addr(SlotNo(7)), 7_676);
}

#[test]
#[should_panic(expected = "no slot 11")]
fn an_address_outside_the_slots_is_never_made_up() {
    let _ = demo().read_base(SlotNo(11));
}

/// The demo map with one text replaced is refused, and the sentence names the culprit.
fn refused(from: &str, to: &str, names: &str) {
    assert!(DEMO.contains(from), "the demo map has no {from:?}");
    let error = RegisterMap::parse(&DEMO.replacen(from, to, 1)).expect_err(to);
    assert!(error.to_string().contains(names), "{to:?}: {error}");
}

#[test]
fn every_slip_in_the_file_is_refused_by_name() {
    for (from, to, names) in [
        // Not the file's shape.
        ("version = 2", "version = 1\ncolour = 2", "colour"),
        ("offset = 25, words = 2", "ofset = 25, words = 2", "ofset"),
        ("area = \"DM\"", "area = \"EM\"", "EM"),
        ("read_base = 6000", "read_base = -1", "-1"),
        ("stride = 100\n", "", "stride"),
        ("stride = 100", "stride = \"100\"", "line"),
        // Frame of the map.
        ("version = 2", "version = 0", "version"),
        ("plant = \"demo\"", "plant = \" \"", "plant"),
        ("slots = 10", "slots = 0", "slots"),
        ("stride = 100", "stride = 76", "stride"),
        ("block_words = 77", "block_words = 1000", "block_words"),
        ("scale = 100", "scale = 3", "scale"),
        // Fields.
        (
            "offset = 25, words = 2",
            "offset = 25, words = 1",
            "target_qty",
        ),
        (
            "offset = 25, words = 2, type = \"u32\"",
            "offset = 25, words = 2, type = \"ascii\"",
            "target_qty",
        ),
        ("offset = 9, words = 8", "offset = 9, words = 4", "bom_name"),
        (
            "offset = 25, words = 2",
            "offset = 24, words = 2",
            "product_name",
        ),
        ("block_words = 77", "block_words = 78", "status_read_data"),
        // Silos.
        ("number = 102", "number = 101", "silo 101"),
        ("number = 102", "number = 0", "silo 0"),
        ("number = 102", "number = 40000", "silo 40000"),
        ("tag = \"silo_b\"", "tag = \"silo_a\"", "silo_a"),
        ("label = \"B\"", "label = \"A\"", "\"A\""),
        ("id_offset = 30", "id_offset = 29", "silo 101"),
        ("qty_offset = 70", "qty_offset = 90", "silo 115"),
        // Optional words.
        ("command = 77", "command = 76", "optional.command"),
        (
            "command_echo = 77",
            "command_echo = 100",
            "optional.command_echo",
        ),
        ("command_echo = 77\n", "", "come together"),
        ("download_id = 78", "download_id = 77", "download_id"),
        // Areas.
        ("write_base = 7000", "write_base = 6950", "write_base"),
        ("write_base = 7000", "write_base = 32000", "D32767"),
        ("year = 8016", "year = 8015", "equipment_failure.year"),
        ("qty = 9010", "qty = 6010", "manual_weighing.qty"),
        ("heartbeat = 9020", "heartbeat = 9012", "system.heartbeat"),
        (
            "boot_counter = 9021",
            "boot_counter = 9020",
            "system.boot_counter",
        ),
        // Rules.
        (
            "mass_balance_pct = 10",
            "mass_balance_pct = 0",
            "mass_balance_pct",
        ),
        ("weight_pct = 5", "weight_pct = 51", "weight_pct"),
        ("batch_max_kg = 3000", "batch_max_kg = 0", "batch_max_kg"),
        ("ready_rule = \"per_slot\"", "ready_rule = \"any\"", "any"),
    ] {
        refused(from, to, names);
    }
}

#[test]
fn a_slip_of_form_names_its_line() {
    let text = DEMO.replacen("slots = 10", "slots = 10\nslots = 10", 1);
    let wanted = 1 + text
        .lines()
        .position(|line| line == "slots = 10")
        .expect("the key");
    match RegisterMap::parse(&text) {
        Err(MapError::Syntax { line, .. }) => {
            assert!(line == wanted || line == wanted + 1, "line {line}")
        }
        other => panic!("{other:?}"),
    }
}
