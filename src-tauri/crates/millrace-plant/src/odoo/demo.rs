//! The demo orders, from `assets/demo/orders.toml`.
//! Leaves out what a plant may dose: the orders contain wrong ones on purpose.

use serde::Deserialize;

use super::OdooError;
use super::book::NewOrder;

const ORDERS: &str = include_str!("../../../../../assets/demo/orders.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderFile {
    order: Vec<NewOrder>,
}

/// The orders that a fresh virtual ERP starts with.
///
/// # Errors
/// [`OdooError::Demo`] when the embedded file does not parse, which a test rules out.
pub fn demo_orders() -> Result<Vec<NewOrder>, OdooError> {
    Ok(toml::from_str::<OrderFile>(ORDERS)?.order)
}
