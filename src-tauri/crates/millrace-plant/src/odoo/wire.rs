//! Masses between JSON numbers (kilograms, as Odoo writes them) and grams.
//! Leaves out every other unit: the virtual ERP's products are stocked in kilograms.

use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde_json::{Number, Value};

/// Kilograms as Odoo prints a float: `1000.0`, `35.5`.
pub(super) fn kg(mass: Grams) -> Value {
    let text = mass.to_kg().to_string();
    let float: f64 = text.parse().expect("a decimal of grams parses as a float");
    Number::from_f64(float).map_or(Value::Null, Value::Number)
}

/// Grams of a JSON number of kilograms; `None` for anything that is not a usable number.
pub(super) fn grams(value: &Value) -> Option<Grams> {
    let Value::Number(number) = value else {
        return None;
    };
    let text = number.to_string();
    let kg = text
        .parse::<Decimal>()
        .or_else(|_| Decimal::from_scientific(&text))
        .ok()?;
    Grams::from_kg(kg).ok()
}
