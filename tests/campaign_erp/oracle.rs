//! What must hold at the end of every run. Nothing here asks the application what it thinks it did: the ERP's
//! books are held against the plant's.
//!
//! - The ERP holds for every order exactly what left the silos, and what it weighed; for the rest nothing.
//! - On the way there it held exactly the running totals of that order's messages, each once, in order: none
//!   twice, none skipped, none out of turn, nothing in between, never down.
//! - The ERP's stock moves add up to the same, each of the product that the order names at its place; over the
//!   standard API after the order was closed.
//! - The ERP has every order that it was given, whether anything was made for it or not, and no other.
//! - Every message is posted, its batch says so, and the audit chain is whole.
//!
//! `sabotage` tries each of these on planted faults.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use millrace_app::AppError;
use millrace_core::batch::posting::Posting;
use millrace_core::erp::ConsumptionPost;
use millrace_core::units::Grams;
use millrace_plant::odoo::{BookView, OrderState, OrderView, VirtualOdoo};
use millrace_plant::run::OdooLogin;
use millrace_store::Store;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use serde_json::json;

use super::life;
use super::plan::Plan;
use super::products::Ordered;
use super::proxy::{Hop, Proxy};
use super::run::Tally;
use super::template::Total;
use super::words;

/// More messages than a run has.
const MESSAGES: i64 = 100_000;

/// What became of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) is_lifecycle: bool,
    pub(crate) messages: usize,
    pub(crate) tally: Tally,
    /// What the batch was doing when the process was killed.
    pub(crate) at_state: Vec<String>,
    /// Every request with its fate.
    pub(crate) log: Vec<Hop>,
    /// What does not hold.
    pub(crate) wrong: Vec<String>,
}

impl Outcome {
    pub(crate) fn failed(plan: &Plan, tally: Tally, proxy: &Proxy, wrong: Vec<String>) -> Outcome {
        Outcome {
            seed: plan.seed,
            is_lifecycle: plan.is_lifecycle,
            messages: 0,
            tally,
            at_state: Vec::new(),
            log: proxy.log(),
            wrong,
        }
    }
}

/// A run at its end: what was planned, what really left the silos, and where the books are.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a Plan,
    /// Batches that were made.
    pub(crate) batches: usize,
    /// Orders of which every batch is made.
    pub(crate) whole: &'a BTreeSet<String>,
    /// By the plant's own books.
    pub(crate) truth: &'a BTreeMap<String, Total>,
    /// The orders as the ERP was given them.
    pub(crate) ordered: Ordered,
    pub(crate) folder: &'a Path,
    pub(crate) odoo: &'a VirtualOdoo,
    /// Where it answers without anything in between.
    pub(crate) address: SocketAddr,
    pub(crate) proxy: &'a Proxy,
}

/// Holds the books against each other.
pub(crate) async fn judge(case: &Case<'_>, tally: Tally, mut wrong: Vec<String>) -> Outcome {
    let Case { plan, proxy, .. } = *case;
    let rows = ours(case.folder, &mut wrong).await;
    let of = |kind| rows.iter().filter(|row| row.kind == kind).count();
    let closings = if plan.closes { case.whole.len() } else { 0 };
    let found = (of(MessageKind::Consumption), of(MessageKind::MarkDone));
    let expected = (case.batches, closings);
    if found != expected || rows.len() != case.batches + closings {
        wrong.push(format!(
            "{found:?} messages and closings of {}, not {expected:?}",
            rows.len()
        ));
    }
    let view = case.odoo.view();
    compare(&view, case.truth, &case.ordered, &mut wrong);
    let by_us = plan.closes.then_some(case.whole);
    closed(&view, by_us.unwrap_or(&BTreeSet::new()), &mut wrong);
    steps(&rows, &proxy.steps().await, &mut wrong);
    let is_closed = plan.way.is_standard && wrong.is_empty();
    if is_closed {
        close(case, &mut wrong).await;
    }
    // Over the standard API nothing moves before the order is closed: a run that failed before has no moves to judge.
    if !plan.way.is_standard || is_closed {
        let told = told(&rows, &mut wrong);
        let view = case.odoo.view();
        moves_told(&view, case.truth, &case.ordered, &told, &mut wrong);
    }
    Outcome {
        messages: rows.len(),
        ..Outcome::failed(plan, tally, proxy, wrong)
    }
}

