//! Lots in the virtual Odoo: what is tracked, which lot lines a component has, what a write does to them
//! version by version, and what closing demands.
//! Leaves out stock by lot: no lot runs empty, and none is chosen by itself.

use std::collections::BTreeMap;

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::OdooError;
use super::super::book::{BookComponent, BookOrder, OdooBook, OrderState};
use super::produce::{missing, quantity};
use super::record::{demand, float};
use super::{Fault, OdooVersion};

/// A line of stock that nobody reserved by lot has this number beyond its move's.
const LINE_ID: i64 = 2_000_000;
/// Lots are numbered from here, by their names.
const LOT_ID: i64 = 3_000_000;

/// How a product is tracked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tracking {
    /// Not at all.
    #[default]
    None,
    /// By lot.
    Lot,
    /// By serial number.
    Serial,
}

impl Tracking {
    /// The word as Odoo writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Tracking::None => "none",
            Tracking::Lot => "lot",
            Tracking::Serial => "serial",
        }
    }
}

/// One line of stock of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotLine {
    /// Row number.
    pub id: i64,
    /// The lot's name; `None` = nobody said which.
    pub lot: Option<String>,
    /// Reserved, in grams.
    #[serde(default)]
    pub reserved_g: Grams,
    /// Done, in grams; from 17 on what counts once it is picked.
    #[serde(default)]
    pub done_g: Grams,
}

/// What lots a component has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lots {
    /// How its product is tracked.
    pub tracking: Tracking,
    /// Its lines, where it is tracked or somebody wrote them.
    pub lines: Vec<LotLine>,
}

/// A person assigns lots in the ERP: of a component, or of what the order makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LotEdit {
    /// Equipment code of the component; `None` = the finished product.
    pub equipment: Option<String>,
    /// How it is tracked from now on.
    pub tracking: Option<Tracking>,
    /// Its lots, each reserved for an equal share of the demand; an empty list gives all back.
    pub lots: Option<Vec<String>>,
}

impl OdooBook {
    /// Carries out a person's assignment of lots.
    ///
    /// # Errors
    /// [`OdooError::Unknown`] when the order or the component is not there.
    pub fn assign_lots(&mut self, name: &str, edit: LotEdit) -> Result<(), OdooError> {
        let unknown = || OdooError::Unknown(name.to_owned());
        let index = self
            .orders
            .iter()
            .position(|order| order.name == name)
            .ok_or_else(unknown)?;
        let Some(code) = edit.equipment else {
            let order = &mut self.orders[index];
            order.finished_tracking = edit.tracking.unwrap_or(order.finished_tracking);
            if let Some(lots) = edit.lots {
                order.finished_lot = lots.into_iter().next();
            }
            return Ok(());
        };
        let place = self.orders[index]
            .components
            .iter()
            .position(|one| one.equipment == code)
            .ok_or_else(unknown)?;
        let needed = demand(&self.orders[index], &self.orders[index].components[place]);
        if let Some(lots) = edit.lots {
            let share = i64::try_from(lots.len()).map_or(0, |count| needed.0 / count.max(1));
            let lines = lots
                .into_iter()
                .map(|lot| LotLine {
                    id: self.next_id() + LINE_ID,
                    lot: Some(lot),
                    reserved_g: Grams(share),
                    done_g: Grams::ZERO,
                })
                .collect();
            self.orders[index].components[place].lots.lines = lines;
        }
        let lots = &mut self.orders[index].components[place].lots;
        lots.tracking = edit.tracking.unwrap_or(lots.tracking);
        Ok(())
    }

    /// `move_line_ids` of a component: lines go (2) and come (0), as the commands say.
    pub(super) fn write_lines(
        &mut self,
        version: OdooVersion,
        index: usize,
        place: usize,
        commands: &Value,
    ) -> Result<(), Fault> {
        let mut lines = lines(&self.orders[index], &self.orders[index].components[place]);
        for command in commands.as_array().map(Vec::as_slice).unwrap_or_default() {
            let wrong = || Fault::new("builtins.ValueError", format!("Wrong command {command}"));
            let number = |at: usize| command.get(at).and_then(Value::as_i64);
            match (number(0), number(1), command.get(2)) {
                (Some(2), Some(id), _) => {
                    let before = lines.len();
                    lines.retain(|line| line.id != id);
                    if lines.len() == before {
                        return Err(missing());
                    }
                }
                (Some(0), _, Some(Value::Object(values))) => {
                    let id = self.next_id() + LINE_ID;
                    let component = &self.orders[index].components[place];
                    lines.push(new_line(version, component, id, values)?);
                }
                _ => return Err(wrong()),
            }
        }
        let component = &mut self.orders[index].components[place];
        component.consumed_g = Grams(lines.iter().map(|line| line.done_g.0).sum());
        component.told.is_written = true;
        component.lots.lines = lines;
        Ok(())
    }
}

