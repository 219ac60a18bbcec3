//! What writing, closing and cancelling do to an order, version by version, traps included.
//! Pure changes of the book; the caller throws them away when one fails.
//! Leaves out calls (`call.rs`) and records (`record.rs`).

use millrace_core::units::Grams;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::super::book::{BookOrder, OdooBook, OrderState, StockMove};
use super::record::demand;
use super::{Fault, OdooVersion, Uom, lot, scaled};

impl OdooBook {
    /// `mrp.production.write`: quantities are set, not added.
    pub(super) fn standard_write(
        &mut self,
        version: OdooVersion,
        id: i64,
        values: &Map<String, Value>,
        context: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let index = self.by_id(id)?;
        for (field, value) in values {
            match field.as_str() {
                "qty_producing" => {
                    self.orders[index].produced_g = quantity(value, Uom::Kg)?;
                }
                "product_qty" => {
                    self.orders[index].quantity_g = quantity(value, Uom::Kg)?;
                    self.rescaled += 1;
                }
                "origin" => {
                    self.orders[index].reference = value.as_str().map(str::to_owned);
                }
                "move_raw_ids" => {
                    for command in value.as_array().map(Vec::as_slice).unwrap_or_default() {
                        self.write_move(version, index, command, context)?;
                    }
                    self.orders[index].posts += 1;
                }
                _ => {
                    return Err(invalid_field(field, "mrp.production"));
                }
            }
        }
        let order = &mut self.orders[index];
        match order.state {
            OrderState::Confirmed => order.state = OrderState::Progress,
            // A closed order's stock follows at once.
            OrderState::Done => self.settle(index),
            OrderState::Draft | OrderState::Progress | OrderState::Cancel => {}
        }
        Ok(())
    }

    fn write_move(
        &mut self,
        version: OdooVersion,
        index: usize,
        command: &Value,
        context: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let order = &mut self.orders[index];
        let (Some(1), Some(id), Some(change)) = (
            command.get(0).and_then(Value::as_i64),
            command.get(1).and_then(Value::as_i64),
            command.get(2).and_then(Value::as_object),
        ) else {
            return Err(Fault::new(
                "builtins.ValueError",
                format!("Wrong command {command}"),
            ));
        };
        let is_cancelled = order.state == OrderState::Cancel;
        let place = order
            .components
            .iter()
            .position(|one| one.move_id == id)
            .ok_or_else(missing)?;
        let component = &mut order.components[place];
        if is_cancelled || component.told.is_cancelled {
            return Err(Fault::user(
                "You cannot change a cancelled stock move, create a new line instead.",
            ));
        }
        if let Some(commands) = change.get("move_line_ids") {
            self.write_lines(version, index, place, commands)?;
        }
        let line_id = self.next_id();
        let component = &mut self.orders[index].components[place];
        for (field, value) in change {
            match field.as_str() {
                name if name == version.consumed() => {
                    let mass = quantity(value, component.uom)?;
                    if mass < Grams::ZERO && version >= OdooVersion::V18 {
                        return Err(Fault::user("Quantity cannot be negative."));
                    }
                    // A line in grams of a product that is stocked in kilograms of two digits.
                    if !mass.is_plc_step() && matches!(version, OdooVersion::V17 | OdooVersion::V18)
                    {
                        return Err(Fault::user("Quantity or Reserved Quantity should be set."));
                    }
                    component.consumed_g = mass;
                    lot::spread(version, component, mass, line_id);
                    component.told.is_written = true;
                    component.told.is_manual |= version >= OdooVersion::V16
                        && context.get("force_manual_consumption") == Some(&Value::Bool(true));
                }
                "move_line_ids" => {}
                "picked" if version.has_picked() => {
                    component.told.is_picked = value.as_bool().unwrap_or(false);
                }
                // Before 18 the field cannot be written: it is left as it is.
                "manual_consumption" if version >= OdooVersion::V16 => {
                    if version >= OdooVersion::V18 {
                        component.told.is_manual = value.as_bool().unwrap_or(false);
                    }
                }
                _ => return Err(invalid_field(field, "stock.move")),
            }
        }
        Ok(())
    }

