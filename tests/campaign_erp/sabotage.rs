//! The oracle itself on trial: each test plants one fault in an ERP whose books are right, and the oracle that
//! judges the campaign must find it and call it by its name. Leaves out faults on the way (`proxy`).

use std::collections::{BTreeMap, BTreeSet};

use millrace_core::units::Grams;
use millrace_plant::odoo::{BookView, OdooConfig, OrderState, StockMove, VirtualOdoo};
use millrace_plant::run::OdooLogin;

use super::oracle;
use super::products::Ordered;
use super::template::{self, Total};

/// Two messages.
const LONG: &str = "WH/MO/00109";
/// One message.
const SHORT: &str = "WH/MO/00104";

fn total(consumed: &[(&str, i64)], finished: i64) -> Total {
    Total {
        consumed: consumed
            .iter()
            .map(|(c, g)| ((*c).to_owned(), *g))
            .collect(),
        finished,
    }
}

/// Running totals as told, oldest first.
fn told() -> BTreeMap<String, Vec<Total>> {
    BTreeMap::from([
        (
            LONG.to_owned(),
            vec![
                total(&[("silo101", 300_010), ("silo103", 419_980)], 719_990),
                total(&[("silo101", 600_050), ("silo103", 840_030)], 1_440_080),
            ],
        ),
        (
            SHORT.to_owned(),
            vec![total(&[("silo101", 120_020), ("silo107", 80_060)], 200_080)],
        ),
    ])
}

fn truth() -> BTreeMap<String, Total> {
    let last = |(order, told): (String, Vec<Total>)| Some((order, told.last()?.clone()));
    told().into_iter().filter_map(last).collect()
}

/// An ERP that holds exactly what was told: one move for each message and place.
fn right() -> BookView {
    let login = OdooLogin::default();
    let config = OdooConfig {
        db: login.db,
        login: login.login,
        password: login.password,
        state_file: None,
        version: millrace_plant::odoo::OdooVersion::V18,
        api_key: None,
    };
    let mut view = VirtualOdoo::with_book(config, template::book()).view();
    for (order, totals) in told() {
        let mut before = Total::default();
        for now in totals {
            for (code, grams) in &now.consumed {
                let held = before.consumed.get(code).copied().unwrap_or_default();
                book(&mut view, &order, Some(code), grams - held);
            }
            book(&mut view, &order, None, now.finished - before.finished);
            before = now;
        }
        let held = view.orders.iter_mut().find(|held| held.name == order);
        let held = held.expect("an order of the book");
        held.finished_g = Grams(before.finished);
        held.consumption = before
            .consumed
            .into_iter()
            .map(|(code, grams)| (code, Grams(grams)))
            .collect();
    }
    view
}

fn book(view: &mut BookView, order: &str, equipment: Option<&str>, grams: i64) {
    view.stock_moves.push(StockMove {
        id: i64::try_from(view.stock_moves.len()).expect("few") + 1,
        order: order.to_owned(),
        equipment: equipment.map(str::to_owned),
        product: product(order, equipment),
        delta_g: Grams(grams),
    });
}

/// What the order says at that place.
fn product(order: &str, equipment: Option<&str>) -> String {
    let orders = template::orders();
    let order = orders.iter().find(|one| one.name == order);
    let order = order.expect("an order of the book");
    match equipment {
        None => order.product.clone(),
        Some(code) => {
            let is_it = |at: &Option<String>| at.as_deref() == Some(code);
            let line = order.components.iter().find(|one| is_it(&one.equipment));
            line.expect("a line of the order").product.clone()
        }
    }
}

fn ordered() -> Ordered {
    Ordered::new(&template::orders())
}

/// Where the first move of an order at an equipment stands.
fn first(view: &BookView, order: &str, code: &str) -> usize {
    view.stock_moves
        .iter()
        .position(|row| row.order == order && row.equipment.as_deref() == Some(code))
        .expect("it was booked")
}

/// The oracle's words about the ERP's stock moves.
fn judged(view: &BookView) -> Vec<String> {
    let mut wrong = Vec::new();
    oracle::moves_told(view, &truth(), &ordered(), &told(), &mut wrong);
    wrong
}

/// Exactly one complaint, about this order, in this word.
fn named(view: &BookView, order: &str, word: &str) {
    let wrong = judged(view);
    let named: Vec<_> = wrong
        .iter()
        .filter(|text| text.starts_with("stock of "))
        .collect();
    assert_eq!(named.len(), 1, "{wrong:#?}");
    assert_eq!(*named[0], format!("stock of {order}: {word}"), "{wrong:#?}");
}

