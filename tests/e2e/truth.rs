//! Truth after a restart of the PLC, of the workstation, or of both: what differs is shown with a
//! proposal, what is harmless heals alone, everything else waits for one decision. And the slots that
//! nobody may write: offers taken back, flags of a new plant.

use millrace_app::commands::view::Quality;
use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_plant::PlantConfig;
use millrace_plant::odoo::NewOrder;
use millrace_tests::{DEMO_MAP, Rig, WHOLE_BATCH, Who};
use serde_json::{Value, json};

use super::adversary::{FIRST, SECOND, started, view};

/// Words of the demo's first slot.
const ECHOED_NUMBER: u16 = 6_078;
const FLAG: u16 = 7_076;
const COMMAND: u16 = 7_077;
/// What the PLC program knows no command for: it takes no recipe while this stands there.
const NO_COMMAND: u16 = 9;
/// Steps within three seconds.
const THREE_SECONDS: usize = 6;

fn poke(rig: &Rig, addr: u16, words: &[u16]) {
    rig.plant
        .with_plant(|plant| plant.write_words(addr, words).expect("within the memory"));
}

fn peek(rig: &Rig, addr: u16, count: usize) -> Vec<u16> {
    rig.plant
        .with_plant(|plant| plant.read_words(addr, count).expect("within the memory"))
}

fn reboot(rig: &Rig, keep_memory: bool) {
    rig.plant
        .with_plant(|plant| plant.reboot(keep_memory))
        .expect("it reboots");
}

async fn steps(rig: &Rig, count: usize) {
    for _ in 0..count {
        rig.step().await;
    }
}

async fn until_dosed(rig: &Rig, grams: i64) {
    rig.until("it doses", 200, |live| {
        live.batch.as_ref().is_some_and(|b| b.dosed_g > Some(grams))
    })
    .await;
}

async fn plc(rig: &Rig) -> Value {
    rig.ok(Who::Operator, "plc_get", json!({})).await
}

async fn slot(rig: &Rig, number: usize) -> Value {
    plc(rig).await["slots"][number - 1].clone()
}

fn decision(slot: &Value, decision: &str, secret: &str) -> Value {
    json!({
        "slot": slot["slot"], "batch": slot["batch"]["id"], "version": slot["batch"]["version"],
        "decision": decision, "reason": "looked at the line", "secret": secret,
    })
}

async fn decide(rig: &Rig, number: usize, what: &str) -> Value {
    let shown = slot(rig, number).await;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "plc_slot_decide",
        decision(&shown, what, &secret),
    )
    .await
}

async fn kinds(rig: &Rig) -> Vec<String> {
    let rows = rig
        .app
        .store()
        .read(|read| read.journal_latest(500))
        .await
        .expect("readable");
    rows.iter()
        .map(|row| {
            let kind = serde_json::to_value(row.kind).expect("a word");
            kind.as_str().expect("a word").to_owned()
        })
        .collect()
}

async fn count(rig: &Rig, kind: &str) -> usize {
    kinds(rig).await.iter().filter(|k| *k == kind).count()
}

fn run(rig: &Rig) -> Option<Run> {
    rig.live().batch.as_ref().map(|b| b.run)
}

#[tokio::test]
async fn a_plc_that_starts_anew_while_it_doses_waits_for_one_decision() {
    let (rig, _) = started(200, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    reboot(&rig, true);
    rig.until("the restart is seen", THREE_SECONDS, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Held)
    })
    .await;
    assert_eq!(count(&rig, "plc_rebooted").await, 1);
    let before = rig.live().batch.as_ref().and_then(|b| b.dosed_g);
    steps(&rig, 10).await;
    let live = rig.live();
    let batch = live.batch.as_ref().expect("still in its slot");
    assert!(batch.dosed_g > before, "good values are shown all the same");
    assert_eq!(
        batch.run,
        Run::Held,
        "and nobody but a person ends the hold"
    );
    assert_eq!(live.slots_differ, 1);
    let shown = slot(&rig, 1).await;
    assert_eq!(shown["standing"], "differs");
    assert_eq!(shown["shows"], "running");
    assert_eq!(shown["proposal"], "go_on");
    assert_eq!(count(&rig, "batch_held").await, 1, "told once");

    decide(&rig, 1, "go_on").await;
    rig.step().await;
    assert_eq!(run(&rig), Some(Run::Running));
    assert_eq!(slot(&rig, 1).await["standing"], "agrees");
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books("WH/MO/00101").await;
    assert_eq!(count(&rig, "slot_decided").await, 1);
    assert_eq!(count(&rig, "slot_settled").await, 1);
}

