//! The virtual ERP's books: orders, components, stock moves, log rows, sessions. Pure: no socket,
//! no file, no clock. What changes them stands in `change.rs`, what they look like in `view.rs`.

use std::collections::BTreeSet;

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use super::OdooError;
use super::standard::{Lots, PostingRow, Tracking, Uom};

/// Equipment that exists in the virtual ERP: code, name, type.
const EQUIPMENT: [(&str, &str, &str); 16] = [
    ("silo101", "SILO A", "silo"),
    ("silo102", "SILO B", "silo"),
    ("silo103", "SILO C", "silo"),
    ("silo104", "SILO D", "silo"),
    ("silo105", "SILO E", "silo"),
    ("silo106", "SILO F", "silo"),
    ("silo107", "SILO G", "silo"),
    ("silo108", "SILO H", "silo"),
    ("silo109", "SILO I", "silo"),
    ("silo110", "SILO J", "silo"),
    ("silo111", "SILO K", "silo"),
    ("silo112", "SILO L", "silo"),
    ("silo113", "SILO M", "silo"),
    ("lq114", "LQ TETES", "silo"),
    ("lq115", "LQ FML", "silo"),
    ("PLC01", "Line 1", "plc"),
];

/// Name and type of an equipment code, or `None` when the ERP has no such equipment.
pub(super) fn equipment(code: &str) -> Option<(&'static str, &'static str)> {
    EQUIPMENT
        .iter()
        .find(|(known, _, _)| *known == code)
        .map(|(_, name, kind)| (*name, *kind))
}

/// The state of a manufacturing order, in Odoo's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderState {
    /// Not released yet.
    Draft,
    /// Released, nothing reported yet.
    Confirmed,
    /// At least one consumption was reported.
    Progress,
    /// Closed.
    Done,
    /// Cancelled.
    Cancel,
}

impl OrderState {
    /// The word as Odoo writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OrderState::Draft => "draft",
            OrderState::Confirmed => "confirmed",
            OrderState::Progress => "progress",
            OrderState::Done => "done",
            OrderState::Cancel => "cancel",
        }
    }
}

/// An order to be put into the book, as the demo file and `/sim/order` write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// The order's name: `WH/MO/00101`.
    pub name: String,
    /// Sales or customer reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// Name of the finished product.
    pub product: String,
    /// Ordered quantity in grams.
    pub quantity_g: Grams,
    /// Planned start, UTC, as Odoo prints it.
    #[serde(default)]
    pub schedule_start: Option<String>,
    /// The order's own equipment; a component with this code is a manual line.
    #[serde(default = "default_line")]
    pub equipment: String,
    /// The components in order.
    pub components: Vec<NewComponent>,
}

fn bom_quantity() -> Grams {
    Grams(1_000_000)
}

fn default_line() -> String {
    "PLC01".to_owned()
}

/// One component of a [`NewOrder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewComponent {
    /// Equipment code; without one the order's own is meant.
    #[serde(default)]
    pub equipment: Option<String>,
    /// The material's name.
    pub product: String,
    /// The BoM line's quantity in grams, not scaled to the order.
    pub to_consume_g: Grams,
    /// The product's number; without one it is made from the name.
    #[serde(default)]
    pub product_id: Option<i64>,
}

/// An order in the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookOrder {
    /// The record's number.
    pub id: i64,
    /// The order's name.
    pub name: String,
    /// Sales or customer reference.
    pub reference: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// Planned start, UTC.
    pub schedule_start: Option<String>,
    /// The order's own equipment code.
    pub equipment: String,
    /// Name of the finished product.
    pub product: String,
    /// Quantity as ordered at first.
    pub ordered_g: Grams,
    /// Quantity now; differs from `ordered_g` only when someone sent a target alias.
    pub quantity_g: Grams,
    /// Finished weight reported so far.
    pub produced_g: Grams,
    /// The components.
    pub components: Vec<BookComponent>,
    /// Consumption posts that were carried out.
    pub posts: u64,
    /// Why it was cancelled, if it was.
    pub cancel_reason: Option<String>,
    /// The end date that mark-done gave.
    pub closed_on: Option<String>,
    /// The mass that the components' quantities refer to.
    #[serde(default = "bom_quantity")]
    pub bom_quantity_g: Grams,
    /// Somebody gave the reservations back.
    #[serde(default)]
    pub is_unreserved: bool,
    /// How often the standard API closed it.
    #[serde(default)]
    pub closings: u64,
    /// How its product is tracked.
    #[serde(default)]
    pub finished_tracking: Tracking,
    /// The lot of what it makes.
    #[serde(default)]
    pub finished_lot: Option<String>,
}

