//! The commissioning doctor on the running application: what is right is found right, what differs is
//! named, a batch beside it goes on, and nothing but a spare word is ever written.

use std::cell::Cell;

use millrace_core::access::{Grant, Role};
use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::registers::{RegisterMap, SlotOrder, encode};
use millrace_core::units::Grams;
use millrace_plant::books::SlotWrites;
use millrace_tests::{NOON_MS, Rig, Who};
use serde_json::{Value, json};

pub(super) const MAP: &str = include_str!("../../assets/registers/demo.toml");
/// The slot that a foreign order is put into, and its first word in the read area.
const FOREIGN: SlotNo = SlotNo(5);
const FOREIGN_AT: u16 = 6_400;
/// How far plant and engine go on with each turn of a test that examines, milliseconds.
const TURN_MS: i64 = 100;

/// Examines while plant and engine go on.
async fn examine(rig: &Rig, write_test: bool) -> Value {
    let is_done = Cell::new(false);
    let asked = async {
        let found = rig
            .ok(
                Who::Operator,
                "plc_examine",
                json!({ "write_test": write_test }),
            )
            .await;
        is_done.set(true);
        found
    };
    let beside = async {
        while !is_done.get() {
            rig.advance_ms(TURN_MS);
            rig.app.cycle().await;
        }
    };
    tokio::join!(asked, beside).0
}

/// The sentences of one weight, each with its section before it.
fn told(found: &Value, weight: &str) -> Vec<String> {
    found["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|one| one["weight"] == weight)
        .map(|one| {
            let text = |key: &str| one[key].as_str().expect("text").to_owned();
            format!("{}: {}", text("section"), text("text"))
        })
        .collect()
}

pub(super) fn check_told(found: &Value, weight: &str, sentence: &str) {
    let all = told(found, weight);
    assert!(
        all.iter().any(|one| one.contains(sentence)),
        "{weight} {sentence:?} is missing in {all:#?}"
    );
}

/// A block as the PLC shows an order that it has taken, changed by the test.
fn put_foreign(rig: &Rig, change: impl FnOnce(&RegisterMap, &mut Vec<u16>)) {
    let map = RegisterMap::parse(MAP).expect("the demo map");
    let order = SlotOrder {
        slot: FOREIGN,
        order_name: "WH/MO/00777".to_owned(),
        bom_text: "LAYER".to_owned(),
        product_text: "LAYER".to_owned(),
        planned: Grams(1_000_000),
        silos: vec![(SiloNo(101), Grams(700_000)), (SiloNo(110), Grams(300_000))],
    };
    let mut words = encode(&map, &order).expect("a good order");
    change(&map, &mut words);
    poke(rig, FOREIGN_AT, &words);
}

fn poke(rig: &Rig, addr: u16, words: &[u16]) {
    rig.plant
        .with_plant(|plant| plant.write_words(addr, words).expect("within the memory"));
}

pub(super) fn memory(rig: &Rig) -> Vec<u16> {
    rig.plant
        .with_plant(|plant| plant.read_words(0, 32_768).expect("all of it"))
}

async fn examinations(rig: &Rig) -> i64 {
    rig.app
        .store()
        .read(|read| read.audit_count("plc_examine"))
        .await
        .expect("readable")
}

#[tokio::test]
async fn a_sound_plant_is_found_sound_and_reported() {
    let rig = Rig::start(400).await;
    let found = examine(&rig, false).await;
    assert_eq!(found["is_sound"], true, "{:#?}", told(&found, "fault"));
    assert_eq!(found["faults"], 0);
    assert_eq!(found["warnings"], 0, "{:#?}", told(&found, "warning"));
    let rtt: Vec<u64> = found["rtt_us"]
        .as_array()
        .expect("times")
        .iter()
        .map(|time| time.as_u64().expect("microseconds"))
        .collect();
    assert!(rtt.is_sorted() && rtt[0] > 0, "{rtt:?}");
    check_told(&found, "good", "reach: The PLC answers");
    check_told(&found, "good", "program: The heartbeat D9020 rises");
    check_told(&found, "good", "program: Boot counter D9021");
    check_told(&found, "note", "write_test: Not asked for");
    check_told(
        &found,
        "note",
        "missing: missing: heartbeat of this program",
    );

    let words = found["words"].as_array().expect("words");
    let row = |name: &str| {
        words
            .iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("no row {name}"))
    };
    assert_eq!(row("slot 2 status_read_data (write)")["addr"], 7_176);
    assert_eq!(row("slot 2 status_read_data (write)")["value"], "1");
    assert_eq!(row("slot 10 download_id (read)")["addr"], 6_978);
    assert_eq!(row("failure.status_read_data")["raw"], "0000");
    assert_eq!(row("system boot_counter")["addr"], 9_021);

    let report = found["report"].as_str().expect("a report");
    for sentence in [
        "North mill (demo), Line 1",
        "Nothing to complain about.",
        "weighing.qty",
        "Slot 10, write area",
        "Signature",
    ] {
        assert!(report.contains(sentence), "{sentence:?}: {report}");
    }
    for line in report.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let name = found["file_name"].as_str().expect("a name");
    // Noon in UTC is seven in the evening at the site.
    assert!(
        name.starts_with("plc_demo_2026-11-22_19") && name.ends_with(".txt"),
        "{name}"
    );
    assert_eq!(examinations(&rig).await, 1);
}

