//! The demo orders, from `assets/demo/orders.toml`.
//! Leaves out what a plant may dose: the orders contain wrong ones on purpose.

use std::collections::BTreeMap;

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

/// Which silo each of the demo's materials comes from, or `manual`, as a connector over the standard API must
/// be told.
///
/// # Errors
/// As [`demo_orders`].
pub fn demo_materials() -> Result<BTreeMap<String, String>, OdooError> {
    let mut found = BTreeMap::new();
    for order in demo_orders()? {
        for line in order.components {
            let code = match line.equipment {
                Some(code) if code != order.equipment => code,
                Some(_) | None => "manual".to_owned(),
            };
            found.entry(line.product).or_insert(code);
        }
    }
    Ok(found)
}
