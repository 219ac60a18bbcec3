//! Reads single fields out of Odoo's JSON: exact decimals, `false` for "nothing", units to
//! kilograms. Each failure is a sentence that names the field.
//! Leaves out whole orders (`map.rs`).

use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A field that is missing or wrong, as a sentence.
pub(super) type Why = String;

/// A required text.
pub(super) fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Why> {
    optional_text(object, key)?.ok_or_else(|| format!("`{key}` is missing"))
}

/// A text that Odoo may leave out, or write as null, false or empty.
pub(super) fn optional_text<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> Result<Option<&'a str>, Why> {
    match object.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(true) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("`{key}` is not a text"))
        }
    }
}

/// A record number that Odoo may leave out.
pub(super) fn optional_id(object: &Map<String, Value>, key: &str) -> Result<Option<i64>, Why> {
    match object.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| format!("`{key}` is not a record number")),
    }
}

/// A required record number.
pub(super) fn id(object: &Map<String, Value>, key: &str) -> Result<i64, Why> {
    optional_id(object, key)?.ok_or_else(|| format!("`{key}` is missing"))
}

/// A link to one other record: its number and its name. Odoo writes `[12, "kg"]`, or false.
pub(super) fn reference<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> Result<Option<(i64, &'a str)>, Why> {
    let wrong = || format!("`{key}` is not a link to a record");
    match object.get(key) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Array(pair)) => match pair.as_slice() {
            [id, name] => Ok(Some((
                id.as_i64().ok_or_else(wrong)?,
                name.as_str().ok_or_else(wrong)?,
            ))),
            _ => Err(wrong()),
        },
        Some(Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err(wrong())
        }
    }
}

/// A required link to one other record.
pub(super) fn link<'a>(object: &'a Map<String, Value>, key: &str) -> Result<(i64, &'a str), Why> {
    reference(object, key)?.ok_or_else(|| format!("`{key}` is missing"))
}

/// A required yes or no.
pub(super) fn flag(object: &Map<String, Value>, key: &str) -> Result<bool, Why> {
    object
        .get(key)
        .and_then(Value::as_bool)
        .ok_or_else(|| format!("`{key}` is not yes or no"))
}

/// A required list.
pub(super) fn list<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a [Value], Why> {
    object
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| format!("`{key}` is not a list"))
}

/// The code inside an `equipment` object, if there is one.
pub(super) fn equipment_code(object: &Map<String, Value>) -> Result<Option<&str>, Why> {
    match object.get("equipment") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Object(equipment)) => {
            optional_text(equipment, "code").map_err(|why| format!("equipment {why}"))
        }
        Some(Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err("`equipment` is not an object".to_owned())
        }
    }
}

/// A required number, exactly as its digits stand in the JSON text.
pub(super) fn decimal(object: &Map<String, Value>, key: &str) -> Result<Decimal, Why> {
    let Some(Value::Number(number)) = object.get(key) else {
        return Err(format!("`{key}` is not a number"));
    };
    let digits = number.to_string();
    digits
        .parse()
        .or_else(|_| Decimal::from_scientific(&digits))
        .map_err(|_| format!("`{key}` is out of range: {digits}"))
}

/// A quantity, from the unit it stands in to kilograms.
pub(super) fn kilograms(object: &Map<String, Value>, key: &str, uom: &str) -> Result<Decimal, Why> {
    let quantity = decimal(object, key)?;
    let factor = match uom.to_ascii_lowercase().as_str() {
        "kg" => Decimal::ONE,
        "g" => Decimal::new(1, 3),
        "t" | "ton" => Decimal::ONE_THOUSAND,
        _ => return Err(format!("the unit {uom:?} of `{key}` is not kg, g or t")),
    };
    quantity
        .checked_mul(factor)
        .map(|kg| kg.normalize())
        .ok_or_else(|| format!("`{key}` is out of range: {quantity} {uom}"))
}

/// A quantity, from the unit it stands in to grams.
pub(super) fn grams(object: &Map<String, Value>, key: &str, uom: &str) -> Result<Grams, Why> {
    let kg = kilograms(object, key, uom)?;
    Grams::from_kg(kg).map_err(|error| format!("`{key}`: {error}"))
}
