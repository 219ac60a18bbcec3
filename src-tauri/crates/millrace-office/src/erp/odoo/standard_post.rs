//! What a consumption is as a write of the standard API, and whether an order holds it already.
//! Pure. Leaves out calls (`standard.rs`) and reading records (`standard_map.rs`).

use std::collections::BTreeMap;

use millrace_core::erp::{ConsumptionLine, ConsumptionPost, MaterialPost, PostAnswer};
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use super::standard_lot::{self as lot, Chosen, Tracking};
use super::standard_map::{CANCEL, DONE, Held, Materials, Place, RawMove, place};
use super::unit::Units;
use super::version::{Manual, VersionRow};
use crate::erp::ErpError;

/// What each of our moves shall hold, and the weight.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) finished_g: Option<Grams>,
    /// Move, equipment code, mass.
    pub(super) moves: Vec<(i64, String, Grams)>,
}

/// What is to be done about a [`Target`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// The order holds exactly this.
    Holds,
    /// The order is open and holds something else: the first difference.
    Differs(String),
}

fn conflict(message: impl Into<String>) -> ErpError {
    ErpError::Refused {
        message: message.into(),
    }
}

/// An order that may be written to: not a draft, which closing would confirm; not cancelled.
pub(super) fn check_state(held: &Held) -> Result<(), ErpError> {
    let name = &held.production.name;
    match held.production.state.as_str() {
        "confirmed" | "progress" | "to_close" | DONE => Ok(()),
        CANCEL => Err(conflict(format!("{name} is cancelled"))),
        other => Err(conflict(format!("{name} is in state {other}"))),
    }
}

/// Our moves: those whose product comes from a silo. One silo, one move; none closed
/// while the order is open.
pub(super) fn our_moves<'a>(
    held: &'a Held,
    materials: &Materials,
) -> Result<BTreeMap<String, &'a RawMove>, ErpError> {
    let mut ours: BTreeMap<String, &RawMove> = BTreeMap::new();
    for component in &held.moves {
        let code = match place(component, &held.products, materials).map_err(conflict)? {
            Place::Silo(code) => code,
            Place::Manual => continue,
        };
        let name = &component.product_name;
        if component.state == DONE && held.production.state != DONE {
            return Err(conflict(format!("{name} is closed already")));
        }
        if ours.insert(code.clone(), component).is_some() {
            return Err(conflict(format!("{code} stands on several lines")));
        }
    }
    Ok(ours)
}

/// The target of a post: every move of ours, zero where the post says nothing.
pub(super) fn target(
    post: &ConsumptionPost,
    held: &Held,
    materials: &Materials,
) -> Result<Target, ErpError> {
    check_state(held)?;
    if post.finished_g.is_some_and(|mass| mass <= Grams::ZERO) {
        return Err(ErpError::unsendable(
            "a finished weight that is not above zero",
        ));
    }
    let mut wanted: BTreeMap<&str, Grams> = BTreeMap::new();
    for line in &post.lines {
        let code = line.equipment_code.as_str();
        if line.consumed_g < Grams::ZERO {
            return Err(ErpError::unsendable(format!(
                "{code} consumed {}",
                line.consumed_g
            )));
        }
        if wanted.insert(code, line.consumed_g).is_some() {
            return Err(ErpError::unsendable(format!(
                "{code} stands twice in one post"
            )));
        }
    }
    if post.finished_g.is_none() && wanted.values().all(|mass| *mass == Grams::ZERO) {
        return Err(ErpError::unsendable("a post without any weight"));
    }
    let ours = our_moves(held, materials)?;
    for (code, mass) in &wanted {
        if *mass > Grams::ZERO && !ours.contains_key(*code) {
            return Err(conflict(format!(
                "{code}: {} has no component from there",
                held.production.name
            )));
        }
    }
    let moves = ours
        .into_iter()
        .map(|(code, component)| {
            let mass = wanted.get(code.as_str()).copied().unwrap_or(Grams::ZERO);
            (component.id, code, mass)
        })
        .collect();
    Ok(Target {
        finished_g: post.finished_g,
        moves,
    })
}

