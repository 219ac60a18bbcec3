//! What the addon's writing routes do to the book, traps included: replace per equipment, values
//! at or below zero skipped, unknown equipment as an item error beside success, target aliases
//! rescale the order.
//! Leaves out envelopes (`answer.rs`) and faults (`fault.rs`).

use millrace_core::units::Grams;
use serde_json::{Map, Value};

use super::book::{FailureRow, MaterialRow, OdooBook, OrderState, StockMove, equipment};
use super::wire::grams;

/// Keys that mean the actual finished weight.
const FINISHED_KEYS: [&str; 4] = [
    "quantity",
    "finished_qty",
    "weight_finished_goods",
    "qty_producing",
];
/// Keys that mean the ordered quantity; whoever sends one changes the order.
const TARGET_KEYS: [&str; 4] = [
    "product_qty",
    "target_production",
    "target_qty",
    "target_quantity",
];

/// What an accepted `update-with-consumptions` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The order's name.
    pub order: String,
    /// Its state afterwards.
    pub state: OrderState,
    /// The finished weight, when one was sent.
    pub finished_g: Option<Grams>,
    /// The new ordered quantity, when a target alias was sent.
    pub rescaled_g: Option<Grams>,
    /// What was applied.
    pub applied: Vec<AppliedItem>,
    /// What was not, in the ERP's words.
    pub errors: Vec<String>,
}

/// One applied item of an [`Updated`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedItem {
    /// Equipment code.
    pub equipment: String,
    /// The equipment's name.
    pub name: String,
    /// The value now held.
    pub applied_g: Grams,
    /// The raw material move.
    pub move_id: i64,
    /// The material.
    pub product: String,
}

impl OdooBook {
    /// `mo/update-with-consumptions`.
    ///
    /// # Errors
    /// The addon's message when the whole call is refused; nothing has changed then.
    pub fn update(&mut self, params: &Map<String, Value>) -> Result<Updated, String> {
        let mo_id = params.get("mo_id").ok_or("mo_id is required")?;
        let index = self
            .position(mo_id)
            .ok_or_else(|| format!("Manufacturing Order \"{}\" not found", plain(mo_id)))?;
        let state = self.orders[index].state;
        match state {
            OrderState::Confirmed | OrderState::Progress => {}
            OrderState::Done | OrderState::Cancel => {
                return Err(format!("Cannot update MO in state {}", state.word()));
            }
        }
        let finished = first(params, &FINISHED_KEYS)
            .map(|value| {
                grams(value)
                    .filter(|mass| *mass > Grams::ZERO)
                    .ok_or("Finished quantity must be greater than 0")
            })
            .transpose()?;
        let target = first(params, &TARGET_KEYS)
            .map(|value| {
                grams(value)
                    .filter(|mass| *mass > Grams::ZERO)
                    .ok_or("Target quantity must be greater than 0")
            })
            .transpose()?;

        if let Some(target) = target {
            self.rescale(index, target);
        }
        if let Some(finished) = finished {
            self.set_produced(index, finished);
        }
        let mut applied = Vec::new();
        let mut errors = Vec::new();
        for (key, value) in params {
            if key == "mo_id"
                || FINISHED_KEYS.contains(&key.as_str())
                || TARGET_KEYS.contains(&key.as_str())
            {
                continue;
            }
            match self.consume(index, key, value) {
                Ok(Some(item)) => applied.push(item),
                Ok(None) => {}
                Err(why) => errors.push(format!("{key}: {why}")),
            }
        }
        let order = &mut self.orders[index];
        order.state = OrderState::Progress;
        order.posts += 1;
        Ok(Updated {
            order: order.name.clone(),
            state: order.state,
            finished_g: finished,
            rescaled_g: target,
            applied,
            errors,
        })
    }

