//! What a test may see of the book: the truth in grams, not cut and not rounded, unlike the addon's
//! own answers.

use std::collections::BTreeMap;

use millrace_core::units::Grams;
use serde::{Deserialize, Serialize};

use super::book::{FailureRow, MaterialRow, OdooBook, OrderState, StockMove};
use super::standard::{PostingRow, consumed_lots};

/// The whole book, as `GET /sim/book` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookView {
    /// The orders in the order they were added.
    pub orders: Vec<OrderView>,
    /// Every movement of stock.
    pub stock_moves: Vec<StockMove>,
    /// Every applied item, repeats included.
    pub material_log: Vec<MaterialRow>,
    /// Every reported equipment failure.
    pub failures: Vec<FailureRow>,
    /// Every message that our addon booked.
    #[serde(default)]
    pub postings: Vec<PostingRow>,
    /// Consumption posts carried out, all orders together.
    pub posts: u64,
    /// Log-ins so far.
    pub logins: u64,
    /// How often somebody changed an ordered quantity; ours must keep this at 0.
    pub rescaled: u64,
}

/// One order of a [`BookView`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// The order's name.
    pub name: String,
    /// Where it stands.
    pub state: OrderState,
    /// Quantity as ordered at first.
    pub ordered_g: Grams,
    /// Quantity now.
    pub quantity_g: Grams,
    /// Finished weight.
    pub finished_g: Grams,
    /// Consumption per equipment code, only what is above zero.
    pub consumption: BTreeMap<String, Grams>,
    /// Consumption posts carried out for this order.
    pub posts: u64,
    /// Consumption per equipment code and lot, where lines of stock were written.
    #[serde(default)]
    pub lots: BTreeMap<String, BTreeMap<String, Grams>>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
}

impl OdooBook {
    /// The book as a test sees it.
    #[must_use]
    pub fn view(&self) -> BookView {
        let orders: Vec<OrderView> = self
            .orders
            .iter()
            .map(|order| {
                let mut consumption: BTreeMap<String, Grams> = BTreeMap::new();
                for component in &order.components {
                    if component.consumed_g != Grams::ZERO {
                        consumption
                            .entry(component.equipment.clone())
                            .or_default()
                            .0 += component.consumed_g.0;
                    }
                }
                OrderView {
                    name: order.name.clone(),
                    state: order.state,
                    ordered_g: order.ordered_g,
                    quantity_g: order.quantity_g,
                    finished_g: order.produced_g,
                    consumption,
                    posts: order.posts,
                    lots: consumed_lots(order),
                    cancel_reason: order.cancel_reason.clone(),
                }
            })
            .collect();
        BookView {
            posts: orders.iter().map(|order| order.posts).sum(),
            orders,
            stock_moves: self.stock_moves.clone(),
            material_log: self.material_log.clone(),
            failures: self.failures.clone(),
            postings: self.postings.clone(),
            logins: self.logins,
            rescaled: self.rescaled,
        }
    }
}
