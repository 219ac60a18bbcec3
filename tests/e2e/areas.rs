//! Equipment failures and manual weighings from the PLC's areas into the books and back as an
//! acknowledgement: once each, whatever is read twice, refused or restarted.

use millrace_core::registers::codec::{bcd2_to, bcd4_to, text_to};
use millrace_plant::RunningPlant;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

/// Failure area of the demo map, its handshake, the weighing area, its handshake.
pub(crate) const FAILURE: u16 = 8000;
pub(crate) const FAILURE_ACK: u16 = 8022;
pub(crate) const WEIGHING: u16 = 9000;
pub(crate) const WEIGHING_ACK: u16 = 9012;
/// 08:30:05 in Jakarta.
pub(crate) const MORNING: [u16; 6] = [2026, 11, 22, 8, 30, 5];

fn write(plant: &RunningPlant, addr: u16, words: &[u16]) {
    plant.with_plant(|plant| plant.write_words(addr, words).expect("within the memory"));
}

/// The PLC reports a failure: words first, handshake last.
pub(crate) fn fail(rig: &Rig, code: &str, info: &str, date: [u16; 6]) {
    let mut words = text_to(code, 8).expect("fits");
    words.extend(text_to(info, 8).expect("fits"));
    words.push(bcd4_to(date[0]).expect("digits"));
    words.extend(date[1..].iter().map(|n| bcd2_to(*n).expect("digits")));
    write(&rig.plant, FAILURE, &words);
    write(&rig.plant, FAILURE_ACK, &[0]);
}

/// The PLC reports a weighing, mass in its steps of 10 g.
pub(crate) fn weigh(rig: &Rig, batch_no: u16, order: &str, product: i64, steps: u16) {
    let mut words = vec![batch_no];
    words.extend(text_to(order, 8).expect("fits"));
    words.push(u16::try_from(product).expect("fits one word"));
    words.extend([0, steps]);
    write(&rig.plant, WEIGHING, &words);
    write(&rig.plant, WEIGHING_ACK, &[0]);
}

pub(crate) fn word(rig: &Rig, addr: u16) -> u16 {
    rig.plant
        .with_plant(|plant| plant.read_words(addr, 1).expect("within the memory"))[0]
}

/// The PLC clears both areas, words first.
pub(crate) fn clear(rig: &Rig) {
    write(&rig.plant, FAILURE, &[0; 22]);
    write(&rig.plant, FAILURE_ACK, &[0]);
    write(&rig.plant, WEIGHING, &[0; 12]);
    write(&rig.plant, WEIGHING_ACK, &[0]);
}

pub(crate) async fn steps(rig: &Rig, count: usize) {
    for _ in 0..count {
        rig.step().await;
    }
}

pub(crate) async fn list(rig: &Rig) -> Value {
    rig.ok(Who::Operator, "plc_event_list", json!({})).await
}

/// What the overview says of this kind.
pub(crate) async fn attention(rig: &Rig, code: &str) -> Vec<Value> {
    let view = rig.ok(Who::Operator, "overview_get", json!({})).await;
    let mut rows = view["attention"].as_array().expect("a list").clone();
    rows.retain(|row| row["code"] == code);
    rows
}

pub(crate) async fn failures(rig: &Rig) -> Vec<Value> {
    let list = list(rig).await;
    list["failures"].as_array().expect("a list").clone()
}

async fn weighings(rig: &Rig) -> Vec<Value> {
    let list = list(rig).await;
    list["weighings"].as_array().expect("a list").clone()
}

/// How often the journal has this kind.
async fn journalled(rig: &Rig, kind: millrace_core::journal::JournalKind) -> usize {
    let rows = rig
        .app
        .store()
        .read(|read| read.journal_latest(500))
        .await
        .expect("readable");
    rows.iter().filter(|row| row.kind == kind).count()
}

