//! The addon's JSON to the plant's terms and back. Pure: no session, no clock.
//! Leaves out envelopes (`envelope.rs`). Numbers never pass through float arithmetic.

use std::collections::BTreeSet;

use millrace_core::erp::{
    ConsumptionLine, ConsumptionPost, ErpHeldLine, ErpOrder, ErpOrderLine, ErpOrderState,
    PostAnswer,
};
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::reading::{
    Why, equipment_code, grams, kilograms, list, optional_id, optional_text, text,
};
use crate::erp::{ErpError, OrderPage, UnreadableOrder};

/// The unit every quantity is in after reading.
const KG: &str = "kg";
/// Keys of the update route that are no equipment. Those that name a target would rescale the
/// order; none of them may ever be taken for an equipment code.
const RESERVED_KEYS: [&str; 13] = [
    "mo_id",
    "quantity",
    "finished_qty",
    "weight_finished_goods",
    "qty_producing",
    "product_qty",
    "target_production",
    "target_qty",
    "target_quantity",
    "target_weight",
    "equipment_id",
    "date_end_actual",
    "update_mode",
];

/// The `data` of `mo-list-detailed`.
pub(super) fn page(result: &Map<String, Value>) -> Result<OrderPage, ErpError> {
    let items = list(result, "data").map_err(ErpError::protocol)?;
    let orders = items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            order(item).map_err(|why| UnreadableOrder {
                // Orders of these routes are known by their names.
                erp_id: None,
                name: item.get("mo_id").and_then(Value::as_str).map_or_else(
                    || format!("number {} of the page", index + 1),
                    str::to_owned,
                ),
                why,
            })
        })
        .collect();
    // These routes tell nothing about lots.
    Ok(OrderPage {
        orders,
        ..OrderPage::default()
    })
}

fn order(item: &Value) -> Result<ErpOrder, Why> {
    let item = item.as_object().ok_or("the order is not an object")?;
    let uom = text(item, "uom")?;
    let lines = list(item, "components_consumption")?
        .iter()
        .enumerate()
        .map(|(index, line)| {
            order_line(line).map_err(|why| format!("component {}: {why}", index + 1))
        })
        .collect::<Result<Vec<_>, Why>>()?;
    let bom = match optional_text(item, "bom_code")? {
        Some(code) => Some(code.to_owned()),
        None => optional_id(item, "bom_id")?.map(|id| id.to_string()),
    };
    Ok(ErpOrder {
        // This route names its orders and gives no record number.
        erp_id: None,
        name: text(item, "mo_id")?.to_owned(),
        state: text(item, "state")?.to_owned(),
        reference: optional_text(item, "reference")?.map(str::to_owned),
        product_name: text(item, "product_name")?.to_owned(),
        quantity: kilograms(item, "quantity", uom)?,
        uom: KG.to_owned(),
        planned_start: optional_text(item, "schedule_start")?.map(str::to_owned),
        equipment_code: equipment_code(item)?.map(str::to_owned),
        bom,
        bom_quantity: None,
        lines,
    })
}

fn order_line(line: &Value) -> Result<ErpOrderLine, Why> {
    let line = line.as_object().ok_or("it is not an object")?;
    let uom = text(line, "uom")?;
    Ok(ErpOrderLine {
        product_id: optional_id(line, "product_id")?,
        product_name: text(line, "product_name")?.to_owned(),
        to_consume: kilograms(line, "to_consume", uom)?,
        uom: KG.to_owned(),
        equipment_code: equipment_code(line)?.map(str::to_owned),
    })
}

