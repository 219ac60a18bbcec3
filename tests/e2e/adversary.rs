//! What an adversary would do to the books: panels, lost memories, lost words, values that vanish,
//! one batch in the way of the others. Each test says which gram or which person
//! would have been left behind.

use millrace_app::commands::live::LiveView;
use millrace_core::batch::run::Run;
use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use millrace_plant::odoo::NewOrder;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

pub(super) const WHOLE_BATCH: usize = 600;
pub(super) const FIRST: &str = "WH/MO/00101/1";
pub(super) const SECOND: &str = "WH/MO/00103/1";

/// Words of the demo's first slot.
const SILO_101_ID: u16 = 6_027;
const FAILED: u16 = 6_073;
const WEIGHT: u16 = 6_074;
const COMMAND: u16 = 7_077;

pub(super) async fn started(seed: u64, labels: &[&str]) -> (Rig, Vec<Value>) {
    let rig = Rig::start(seed).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let mut ids = Vec::new();
    for label in labels {
        rig.approve(label).await;
        let view = rig.start_batch(label).await;
        ids.push(view["row"]["id"].clone());
        if labels.len() > 1 {
            rig.step().await;
        }
    }
    (rig, ids)
}

/// Runs until the first batch has dosed more than this.
async fn until_dosed(rig: &Rig, grams: i64) {
    rig.until("it doses", 120, |live| {
        live.batch.as_ref().is_some_and(|b| b.dosed_g > Some(grams))
    })
    .await;
}

fn poke(rig: &Rig, addr: u16, words: &[u16]) {
    rig.plant
        .with_plant(|plant| plant.write_words(addr, words).expect("within the memory"));
}

async fn steps(rig: &Rig, count: usize) {
    for _ in 0..count {
        rig.step().await;
    }
}

async fn stop(rig: &Rig, id: &Value) {
    let secret = rig.secret("Operator 1").await;
    rig.ok(
        Who::Operator,
        "batch_stop",
        json!({ "id": id, "version": 0, "reason": "as the panel shows", "secret": secret }),
    )
    .await;
}

pub(super) async fn view(rig: &Rig, id: &Value) -> Value {
    rig.ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await
}

fn run_of(live: &LiveView) -> Option<Run> {
    live.batch.as_ref().map(|b| b.run)
}

fn trouble_of(live: &LiveView) -> Option<String> {
    live.batch.as_ref().and_then(|b| b.trouble.clone())
}

#[tokio::test]
async fn a_batch_that_the_plant_fails_half_way_is_booked_and_its_slot_comes_back() {
    let (rig, ids) = started(60, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    poke(&rig, FAILED, &[1]);
    poke(&rig, COMMAND, &[3]);
    rig.until("its result is stored", WHOLE_BATCH, |live| {
        live.batch.is_none()
    })
    .await;
    steps(&rig, 20).await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "failed");
    rig.check_books("WH/MO/00101").await;
    let held = rig
        .app
        .store()
        .read(|read| read.batches_in_slots())
        .await
        .expect("readable");
    assert!(held.is_empty(), "acknowledged and free: {held:?}");
}