fn new_line(
    version: OdooVersion,
    component: &BookComponent,
    id: i64,
    values: &Map<String, Value>,
) -> Result<LotLine, Fault> {
    let wrong = |what: &str| Fault::new("odoo.exceptions.ValidationError", what.to_owned());
    let number = |field: &str| values.get(field).and_then(Value::as_i64);
    if number("product_id") != Some(component.product_id) {
        return Err(wrong("The product of a line is that of its move."));
    }
    if number("product_uom_id") != Some(component.uom.id()) {
        return Err(wrong("The unit of a line is that of its move."));
    }
    if number("location_id").is_none() || number("location_dest_id").is_none() {
        return Err(Fault::user("A line needs its locations."));
    }
    let field = version.line_quantity();
    if let Some(name) = values.keys().find(|name| {
        !matches!(
            name.as_str(),
            "product_id" | "product_uom_id" | "location_id" | "location_dest_id" | "lot_id"
        ) && name.as_str() != field
            && !(version.has_picked() && name.as_str() == "picked")
    }) {
        return Err(Fault::new(
            "builtins.ValueError",
            format!("Invalid field '{name}' on model 'stock.move.line'"),
        ));
    }
    let lot = match number("lot_id") {
        None => None,
        Some(wanted) => Some(
            component
                .lots
                .lines
                .iter()
                .filter_map(|line| line.lot.clone())
                .find(|name| lot_id(name) == wanted)
                .ok_or_else(missing)?,
        ),
    };
    let none = Value::from(0.0);
    let done_g = quantity(values.get(field).unwrap_or(&none), component.uom)?;
    Ok(LotLine {
        id,
        lot,
        reserved_g: Grams::ZERO,
        done_g,
    })
}

/// A whole quantity written on a tracked move: 17 and 18 put what exceeds the lines on a new line without
/// a lot, the others on the last one. A smaller quantity is taken from the end.
pub(super) fn spread(version: OdooVersion, component: &mut BookComponent, mass: Grams, id: i64) {
    if component.lots.tracking == Tracking::None && component.lots.lines.is_empty() {
        return;
    }
    let lines = &mut component.lots.lines;
    let mut open = mass.0;
    for line in lines.iter_mut() {
        let most = line.reserved_g.0.max(line.done_g.0);
        let part = open.min(most);
        line.done_g = Grams(part);
        open -= part;
    }
    if open <= 0 {
        return;
    }
    let needs_line =
        matches!(version, OdooVersion::V17 | OdooVersion::V18) || lines.last_mut().is_none();
    if needs_line {
        lines.push(LotLine {
            id: id + LINE_ID,
            lot: None,
            reserved_g: Grams::ZERO,
            done_g: Grams(open),
        });
    } else if let Some(last) = lines.last_mut() {
        last.done_g.0 += open;
    }
}

/// `do_unreserve` gives back what is only reserved.
pub(super) fn unreserve(order: &mut BookOrder) {
    for component in &mut order.components {
        component
            .lots
            .lines
            .retain(|line| line.done_g > Grams::ZERO);
    }
}

/// Closing demands a lot for whatever is consumed of a tracked product, and one for what was made.
pub(super) fn check(version: OdooVersion, order: &mut BookOrder) -> Result<(), Fault> {
    let without = order.components.iter().find(|one| {
        let told: i64 = one
            .lots
            .lines
            .iter()
            .filter(|line| line.lot.is_some())
            .map(|line| line.done_g.0)
            .sum();
        one.lots.tracking != Tracking::None
            && !one.told.is_cancelled
            && one.consumed_g > Grams::ZERO
            && told != one.consumed_g.0
    });
    if let Some(component) = without {
        return Err(supply(&component.product));
    }
    if order.finished_tracking != Tracking::None && order.finished_lot.is_none() {
        if version != OdooVersion::V19 {
            return Err(supply(&order.product));
        }
        order.finished_lot = Some(format!("{:07}", order.id));
    }
    Ok(())
}

fn supply(product: &str) -> Fault {
    Fault::user(format!(
        "You need to supply a Lot/Serial Number for product:\n{product}"
    ))
}

