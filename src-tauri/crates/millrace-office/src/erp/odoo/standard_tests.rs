//! The pure side of the standard connector against what real servers of 16 to 19 answered and
//! were asked (`tests/fixtures/odoo/standard_*.json`).

use std::collections::BTreeMap;

use millrace_core::erp::{ConsumptionLine, ConsumptionPost};
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::envelope::standard_error;
use super::rpc::Call;
use super::standard_lot::Tracking;
use super::standard_map::{self as map, Bom, Held, Materials, Product};
use super::standard_post::{self as posting, Verdict};
use super::unit::Units;
use super::version::{Manual, UomForm, VERSIONS, VersionRow, major_hint, row};
use crate::erp::ErpError;

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

const RECORDED: [(u16, &str); 4] = [
    (16, recorded!("standard_16")),
    (17, recorded!("standard_17")),
    (18, recorded!("standard_18")),
    (19, recorded!("standard_19")),
];

/// What one server was asked and answered.
struct Tape {
    row: &'static VersionRow,
    pairs: Vec<Value>,
}

impl Tape {
    fn all() -> Vec<Tape> {
        RECORDED
            .iter()
            .map(|(major, text)| Tape {
                row: VERSIONS
                    .iter()
                    .find(|row| row.major == *major)
                    .expect("a known version"),
                pairs: serde_json::from_str(text).expect("a list of pairs"),
            })
            .collect()
    }

    fn pair(&self, title: &str) -> &Value {
        self.pairs
            .iter()
            .find(|pair| pair["title"] == title)
            .expect("a recorded pair")
    }

    fn result(&self, title: &str) -> &Value {
        &self.pair(title)["answer"]["result"]
    }

    /// The arguments of `execute_kw` behind model and method.
    fn asked(&self, title: &str) -> [Value; 2] {
        let args = &self.pair(title)["request"]["params"]["args"];
        [args[5].clone(), args[6].clone()]
    }

    fn units(&self) -> Units {
        let rows = match self.row.uom {
            UomForm::PerReference => json!([
                {"id": 12, "name": "kg", "factor": 1.0, "rounding": 0.01, "category_id": [2, "Weight"]},
                {"id": 13, "name": "g", "factor": 1000.0, "rounding": 0.01, "category_id": [2, "Weight"]}]),
            UomForm::InRoot => json!([
                {"id": 16, "name": "kg", "factor": 1000.0, "rounding": 0.01, "parent_path": "15/16/"},
                {"id": 15, "name": "g", "factor": 1.0, "rounding": 0.01, "parent_path": "15/"}]),
        };
        Units::read(rows.as_array().expect("rows"), self.row.uom).expect("units")
    }

    /// The order as recorded, its products by the references in their names.
    fn held(&self) -> Held {
        // Recorded without what an untracked order leaves empty.
        let mut order = self.result("open MOs")[0].clone();
        order[self.row.finished_lot] = json!(false);
        let production = map::production(&order, self.row).expect("an order");
        let moves: Vec<_> = self
            .result("their component moves")
            .as_array()
            .expect("moves")
            .iter()
            .map(|one| {
                let mut one = one.clone();
                one["move_line_ids"] = json!([]);
                map::raw_move(&one, self.row).expect("a component")
            })
            .collect();
        let products = moves
            .iter()
            .map(|one| {
                let product = Product {
                    code: Some(one.product_name[1..5].to_owned()),
                    tracking: Tracking::None,
                    uom_id: production.uom_id,
                };
                (one.product_id, product)
            })
            .collect();
        Held {
            production,
            moves,
            products,
        }
    }

    fn bom(&self, held: &Held) -> Bom {
        let mut lines = BTreeMap::new();
        for line in self.result("BoM lines").as_array().expect("lines") {
            let mut line = line.clone();
            line["bom_id"] = json!([21, "recorded without it"]);
            let (_, id, quantity, uom_id) = map::bom_line(&line).expect("a line");
            lines.insert(id, (quantity, uom_id));
        }
        Bom {
            quantity: Decimal::ONE_HUNDRED,
            uom_id: held.production.uom_id,
            lines,
        }
    }
}

fn materials() -> Materials {
    [("RM-A", "silo101"), ("RM-B", "silo102"), ("RM-C", "lq114")]
        .map(|(code, silo)| (code.to_owned(), silo.to_owned()))
        .into()
}

