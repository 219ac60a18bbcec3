//! The addon's JSON to the plant's terms and back, value by value.

use millrace_core::erp::ConsumptionLine;
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::map::{number, page, post_params};
use crate::erp::ErpError;
use crate::erp::conformance::post;

const NAME: &str = "WH/MO/00101";
const PAGE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../tests/fixtures/odoo/mo_list_detailed.json"
));

/// A page with the recorded order, changed at `at` inside it.
fn changed(at: &str, value: Value) -> Value {
    let mut envelope: Value = serde_json::from_str(PAGE).expect("recorded JSON");
    let good = envelope["result"]["data"][0].clone();
    let mut odd = good.clone();
    *odd.pointer_mut(at).expect("a field of the order") = value;
    envelope["result"]["data"] = json!([odd, good]);
    envelope["result"].clone()
}

#[test]
fn a_wrong_order_does_not_hide_the_next_one() {
    let cases = [
        (
            "/uom",
            json!("bag"),
            "the unit \"bag\" of `quantity` is not kg, g or t",
        ),
        ("/uom", json!(false), "`uom` is missing"),
        ("/quantity", json!("1000"), "`quantity` is not a number"),
        (
            "/components_consumption/1/uom",
            json!("L"),
            "component 2: the unit \"L\" of `to_consume` is not kg, g or t",
        ),
        (
            "/components_consumption/0/to_consume",
            json!(null),
            "component 1: `to_consume` is not a number",
        ),
        (
            "/components_consumption/0/equipment",
            json!("silo101"),
            "component 1: `equipment` is not an object",
        ),
        (
            "/quantity",
            json!(1e40),
            "`quantity` is out of range: 1e+40",
        ),
        ("/product_name", json!(7), "`product_name` is not a text"),
    ];
    for (at, value, why) in cases {
        let result = changed(at, value);
        let page = page(result.as_object().expect("a result")).expect("a page");
        let odd = page.orders[0].as_ref().expect_err(at);
        assert!(odd.why.starts_with(why) && odd.name == NAME, "{at}: {odd}");
        assert!(page.orders[1].is_ok());
    }
    let nameless = changed("/mo_id", json!(101));
    let page = page(nameless.as_object().expect("a result")).expect("a page");
    assert_eq!(
        page.orders[0].as_ref().expect_err("no name").name,
        "number 1 of the page"
    );
}

#[test]
fn units_become_kilograms_once_and_wrong_values_stay_visible() {
    for (uom, quantity, kg) in [
        ("t", json!(2.5), "2500"),
        ("TON", json!(1), "1000"),
        ("g", json!(500.0), "0.5"),
        ("kg", json!(-20.0), "-20"),
        ("kg", json!(0.1), "0.1"),
        ("kg", json!(119.99999999999999), "119.99999999999999"),
        ("kg", json!(1e-7), "0.0000001"),
    ] {
        let mut result = changed("/quantity", quantity);
        result["data"][0]["uom"] = json!(uom);
        let page = page(result.as_object().expect("a result")).expect("a page");
        let order = page.orders[0].as_ref().expect("readable");
        assert_eq!(
            (order.quantity.to_string().as_str(), order.uom.as_str()),
            (kg, "kg"),
            "{uom}"
        );
        assert_eq!(
            order.lines[0].to_consume,
            Decimal::from(120),
            "a line has its own unit"
        );
    }
}

#[test]
fn odoos_false_means_nothing() {
    for at in [
        "/reference",
        "/schedule_start",
        "/equipment",
        "/components_consumption/0/equipment",
    ] {
        let result = changed(at, json!(false));
        assert!(
            page(result.as_object().expect("a result"))
                .expect("a page")
                .orders[0]
                .is_ok(),
            "{at}"
        );
    }
}

#[test]
fn a_mass_goes_out_with_three_decimals_exactly_or_not_at_all() {
    for (grams, text) in [
        (998_400, "998.4"),
        (120_000, "120.0"),
        (1, "0.001"),
        (290, "0.29"),
        (8_200, "8.2"),
        (4_503_599_627_370_497, "4503599627370.497"),
    ] {
        assert_eq!(number(Grams(grams)).expect("exact").to_string(), text);
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    eprintln!("seed {state:#x}");
    for _ in 0..20_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let grams = i64::try_from(state >> 24).expect("40 bits");
        let text = number(Grams(grams)).expect("exact").to_string();
        let kg: Decimal = text.parse().expect("a decimal");
        assert_eq!(Grams::from_kg(kg), Ok(Grams(grams)), "{text}");
    }
    assert!(matches!(
        number(Grams(i64::MAX)),
        Err(ErpError::Unsendable { .. })
    ));
}

#[test]
fn a_post_that_would_mean_something_else_is_never_sent() {
    let refuse = |change: fn(&mut millrace_core::erp::ConsumptionPost)| {
        let mut post = post();
        change(&mut post);
        assert!(
            matches!(post_params(&post), Err(ErpError::Unsendable { .. })),
            "{post:?}"
        );
    };
    refuse(|post| post.finished_g = Some(Grams::ZERO));
    refuse(|post| post.lines[0].consumed_g = Grams(-10));
    refuse(|post| post.lines[1].equipment_code = "silo101".to_owned());
    for key in ["product_qty", "target_production", "quantity", "mo_id", ""] {
        let mut post = post();
        post.lines.push(ConsumptionLine {
            equipment_code: key.to_owned(),
            consumed_g: Grams(10),
        });
        assert!(
            matches!(post_params(&post), Err(ErpError::Unsendable { .. })),
            "{key}"
        );
    }
    refuse(|post| {
        post.finished_g = None;
        post.lines.clear();
    });
}
