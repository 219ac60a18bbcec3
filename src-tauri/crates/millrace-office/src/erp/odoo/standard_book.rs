//! A consumption through our addon `millrace.posting`, where the owner installed it: the message as
//! its method takes it, and the answer held against what was asked for. The key is unique in the
//! ERP's database, so that a message that comes again, however late, is answered and not booked.
//! Pure. Leaves out finding the addon (`rpc.rs`), sending (`standard.rs`) and quantities without it
//! (`standard_post.rs`).

use millrace_core::audit::anchor::Anchor;
use millrace_core::units::Grams;
use serde_json::{Map, Value, json};

use super::reading::decimal;
use super::rpc::Call;
use super::standard_map::Held;
use super::standard_post::{Target, lot_of, number};
use super::unit::Units;
use crate::erp::ErpError;

/// The model that the addon brings.
const MODEL: &str = "millrace.posting";
/// What it must promise to be used.
const UNIQUE_KEY: &str = "unique_key";

/// Asks whether the addon is there.
pub(super) fn info() -> Call {
    Call::of(MODEL, "info")
}

/// The addon's version, when it promises what we need.
pub(super) fn version(answer: &Value) -> Option<String> {
    let word = |key: &str| answer.get(key).and_then(Value::as_str);
    (word("guarantee") == Some(UNIQUE_KEY))
        .then(|| word("version").map(str::to_owned))
        .flatten()
}

/// Whether an addon of this version keeps an anchor beside a booking: from 1.1 on.
pub(super) fn keeps_anchor(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= (1, 1))
}

/// The same booking with the anchor that is kept beside it.
pub(super) fn with(call: Call, anchor: &Anchor) -> Call {
    call.named("anchor", json!(anchor.to_string()))
}

/// The one call that books a target under a key. What people weigh is kept as it stands.
pub(super) fn call(
    key: &str,
    target: &Target,
    held: &Held,
    units: &Units,
) -> Result<Call, ErpError> {
    let mut lines = Vec::new();
    let mut keep = Vec::new();
    for component in &held.moves {
        match target.moves.iter().find(|(id, _, _)| *id == component.id) {
            Some((id, _, mass)) => {
                let quantity = units.quantity(component.uom_id, *mass).map_err(|why| {
                    ErpError::unsendable(format!("{}: {why}", component.product_name))
                })?;
                let mut line = json!({"move_id": id, "quantity": number(quantity)?});
                // Without a lot the addon still answers what it booked before, and books nothing new.
                if let Ok(Some(chosen)) = lot_of(component, *mass) {
                    line["lot_id"] = json!(chosen.lot_id);
                }
                lines.push(line);
            }
            None => keep.push(component.id),
        }
    }
    let mut call = Call::of(MODEL, "book")
        .named("key", json!(key))
        .named("production_id", json!(held.production.id))
        .named("lines", Value::Array(lines))
        .named("keep", json!(keep));
    if let Some(finished) = target.finished_g {
        let quantity = units
            .quantity(held.production.uom_id, finished)
            .map_err(ErpError::unsendable)?;
        call = call.named("finished_qty", number(quantity)?);
    }
    Ok(call)
}

/// Why nothing of this target could be booked, where a lot is missing.
pub(super) fn missing_lot(target: &Target, held: &Held) -> Option<ErpError> {
    target.moves.iter().find_map(|(id, _, mass)| {
        let component = held.moves.iter().find(|one| one.id == *id)?;
        lot_of(component, *mass).err()
    })
}

/// Holds the answer against the target: the first one's result is the same, whenever it was given. Answers
/// whether it was booked before.
pub(super) fn check(
    answer: &Value,
    target: &Target,
    held: &Held,
    units: &Units,
) -> Result<bool, ErpError> {
    let answer = answer
        .as_object()
        .ok_or_else(|| ErpError::protocol("a booking that is not an object"))?;
    let is_already = answer
        .get("already")
        .and_then(Value::as_bool)
        .ok_or_else(|| ErpError::protocol("a booking without `already`"))?;
    let lines = answer
        .get("lines")
        .and_then(Value::as_object)
        .ok_or_else(|| ErpError::protocol("a booking without lines"))?;
    for (id, code, mass) in &target.moves {
        let Some(component) = held.moves.iter().find(|one| one.id == *id) else {
            continue;
        };
        let found = grams(lines, &id.to_string(), component.uom_id, units)?;
        if found != *mass {
            return Err(another(code, found, *mass));
        }
        // What was booked before may lie on the lots that a person has put it on since.
        if let Ok(Some(chosen)) = lot_of(component, *mass)
            && !is_already
            && answer.get("lots").and_then(|lots| lots.get(id.to_string()))
                != Some(&json!([chosen.lot_id]))
        {
            let name = &component.product_name;
            let message = format!("it took the message, but {name} is not on its lot alone");
            return Err(ErpError::Refused { message });
        }
    }
    if let Some(finished) = target.finished_g {
        let found = grams(answer, "finished_qty", held.production.uom_id, units)?;
        if found != finished {
            return Err(another("finished weight", found, finished));
        }
    }
    Ok(is_already)
}

fn grams(
    record: &Map<String, Value>,
    key: &str,
    uom_id: i64,
    units: &Units,
) -> Result<Grams, ErpError> {
    decimal(record, key)
        .and_then(|quantity| units.grams(uom_id, quantity))
        .map_err(ErpError::protocol)
}

fn another(what: &str, found: Grams, wanted: Grams) -> ErpError {
    ErpError::Refused {
        message: format!("it took the message, but answers {what}: {found} instead of {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_sent_to_an_addon_that_keeps_it() {
        for (version, keeps) in [
            ("1.0.0", false),
            ("1.1.0", true),
            ("1.10.2", true),
            ("2.0", true),
            ("0.9.9", false),
            ("1", false),
            ("one.two", false),
        ] {
            assert_eq!(keeps_anchor(version), keeps, "{version}");
        }
    }
}
