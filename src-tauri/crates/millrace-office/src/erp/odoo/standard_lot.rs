//! Components and products that are tracked by lot: which lot a consumption is booked on, how that is
//! written, and what a person must do when it cannot be told. Pure.
//! Leaves out untracked quantities (`standard_post.rs`) and calls (`standard.rs`).
//!
//! The lot is the one that stands on the order's own component in Odoo, reserved by Odoo or assigned by a
//! person. What else lies in stock is not looked at: a lot that happens to have enough says nothing about
//! what is in the silo, and a guess would be a false record of where a product went.
//! Lines are replaced whole, by number: a quantity written on a tracked move goes to the last lot (14 to
//! 16, 19) or to a line without one (17, 18), and giving the reservation back would lose the lot.

use millrace_core::erp_lot::{LotNote, LotWant};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::reading::{Why, decimal, id, link, reference, text};
use super::standard_map::{DONE, Held, Materials, RawMove, object, place};
use super::standard_post::number;
use super::version::VersionRow;
use crate::erp::ErpError;

/// The lines of stock under a move.
pub(super) const LINE: &str = "stock.move.line";

/// How a product is tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// Not at all.
    None,
    /// By lot.
    Lot,
    /// Each piece by its own number.
    Serial,
}

impl Tracking {
    pub(super) fn of(word: &str) -> Tracking {
        match word {
            "none" => Tracking::None,
            "serial" => Tracking::Serial,
            // A word of a later version: it asks for something that is no quantity alone.
            _ => Tracking::Lot,
        }
    }
}

/// One line of stock under a move.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StockLine {
    pub(super) id: i64,
    /// Number and name.
    pub(super) lot: Option<(i64, String)>,
    /// In the line's unit: reserved or done, as the version has it.
    pub(super) quantity: Decimal,
    /// From where, and to where.
    pub(super) places: (i64, i64),
}

/// The one lot that a move's consumption is booked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) lot_id: i64,
    places: (i64, i64),
}

pub(super) fn line_fields(row: &VersionRow) -> Vec<&'static str> {
    vec![
        "move_id",
        "lot_id",
        row.line_quantity,
        "location_id",
        "location_dest_id",
    ]
}

/// The move that a line belongs to, and the line.
pub(super) fn stock_line(value: &Value, row: &VersionRow) -> Result<(i64, StockLine), Why> {
    let record = object(value)?;
    let line = StockLine {
        id: id(record, "id")?,
        lot: reference(record, "lot_id")?.map(|(id, name)| (id, name.to_owned())),
        quantity: decimal(record, row.line_quantity)?,
        places: (
            link(record, "location_id")?.0,
            link(record, "location_dest_id")?.0,
        ),
    };
    Ok((link(record, "move_id")?.0, line))
}

/// How a move's product is tracked.
pub(super) fn tracking(record: &Map<String, Value>, field: &str) -> Result<Tracking, Why> {
    text(record, field).map(Tracking::of)
}

/// The lot of a tracked move, or what a person must do first.
pub(super) fn chosen(component: &RawMove) -> Result<Chosen, LotWant> {
    if component.tracking == Tracking::Serial {
        return Err(LotWant::Serial);
    }
    let mut found: Vec<&(i64, String)> = Vec::new();
    for line in &component.lines {
        match &line.lot {
            None => return Err(LotWant::None),
            Some(lot) if found.iter().all(|one| one.0 != lot.0) => found.push(lot),
            Some(_) => {}
        }
    }
    let ([lot], Some(first)) = (found.as_slice(), component.lines.first()) else {
        let lots: Vec<String> = found.into_iter().map(|(_, name)| name.clone()).collect();
        return Err(if lots.is_empty() {
            LotWant::None
        } else {
            LotWant::Several { lots }
        });
    };
    if component.lines.iter().any(|one| one.places != first.places) {
        return Err(LotWant::Places { lot: lot.1.clone() });
    }
    Ok(Chosen {
        lot_id: lot.0,
        places: first.places,
    })
}

/// Whether all that a tracked move holds stands on lots; a person may have spread it over several.
pub(super) fn is_on_lots(component: &RawMove) -> bool {
    component.tracking == Tracking::None
        || component
            .lines
            .iter()
            .all(|line| line.lot.is_some() || line.quantity == Decimal::ZERO)
}

/// Whether all that a move holds stands on this lot.
pub(super) fn is_on(component: &RawMove, lot_id: i64) -> bool {
    component
        .lines
        .iter()
        .filter(|line| line.quantity != Decimal::ZERO)
        .all(|line| line.lot.as_ref().is_some_and(|lot| lot.0 == lot_id))
}

/// The values of a move whose whole quantity stands on one line: on the lot, or on none.
pub(super) fn replaced(
    component: &RawMove,
    places: (i64, i64),
    lot_id: Option<i64>,
    quantity: Decimal,
    row: &VersionRow,
) -> Result<Value, ErpError> {
    let mut commands: Vec<Value> = component
        .lines
        .iter()
        .map(|line| json!([2, line.id]))
        .collect();
    let mut line = json!({
        "product_id": component.product_id,
        "product_uom_id": component.uom_id,
        "location_id": places.0,
        "location_dest_id": places.1,
    });
    line[row.line_quantity] = number(quantity)?;
    if let Some(lot_id) = lot_id {
        line["lot_id"] = json!(lot_id);
    }
    if row.has_picked {
        line["picked"] = json!(true);
    }
    commands.push(json!([0, 0, line]));
    Ok(Value::Array(commands))
}

impl Chosen {
    /// The lines that take the place of all there are.
    pub(super) fn lines(
        &self,
        component: &RawMove,
        quantity: Decimal,
        row: &VersionRow,
    ) -> Result<Value, ErpError> {
        replaced(component, self.places, Some(self.lot_id), quantity, row)
    }
}

/// What is missing of a product's lot, as a sentence.
pub(super) fn sentence(product: &str, want: LotWant) -> String {
    let product = product.to_owned();
    LotNote { product, want }.to_string()
}

/// The refusal of a booking whose lot cannot be told.
pub(super) fn refusal(product: &str, want: LotWant) -> ErpError {
    ErpError::Refused {
        message: sentence(product, want),
    }
}

/// What is made needs a lot before the order may be closed; 19 makes one by itself.
pub(super) fn finished_want(held: &Held, row: &VersionRow) -> Option<LotNote> {
    let production = &held.production;
    let tracking = held
        .products
        .get(&production.product_id)
        .map_or(Tracking::None, |product| product.tracking);
    let is_missing = tracking != Tracking::None
        && !production.has_lot
        && !row.makes_finished_lot
        && production.state != DONE;
    is_missing.then(|| LotNote {
        product: production.product_name.clone(),
        want: LotWant::Finished,
    })
}

/// What a person must still do about lots before this order can be booked and closed. Lots may be
/// assigned until then, so that these hold nothing back.
pub(super) fn notes(held: &Held, materials: &Materials, row: &VersionRow) -> Vec<LotNote> {
    let mut notes: Vec<LotNote> = held
        .moves
        .iter()
        .filter(|one| one.tracking != Tracking::None)
        .filter(|one| place(one, &held.products, materials).is_ok())
        .filter_map(|one| {
            chosen(one).err().map(|want| LotNote {
                product: one.product_name.clone(),
                want,
            })
        })
        .collect();
    notes.extend(finished_want(held, row));
    notes
}
