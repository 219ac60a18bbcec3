//! Equipment failures and manual weighings over the addon's routes.

use millrace_core::erp::{FailurePost, MaterialPost};
use millrace_core::units::Grams;
use serde_json::{Value, json};

use crate::erp::ErpError;
use crate::erp::conformance::connect;
use crate::erp::scripted::{Scripted, Step};

const KIND: &str = "odoo_addon";

fn login() -> Step {
    let recorded = include_str!("../../../../../../tests/fixtures/odoo/login_ok.json");
    Step::JsonWithSession(recorded.to_owned(), "6f1c0a")
}

fn answer(result: Value) -> Step {
    Step::Json(json!({"jsonrpc": "2.0", "id": null, "result": result}).to_string())
}

fn failure() -> FailurePost {
    FailurePost {
        key: "demo:equipment_failure:1:00:1".to_owned(),
        equipment_code: "silo 101".to_owned(),
        description: "MOTOR_FAILURE".to_owned(),
        date_utc: "2026-11-22 01:30:00".to_owned(),
    }
}

fn row(code: &str, description: &str, date: &str) -> Value {
    json!({"id": 5, "equipment_id": 3, "equipment_code": code, "equipment_name": "SILO A", "description": description,
           "date": date, "duration": false, "duration_minutes": 0})
}

fn material() -> MaterialPost {
    MaterialPost {
        key: "demo:1:1:material-1:1".to_owned(),
        order_name: "WH/MO/00102".to_owned(),
        equipment_code: "PLC01".to_owned(),
        product_id: 997,
        material: "CaCO3".to_owned(),
        consumed_g: Grams(12_040),
        at_utc: "2026-11-22 01:30:00".to_owned(),
    }
}

#[tokio::test]
async fn a_failure_is_sent_with_a_naive_utc_date_and_nothing_else() {
    let made = row("silo 101", "MOTOR_FAILURE", "2026-11-22 01:30:00");
    let peer = Scripted::start(vec![
        login(),
        answer(json!({"status": "success", "message": "recorded", "data": made})),
    ])
    .await;
    connect(KIND, &peer.url)
        .report_failure(&failure())
        .await
        .expect("recorded");
    let sent = &peer.seen()[1];
    assert_eq!(
        (sent.method.as_str(), sent.path.as_str()),
        ("POST", "/api/scada/equipment-failure")
    );
    assert_eq!(
        sent.body["params"],
        json!({"equipment_code": "silo 101", "description": "MOTOR_FAILURE", "date": "2026-11-22 01:30:00"})
    );
}

#[tokio::test]
async fn an_answer_about_another_failure_is_no_answer() {
    let other = row("silo 101", "SENSOR_ERROR", "2026-11-22 01:30:00");
    let peer = Scripted::start(vec![
        login(),
        answer(json!({"status": "success", "data": other})),
    ])
    .await;
    let error = connect(KIND, &peer.url)
        .report_failure(&failure())
        .await
        .expect_err("not ours");
    assert!(error.outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn an_unknown_equipment_code_is_a_refusal() {
    let words = "Equipment \"silo 101\" not found";
    let peer = Scripted::start(vec![
        login(),
        answer(json!({"status": "error", "message": words})),
    ])
    .await;
    let error = connect(KIND, &peer.url)
        .report_failure(&failure())
        .await
        .expect_err("unknown");
    assert_eq!(
        error,
        ErpError::Refused {
            message: words.to_owned()
        }
    );
}

#[tokio::test]
async fn equal_records_are_counted_over_all_pages() {
    let page =
        |rows: Vec<Value>| answer(json!({"status": "success", "count": rows.len(), "data": rows}));
    let peer = Scripted::start(vec![
        login(),
        page(vec![
            row("silo 101", "MOTOR_FAILURE", "2026-11-22T01:30:00"),
            row("silo 101", "MOTOR_FAILURE", "2026-11-22 01:30:01"),
        ]),
        page(vec![
            row("silo 101", "MOTOR_FAILURE", "2026-11-22 01:30:00"),
            row("silo 101", "SENSOR_ERROR", "2026-11-22 01:30:00"),
        ]),
        page(vec![]),
    ])
    .await;
    let count = connect(KIND, &peer.url)
        .failures_like(&failure())
        .await
        .expect("a list");
    assert_eq!(count, 2);
    let seen = peer.seen();
    let asked: Vec<(&str, &str)> = seen[1..]
        .iter()
        .map(|seen| (seen.method.as_str(), seen.path.as_str()))
        .collect();
    let path = |offset: u32| {
        format!("/api/scada/equipment-failure?equipment_code=silo+101&limit=200&offset={offset}")
    };
    assert_eq!(
        asked,
        [
            ("GET", path(0).as_str()),
            ("GET", path(2).as_str()),
            ("GET", path(4).as_str())
        ]
    );
    assert_eq!(seen[1].content_type.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn a_weighing_replaces_and_names_its_product() {
    let peer = Scripted::start(vec![
        login(),
        answer(json!({"status": "success", "mo_id": "WH/MO/00102", "mo_state": "progress", "applied_qty": 12.04,
                      "move_ids": [8], "update_mode": "replace", "can_update_again": true})),
    ])
    .await;
    let held = connect(KIND, &peer.url)
        .post_material(&material())
        .await
        .expect("booked");
    assert_eq!(held, Grams(12_040));
    let sent = &peer.seen()[1];
    assert_eq!(sent.path, "/api/scada/material-consumption");
    assert_eq!(
        sent.body["params"],
        json!({"mo_id": "WH/MO/00102", "equipment_id": "PLC01", "product_id": 997, "quantity": 12.04,
               "timestamp": "2026-11-22 01:30:00", "update_mode": "replace"})
    );
}

#[tokio::test]
async fn an_answer_that_added_is_no_proof() {
    for (order, mode) in [("WH/MO/00102", "add"), ("WH/MO/00103", "replace")] {
        let peer = Scripted::start(vec![
            login(),
            answer(json!({"status": "success", "mo_id": order, "applied_qty": 12.04, "update_mode": mode})),
        ])
        .await;
        let error = connect(KIND, &peer.url)
            .post_material(&material())
            .await
            .expect_err("not what was asked for");
        assert!(error.outcome_unknown(), "{error:?}");
    }
}

#[tokio::test]
async fn what_the_addon_trips_over_is_never_sent() {
    let peer = Scripted::start(vec![]).await;
    let erp = connect(KIND, &peer.url);
    let zoned = FailurePost {
        date_utc: "2026-11-22T01:30:00Z".to_owned(),
        ..failure()
    };
    let nameless = FailurePost {
        equipment_code: " ".to_owned(),
        ..failure()
    };
    for post in [zoned, nameless] {
        let error = erp.report_failure(&post).await.expect_err("not sendable");
        assert!(matches!(error, ErpError::Unsendable { .. }), "{error:?}");
    }
    let zoned = MaterialPost {
        at_utc: "2026-11-22 01:30:00Z".to_owned(),
        ..material()
    };
    let nothing = MaterialPost {
        consumed_g: Grams::ZERO,
        ..material()
    };
    for post in [zoned, nothing] {
        let error = erp.post_material(&post).await.expect_err("not sendable");
        assert!(matches!(error, ErpError::Unsendable { .. }), "{error:?}");
    }
    assert!(peer.seen().is_empty());
}
