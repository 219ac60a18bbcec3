//! Our addon in the virtual Odoo: the model `millrace.posting`, where it is installed. A key is
//! booked once; the same again gets the first result, another content is refused.
//! Leaves out how its calls arrive (`call.rs`) and what a write does (`produce.rs`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::book::{OdooBook, OrderState};
use super::call::Call;
use super::record::float;
use super::{Fault, OdooVersion, StandardSetup, Tracking, Uom, lot};

/// The model's name.
pub(super) const MODEL: &str = "millrace.posting";
/// What it says its version is.
const VERSION: &str = "1.1.0";
/// What the first one said.
const VERSION_OLD: &str = "1.0.0";

/// One row of `millrace.posting`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostingRow {
    /// The message's key, unique.
    pub key: String,
    /// The order's record number.
    pub production_id: i64,
    /// What was asked for, without zeros: the same again is the same message.
    body: String,
    /// The first answer.
    result: Value,
    /// The anchor of the audit trail that came with it, if any.
    #[serde(default)]
    pub anchor: Option<String>,
}

/// What a call asks to be booked.
struct Message {
    key: String,
    production_id: i64,
    /// Move and quantity in the move's unit.
    lines: Vec<(i64, f64)>,
    /// Move and the lot that it is to be booked on.
    lots: Vec<(i64, i64)>,
    finished: f64,
    closes: bool,
    keep: Vec<i64>,
    /// No part of the content.
    anchor: Option<String>,
}

/// Longest anchor that is kept.
const ANCHOR_MAX: usize = 64;

impl Message {
    fn read(named: &Map<String, Value>) -> Result<Message, Fault> {
        let key = named.get("key").and_then(Value::as_str).unwrap_or_default();
        if key.trim().is_empty() {
            return Err(invalid("A message needs a key."));
        }
        let production_id = named.get("production_id").and_then(Value::as_i64);
        let list = |name: &str| {
            let list = named.get(name).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let mut lines: Vec<(i64, f64)> = Vec::new();
        let mut lots = Vec::new();
        for line in list("lines") {
            let id = line.get("move_id").and_then(Value::as_i64);
            let quantity = line.get("quantity").and_then(Value::as_f64);
            match (id, quantity) {
                (Some(id), Some(quantity))
                    if quantity >= 0.0 && lines.iter().all(|(one, _)| *one != id) =>
                {
                    lines.push((id, quantity));
                    if let Some(lot) = line.get("lot_id").and_then(Value::as_i64) {
                        lots.push((id, lot));
                    }
                }
                _ => return Err(invalid("A line that cannot be booked.")),
            }
        }
        lines.sort_by_key(|(id, _)| *id);
        let finished = named
            .get("finished_qty")
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        let closes = named.get("mark_done") == Some(&Value::Bool(true));
        if finished < 0.0 {
            return Err(invalid("A finished weight below zero."));
        }
        if closes && finished <= 0.0 {
            return Err(Fault::user(
                "An order is closed with its finished weight only.",
            ));
        }
        Ok(Message {
            key: key.to_owned(),
            production_id: production_id.ok_or_else(|| invalid("No order is named."))?,
            lines,
            lots,
            finished,
            closes,
            keep: list("keep").iter().filter_map(Value::as_i64).collect(),
            anchor: named
                .get("anchor")
                .and_then(Value::as_str)
                .filter(|anchor| anchor.len() <= ANCHOR_MAX)
                .map(str::to_owned),
        })
    }

    /// The content that a key stands for.
    fn body(&self) -> String {
        let lines: Vec<_> = self.lines.iter().filter(|(_, one)| *one > 0.0).collect();
        json!([self.production_id, lines, self.finished, self.closes]).to_string()
    }

    fn wanted(&self, move_id: i64) -> f64 {
        let found = self.lines.iter().find(|(id, _)| *id == move_id);
        found.map_or(0.0, |(_, quantity)| *quantity)
    }
}

fn invalid(words: &str) -> Fault {
    Fault::new("odoo.exceptions.ValidationError", words)
}

fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > 1e-6
}

/// Carries out a call of the model.
pub(super) fn run(book: &mut OdooBook, setup: &StandardSetup, call: &Call) -> Result<Value, Fault> {
    let says = if setup.is_posting_old {
        VERSION_OLD
    } else {
        VERSION
    };
    match call.method.as_str() {
        "info" => Ok(json!({"version": says, "guarantee": "unique_key"})),
        _ if setup.is_posting_old && call.named.contains_key("anchor") => Err(Fault::new(
            "builtins.TypeError",
            "MillracePosting.book() got an unexpected keyword argument 'anchor'",
        )),
        _ => book.book_once(setup.version, &Message::read(&call.named)?),
    }
}

