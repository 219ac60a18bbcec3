//! The traps of the standard API, version by version, on the book itself.

use millrace_core::units::Grams;
use serde_json::{Map, Value, json};

use super::super::book::{NewComponent, NewOrder, OdooBook, OrderState};
use super::call::{Call, run};
use super::{Fault, OdooVersion, StandardSetup, Uom};

use OdooVersion::{V14, V15, V16, V17, V18, V19};

const NAME: &str = "WH/MO/00044";

/// An order of 100 kg in a BoM of 100 kg: 60 kg, 39.5 kg and 500 g.
struct Shop {
    book: OdooBook,
    setup: StandardSetup,
    id: i64,
    moves: [i64; 3],
}

impl Shop {
    fn open(version: OdooVersion) -> Shop {
        Shop::with(version, false)
    }

    fn with(version: OdooVersion, is_draft: bool) -> Shop {
        let component = |equipment: &str, product: &str, grams: i64| NewComponent {
            equipment: Some(equipment.to_owned()),
            product: product.to_owned(),
            product_id: None,
            to_consume_g: Grams(grams),
        };
        let order = NewOrder {
            name: NAME.to_owned(),
            reference: None,
            product: "[BATCH] BATCH".to_owned(),
            quantity_g: Grams(100_000),
            schedule_start: Some("2026-11-22 02:48:32".to_owned()),
            equipment: "PLC01".to_owned(),
            components: vec![
                component("silo101", "[RM-A] A", 60_000),
                component("silo102", "[RM-B] B", 39_500),
                component("silo103", "[RM-C] C", 500),
            ],
        };
        let mut book = OdooBook::with_orders(vec![order]).expect("one order");
        let units = [Uom::Kg, Uom::Kg, Uom::G];
        book.set_bom(NAME, Grams(100_000), &units)
            .expect("it is there");
        if is_draft {
            book.set_draft(NAME).expect("it is there");
        }
        let found = &book.orders[0];
        Shop {
            id: found.id,
            moves: [0, 1, 2].map(|index: usize| found.components[index].move_id),
            setup: StandardSetup {
                version,
                ..StandardSetup::default()
            },
            book,
        }
    }

    fn call(
        &mut self,
        model: &str,
        method: &str,
        args: Value,
        named: Value,
    ) -> Result<Value, Fault> {
        let args = args.as_array().expect("arguments").clone();
        let named: Map<String, Value> = named.as_object().expect("names").clone();
        let call = Call::placed(model, method, &args, &named)?;
        let mut draft = self.book.clone();
        let result = run(&mut draft, &self.setup, "me", &call)?;
        self.book = draft;
        Ok(result)
    }

    fn write(&mut self, values: Value, context: Value) -> Result<Value, Fault> {
        let args = json!([[self.id], values]);
        self.call("mrp.production", "write", args, json!({"context": context}))
    }

    fn done(&mut self, context: Value) -> Result<Value, Fault> {
        let args = json!([[self.id]]);
        self.call(
            "mrp.production",
            "button_mark_done",
            args,
            json!({"context": context}),
        )
    }

    /// Skips every wizard.
    fn close(&mut self) -> Result<Value, Fault> {
        self.done(json!({"skip_backorder": true, "skip_consumption": true, "skip_immediate": true}))
    }

    /// The recorded consumption: 59.87 kg, 39.41 kg, 500 g.
    fn moves(&self, picked: bool) -> Value {
        let version = self.setup.version;
        let quantities = [59.87, 39.41, 500.0];
        let changes = self.moves.iter().zip(quantities).map(|(id, quantity)| {
            let mut change = json!({ version.consumed(): quantity });
            if version.has_picked() && picked {
                change["picked"] = json!(true);
            }
            json!([1, id, change])
        });
        Value::Array(changes.collect())
    }

    fn field(&mut self, name: &str) -> Value {
        let args = json!([[self.id], [name]]);
        let rows = self.call("mrp.production", "read", args, json!({}));
        rows.expect("readable")[0][name].clone()
    }

    fn state(&self) -> OrderState {
        self.book.orders[0].state
    }

    /// What left the stock, per component; the product last.
    fn stock(&self) -> [i64; 4] {
        ["silo101", "silo102", "silo103", ""].map(|code| {
            let rows = self.book.stock_moves.iter();
            rows.filter(|row| row.equipment.as_deref().unwrap_or("") == code)
                .map(|row| row.delta_g.0)
                .sum()
        })
    }
}

