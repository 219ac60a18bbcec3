//! Bad days: restarts at any point, an ERP that loses answers, a PLC that falls silent, wrong orders.

use millrace_app::commands::live::LinkStateView;
use millrace_app::commands::view::Quality;
use millrace_core::batch::run::Run;
use millrace_tests::{Rig, Who};
use serde_json::json;

#[tokio::test]
async fn wrong_orders_are_refused_with_the_reason_and_stop_nobody() {
    let rig = Rig::start(30).await;
    let report = rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(report["refused"], 2, "{report}");
    assert_eq!(report["new_batches"], 7, "{report}");
    let list = rig.ok(Who::Operator, "order_list", json!({})).await;
    let refused: Vec<_> = list["orders"]
        .as_array()
        .expect("orders")
        .iter()
        .filter(|o| o["standing"] == "refused")
        .collect();
    assert!(refused.iter().any(|o| {
        o["refusal"]["code"] == "unknown_code"
            && o["refusal_text"]
                .as_str()
                .is_some_and(|t| t.contains("silo999"))
    }));
    assert!(
        refused
            .iter()
            .any(|o| o["refusal"]["code"] == "not_positive")
    );
    let again = rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(
        (&again["new_batches"], &again["known"], &again["refused"]),
        (&json!(0), &json!(6), &json!(2)),
        "idempotent"
    );
}

#[tokio::test]
async fn intake_fills_free_room_in_the_erps_order() {
    let rig = Rig::start_with(31, |config| config.intake.open_batches_max = 2).await;
    let report = rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(report["new_batches"], 2, "{report}");
    assert!(report["deferred"].as_i64().is_some_and(|n| n > 0));
    let batch = rig.batch("WH/MO/00101/1").await;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "batch_reject",
        json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "not needed", "secret": secret }),
    )
    .await;
    let report = rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(report["new_batches"], 1, "one place became free: {report}");
}

#[tokio::test]
async fn a_restart_at_every_tenth_step_changes_nothing() {
    let mut rig = Rig::start(32).await;
    rig.begin("WH/MO/00101/1").await;
    let mut steps = 0;
    while rig.live().batch.is_some() || steps == 0 {
        rig.step().await;
        steps += 1;
        if steps % 10 == 3 {
            rig = rig.crash_and_restart().await;
        }
        assert!(steps < 2_000, "the batch never ended: {:#?}", rig.live());
    }
    rig = rig.crash_and_restart().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    let writes = rig.books().writes;
    assert!(
        writes.iter().all(|w| w.flag <= 1),
        "the recipe was offered once: {writes:?}"
    );
}

