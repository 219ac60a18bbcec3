//! Records of the standard API to the plant's terms. Pure: no session, no clock.
//! Leaves out what is written (`standard_post.rs`), units (`unit.rs`) and calls (`standard.rs`).

use std::collections::BTreeMap;

use millrace_core::erp::{ErpBom, ErpHeldLine, ErpOrder, ErpOrderLine, ErpOrderState};
use millrace_core::erp_lot::LotWant;
use millrace_core::units::{Grams, PLC_STEP};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::reading::{Why, decimal, flag, id, link, list, optional_text, reference, text};
use super::standard_lot::{self as lot, StockLine, Tracking};
use super::unit::Units;
use super::version::VersionRow;

/// The word in the table of materials, and the order's own equipment code, for lines that are
/// weighed by hand.
pub(super) const MANUAL: &str = "manual";
pub(super) const DONE: &str = "done";
pub(super) const CANCEL: &str = "cancel";

/// A record of `mrp.production`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Production {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) quantity: Decimal,
    pub(super) uom_id: i64,
    pub(super) producing: Decimal,
    pub(super) produced: Decimal,
    pub(super) bom: Option<(i64, String)>,
    pub(super) move_ids: Vec<i64>,
    pub(super) origin: Option<String>,
    pub(super) planned_start: Option<String>,
    /// A lot is entered for what it makes.
    pub(super) has_lot: bool,
}

/// A record of `stock.move` that is a component.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawMove {
    pub(super) id: i64,
    pub(super) product_id: i64,
    pub(super) product_name: String,
    pub(super) uom_id: i64,
    pub(super) demand: Decimal,
    /// What counts as consumed; a mere reservation is zero.
    pub(super) consumed: Decimal,
    /// Somebody said that it is consumed.
    pub(super) is_picked: bool,
    pub(super) state: String,
    pub(super) bom_line_id: Option<i64>,
    pub(super) tracking: Tracking,
    pub(super) line_ids: Vec<i64>,
    /// Read where lots count, else empty.
    pub(super) lines: Vec<StockLine>,
}

/// What a component's product tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) code: Option<String>,
    pub(super) uom_id: i64,
    pub(super) tracking: Tracking,
}

/// The bill of materials of an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bom {
    pub(super) quantity: Decimal,
    pub(super) uom_id: i64,
    /// Quantity and unit of each line, by the line's number.
    pub(super) lines: BTreeMap<i64, (Decimal, i64)>,
}

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The silo with this equipment code.
    Silo(String),
    /// A person weighs it.
    Manual,
}

/// Product code → equipment code of its silo, or [`MANUAL`].
pub(super) type Materials = BTreeMap<String, String>;

/// All that is known of one order.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) production: Production,
    /// Without the cancelled ones.
    pub(super) moves: Vec<RawMove>,
    pub(super) products: BTreeMap<i64, Product>,
}

pub(super) fn production_fields(row: &VersionRow) -> Vec<&'static str> {
    vec![
        "name",
        "state",
        "product_id",
        "product_qty",
        "product_uom_id",
        "qty_producing",
        "qty_produced",
        "bom_id",
        "move_raw_ids",
        "origin",
        row.planned_start,
        row.finished_lot,
    ]
}

pub(super) fn move_fields(row: &VersionRow) -> Vec<&'static str> {
    let mut fields = vec![
        "product_id",
        "product_uom",
        "product_uom_qty",
        row.consumed,
        "state",
        "bom_line_id",
        "has_tracking",
        "move_line_ids",
    ];
    if row.has_picked {
        fields.push("picked");
    }
    fields
}

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, Why> {
    value
        .as_object()
        .ok_or_else(|| "a record is not an object".to_owned())
}

pub(super) fn production(value: &Value, row: &VersionRow) -> Result<Production, Why> {
    let record = object(value)?;
    let (product_id, product_name) = link(record, "product_id")?;
    // One lot up to 18, a list of them in 19.
    let has_lot = match record.get(row.finished_lot) {
        Some(Value::Array(lots)) => !lots.is_empty(),
        _ => reference(record, row.finished_lot)?.is_some(),
    };
    Ok(Production {
        id: id(record, "id")?,
        name: text(record, "name")?.to_owned(),
        state: text(record, "state")?.to_owned(),
        product_id,
        product_name: product_name.to_owned(),
        quantity: decimal(record, "product_qty")?,
        uom_id: link(record, "product_uom_id")?.0,
        producing: decimal(record, "qty_producing")?,
        produced: decimal(record, "qty_produced")?,
        bom: reference(record, "bom_id")?.map(|(id, name)| (id, name.to_owned())),
        move_ids: numbers(record, "move_raw_ids")?,
        origin: optional_text(record, "origin")?.map(str::to_owned),
        planned_start: optional_text(record, row.planned_start)?.map(str::to_owned),
        has_lot,
    })
}