/// The target of a weighing: the one move of that product which no silo feeds.
pub(super) fn material(
    post: &MaterialPost,
    held: &Held,
    materials: &Materials,
) -> Result<Target, ErpError> {
    check_state(held)?;
    let (name, what) = (&held.production.name, &post.material);
    if post.consumed_g < Grams::ZERO {
        let what = format!("{what} consumed {}", post.consumed_g);
        return Err(ErpError::unsendable(what));
    }
    let mut found = held
        .moves
        .iter()
        .filter(|one| one.product_id == post.product_id);
    let component = match (found.next(), found.next()) {
        (Some(one), None) => one,
        (None, _) => return Err(conflict(format!("{name} has no component {what}"))),
        (Some(_), Some(_)) => return Err(conflict(format!("{what} stands on several lines"))),
    };
    match place(component, &held.products, materials).map_err(conflict)? {
        Place::Manual => {}
        Place::Silo(code) => {
            let message = format!("{what} comes from {code}, it is not weighed by hand");
            return Err(conflict(message));
        }
    }
    if component.state == DONE && held.production.state != DONE {
        return Err(conflict(format!("{what} is closed already")));
    }
    Ok(Target {
        finished_g: None,
        moves: vec![(component.id, what.clone(), post.consumed_g)],
    })
}

/// Holds an order against a target. A closed order that holds something else is a conflict: a
/// write would move stock at once.
pub(super) fn verdict(
    target: &Target,
    held: &Held,
    units: &Units,
    row: &VersionRow,
) -> Result<Verdict, ErpError> {
    let production = &held.production;
    let is_done = production.state == DONE;
    let weight = if is_done {
        production.produced
    } else {
        production.producing
    };
    let mut difference = None;
    if let Some(finished) = target.finished_g {
        let found = units
            .grams(production.uom_id, weight)
            .map_err(ErpError::protocol)?;
        if found != finished {
            difference = Some(format!("finished weight {found} instead of {finished}"));
        }
    }
    for (id, code, mass) in &target.moves {
        // A move that was closed at zero is cancelled, and so no longer among these.
        let found = match held.moves.iter().find(|one| one.id == *id) {
            Some(one) => {
                let is_told = one.is_picked || !row.has_picked;
                let grams = units
                    .grams(one.uom_id, one.consumed)
                    .map_err(ErpError::protocol)?;
                (is_told && lot::is_on_lots(one)).then_some(grams)
            }
            None => Some(Grams::ZERO),
        };
        if found != Some(*mass) {
            let found = found.unwrap_or(Grams::ZERO);
            difference.get_or_insert(format!("{code}: {found} instead of {mass}"));
        }
    }
    match difference {
        None => Ok(Verdict::Holds),
        Some(what) if !is_done => Ok(Verdict::Differs(what)),
        Some(what) => Err(conflict(format!(
            "{} is closed with other quantities: {what}",
            production.name
        ))),
    }
}

/// The values of the one write: weight and all moves together, absolute.
pub(super) fn values(
    target: &Target,
    held: &Held,
    units: &Units,
    row: &VersionRow,
) -> Result<Value, ErpError> {
    let mut values = Map::new();
    if let Some(finished) = target.finished_g {
        let quantity = units
            .quantity(held.production.uom_id, finished)
            .map_err(ErpError::unsendable)?;
        values.insert("qty_producing".to_owned(), number(quantity)?);
    }
    let mut moves = Vec::new();
    for (id, _, mass) in &target.moves {
        let Some(component) = held.moves.iter().find(|one| one.id == *id) else {
            continue;
        };
        let quantity = units
            .quantity(component.uom_id, *mass)
            .map_err(|why| ErpError::unsendable(format!("{}: {why}", component.product_name)))?;
        let mut change = Map::new();
        let chosen = lot_of(component, *mass)?;
        let first = component.lines.first();
        match (&chosen, first) {
            (Some(chosen), _) => {
                let lines = chosen.lines(component, quantity, row)?;
                change.insert("move_line_ids".to_owned(), lines);
            }
            // Its reservation stays, because giving it back would lose the lots of the others. In another
            // unit than its product's, a part of the quantity would be lost beside it.
            (None, Some(first)) if loses_a_part(component, held, row) => {
                let lines = lot::replaced(component, first.places, None, quantity, row)?;
                change.insert("move_line_ids".to_owned(), lines);
            }
            (None, _) => {
                change.insert(row.consumed.to_owned(), number(quantity)?);
            }
        }
        if row.has_picked {
            change.insert("picked".to_owned(), Value::Bool(true));
        }
        if row.manual == Manual::Field {
            change.insert("manual_consumption".to_owned(), Value::Bool(true));
        }
        moves.push(json!([1, id, change]));
    }
    values.insert("move_raw_ids".to_owned(), Value::Array(moves));
    Ok(Value::Object(values))
}

/// The lot that this much of a tracked product is booked on; none for an untracked one, and for nothing.
pub(super) fn lot_of(component: &RawMove, mass: Grams) -> Result<Option<Chosen>, ErpError> {
    if component.tracking == Tracking::None || mass == Grams::ZERO {
        return Ok(None);
    }
    lot::chosen(component)
        .map(Some)
        .map_err(|want| lot::refusal(&component.product_name, want))
}