    /// Replaces one equipment's consumption; `None` when the value is skipped.
    fn consume(
        &mut self,
        index: usize,
        code: &str,
        value: &Value,
    ) -> Result<Option<AppliedItem>, &'static str> {
        let mass = grams(value).ok_or("Invalid quantity")?;
        if mass <= Grams::ZERO {
            return Ok(None);
        }
        let (name, _) = equipment(code).ok_or("Equipment not found")?;
        let move_row_id = self.next_id();
        let log_row_id = self.next_id();
        let order = &mut self.orders[index];
        let component = order
            .components
            .iter_mut()
            .find(|component| component.equipment == code)
            .ok_or("No raw material move found for this equipment")?;
        let delta = Grams(mass.0 - component.consumed_g.0);
        component.consumed_g = mass;
        let item = AppliedItem {
            equipment: code.to_owned(),
            name: name.to_owned(),
            applied_g: mass,
            move_id: component.move_id,
            product: component.product.clone(),
        };
        if delta != Grams::ZERO {
            self.stock_moves.push(StockMove {
                id: move_row_id,
                order: order.name.clone(),
                equipment: Some(code.to_owned()),
                product: item.product.clone(),
                delta_g: delta,
            });
        }
        self.material_log.push(MaterialRow {
            id: log_row_id,
            order: order.name.clone(),
            equipment: code.to_owned(),
            applied_g: mass,
        });
        Ok(Some(item))
    }

    fn set_produced(&mut self, index: usize, finished: Grams) {
        let id = self.next_id();
        let order = &mut self.orders[index];
        let delta = Grams(finished.0 - order.produced_g.0);
        order.produced_g = finished;
        if delta != Grams::ZERO {
            self.stock_moves.push(StockMove {
                id,
                order: order.name.clone(),
                equipment: None,
                product: order.product.clone(),
                delta_g: delta,
            });
        }
    }

    fn rescale(&mut self, index: usize, target: Grams) {
        self.rescaled += 1;
        let order = &mut self.orders[index];
        for component in &mut order.components {
            if let Some(scaled) = component.to_consume_g.scale(target, order.quantity_g) {
                component.to_consume_g = scaled;
            }
        }
        order.quantity_g = target;
    }

    /// `mo/cancel`: twice is success, a done order is an error.
    ///
    /// # Errors
    /// The addon's message.
    pub fn cancel(&mut self, mo_id: &Value, reason: Option<&str>) -> Result<String, String> {
        let index = self
            .position(mo_id)
            .ok_or_else(|| format!("MO not found: {}", plain(mo_id)))?;
        let order = &mut self.orders[index];
        match order.state {
            OrderState::Done => Err("Cannot cancel MO in state done".to_owned()),
            OrderState::Cancel => Ok(order.name.clone()),
            OrderState::Confirmed | OrderState::Progress => {
                order.state = OrderState::Cancel;
                order.cancel_reason = reason.map(str::to_owned);
                Ok(order.name.clone())
            }
        }
    }

    /// `mo/mark-done`: reports success without looking at the state, as the addon does. A
    /// cancelled order stays cancelled.
    ///
    /// # Errors
    /// The addon's message.
    pub fn mark_done(
        &mut self,
        mo_id: &Value,
        finished: Option<&Value>,
        ended_on: Option<&str>,
    ) -> Result<String, String> {
        let index = self
            .position(mo_id)
            .ok_or_else(|| format!("MO not found: {}", plain(mo_id)))?;
        let finished = finished
            .and_then(grams)
            .filter(|mass| *mass > Grams::ZERO)
            .ok_or("finished_qty must be greater than 0")?;
        match self.orders[index].state {
            OrderState::Confirmed | OrderState::Progress => {
                self.set_produced(index, finished);
                let order = &mut self.orders[index];
                order.state = OrderState::Done;
                order.closed_on = ended_on.map(str::to_owned);
            }
            OrderState::Done | OrderState::Cancel => {}
        }
        Ok(self.orders[index].name.clone())
    }

    /// `equipment-failure`: a new row at every call, repeats included.
    ///
    /// # Errors
    /// The addon's message.
    pub fn report_failure(
        &mut self,
        code: &str,
        description: &str,
        date: Option<&str>,
    ) -> Result<FailureRow, String> {
        equipment(code).ok_or_else(|| format!("Equipment \"{code}\" not found"))?;
        let row = FailureRow {
            id: self.next_id(),
            equipment: code.to_owned(),
            description: description.to_owned(),
            date: date.map(str::to_owned),
        };
        self.failures.push(row.clone());
        Ok(row)
    }
}

