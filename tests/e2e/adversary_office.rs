//! What an adversary would do between the books and the office: orders whose names are taken, an ERP
//! that always fails, cancellations that nobody is told of, clocks that jump.

use std::time::Duration;

use millrace_core::batch::run::Run;
use millrace_core::ids::SiloNo;
use millrace_core::recipe::{ControlRecipe, SiloLine};
use millrace_core::silo::Tolerance;
use millrace_core::units::{BasisPoints, Grams};
use millrace_store::table::batch::BatchNew;
use millrace_store::table::erp_order::{OrderPut, Standing};
use millrace_tests::{Rig, Who};
use serde_json::json;

use super::adversary::{FIRST, SECOND, WHOLE_BATCH, started, view};

#[tokio::test]
async fn a_batch_cancelled_in_the_plc_before_its_first_dose_is_cancelled_in_the_erp() {
    let (rig, ids) = started(71, &[FIRST, SECOND]).await;
    rig.until("both are in the PLC", 40, |live| {
        live.queued.first().is_some_and(|b| b.run == Run::Ready)
    })
    .await;
    let secret = rig.secret("Supervisor 1").await;
    rig.ok(
        Who::Supervisor,
        "batch_cancel",
        json!({ "id": ids[1], "version": 0, "reason": "customer withdrew", "secret": secret }),
    )
    .await;
    rig.until("it is out", 60, |live| live.queued.is_empty())
        .await;
    rig.drain().await;
    assert_eq!(view(&rig, &ids[1]).await["row"]["word"], "cancelled");
    let erp = rig.erp();
    let order = erp
        .orders
        .iter()
        .find(|o| o.name == "WH/MO/00103")
        .expect("the order");
    assert_eq!(
        order.cancel_reason.as_deref(),
        Some("customer withdrew"),
        "the ERP waits for it for ever"
    );
    rig.until("the other is done", WHOLE_BATCH, |live| {
        live.batch.is_none()
    })
    .await;
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn an_order_whose_name_is_known_is_refused_and_stops_nobody() {
    let rig = Rig::start(72).await;
    let recipe = ControlRecipe {
        order_name: "WH/MO/00101".into(),
        batch_index: 1,
        product_name: "of another year".into(),
        line_name: "Line 1".into(),
        planned_g: Grams(1_000),
        silo_lines: vec![SiloLine {
            silo: SiloNo(101),
            erp_code: "silo101".into(),
            material: "corn".into(),
            planned_g: Grams(1_000),
            tolerance: Tolerance {
                share: BasisPoints(100),
                floor_g: Grams(100),
            },
        }],
        manual_lines: vec![],
    };
    rig.app
        .store()
        .write(move |tx| {
            let order_id = tx.order_put(&OrderPut {
                erp_instance: "before the ERP was set up anew",
                identity: "id:7",
                name: "WH/MO/00101",
                product: "of another year",
                quantity_kg: "1",
                standing: Standing::Accepted,
                refusal: None,
                content: None,
                due_ms: None,
                at_ms: 1,
            })?;
            tx.batch_add(&BatchNew {
                order_id,
                recipe: &recipe,
                due_ms: None,
                at_ms: 1,
            })
        })
        .await
        .expect("the books take it");
    let report = rig.ok(Who::Operator, "order_import", json!({})).await;
    assert_eq!(report["refused"], 3, "{report}");
    assert!(
        report["new_batches"].as_i64().is_some_and(|n| n > 3),
        "{report}"
    );
    rig.batch(SECOND).await;
}

#[tokio::test]
async fn a_clock_set_back_by_a_day_delays_the_posting_by_minutes_at_most() {
    let (rig, _) = started(73, &[FIRST]).await;
    rig.finish().await;
    rig.erp_faults(json!({ "down": true }));
    for _ in 0..3 {
        rig.app.work_outbox().await.expect("an attempt");
        rig.clock.advance_ms(400_000);
    }
    rig.clock.step_wall_ms(-86_400_000);
    rig.erp_faults(json!({ "down": false }));
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn an_erp_that_fails_on_every_post_is_not_hammered() {
    let (rig, ids) = started(74, &[FIRST]).await;
    rig.finish().await;
    rig.erp_faults(json!({ "scope": "writes", "status_500": 100_000 }));
    for _ in 0..1_200 {
        while rig.app.work_outbox().await.expect("the books take it") {}
        rig.clock.advance_ms(1_000);
    }
    let attempts = view(&rig, &ids[0]).await["posting"]["attempts"]
        .as_i64()
        .expect("a number");
    assert!(
        (3..40).contains(&attempts),
        "{attempts} attempts in twenty minutes"
    );
    rig.erp_faults(json!({ "status_500": 0 }));
    rig.clock.advance_ms(400_000);
    rig.drain().await;
    rig.check_books("WH/MO/00101").await;
}

#[tokio::test]
async fn a_clock_set_back_does_not_lock_people_out_for_longer() {
    let rig = Rig::start(75).await;
    let open = |secret: &str| json!({ "user": "Operator 1", "secret": secret });
    for _ in 0..5 {
        assert!(
            rig.app
                .dispatch("session_open", open("wrong"), None)
                .await
                .is_err()
        );
    }
    let good = rig.secret("Operator 1").await;
    assert!(
        rig.app
            .dispatch("session_open", open(&good), None)
            .await
            .is_err(),
        "locked"
    );
    rig.clock.step_wall_ms(-86_400_000);
    // The next try finds the pause too long for this clock, and begins it anew.
    let still = rig.app.dispatch("session_open", open(&good), None).await;
    assert!(still.is_err(), "a clock set back ends no pause");
    rig.clock
        .advance_ms(i64::try_from(Duration::from_secs(16 * 60).as_millis()).expect("fits"));
    assert!(
        rig.app
            .dispatch("session_open", open(&good), None)
            .await
            .is_ok(),
        "the longest pause is over"
    );
}

#[tokio::test]
async fn a_refusal_for_good_is_waived_by_signature_and_frees_the_orders_later_batches() {
    let rig = Rig::start(79).await;
    rig.ok(Who::Operator, "order_import", json!({})).await;
    let mut ids = Vec::new();
    for label in ["WH/MO/00104/1", "WH/MO/00104/2"] {
        rig.approve(label).await;
        let view = rig.start_batch(label).await;
        ids.push(view["row"]["id"].clone());
        rig.finish().await;
        for _ in 0..10 {
            rig.step().await;
        }
        if ids.len() == 1 {
            // Somebody closes the order in the ERP before the first result arrives there.
            let login = millrace_plant::run::OdooLogin::default();
            let somebody = serde_json::from_value(json!({
                "kind": "odoo_addon", "url": rig.plant.odoo_url(), "database": login.db, "login": login.login, "password": login.password
            }))
            .expect("settings");
            millrace_office::erp::open(&somebody)
                .expect("settings")
                .cancel_order("WH/MO/00104", "closed by hand")
                .await
                .expect("the ERP does it");
            while rig.app.work_outbox().await.expect("the books take it") {}
        }
    }
    while rig.app.work_outbox().await.expect("the books take it") {}
    let list = rig.ok(Who::Operator, "outbox_list", json!({})).await;
    let rows = list["rows"].as_array().expect("rows").clone();
    let refused = rows
        .iter()
        .find(|r| r["batch_label"] == "WH/MO/00104/1")
        .expect("the first");
    assert_eq!(refused["state"], "refused");
    let waive = |secret: String| json!({ "id": refused["id"], "reason": "booked by hand in the ERP", "secret": secret });
    let operator = rig.secret("Operator 1").await;
    assert!(
        rig.call(Who::Operator, "outbox_waive", waive(operator))
            .await
            .is_err(),
        "an operator does not sign that"
    );
    rig.ok(
        Who::Supervisor,
        "outbox_waive",
        waive(rig.secret("Supervisor 1").await),
    )
    .await;
    let first = rig
        .ok(Who::Operator, "batch_get", json!({ "id": ids[0] }))
        .await;
    assert_eq!(first["posting"]["state"], "waived");
    assert!(
        first["signatures"]
            .as_array()
            .expect("some")
            .iter()
            .any(|s| s["meaning"] == "waive")
    );
    assert!(
        rig.app.work_outbox().await.expect("the books take it"),
        "the second is held back no longer"
    );
}