/// Whether reservations are given back before the write; not where a lot hangs on one.
pub(super) fn gives_back(held: &Held, row: &VersionRow) -> bool {
    row.unreserve_before_write
        && held.moves.iter().any(|one| !one.is_picked)
        && held.moves.iter().all(|one| one.tracking == Tracking::None)
}

fn loses_a_part(component: &RawMove, held: &Held, row: &VersionRow) -> bool {
    let product = held.products.get(&component.product_id);
    row.unreserve_before_write
        && component.tracking == Tracking::None
        && product.is_none_or(|product| product.uom_id != component.uom_id)
}

/// Whether what was just written stands on the lots that it was written on.
pub(super) fn lots_hold(target: &Target, before: &Held, now: &Held) -> Result<(), String> {
    for (id, code, mass) in &target.moves {
        let find = |held: &Held| held.moves.iter().find(|one| one.id == *id).cloned();
        let (Some(before), Some(now)) = (find(before), find(now)) else {
            continue;
        };
        if let Ok(Some(chosen)) = lot_of(&before, *mass)
            && !lot::is_on(&now, chosen.lot_id)
        {
            return Err(format!("{code} on another lot than it was booked on"));
        }
    }
    Ok(())
}

/// The context of that write.
pub(super) fn context(row: &VersionRow) -> Option<Value> {
    match row.manual {
        Manual::Context => Some(json!({"force_manual_consumption": true})),
        Manual::Absent | Manual::Field => None,
    }
}

/// What a wizard asks instead of closing an order, in words. None is answered by us: each of them would
/// book something that nobody reported, or hide that something was not.
pub(super) fn question(wizard: &str) -> String {
    match wizard {
        "mrp.immediate.production" => {
            "whether the whole quantity was made, as if nothing were reported".to_owned()
        }
        "mrp.production.backorder" => {
            "whether what is short becomes an order of its own (backorder)".to_owned()
        }
        "mrp.consumption.warning" => {
            "to confirm a consumption that differs from the bill of materials".to_owned()
        }
        other => format!("a person something ({other})"),
    }
}

/// The receipt of a target that was read back.
pub(super) fn receipt(target: &Target) -> PostAnswer {
    PostAnswer {
        applied: target
            .moves
            .iter()
            .filter(|(_, _, mass)| *mass > Grams::ZERO)
            .map(|(_, code, mass)| ConsumptionLine {
                equipment_code: code.clone(),
                consumed_g: *mass,
            })
            .collect(),
        finished_g: target.finished_g,
        item_errors: Vec::new(),
        is_already: false,
    }
}

/// What an order must hold before it may be closed with this weight: its own quantities again.
/// Closing an order with components that nobody reported would book the BoM or cancel them.
pub(super) fn closing(
    held: &Held,
    finished: Grams,
    units: &Units,
    materials: &Materials,
    row: &VersionRow,
) -> Result<Target, ErpError> {
    check_state(held)?;
    if let Some(note) = lot::finished_want(held, row) {
        return Err(conflict(note.to_string()));
    }
    if held.production.state != DONE {
        let is_open = |one: &&RawMove| {
            // Before 17 a zero that was written and one that never was look the same: there a silo
            // may hold nothing, as long as another one holds something.
            let is_silo = matches!(place(one, &held.products, materials), Ok(Place::Silo(_)));
            !one.is_picked && (row.has_picked || !is_silo)
        };
        let untouched = held.moves.iter().all(|one| !one.is_picked);
        let open = held
            .moves
            .iter()
            .find(is_open)
            .or_else(|| held.moves.first().filter(|_| untouched));
        if let Some(open) = open {
            return Err(conflict(format!(
                "nothing is reported for {}; closing would book or cancel it",
                open.product_name
            )));
        }
    }
    let mut moves = Vec::new();
    for (code, component) in our_moves(held, materials)? {
        let mass = units
            .grams(component.uom_id, component.consumed)
            .map_err(ErpError::protocol)?;
        moves.push((component.id, code, mass));
    }
    Ok(Target {
        finished_g: Some(finished),
        moves,
    })
}

/// A JSON number with exactly these digits, or refused.
pub(super) fn number(quantity: Decimal) -> Result<Value, ErpError> {
    let too_long = || ErpError::unsendable(format!("{quantity} has too many digits"));
    let float: f64 = quantity.to_string().parse().map_err(|_| too_long())?;
    let number = Number::from_f64(float).ok_or_else(too_long)?;
    let back: Option<Decimal> = number.to_string().parse().ok();
    if back == Some(quantity) {
        Ok(Value::Number(number))
    } else {
        Err(too_long())
    }
}