/// Our own books: every message posted, its batch says so, the chain is whole. Oldest message first.
pub(crate) async fn ours(folder: &Path, wrong: &mut Vec<String>) -> Vec<OutboxRow> {
    let store = Store::open(&folder.join("data/millrace.db")).expect("the books open");
    let (mut rows, batches, chain) = store
        .read(|read| {
            let rows = read.outbox_page(&Posting::ALL, None, MESSAGES)?;
            let mut batches = Vec::new();
            for row in &rows {
                if let Some(id) = row.batch_id {
                    batches.push(read.batch(id)?);
                }
            }
            Ok::<_, AppError>((rows, batches, read.audit_verify()?))
        })
        .await
        .expect("readable");
    rows.sort_by_key(|row| row.id);
    for row in rows.iter().filter(|row| row.state != Posting::Posted) {
        let answer = row.last_answer.as_deref().unwrap_or_default();
        wrong.push(format!("{} is {:?}: {answer}", row.key, row.state));
    }
    for batch in batches.iter().filter(|b| b.posting != Posting::Posted) {
        wrong.push(format!("{} shows {:?}", batch.label, batch.posting));
    }
    if let Err(row) = chain {
        wrong.push(format!("audit row {row} does not fit"));
    }
    rows
}

/// The ERP against the plant, and nothing for orders that made nothing.
pub(crate) fn compare(
    view: &BookView,
    truth: &BTreeMap<String, Total>,
    ordered: &Ordered,
    wrong: &mut Vec<String>,
) {
    for order in &view.orders {
        let held = Total {
            consumed: order
                .consumption
                .iter()
                .map(|(c, g)| (c.clone(), g.0))
                .collect(),
            finished: order.finished_g.0,
        };
        let left = truth.get(&order.name).cloned().unwrap_or_default();
        if held != left {
            wrong.push(format!(
                "{}: left {left:?}, the ERP holds {held:?}",
                order.name
            ));
        }
    }
    // An order that is gone from the ERP would otherwise never be looked at.
    let (gone, more) = ordered.strangers(view);
    for order in gone {
        let left = truth.get(order);
        let left = left.map_or_else(|| "nothing".to_owned(), |left| format!("{left:?}"));
        wrong.push(format!(
            "{order}: the ERP no longer has this order; left {left}"
        ));
    }
    for order in more {
        wrong.push(format!("{order}: the ERP was never given this order"));
    }
    if view.rescaled != 0 {
        wrong.push(format!(
            "ordered quantities changed {} times",
            view.rescaled
        ));
    }
}

/// Exactly these orders are closed.
pub(crate) fn closed(view: &BookView, orders: &BTreeSet<String>, wrong: &mut Vec<String>) {
    for order in &view.orders {
        let (is_closed, shall_be) = (
            order.state == OrderState::Done,
            orders.contains(&order.name),
        );
        if is_closed != shall_be {
            wrong.push(format!("{} is {:?}", order.name, order.state));
        }
    }
}

/// What the ERP held on the way: the running totals of the messages, each once, in order.
pub(crate) fn steps(
    rows: &[OutboxRow],
    steps: &BTreeMap<String, Vec<Total>>,
    wrong: &mut Vec<String>,
) {
    let told = told(rows, wrong);
    went_through(&told, steps, wrong);
}

