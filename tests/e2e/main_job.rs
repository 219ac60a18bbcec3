//! The main job: from the ERP's order to the ERP's books, and what people do to a batch on the way.

use millrace_core::batch::run::Run;
use millrace_field::plc::DriverConfig;
use millrace_plant::PlantConfig;
use millrace_tests::{Rig, WHOLE_BATCH, Who};
use serde_json::json;

async fn imported(seed: u64) -> Rig {
    let rig = Rig::start(seed).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig
}

#[tokio::test]
async fn from_the_order_to_the_erps_books() {
    let rig = imported(1).await;
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    assert!(
        queue["pending"].as_i64().is_some_and(|n| n >= 5),
        "{queue:#}"
    );

    let approved = rig.approve("WH/MO/00101/1").await;
    assert_eq!(approved["row"]["word"], "approved");
    assert_eq!(approved["signatures"][0]["person"], "Supervisor 1");
    assert_eq!(approved["signatures"][0]["valid"], true);

    let started = rig.start_batch("WH/MO/00101/1").await;
    assert_eq!(started["row"]["run"], "downloading");
    let id = started["row"]["id"].clone();

    rig.until("the batch runs", 40, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
    })
    .await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    for step in view["steps"].as_array().expect("steps") {
        assert!(
            step["at_ms"].is_i64(),
            "every step of the download is committed: {view:#}"
        );
    }
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books("WH/MO/00101").await;

    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["row"]["word"], "completed");
    assert_eq!(view["posting"]["state"], "posted");
    assert_eq!(
        view["posting"]["erp_finished_g"],
        view["posting"]["our_finished_g"]
    );
    let books = rig.books();
    let batch = &books.batches[0];
    let ours: i64 = view["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|l| l["actual_g"].as_i64())
        .sum();
    let left: i64 = batch.left.iter().map(|m| m.mass_g.to_plc_step().0).sum();
    assert_eq!(ours, left, "our books hold what left the silos");

    let page = rig
        .ok(Who::Operator, "history_list", json!({ "limit": 10 }))
        .await;
    assert_eq!(page["rows"][0]["label"], "WH/MO/00101/1");
    assert_eq!(page["rows"][0]["approved_by"], "Supervisor 1");
    let chart = rig
        .ok(
            Who::Operator,
            "batch_chart",
            json!({ "id": id, "theme": "day" }),
        )
        .await;
    assert!(
        chart["svg"]
            .as_str()
            .is_some_and(|svg| svg.starts_with("<svg"))
    );
    let trend = rig
        .ok(Who::Operator, "batch_trend", json!({ "id": id }))
        .await;
    assert_eq!(
        trend["dosed_g"]
            .as_array()
            .expect("samples")
            .last()
            .expect("one")
            .as_i64(),
        Some(ours)
    );
}