fn name_of(outcome: &Result<Value, Fault>) -> &'static str {
    outcome.as_ref().map_or_else(|fault| fault.name, |_| "")
}

const USER_ERROR: &str = "odoo.exceptions.UserError";

#[test]
fn closing_what_nobody_reported_asks_before_17_and_books_the_bom_after() {
    for version in [V14, V15, V16] {
        let mut shop = Shop::open(version);
        let asked = shop.done(json!({})).expect("a wizard");
        assert_eq!(asked["res_model"], "mrp.immediate.production");
        assert_eq!(name_of(&shop.close()), USER_ERROR);
        assert_eq!(shop.state(), OrderState::Confirmed);
    }
    for version in [V17, V18, V19] {
        let mut shop = Shop::open(version);
        assert_eq!(shop.done(json!({})), Ok(json!(true)));
        assert_eq!(
            shop.stock(),
            [60_000, 39_500, 500, 100_000],
            "the BoM's quantities"
        );
    }
}

#[test]
fn a_consumption_without_a_weight_is_overwritten_unless_it_is_manual() {
    for version in [V17, V18, V19] {
        let mut shop = Shop::open(version);
        let moves = shop.moves(true);
        shop.write(json!({ "move_raw_ids": moves }), json!({}))
            .expect("taken");
        assert_eq!(shop.close(), Ok(json!(true)));
        assert_eq!(shop.stock(), [60_000, 39_500, 500, 100_000]);

        let mut shop = Shop::open(version);
        let moves = shop.moves(true);
        let manual = json!({"force_manual_consumption": true});
        shop.write(json!({ "move_raw_ids": moves }), manual)
            .expect("taken");
        assert_eq!(shop.close(), Ok(json!(true)));
        assert_eq!(shop.stock(), [59_870, 39_410, 500, 100_000]);
    }
}

#[test]
fn a_weight_without_consumption_cancels_the_components() {
    for version in [V17, V18, V19] {
        let mut shop = Shop::open(version);
        shop.write(json!({"qty_producing": 99.5}), json!({}))
            .expect("taken");
        assert_eq!(shop.close(), Ok(json!(true)));
        assert_eq!(shop.stock(), [0, 0, 0, 99_500]);
    }
    for (version, outcome) in [(V14, ""), (V15, USER_ERROR), (V16, USER_ERROR)] {
        let mut shop = Shop::open(version);
        shop.write(json!({"qty_producing": 99.5}), json!({}))
            .expect("taken");
        assert_eq!(name_of(&shop.close()), outcome);
    }
}

#[test]
fn a_draft_is_closed_too_and_a_cancelled_order_says_true() {
    for version in [V17, V18, V19] {
        let mut shop = Shop::with(version, true);
        assert_eq!(shop.field("state"), "draft");
        assert_eq!(shop.close(), Ok(json!(true)));
        assert_eq!(shop.state(), OrderState::Done);
        let mut shop = Shop::open(version);
        let args = json!([[shop.id]]);
        shop.call("mrp.production", "action_cancel", args, json!({}))
            .expect("cancelled");
        assert_eq!(shop.close(), Ok(json!(true)));
        assert_eq!((shop.state(), shop.stock()), (OrderState::Cancel, [0; 4]));
    }
}

#[test]
fn a_reported_order_asks_twice_and_closes_once() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let values = json!({"qty_producing": 99.5, "move_raw_ids": shop.moves(true)});
        for _ in 0..2 {
            shop.write(values.clone(), json!({}))
                .expect("the same twice");
        }
        assert_eq!(shop.stock(), [0; 4], "stock moves when the order is closed");
        let asked = shop.done(json!({})).expect("a wizard");
        assert_eq!(asked["res_model"], "mrp.consumption.warning");
        let asked = shop
            .done(json!({"skip_consumption": true}))
            .expect("a wizard");
        assert_eq!(asked["res_model"], "mrp.production.backorder");
        assert_eq!(shop.state(), OrderState::Progress);
        for _ in 0..2 {
            assert_eq!(shop.close(), Ok(json!(true)));
            assert_eq!(shop.stock(), [59_870, 39_410, 500, 99_500]);
        }
        let product_qty = if version.has_picked() { 100.0 } else { 99.5 };
        assert_eq!(shop.field("product_qty"), product_qty);
        let kept = shop.done(json!({"mo_ids_to_backorder": [shop.id]}));
        assert_eq!(name_of(&kept), "odoo.exceptions.ValidationError");
        // A write to a closed order moves stock at once.
        let late = json!([[1, shop.moves[0], {version.consumed(): 61.0}]]);
        shop.write(json!({ "move_raw_ids": late }), json!({}))
            .expect("taken");
        assert_eq!(shop.stock()[0], 61_000);
    }
}