#[tokio::test]
async fn a_plant_that_says_failed_is_shown_at_once_and_its_values_go_on() {
    let (rig, _) = started(61, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    poke(&rig, FAILED, &[1]);
    rig.step().await;
    assert_eq!(run_of(&rig.live()), Some(Run::Held));
    let before = rig.live().batch.as_ref().and_then(|b| b.dosed_g);
    steps(&rig, 6).await;
    assert!(rig.live().batch.as_ref().and_then(|b| b.dosed_g) > before);
    poke(&rig, FAILED, &[0]);
    rig.step().await;
    assert_eq!(run_of(&rig.live()), Some(Run::Running));
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_stop_at_the_panel_is_booked_once_a_person_signs_for_it() {
    let (rig, ids) = started(62, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    poke(&rig, COMMAND, &[3]);
    steps(&rig, 40).await;
    assert!(
        trouble_of(&rig.live()).is_some(),
        "far from the plan: not believed by itself"
    );
    stop(&rig, &ids[0]).await;
    rig.until("it is stored", 40, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "stopped");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_stop_reaches_the_plc_although_its_values_are_refused() {
    let (rig, ids) = started(63, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    poke(&rig, SILO_101_ID, &[109]);
    rig.step().await;
    assert!(trouble_of(&rig.live()).is_some());
    stop(&rig, &ids[0]).await;
    steps(&rig, 40).await;
    let batch = rig.books().batches[0].clone();
    assert!(
        batch.finished && batch.stopped,
        "material goes on falling: {batch:?}"
    );
    poke(&rig, SILO_101_ID, &[101]);
    rig.until("it is stored", 40, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "stopped");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_command_word_that_got_lost_is_written_again() {
    let (rig, ids) = started(64, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    stop(&rig, &ids[0]).await;
    rig.app.cycle().await;
    poke(&rig, COMMAND, &[0]);
    rig.until("it is stopped", 60, |live| live.batch.is_none())
        .await;
    assert!(rig.books().batches[0].stopped);
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_batch_whose_plc_lost_its_memory_ends_with_a_signature_on_the_last_values() {
    let (rig, ids) = started(65, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    let believed = rig
        .live()
        .batch
        .as_ref()
        .and_then(|b| b.dosed_g)
        .expect("dosed");
    rig.plant
        .with_plant(|plant| plant.reboot(false))
        .expect("it reboots");
    steps(&rig, 10).await;
    assert_eq!(run_of(&rig.live()), Some(Run::Held));
    stop(&rig, &ids[0]).await;
    rig.until("it is closed", 20, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    let closed = view(&rig, &ids[0]).await;
    assert_eq!(closed["row"]["word"], "stopped");
    assert_eq!(closed["posting"]["state"], "posted");
    let ours: i64 = closed["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|l| l["actual_g"].as_i64())
        .sum();
    assert_eq!(ours, believed, "no gram more or less than was believed");
    let erp = rig.erp();
    let order = erp
        .orders
        .iter()
        .find(|o| o.name == "WH/MO/00101")
        .expect("the order");
    assert_eq!(
        order.consumption.values().map(|g| g.0).sum::<i64>(),
        believed
    );
    // The line goes on.
    steps(&rig, 25).await;
    rig.approve(SECOND).await;
    rig.start_batch(SECOND).await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn a_stop_asked_before_the_memory_was_lost_closes_nothing_by_itself() {
    let (mut rig, ids) = started(66, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    stop(&rig, &ids[0]).await;
    rig.plant
        .with_plant(|plant| plant.reboot(false))
        .expect("it reboots");
    steps(&rig, 10).await;
    assert_eq!(
        run_of(&rig.live()),
        Some(Run::Held),
        "nobody said that the slot is dead"
    );
    rig = rig.crash_and_restart().await;
    assert_eq!(run_of(&rig.live()), Some(Run::Held));
    stop(&rig, &ids[0]).await;
    rig.until("it is closed", 20, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "stopped");
}

#[tokio::test]
async fn an_offer_that_the_plc_forgot_is_told_and_can_be_ended() {
    let (rig, ids) = started(67, &[FIRST]).await;
    // Offered, and the PLC has had no time to take it.
    rig.app.cycle().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["run"], "downloading");
    rig.plant
        .with_plant(|plant| plant.reboot(false))
        .expect("it reboots");
    steps(&rig, 150).await;
    let live = rig.live();
    assert_eq!(run_of(&live), Some(Run::Held), "{:?}", live.batch);
    assert!(
        trouble_of(&live).is_some_and(|t| t.contains("does not show the order")),
        "{:?}",
        trouble_of(&live)
    );
    stop(&rig, &ids[0]).await;
    rig.until("it is closed", 20, |live| live.batch.is_none())
        .await;
    let closed = view(&rig, &ids[0]).await;
    assert_eq!(closed["row"]["word"], "stopped");
    assert_eq!(closed["posting"]["state"], "not_due", "nothing left a silo");
    assert!(rig.books().batches.is_empty(), "nothing was dosed");
}

#[tokio::test]
async fn an_offer_that_the_plc_does_not_take_is_told_and_never_dropped_while_it_stands() {
    let (rig, ids) = started(68, &[FIRST]).await;
    rig.app.cycle().await;
    // The panel holds the slot: the PLC leaves the offer where it is.
    poke(&rig, COMMAND, &[9]);
    steps(&rig, 150).await;
    assert!(trouble_of(&rig.live()).is_some_and(|t| t.contains("has not taken")));
    stop(&rig, &ids[0]).await;
    steps(&rig, 20).await;
    assert!(
        rig.live().batch.is_some(),
        "the PLC may take the offer at any moment"
    );
    poke(&rig, COMMAND, &[0]);
    rig.until("it is stopped", 60, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    let batch = rig.books().batches[0].clone();
    assert!(
        batch.finished && batch.stopped,
        "the stop waited for the PLC: {batch:?}"
    );
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "stopped");
}

#[tokio::test]
async fn a_dose_that_was_seen_does_not_vanish_from_the_result() {
    let (rig, ids) = started(69, &[FIRST]).await;
    let lines = view(&rig, &ids[0]).await["lines"]
        .as_array()
        .expect("lines")
        .clone();
    let least = lines
        .iter()
        .min_by_key(|l| l["planned_g"].as_i64())
        .expect("a line");
    let silo = u16::try_from(least["silo"].as_u64().expect("a number")).expect("a silo");
    let qty = 6_028 + 3 * (silo - 101);
    for _ in 0..WHOLE_BATCH {
        rig.advance_ms(500);
        if rig.books().batches.first().is_some_and(|b| b.finished) {
            break;
        }
        rig.app.cycle().await;
    }
    let words = rig
        .plant
        .with_plant(|plant| plant.read_words(qty, 2))
        .expect("within the memory");
    poke(&rig, qty, &[0, 0]);
    steps(&rig, 10).await;
    assert!(
        trouble_of(&rig.live()).is_some_and(|t| t.contains("went back")),
        "{} g of silo {silo} are lost: {:?}",
        least["planned_g"],
        rig.live().batch
    );
    poke(&rig, qty, &words);
    rig.until("it is stored", 20, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "completed");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn one_batch_that_the_books_refuse_does_not_blind_the_others() {
    let (rig, ids) = started(70, &[FIRST, SECOND]).await;
    let id = BatchId(ids[0].as_i64().expect("an id"));
    let silo = view(&rig, &ids[0]).await["lines"][0]["silo"]
        .as_u64()
        .expect("a silo");
    let silo = SiloNo(u16::try_from(silo).expect("a silo"));
    // A dose of this batch stands in the ledger already: its result can never be stored.
    rig.app
        .store()
        .write(move |tx| tx.silo_move(1, silo, MovementKind::Dosing, Grams(-10), Some(id), None))
        .await
        .expect("the ledger takes it");
    for _ in 0..3 * WHOLE_BATCH {
        rig.step().await;
        if rig.books().batches.iter().filter(|b| b.finished).count() == 2 {
            break;
        }
    }
    steps(&rig, 20).await;
    assert_eq!(view(&rig, &ids[1]).await["row"]["word"], "completed");
    assert!(
        trouble_of(&rig.live()).is_some_and(|t| t.contains("database")),
        "a person is told"
    );
    rig.drain().await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn a_full_mixer_that_overshoots_by_grams_is_believed() {
    // With this seed the silos give 3000.70 kg, and the largest batch is 3000 kg.
    let rig = Rig::start(83).await;
    let component = |silo: u16| json!({ "equipment": format!("silo{silo}"), "product": format!("of {silo}"), "to_consume_g": 250_000 });
    let order = json!({
        "name": "WH/MO/00900", "product": "FULL MIXER", "quantity_g": 3_000_000,
        "components": [component(101), component(102), component(103), component(104)]
    });
    let order: NewOrder = serde_json::from_value(order).expect("an order");
    rig.plant.erp().add_order(order).expect("a new order");
    rig.begin("WH/MO/00900/1").await;
    rig.until("it is stored", 2 * WHOLE_BATCH, |live| live.batch.is_none())
        .await;
    assert!(
        rig.books().batches[0].left_total() > Grams(3_000_000),
        "else this test shows nothing"
    );
    rig.drain().await;
    rig.check_books("WH/MO/00900").await;
}

#[tokio::test]
async fn an_absurd_finished_weight_is_left_out_on_a_signature_and_the_consumption_is_booked() {
    let (rig, ids) = started(78, &[FIRST]).await;
    for _ in 0..WHOLE_BATCH {
        rig.advance_ms(500);
        if rig.books().batches.first().is_some_and(|b| b.finished) {
            break;
        }
        rig.app.cycle().await;
    }
    // A native floating-point number where a count of 10 g belongs.
    poke(&rig, WEIGHT, &[0x8000, 0x440E]);
    steps(&rig, 10).await;
    assert!(
        trouble_of(&rig.live()).is_some_and(|t| t.contains("weight")),
        "{:?}",
        trouble_of(&rig.live())
    );
    stop(&rig, &ids[0]).await;
    rig.until("it is stored", 20, |live| live.batch.is_none())
        .await;
    steps(&rig, 20).await;
    rig.drain().await;
    let stored = view(&rig, &ids[0]).await;
    assert_eq!(stored["posting"]["state"], "posted");
    assert_eq!(
        stored["posting"]["our_finished_g"],
        Value::Null,
        "nobody knows the weight"
    );
    let left: i64 = rig.books().batches[0]
        .left
        .iter()
        .map(|m| m.mass_g.to_plc_step().0)
        .sum();
    let erp = rig.erp();
    let order = erp
        .orders
        .iter()
        .find(|o| o.name == "WH/MO/00101")
        .expect("the order");
    assert_eq!(order.consumption.values().map(|g| g.0).sum::<i64>(), left);
    let held = rig
        .app
        .store()
        .read(|read| read.batches_in_slots())
        .await
        .expect("readable");
    assert!(held.is_empty(), "acknowledged and free: {held:?}");
}
