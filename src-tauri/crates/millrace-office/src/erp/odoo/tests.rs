//! The addon connector against the recorded answers in `tests/fixtures/odoo`.

use millrace_core::erp::ErpOrderLine;
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::json;

use crate::erp::conformance::{self, Dialect, connect, post};
use crate::erp::scripted::{Scripted, Step};
use crate::erp::{ErpError, Lost};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../tests/fixtures/odoo/",
            $name,
            ".json"
        ))
    };
}

const KIND: &str = "odoo_addon";
const NAME: &str = "WH/MO/00101";

fn json_step(text: &str) -> Step {
    Step::Json(text.to_owned())
}

fn login() -> Step {
    Step::JsonWithSession(recorded!("login_ok").to_owned(), "6f1c0a")
}

#[tokio::test]
async fn the_addon_connector_conforms() {
    conformance::run(&Dialect {
        kind: KIND,
        login_ok: login(),
        login_denied: json_step(recorded!("login_denied")),
        expired: json_step(recorded!("session_expired")),
        posted: recorded!("update_ok").to_owned(),
        unknown_order: recorded!("update_unknown").to_owned(),
    })
    .await;
}

#[tokio::test]
async fn a_recorded_order_is_read_to_the_last_digit() {
    let peer = Scripted::start(vec![login(), json_step(recorded!("mo_list_detailed"))]).await;
    let page = connect(KIND, &peer.url)
        .open_orders(10, 20)
        .await
        .expect("a page");
    let [Ok(order)] = page.orders.as_slice() else {
        panic!("one good order, not {:?}", page.orders);
    };
    assert_eq!(order.erp_id, None);
    assert_eq!(
        (order.name.as_str(), order.state.as_str()),
        (NAME, "confirmed")
    );
    assert_eq!(order.reference.as_deref(), Some("S00031"));
    assert_eq!(order.product_name, "[10092] LAYER FEED 16");
    assert_eq!(
        (order.quantity, order.uom.as_str()),
        (Decimal::from(1000), "kg")
    );
    assert_eq!(order.planned_start.as_deref(), Some("2026-11-22T01:00:00"));
    assert_eq!(order.equipment_code.as_deref(), Some("PLC01"));
    assert_eq!(order.bom.as_deref(), Some("12"));
    let molasses = ErpOrderLine {
        product_id: Some(977),
        product_name: "Molasses".to_owned(),
        to_consume: Decimal::new(355, 1),
        uom: "kg".to_owned(),
        equipment_code: Some("lq114".to_owned()),
    };
    assert_eq!((order.lines.len(), &order.lines[1]), (3, &molasses));
    assert_eq!(
        order.lines[2].equipment_code, order.equipment_code,
        "a manual line"
    );

    let asked = &peer.seen()[1];
    assert_eq!(
        asked.body["params"],
        json!({"limit": 10, "offset": 20, "states": ["confirmed"]})
    );
    assert_eq!(asked.cookie.as_deref(), Some("session_id=6f1c0a"));
    assert_eq!(asked.content_type.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn one_post_carries_name_weight_and_equipment_and_nothing_else() {
    let peer = Scripted::start(vec![login(), json_step(recorded!("update_partial"))]).await;
    let answer = connect(KIND, &peer.url)
        .post_consumption(&post())
        .await
        .expect("an answer");
    assert_eq!(answer.item_errors, ["silo999: Equipment not found"]);
    assert_eq!(answer.applied.len(), 1);
    let sent = &peer.seen()[1];
    assert_eq!(sent.path, "/api/scada/mo/update-with-consumptions");
    assert_eq!(
        sent.body["params"],
        json!({"mo_id": NAME, "quantity": 998.4, "silo101": 120.0, "lq114": 35.5})
    );
}

#[tokio::test]
async fn an_answer_about_another_order_is_no_answer() {
    let other = recorded!("update_ok").replace(NAME, "WH/MO/00102");
    let peer = Scripted::start(vec![login(), Step::Json(other)]).await;
    let error = connect(KIND, &peer.url)
        .post_consumption(&post())
        .await
        .expect_err("not ours");
    assert!(error.outcome_unknown(), "{error:?}");
}

#[tokio::test]
async fn a_read_back_carries_the_cut_of_each_line() {
    let steps = vec![
        login(),
        json_step(recorded!("mo_detail")),
        json_step(recorded!("mo_detail_unknown")),
    ];
    let peer = Scripted::start(steps).await;
    let erp = connect(KIND, &peer.url);
    let held = erp.order_state(NAME).await.expect("a state");
    assert_eq!(
        (held.state.as_str(), held.produced_g, held.quantity_g),
        ("progress", Grams(998_400), Grams(1_000_000))
    );
    assert_eq!(held.lines.len(), 1);
    assert_eq!(
        (held.lines[0].consumed_g, held.lines[0].limit_g),
        (Grams(120_000), Some(Grams(120_000)))
    );
    let unknown = erp
        .order_state("WH/MO/99999")
        .await
        .expect_err("no such order");
    assert_eq!(
        unknown,
        ErpError::Refused {
            message: "MO not found: WH/MO/99999".to_owned()
        }
    );
}

#[tokio::test]
async fn closing_an_order_believes_only_the_state_read_back() {
    let done = recorded!("mo_detail").replace("progress", "done");
    for (detail, is_done) in [(done.as_str(), true), (recorded!("mo_detail"), false)] {
        let steps = vec![
            login(),
            json_step(recorded!("mark_done_ok")),
            json_step(detail),
        ];
        let peer = Scripted::start(steps).await;
        let outcome = connect(KIND, &peer.url)
            .mark_done(NAME, Grams(998_400), "2026-11-22 01:42:00")
            .await;
        assert_eq!(outcome.is_ok(), is_done, "{outcome:?}");
        let sent = &peer.seen()[1].body["params"];
        assert_eq!(
            *sent,
            json!({"mo_id": NAME, "finished_qty": 998.4, "date_end_actual": "2026-11-22 01:42:00"})
        );
    }
    let steps = vec![
        login(),
        json_step(recorded!("mark_done_ok")),
        json_step(recorded!("mo_detail_unknown")),
    ];
    let peer = Scripted::start(steps).await;
    let error = connect(KIND, &peer.url)
        .mark_done(NAME, Grams(998_400), "2026-11-22 01:42:00")
        .await
        .expect_err("no read-back");
    assert!(error.outcome_unknown(), "the closing was sent: {error:?}");
    let peer = Scripted::start(vec![]).await;
    let erp = connect(KIND, &peer.url);
    for (mass, time) in [
        (Grams::ZERO, "2026-11-22 01:42:00"),
        (Grams(1), "2026-11-22T01:42:00Z"),
    ] {
        let error = erp
            .mark_done(NAME, mass, time)
            .await
            .expect_err("not sendable");
        assert!(matches!(error, ErpError::Unsendable { .. }), "{error:?}");
    }
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn a_cancel_unwraps_its_answer() {
    let steps = vec![
        login(),
        json_step(recorded!("cancel_ok")),
        json_step(
            r#"{"jsonrpc":"2.0","id":null,"result":{"status":"error","message":"Cannot cancel MO in state done"}}"#,
        ),
    ];
    let peer = Scripted::start(steps).await;
    let erp = connect(KIND, &peer.url);
    erp.cancel_order(NAME, "changed plans")
        .await
        .expect("cancelled");
    assert_eq!(
        peer.seen()[1].body["params"],
        json!({"mo_id": NAME, "reason": "changed plans"})
    );
    let error = erp
        .cancel_order(NAME, "changed plans")
        .await
        .expect_err("done");
    assert_eq!(
        error,
        ErpError::Refused {
            message: "Cannot cancel MO in state done".to_owned()
        }
    );
}

#[tokio::test]
async fn the_standard_log_in_steps_in_where_the_addons_is_missing() {
    let list = json_step(recorded!("mo_list_detailed"));
    let missing = Step::Status(404, "{}".to_owned());
    let web = Step::JsonWithSession(recorded!("web_login_ok").to_owned(), "77aa");
    let peer = Scripted::start(vec![missing.clone(), web, list]).await;
    connect(KIND, &peer.url)
        .open_orders(1, 0)
        .await
        .expect("a page");
    assert_eq!(
        peer.paths(),
        [
            "/api/scada/authenticate",
            "/web/session/authenticate",
            "/api/scada/mo-list-detailed"
        ]
    );
    assert_eq!(peer.seen()[2].cookie.as_deref(), Some("session_id=77aa"));

    let no_database = r#"{"jsonrpc":"2.0","id":2,"error":{"code":200,"message":"Odoo Server Error","data":
        {"name":"psycopg2.OperationalError","message":"FATAL:  database \"plant\" does not exist\n"}}}"#;
    for (answer, words) in [
        (recorded!("web_login_denied"), "Access Denied"),
        (no_database, "FATAL:  database \"plant\" does not exist"),
    ] {
        let peer = Scripted::start(vec![missing.clone(), json_step(answer)]).await;
        let error = connect(KIND, &peer.url)
            .open_orders(1, 0)
            .await
            .expect_err("refused");
        assert_eq!(
            error,
            ErpError::Credentials {
                message: words.to_owned()
            }
        );
    }
}

#[tokio::test]
async fn a_connection_test_tells_who_answered() {
    let version = json_step(
        r#"{"jsonrpc":"2.0","id":3,"result":{"status":"success","version":"14.0.1.0.0","name":"SCADA"}}"#,
    );
    let peer = Scripted::start(vec![
        login(),
        version,
        json_step(recorded!("mo_list_detailed")),
    ])
    .await;
    let info = connect(KIND, &peer.url).probe().await.expect("all well");
    assert_eq!(
        (info.uid, info.version.as_deref(), info.name.as_deref()),
        (7, Some("14.0.1.0.0"), Some("SCADA"))
    );
    assert_eq!(
        (info.address, info.database.as_str()),
        (peer.url.clone(), "plant")
    );
    let asked = &peer.seen()[1];
    assert_eq!(
        (asked.method.as_str(), asked.content_type.as_deref()),
        ("GET", Some("application/json"))
    );
}

#[tokio::test]
async fn an_exception_is_sorted_by_whose_fault_it_is() {
    let fault = |name: &str| {
        Step::Json(json!({"jsonrpc": "2.0", "id": null, "error": {"code": 200, "message": "Odoo Server Error",
            "data": {"name": name, "message": "words with zeer geheim\nin them"}}}).to_string())
    };
    let cases = [
        (
            "odoo.exceptions.UserError",
            ErpError::Refused {
                message: "words with *** in them".to_owned(),
            },
        ),
        (
            "odoo.exceptions.AccessError",
            ErpError::Credentials {
                message: "words with *** in them".to_owned(),
            },
        ),
        (
            "psycopg2.errors.SerializationFailure",
            ErpError::NoAnswer {
                cause: Lost::Database,
            },
        ),
    ];
    for (name, expected) in cases {
        let peer = Scripted::start(vec![login(), fault(name)]).await;
        let error = connect(KIND, &peer.url)
            .order_state(NAME)
            .await
            .expect_err(name);
        assert_eq!(error, expected);
    }
    let caught = r#"{"jsonrpc":"2.0","id":null,"result":{"status":"error","message":"could not serialize access due to concurrent update"}}"#;
    let peer = Scripted::start(vec![login(), json_step(caught)]).await;
    let error = connect(KIND, &peer.url)
        .post_consumption(&post())
        .await
        .expect_err("a conflict");
    assert!(
        error.outcome_unknown() && error.is_transient(),
        "earlier items may stay: {error:?}"
    );
}
