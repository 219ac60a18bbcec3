//! What an ERP can say to us and we to it, in the plant's own terms. Connectors translate their
//! protocol into these types and back; rules ([`crate::intake`], posting) see nothing else.
//! Leaves out transport, sessions and JSON: those belong to `millrace-office`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::units::Grams;

/// A manufacturing order exactly as the ERP reports it, before any rule has looked at it.
/// Quantities stay decimal kilograms here, so that an absurd value can be shown as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErpOrder {
    /// The ERP's numeric id, where the route gives one; identity falls back to `name`.
    pub erp_id: Option<i64>,
    /// The order's name, for people and for the PLC's text field: `WH/MO/00101`.
    pub name: String,
    /// The ERP's state word, for example `confirmed`.
    pub state: String,
    /// The customer's or sales reference.
    pub reference: Option<String>,
    /// Name of the finished product.
    pub product_name: String,
    /// Ordered quantity in `uom`.
    pub quantity: Decimal,
    /// Unit of the quantity, as the ERP writes it (`kg`).
    pub uom: String,
    /// Planned start as the ERP writes it (UTC, ISO 8601), if any.
    pub planned_start: Option<String>,
    /// The equipment code of the order itself; a component with this code is a manual line.
    pub equipment_code: Option<String>,
    /// The BoM's name or number, if the ERP gives one.
    pub bom: Option<String>,
    /// The mass, in kilograms, that the BoM's lines refer to, where the ERP tells it; else the
    /// line's setting counts (`decisions.md` 4).
    #[serde(default)]
    pub bom_quantity: Option<Decimal>,
    /// The components in the ERP's order.
    pub lines: Vec<ErpOrderLine>,
}

/// One component of an [`ErpOrder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErpOrderLine {
    /// The ERP's product id of the component.
    pub product_id: Option<i64>,
    /// The component's name.
    pub product_name: String,
    /// The BoM line's quantity, NOT scaled to the order (`decisions.md` 4).
    pub to_consume: Decimal,
    /// Unit of `to_consume`.
    pub uom: String,
    /// Equipment code as the ERP has it (`silo101`); the order's own code marks a manual line.
    pub equipment_code: Option<String>,
}

/// What we tell the ERP about one order: running totals over its batches, absolute, per equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumptionPost {
    /// Deterministic idempotency key: plant, order, batch, revision.
    pub key: String,
    /// The order's name in the ERP.
    pub order_name: String,
    /// Finished weight so far; `None` when the plant reports none.
    pub finished_g: Option<Grams>,
    /// Consumed so far per equipment code; only values above zero are sent.
    pub lines: Vec<ConsumptionLine>,
}

/// One line of a [`ConsumptionPost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumptionLine {
    /// The ERP's equipment code.
    pub equipment_code: String,
    /// Consumed in total for this order.
    pub consumed_g: Grams,
}

/// What the ERP answered to a [`ConsumptionPost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostAnswer {
    /// What it says it applied, per equipment code.
    pub applied: Vec<ConsumptionLine>,
    /// The finished weight it says it holds now.
    pub finished_g: Option<Grams>,
    /// Items it did not apply, in its own words (partial success).
    pub item_errors: Vec<String>,
    /// Its database knows the message's key: this is the first result, and nothing was booked now.
    #[serde(default)]
    pub is_already: bool,
}

/// What the ERP holds for one order, from a read-back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpOrderState {
    /// The order's name.
    pub name: String,
    /// The ERP's state word.
    pub state: String,
    /// Finished weight it holds.
    pub produced_g: Grams,
    /// Ordered quantity (posting must never change it).
    pub quantity_g: Grams,
    /// Name of the finished product; `None` = the answer does not tell.
    #[serde(default)]
    pub product_name: Option<String>,
    /// Planned start as the ERP writes it; `None` = the answer does not tell, or tells the real start.
    #[serde(default)]
    pub planned_start: Option<String>,
    /// Consumption per equipment code. Over the addon route this is cut to the BoM quantity
    /// (`decisions.md` 22), so each line carries that cut.
    pub lines: Vec<ErpHeldLine>,
    /// The bill of materials as it stands now; `None` = the answer does not tell.
    #[serde(default)]
    pub bom: Option<ErpBom>,
}

/// The bill of materials of an order, by equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpBom {
    /// The mass in kilograms that its lines refer to.
    pub quantity_kg: Decimal,
    /// Equipment code and kilograms of each of its lines, NOT scaled to the order.
    pub lines: Vec<(String, Decimal)>,
}

/// One component's consumption as the ERP reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpHeldLine {
    /// The ERP's equipment code.
    pub equipment_code: String,
    /// Consumed, possibly cut to `limit_g`.
    pub consumed_g: Grams,
    /// The quantity above which the ERP's answer says nothing (the BoM quantity).
    pub limit_g: Option<Grams>,
}

/// An equipment failure for the ERP. Each report makes a new record there, so it is sent once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailurePost {
    /// Deterministic idempotency key: plant, kind, event. Not sent.
    pub key: String,
    /// The ERP's equipment code.
    pub equipment_code: String,
    /// What happened.
    pub description: String,
    /// When, UTC, `YYYY-MM-DD HH:MM:SS`.
    pub date_utc: String,
}

/// What was added by hand of one material of one order: the running total, which replaces what the
/// ERP held, so the same post may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialPost {
    /// Deterministic idempotency key: plant, order, batch, line. Not sent.
    pub key: String,
    /// The order's name in the ERP.
    pub order_name: String,
    /// The equipment code of the manual line.
    pub equipment_code: String,
    /// The ERP's product number (the variant's, which wins over the template's).
    pub product_id: i64,
    /// Material, for people. Not sent.
    pub material: String,
    /// Consumed in total for this order.
    pub consumed_g: Grams,
    /// When the last of it was entered, UTC, `YYYY-MM-DD HH:MM:SS`, never in the future.
    pub at_utc: String,
}

/// An order that shall be closed, with what the ERP must hold before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DonePost {
    /// Deterministic idempotency key: plant, order, revision. Not sent.
    pub key: String,
    /// What was posted of the order in all: the finished weight and the consumption per equipment.
    pub posted: ConsumptionPost,
    /// When the last batch ended, UTC, `YYYY-MM-DD HH:MM:SS`.
    pub ended_utc: String,
}
