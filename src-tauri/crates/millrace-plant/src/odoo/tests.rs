//! The virtual ERP against the addon's recorded behaviour, and its faults over a real socket.

use std::sync::Arc;

use millrace_core::units::Grams;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::route::{Route, answer_to};
use super::{
    FaultChange, OdooBook, OdooConfig, OdooError, OdooVersion, OrderState, VirtualOdoo,
    demo_orders, serve,
};

fn config() -> OdooConfig {
    OdooConfig {
        db: "plant".to_owned(),
        login: "middleware".to_owned(),
        password: "a test secret".to_owned(),
        state_file: None,
        version: OdooVersion::default(),
        api_key: None,
    }
}

/// A virtual ERP and a session in it.
fn open() -> (Arc<VirtualOdoo>, String) {
    let odoo = VirtualOdoo::open(config()).expect("the demo orders are right");
    let session = log_in(&odoo, Route::Login)
        .1
        .expect("the password is right");
    (odoo, session)
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn log_in(odoo: &VirtualOdoo, route: Route) -> (Value, Option<String>) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "params":
        {"db": "plant", "login": "middleware", "password": "a test secret"}});
    let answer = answer_to(odoo, route, None, &object(body)).expect("no state file");
    (answer.body, answer.session)
}

fn call(odoo: &VirtualOdoo, session: &str, route: Route, params: Value) -> Value {
    let body = object(json!({"jsonrpc": "2.0", "id": 2, "params": params}));
    let answer = answer_to(odoo, route, Some(session), &body).expect("no state file");
    answer.body
}

fn update(odoo: &VirtualOdoo, session: &str, params: Value) -> Value {
    call(odoo, session, Route::Update, params)["result"].clone()
}

const FIRST: &str = "WH/MO/00101";

#[test]
fn the_demo_orders_keep_the_plants_limits_but_for_the_two_wrong_ones() {
    let orders = demo_orders().expect("the file parses");
    assert_eq!(orders.len(), 8);
    for order in &orders {
        assert!(
            order.name.len() <= 16,
            "{}: the PLC's text field",
            order.name
        );
        let sum: i64 = order
            .components
            .iter()
            .map(|line| line.to_consume_g.0)
            .sum();
        assert_eq!(sum, 1_000_000, "{}: lines are per 1,000 kg", order.name);
        let batches = (order.quantity_g.0 + 2_999_999) / 3_000_000;
        let mut seen = std::collections::BTreeSet::new();
        for line in &order.components {
            let code = line.equipment.clone().unwrap_or_default();
            assert!(seen.insert(code.clone()), "{}: {code} twice", order.name);
            let dose = line.to_consume_g.0 * (order.quantity_g.0 / 1_000_000) / batches;
            let max = if code.starts_with("lq") {
                500_000
            } else {
                1_500_000
            };
            assert!(dose <= max, "{}: {code} {dose} g", order.name);
            assert_eq!(dose % 10, 0, "{}: {code} in the PLC's step", order.name);
        }
    }
    let wrong: Vec<&str> = orders
        .iter()
        .filter(|order| {
            order.components.iter().any(|line| {
                line.to_consume_g <= Grams::ZERO || line.equipment.as_deref() == Some("silo999")
            })
        })
        .map(|order| order.name.as_str())
        .collect();
    assert_eq!(wrong, ["WH/MO/00107", "WH/MO/00108"]);
}

#[test]
fn a_wrong_password_gets_no_session_on_either_way_in() {
    let (odoo, _) = open();
    for (route, at) in [
        (Route::Login, "/result/message"),
        (Route::WebLogin, "/error/data/name"),
    ] {
        let body = json!({"params": {"db": "plant", "login": "middleware", "password": "x"}});
        let answer = answer_to(&odoo, route, None, &object(body)).expect("no state file");
        assert!(answer.session.is_none());
        let word = answer.body.pointer(at).and_then(Value::as_str);
        assert!(
            matches!(
                word,
                Some("Invalid credentials" | "odoo.exceptions.AccessDenied")
            ),
            "{word:?}"
        );
    }
    assert_eq!(log_in(&odoo, Route::WebLogin).0["result"]["uid"], 7);
}

#[test]
fn without_a_live_session_every_route_says_expired() {
    let (odoo, session) = open();
    odoo.set_faults(&FaultChange {
        expire_sessions: true,
        ..FaultChange::default()
    })
    .expect("no state file");
    for route in [
        Route::List,
        Route::Detail,
        Route::Update,
        Route::Cancel,
        Route::MarkDone,
        Route::Failure,
    ] {
        assert_eq!(
            call(&odoo, &session, route, json!({"mo_id": FIRST}))["error"]["code"],
            100
        );
    }
    assert_eq!(odoo.view().posts, 0);
}