    /// `do_unreserve`.
    pub(super) fn unreserve(&mut self, id: i64) -> Result<(), Fault> {
        let index = self.by_id(id)?;
        self.orders[index].is_unreserved = true;
        lot::unreserve(&mut self.orders[index]);
        Ok(())
    }

    /// `action_cancel`.
    pub(super) fn standard_cancel(&mut self, version: OdooVersion, id: i64) -> Result<(), Fault> {
        let index = self.by_id(id)?;
        let order = &mut self.orders[index];
        match order.state {
            OrderState::Done if version == OdooVersion::V19 => Err(Fault::user(
                "You cannot cancel a manufacturing order that is already done.",
            )),
            OrderState::Done | OrderState::Cancel => Ok(()),
            OrderState::Draft | OrderState::Confirmed | OrderState::Progress => {
                order.state = OrderState::Cancel;
                Ok(())
            }
        }
    }

    /// `button_mark_done`: true, or the wizard that it asks for, in which case nothing was done.
    pub(super) fn standard_done(
        &mut self,
        version: OdooVersion,
        id: i64,
        context: &Map<String, Value>,
    ) -> Result<Value, Fault> {
        let index = self.by_id(id)?;
        let skips = |flag: &str| context.get(flag).is_some_and(|value| value == true);
        let keeps = context.contains_key("mo_ids_to_backorder");
        let not_positive = || {
            Fault::new(
                "odoo.exceptions.ValidationError",
                "The quantity to produce must be positive!",
            )
        };
        let order = &mut self.orders[index];
        match order.state {
            OrderState::Done if keeps => return Err(not_positive()),
            // Said twice: no stock moves, but the end is written again.
            OrderState::Done | OrderState::Cancel => {
                order.closings += 1;
                return Ok(Value::Bool(true));
            }
            OrderState::Draft | OrderState::Confirmed | OrderState::Progress => {}
        }
        if version.has_picked() {
            fill_up(order);
        } else if let Some(wizard) = check_old(version, order, skips("skip_immediate"))? {
            return Ok(wizard);
        }
        let skips_check =
            skips("skip_consumption") || (version == OdooVersion::V14 && skips("skip_immediate"));
        if !skips_check && differs_from_bom(order) {
            return Ok(wizard("mrp.consumption.warning", "Consumption Warning", id));
        }
        let is_short = order.produced_g < order.quantity_g;
        if is_short && !skips("skip_backorder") {
            return Ok(wizard(
                "mrp.production.backorder",
                "You produced less than initial demand",
                id,
            ));
        }
        lot::check(version, order)?;
        order.state = OrderState::Done;
        order.closings += 1;
        for component in &mut order.components {
            if component.consumed_g == Grams::ZERO {
                component.told.is_cancelled = true;
            }
        }
        if is_short && keeps {
            self.split(index);
        }
        self.settle(index);
        Ok(Value::Bool(true))
    }

    /// The rest of an order becomes one of its own; both are renamed.
    fn split(&mut self, index: usize) {
        let next = self.next_id();
        let mut rest = self.orders[index].clone();
        let order = &mut self.orders[index];
        let name = order.name.clone();
        order.name = format!("{name}-001");
        rest.id = next;
        rest.name = format!("{name}-002");
        rest.state = OrderState::Confirmed;
        rest.quantity_g = Grams(order.quantity_g.0 - order.produced_g.0);
        rest.ordered_g = rest.quantity_g;
        rest.produced_g = Grams::ZERO;
        order.quantity_g = order.produced_g;
        for component in &mut rest.components {
            self.last_id += 1;
            component.move_id = self.last_id;
            component.consumed_g = Grams::ZERO;
            component.told = super::super::book::Told::default();
            component.lots.lines.clear();
        }
        self.orders.push(rest);
    }

