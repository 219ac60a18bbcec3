//! How the book looks as records of Odoo's models, version by version. Pure.
//! Leaves out who asks and what changes (`call.rs`, `produce.rs`).

use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use super::super::book::{BookComponent, BookOrder, OdooBook, OrderState};
use super::super::route::UID;
use super::{Fault, OdooVersion, Uom, lot, scaled};

/// A line that Odoo up to 16 splits off and cancels has a number beyond all others.
const REST_ID: i64 = 1_000_000;

/// A quantity as Odoo prints a float.
pub(super) fn float(mass: Grams, uom: Uom) -> Value {
    let value = Decimal::from(mass.0) / Decimal::from(uom.grams());
    number(value)
}

fn number(value: Decimal) -> Value {
    let text = value.normalize().to_string();
    let float: f64 = text.parse().expect("a decimal parses as a float");
    Number::from_f64(float).map_or(Value::Null, Value::Number)
}

/// What the order needs of a component.
pub(in super::super) fn demand(order: &BookOrder, component: &BookComponent) -> Grams {
    if let Some(asked) = component.demand_g {
        return asked;
    }
    scaled(
        component.to_consume_g,
        order.ordered_g,
        order.bom_quantity_g,
    )
}

/// The internal reference of a product: what stands in brackets, else its name.
fn code(product: &str) -> &str {
    product
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(product, |(code, _)| code)
}

/// True for a model that [`all`] has records of.
pub(super) fn is_model(model: &str) -> bool {
    all(&OdooBook::default(), OdooVersion::default(), "", model).is_some()
}

/// Every record of a model with every field; `None` when there is no such model.
pub(super) fn all(
    book: &OdooBook,
    version: OdooVersion,
    login: &str,
    model: &str,
) -> Option<Vec<Value>> {
    let per_component = |show: fn(&BookOrder, &BookComponent, OdooVersion) -> Vec<Value>| {
        book.orders
            .iter()
            .flat_map(|order| {
                order
                    .components
                    .iter()
                    .flat_map(move |component| show(order, component, version))
            })
            .collect::<Vec<_>>()
    };
    Some(match model {
        "mrp.production" => book
            .orders
            .iter()
            .map(|order| production(order, version))
            .collect(),
        "stock.move" => per_component(stock_moves),
        "stock.move.line" => per_component(lot::records),
        "mrp.bom" => book.orders.iter().map(bom).collect(),
        "mrp.bom.line" => per_component(bom_line),
        "product.product" => {
            let mut found = per_component(product);
            found.extend(book.orders.iter().map(finished_product));
            found.sort_by_key(|row| row["id"].as_i64());
            found.dedup_by_key(|row| row["id"].as_i64());
            found
        }
        "uom.uom" => Uom::ALL.iter().map(|unit| uom(*unit, version)).collect(),
        "res.users" => {
            vec![json!({"id": UID, "login": login, "name": login, "display_name": login})]
        }
        _ => return None,
    })
}

fn production(order: &BookOrder, version: OdooVersion) -> Value {
    let is_done = order.state == OrderState::Done;
    let produced = if is_done {
        order.produced_g
    } else {
        Grams::ZERO
    };
    // Up to 16 closing sets the ordered quantity to what was made.
    let quantity = if is_done && !version.has_picked() {
        order.produced_g
    } else {
        order.quantity_g
    };
    let has_work =
        order.produced_g > Grams::ZERO || order.components.iter().any(|one| one.told.is_written);
    let state = match order.state {
        OrderState::Confirmed | OrderState::Progress if order.produced_g >= order.quantity_g => {
            "to_close"
        }
        OrderState::Confirmed if has_work => "progress",
        OrderState::Draft
        | OrderState::Confirmed
        | OrderState::Progress
        | OrderState::Done
        | OrderState::Cancel => order.state.word(),
    };
    let mut moves: Vec<i64> = order.components.iter().map(|one| one.move_id).collect();
    moves.extend(
        order
            .components
            .iter()
            .filter_map(|one| rest(order, one, version).map(|_| one.move_id + REST_ID)),
    );
    let mut record = json!({
        "id": order.id,
        "name": order.name,
        "display_name": order.name,
        "state": state,
        "product_id": [order.id + 60_000, order.product],
        "product_qty": float(quantity, Uom::Kg),
        "product_uom_id": [Uom::Kg.id(), Uom::Kg.name()],
        "qty_producing": float(order.produced_g, Uom::Kg),
        "qty_produced": float(produced, Uom::Kg),
        "bom_id": [order.id + 10, order.product],
        "consumption": "warning",
        "move_raw_ids": moves,
        "origin": order.reference.as_deref().map_or(Value::Bool(false), |word| json!(word)),
        // From 17 on the planned end stands here before anything is finished.
        "date_finished": order.closed_on.as_deref().or(order.schedule_start.as_deref().filter(|_| version.has_picked())),
    });
    record[version.planned_start()] = json!(order.schedule_start);
    record[version.finished_lot()] = lot::finished(order, version);
    record
}

/// What Odoo up to 16 splits off when a line is closed below its demand.
fn rest(order: &BookOrder, component: &BookComponent, version: OdooVersion) -> Option<Grams> {
    let open = demand(order, component).checked_sub(component.consumed_g)?;
    let is_split = order.state == OrderState::Done && !version.has_picked();
    (is_split && component.consumed_g > Grams::ZERO && open > Grams::ZERO).then_some(open)
}