fn numbers(record: &Map<String, Value>, key: &str) -> Result<Vec<i64>, Why> {
    list(record, key)?
        .iter()
        .map(|id| id.as_i64().ok_or(format!("`{key}` holds no numbers")))
        .collect()
}

pub(super) fn raw_move(value: &Value, row: &VersionRow) -> Result<RawMove, Why> {
    let record = object(value)?;
    let (product_id, product_name) = link(record, "product_id")?;
    let state = text(record, "state")?.to_owned();
    let quantity = decimal(record, row.consumed)?;
    let is_picked = if row.has_picked {
        flag(record, "picked")? || state == DONE
    } else {
        quantity > Decimal::ZERO || state == DONE
    };
    Ok(RawMove {
        id: id(record, "id")?,
        product_id,
        product_name: product_name.to_owned(),
        uom_id: link(record, "product_uom")?.0,
        demand: decimal(record, "product_uom_qty")?,
        consumed: if is_picked { quantity } else { Decimal::ZERO },
        is_picked,
        state,
        bom_line_id: reference(record, "bom_line_id")?.map(|(id, _)| id),
        tracking: lot::tracking(record, "has_tracking")?,
        line_ids: numbers(record, "move_line_ids")?,
        lines: Vec::new(),
    })
}

/// Number and content of a product.
pub(super) fn product(value: &Value) -> Result<(i64, Product), Why> {
    let record = object(value)?;
    let product = Product {
        code: optional_text(record, "default_code")?.map(str::to_owned),
        uom_id: link(record, "uom_id")?.0,
        tracking: lot::tracking(record, "tracking")?,
    };
    Ok((id(record, "id")?, product))
}

/// Number and content of a bill of materials, still without lines.
pub(super) fn bom(value: &Value) -> Result<(i64, Bom), Why> {
    let record = object(value)?;
    let bom = Bom {
        quantity: decimal(record, "product_qty")?,
        uom_id: link(record, "product_uom_id")?.0,
        lines: BTreeMap::new(),
    };
    Ok((id(record, "id")?, bom))
}

/// The BoM that a line belongs to, the line's number, its quantity and unit.
pub(super) fn bom_line(value: &Value) -> Result<(i64, i64, Decimal, i64), Why> {
    let record = object(value)?;
    Ok((
        link(record, "bom_id")?.0,
        id(record, "id")?,
        decimal(record, "product_qty")?,
        link(record, "product_uom_id")?.0,
    ))
}

/// Where a component comes from, by the table of materials.
pub(super) fn place(
    component: &RawMove,
    products: &BTreeMap<i64, Product>,
    materials: &Materials,
) -> Result<Place, Why> {
    let name = &component.product_name;
    let product = products
        .get(&component.product_id)
        .ok_or_else(|| format!("{name}: the product cannot be read"))?;
    let code = product
        .code
        .as_deref()
        .ok_or_else(|| format!("{name} has no internal reference in the ERP"))?;
    match materials.get(code).map(String::as_str) {
        None => Err(format!(
            "{name}: no silo is set for {code}; add it to [erp.connector.materials]"
        )),
        Some(MANUAL) => Ok(Place::Manual),
        Some(silo) => Ok(Place::Silo(silo.to_owned())),
    }
}

/// An order with its recipe as the bill of materials has it. Every line is checked beforehand: it
/// has a silo, its unit can carry what is dosed, no serial number is asked for, and the order's own demand is
/// the scaled BoM line.
pub(super) fn order(
    held: &Held,
    bom: Option<&Bom>,
    units: &Units,
    materials: &Materials,
) -> Result<ErpOrder, Why> {
    let production = &held.production;
    let (Some(bom), Some((_, bom_name))) = (bom, &production.bom) else {
        return Err("it has no bill of materials".to_owned());
    };
    let quantity = units.kilograms(production.uom_id, production.quantity)?;
    units.check_postable(production.uom_id)?;
    let bom_quantity = units.kilograms(bom.uom_id, bom.quantity)?;
    if bom_quantity <= Decimal::ZERO {
        return Err(format!("its bill of materials is for {bom_quantity} kg"));
    }
    let mut lines = Vec::new();
    let mut complaints = Vec::new();
    for component in &held.moves {
        match order_line(
            component,
            held,
            bom,
            (quantity, bom_quantity),
            units,
            materials,
        ) {
            Ok(line) => lines.push(line),
            Err(why) => complaints.push(why),
        }
    }
    if !complaints.is_empty() {
        return Err(complaints.join("; "));
    }
    Ok(ErpOrder {
        erp_id: Some(production.id),
        name: production.name.clone(),
        state: production.state.clone(),
        reference: production.origin.clone(),
        product_name: production.product_name.clone(),
        quantity,
        uom: "kg".to_owned(),
        planned_start: production.planned_start.clone(),
        equipment_code: Some(MANUAL.to_owned()),
        bom: Some(bom_name.clone()),
        bom_quantity: Some(bom_quantity),
        lines,
    })
}