#[test]
fn right_books_are_left_alone() {
    let mut wrong = judged(&right());
    oracle::compare(&right(), &truth(), &ordered(), &mut wrong);
    oracle::went_through(&told(), &told(), &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_move_booked_twice_is_named() {
    let mut view = right();
    let again = view.stock_moves[first(&view, LONG, "silo103")].clone();
    view.stock_moves.push(again);
    named(&view, LONG, "booked twice");
}

#[test]
fn a_lost_move_is_named() {
    for (order, code) in [(LONG, "silo101"), (SHORT, "silo107")] {
        let mut view = right();
        view.stock_moves.remove(first(&view, order, code));
        named(&view, order, "lost");
    }
}

#[test]
fn a_single_altered_gram_is_named() {
    for by in [1, -1] {
        let mut view = right();
        let row = first(&view, SHORT, "silo101");
        view.stock_moves[row].delta_g.0 += by;
        named(&view, SHORT, "altered");
    }
}

#[test]
fn the_wrong_equipment_is_named() {
    let mut view = right();
    let row = first(&view, SHORT, "silo107");
    view.stock_moves[row].equipment = Some("silo106".to_owned());
    named(&view, SHORT, "at the wrong equipment");
}

/// Exactly one complaint, which says so; the grams are right.
fn only_the_product(view: &BookView, order: &str) {
    let wrong = judged(view);
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    let text = format!("stock of {order}: of the wrong product");
    assert!(wrong[0].starts_with(&text), "{wrong:#?}");
}

#[test]
fn a_move_of_another_product_is_named() {
    let mut view = right();
    let row = first(&view, SHORT, "silo107");
    view.stock_moves[row].product = product(LONG, Some("silo103"));
    only_the_product(&view, SHORT);
}

#[test]
fn a_finished_weight_of_another_product_is_named() {
    let mut view = right();
    let is_it = |row: &StockMove| row.order == LONG && row.equipment.is_none();
    let row = view.stock_moves.iter().position(is_it).expect("booked");
    view.stock_moves[row].product = product(SHORT, None);
    only_the_product(&view, LONG);
}

#[test]
fn two_products_that_changed_places_are_named() {
    let mut view = right();
    let (one, other) = (
        first(&view, SHORT, "silo101"),
        first(&view, SHORT, "silo107"),
    );
    view.stock_moves[one].product = product(SHORT, Some("silo107"));
    view.stock_moves[other].product = product(SHORT, Some("silo101"));
    only_the_product(&view, SHORT);
}

#[test]
fn a_move_of_another_order_is_named_whether_that_order_made_anything_or_not() {
    for taker in [LONG, "WH/MO/00103"] {
        let mut view = right();
        let row = first(&view, SHORT, "silo101");
        view.stock_moves[row].order = taker.to_owned();
        named(&view, SHORT, "booked to another order");
    }
}

#[test]
fn a_message_that_is_posted_without_a_move_is_named() {
    let mut view = right();
    view.stock_moves.retain(|row| row.order != SHORT);
    named(&view, SHORT, "said posted without a move");
}

#[test]
fn a_double_that_was_taken_back_is_still_seen() {
    let mut view = right();
    book(&mut view, SHORT, Some("silo101"), 120_020);
    book(&mut view, SHORT, Some("silo101"), -120_020);
    let wrong = judged(&view);
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].starts_with("stock moved back"), "{wrong:#?}");
}

#[test]
fn an_order_that_the_erp_no_longer_has_is_named_whether_anything_was_made_for_it_or_not() {
    for (order, left) in [(SHORT, "left Total"), ("WH/MO/00103", "left nothing")] {
        let mut view = right();
        view.orders.retain(|held| held.name != order);
        let mut wrong = Vec::new();
        oracle::compare(&view, &truth(), &ordered(), &mut wrong);
        assert_eq!(wrong.len(), 1, "{wrong:#?}");
        let text = format!("{order}: the ERP no longer has this order; {left}");
        assert!(wrong[0].starts_with(&text), "{wrong:#?}");
    }
}

#[test]
fn an_order_that_nobody_gave_to_the_erp_is_named() {
    let mut view = right();
    let mut more = view.orders[0].clone();
    more.name = "WH/MO/00999".into();
    view.orders.push(more);
    let mut wrong = Vec::new();
    oracle::compare(&view, &truth(), &ordered(), &mut wrong);
    let text = "WH/MO/00999: the ERP was never given this order";
    assert_eq!(wrong, [text]);
}

#[test]
fn an_order_that_is_closed_too_early_or_left_open_is_named() {
    let shall_be = BTreeSet::from([SHORT.to_owned()]);
    let mut view = right();
    let close = |view: &mut BookView, name: &str| {
        let held = view.orders.iter_mut().find(|held| held.name == name);
        held.expect("an order of the book").state = OrderState::Done;
    };
    let judged = |view: &BookView| {
        let mut wrong = Vec::new();
        oracle::closed(view, &shall_be, &mut wrong);
        wrong
    };
    assert_eq!(judged(&view), [format!("{SHORT} is Confirmed")]);
    close(&mut view, SHORT);
    assert!(judged(&view).is_empty());
    close(&mut view, LONG);
    assert_eq!(judged(&view), [format!("{LONG} is Done")]);
}

#[test]
fn a_step_that_is_left_out_repeated_or_swapped_is_seen() {
    let whole = &told()[LONG];
    let spoilt = [
        vec![],
        vec![whole[1].clone()],
        vec![
            whole[0].clone(),
            whole[1].clone(),
            whole[0].clone(),
            whole[1].clone(),
        ],
        vec![whole[1].clone(), whole[0].clone()],
    ];
    for steps in spoilt {
        let mut held = told();
        held.insert(LONG.to_owned(), steps);
        let mut wrong = Vec::new();
        oracle::went_through(&told(), &held, &mut wrong);
        assert_eq!(wrong.len(), 1, "{held:?}");
        assert!(wrong[0].starts_with(LONG), "{wrong:#?}");
    }
    let mut held = told();
    held.remove(LONG);
    let mut wrong = Vec::new();
    oracle::went_through(&told(), &held, &mut wrong);
    assert_eq!(
        wrong.len(),
        1,
        "an order that was told and never reached the ERP"
    );
}