#[tokio::test]
async fn what_waits_in_its_slot_over_a_restart_heals_alone() {
    let (rig, _) = started(201, &[FIRST, SECOND]).await;
    until_dosed(&rig, 20_000).await;
    rig.until("the second is taken", 60, |live| {
        live.queued.iter().any(|b| b.run == Run::Ready)
    })
    .await;
    reboot(&rig, true);
    steps(&rig, THREE_SECONDS).await;
    let live = rig.live();
    assert_eq!(live.slots_differ, 1, "only what was dosing");
    assert!(live.queued.iter().any(|b| b.run == Run::Ready));
    assert_eq!(count(&rig, "slot_healed").await, 1);
    decide(&rig, 1, "go_on").await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn a_restart_of_the_plc_while_the_workstation_was_off_is_seen_all_the_same() {
    let (rig, _) = started(202, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    let rig = rig
        .crash_meanwhile(|plant| {
            plant
                .with_plant(|plant| plant.reboot(true))
                .expect("it reboots");
        })
        .await;
    rig.step().await;
    assert_eq!(run(&rig), Some(Run::Held));
    assert_eq!(slot(&rig, 1).await["proposal"], "go_on");
    decide(&rig, 1, "go_on").await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_restart_of_the_workstation_alone_asks_nobody() {
    let (rig, _) = started(203, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    let rig = rig.crash_and_restart().await;
    steps(&rig, 3).await;
    assert_eq!(run(&rig), Some(Run::Running));
    assert_eq!(count(&rig, "plc_rebooted").await, 0);
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_result_that_comes_after_a_restart_is_stored_without_a_decision() {
    let (rig, ids) = started(204, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    reboot(&rig, true);
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books("WH/MO/00101").await;
    assert_eq!(view(&rig, &ids[0]).await["row"]["word"], "completed");
    assert_eq!(rig.live().slots_differ, 0);
}

#[tokio::test]
async fn a_slot_whose_memory_is_lost_is_closed_by_one_decision() {
    let (rig, ids) = started(205, &[FIRST]).await;
    until_dosed(&rig, 50_000).await;
    let last = rig.live().batch.as_ref().and_then(|b| b.dosed_g);
    reboot(&rig, false);
    steps(&rig, THREE_SECONDS).await;
    let shown = slot(&rig, 1).await;
    assert_eq!(shown["standing"], "differs", "{shown:#}");
    assert_eq!(shown["proposal"], "close_with_last");
    decide(&rig, 1, "close_with_last").await;
    rig.until("it is closed", 10, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    let closed = view(&rig, &ids[0]).await;
    assert_eq!(closed["row"]["word"], "stopped");
    assert_eq!(closed["row"]["actual_g"].as_i64(), last, "{closed:#}");
    assert_eq!(closed["posting"]["state"], "posted");
    let meanings: Vec<&Value> = closed["signatures"]
        .as_array()
        .expect("signatures")
        .iter()
        .map(|s| &s["meaning"])
        .collect();
    assert!(
        meanings.contains(&&json!("close_with_last")),
        "{meanings:?}"
    );
}

/// A recipe that the PLC was offered and does not take, told after a minute.
async fn not_taken(seed: u64) -> (Rig, Value) {
    let rig = Rig::start(seed).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.approve(FIRST).await;
    let id = rig.start_batch(FIRST).await["row"]["id"].clone();
    // The engine clears the word before it writes: the PLC finds it between verify and taking.
    rig.app.cycle().await;
    poke(&rig, COMMAND, &[NO_COMMAND]);
    steps(&rig, 130).await;
    let shown = slot(&rig, 1).await;
    assert_eq!(shown["standing"], "differs", "{shown:#}");
    assert_eq!(shown["batch"]["download_step"], "offered");
    assert_eq!(shown["flag"], false);
    assert!(shown["batch"]["waiting_since_ms"].is_i64());
    assert_eq!(shown["choices"], json!(["withdraw"]));
    (rig, id)
}

#[tokio::test]
async fn an_offer_that_is_not_taken_is_withdrawn_and_starts_again() {
    let (rig, id) = not_taken(206).await;
    let secret = rig.secret("Operator 1").await;
    let shown = slot(&rig, 1).await;
    let refused = rig
        .call(
            Who::Operator,
            "plc_slot_decide",
            decision(&shown, "withdraw", &secret),
        )
        .await
        .expect_err("an operator does not decide");
    assert_eq!(refused.code, ErrorCode::NoRight);
    decide(&rig, 1, "withdraw").await;
    steps(&rig, 8).await;
    assert_eq!(peek(&rig, FLAG, 1), [1], "the flag is back");
    assert_eq!(peek(&rig, 7_000, 76), vec![0; 76], "nothing stands there");
    let row = view(&rig, &id).await;
    assert_eq!(row["row"]["word"], "approved");
    assert_eq!(row["row"]["run"], "idle");
    assert_eq!(count(&rig, "download_withdrawn").await, 1);
    steps(&rig, 3).await;
    assert_eq!(slot(&rig, 1).await["standing"], "agrees");

    rig.start_batch(FIRST).await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    assert_eq!(rig.books().batches.len(), 1, "taken once");
}

#[tokio::test]
async fn a_withdrawal_goes_on_after_a_crash_in_its_middle() {
    let (rig, id) = not_taken(207).await;
    decide(&rig, 1, "withdraw").await;
    rig.step().await;
    assert_eq!(peek(&rig, FLAG, 1), [0]);
    let rig = rig.crash_and_restart().await;
    steps(&rig, 8).await;
    assert_eq!(peek(&rig, FLAG, 1), [1]);
    assert_eq!(view(&rig, &id).await["row"]["word"], "approved");
}

#[tokio::test]
async fn an_order_that_the_plc_takes_at_the_last_moment_is_not_withdrawn() {
    let (rig, id) = not_taken(208).await;
    decide(&rig, 1, "withdraw").await;
    // The PLC takes it before the engine looks again.
    poke(&rig, COMMAND, &[0]);
    rig.advance_ms(400);
    rig.finish().await;
    rig.drain().await;
    assert_eq!(view(&rig, &id).await["row"]["word"], "completed");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_decision_counts_for_what_was_seen_only() {
    let (rig, _) = not_taken(209).await;
    let shown = slot(&rig, 1).await;
    let secret = rig.secret("Supervisor 1").await;
    let mut old = decision(&shown, "withdraw", &secret);
    old["version"] = json!(shown["batch"]["version"].as_i64().expect("a version") - 1);
    let refused = rig
        .call(Who::Supervisor, "plc_slot_decide", old)
        .await
        .expect_err("somebody changed it");
    assert_eq!(refused.code, ErrorCode::Changed);
    let refused = rig
        .call(
            Who::Supervisor,
            "plc_slot_decide",
            decision(&shown, "let_go", &secret),
        )
        .await
        .expect_err("no choice here");
    assert_eq!(refused.code, ErrorCode::IllegalTransition);
    let refused = rig
        .call(
            Who::Supervisor,
            "plc_slot_decide",
            decision(&shown, "withdraw", "wrong"),
        )
        .await
        .expect_err("not the own secret");
    assert_eq!(refused.code, ErrorCode::WrongSecret);
    steps(&rig, 4).await;
    assert_eq!(peek(&rig, FLAG, 1), [0], "nothing was done");
}

#[tokio::test]
async fn the_flags_of_a_plant_that_was_never_started_are_set_once_by_signature() {
    let rig = Rig::start(210).await;
    for slot in 0..10 {
        poke(&rig, FLAG + 100 * slot, &[0]);
    }
    steps(&rig, 30).await;
    assert_eq!(plc(&rig).await["never_started"], true);
    let secret = rig.secret("Supervisor 1").await;
    let ask = json!({ "reason": "first start of the plant", "secret": secret });
    rig.ok(Who::Supervisor, "plc_flags_set", ask.clone()).await;
    steps(&rig, 3).await;
    for slot in 0..10 {
        assert_eq!(peek(&rig, FLAG + 100 * slot, 1), [1], "slot {}", slot + 1);
    }
    assert_eq!(count(&rig, "flags_set").await, 1);
    steps(&rig, 12).await;
    assert_eq!(plc(&rig).await["never_started"], false);
    let refused = rig
        .call(Who::Supervisor, "plc_flags_set", ask)
        .await
        .expect_err("it was started");
    assert_eq!(refused.code, ErrorCode::IllegalTransition);
    rig.begin(FIRST).await;
    rig.finish().await;
}

#[tokio::test]
async fn an_empty_slot_with_a_flag_of_zero_is_made_ready_by_signature() {
    let rig = Rig::start(211).await;
    poke(&rig, FLAG + 200, &[0]);
    steps(&rig, 25).await;
    let shown = slot(&rig, 3).await;
    assert_eq!(
        (&shown["shows"], &shown["standing"]),
        (&json!("not_ready"), &json!("differs"))
    );
    assert_eq!(shown["choices"], json!(["make_ready"]));
    decide(&rig, 3, "make_ready").await;
    steps(&rig, 10).await;
    assert_eq!(peek(&rig, FLAG + 200, 1), [1]);
    assert_eq!(slot(&rig, 3).await["standing"], "agrees");
}

#[tokio::test]
async fn two_downloads_of_one_name_are_told_apart_by_their_number() {
    let (rig, _) = started(212, &[FIRST]).await;
    until_dosed(&rig, 20_000).await;
    assert_eq!(peek(&rig, ECHOED_NUMBER, 1), [1], "written and echoed");
    poke(&rig, ECHOED_NUMBER, &[77]);
    steps(&rig, 2).await;
    let shown = slot(&rig, 1).await;
    assert_eq!(shown["shows"], "other");
    let trouble = shown["trouble"].as_str().expect("a sentence");
    assert!(
        trouble.contains("download number 77 instead of 1"),
        "{trouble}"
    );
    poke(&rig, ECHOED_NUMBER, &[1]);
    steps(&rig, 2).await;
    assert_eq!(run(&rig), Some(Run::Running), "it fits again");
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn without_a_number_and_without_system_words_the_job_is_the_same() {
    let map = DEMO_MAP
        .replacen("download_id = 78", "", 1)
        .replacen("heartbeat = 9020", "", 1)
        .replacen("boot_counter = 9021", "", 1);
    let rig = Rig::start_on(
        PlantConfig {
            seed: 213,
            map: Some(map),
            ..PlantConfig::default()
        },
        |_, _| {},
    )
    .await;
    rig.begin(FIRST).await;
    until_dosed(&rig, 20_000).await;
    assert_eq!(peek(&rig, ECHOED_NUMBER, 1), [0]);
    assert!(plc(&rig).await["program"].is_null());
    // What the slots contain still tells.
    reboot(&rig, false);
    steps(&rig, THREE_SECONDS).await;
    assert_eq!(slot(&rig, 1).await["proposal"], "close_with_last");
}

#[tokio::test]
async fn a_slot_may_keep_its_old_values_until_the_next_order_takes_it() {
    let map = DEMO_MAP
        .replacen(
            "slot_free_when = \"ack_cleared\"",
            "slot_free_when = \"taken_by_next\"",
            1,
        )
        .replacen("slots = 10", "slots = 1", 1);
    let rig = Rig::start_on(
        PlantConfig {
            seed: 214,
            map: Some(map),
            ..PlantConfig::default()
        },
        |_, _| {},
    )
    .await;
    rig.begin(FIRST).await;
    rig.finish().await;
    steps(&rig, 6).await;
    rig.approve(SECOND).await;
    rig.start_batch(SECOND).await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn a_batch_without_progress_raises_an_alarm_until_material_falls_again() {
    let (rig, _) = started(215, &[FIRST]).await;
    until_dosed(&rig, 20_000).await;
    // Paused at the panel, which tells us nothing.
    poke(&rig, COMMAND, &[1]);
    rig.advance_ms(100);
    let live = rig
        .until("nothing falls", 260, |live| {
            live.batch
                .as_ref()
                .is_some_and(|b| b.stalled_since_ms.is_some())
        })
        .await;
    let since = live
        .batch
        .as_ref()
        .and_then(|b| b.stalled_since_ms)
        .expect("told");
    assert!(
        (119_000..=125_000).contains(&(live.now_ms - since)),
        "{}",
        live.now_ms - since
    );
    assert_eq!(count(&rig, "batch_stalled").await, 1);
    let overview = rig.ok(Who::Operator, "overview_get", json!({})).await;
    let codes = overview["attention"].as_array().expect("a list").clone();
    assert!(
        codes.iter().any(|a| a["code"] == "batch_stalled"),
        "{codes:#?}"
    );
    poke(&rig, COMMAND, &[2]);
    rig.advance_ms(100);
    rig.until("it moves", 10, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.stalled_since_ms.is_none())
    })
    .await;
    assert_eq!(count(&rig, "batch_moving").await, 1);
    rig.until("it ends", WHOLE_BATCH, |live| live.batch.is_none())
        .await;
}

#[tokio::test]
async fn a_plc_that_answers_and_does_not_run_shows_no_live_value() {
    let (rig, _) = started(216, &[FIRST]).await;
    until_dosed(&rig, 20_000).await;
    for _ in 0..8 {
        rig.clock.advance_ms(500);
        rig.app.cycle().await;
    }
    let live = rig.live();
    assert!(live.plc_standing_still);
    assert_eq!(live.batch.as_ref().map(|b| b.quality), Some(Quality::Stale));
    assert_eq!(plc(&rig).await["program"]["is_standing_still"], true);
    rig.approve(SECOND).await;
    let batch = rig.batch(SECOND).await;
    let refused = rig
        .call(
            Who::Operator,
            "batch_start",
            json!({ "id": batch["row"]["id"], "version": batch["row"]["version"] }),
        )
        .await
        .expect_err("nothing is sent to a PLC that does not run");
    assert_eq!(refused.code, ErrorCode::NotReady);
    steps(&rig, 4).await;
    assert!(!rig.live().plc_standing_still);
    assert_eq!(count(&rig, "plc_program_stopped").await, 1);
    assert_eq!(count(&rig, "plc_program_back").await, 1);
    rig.finish().await;
}

#[tokio::test]
async fn names_longer_than_the_plc_carries_are_told_apart_by_their_number() {
    let rig = Rig::start(217).await;
    let names = ["WAREHOUSE-NORTH/MO/00901", "WAREHOUSE-NORTH/MO/00902"];
    for (name, mass_g) in names.iter().zip([200_000, 300_000]) {
        let order = json!({
            "name": name, "product": "LAYER FEED 16", "quantity_g": 1_000_000,
            "components": [
                { "product": "PKE pellet", "equipment": "silo101", "to_consume_g": 1_000_000 - mass_g },
                { "product": "Corn", "equipment": "silo102", "to_consume_g": mass_g },
            ],
        });
        let order: NewOrder = serde_json::from_value(order).expect("an order");
        rig.plant.erp().add_order(order).expect("a new order");
    }
    rig.ok(Who::Operator, "order_import", json!({})).await;
    for name in names {
        rig.approve(&format!("{name}/1")).await;
        rig.start_batch(&format!("{name}/1")).await;
        steps(&rig, 2).await;
    }
    let books = rig.books();
    let in_plc: Vec<&str> = books
        .batches
        .iter()
        .map(|b| b.order_name.as_str())
        .collect();
    assert_eq!(
        in_plc, ["WAREHOUSE-NORTH/"; 2],
        "both are there under one text"
    );
    rig.until("both are done", 2 * WHOLE_BATCH, |live| {
        live.batch.is_none()
    })
    .await;
    rig.drain().await;
    let erp = rig.erp();
    for (batch, name) in rig.books().batches.iter().zip(names) {
        let held = erp
            .orders
            .iter()
            .find(|o| o.name == name)
            .expect("its order");
        let left: i64 = batch.left.iter().map(|m| m.mass_g.to_plc_step().0).sum();
        let posted: i64 = held.consumption.values().map(|g| g.0).sum();
        assert_eq!(posted, left, "{name}");
    }
}