#[test]
fn the_list_pages_through_confirmed_orders_by_planned_start() {
    let (odoo, session) = open();
    let page = call(
        &odoo,
        &session,
        Route::List,
        json!({"limit": 3, "offset": 2}),
    );
    let names: Vec<&str> = page["result"]["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|order| order["mo_id"].as_str())
        .collect();
    assert_eq!(names, ["WH/MO/00103", "WH/MO/00104", "WH/MO/00105"]);
    let plain = object(json!({"limit": 1}));
    let answer = answer_to(&odoo, Route::List, Some(&session), &plain).expect("no state file");
    assert_eq!(
        answer.body["result"]["count"], 8,
        "a plain body is not read by this route"
    );
}

#[test]
fn a_second_equal_post_moves_no_stock_and_another_replaces() {
    let (odoo, session) = open();
    let post = json!({"mo_id": FIRST, "quantity": 998.4, "silo101": 120.0, "lq114": 35.5});
    for _ in 0..2 {
        let answer = update(&odoo, &session, post.clone());
        assert_eq!(answer["status"], "success");
        assert_eq!(answer["mo_state"], "progress");
        assert_eq!(answer["updated_finished_qty"], 998.4);
        assert!(answer.get("errors").is_none());
    }
    let view = odoo.view();
    assert_eq!(
        view.stock_moves.len(),
        3,
        "two components and the product, once"
    );
    assert_eq!(view.material_log.len(), 4, "the log grows on repeats");
    update(&odoo, &session, json!({"mo_id": FIRST, "silo101": 119.99}));
    let view = odoo.view();
    let order = &view.orders[0];
    assert_eq!(order.consumption["silo101"], Grams(119_990));
    assert_eq!(
        view.stock_moves.last().map(|row| row.delta_g),
        Some(Grams(-10))
    );
    assert_eq!((order.posts, order.quantity_g), (3, order.ordered_g));
    let held: i64 = view
        .stock_moves
        .iter()
        .filter(|row| row.equipment.as_deref() == Some("silo101"))
        .map(|row| row.delta_g.0)
        .sum();
    assert_eq!(held, 119_990, "the ledger is the sum of its moves");
}

#[test]
fn unknown_equipment_is_an_item_error_beside_success() {
    let (odoo, session) = open();
    let post = json!({"mo_id": FIRST, "silo101": 100.0, "silo999": 1.0, "silo112": 1.0, "silo102": 0, "silo103": -5});
    let answer = update(&odoo, &session, post);
    assert_eq!(answer["message"], "MO updated with some errors");
    assert_eq!(answer["consumed_items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        answer["errors"],
        json!([
            "silo112: No raw material move found for this equipment",
            "silo999: Equipment not found"
        ])
    );
    assert_eq!(
        odoo.view().orders[0].consumption.len(),
        1,
        "values at or below zero are skipped"
    );
}

#[test]
fn the_read_back_is_cut_to_the_bom_but_the_book_is_not() {
    let (odoo, session) = open();
    update(&odoo, &session, json!({"mo_id": FIRST, "silo101": 131.5}));
    let detail = call(&odoo, &session, Route::Detail, json!({"mo_id": FIRST}));
    assert_eq!(
        detail["result"]["data"]["components_consumption"][0]["consumed"],
        120.0
    );
    assert_eq!(odoo.view().orders[0].consumption["silo101"], Grams(131_500));
}

#[test]
fn unknown_done_and_cancelled_orders_refuse_consumption() {
    let (odoo, session) = open();
    let unknown = update(
        &odoo,
        &session,
        json!({"mo_id": "WH/MO/99999", "silo101": 1.0}),
    );
    assert_eq!(
        unknown["message"],
        "Manufacturing Order \"WH/MO/99999\" not found"
    );
    let gone = json!({"mo_id": FIRST, "reason": "changed plans"});
    for _ in 0..2 {
        assert_eq!(
            call(&odoo, &session, Route::Cancel, gone.clone())["result"]["mo_state"],
            "cancel"
        );
    }
    let done = json!({"mo_id": "WH/MO/00102", "finished_qty": 990.0, "date_end_actual": "2026-11-22 01:42:00"});
    assert_eq!(
        call(&odoo, &session, Route::MarkDone, done)["result"]["status"],
        "success"
    );
    let late = call(
        &odoo,
        &session,
        Route::Cancel,
        json!({"mo_id": "WH/MO/00102"}),
    );
    assert_eq!(late["result"]["message"], "Cannot cancel MO in state done");
    for name in [FIRST, "WH/MO/00102"] {
        assert_eq!(
            update(&odoo, &session, json!({"mo_id": name, "silo101": 1.0}))["status"],
            "error"
        );
    }
    let lie = json!({"mo_id": FIRST, "finished_qty": 1.0});
    assert_eq!(
        call(&odoo, &session, Route::MarkDone, lie)["result"]["status"],
        "success"
    );
    let view = odoo.view();
    assert_eq!(
        view.orders[0].state,
        OrderState::Cancel,
        "success was said, nothing was done"
    );
    assert_eq!(
        view.orders[0].cancel_reason.as_deref(),
        Some("changed plans")
    );
    assert_eq!(view.posts, 0);
}

#[test]
fn a_target_alias_rescales_the_order_and_is_counted() {
    let (odoo, session) = open();
    update(
        &odoo,
        &session,
        json!({"mo_id": FIRST, "product_qty": 500.0}),
    );
    let view = odoo.view();
    assert_eq!(
        (view.rescaled, view.orders[0].quantity_g),
        (1, Grams(500_000))
    );
}

#[test]
fn the_book_survives_a_restart_and_a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("odoo.json");
    let config = OdooConfig {
        state_file: Some(file.clone()),
        ..config()
    };
    let odoo = VirtualOdoo::open(config.clone()).expect("a fresh book");
    let session = log_in(&odoo, Route::Login)
        .1
        .expect("the password is right");
    update(
        &odoo,
        &session,
        json!({"mo_id": FIRST, "quantity": 990.0, "silo101": 118.0}),
    );
    let before = odoo.view();
    drop(odoo);

    let again = VirtualOdoo::open(config.clone()).expect("the kept book");
    assert_eq!(again.view(), before);
    let expired = call(&again, &session, Route::List, json!({}));
    assert_eq!(
        expired["error"]["code"], 100,
        "sessions end with the process"
    );

    std::fs::write(&file, b"{\"orders\": [").expect("writable");
    assert!(matches!(
        VirtualOdoo::open(config),
        Err(OdooError::StateContent { .. })
    ));
    assert!(matches!(
        OdooBook::load(&folder.path().join("none")),
        Ok(None)
    ));
}

/// One HTTP exchange on a connection of its own; an empty text when it was cut.
async fn exchange(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    session: &str,
    body: &Value,
) -> String {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: loopback\r\nContent-Type: application/json\r\nCookie: session_id={session}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A reset is how a cut connection may look; what matters is that nothing was answered.
    let _ended = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn faults_lose_the_request_or_the_answer_as_ordered() {
    let (odoo, session) = open();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(listener, Arc::clone(&odoo), stopped));
    let post = json!({"params": {"mo_id": FIRST, "silo101": 120.0}});
    let path = "/api/scada/mo/update-with-consumptions";

    let faults = json!({"drop_before": 1, "drop_after_commit": 1, "status_500": 1, "html": 1, "scope": "writes"});
    let set = exchange(address, "POST", "/sim/faults", "", &faults).await;
    assert!(set.starts_with("HTTP/1.1 200"), "{set}");

    assert_eq!(
        exchange(address, "POST", path, &session, &post).await,
        "",
        "lost before"
    );
    assert_eq!(odoo.view().posts, 0);
    assert!(
        exchange(address, "POST", path, &session, &post)
            .await
            .starts_with("HTTP/1.1 500")
    );
    assert!(
        exchange(address, "POST", path, &session, &post)
            .await
            .contains("<!DOCTYPE html>")
    );
    assert_eq!(odoo.view().posts, 0);
    assert_eq!(
        exchange(address, "POST", path, &session, &post).await,
        "",
        "lost after"
    );
    assert_eq!(odoo.view().posts, 1, "but carried out");
    let answer = exchange(address, "POST", path, &session, &post).await;
    assert!(answer.contains("MO updated successfully"), "{answer}");

    let health = exchange(address, "GET", "/api/scada/health", "", &json!({})).await;
    assert!(health.contains("\"ok\""), "{health}");
    let seen = exchange(address, "GET", "/sim/book", "", &json!({})).await;
    assert!(seen.contains("\"silo101\":120000"), "{seen}");
    let order = json!({"name": FIRST, "product": "twice", "quantity_g": 1, "components": []});
    assert!(
        exchange(address, "POST", "/sim/order", "", &order)
            .await
            .starts_with("HTTP/1.1 409")
    );
    let edit = json!({"name": FIRST, "quantity_g": 900_000, "move_component": ["silo101", "silo106"], "state": "cancel"});
    let edited = exchange(address, "POST", "/sim/order/edit", "", &edit).await;
    assert!(edited.starts_with("HTTP/1.1 200"), "{edited}");
    let seen = exchange(address, "GET", "/sim/book", "", &json!({})).await;
    assert!(seen.contains("\"quantity_g\":900000"), "{seen}");
    assert!(seen.contains("\"silo106\":120000"), "{seen}");
    let unknown = json!({"name": "WH/MO/99999", "delete": true});
    assert!(
        exchange(address, "POST", "/sim/order/edit", "", &unknown)
            .await
            .starts_with("HTTP/1.1 404")
    );
    assert!(
        exchange(address, "POST", "/sim/reset", "", &json!({}))
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert_eq!(odoo.view().posts, 0);

    stop.send(true).expect("the server is alive");
    server.await.expect("no panic").expect("a clean end");
}
