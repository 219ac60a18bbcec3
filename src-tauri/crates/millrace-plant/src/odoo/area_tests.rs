//! The routes for equipment failures and manual material, traps included. Leaves out sockets and
//! faults (`tests.rs`).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::route::{Route, answer_to};
use super::{OdooConfig, VirtualOdoo};

fn call(odoo: &Arc<VirtualOdoo>, route: Route, params: Value) -> Value {
    let login =
        json!({"params": {"db": "plant", "login": "middleware", "password": "a test secret"}});
    let session = answer_to(odoo, Route::Login, None, &object(login))
        .expect("no state file")
        .session;
    let body = object(json!({"jsonrpc": "2.0", "id": 2, "params": params}));
    let answer = answer_to(odoo, route, session.as_deref(), &body).expect("no state file");
    answer.body["result"].clone()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn open() -> Arc<VirtualOdoo> {
    VirtualOdoo::open(OdooConfig {
        db: "plant".to_owned(),
        login: "middleware".to_owned(),
        password: "a test secret".to_owned(),
        api_key: None,
        version: super::OdooVersion::default(),
        state_file: None,
    })
    .expect("the demo orders are right")
}

#[test]
fn each_report_makes_a_record_and_the_list_pages_through_them() {
    let odoo = open();
    let report = json!({"equipment_code": "silo101", "description": "MOTOR_FAILURE", "date": "2026-11-22 01:30:00"});
    for _ in 0..3 {
        assert_eq!(
            call(&odoo, Route::Failure, report.clone())["status"],
            "success"
        );
    }
    let other = json!({"equipment_code": "silo102", "description": "SENSOR_ERROR"});
    call(&odoo, Route::Failure, other);
    let asked = json!({"equipment_code": "silo101", "limit": "2", "offset": "0"});
    let page = call(&odoo, Route::FailureList, asked);
    assert_eq!(page["count"], 2, "{page:#}");
    assert_eq!(page["data"][0]["date"], "2026-11-22 01:30:00");
    let asked = json!({"equipment_code": "silo101", "limit": "2", "offset": "2"});
    assert_eq!(call(&odoo, Route::FailureList, asked)["count"], 1);
    let unknown = call(
        &odoo,
        Route::Failure,
        json!({"equipment_code": "silo999", "description": "X"}),
    );
    assert_eq!(unknown["message"], "Equipment \"silo999\" not found");
}

#[test]
fn manual_material_adds_unless_it_is_told_to_replace() {
    let odoo = open();
    let detail = call(&odoo, Route::Detail, json!({"mo_id": "WH/MO/00102"}));
    let lines = detail["data"]["components_consumption"]
        .as_array()
        .expect("components")
        .clone();
    let line = lines
        .iter()
        .find(|line| line["product_name"] == "CaCO3")
        .expect("the manual line");
    let product = line["product_id"].as_i64().expect("a number");
    assert!(
        (1..=32_767).contains(&product),
        "{product} fits a PLC's word"
    );
    let post = |quantity: f64, mode: Option<&str>, time: &str| {
        let mut params = json!({"mo_id": "WH/MO/00102", "equipment_id": "PLC01", "product_id": product,
            "quantity": quantity, "timestamp": time});
        if let Some(mode) = mode {
            params["update_mode"] = json!(mode);
        }
        call(&odoo, Route::Material, params)
    };
    let time = "2026-11-22 01:30:00";
    for _ in 0..2 {
        assert_eq!(post(12.04, Some("replace"), time)["applied_qty"], 12.04);
    }
    assert_eq!(post(1.0, None, time)["applied_qty"], 13.04, "the trap");
    assert_eq!(post(0.0, Some("replace"), time)["status"], "error");
    assert_eq!(
        post(1.0, Some("replace"), "2026-11-22 01:30:00Z")["status"],
        "error"
    );
    let held = odoo.view();
    let order = held
        .orders
        .iter()
        .find(|order| order.name == "WH/MO/00102")
        .expect("the order");
    assert_eq!(order.consumption["PLC01"].0, 13_040);
}
