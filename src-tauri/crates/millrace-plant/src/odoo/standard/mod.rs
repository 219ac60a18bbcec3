//! The standard external API of Odoo 14 to 19, as far as manufacturing orders and their components
//! go: `/jsonrpc` and `/json/2` over the same book as the addon's routes, with the traps of each
//! version.
//! Leaves out work orders, several warehouses and everything a person sees.

mod call;
mod lot;
mod posting;
mod produce;
mod record;
mod serve;

#[cfg(test)]
mod posting_tests;
#[cfg(test)]
mod tests;

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

pub(super) use lot::consumed as consumed_lots;
pub use lot::{LotEdit, LotLine, Lots, Tracking};
pub use posting::PostingRow;
pub(super) use record::demand;
pub(super) use serve::routes;

/// Which Odoo it behaves as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OdooVersion {
    /// 14.0
    #[serde(rename = "14")]
    V14,
    /// 15.0
    #[serde(rename = "15")]
    V15,
    /// 16.0
    #[serde(rename = "16")]
    V16,
    /// 17.0
    #[default]
    #[serde(rename = "17")]
    V17,
    /// 18.0
    #[serde(rename = "18")]
    V18,
    /// 19.0
    #[serde(rename = "19")]
    V19,
}

impl OdooVersion {
    /// Every version, oldest first.
    pub const ALL: [OdooVersion; 6] = [
        OdooVersion::V14,
        OdooVersion::V15,
        OdooVersion::V16,
        OdooVersion::V17,
        OdooVersion::V18,
        OdooVersion::V19,
    ];

    /// Its number.
    #[must_use]
    pub fn major(self) -> u16 {
        match self {
            OdooVersion::V14 => 14,
            OdooVersion::V15 => 15,
            OdooVersion::V16 => 16,
            OdooVersion::V17 => 17,
            OdooVersion::V18 => 18,
            OdooVersion::V19 => 19,
        }
    }

    /// A component's quantity is a reservation until it is `picked`.
    fn has_picked(self) -> bool {
        self >= OdooVersion::V17
    }

    /// The field of the consumed quantity.
    fn consumed(self) -> &'static str {
        if self.has_picked() {
            "quantity"
        } else {
            "quantity_done"
        }
    }

    /// The field of the done quantity on a line of stock.
    fn line_quantity(self) -> &'static str {
        if self.has_picked() {
            "quantity"
        } else {
            "qty_done"
        }
    }

    /// The field of the finished product's lot.
    fn finished_lot(self) -> &'static str {
        if self == OdooVersion::V19 {
            "lot_producing_ids"
        } else {
            "lot_producing_id"
        }
    }

    /// The field of the planned start.
    fn planned_start(self) -> &'static str {
        if self.has_picked() {
            "date_start"
        } else {
            "date_planned_start"
        }
    }

    /// The `code` of a JSON-RPC error.
    fn error_code(self) -> i64 {
        if self == OdooVersion::V19 { 0 } else { 200 }
    }
}

/// How the standard API behaves now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardSetup {
    /// As which version.
    pub version: OdooVersion,
    /// What the user may not do: `write stock.move`.
    #[serde(default)]
    pub denied: Vec<String>,
    /// Our addon `millrace_posting` is installed.
    #[serde(default)]
    pub has_posting: bool,
    /// Closing an order answers with this wizard whatever the context says, and does nothing: a module of
    /// theirs stands before it.
    #[serde(default)]
    pub asks: Option<String>,
    /// Closing an order closes it and answers an action all the same: a report that is printed by itself.
    #[serde(default)]
    pub prints: bool,
    /// That addon is the first one, which knows no anchor.
    #[serde(default)]
    pub is_posting_old: bool,
}

/// The unit that a component is counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uom {
    /// Kilograms.
    #[default]
    Kg,
    /// Grams.
    G,
    /// Tonnes, counted to 10 kg.
    T,
    /// Pieces: no mass. A gram of the book counts as one.
    Units,
}

impl Uom {
    /// Every unit.
    const ALL: [Uom; 4] = [Uom::Kg, Uom::G, Uom::T, Uom::Units];

    fn id(self) -> i64 {
        match self {
            Uom::Kg => 12,
            Uom::G => 13,
            Uom::T => 14,
            Uom::Units => 1,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Uom::Kg => "kg",
            Uom::G => "g",
            Uom::T => "t",
            Uom::Units => "Units",
        }
    }

    /// Grams of the book in one.
    fn grams(self) -> i64 {
        match self {
            Uom::Kg => 1_000,
            Uom::G | Uom::Units => 1,
            Uom::T => 1_000_000,
        }
    }
}

/// An exception: its full name and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    name: &'static str,
    message: String,
}

impl Fault {
    fn new(name: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            name,
            message: message.into(),
        }
    }

    fn user(message: impl Into<String>) -> Fault {
        Fault::new("odoo.exceptions.UserError", message)
    }
}

/// A share of a mass, rounded half up as Odoo rounds quantities of kilograms: to 10 g.
fn scaled(mass: Grams, part: Grams, whole: Grams) -> Grams {
    mass.scale(part, whole).unwrap_or(Grams::ZERO).to_plc_step()
}