fn loopback() -> std::net::SocketAddr {
    std::net::SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn a_whole_batch(rig: &Rig) {
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.drain().await;
    rig.step().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn the_same_job_over_fins_tcp() {
    let plant = PlantConfig {
        seed: 11,
        fins_tcp: Some(loopback()),
        ..PlantConfig::default()
    };
    let rig = Rig::start_on(plant, |config, plant| {
        let plc = config.plc.as_mut().expect("the demo has a PLC");
        plc.driver = DriverConfig::fins_tcp(plant.fins_tcp().expect("it listens"));
    })
    .await;
    a_whole_batch(&rig).await;
}

#[tokio::test]
async fn the_same_job_over_modbus_tcp() {
    let plant = PlantConfig {
        seed: 12,
        modbus: Some(loopback()),
        ..PlantConfig::default()
    };
    let rig = Rig::start_on(plant, |config, plant| {
        let plc = config.plc.as_mut().expect("the demo has a PLC");
        plc.driver = DriverConfig::modbus_tcp(plant.modbus().expect("it listens"));
    })
    .await;
    a_whole_batch(&rig).await;
}

#[tokio::test]
async fn the_ledger_closes_after_a_batch() {
    let rig = imported(2).await;
    let before = rig.ok(Who::Operator, "silo_list", json!({})).await;
    rig.approve("WH/MO/00101/1").await;
    rig.start_batch("WH/MO/00101/1").await;
    rig.finish().await;
    let after = rig.ok(Who::Operator, "silo_list", json!({})).await;
    for mass in &rig.books().batches[0].left {
        let level = |list: &serde_json::Value| {
            list["silos"]
                .as_array()
                .expect("silos")
                .iter()
                .find(|s| s["silo"] == mass.silo.0)
                .expect("the silo")["level_g"]
                .as_i64()
                .expect("a level")
        };
        assert_eq!(
            level(&before) - level(&after),
            mass.mass_g.to_plc_step().0,
            "silo {}",
            mass.silo
        );
    }
}

#[tokio::test]
async fn an_order_larger_than_the_line_becomes_batches_that_post_their_running_total() {
    let rig = imported(3).await;
    for label in ["WH/MO/00104/1", "WH/MO/00104/2"] {
        rig.approve(label).await;
        rig.start_batch(label).await;
        rig.finish().await;
        // The slot must be free before the order's next batch may follow.
        for _ in 0..10 {
            rig.step().await;
        }
        rig.drain().await;
    }
    rig.check_books("WH/MO/00104").await;
}

#[tokio::test]
async fn two_batches_of_one_order_are_never_in_the_plc_together() {
    let rig = imported(4).await;
    rig.approve("WH/MO/00104/1").await;
    rig.approve("WH/MO/00104/2").await;
    rig.start_batch("WH/MO/00104/1").await;
    let second = rig.batch("WH/MO/00104/2").await;
    let refused = rig
        .call(
            Who::Operator,
            "batch_start",
            json!({ "id": second["row"]["id"], "version": second["row"]["version"] }),
        )
        .await
        .expect_err("the PLC knows them by the order's name");
    assert!(refused.message.contains("WH/MO/00104/1"), "{refused}");
}

#[tokio::test]
async fn several_batches_queue_in_the_plc_and_dose_one_after_another() {
    let rig = imported(5).await;
    for label in ["WH/MO/00101/1", "WH/MO/00103/1"] {
        rig.approve(label).await;
        rig.start_batch(label).await;
        rig.step().await;
    }
    let live = rig
        .until("both are in the PLC", 40, |live| {
            live.queued.len() == 1 && live.batch.is_some()
        })
        .await;
    assert_ne!(
        live.batch.as_ref().map(|b| b.slot),
        live.queued.first().map(|b| b.slot)
    );
    rig.until("both are done", WHOLE_BATCH, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn pause_and_resume_are_confirmed_by_the_plc() {
    let rig = imported(6).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it runs", 60, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.run == Run::Running && b.dosed_g > Some(20_000))
    })
    .await;
    rig.ok(
        Who::Operator,
        "batch_pause",
        json!({ "id": id, "version": 0, "reason": "mixer door open" }),
    )
    .await;
    let paused = rig
        .until("it is paused", 20, |live| {
            live.batch.as_ref().is_some_and(|b| b.run == Run::Paused)
        })
        .await;
    for _ in 0..30 {
        rig.step().await;
    }
    let later = rig.live();
    let dosed = |live: &millrace_app::commands::live::LiveView| {
        live.batch
            .as_ref()
            .and_then(|b| b.dosed_g)
            .unwrap_or_default()
    };
    assert!(
        dosed(&later) - dosed(&paused) < 50_000,
        "only what was in the air fell"
    );
    let at_rest = dosed(&later);
    for _ in 0..10 {
        rig.step().await;
    }
    assert_eq!(
        dosed(&rig.live()),
        at_rest,
        "nothing falls while it is paused"
    );
    rig.ok(
        Who::Operator,
        "batch_resume",
        json!({ "id": id, "version": 0 }),
    )
    .await;
    rig.until("it runs again", 20, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
    })
    .await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_stop_keeps_and_posts_what_was_dosed() {
    let rig = imported(7).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it runs", 60, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.dosed_g > Some(50_000))
    })
    .await;
    let secret = rig.secret("Operator 1").await;
    rig.ok(
        Who::Operator,
        "batch_stop",
        json!({ "id": id, "version": 0, "reason": "wrong material in the silo", "secret": secret }),
    )
    .await;
    rig.until("it is stopped", 60, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["row"]["word"], "stopped");
    assert_eq!(view["posting"]["state"], "posted");
    assert_eq!(view["signatures"].as_array().expect("signatures").len(), 2);
    rig.check_books("WH/MO/00101").await;
    // The slot's next batch must not inherit the stop.
    for _ in 0..10 {
        rig.step().await;
    }
    rig.approve("WH/MO/00103/1").await;
    rig.start_batch("WH/MO/00103/1").await;
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00103").await;
}

#[tokio::test]
async fn cancel_before_the_download_cancels_in_the_erp_and_the_order_does_not_come_back() {
    let rig = imported(8).await;
    let batch = rig.batch("WH/MO/00103/1").await;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "batch_cancel",
        json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "customer withdrew", "secret": secret }),
    )
    .await;
    rig.drain().await;
    let erp = rig.erp();
    let order = erp
        .orders
        .iter()
        .find(|o| o.name == "WH/MO/00103")
        .expect("the order");
    assert_eq!(order.cancel_reason.as_deref(), Some("customer withdrew"));
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let queue = rig.ok(Who::Operator, "batch_list", json!({})).await;
    assert!(
        !queue.to_string().contains("WH/MO/00103/1"),
        "a cancelled order comes back"
    );
}

#[tokio::test]
async fn cancel_while_it_runs_stops_first_and_posts_what_was_used() {
    let rig = imported(9).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it runs", 60, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.dosed_g > Some(30_000))
    })
    .await;
    let request = |secret: String| json!({ "id": id, "version": 0, "reason": "recipe was wrong", "secret": secret });
    let refused = rig
        .call(
            Who::Operator,
            "batch_cancel",
            request(rig.secret("Operator 1").await),
        )
        .await;
    assert!(refused.is_err(), "an operator cancels only before the run");
    rig.ok(
        Who::Supervisor,
        "batch_cancel",
        request(rig.secret("Supervisor 1").await),
    )
    .await;
    rig.until("it is stopped", 60, |live| live.batch.is_none())
        .await;
    rig.drain().await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["row"]["word"], "cancelled");
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_manual_line_is_entered_once_and_signed() {
    let rig = imported(10).await;
    let id = rig.begin("WH/MO/00102/1").await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(view["manual_lines"][0]["material"], "CaCO3");
    let secret = rig.secret("Operator 1").await;
    let request = |weight: i64| json!({ "id": id, "version": 0, "line_no": 1, "weight_g": weight, "secret": secret });
    assert!(
        rig.call(Who::Operator, "manual_line_enter", request(12_005))
            .await
            .is_err(),
        "not a step of 10 g"
    );
    assert!(
        rig.call(Who::Operator, "manual_line_enter", request(1_200_000))
            .await
            .is_err(),
        "a hundred times too much"
    );
    let view = rig
        .ok(Who::Operator, "manual_line_enter", request(12_040))
        .await;
    assert_eq!(view["manual_lines"][0]["actual_g"], 12_040);
    assert_eq!(view["manual_lines"][0]["entered_by"], "Operator 1");
    assert!(
        rig.call(Who::Operator, "manual_line_enter", request(11_000))
            .await
            .is_err(),
        "entered already"
    );
}
