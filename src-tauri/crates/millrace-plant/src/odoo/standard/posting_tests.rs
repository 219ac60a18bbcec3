//! The addon's promises on the virtual Odoo's book, version by version. The addon itself is tested in
//! `tests/odoo_addon`; this is its double for the connector.

use millrace_core::units::Grams;
use serde_json::{Value, json};

use super::super::book::{OdooBook, OrderState};
use super::super::demo_orders;
use super::call::{Call, run};
use super::{Fault, OdooVersion, StandardSetup};

struct Shop {
    book: OdooBook,
    setup: StandardSetup,
}

impl Shop {
    fn open(version: OdooVersion) -> Shop {
        Shop {
            book: OdooBook::with_orders(demo_orders().expect("the file parses"))
                .expect("no name stands twice"),
            setup: StandardSetup {
                version,
                has_posting: true,
                ..StandardSetup::default()
            },
        }
    }

    /// One call, one transaction.
    fn call(&mut self, method: &str, named: Value) -> Result<Value, Fault> {
        let named = named.as_object().expect("names").clone();
        let call = Call::placed("millrace.posting", method, &[], &named)?;
        let mut draft = self.book.clone();
        let result = run(&mut draft, &self.setup, "me", &call)?;
        self.book = draft;
        Ok(result)
    }

    /// Books so many kilograms of the first component.
    fn book(&mut self, key: &str, kg: f64, change: Value) -> Result<Value, Fault> {
        let (id, move_id) = (self.book.orders[0].id, self.move_id(0));
        let mut message = json!({"key": key, "production_id": id, "finished_qty": 99.5,
            "lines": [{"move_id": move_id, "quantity": kg}]});
        for (name, value) in change.as_object().expect("changes") {
            message[name] = value.clone();
        }
        self.call("book", message)
    }

    fn move_id(&self, index: usize) -> i64 {
        self.book.orders[0].components[index].move_id
    }

    fn consumed(&self, index: usize) -> Grams {
        self.book.orders[0].components[index].consumed_g
    }
}

#[test]
fn a_key_is_booked_once_and_never_over_a_newer_one() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let first = shop.book("a", 59.87, json!({})).expect("booked");
        assert_eq!(first["already"], json!(false));
        shop.book("b", 80.0, json!({})).expect("booked");
        let again = shop.book("a", 59.87, json!({})).expect("the first result");
        assert_eq!(again["already"], json!(true));
        assert_eq!(again["lines"], first["lines"]);
        assert_eq!(shop.consumed(0), Grams(80_000));
        let other = shop.book("a", 59.88, json!({})).expect_err("another body");
        assert_eq!(other.name, "odoo.exceptions.UserError");
        assert_eq!(
            (shop.book.orders[0].posts, shop.book.postings.len()),
            (2, 2)
        );
    }
}

#[test]
fn what_does_not_fit_changes_nothing() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let before = shop.book.clone();
        let foreign = shop.book.orders[1].components[0].move_id;
        for change in [
            json!({"lines": [{"move_id": foreign, "quantity": 1.0}]}),
            json!({"lines": [{"move_id": shop.move_id(0), "quantity": -1.0}]}),
            json!({"lines": [{"move_id": shop.move_id(0), "quantity": 1.005}]}),
            json!({"finished_qty": 0.0, "mark_done": true}),
            json!({"keep": [shop.move_id(1)], "mark_done": true}),
            json!({"key": " "}),
            json!({"production_id": 999}),
        ] {
            shop.book("a", 1.0, change.clone()).expect_err("refused");
            assert_eq!(shop.book, before, "{change}");
        }
        shop.setup.denied = vec!["write mrp.production".to_owned()];
        let denied = shop.book("a", 1.0, json!({})).expect_err("no rights");
        assert_eq!(denied.name, "odoo.exceptions.AccessError");
    }
}

#[test]
fn it_closes_in_the_same_call_and_keeps_what_it_is_told_to() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let kept = shop.move_id(1);
        shop.book.orders[0].components[1].consumed_g = Grams(7_000);
        shop.book("a", 59.87, json!({"keep": [kept]}))
            .expect("booked");
        assert_eq!(shop.consumed(1), Grams(7_000));
        let closed = shop.book("b", 59.87, json!({"mark_done": true}));
        assert_eq!(closed.expect("closed")["state"], json!("done"));
        assert_eq!(shop.consumed(1), Grams::ZERO);
        assert_eq!(shop.book.orders[0].state, OrderState::Done);
        let late = shop.book("a", 59.87, json!({})).expect("the first result");
        assert_eq!(late["already"], json!(true));
    }
}

#[test]
fn without_the_addon_there_is_no_such_model() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        assert_eq!(
            shop.call("info", json!({})),
            Ok(json!({"version": "1.1.0", "guarantee": "unique_key"}))
        );
        shop.setup.has_posting = false;
        let fault = shop.call("info", json!({})).expect_err("no such model");
        assert_eq!(fault.name, "odoo.exceptions.UserError");
    }
}