/// The running totals of each order's messages, oldest first.
fn told(rows: &[OutboxRow], wrong: &mut Vec<String>) -> BTreeMap<String, Vec<Total>> {
    let mut told: BTreeMap<String, Vec<Total>> = BTreeMap::new();
    for row in rows
        .iter()
        .filter(|row| row.kind == MessageKind::Consumption)
    {
        match serde_json::from_str::<ConsumptionPost>(&row.payload) {
            Ok(post) => told.entry(post.order_name).or_default().push(Total {
                consumed: post
                    .lines
                    .iter()
                    .filter(|line| line.consumed_g.0 > 0)
                    .map(|line| (line.equipment_code.clone(), line.consumed_g.0))
                    .collect(),
                finished: post.finished_g.unwrap_or(Grams::ZERO).0,
            }),
            Err(error) => wrong.push(format!("{}: {error}", row.key)),
        }
    }
    told
}

/// Every order that was told, or that the ERP holds anything of, went through what was told.
pub(crate) fn went_through(
    told: &BTreeMap<String, Vec<Total>>,
    steps: &BTreeMap<String, Vec<Total>>,
    wrong: &mut Vec<String>,
) {
    let orders: BTreeSet<&String> = told.keys().chain(steps.keys()).collect();
    for order in orders {
        let told = told.get(order).map(Vec::as_slice).unwrap_or_default();
        let held = steps.get(order).map(Vec::as_slice).unwrap_or_default();
        if held != told {
            wrong.push(format!(
                "{order}: told {told:?}, the ERP went through {held:?}"
            ));
        }
    }
}

/// As a person does in Odoo over the standard API: only then does stock move there.
async fn close(case: &Case<'_>, wrong: &mut Vec<String>) {
    let login = OdooLogin::default();
    let settings = json!({
        "kind": "odoo_standard", "url": format!("http://{}", case.address), "database": login.db,
        "login": login.login, "password": login.password, "materials": life::materials(),
    });
    let settings = serde_json::from_value(settings).expect("known settings");
    let connector = millrace_office::erp::open(&settings).expect("good settings");
    let view = case.odoo.view();
    let is_open = |name: &String| {
        let is_it = |one: &&OrderView| one.name == *name;
        let held = view.orders.iter().find(is_it);
        held.is_none_or(|held| held.state != OrderState::Done)
    };
    for (order, total) in case.truth.iter().filter(|(name, _)| is_open(name)) {
        let closed = connector.mark_done(order, Grams(total.finished), "2026-11-22 01:42:00");
        if let Err(error) = closed.await {
            wrong.push(format!("{order} cannot be closed: {error}"));
        }
    }
}

/// The ERP's stock moves: per order and equipment they add up to what left, and none goes down.
pub(crate) fn moves(
    view: &BookView,
    truth: &BTreeMap<String, Total>,
    ordered: &Ordered,
    wrong: &mut Vec<String>,
) {
    moves_told(view, truth, ordered, &BTreeMap::new(), wrong);
}

/// The same, and what was told tells a lost move from an altered one.
pub(crate) fn moves_told(
    view: &BookView,
    truth: &BTreeMap<String, Total>,
    ordered: &Ordered,
    told: &BTreeMap<String, Vec<Total>>,
    wrong: &mut Vec<String>,
) {
    let mut moved: BTreeMap<String, Total> = BTreeMap::new();
    for row in &view.stock_moves {
        if row.delta_g.0 < 0 {
            wrong.push(format!("stock moved back: {row:?}"));
        }
        let total = moved.entry(row.order.clone()).or_default();
        match &row.equipment {
            Some(code) => *total.consumed.entry(code.clone()).or_default() += row.delta_g.0,
            None => total.finished += row.delta_g.0,
        }
    }
    for (order, fault) in words::faults(truth, &moved, &view.stock_moves, told) {
        wrong.push(format!("stock of {order}: {}", fault.word()));
    }
    for (order, row, may) in ordered.others(&view.stock_moves) {
        let word = words::Fault::WrongProduct.word();
        wrong.push(format!(
            "stock of {order}: {word}: {row:?}, where it says {may:?}"
        ));
    }
    for (order, left) in truth {
        let moved = moved.remove(order).unwrap_or_default();
        if moved != *left {
            wrong.push(format!("{order}: left {left:?}, stock moved {moved:?}"));
        }
    }
    for (order, moved) in moved {
        wrong.push(format!("{order}: stock moved for nothing: {moved:?}"));
    }
}