impl OdooBook {
    /// The list of `equipment-failure`: the newest first, of one code when one is asked for.
    #[must_use]
    pub fn failures_of(&self, code: Option<&str>, limit: usize, offset: usize) -> Vec<&FailureRow> {
        self.failures
            .iter()
            .rev()
            .filter(|row| code.is_none_or(|code| row.equipment == code))
            .skip(offset)
            .take(limit)
            .collect()
    }

    /// `material-consumption`: one component by its product, added to what the order holds unless
    /// `update_mode` says replace.
    ///
    /// # Errors
    /// The addon's message; nothing has changed then.
    pub fn consume_material(&mut self, params: &Map<String, Value>) -> Result<Material, String> {
        let mo_id = params
            .get("mo_id")
            .ok_or("Validation failed: mo_id is required")?;
        let index = self
            .position(mo_id)
            .ok_or_else(|| format!("Validation failed: MO {} not found", plain(mo_id)))?;
        match self.orders[index].state {
            OrderState::Confirmed | OrderState::Progress => {}
            state @ (OrderState::Done | OrderState::Cancel) => {
                return Err(format!("Cannot update MO in state {}", state.word()));
            }
        }
        let text = |key: &str| params.get(key).and_then(Value::as_str);
        let code = text("equipment_id").unwrap_or_default();
        equipment(code)
            .ok_or_else(|| format!("Validation failed: Equipment {code:?} not found"))?;
        if text("timestamp").is_some_and(|time| time.ends_with('Z')) {
            // The addon compares a time with a zone to one without.
            return Err("can't compare offset-naive and offset-aware datetimes".to_owned());
        }
        let mass = params
            .get("quantity")
            .and_then(grams)
            .filter(|mass| *mass > Grams::ZERO)
            .ok_or("Validation failed: quantity must be greater than 0")?;
        let number = |key: &str| params.get(key).and_then(Value::as_i64);
        let product_id = number("product_id")
            .or_else(|| number("product_tmpl_id").map(|id| id + 6))
            .ok_or("Validation failed: product_id is required")?;
        let is_replace = text("update_mode") == Some("replace");
        let (move_row_id, log_row_id) = (self.next_id(), self.next_id());
        let order = &mut self.orders[index];
        let component = order
            .components
            .iter_mut()
            .find(|component| component.product_id == product_id)
            .ok_or("Validation failed: No raw material move found for this product")?;
        let before = component.consumed_g;
        let after = if is_replace {
            mass
        } else {
            Grams(before.0 + mass.0)
        };
        component.consumed_g = after;
        let done = Material {
            order: order.name.clone(),
            applied_g: after,
            move_id: component.move_id,
            mode: if is_replace { "replace" } else { "add" },
        };
        if after != before {
            self.stock_moves.push(StockMove {
                id: move_row_id,
                order: order.name.clone(),
                equipment: Some(component.equipment.clone()),
                product: component.product.clone(),
                delta_g: Grams(after.0 - before.0),
            });
        }
        self.material_log.push(MaterialRow {
            id: log_row_id,
            order: order.name.clone(),
            equipment: code.to_owned(),
            applied_g: after,
        });
        order.state = OrderState::Progress;
        Ok(done)
    }
}

/// What an accepted `material-consumption` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The order's name.
    pub order: String,
    /// What the order holds of the material now.
    pub applied_g: Grams,
    /// The raw material move.
    pub move_id: i64,
    /// `add` or `replace`.
    pub mode: &'static str,
}

fn first<'a>(params: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter()
        .find_map(|key| params.get(*key))
        .filter(|value| !value.is_null())
}

/// A value as Python prints it into a message: a text without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