/// What the recorded write says.
fn post() -> ConsumptionPost {
    ConsumptionPost {
        key: "demo/1/1/0".to_owned(),
        order_name: "WH/MO/00044".to_owned(),
        finished_g: Some(Grams(99_500)),
        lines: [("silo101", 59_870), ("silo102", 39_410), ("lq114", 498)]
            .map(|(code, grams)| ConsumptionLine {
                equipment_code: code.to_owned(),
                consumed_g: Grams(grams),
            })
            .to_vec(),
    }
}

#[test]
fn a_recorded_server_is_known_by_its_version_and_its_fields() {
    for tape in Tape::all() {
        let hint = major_hint(tape.result("version (no login)"));
        assert_eq!(hint, Some(tape.row.major));
        let mut fields = tape.result("their component moves")[0]
            .as_object()
            .expect("a record")
            .clone();
        if tape.row.manual != Manual::Absent {
            fields.insert("manual_consumption".to_owned(), Value::Null);
        }
        let found = row(hint, &fields).expect("a known version");
        assert_eq!(found.major, tape.row.major);
        assert_eq!(*tape.result("authenticate"), json!(2));
        assert_eq!(*tape.result("authenticate, wrong password"), json!(false));
    }
}

#[test]
fn a_recorded_order_becomes_a_recipe_in_kilograms() {
    for tape in Tape::all() {
        let held = tape.held();
        let bom = tape.bom(&held);
        let order = map::order(&held, Some(&bom), &tape.units(), &materials()).expect("readable");
        assert_eq!(order.erp_id, Some(held.production.id));
        assert_eq!(order.quantity, Decimal::ONE_HUNDRED);
        assert_eq!(order.bom_quantity, Some(Decimal::ONE_HUNDRED));
        assert!(order.planned_start.is_some() && order.reference.is_some());
        let lines: Vec<(String, Option<&str>)> = order
            .lines
            .iter()
            .map(|line| (line.to_consume.to_string(), line.equipment_code.as_deref()))
            .collect();
        let expected = [
            ("60".to_owned(), Some("silo101")),
            ("39.5".to_owned(), Some("silo102")),
            ("0.5".to_owned(), Some("lq114")),
        ];
        assert_eq!(lines, expected, "{}", tape.row.major);
    }
}

#[test]
fn an_untouched_order_holds_nothing_although_a_quantity_stands_there() {
    for tape in Tape::all() {
        let held =
            map::state(&tape.held(), &tape.units(), &materials(), tape.row).expect("a state");
        assert_eq!(
            (held.state.as_str(), held.produced_g),
            ("confirmed", Grams::ZERO)
        );
        assert_eq!(held.lines.len(), 3);
        for line in held.lines {
            assert_eq!((line.consumed_g, line.limit_g), (Grams::ZERO, None));
        }
    }
}

#[test]
fn our_write_is_the_recorded_one_to_the_last_digit() {
    for tape in Tape::all() {
        let (held, units, row) = (tape.held(), tape.units(), tape.row);
        let target = posting::target(&post(), &held, &materials()).expect("a target");
        let verdict = posting::verdict(&target, &held, &units, row).expect("open");
        assert!(matches!(verdict, Verdict::Differs(_)));
        let values = posting::values(&target, &held, &units, row).expect("values");
        let mut call = Call::of("mrp.production", "write")
            .ids(&[held.production.id])
            .arg("vals", values)
            .context(posting::context(row))
            .placed();
        let title = "write consumption + produced qty in one transaction";
        let mut recorded = tape.asked(title);
        for args in [&mut call, &mut recorded] {
            let moves = args[0][1]["move_raw_ids"].as_array_mut().expect("moves");
            moves.sort_by_key(|one| one[1].as_i64());
        }
        assert_eq!(call, recorded, "{}", row.major);
        assert_eq!(*tape.result(title), json!(true));
    }
}