/// The lines of a component as Odoo has them: a reservation is one line, too.
fn lines(order: &BookOrder, component: &BookComponent) -> Vec<LotLine> {
    if component.lots.tracking != Tracking::None || !component.lots.lines.is_empty() {
        return component.lots.lines.clone();
    }
    let is_open = matches!(order.state, OrderState::Confirmed | OrderState::Progress);
    let told = component.told.is_written;
    if !told && (order.is_unreserved || !is_open) {
        return Vec::new();
    }
    vec![LotLine {
        id: component.move_id + LINE_ID,
        lot: None,
        reserved_g: demand(order, component),
        done_g: component.consumed_g,
    }]
}

/// The commands that put a whole quantity on one lot in the place of all lines there are.
pub(super) fn replacing(
    version: OdooVersion,
    order: &BookOrder,
    component: &BookComponent,
    lot_id: i64,
    quantity: f64,
) -> Value {
    let mut commands: Vec<Value> = line_ids(order, component)
        .into_iter()
        .map(|id| json!([2, id]))
        .collect();
    let mut line = json!({
        "product_id": component.product_id, "product_uom_id": component.uom.id(), "lot_id": lot_id,
        "location_id": 8, "location_dest_id": 15,
    });
    line[version.line_quantity()] = json!(quantity);
    if version.has_picked() {
        line["picked"] = json!(true);
    }
    commands.push(json!([0, 0, line]));
    Value::Array(commands)
}

/// The numbers of a component's lines.
pub(super) fn line_ids(order: &BookOrder, component: &BookComponent) -> Vec<i64> {
    lines(order, component).iter().map(|line| line.id).collect()
}

/// What 17 and later show of a tracked component before it is picked: the sum of its reservations.
pub(super) fn reserved(component: &BookComponent) -> Option<Grams> {
    (component.lots.tracking != Tracking::None).then(|| {
        Grams(
            component
                .lots
                .lines
                .iter()
                .map(|line| line.reserved_g.0)
                .sum(),
        )
    })
}

/// A component's lines as records of `stock.move.line`.
pub(super) fn records(
    order: &BookOrder,
    component: &BookComponent,
    version: OdooVersion,
) -> Vec<Value> {
    lines(order, component)
        .into_iter()
        .map(|line| {
            let is_reservation = version.has_picked() && !component.told.is_written;
            let shown = if is_reservation {
                line.reserved_g
            } else {
                line.done_g
            };
            let mut record = json!({
                "id": line.id,
                "display_name": component.product,
                "move_id": [component.move_id, component.product],
                "product_id": [component.product_id, component.product],
                "product_uom_id": [component.uom.id(), component.uom.name()],
                "lot_id": line.lot.as_deref().map_or(Value::Bool(false), |name| json!([lot_id(name), name])),
                "location_id": [8, "WH/Stock"],
                "location_dest_id": [15, "Virtual Locations/Production"],
            });
            record[version.line_quantity()] = float(shown, component.uom);
            if version.has_picked() {
                record["picked"] = json!(component.told.is_picked);
            }
            record
        })
        .collect()
}

/// The lot of what an order makes, as its field shows it.
pub(super) fn finished(order: &BookOrder, version: OdooVersion) -> Value {
    let id = order.finished_lot.as_deref().map(lot_id);
    if version == OdooVersion::V19 {
        return json!(id.into_iter().collect::<Vec<_>>());
    }
    match (&order.finished_lot, id) {
        (Some(name), Some(id)) => json!([id, name]),
        (Some(_) | None, _) => Value::Bool(false),
    }
}

/// What an order consumed, per equipment and lot; what stands on no lot under an empty name.
pub(in super::super) fn consumed(order: &BookOrder) -> BTreeMap<String, BTreeMap<String, Grams>> {
    let mut sums: BTreeMap<String, BTreeMap<String, Grams>> = BTreeMap::new();
    for component in &order.components {
        for line in &component.lots.lines {
            if line.done_g > Grams::ZERO {
                let lot = line.lot.clone().unwrap_or_default();
                let of = sums.entry(component.equipment.clone()).or_default();
                of.entry(lot).or_default().0 += line.done_g.0;
            }
        }
    }
    sums
}

fn lot_id(name: &str) -> i64 {
    LOT_ID
        + name
            .bytes()
            .fold(7_i64, |hash, byte| (hash * 31 + i64::from(byte)) % 999_983)
}