/// A component: one raw material move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookComponent {
    /// The move's number.
    pub move_id: i64,
    /// The product's number.
    pub product_id: i64,
    /// The material's name.
    pub product: String,
    /// The BoM line's quantity.
    pub to_consume_g: Grams,
    /// Consumed, not cut.
    pub consumed_g: Grams,
    /// Equipment code, the order's own where the component has none.
    pub equipment: String,
    /// The unit of the line.
    #[serde(default)]
    pub uom: Uom,
    /// What the standard API said about it.
    #[serde(default)]
    pub told: Told,
    /// Its lots.
    #[serde(default)]
    pub lots: Lots,
    /// What the order asks for where its BoM was changed since and the order was not.
    #[serde(default)]
    pub demand_g: Option<Grams>,
}

/// What the standard API said about a component; the addon's routes do not know it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// A quantity was written.
    pub is_written: bool,
    /// It counts as consumed (17 and later).
    pub is_picked: bool,
    /// Closing may not overwrite it.
    pub is_manual: bool,
    /// It was closed with nothing.
    pub is_cancelled: bool,
}

/// One movement of stock. The sum of an order's deltas per equipment is its consumption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockMove {
    /// Row number, rising.
    pub id: i64,
    /// The order's name.
    pub order: String,
    /// Equipment code of a consumption; `None` for the finished product.
    pub equipment: Option<String>,
    /// What moved.
    pub product: String,
    /// How much: consumption counts up, a correction downwards is negative.
    pub delta_g: Grams,
}

/// One row of `scada.equipment.material`: written at every applied item, repeats included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialRow {
    /// Row number, rising.
    pub id: i64,
    /// The order's name.
    pub order: String,
    /// Equipment code.
    pub equipment: String,
    /// The value as applied.
    pub applied_g: Grams,
}

/// One reported equipment failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRow {
    /// Row number, rising.
    pub id: i64,
    /// Equipment code.
    pub equipment: String,
    /// What failed.
    pub description: String,
    /// When, as it was sent.
    pub date: Option<String>,
}

/// Everything the virtual ERP knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdooBook {
    pub(super) orders: Vec<BookOrder>,
    pub(super) stock_moves: Vec<StockMove>,
    pub(super) material_log: Vec<MaterialRow>,
    pub(super) failures: Vec<FailureRow>,
    #[serde(default)]
    pub(super) postings: Vec<PostingRow>,
    pub(super) last_id: i64,
    pub(super) logins: u64,
    pub(super) rescaled: u64,
    /// Not kept over a restart: a client must then log in again, as after a real one.
    #[serde(skip)]
    pub(super) sessions: BTreeSet<String>,
}

impl OdooBook {
    /// A book with these orders, all confirmed.
    ///
    /// # Errors
    /// [`OdooError::Duplicate`] when two orders have one name.
    pub fn with_orders(orders: Vec<NewOrder>) -> Result<OdooBook, OdooError> {
        let mut book = OdooBook::default();
        for order in orders {
            book.add(order)?;
        }
        Ok(book)
    }