/// The `data` of `mo-detail`. Components without equipment cannot hold anything of ours and are
/// left out.
pub(super) fn state(result: &Map<String, Value>, name: &str) -> Result<ErpOrderState, ErpError> {
    let read = || -> Result<ErpOrderState, Why> {
        let data = result
            .get("data")
            .and_then(Value::as_object)
            .ok_or("`data` is not an object")?;
        let found = text(data, "mo_id")?;
        if found != name {
            return Err(format!("the state of {found} instead of {name}"));
        }
        let uom = text(data, "uom")?;
        let mut lines = Vec::new();
        for line in list(data, "components_consumption")? {
            let line = line.as_object().ok_or("a component is not an object")?;
            let uom = text(line, "uom")?;
            if let Some(code) = equipment_code(line)? {
                lines.push(ErpHeldLine {
                    equipment_code: code.to_owned(),
                    consumed_g: grams(line, "consumed", uom)?,
                    limit_g: Some(grams(line, "to_consume", uom)?),
                });
            }
        }
        Ok(ErpOrderState {
            bom: None,
            name: found.to_owned(),
            state: text(data, "state")?.to_owned(),
            produced_g: grams(data, "produced_qty", uom)?,
            quantity_g: grams(data, "quantity", uom)?,
            product_name: optional_text(data, "product_name")?.map(str::to_owned),
            planned_start: optional_text(data, "schedule_start")?.map(str::to_owned),
            lines,
        })
    };
    read().map_err(ErpError::protocol)
}

/// The parameters of `mo/update-with-consumptions`: the finished weight as `quantity`, and each
/// equipment by its code. No other key is ever sent.
pub(super) fn post_params(post: &ConsumptionPost) -> Result<Value, ErpError> {
    let mut params = Map::new();
    params.insert("mo_id".to_owned(), Value::String(post.order_name.clone()));
    if let Some(finished) = post.finished_g {
        if finished <= Grams::ZERO {
            return Err(ErpError::unsendable(format!(
                "a finished weight of {finished}; leave it out when there is none"
            )));
        }
        params.insert("quantity".to_owned(), number(finished)?);
    }
    let mut seen = BTreeSet::new();
    for line in &post.lines {
        let code = line.equipment_code.as_str();
        if code.is_empty() || RESERVED_KEYS.contains(&code) {
            return Err(ErpError::unsendable(format!(
                "{code:?} is not an equipment code"
            )));
        }
        if !seen.insert(code) {
            return Err(ErpError::unsendable(format!(
                "{code} stands twice in one post"
            )));
        }
        if line.consumed_g < Grams::ZERO {
            return Err(ErpError::unsendable(format!(
                "{code} consumed {}",
                line.consumed_g
            )));
        }
        if line.consumed_g > Grams::ZERO {
            params.insert(code.to_owned(), number(line.consumed_g)?);
        }
    }
    if params.len() == 1 {
        return Err(ErpError::unsendable("a post without any weight"));
    }
    Ok(Value::Object(params))
}

/// Kilograms as a JSON number with at most three decimals, exact to the gram or refused.
pub(super) fn number(mass: Grams) -> Result<Value, ErpError> {
    let kg = mass.to_kg();
    let too_large = || ErpError::unsendable(format!("{mass} has too many digits"));
    let float: f64 = kg.to_string().parse().map_err(|_| too_large())?;
    let number = Number::from_f64(float).ok_or_else(too_large)?;
    let back: Option<Decimal> = number.to_string().parse().ok();
    if back == Some(kg) {
        Ok(Value::Number(number))
    } else {
        Err(too_large())
    }
}

/// The answer of `mo/update-with-consumptions`.
pub(super) fn post_answer(result: &Map<String, Value>, name: &str) -> Result<PostAnswer, ErpError> {
    let read = || -> Result<PostAnswer, Why> {
        let found = text(result, "mo_id")?;
        if found != name {
            return Err(format!("an answer about {found} instead of {name}"));
        }
        let mut applied = Vec::new();
        for item in list(result, "consumed_items")? {
            let item = item.as_object().ok_or("an applied item is not an object")?;
            applied.push(ConsumptionLine {
                equipment_code: text(item, "equipment_code")?.to_owned(),
                consumed_g: grams(item, "applied_qty", KG)?,
            });
        }
        let finished_g = match result.get("updated_finished_qty") {
            None | Some(Value::Null | Value::Bool(false)) => None,
            Some(_) => Some(grams(result, "updated_finished_qty", KG)?),
        };
        let item_errors = match result.get("errors") {
            None | Some(Value::Null | Value::Bool(false)) => Vec::new(),
            Some(_) => list(result, "errors")?
                .iter()
                .map(|error| {
                    error
                        .as_str()
                        .map_or_else(|| error.to_string(), str::to_owned)
                })
                .collect(),
        };
        Ok(PostAnswer {
            applied,
            finished_g,
            item_errors,
            is_already: false,
        })
    };
    read().map_err(ErpError::protocol)
}