#[tokio::test]
async fn a_lost_answer_is_read_back_before_anything_is_repeated() {
    let rig = Rig::start(33).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.erp_faults(json!({ "drop_after_commit": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    let doubt = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(
        doubt["posting"]["state"], "in_doubt",
        "{:#}",
        doubt["posting"]
    );
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    let posted = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    assert_eq!(posted["posting"]["state"], "posted");
}

#[tokio::test]
async fn an_erp_that_is_away_delays_the_posting_and_nothing_else() {
    let rig = Rig::start(34).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    rig.erp_faults(json!({ "down": true }));
    rig.approve("WH/MO/00101/1").await;
    rig.start_batch("WH/MO/00101/1").await;
    rig.finish().await;
    for _ in 0..5 {
        rig.app.work_outbox().await.expect("an attempt");
        rig.clock.advance_ms(10_000);
    }
    rig.step().await;
    let live = rig.live();
    assert_eq!(live.erp.state, LinkStateView::Lost);
    assert_eq!(live.outbox.waiting + live.outbox.in_doubt, 1);
    assert!(
        rig.call(Who::Operator, "order_import", json!({}))
            .await
            .is_err(),
        "only intake and posting wait"
    );
    rig.erp_faults(json!({ "down": false }));
    rig.clock.advance_ms(600_000);
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn the_erp_speaking_html_or_500_is_no_refusal() {
    let rig = Rig::start(35).await;
    rig.begin("WH/MO/00101/1").await;
    rig.finish().await;
    rig.erp_faults(
        json!({ "status_500": 3, "html": 2, "drop_before": 2, "expire_sessions": true }),
    );
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn values_become_stale_when_nothing_arrives() {
    let rig = Rig::start(36).await;
    rig.begin("WH/MO/00101/1").await;
    let live = rig
        .until("it runs", 60, |live| {
            live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
        })
        .await;
    assert_eq!(live.batch.as_ref().map(|b| b.quality), Some(Quality::Good));
    rig.clock.advance_ms(760);
    rig.ok(Who::Operator, "live_get", json!({})).await;
    assert_eq!(
        rig.live().batch.as_ref().map(|b| b.quality),
        Some(Quality::Stale),
        "two periods and 250 ms"
    );
    assert_eq!(
        rig.live().batch.as_ref().and_then(|b| b.eta_ms),
        None,
        "no estimate from old values"
    );
    rig.step().await;
    assert_eq!(
        rig.live().batch.as_ref().map(|b| b.quality),
        Some(Quality::Good)
    );
}

#[tokio::test]
async fn a_block_with_a_wrong_silo_id_changes_nothing_until_it_heals() {
    let rig = Rig::start(37).await;
    rig.begin("WH/MO/00101/1").await;
    let live = rig
        .until("it runs", 60, |live| {
            live.batch
                .as_ref()
                .is_some_and(|b| b.dosed_g > Some(10_000))
        })
        .await;
    let slot = live.batch.as_ref().expect("a batch").slot;
    let dosed = live.batch.as_ref().and_then(|b| b.dosed_g);
    let id_word = 6000 + 100 * (slot.0 - 1) + 27;
    rig.plant.with_plant(|plant| {
        plant
            .write_words(id_word, &[109])
            .expect("within the memory")
    });
    rig.step().await;
    let bad = rig.live();
    let batch = bad.batch.as_ref().expect("still there");
    assert_eq!(batch.quality, Quality::Bad);
    assert!(
        batch
            .trouble
            .as_ref()
            .is_some_and(|t| t.contains(&format!("D{id_word}"))),
        "{:?}",
        batch.trouble
    );
    assert_eq!(batch.dosed_g, dosed, "a refused block changes nothing");
    rig.plant.with_plant(|plant| {
        plant
            .write_words(id_word, &[101])
            .expect("within the memory")
    });
    rig.step().await;
    assert_eq!(
        rig.live().batch.as_ref().map(|b| b.quality),
        Some(Quality::Good)
    );
    rig.finish().await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_plc_without_memory_after_a_reboot_holds_the_batch_for_a_person() {
    let rig = Rig::start(38).await;
    rig.begin("WH/MO/00101/1").await;
    rig.until("it runs", 60, |live| {
        live.batch
            .as_ref()
            .is_some_and(|b| b.dosed_g > Some(10_000))
    })
    .await;
    rig.plant
        .with_plant(|plant| plant.reboot(false))
        .expect("it reboots");
    rig.step().await;
    let live = rig.live();
    let batch = live.batch.as_ref().expect("the batch is not forgotten");
    assert_eq!(batch.run, Run::Held);
    assert_eq!(batch.quality, Quality::Bad);
    for _ in 0..20 {
        rig.step().await;
    }
    assert!(
        rig.books().writes.iter().all(|w| w.flag <= 1),
        "nothing is downloaded again by itself"
    );
}

#[tokio::test]
async fn a_wall_clock_that_jumps_spoils_neither_order_nor_durations() {
    let rig = Rig::start(39).await;
    let id = rig.begin("WH/MO/00101/1").await;
    rig.until("it runs", 60, |live| {
        live.batch.as_ref().is_some_and(|b| b.run == Run::Running)
    })
    .await;
    rig.clock.step_wall_ms(-3_600_000);
    rig.step().await;
    assert_eq!(
        rig.live().batch.as_ref().map(|b| b.quality),
        Some(Quality::Good)
    );
    rig.finish().await;
    rig.clock.step_wall_ms(3_600_000);
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
    let view = rig
        .ok(Who::Operator, "batch_get", json!({ "id": id }))
        .await;
    let seqs: Vec<i64> = view["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|e| e["seq"].as_i64())
        .collect();
    assert!(
        seqs.windows(2).all(|pair| pair[0] > pair[1]),
        "newest first by sequence"
    );
}