    /// Puts a confirmed order into the book and returns its record number.
    ///
    /// # Errors
    /// [`OdooError::Duplicate`] when the name is taken.
    pub fn add(&mut self, order: NewOrder) -> Result<i64, OdooError> {
        if self.orders.iter().any(|known| known.name == order.name) {
            return Err(OdooError::Duplicate(order.name));
        }
        let id = self.next_id();
        let components = order
            .components
            .into_iter()
            .map(|component| BookComponent {
                move_id: self.next_id(),
                product_id: component
                    .product_id
                    .unwrap_or_else(|| product_id(&component.product)),
                product: component.product,
                to_consume_g: component.to_consume_g,
                uom: Uom::default(),
                told: Told::default(),
                lots: Lots::default(),
                demand_g: None,
                consumed_g: Grams::ZERO,
                equipment: component
                    .equipment
                    .unwrap_or_else(|| order.equipment.clone()),
            })
            .collect();
        self.orders.push(BookOrder {
            id,
            name: order.name,
            reference: order.reference,
            state: OrderState::Confirmed,
            schedule_start: order.schedule_start,
            equipment: order.equipment,
            product: order.product,
            ordered_g: order.quantity_g,
            quantity_g: order.quantity_g,
            produced_g: Grams::ZERO,
            components,
            posts: 0,
            cancel_reason: None,
            closed_on: None,
            bom_quantity_g: bom_quantity(),
            is_unreserved: false,
            closings: 0,
            finished_tracking: Tracking::None,
            finished_lot: None,
        });
        Ok(id)
    }

    /// Gives an order another BoM: the mass that its lines refer to, and the unit of each line in
    /// order. Masses stay as they are.
    ///
    /// # Errors
    /// [`OdooError::Unknown`] when there is no such order.
    pub fn set_bom(
        &mut self,
        name: &str,
        bom_quantity_g: Grams,
        uoms: &[Uom],
    ) -> Result<(), OdooError> {
        let order = self.named(name)?;
        order.bom_quantity_g = bom_quantity_g;
        for (component, uom) in order.components.iter_mut().zip(uoms) {
            component.uom = *uom;
        }
        Ok(())
    }

    /// Takes an order back to a draft.
    ///
    /// # Errors
    /// [`OdooError::Unknown`] when there is no such order.
    pub fn set_draft(&mut self, name: &str) -> Result<(), OdooError> {
        self.named(name)?.state = OrderState::Draft;
        Ok(())
    }

    fn named(&mut self, name: &str) -> Result<&mut BookOrder, OdooError> {
        self.orders
            .iter_mut()
            .find(|order| order.name == name)
            .ok_or_else(|| OdooError::Unknown(name.to_owned()))
    }

    /// Opens a session and returns its key.
    pub(super) fn log_in(&mut self) -> String {
        self.logins += 1;
        let key = format!("virtual-{:08}", self.logins);
        self.sessions.insert(key.clone());
        key
    }

    /// Ends every session, as a restarted server or a password change does.
    pub fn expire_sessions(&mut self) {
        self.sessions.clear();
    }

    /// The orders in these states, by planned start, newest record first among equals.
    pub(super) fn list(&self, states: &[String], limit: usize, offset: usize) -> Vec<&BookOrder> {
        let mut found: Vec<&BookOrder> = self
            .orders
            .iter()
            .filter(|order| states.iter().any(|state| state == order.state.word()))
            .collect();
        found.sort_by(|a, b| {
            a.schedule_start
                .cmp(&b.schedule_start)
                .then(b.id.cmp(&a.id))
        });
        found.into_iter().skip(offset).take(limit).collect()
    }

    /// One order by name or record number.
    pub(super) fn find(&self, mo_id: &serde_json::Value) -> Option<&BookOrder> {
        let index = self.position(mo_id)?;
        self.orders.get(index)
    }

    pub(super) fn position(&self, mo_id: &serde_json::Value) -> Option<usize> {
        let by_name = mo_id.as_str();
        let by_id = mo_id.as_i64();
        self.orders
            .iter()
            .position(|order| by_name == Some(order.name.as_str()) || by_id == Some(order.id))
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}

/// A stable number per product name, so that the same material has one id in all orders. It fits the
/// one signed word in which a PLC names a product.
pub(super) fn product_id(name: &str) -> i64 {
    name.bytes()
        .fold(7_i64, |hash, byte| (hash * 31 + i64::from(byte)) % 31_981)
        + 100
}