#[tokio::test]
async fn a_failure_is_stored_acknowledged_and_reported_once() {
    let rig = Rig::start(120).await;
    assert_eq!(list(&rig).await["has_failure_area"], true);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 10).await;
    let rows = failures(&rig).await;
    assert_eq!(rows.len(), 1, "read ten times, stored once: {rows:#?}");
    assert_eq!(rows[0]["equipment_code"], "silo101");
    assert_eq!(rows[0]["info"], "MOTOR_FAILURE");
    assert_eq!(rows[0]["plc_time"], "2026-11-22 08:30:05");
    assert!(rows[0]["acked_at_ms"].is_i64(), "{rows:#?}");
    assert_eq!(rows[0]["posting"], "queued");
    assert_eq!(word(&rig, FAILURE_ACK), 1);
    rig.drain().await;
    let erp = rig.erp().failures;
    assert_eq!(erp.len(), 1, "{erp:?}");
    assert_eq!(
        (erp[0].equipment.as_str(), erp[0].description.as_str()),
        ("silo101", "MOTOR_FAILURE")
    );
    assert_eq!(
        erp[0].date.as_deref(),
        Some("2026-11-22 01:30:05"),
        "the PLC's local time in UTC"
    );
    assert_eq!(failures(&rig).await[0]["posting"], "posted");
    let kind = millrace_core::journal::JournalKind::EquipmentFailureStored;
    assert_eq!(journalled(&rig, kind).await, 1);
}

#[tokio::test]
async fn after_a_clear_the_same_words_are_a_second_event() {
    let rig = Rig::start(121).await;
    for count in 1..=3 {
        fail(&rig, "silo104", "SENSOR_ERROR", MORNING);
        steps(&rig, 8).await;
        assert_eq!(failures(&rig).await.len(), count);
        clear(&rig);
        steps(&rig, 4).await;
    }
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 3);
}

#[tokio::test]
async fn one_event_after_the_other_without_an_empty_area_between_is_stored_too() {
    let rig = Rig::start(122).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    fail(&rig, "silo102", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    let rows = failures(&rig).await;
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert_eq!(rows[0]["equipment_code"], "silo102", "newest first");
    assert!(rows.iter().all(|row| row["acked_at_ms"].is_i64()));
}

#[tokio::test]
async fn words_for_no_failure_are_not_stored() {
    let rig = Rig::start(123).await;
    for info in ["NONE", "NO_FAILURE", "NO ERROR", "0"] {
        fail(&rig, "silo101", info, MORNING);
        steps(&rig, 6).await;
    }
    assert_eq!(failures(&rig).await.len(), 0);
    assert_eq!(word(&rig, FAILURE_ACK), 0, "nothing to acknowledge");
}

#[tokio::test]
async fn a_refused_area_is_told_once_not_acknowledged_and_heals() {
    let mut rig = Rig::start(124).await;
    let refused = millrace_core::journal::JournalKind::AreaRefused;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    write(&rig.plant, 8017, &[0x001A]);
    steps(&rig, 8).await;
    let view = list(&rig).await;
    let why = view["failure_trouble"].as_str().expect("a sentence");
    assert!(why.contains("D8017 (raw 001A): month"), "{why}");
    assert_eq!(view["failures"], json!([]));
    assert_eq!(word(&rig, FAILURE_ACK), 0, "not acknowledged");
    rig = rig.crash_and_restart().await;
    steps(&rig, 8).await;
    assert_eq!(list(&rig).await["failure_trouble"], why);
    let told = attention(&rig, "area_refused").await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["area"], "equipment_failure");
    assert_eq!(told[0]["reason"], why);
    assert_eq!(journalled(&rig, refused).await, 1, "told once");
    write(&rig.plant, 8017, &[0x0011]);
    steps(&rig, 8).await;
    let view = list(&rig).await;
    assert_eq!(view["failure_trouble"], Value::Null);
    assert_eq!(view["failures"].as_array().map(Vec::len), Some(1));
    assert_eq!(word(&rig, FAILURE_ACK), 1);
    let healed = millrace_core::journal::JournalKind::AreaHealed;
    assert_eq!(journalled(&rig, healed).await, 1);
}

#[tokio::test]
async fn an_event_that_somebody_else_acknowledged_is_shown_and_left_alone() {
    let rig = Rig::start(125).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    write(&rig.plant, FAILURE_ACK, &[1]);
    steps(&rig, 8).await;
    let view = list(&rig).await;
    assert_eq!(view["failures"], json!([]));
    let why = view["failure_trouble"].as_str().expect("a sentence");
    assert!(
        why.contains("D8022 is 1") && why.contains("silo101 MOTOR_FAILURE"),
        "{why}"
    );
    clear(&rig);
    steps(&rig, 4).await;
    assert_eq!(list(&rig).await["failure_trouble"], Value::Null);
}