    /// Brings the stock to what the order holds: one row for each difference.
    pub(in super::super) fn settle(&mut self, index: usize) {
        let order = self.orders[index].clone();
        let mut held: Vec<(Option<String>, String, Grams)> = Vec::new();
        for component in order.components.iter().filter(|one| !one.told.is_cancelled) {
            held.push((
                Some(component.equipment.clone()),
                component.product.clone(),
                // Stock is kept in kilograms of two digits.
                component.consumed_g.to_plc_step(),
            ));
        }
        held.push((None, order.product.clone(), order.produced_g));
        for (equipment, product, mass) in held {
            let moved: i64 = self
                .stock_moves
                .iter()
                .filter(|row| {
                    row.order == order.name && row.equipment == equipment && row.product == product
                })
                .map(|row| row.delta_g.0)
                .sum();
            if mass.0 != moved {
                let id = self.next_id();
                self.stock_moves.push(StockMove {
                    id,
                    order: order.name.clone(),
                    equipment,
                    product,
                    delta_g: Grams(mass.0 - moved),
                });
            }
        }
    }

    fn by_id(&self, id: i64) -> Result<usize, Fault> {
        self.orders
            .iter()
            .position(|order| order.id == id)
            .ok_or_else(missing)
    }
}

/// 17 and later: what nobody reported is taken from the BoM, what nobody picked is cancelled.
fn fill_up(order: &mut BookOrder) {
    let demands: Vec<Grams> = order
        .components
        .iter()
        .map(|component| demand(order, component))
        .collect();
    let nothing_produced = order.produced_g == Grams::ZERO;
    if nothing_produced {
        order.produced_g = order.quantity_g;
    }
    for (component, demand) in order.components.iter_mut().zip(demands) {
        if nothing_produced && !component.told.is_manual {
            component.consumed_g = demand;
            // What is reserved is taken, on its lots.
            lot::spread(OdooVersion::V17, component, demand, component.move_id);
            component.told.is_picked = true;
        }
        if !component.told.is_picked {
            component.consumed_g = Grams::ZERO;
            component.told.is_cancelled = true;
        }
    }
}

/// Up to 16: a wizard when nothing was reported, an exception when half was.
fn check_old(
    version: OdooVersion,
    order: &BookOrder,
    skips_immediate: bool,
) -> Result<Option<Value>, Fault> {
    let is_consumed = order
        .components
        .iter()
        .any(|one| one.consumed_g != Grams::ZERO);
    let is_produced = order.produced_g > Grams::ZERO;
    match (is_produced, is_consumed) {
        (false, false) if !skips_immediate => Ok(Some(wizard(
            "mrp.immediate.production",
            "Immediate Production?",
            order.id,
        ))),
        (false, _) => Err(Fault::user("The quantity to produce must be positive!")),
        (true, false) if version != OdooVersion::V14 => Err(Fault::user(
            "You must indicate a non-zero amount consumed for at least one of your components",
        )),
        (true, _) => Ok(None),
    }
}

fn differs_from_bom(order: &BookOrder) -> bool {
    order.components.iter().any(|component| {
        let expected = scaled(demand(order, component), order.produced_g, order.quantity_g);
        component.consumed_g != expected
    })
}

pub(super) fn wizard(model: &str, name: &str, id: i64) -> Value {
    json!({"name": name, "type": "ir.actions.act_window", "res_model": model, "target": "new",
        "context": {"default_mrp_production_ids": [id]}})
}

pub(super) fn missing() -> Fault {
    Fault::new(
        "odoo.exceptions.MissingError",
        "Record does not exist or has been deleted.",
    )
}

fn invalid_field(field: &str, model: &str) -> Fault {
    Fault::new(
        "builtins.ValueError",
        format!("Invalid field '{field}' on model '{model}'"),
    )
}

/// A quantity of two digits in this unit, as grams of the book.
pub(super) fn quantity(value: &Value, uom: Uom) -> Result<Grams, Fault> {
    let wrong = || Fault::new("builtins.ValueError", format!("could not convert {value}"));
    let Value::Number(number) = value else {
        return Err(wrong());
    };
    let text = number.to_string();
    let parsed = text
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&text))
        .map_err(|_| wrong())?;
    parsed
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
        .checked_mul(Decimal::from(uom.grams()))
        .and_then(|grams| grams.round().to_i64())
        .map(Grams)
        .ok_or_else(wrong)
}