#[tokio::test]
async fn a_heartbeat_that_stands_still_is_a_fault() {
    let rig = Rig::start(401).await;
    // Nobody moves the plant meanwhile: its memory answers, its program does not run.
    let found = rig.ok(Who::Operator, "plc_examine", json!({})).await;
    assert_eq!(found["is_sound"], false);
    check_told(&found, "fault", "program: The heartbeat D9020 stands still");
}

#[tokio::test]
async fn a_wrong_word_order_is_named() {
    let rig = Rig::start(402).await;
    put_foreign(&rig, |map, words| {
        let planned = map.fields().planned.offset;
        let pairs = map.silos().iter().map(|silo| silo.qty_offset);
        for at in pairs.chain([planned]).map(usize::from) {
            words.swap(at, at + 1);
        }
    });
    let found = examine(&rig, false).await;
    check_told(
        &found,
        "fault",
        "order: 3 quantities make sense only as low_first, 0 only as high_first",
    );
    let words = found["words"].as_array().expect("words");
    let row = words
        .iter()
        .find(|row| row["name"] == "slot 5 target_qty (read)")
        .expect("the row");
    assert_eq!(row["raw"], "86A0 0001");
    assert!(
        row["verdict"]
            .as_str()
            .expect("text")
            .contains("largest batch"),
        "{row:#}"
    );
}

#[tokio::test]
async fn shifted_silo_constants_are_named_with_how_far() {
    let rig = Rig::start(403).await;
    put_foreign(&rig, |map, words| {
        let first = usize::from(map.silos()[0].id_offset);
        let last = usize::from(map.fields().finished.offset);
        let silos = words[first..last - 2].to_vec();
        words[first + 2..last].copy_from_slice(&silos);
    });
    let found = examine(&rig, false).await;
    check_told(
        &found,
        "fault",
        "silos: Slot 5, block at D6400: all silo constants stand 2 words higher",
    );
}

#[tokio::test]
async fn a_block_that_would_be_refused_is_a_fault_with_address_and_words() {
    let rig = Rig::start(404).await;
    put_foreign(&rig, |map, words| {
        words[usize::from(map.fields().finished.offset)] = 7;
    });
    let found = examine(&rig, false).await;
    assert_eq!(found["is_sound"], false);
    check_told(&found, "fault", "words: Slot 5 would be refused");
    check_told(&found, "fault", "D6472");
}

#[tokio::test]
async fn the_write_test_restores_the_word_and_touches_no_named_one() {
    let rig = Rig::start(405).await;
    let (before, writes) = (memory(&rig), rig.books().writes);
    // Nobody else moves, so that every word can be compared.
    let found = rig
        .ok(Who::Operator, "plc_examine", json!({ "write_test": true }))
        .await;
    check_told(
        &found,
        "good",
        "write_test: D7999: A55A written, read back, and 0000 restored",
    );
    assert_eq!(memory(&rig), before);
    assert_eq!(
        rig.books().writes,
        writes,
        "no word of any slot was written"
    );
    assert_eq!(
        [
            rig.audit_count("plc_write_test").await,
            examinations(&rig).await
        ],
        [1, 1],
        "what is to be written is on record before, what came of it afterwards"
    );

    // A spare word that is not 0 belongs to somebody.
    poke(&rig, 7_979, &[7; 21]);
    let before = memory(&rig);
    let found = rig
        .ok(Who::Operator, "plc_examine", json!({ "write_test": true }))
        .await;
    check_told(&found, "warning", "none of D7979 to D7999 is 0");
    assert_eq!(memory(&rig), before);
}