#[tokio::test]
async fn a_handshake_that_falls_back_over_the_same_words_is_not_stored_twice() {
    let rig = Rig::start(126).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    write(&rig.plant, FAILURE_ACK, &[0]);
    steps(&rig, 8).await;
    let view = list(&rig).await;
    assert_eq!(view["failures"].as_array().map(Vec::len), Some(1));
    assert!(
        view["failure_trouble"]
            .as_str()
            .is_some_and(|why| why.contains("went back to 0")),
        "{view:#}"
    );
    assert_eq!(word(&rig, FAILURE_ACK), 0, "no ping-pong with the PLC");
    fail(&rig, "silo101", "MOTOR_FAILURE", [2026, 11, 22, 8, 30, 6]);
    steps(&rig, 8).await;
    let view = list(&rig).await;
    assert_eq!(view["failures"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        view["failure_trouble"],
        Value::Null,
        "the next one heals it"
    );
}

/// Order 00102 in the PLC, and the ERP's number of its manual material.
pub(crate) async fn weighing_batch(seed: u64) -> (Rig, Value, i64) {
    let rig = Rig::start(seed).await;
    let id = rig.begin("WH/MO/00102/1").await;
    rig.until("it is in the PLC", 60, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.dosed_g > Some(10_000))
    })
    .await;
    let batch = millrace_core::ids::BatchId(id.as_i64().expect("an id"));
    let lines = rig
        .app
        .store()
        .read(move |read| read.manual_lines(batch))
        .await
        .expect("readable");
    assert_eq!(lines[0].material, "CaCO3");
    let product = lines[0].product_id.expect("the order names the product");
    (rig, id, product)
}

#[tokio::test]
async fn a_weighing_fills_its_manual_line_and_is_posted_once() {
    let (rig, id, product) = weighing_batch(127).await;
    weigh(&rig, 1, "WH/MO/00102", product, 1_204);
    steps(&rig, 10).await;
    assert_eq!(word(&rig, WEIGHING_ACK), 1);
    let rows = weighings(&rig).await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0]["batch_label"], "WH/MO/00102/1");
    assert_eq!(rows[0]["material"], "CaCO3");
    assert_eq!(rows[0]["mass_g"], 12_040);
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["manual_lines"][0]["actual_g"], 12_040);
    assert_eq!(view["manual_lines"][0]["entered_by"], "PLC");
    clear(&rig);
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00102").await;
    let erp = rig.erp();
    let log: Vec<_> = erp
        .material_log
        .iter()
        .filter(|row| row.equipment == "PLC01")
        .collect();
    assert_eq!(log.len(), 1, "one call: {log:?}");
    assert_eq!(weighings(&rig).await[0]["posting"], "posted");
}

#[tokio::test]
async fn a_weighing_that_fits_no_line_waits_for_a_person_with_a_sentence() {
    let (rig, _, product) = weighing_batch(128).await;
    let cases = [
        ("WH/MO/09999", product, 1_204, "no order WH/MO/09999"),
        (
            "WH/MO/00102",
            product + 1,
            1_204,
            "no manual line with product number",
        ),
        (
            "WH/MO/00102",
            product,
            60_000,
            "more than twice the plan of 12.00 kg",
        ),
        ("WH/MO/00102", product, 1_204, ""),
        (
            "WH/MO/00102",
            product,
            1_205,
            "CaCO3 of WH/MO/00102 was entered already by PLC",
        ),
    ];
    for (order, product, mass, why) in cases {
        weigh(&rig, 1, order, product, mass);
        steps(&rig, 8).await;
        assert_eq!(word(&rig, WEIGHING_ACK), 1, "stored, so acknowledged");
        let row = weighings(&rig).await[0].clone();
        if why.is_empty() {
            assert_eq!(row["batch_label"], "WH/MO/00102/1", "{row:#}");
        } else {
            assert_eq!(row["batch_label"], Value::Null, "{row:#}");
            assert_eq!(row["posting"], "not_due");
            let answer = row["last_answer"].as_str().expect("a sentence");
            assert!(answer.contains(why), "{answer}");
        }
        clear(&rig);
        steps(&rig, 4).await;
    }
    assert_eq!(weighings(&rig).await.len(), 5);
    let told = attention(&rig, "weighings_unknown").await;
    assert_eq!(told.len(), 1, "one row, however many: {told:#?}");
    assert_eq!(told[0]["count"], 4);
    let why = told[0]["reason"].as_str().expect("a sentence");
    assert!(why.contains("was entered already"), "the newest: {why}");
}
