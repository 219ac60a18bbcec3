//! Which guarantee is in force, and what the unique key closes that reading back leaves open; over
//! real sockets on every version. Leaves out what both must do (`conformance_plant.rs`).

use std::sync::Arc;

use millrace_core::audit::anchor::Anchor;
use millrace_core::erp::{FailurePost, MaterialPost};
use millrace_core::units::Grams;
use millrace_plant::odoo::{OdooVersion, OrderState, StandardSetup};
use serde_json::json;

use super::conformance_plant::{Dialect, Peer, connect, keyed, post, post_of};
use super::scripted::{Scripted, Step};
use super::{ErpConnector, ErpError, Guarantee, open};

const NAME: &str = "WH/MO/00101";
const WITH_MANUAL: &str = "WH/MO/00102";

/// Every way into every version of the standard API.
pub(super) fn ways(has_posting: bool) -> Vec<Dialect> {
    let way = |api, version| Dialect {
        kind: "odoo_standard",
        api,
        version,
        has_posting,
    };
    let mut ways: Vec<_> = OdooVersion::ALL
        .iter()
        .map(|version| way("jsonrpc", *version))
        .collect();
    ways.push(way("json2", OdooVersion::V19));
    ways
}

async fn opened(dialect: Dialect) -> (Peer, Arc<dyn ErpConnector>) {
    let peer = Peer::of(dialect).await;
    let erp = connect(dialect, &peer.url);
    (peer, erp)
}

fn install(peer: &Peer, has_posting: bool) {
    peer.odoo.set_standard(StandardSetup {
        has_posting,
        ..peer.odoo.standard()
    });
}

fn with_key() -> Guarantee {
    Guarantee::UniqueKey {
        version: "1.1.0".to_owned(),
    }
}

#[tokio::test]
async fn the_guarantee_is_what_the_server_has() {
    for dialect in ways(true) {
        let (_peer, erp) = opened(dialect).await;
        assert_eq!(erp.guarantee().await, with_key(), "{dialect:?}");
    }
    for dialect in ways(false) {
        let (_peer, erp) = opened(dialect).await;
        assert_eq!(erp.guarantee().await, Guarantee::ReadBack, "{dialect:?}");
    }
    let addon = Dialect {
        kind: "odoo_addon",
        api: "auto",
        version: OdooVersion::V14,
        has_posting: true,
    };
    let (_peer, erp) = opened(addon).await;
    assert_eq!(erp.guarantee().await, Guarantee::ReadBack);
    assert_eq!(
        connect(ways(true)[0], "http://127.0.0.1:1")
            .guarantee()
            .await,
        Guarantee::ReadBack
    );
}

#[tokio::test]
async fn it_is_asked_once_a_connection() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        assert_eq!(erp.guarantee().await, with_key());
        peer.fault(json!({"down": true}));
        assert_eq!(erp.guarantee().await, with_key(), "without a call");
    }
}

/// A message whose answer was lost long ago, sent again by an application that forgot what came
/// after it: restored from a backup, say.
async fn late_repeat(dialect: Dialect) -> (Result<(), ErpError>, Grams, u64) {
    let (peer, erp) = opened(dialect).await;
    erp.post_consumption(&post()).await.expect("booked");
    let newer = post_of(NAME, 1_990_000, &[("silo101", 240_000)]);
    erp.post_consumption(&keyed("demo/1/2/0", newer))
        .await
        .expect("booked");
    let outcome = erp.post_consumption(&post()).await.map(|_| ());
    let order = peer.order(NAME);
    (outcome, order.consumption["silo101"], order.posts)
}