fn stock_moves(order: &BookOrder, component: &BookComponent, version: OdooVersion) -> Vec<Value> {
    let told = component.told;
    let state = if order.state == OrderState::Cancel || told.is_cancelled {
        "cancel"
    } else if order.state == OrderState::Done {
        "done"
    } else if order.state == OrderState::Draft {
        "draft"
    } else if order.is_unreserved {
        "confirmed"
    } else {
        "assigned"
    };
    let needed = demand(order, component);
    // Before it is picked, the quantity of 17 and later is the reservation.
    let is_reservation = version.has_picked() && !told.is_written && state == "assigned";
    let quantity = if is_reservation {
        lot::reserved(component).unwrap_or(needed)
    } else {
        component.consumed_g
    };
    let row = |id: i64, state: &str, demand: Grams, quantity: Grams| {
        let mut record = json!({
            "id": id,
            "display_name": component.product,
            "product_id": [component.product_id, component.product],
            "product_uom": [component.uom.id(), component.uom.name()],
            "product_uom_qty": float(demand, component.uom),
            "state": state,
            "bom_line_id": [component.move_id + 20, component.product],
            "has_tracking": component.lots.tracking.word(),
            "move_line_ids": if id == component.move_id { lot::line_ids(order, component) } else { Vec::new() },
            "raw_material_production_id": [order.id, order.name],
        });
        record[version.consumed()] = float(quantity, component.uom);
        if version.has_picked() {
            record["picked"] = json!(told.is_picked);
        }
        if version >= OdooVersion::V16 {
            record["manual_consumption"] = json!(told.is_manual);
        }
        record
    };
    let mut rows = vec![row(component.move_id, state, needed, quantity)];
    if let Some(open) = rest(order, component, version) {
        rows.push(row(
            component.move_id + REST_ID,
            "cancel",
            open,
            Grams::ZERO,
        ));
    }
    rows
}

fn bom(order: &BookOrder) -> Value {
    json!({
        "id": order.id + 10,
        "display_name": order.product,
        "code": false,
        "product_qty": float(order.bom_quantity_g, Uom::Kg),
        "product_uom_id": [Uom::Kg.id(), Uom::Kg.name()],
    })
}

fn bom_line(order: &BookOrder, component: &BookComponent, _version: OdooVersion) -> Vec<Value> {
    vec![json!({
        "id": component.move_id + 20,
        "bom_id": [order.id + 10, order.product],
        "product_id": [component.product_id, component.product],
        "product_qty": float(component.to_consume_g, component.uom),
        "product_uom_id": [component.uom.id(), component.uom.name()],
        "sequence": 1,
    })]
}

fn product(_order: &BookOrder, component: &BookComponent, _version: OdooVersion) -> Vec<Value> {
    vec![json!({
        "id": component.product_id,
        "display_name": component.product,
        "default_code": code(&component.product),
        "uom_id": [Uom::Kg.id(), Uom::Kg.name()],
        "tracking": component.lots.tracking.word(),
    })]
}

/// What an order makes.
fn finished_product(order: &BookOrder) -> Value {
    json!({
        "id": order.id + 60_000,
        "display_name": order.product,
        "default_code": code(&order.product),
        "uom_id": [Uom::Kg.id(), Uom::Kg.name()],
        "tracking": order.finished_tracking.word(),
    })
}

/// Up to 18 the factor counts down from the category's reference, from 19 on it counts up from
/// the root of the path, which is the gram.
fn uom(unit: Uom, version: OdooVersion) -> Value {
    let is_mass = unit != Uom::Units;
    let mut record = json!({
        "id": unit.id(),
        "name": unit.name(),
        "display_name": unit.name(),
        "rounding": 0.01,
    });
    if version == OdooVersion::V19 {
        record["factor"] = number(Decimal::from(unit.grams()));
        record["parent_path"] = if is_mass {
            json!(format!("{}/{}/", Uom::G.id(), unit.id()))
        } else {
            json!(format!("{}/", unit.id()))
        };
    } else {
        let factor = if is_mass {
            Decimal::ONE_THOUSAND / Decimal::from(unit.grams())
        } else {
            Decimal::ONE
        };
        record["factor"] = number(factor);
        record["category_id"] = if is_mass {
            json!([2, "Weight"])
        } else {
            json!([1, "Unit"])
        };
    }
    record
}

/// A record cut down to these fields.
pub(super) fn cut(record: &Value, model: &str, fields: &[String]) -> Result<Value, Fault> {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), record["id"].clone());
    for field in fields {
        let value = record.get(field).ok_or_else(|| {
            Fault::new(
                "builtins.ValueError",
                format!("Invalid field '{field}' on model '{model}'"),
            )
        })?;
        shown.insert(field.clone(), value.clone());
    }
    Ok(Value::Object(shown))
}

/// Whether a record meets a domain: conditions that all must hold.
pub(super) fn meets(record: &Value, model: &str, domain: &[Value]) -> Result<bool, Fault> {
    for condition in domain {
        let invalid = || Fault::new("builtins.ValueError", format!("Invalid domain {condition}"));
        let [field, operator, value] = condition
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(invalid)?
        else {
            return Err(invalid());
        };
        let field = field.as_str().ok_or_else(invalid)?;
        let held = record.get(field).ok_or_else(|| {
            Fault::new(
                "builtins.ValueError",
                format!("Invalid field {model}.{field} in leaf {condition}"),
            )
        })?;
        // A link is compared by its number.
        let held = match held.as_array().map(Vec::as_slice) {
            Some([id, Value::String(_)]) => id,
            Some(_) | None => held,
        };
        let is_in = || value.as_array().is_some_and(|list| list.contains(held));
        let holds = match operator.as_str() {
            Some("=") => held == value,
            Some("!=") => held != value,
            Some("in") => is_in(),
            Some("not in") => !is_in(),
            Some(_) | None => return Err(invalid()),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