impl OdooBook {
    fn book_once(&mut self, version: OdooVersion, message: &Message) -> Result<Value, Fault> {
        let id = message.production_id;
        let known = self.orders.iter().position(|order| order.id == id);
        let index = known.ok_or_else(|| Fault::user("There is no such order."))?;
        if let Some(first) = self.postings.iter().find(|row| row.key == message.key) {
            if first.body != message.body() {
                return Err(Fault::user(format!(
                    "The message {} came before with another content; nothing was booked.",
                    first.key
                )));
            }
            return Ok(answered(&first.result, true));
        }
        let order = &self.orders[index];
        match order.state {
            OrderState::Confirmed | OrderState::Progress => {}
            OrderState::Draft | OrderState::Done | OrderState::Cancel => {
                let words = format!("The order {} is {}.", order.name, order.state.word());
                return Err(Fault::user(words));
            }
        }
        let values = self.values(version, index, message)?;
        // Lines that are written whole take the place of the reservations.
        if version.has_picked() && message.lots.is_empty() {
            self.unreserve(id)?;
        }
        let mut context = Map::new();
        context.insert("force_manual_consumption".to_owned(), json!(true));
        self.standard_write(version, id, &values, &context)?;
        if message.closes {
            let skips = ["skip_backorder", "skip_consumption", "skip_immediate"];
            let context = skips.map(|flag| (flag.to_owned(), json!(true)));
            self.standard_done(version, id, &Map::from_iter(context))?;
            if self.orders[index].state != OrderState::Done {
                return Err(Fault::user("The order did not close."));
            }
        }
        let result = self.proved(index, message)?;
        self.postings.push(PostingRow {
            key: message.key.clone(),
            production_id: id,
            body: message.body(),
            result: result.clone(),
            anchor: message.anchor.clone(),
        });
        Ok(answered(&result, false))
    }

    /// The values of the one write.
    fn values(
        &self,
        version: OdooVersion,
        index: usize,
        message: &Message,
    ) -> Result<Map<String, Value>, Fault> {
        let order = &self.orders[index];
        let is_ours = |id: &i64| order.components.iter().any(|one| one.move_id == *id);
        let named = message.lines.iter().map(|(id, _)| id);
        if let Some(foreign) = named.chain(&message.keep).find(|id| !is_ours(id)) {
            return Err(Fault::user(format!(
                "Moves [{foreign}] are not of order {}.",
                order.name
            )));
        }
        let mut commands = Vec::new();
        for component in &order.components {
            let id = component.move_id;
            if message.keep.contains(&id) {
                if message.closes && !(component.told.is_picked || component.told.is_written) {
                    return Err(Fault::user(format!(
                        "Nothing is reported for moves [{id}]."
                    )));
                }
                continue;
            }
            let mut change = Map::new();
            let quantity = message.wanted(id);
            let named = message.lots.iter().find(|(one, _)| *one == id);
            if component.lots.tracking != Tracking::None && quantity > 0.0 {
                let Some((_, lot_id)) = named else {
                    return Err(Fault::user(format!(
                        "Move {id} is tracked by lot, and the message names none."
                    )));
                };
                let lines = lot::replacing(version, order, component, *lot_id, quantity);
                change.insert("move_line_ids".to_owned(), lines);
            } else {
                change.insert(version.consumed().to_owned(), json!(quantity));
            }
            if version.has_picked() {
                change.insert("picked".to_owned(), json!(true));
            }
            if version >= OdooVersion::V18 {
                change.insert("manual_consumption".to_owned(), json!(true));
            }
            commands.push(json!([1, id, change]));
        }
        let mut values = Map::new();
        values.insert("move_raw_ids".to_owned(), Value::Array(commands));
        if message.finished > 0.0 {
            values.insert("qty_producing".to_owned(), json!(message.finished));
        }
        Ok(values)
    }

    /// What the order holds now, held against what was asked for.
    fn proved(&self, index: usize, message: &Message) -> Result<Value, Fault> {
        let order = &self.orders[index];
        let mut lines = Map::new();
        let mut lots = Map::new();
        for component in &order.components {
            let (id, found) = (
                component.move_id,
                float(component.consumed_g, component.uom),
            );
            let held = found.as_f64().unwrap_or_default();
            if !message.keep.contains(&id) && differ(held, message.wanted(id)) {
                return Err(Fault::user(format!("Move {id} holds {found}.")));
            }
            lines.insert(id.to_string(), found);
            if let Some((_, lot_id)) = message.lots.iter().find(|(one, _)| *one == id) {
                lots.insert(id.to_string(), json!([lot_id]));
            }
        }
        let finished = float(order.produced_g, Uom::Kg);
        if message.finished > 0.0 && differ(finished.as_f64().unwrap_or_default(), message.finished)
        {
            return Err(Fault::user(format!("The finished weight is {finished}.")));
        }
        Ok(
            json!({"state": order.state.word(), "name": order.name, "finished_qty": finished, "lines": lines, "lots": lots}),
        )
    }
}

fn answered(result: &Value, is_already: bool) -> Value {
    let mut answer = result.clone();
    answer["already"] = json!(is_already);
    answer
}