#[tokio::test]
async fn a_late_repeat_does_not_overwrite_a_newer_total() {
    for dialect in ways(true) {
        let (outcome, held, posts) = late_repeat(dialect).await;
        assert_eq!(
            outcome,
            Ok(()),
            "{dialect:?}: answered with the first result"
        );
        assert_eq!((held, posts), (Grams(240_000), 2), "{dialect:?}");
    }
    // The hole that it closes: without the key the older total stands in the ERP again.
    for dialect in ways(false) {
        let (_, held, posts) = late_repeat(dialect).await;
        assert_eq!((held, posts), (Grams(119_980), 3), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_late_repeat_is_answered_even_when_the_order_is_closed() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        let message = |batch: u32, grams| {
            let post = post_of(NAME, 999_000, &[("silo101", grams)]);
            keyed(&format!("demo/1/{batch}/0"), post)
        };
        for (batch, grams) in [(1, 119_980), (2, 240_000)] {
            let sent = erp.post_consumption(&message(batch, grams)).await;
            assert!(sent.is_ok(), "{sent:?}");
        }
        erp.mark_done(NAME, Grams(999_000), "2026-11-22 01:42:00")
            .await
            .expect("closed");
        let moved = peer.odoo.view().stock_moves;
        for (batch, grams) in [(1, 119_980), (2, 240_000)] {
            let late = erp.post_consumption(&message(batch, grams)).await;
            assert!(late.is_ok(), "{dialect:?}: {late:?}");
        }
        let error = erp.post_consumption(&message(3, 10)).await;
        assert!(matches!(error, Err(ErpError::Refused { .. })), "{error:?}");
        assert_eq!(peer.odoo.view().stock_moves, moved, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_request_that_the_network_doubles_is_booked_once() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        peer.fault(json!({"duplicate": 1}));
        erp.post_consumption(&post()).await.expect("booked");
        assert_eq!(peer.order(NAME).posts, 1, "{dialect:?}");
        assert_eq!(peer.odoo.view().postings.len(), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_is_safe_to_ask_for_again() {
    for dialect in ways(true) {
        for fault in ["drop_after_commit", "half_body"] {
            let (peer, erp) = opened(dialect).await;
            peer.fault(json!({ fault: 1 }));
            let error = erp.post_consumption(&post()).await.expect_err("lost");
            assert!(error.outcome_unknown(), "{error:?}");
            let receipt = erp.post_consumption(&post()).await.expect("answered");
            assert_eq!(receipt.finished_g, Some(Grams(998_400)));
            assert_eq!(peer.order(NAME).posts, 1, "{dialect:?} {fault}");
        }
    }
}

#[tokio::test]
async fn another_content_under_a_key_is_refused() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        erp.post_consumption(&post()).await.expect("booked");
        let before = peer.order(NAME);
        let other = post_of(NAME, 998_400, &[("silo101", 119_990)]);
        let error = erp.post_consumption(&other).await.expect_err("refused");
        let ErpError::Refused { message } = &error else {
            panic!("{error:?}");
        };
        assert!(message.contains("another content"), "{message}");
        assert_eq!(peer.order(NAME), before, "{dialect:?}");
    }
}

#[tokio::test]
async fn an_addon_that_is_taken_away_refuses_no_message() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        assert_eq!(erp.guarantee().await, with_key());
        install(&peer, false);
        // Over /json/2 a missing model looks like a missing server: asked again, it is known.
        if let Err(error) = erp.post_consumption(&post()).await {
            assert!(error.is_transient(), "{error:?}");
            erp.post_consumption(&post()).await.expect("read back");
        }
        assert_eq!(erp.guarantee().await, Guarantee::ReadBack);
        assert_eq!(peer.order(NAME).posts, 1, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_look_whose_answer_is_lost_claims_neither() {
    let answer = |result: &str| Step::Json(format!(r#"{{"jsonrpc":"2.0","result":{result}}}"#));
    let look = || {
        vec![
            answer(r#"{"server_version":"17.0","server_version_info":[17,0]}"#),
            answer("7"),
            answer(r#"{"quantity":{},"picked":{},"manual_consumption":{}}"#),
        ]
    };
    let steps = [look(), vec![Step::Close], look(), vec![Step::Close]].concat();
    let peer = Scripted::start(steps).await;
    let erp = connect(ways(true)[3], &peer.url);
    for _ in 0..2 {
        let error = erp.post_consumption(&post()).await.expect_err("no answer");
        assert!(error.is_transient(), "{error:?}");
    }
    assert_eq!(peer.seen().len(), 8, "the whole look is repeated");
}

/// The number of a component's product, as an order tells it.
async fn product(erp: &dyn ErpConnector, name: &str) -> i64 {
    let page = erp.open_orders(10, 0).await.expect("a page");
    let orders = page.orders.into_iter().filter_map(Result::ok);
    let line = orders
        .flat_map(|order| order.lines)
        .find(|line| line.product_name == name);
    line.and_then(|line| line.product_id)
        .expect("a demo product")
}

fn weighed(grams: i64, product_id: i64) -> MaterialPost {
    MaterialPost {
        key: "demo:2:3:material-1:1".to_owned(),
        order_name: WITH_MANUAL.to_owned(),
        equipment_code: "manual".to_owned(),
        product_id,
        material: "CaCO3".to_owned(),
        consumed_g: Grams(grams),
        at_utc: "2026-11-22 01:42:00".to_owned(),
    }
}

#[tokio::test]
async fn a_weighing_is_an_absolute_total_that_no_booking_touches() {
    for dialect in [ways(false), ways(true)].concat() {
        let (peer, erp) = opened(dialect).await;
        let caco3 = product(erp.as_ref(), "CaCO3").await;
        for grams in [4_990, 4_990, 5_010] {
            let held = erp.post_material(&weighed(grams, caco3)).await;
            assert_eq!(held, Ok(Grams(grams)), "{dialect:?}");
        }
        let part = keyed(
            "demo/2/3/0",
            post_of(WITH_MANUAL, 990_000, &[("silo101", 60_000)]),
        );
        erp.post_consumption(&part).await.expect("booked");
        erp.mark_done(WITH_MANUAL, Grams(990_000), "2026-11-22 01:42:00")
            .await
            .expect("every component is reported");
        let order = peer.order(WITH_MANUAL);
        assert_eq!(order.state, OrderState::Done);
        let total: i64 = order.consumption.values().map(|mass| mass.0).sum();
        assert_eq!(total, 65_010, "{:?}", order.consumption);
        let error = erp.post_material(&weighed(6_000, caco3)).await;
        assert!(matches!(error, Err(ErpError::Refused { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_weighing_that_fits_no_line_is_refused_with_a_sentence() {
    let (peer, erp) = opened(ways(false)[3]).await;
    let caco3 = product(erp.as_ref(), "CaCO3").await;
    let odd = |change: &dyn Fn(&mut MaterialPost)| {
        let mut post = weighed(5_000, caco3);
        change(&mut post);
        post
    };
    let pellets = product(erp.as_ref(), "PKE pellet").await;
    for (post, words) in [
        (odd(&|post| post.product_id = 1), "no component"),
        (
            odd(&|post| post.product_id = pellets),
            "not weighed by hand",
        ),
        (
            odd(&|post| post.order_name = "WH/MO/99999".to_owned()),
            "not known",
        ),
        (odd(&|post| post.consumed_g = Grams(-1)), "cannot be told"),
    ] {
        let error = erp.post_material(&post).await.expect_err("refused");
        assert!(!error.is_transient(), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(peer.order(WITH_MANUAL).posts, 0);
}

#[tokio::test]
async fn the_standard_api_has_no_place_for_failures() {
    let settings =
        super::conformance_plant::settings(ways(false)[3], "http://127.0.0.1:1", json!({}));
    let erp = open(&settings).expect("good settings");
    let post = FailurePost {
        key: "demo:equipment_failure:1:abc:1".to_owned(),
        equipment_code: "silo101".to_owned(),
        description: "motor overload".to_owned(),
        date_utc: "2026-11-22 01:42:00".to_owned(),
    };
    let error = erp.report_failure(&post).await.expect_err("no place");
    assert!(matches!(&error, ErpError::Unsendable { what } if what.contains("silo101")));
    let error = erp.failures_like(&post).await.expect_err("no place");
    assert!(matches!(error, ErpError::Unsendable { .. }));
}

fn anchor(seq: i64) -> Anchor {
    Anchor::of(seq, &"5e".repeat(32)).expect("an anchor")
}

#[tokio::test]
async fn the_anchor_is_kept_beside_the_first_booking_and_is_no_part_of_it() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        let first = erp.post_anchored(&post(), &anchor(42)).await;
        assert!(!first.expect("booked").is_already);
        for repeat in [
            erp.post_anchored(&post(), &anchor(57)).await,
            erp.post_consumption(&post()).await,
        ] {
            assert!(repeat.expect("the first result").is_already, "{dialect:?}");
        }
        let rows = peer.odoo.view().postings;
        let kept: Vec<_> = rows.iter().map(|row| row.anchor.clone()).collect();
        assert_eq!(kept, [Some(anchor(42).to_string())], "{dialect:?}");
    }
    // Where there is no place for it, the booking is made as before.
    for dialect in ways(false) {
        let (peer, erp) = opened(dialect).await;
        assert!(erp.post_anchored(&post(), &anchor(42)).await.is_ok());
        assert_eq!(peer.order(NAME).consumption["silo101"], Grams(119_980));
    }
}

#[tokio::test]
async fn an_older_addon_gets_no_anchor_and_is_no_reason_to_fail() {
    for dialect in ways(true) {
        let (peer, erp) = opened(dialect).await;
        let set_old = |is_posting_old| {
            peer.odoo.set_standard(StandardSetup {
                is_posting_old,
                ..peer.odoo.standard()
            });
        };
        set_old(true);
        assert!(
            erp.post_anchored(&post(), &anchor(42)).await.is_ok(),
            "{dialect:?}"
        );
        set_old(false);
        erp.look_again().await;
        assert_ne!(erp.guarantee().await, Guarantee::ReadBack);
        // An old copy takes the place of the new one without a new log-in.
        set_old(true);
        let newer = keyed(
            "demo/1/2/0",
            post_of(NAME, 1_990_000, &[("silo101", 240_000)]),
        );
        let booked = erp.post_anchored(&newer, &anchor(57)).await;
        assert!(booked.is_ok(), "{dialect:?}: {booked:?}");
        assert_eq!(peer.order(NAME).consumption["silo101"], Grams(240_000));
        let rows = peer.odoo.view().postings;
        assert!(
            rows.len() == 2 && rows.iter().all(|row| row.anchor.is_none()),
            "{rows:?}"
        );
    }
}