#[test]
fn a_closed_order_is_believed_by_its_state_and_its_quantities() {
    for tape in Tape::all() {
        let (mut held, units, row) = (tape.held(), tape.units(), tape.row);
        let closed = &tape.result("verify")[0];
        assert_eq!(closed["state"], "done");
        held.production.state = "done".to_owned();
        held.production.produced = "99.5".parse().expect("a decimal");
        let target = posting::target(&post(), &held, &materials()).expect("a target");
        for (one, consumed) in held.moves.iter_mut().zip(["59.87", "39.41", "498"]) {
            one.consumed = consumed.parse().expect("a decimal");
            one.is_picked = true;
            one.state = "done".to_owned();
        }
        let verdict = posting::verdict(&target, &held, &units, row);
        assert_eq!(verdict, Ok(Verdict::Holds));
        held.moves[0].consumed = Decimal::from(60);
        let verdict = posting::verdict(&target, &held, &units, row);
        assert!(
            matches!(verdict, Err(ErpError::Refused { .. })),
            "{verdict:?}"
        );
    }
}

#[test]
fn what_must_not_be_written_is_refused_before_the_write() {
    let tape = &Tape::all()[1];
    let good = tape.held();
    let refused = |held: &Held| {
        let outcome = posting::target(&post(), held, &materials());
        assert!(
            matches!(outcome, Err(ErpError::Refused { .. })),
            "{outcome:?}"
        );
    };
    for state in ["draft", "cancel", "somewhere else"] {
        let mut held = good.clone();
        held.production.state = state.to_owned();
        refused(&held);
    }
    let changes: [fn(&mut Held); 3] = [
        |held| held.moves[1].state = "done".to_owned(),
        |held| held.moves[1] = held.moves[0].clone(),
        |held| held.products.clear(),
    ];
    for change in changes {
        let mut held = good.clone();
        change(&mut held);
        refused(&held);
    }
    let mut fine = post();
    fine.lines[2].consumed_g = Grams(12_345_678_901_234_567);
    let target = posting::target(&fine, &good, &materials()).expect("a target");
    let outcome = posting::values(&target, &good, &tape.units(), tape.row);
    assert!(
        matches!(outcome, Err(ErpError::Unsendable { .. })),
        "{outcome:?}"
    );
}

#[test]
fn an_order_that_could_not_be_booked_is_refused_before_it_is_dosed() {
    let tape = &Tape::all()[3];
    let good = tape.held();
    let bom = tape.bom(&good);
    let why = |change: fn(&mut Held), bom: Option<&Bom>, materials: &Materials| {
        let mut held = good.clone();
        change(&mut held);
        map::order(&held, bom, &tape.units(), materials).expect_err("not good")
    };
    let all = materials();
    type Change = fn(&mut Held);
    let cases: [(Change, &str); 5] = [
        (
            |held| held.moves[0].tracking = Tracking::Serial,
            "tracked by serial number",
        ),
        (|held| held.moves[0].bom_line_id = None, "bill of materials"),
        (
            |held| held.moves[0].demand = Decimal::from(61),
            "asks for 61.00 kg",
        ),
        (|held| held.moves[0].uom_id = 99, "not known"),
        (
            |held| held.production.quantity = Decimal::MAX,
            "out of range",
        ),
    ];
    for (change, words) in cases {
        let told = why(change, Some(&bom), &all);
        assert!(told.contains(words), "{told}");
    }
    assert!(why(|_| {}, None, &all).contains("no bill of materials"));
    let mut few = all.clone();
    few.remove("RM-A");
    few.remove("RM-C");
    let told = why(|_| {}, Some(&bom), &few);
    assert!(
        told.contains("RM-A") && told.contains("RM-C"),
        "each line is told: {told}"
    );
}

#[test]
fn a_recorded_exception_is_sorted_by_its_name() {
    let tape = &Tape::all()[3];
    let error = &tape.pair("cancel after done")["answer"]["error"];
    assert_eq!(error["code"], 0);
    let sort = |name: &str| standard_error(name, "words");
    let name = error["data"]["name"].as_str().expect("a name");
    assert!(matches!(sort(name), ErpError::Refused { .. }));
    for (name, is_transient, is_credentials) in [
        ("odoo.exceptions.AccessDenied", false, true),
        ("odoo.exceptions.AccessError", false, true),
        ("odoo.exceptions.ValidationError", false, false),
        ("odoo.exceptions.MissingError", false, false),
        ("builtins.ValueError", false, false),
        ("psycopg2.errors.SerializationFailure", true, false),
        ("psycopg2.OperationalError", true, false),
    ] {
        let error = sort(name);
        assert_eq!(error.is_transient(), is_transient, "{name}");
        assert_eq!(
            matches!(error, ErpError::Credentials { .. }),
            is_credentials,
            "{name}"
        );
    }
}
