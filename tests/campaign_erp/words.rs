//! One word for each way in which stock moves differ from what left the silos, so that a failed run says what
//! happened and not only that something did. Leaves out whether they differ (`oracle`).

use std::collections::BTreeMap;

use millrace_plant::odoo::StockMove;

use super::template::Total;

/// Grams by place: an equipment code, or `None` for the finished product.
type Places = BTreeMap<Option<String>, i64>;

/// What happened to the stock of an order, or to one place of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A move stands there once more than it was told.
    Twice,
    /// What a message told has no move.
    Lost,
    /// Other grams than left.
    Altered,
    /// The right grams at another equipment of the same order.
    WrongEquipment,
    /// The right grams at the right equipment of another order.
    OtherOrder,
    /// At the right place, of a product that the order does not name there.
    WrongProduct,
    /// A message is posted, and nothing of its order moved.
    PostedWithoutMove,
}

impl Fault {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Fault::Twice => "booked twice",
            Fault::Lost => "lost",
            Fault::Altered => "altered",
            Fault::WrongEquipment => "at the wrong equipment",
            Fault::OtherOrder => "booked to another order",
            Fault::WrongProduct => "of the wrong product",
            Fault::PostedWithoutMove => "said posted without a move",
        }
    }
}

fn places(total: &Total) -> Places {
    let consumed = total.consumed.iter();
    consumed
        .map(|(code, grams)| (Some(code.clone()), *grams))
        .chain([(None, total.finished)])
        .filter(|(_, grams)| *grams != 0)
        .collect()
}

/// What is too much (above zero) or too little at each place where the two differ.
fn gaps(left: &Total, moved: &Total) -> Places {
    let mut gaps = places(moved);
    for (place, grams) in places(left) {
        *gaps.entry(place).or_default() -= grams;
    }
    gaps.retain(|_, grams| *grams != 0);
    gaps
}

/// What each message of an order added at a place, from its running totals.
fn added(told: &[Total], place: Option<&str>) -> Vec<i64> {
    let at = |total: &Total| match place {
        Some(code) => total.consumed.get(code).copied().unwrap_or_default(),
        None => total.finished,
    };
    let mut before = 0;
    let mut added = Vec::new();
    for total in told {
        added.push(at(total) - before);
        before = at(total);
    }
    added
}

/// The faults of all orders; empty when stock moved as it left. `told` holds the running totals of the posted
/// messages of each order.
pub(crate) fn faults(
    truth: &BTreeMap<String, Total>,
    moved: &BTreeMap<String, Total>,
    rows: &[StockMove],
    told: &BTreeMap<String, Vec<Total>>,
) -> Vec<(String, Fault)> {
    let nothing = Total::default();
    let mut open: BTreeMap<&String, Places> = BTreeMap::new();
    for order in truth.keys().chain(moved.keys()) {
        let left = truth.get(order).unwrap_or(&nothing);
        let gaps = gaps(left, moved.get(order).unwrap_or(&nothing));
        if !gaps.is_empty() {
            open.insert(order, gaps);
        }
    }
    let mut found = other_order(&mut open);
    for (order, gaps) in &mut open {
        let told = told.get(*order).map(Vec::as_slice).unwrap_or_default();
        let has_moves = rows.iter().any(|row| row.order == **order);
        if !gaps.is_empty() && !has_moves && !told.is_empty() {
            found.push(((*order).clone(), Fault::PostedWithoutMove));
            continue;
        }
        if wrong_equipment(gaps) {
            found.push(((*order).clone(), Fault::WrongEquipment));
        }
        for (place, gap) in gaps.iter() {
            let same = |row: &&StockMove| {
                row.order == **order && row.equipment == *place && row.delta_g.0 == *gap
            };
            let is_all_missing = !rows
                .iter()
                .any(|row| row.order == **order && row.equipment == *place);
            let fault = if *gap > 0 && rows.iter().filter(same).count() > 1 {
                Fault::Twice
            } else if is_all_missing || added(told, place.as_deref()).contains(&-gap) {
                Fault::Lost
            } else {
                Fault::Altered
            };
            found.push(((*order).clone(), fault));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Takes out what is missing in one order and too much, to the gram and at the same place, in another. The fault
/// is told of the order that misses it.
fn other_order(open: &mut BTreeMap<&String, Places>) -> Vec<(String, Fault)> {
    let missing: Vec<(String, Option<String>, i64)> = open
        .iter()
        .flat_map(|(order, gaps)| {
            let missing = gaps.iter().filter(|(_, gap)| **gap < 0);
            missing.map(move |(place, gap)| ((*order).clone(), place.clone(), *gap))
        })
        .collect();
    let mut found = Vec::new();
    for (order, place, gap) in missing {
        let taker = open
            .values_mut()
            .find(|gaps| gaps.get(&place) == Some(&-gap));
        if let Some(gaps) = taker {
            gaps.remove(&place);
            if let Some(own) = open.get_mut(&order) {
                own.remove(&place);
            }
            found.push((order, Fault::OtherOrder));
        }
    }
    found
}

/// Takes out what is missing at one equipment and too much, to the gram, at another; true when there was such.
fn wrong_equipment(gaps: &mut Places) -> bool {
    let mut is_found = false;
    let missing: Vec<(Option<String>, i64)> = gaps
        .iter()
        .filter(|(place, gap)| place.is_some() && **gap < 0)
        .map(|(place, gap)| (place.clone(), *gap))
        .collect();
    for (place, gap) in missing {
        let taker = gaps
            .iter()
            .find(|(other, surplus)| other.is_some() && **surplus == -gap)
            .map(|(other, _)| other.clone());
        if let Some(taker) = taker {
            gaps.remove(&place);
            gaps.remove(&taker);
            is_found = true;
        }
    }
    is_found
}
