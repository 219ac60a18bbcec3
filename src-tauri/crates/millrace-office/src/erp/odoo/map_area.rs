//! Equipment failures and manual weighings to the addon's JSON and back. Pure: no session, no clock.
//! Leaves out orders and their consumption (`map.rs`).

use millrace_core::erp::{FailurePost, MaterialPost};
use millrace_core::units::Grams;
use serde_json::{Map, Value, json};

use super::map::number;
use super::reading::{Why, grams, list, optional_text, text};
use crate::erp::ErpError;

/// Replaces what the order holds of the material. The route's own default adds, so that a repeat
/// would count twice.
const REPLACE: &str = "replace";

/// The parameters of `equipment-failure`.
pub(super) fn failure_params(post: &FailurePost) -> Result<Value, ErpError> {
    if post.equipment_code.trim().is_empty() {
        return Err(ErpError::unsendable("a failure without an equipment code"));
    }
    if !is_naive_time(&post.date_utc) {
        return Err(ErpError::unsendable(format!(
            "a failure's date that is not YYYY-MM-DD HH:MM:SS: {:?}",
            post.date_utc
        )));
    }
    Ok(json!({
        "equipment_code": post.equipment_code,
        "description": post.description,
        "date": post.date_utc,
    }))
}

/// The answer of `equipment-failure`: the record that was made must be the one we meant.
pub(super) fn failure_answer(
    result: &Map<String, Value>,
    post: &FailurePost,
) -> Result<(), ErpError> {
    let data = result
        .get("data")
        .and_then(Value::as_object)
        .ok_or_else(|| ErpError::protocol("a recorded failure without `data`"))?;
    match is_like(data, post) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ErpError::protocol("the answer to another failure")),
        Err(why) => Err(ErpError::protocol(why)),
    }
}

/// How many rows a page has, and how many of them are exactly this failure.
pub(super) fn failures_like(
    result: &Map<String, Value>,
    post: &FailurePost,
) -> Result<(usize, u64), ErpError> {
    let rows = list(result, "data").map_err(ErpError::protocol)?;
    let mut like = 0;
    for row in rows {
        let row = row
            .as_object()
            .ok_or_else(|| ErpError::protocol("a failure that is not an object"))?;
        like += u64::from(is_like(row, post).map_err(ErpError::protocol)?);
    }
    Ok((rows.len(), like))
}

fn is_like(row: &Map<String, Value>, post: &FailurePost) -> Result<bool, Why> {
    let code = optional_text(row, "equipment_code")?;
    let description = optional_text(row, "description")?.unwrap_or_default();
    // Odoo writes a time with a blank or with a T, by version.
    let date = optional_text(row, "date")?.map(|date| date.replace('T', " "));
    Ok(code == Some(post.equipment_code.as_str())
        && description == post.description
        && date.as_deref() == Some(post.date_utc.as_str()))
}

/// The parameters of `material-consumption`.
pub(super) fn material_params(post: &MaterialPost) -> Result<Value, ErpError> {
    if post.consumed_g <= Grams::ZERO {
        return Err(ErpError::unsendable(format!(
            "{}: a consumption of {}",
            post.material, post.consumed_g
        )));
    }
    // A zone makes the route fail.
    if !is_naive_time(&post.at_utc) {
        return Err(ErpError::unsendable(format!(
            "a weighing's time that is not YYYY-MM-DD HH:MM:SS: {:?}",
            post.at_utc
        )));
    }
    Ok(json!({
        "mo_id": post.order_name,
        "equipment_id": post.equipment_code,
        "product_id": post.product_id,
        "quantity": number(post.consumed_g)?,
        "timestamp": post.at_utc,
        "update_mode": REPLACE,
    }))
}

/// The answer of `material-consumption`: what the order holds of the material now. An answer that
/// does not say it replaced is none.
pub(super) fn material_answer(
    result: &Map<String, Value>,
    post: &MaterialPost,
) -> Result<Grams, ErpError> {
    let read = || -> Result<Grams, Why> {
        let found = text(result, "mo_id")?;
        if found != post.order_name {
            return Err(format!(
                "an answer about {found} instead of {}",
                post.order_name
            ));
        }
        let mode = text(result, "update_mode")?;
        if mode != REPLACE {
            return Err(format!("it says {mode} where it was to replace"));
        }
        grams(result, "applied_qty", "kg")
    };
    read().map_err(ErpError::protocol)
}

/// True for `YYYY-MM-DD HH:MM:SS`: the addon trips over a zone or a `T`.
pub(super) fn is_naive_time(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00 00:00:00";
    text.len() == PATTERN.len()
        && text.bytes().zip(PATTERN).all(|(byte, pattern)| {
            if *pattern == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == *pattern
            }
        })
}
