//! An order that changed or vanished in the ERP while we hold batches of it: what differs from the
//! content that we accepted, and what a person may choose. Nothing follows by itself: a word of the
//! ERP never cancels or re-plans anything. Our own postings (state in progress, produced quantity,
//! consumption) are no difference. Leaves out fetching (application) and what a choice does.
//! The reference and the name of the BoM are not compared: nobody doses by them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::erp::{ErpOrder, ErpOrderState};

/// What the ERP showed of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The whole order, as its list of open orders shows it.
    Listed(ErpOrder),
    /// What its answer about one order shows: state, quantity, quantities per equipment.
    Held(ErpOrderState),
    /// It lists the order in a way that cannot be understood; why not, as a sentence.
    Unreadable(String),
    /// It does not know the order. Its own words, for the person who decides.
    Unknown(String),
    /// Nothing: the books were put back, and nobody has looked yet.
    Restored,
}

/// One field that is not as it was accepted. Masses are kilograms as the ERP has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "field")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ChangedField {
    /// The order's name, which the PLC knows its batches by.
    Name {
        /// Accepted.
        old: String,
        /// In the ERP.
        new: String,
    },
    /// The state word, where it says that somebody else worked on the order.
    State {
        /// Accepted.
        old: String,
        /// In the ERP.
        new: String,
    },
    /// The order cannot be read any more.
    Unreadable {
        /// Why not, as a sentence.
        why: String,
    },
    /// The ordered quantity.
    Quantity {
        /// Accepted.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        old_kg: Decimal,
        /// In the ERP.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        new_kg: Decimal,
    },
    /// The finished product.
    Product {
        /// Accepted.
        old: String,
        /// In the ERP.
        new: String,
    },
    /// The planned start (UTC, as the ERP writes it).
    PlannedStart {
        /// Accepted.
        old: Option<String>,
        /// In the ERP.
        new: Option<String>,
    },
    /// The mass that the BoM's lines refer to, by which each component is scaled.
    BomQuantity {
        /// Accepted.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        old_kg: Decimal,
        /// In the ERP.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        new_kg: Decimal,
    },
    /// The order's own equipment, which marks manual lines.
    Equipment {
        /// Accepted.
        old: Option<String>,
        /// In the ERP.
        new: Option<String>,
    },
    /// A component that was not there.
    ComponentAdded {
        /// Material, where the ERP's answer names it.
        product: Option<String>,
        /// Equipment code.
        equipment: Option<String>,
        /// The BoM line's quantity.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        new_kg: Decimal,
    },
    /// A component that is gone.
    ComponentRemoved {
        /// Material.
        product: String,
        /// Equipment code.
        equipment: Option<String>,
        /// The BoM line's quantity.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        old_kg: Decimal,
    },
    /// Another quantity of a component.
    ComponentQuantity {
        /// Material.
        product: String,
        /// Equipment code.
        equipment: Option<String>,
        /// Accepted.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        old_kg: Decimal,
        /// In the ERP.
        #[cfg_attr(feature = "bindings", ts(type = "string"))]
        new_kg: Decimal,
    },
    /// A component from another silo.
    ComponentEquipment {
        /// Material.
        product: String,
        /// Accepted.
        old: Option<String>,
        /// In the ERP.
        new: Option<String>,
    },
}

/// How the ERP differs from what we accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "OrderDifference"))]
pub enum Difference {
    /// Other content.
    Changed {
        /// What, in the order of the order.
        fields: Vec<ChangedField>,
    },
    /// Cancelled in the ERP.
    Cancelled,
    /// Closed in the ERP, by a person: we close no order that has open batches.
    Done,
    /// The ERP does not know the order any more.
    Gone,
    /// Nothing is known to differ, but the books were put back from a backup: the order may have been
    /// made since.
    Restored {
        /// When the backup was made, UTC milliseconds.
        copy_at_ms: i64,
    },
}

/// A difference as it is kept until a person decides, with what it was found in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// What differs.
    pub difference: Difference,
    /// What the ERP showed.
    pub seen: Seen,
}

impl Found {
    /// The whole new content, where the ERP showed it.
    #[must_use]
    pub fn offered(&self) -> Option<&ErpOrder> {
        match (&self.difference, &self.seen) {
            (Difference::Changed { .. }, Seen::Listed(order)) => Some(order),
            (
                Difference::Changed { .. }
                | Difference::Cancelled
                | Difference::Done
                | Difference::Gone
                | Difference::Restored { .. },
                Seen::Listed(_)
                | Seen::Held(_)
                | Seen::Unreadable(_)
                | Seen::Unknown(_)
                | Seen::Restored,
            ) => None,
        }
    }