#[test]
fn in_14_skipping_the_immediate_wizard_skips_the_consumption_check() {
    for (version, is_done) in [(V14, true), (V16, false)] {
        let mut shop = Shop::open(version);
        let values = json!({"qty_producing": 100.0, "move_raw_ids": shop.moves(true)});
        shop.write(values, json!({})).expect("taken");
        let outcome = shop
            .done(json!({"skip_immediate": true}))
            .expect("an answer");
        assert_eq!(outcome == json!(true), is_done, "{outcome}");
    }
}

#[test]
fn a_backorder_renames_the_order() {
    let mut shop = Shop::open(V17);
    let values = json!({"qty_producing": 60.0, "move_raw_ids": shop.moves(true)});
    shop.write(values, json!({})).expect("taken");
    let context =
        json!({"skip_backorder": true, "skip_consumption": true, "mo_ids_to_backorder": [shop.id]});
    assert_eq!(shop.done(context), Ok(json!(true)));
    assert_eq!(shop.field("name"), "WH/MO/00044-001");
    assert_eq!(shop.field("product_qty"), 60.0);
    let rest = &shop.book.orders[1];
    assert_eq!(
        (rest.name.as_str(), rest.quantity_g),
        ("WH/MO/00044-002", Grams(40_000))
    );
}

#[test]
fn an_untouched_order_shows_its_reservation_from_17_on() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let ask = json!([[shop.moves[0]], [version.consumed()]]);
        let rows = shop
            .call("stock.move", "read", ask.clone(), json!({}))
            .expect("read");
        let shown = if version.has_picked() { 60.0 } else { 0.0 };
        assert_eq!(rows[0][version.consumed()], shown);
        let args = json!([[shop.id]]);
        let given_back = shop.call("mrp.production", "do_unreserve", args, json!({}));
        assert_eq!(given_back, Ok(Value::Null));
        let rows = shop
            .call("stock.move", "read", ask, json!({}))
            .expect("read");
        assert_eq!(rows[0][version.consumed()], 0.0);
    }
}

#[test]
fn up_to_16_a_short_line_leaves_a_cancelled_rest() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let values = json!({"qty_producing": 99.5, "move_raw_ids": shop.moves(true)});
        shop.write(values, json!({})).expect("taken");
        shop.close().expect("closed");
        let ids = shop.field("move_raw_ids");
        let count = if version.has_picked() { 3 } else { 5 };
        assert_eq!(ids.as_array().map(Vec::len), Some(count));
        let live = json!([[["id", "in", ids], ["state", "!=", "cancel"]]]);
        let found = shop.call("stock.move", "search_count", live, json!({}));
        assert_eq!(found, Ok(json!(3)));
    }
}

#[test]
fn cancelling_follows_the_version() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let args = json!([[shop.id]]);
        for _ in 0..2 {
            let outcome = shop.call("mrp.production", "action_cancel", args.clone(), json!({}));
            assert_eq!(outcome, Ok(json!(true)));
        }
        let moves = shop.moves(true);
        let late = shop.write(json!({ "move_raw_ids": moves }), json!({}));
        assert_eq!(name_of(&late), USER_ERROR);
        let mut shop = Shop::open(version);
        let values = json!({"qty_producing": 100.0, "move_raw_ids": shop.moves(true)});
        shop.write(values, json!({})).expect("taken");
        shop.close().expect("closed");
        let outcome = shop.call("mrp.production", "action_cancel", args, json!({}));
        let expected = if version == V19 { USER_ERROR } else { "" };
        assert_eq!(name_of(&outcome), expected);
        assert_eq!(shop.state(), OrderState::Done);
    }
}

#[test]
fn quantities_keep_each_versions_quirks() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let change = |shop: &mut Shop, index: usize, quantity: f64| {
            let moves = json!([[1, shop.moves[index], {version.consumed(): quantity}]]);
            shop.write(json!({ "move_raw_ids": moves }), json!({}))
        };
        let negative = change(&mut shop, 0, -1.0);
        let expected = if version >= V18 { USER_ERROR } else { "" };
        assert_eq!(name_of(&negative), expected);
        change(&mut shop, 0, 59.87512).expect("taken");
        assert_eq!(
            shop.book.orders[0].components[0].consumed_g,
            Grams(59_880),
            "two digits"
        );
        let odd = change(&mut shop, 2, 502.0);
        let expected = if matches!(version, V17 | V18) {
            USER_ERROR
        } else {
            ""
        };
        assert_eq!(name_of(&odd), expected);
    }
}

