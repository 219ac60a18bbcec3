//! The whole job while the virtual plant has faults: what the operator sees, and that plant, our
//! books and the ERP agree in the end. Leaves out faults at random points.

use millrace_core::batch::run::Run;
use millrace_plant::FaultSwitch;
use millrace_tests::{Rig, Who};
use serde_json::{Value, json};

const LABEL: &str = "WH/MO/00101/1";
const ORDER: &str = "WH/MO/00101";

fn switch(rig: &Rig, switch: &FaultSwitch) {
    rig.plant.board().set(switch).expect("such a fault");
}

fn strikes(rig: &Rig, key: &str) -> u64 {
    let view = rig.plant.board().view();
    view.faults.iter().find(|f| f.key == key).expect(key).count
}

async fn completed(rig: &Rig, id: &Value) {
    rig.drain().await;
    rig.step().await;
    rig.check_books(ORDER).await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["row"]["word"], "completed", "{view:#}");
}

#[tokio::test]
async fn a_bad_network_changes_no_figure() {
    let rig = Rig::start_with(31, |config| {
        let plc = config.plc.as_mut().expect("the demo has a PLC");
        plc.driver.timeout_ms = 40;
    })
    .await;
    let kinds = [
        "drop",
        "duplicate",
        "reorder",
        "truncate",
        "garble_header",
        "foreign",
    ];
    for key in kinds {
        let set = json!({ "key": key, "is_on": true, "value": 20 });
        rig.ok(Who::Supervisor, "training_set", set).await;
    }
    let id = rig.begin(LABEL).await;
    rig.finish().await;
    let view = rig.ok(Who::Supervisor, "training_clear", json!({})).await;
    let mut faults = view["faults"].as_array().expect("a list").iter();
    assert!(faults.all(|fault| fault["is_on"] == false), "{view:#}");
    completed(&rig, &id).await;
    assert!(kinds.iter().map(|key| strikes(&rig, key)).sum::<u64>() > 20);
}

#[tokio::test]
async fn a_shifted_silo_id_is_an_alarm_and_the_batch_goes_on_when_it_is_mended() {
    let rig = Rig::start(32).await;
    let id = rig.begin(LABEL).await;
    rig.until("the batch runs", 40, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
    })
    .await;
    switch(&rig, &FaultSwitch::on("shifted_silo_id").at(1));
    for _ in 0..20 {
        rig.step().await;
    }
    let dosed = rig.live().batch.as_ref().expect("in the PLC").dosed_g;
    for _ in 0..20 {
        rig.step().await;
    }
    let later = rig.live().batch.as_ref().expect("in the PLC").dosed_g;
    assert_eq!(dosed, later, "a refused block changes nothing");
    switch(&rig, &FaultSwitch::off("shifted_silo_id"));
    rig.finish().await;
    completed(&rig, &id).await;
}

#[tokio::test]
async fn a_stuck_handshake_waits_and_goes_on_when_it_is_released() {
    let rig = Rig::start(33).await;
    switch(&rig, &FaultSwitch::on("stuck_flag").at(1));
    let id = rig.begin(LABEL).await;
    for _ in 0..20 {
        rig.step().await;
    }
    assert_eq!(strikes(&rig, "stuck_flag"), 1, "it was offered");
    assert!(rig.books().batches.is_empty(), "and not taken");
    switch(&rig, &FaultSwitch::off("stuck_flag"));
    switch(&rig, &FaultSwitch::on("stuck_ack").at(1));
    rig.until("the result is acknowledged", 2_000, |_| {
        strikes(&rig, "stuck_ack") == 1
    })
    .await;
    assert!(!rig.books().batches[0].freed);
    switch(&rig, &FaultSwitch::off("stuck_ack"));
    rig.finish().await;
    completed(&rig, &id).await;
}

#[tokio::test]
async fn a_drifting_scale_books_what_the_plc_counted() {
    let rig = Rig::start(34).await;
    switch(&rig, &FaultSwitch::on("scale_drift").with(30));
    let id = rig.begin(LABEL).await;
    rig.finish().await;
    completed(&rig, &id).await;
    let books = rig.books();
    let batch = &books.batches[0];
    let (counted, truly) = (batch.left_total().0, batch.truly_left_total().0);
    assert!(
        counted * 100 > truly * 102,
        "{counted} g counted, {truly} g left"
    );
}