    /// The changed fields that the ERP's newest answer says nothing about.
    fn untold_by(&self, seen: &Seen) -> Vec<ChangedField> {
        match (&self.difference, seen) {
            (Difference::Changed { fields }, Seen::Held(now)) => fields
                .iter()
                .filter(|field| !is_told(field, now))
                .cloned()
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What a decision is bound to: the difference and the content that may be taken over. What our
    /// own postings change in the ERP's answer does not change it.
    #[must_use]
    pub fn hash(&self) -> String {
        // Our own types always serialize; two that did not would still be told apart by nothing else.
        let text = serde_json::to_string(&(&self.difference, self.offered())).unwrap_or_default();
        crate::audit::hex(&Sha256::digest(text.as_bytes()))
    }
}

/// How what the ERP shows stands to what we hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No difference.
    Agrees,
    /// Different, as it was when a person decided to keep ours.
    AsKept,
    /// Different, and nobody has decided yet.
    Differs(Difference),
    /// What was found differs still, as far as this answer tells: it says nothing about it.
    AsFound,
}

/// Judges what the ERP shows. `found` is the difference that nobody has decided about yet, `kept` what a
/// person kept ours against, `was_told` is true once a consumption of ours may have reached the ERP.
#[must_use]
pub fn judge(
    accepted: &ErpOrder,
    found: Option<&Found>,
    kept: Option<&Seen>,
    seen: &Seen,
    was_told: bool,
) -> Verdict {
    let untold = found.map_or_else(Vec::new, |found| found.untold_by(seen));
    let is_kept = || kept.is_some_and(|kept| is_as_kept(kept, seen, was_told));
    match compare(accepted, seen, was_told) {
        None if untold.is_empty() => Verdict::Agrees,
        None => Verdict::AsFound,
        Some(_) if is_kept() && untold.is_empty() => Verdict::AsKept,
        Some(_) if is_kept() => Verdict::AsFound,
        Some(Difference::Changed { mut fields }) => {
            let more = untold.into_iter().filter(|field| !fields.contains(field));
            let more: Vec<_> = more.collect();
            fields.extend(more);
            Verdict::Differs(Difference::Changed { fields })
        }
        Some(difference) => Verdict::Differs(difference),
    }
}

/// The difference between an accepted order and what the ERP shows now.
#[must_use]
pub fn compare(accepted: &ErpOrder, seen: &Seen, was_told: bool) -> Option<Difference> {
    let (state, mut fields) = match seen {
        Seen::Unknown(_) => return Some(Difference::Gone),
        // Nobody looked, so nothing differs.
        Seen::Restored => return None,
        Seen::Unreadable(why) => {
            let fields = vec![ChangedField::Unreadable { why: why.clone() }];
            return Some(Difference::Changed { fields });
        }
        Seen::Listed(now) => (now.state.as_str(), listed(accepted, now)),
        Seen::Held(now) => (now.state.as_str(), held(accepted, now)),
    };
    match state {
        "cancel" => return Some(Difference::Cancelled),
        "done" => return Some(Difference::Done),
        state if is_open(state, was_told) => {}
        // Back to draft, worked on by somebody else, or a word that nobody knows: told, never guessed.
        other => fields.insert(
            0,
            ChangedField::State {
                old: accepted.state.clone(),
                new: other.to_owned(),
            },
        ),
    }
    (!fields.is_empty()).then_some(Difference::Changed { fields })
}

/// A state that is as it should be. Our first posting turns the order to `progress`, a full one to
/// `to_close`; without a posting of ours somebody else did.
fn is_open(state: &str, was_told: bool) -> bool {
    match state {
        "confirmed" => true,
        "progress" | "to_close" => was_told,
        _ => false,
    }
}

fn is_as_kept(kept: &Seen, seen: &Seen, was_told: bool) -> bool {
    match (kept, seen) {
        (Seen::Listed(kept), Seen::Listed(_) | Seen::Held(_)) => {
            compare(kept, seen, was_told).is_none()
        }
        (Seen::Held(kept), Seen::Held(now)) => {
            let is_same_state = kept.state == now.state
                || (is_open(&kept.state, was_told) && is_open(&now.state, was_told));
            is_same_state
                && kept.quantity_g == now.quantity_g
                && is_same_told(kept.product_name.as_ref(), now.product_name.as_ref())
                && is_same_told(kept.planned_start.as_ref(), now.planned_start.as_ref())
                && (kept.bom.is_some() != now.bom.is_some() || limits(kept) == limits(now))
                && is_same_bom(kept, now)
        }
        (Seen::Unreadable(kept), Seen::Unreadable(now)) => kept == now,
        (Seen::Unknown(_), Seen::Unknown(_)) => true,
        // Kept while nothing was seen: whatever shows afterwards is judged afresh.
        (Seen::Restored, _) | (_, Seen::Restored) => false,
        (Seen::Held(_) | Seen::Unreadable(_) | Seen::Unknown(_), Seen::Listed(_))
        | (Seen::Unreadable(_) | Seen::Unknown(_), Seen::Held(_))
        | (Seen::Listed(_) | Seen::Held(_) | Seen::Unknown(_), Seen::Unreadable(_))
        | (Seen::Listed(_) | Seen::Held(_) | Seen::Unreadable(_), Seen::Unknown(_)) => false,
    }
}

fn is_same_bom(a: &ErpOrderState, b: &ErpOrderState) -> bool {
    let quantity = |state: &ErpOrderState| state.bom.as_ref().map(|bom| bom.quantity_kg);
    quantity(a).zip(quantity(b)).is_none_or(|(a, b)| a == b)
}

mod choice;
mod field;
use field::{held, is_same_told, is_told, limits, listed};

pub use choice::{Choice, ChoiceRefusal, Work, choices, may_choose};

#[cfg(test)]
mod tests;