#[test]
fn what_is_not_there_is_told_as_odoo_tells_it() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let read = |shop: &mut Shop, id: i64, field: &str| {
            shop.call("mrp.production", "read", json!([[id], [field]]), json!({}))
        };
        assert_eq!(read(&mut shop, 999, "name"), Ok(json!([])));
        let id = shop.id;
        assert_eq!(
            name_of(&read(&mut shop, id, "no_such")),
            "builtins.ValueError"
        );
        let other = if version.has_picked() {
            "quantity_done"
        } else {
            "quantity"
        };
        let asked = json!([[shop.moves[0]], [other]]);
        let unknown = shop.call("stock.move", "read", asked, json!({}));
        assert_eq!(name_of(&unknown), "builtins.ValueError");
        let gone = shop.call(
            "mrp.production",
            "write",
            json!([[999], {"qty_producing": 1.0}]),
            json!({}),
        );
        assert_eq!(name_of(&gone), "odoo.exceptions.MissingError");
        let model = shop.call("no.such", "read", json!([[1], []]), json!({}));
        assert_eq!(name_of(&model), USER_ERROR);
        let method = shop.call("mrp.production", "no_such", json!([]), json!({}));
        assert_eq!(name_of(&method), "builtins.AttributeError");
        shop.setup.denied = vec!["write mrp.production".to_owned()];
        let forbidden = shop.write(json!({"qty_producing": 1.0}), json!({}));
        assert_eq!(name_of(&forbidden), "odoo.exceptions.AccessError");
    }
}

#[test]
fn a_whole_quantity_on_a_tracked_move_cannot_be_closed_on_17_and_18_and_a_line_with_its_lot_can() {
    for version in OdooVersion::ALL {
        let mut shop = Shop::open(version);
        let edit = |lots: &[&str]| super::LotEdit {
            equipment: Some("silo101".to_owned()),
            tracking: Some(super::Tracking::Lot),
            lots: Some(lots.iter().map(|lot| (*lot).to_owned()).collect()),
        };
        shop.book.assign_lots(NAME, edit(&["L1"])).expect("there");
        let id = shop.moves[0];
        let whole = |kg: f64| {
            let mut change = json!({});
            change[version.consumed()] = json!(kg);
            if version.has_picked() {
                change["picked"] = json!(true);
            }
            change
        };
        // Above the reservation of 60 kg.
        shop.write(
            json!({"qty_producing": 100.0, "move_raw_ids": [[1, id, whole(61.0)]]}),
            json!({}),
        )
        .expect("written");
        let skips =
            json!({"skip_backorder": true, "skip_consumption": true, "skip_immediate": true});
        let mut other = shop.book.clone();
        let closed = shop.done(skips.clone());
        let is_lost = matches!(version, V17 | V18);
        assert_eq!(closed.is_err(), is_lost, "{version:?}: {closed:?}");
        if let Err(fault) = closed {
            assert!(
                fault
                    .message
                    .starts_with("You need to supply a Lot/Serial Number")
            );
        }
        // The same on a line of its own.
        let lines = super::lot::line_ids(&other.orders[0], &other.orders[0].components[0]);
        let lot = super::record::all(&other, version, "me", "stock.move.line")
            .expect("a model")
            .into_iter()
            .find_map(|line| line["lot_id"][0].as_i64())
            .expect("a lot");
        let mut line = json!({"product_id": other.orders[0].components[0].product_id, "product_uom_id": 12,
            "lot_id": lot, "location_id": 8, "location_dest_id": 15});
        line[version.line_quantity()] = json!(61.0);
        let mut commands: Vec<Value> = lines.iter().map(|id| json!([2, id])).collect();
        commands.push(json!([0, 0, line]));
        let values = json!({"move_raw_ids": [[1, id, {"move_line_ids": commands}]]});
        other
            .standard_write(
                version,
                shop.id,
                values.as_object().expect("values"),
                &Map::new(),
            )
            .expect("written");
        let closed = other.standard_done(version, shop.id, skips.as_object().expect("flags"));
        assert_eq!(closed, Ok(Value::Bool(true)), "{version:?}");
        let view = other.view();
        assert_eq!(view.orders[0].lots["silo101"]["L1"], Grams(61_000));
    }
}