fn order_line(
    component: &RawMove,
    held: &Held,
    bom: &Bom,
    (quantity, bom_quantity): (Decimal, Decimal),
    units: &Units,
    materials: &Materials,
) -> Result<ErpOrderLine, Why> {
    let name = &component.product_name;
    let place = place(component, &held.products, materials)?;
    // A lot may be assigned until the order is booked; pieces can never be.
    if component.tracking == Tracking::Serial {
        return Err(lot::sentence(name, LotWant::Serial));
    }
    let (line_quantity, line_uom) = component
        .bom_line_id
        .and_then(|id| bom.lines.get(&id))
        .ok_or_else(|| format!("{name} is not in the order's bill of materials"))?;
    let to_consume = units.kilograms(*line_uom, *line_quantity)?;
    if place != Place::Manual {
        units.check_postable(component.uom_id)?;
        if let Some(product) = held.products.get(&component.product_id) {
            units.check_postable(product.uom_id)?;
        }
    }
    let demand = units.grams(component.uom_id, component.demand)?;
    let scaled = scale(to_consume, quantity, bom_quantity)?;
    let apart = demand
        .checked_sub(scaled)
        .ok_or("its demand is out of range")?
        .abs();
    if apart > units.tolerance(component.uom_id)?.max(PLC_STEP) {
        return Err(format!(
            "{name}: the order asks for {demand}, the bill of materials gives {scaled}"
        ));
    }
    Ok(ErpOrderLine {
        product_id: Some(component.product_id),
        product_name: name.clone(),
        to_consume,
        uom: "kg".to_owned(),
        equipment_code: Some(match place {
            Place::Silo(code) => code,
            Place::Manual => MANUAL.to_owned(),
        }),
    })
}

/// A BoM line for this order: line × order / BoM, in whole grams, half up.
pub(super) fn scale(line: Decimal, order: Decimal, bom: Decimal) -> Result<Grams, Why> {
    let out = || format!("{line} kg × {order} kg / {bom} kg is out of range");
    let kg = line
        .checked_mul(order)
        .and_then(|product| product.checked_div(bom))
        .ok_or_else(out)?;
    Grams::from_kg(kg).map_err(|_| out())
}

/// The bill of materials of an order by equipment, as far as its components are of it. `None` when a part
/// of it cannot be told: then nothing is said about any.
pub(super) fn held_bom(
    held: &Held,
    bom: &Bom,
    units: &Units,
    materials: &Materials,
) -> Option<ErpBom> {
    let mut lines = Vec::new();
    for component in &held.moves {
        let code = match place(component, &held.products, materials).ok()? {
            Place::Silo(code) => code,
            Place::Manual => MANUAL.to_owned(),
        };
        // A component that is no longer of the bill is left out, and so told as removed.
        if let Some((quantity, uom)) = component.bom_line_id.and_then(|id| bom.lines.get(&id)) {
            lines.push((code, units.kilograms(*uom, *quantity).ok()?));
        }
    }
    Some(ErpBom {
        quantity_kg: units.kilograms(bom.uom_id, bom.quantity).ok()?,
        lines,
    })
}

/// Sums what each silo's moves hold; weighed lines are not ours.
pub(super) fn state(
    held: &Held,
    units: &Units,
    materials: &Materials,
    row: &VersionRow,
) -> Result<ErpOrderState, Why> {
    let production = &held.production;
    let mut by_silo: BTreeMap<String, Grams> = BTreeMap::new();
    for component in &held.moves {
        // A component that has no silo here can hold nothing of ours.
        let Ok(Place::Silo(code)) = place(component, &held.products, materials) else {
            continue;
        };
        // What a tracked product has on no lot cannot be closed: it counts as not told.
        if !lot::is_on_lots(component) {
            by_silo.entry(code).or_default();
            continue;
        }
        let consumed = units.grams(component.uom_id, component.consumed)?;
        let sum = by_silo.entry(code).or_default();
        *sum = sum
            .checked_add(consumed)
            .ok_or("the consumption is out of range")?;
    }
    // Before an order is closed, the weight stands where a person would enter it.
    let weight = if production.state == DONE {
        production.produced
    } else {
        production.producing
    };
    Ok(ErpOrderState {
        bom: None,
        name: production.name.clone(),
        state: production.state.clone(),
        produced_g: units.grams(production.uom_id, weight)?,
        quantity_g: units.grams(production.uom_id, production.quantity)?,
        product_name: Some(production.product_name.clone()),
        planned_start: production
            .planned_start
            .clone()
            .filter(|_| row.start_stays_planned || production.state == "confirmed"),
        lines: by_silo
            .into_iter()
            .map(|(equipment_code, consumed_g)| ErpHeldLine {
                equipment_code,
                consumed_g,
                limit_g: None,
            })
            .collect(),
    })
}
