//! Of which product each place of an order is, from the orders as the ERP was given them at first: what an order
//! still says in the end is not asked. Leaves out how much moved (`oracle`).

use std::collections::{BTreeMap, BTreeSet};

use millrace_plant::odoo::{BookView, NewOrder, StockMove};

/// The orders that the ERP was given: by place (an equipment code, or `None` for what the order makes), the
/// products that may move there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ordered(BTreeMap<String, BTreeMap<Option<String>, BTreeSet<String>>>);

impl Ordered {
    pub(crate) fn new(orders: &[NewOrder]) -> Ordered {
        let mut all = BTreeMap::new();
        for order in orders {
            let mut places: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
            places
                .entry(None)
                .or_default()
                .insert(order.product.clone());
            for line in &order.components {
                // A line without a place of its own stands at the order's.
                let code = line.equipment.as_ref().unwrap_or(&order.equipment);
                places
                    .entry(Some(code.clone()))
                    .or_default()
                    .insert(line.product.clone());
            }
            all.insert(order.name.clone(), places);
        }
        Ordered(all)
    }

    /// Orders of which stock of another product moved than they say, each with one such move. A move at a place
    /// that the order does not have is told by its place, not here.
    pub(crate) fn others<'a>(
        &self,
        moves: &'a [StockMove],
    ) -> Vec<(&'a String, &'a StockMove, &BTreeSet<String>)> {
        let mut found: BTreeMap<&String, (&StockMove, &BTreeSet<String>)> = BTreeMap::new();
        for row in moves {
            let may = self
                .0
                .get(&row.order)
                .and_then(|places| places.get(&row.equipment));
            if let Some(may) = may
                && !may.contains(&row.product)
            {
                found.entry(&row.order).or_insert((row, may));
            }
        }
        found
            .into_iter()
            .map(|(order, (row, may))| (order, row, may))
            .collect()
    }

    /// Orders that the ERP no longer has, and those that it was not given and has.
    pub(crate) fn strangers(&self, view: &BookView) -> (Vec<&String>, Vec<String>) {
        let held: BTreeSet<&String> = view.orders.iter().map(|order| &order.name).collect();
        let gone = self.0.keys().filter(|name| !held.contains(name)).collect();
        let more = held.into_iter().filter(|name| !self.0.contains_key(*name));
        (gone, more.cloned().collect())
    }
}