#[tokio::test]
async fn the_write_test_keeps_away_from_a_slot_with_a_batch() {
    let rig = Rig::start(406).await;
    // Only the last slot lets us write.
    for slot in 0..9 {
        poke(&rig, 7_076 + slot * 100, &[0]);
    }
    for _ in 0..40 {
        rig.step().await;
    }
    let id = rig.begin("WH/MO/00101/1").await;
    let before = memory(&rig);
    // Signed and started, and not a word of it in the PLC yet: only the books know.
    let found = rig
        .ok(Who::Operator, "plc_examine", json!({ "write_test": true }))
        .await;
    check_told(&found, "note", "batch WH/MO/00101/1 is in slot 10");
    assert_eq!(memory(&rig), before);
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["row"]["slot"], 10, "{view:#}");
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;

    // And from one that somebody else has put there.
    for _ in 0..10 {
        rig.step().await;
    }
    poke(&rig, 7_901, &[0x5748, 0x2F4D]);
    poke(&rig, 7_976, &[0]);
    let before = memory(&rig);
    let found = rig
        .ok(Who::Operator, "plc_examine", json!({ "write_test": true }))
        .await;
    check_told(&found, "note", "slot 10 is offered to the PLC");
    assert_eq!(memory(&rig), before);
}

#[tokio::test]
async fn an_examination_beside_a_running_batch_does_not_disturb_it() {
    let rig = Rig::start(407).await;
    rig.begin("WH/MO/00101/1").await;
    rig.until("it doses", 120, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.run == Run::Running && b.dosed_g > Some(20_000))
    })
    .await;
    let dosed = |rig: &Rig| rig.live().batch.as_ref().and_then(|b| b.dosed_g);
    let (before, writes) = (dosed(&rig), rig.books().writes);
    let found = examine(&rig, true).await;
    assert_eq!(found["is_sound"], true, "{:#?}", told(&found, "fault"));
    check_told(&found, "good", "D7999: A55A written");
    check_told(&found, "good", "silos: The silo constants of 2 blocks");
    check_told(&found, "good", "order: Word order high_first fits");
    assert!(
        dosed(&rig) > before || rig.live().batch.is_none(),
        "the live poll went on"
    );
    // The acknowledgement may have come meanwhile; nothing else may be written.
    let written = |all: &[SlotWrites]| -> Vec<[u64; 3]> {
        all.iter()
            .map(|one| [one.block, one.flag, one.command])
            .collect()
    };
    assert_eq!(written(&rig.books().writes), written(&writes));
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn only_one_examination_at_a_time() {
    let rig = Rig::start(408).await;
    let ask = || rig.call(Who::Operator, "plc_examine", json!({}));
    let (first, second) = tokio::join!(ask(), ask());
    // Either may come first.
    let (one, other) = if first.is_ok() {
        (first, second)
    } else {
        (second, first)
    };
    assert!(one.is_ok(), "{one:?}");
    let refused = other.expect_err("one examines already");
    assert_eq!(refused.code, ErrorCode::NotReady);
    assert!(refused.message.contains("being examined"), "{refused}");
    assert!(ask().await.is_ok(), "the turn is given back");
}

#[tokio::test]
async fn a_viewer_may_not_examine() {
    let rig = Rig::start(409).await;
    let phc = rig
        .app
        .store()
        .read(|read| read.person_by_name("Operator 1"))
        .await
        .expect("readable")
        .expect("the operator")
        .secret_phc;
    rig.app
        .store()
        .write(move |tx| {
            tx.person_add(
                "Viewer 1",
                &[Grant::everywhere(Role::Viewer)],
                &phc,
                NOON_MS,
            )
        })
        .await
        .expect("a viewer");
    let session = rig
        .app
        .dispatch(
            "session_open",
            json!({ "user": "Viewer 1", "secret": rig.secret("Operator 1").await }),
            None,
        )
        .await
        .expect("a viewer may log in");
    let token = session["token"].as_str();
    let refused = rig
        .app
        .dispatch("plc_examine", json!({}), token)
        .await
        .expect_err("a viewer looks on");
    assert_eq!(refused.code, ErrorCode::NoRight);
    assert_eq!(examinations(&rig).await, 0);
    let view = rig.app.dispatch("plc_get", json!({}), token).await;
    assert!(view.is_ok(), "but sees the PLC: {view:?}");
}
