//! What must hold at the end of every run, by the plant's own books. Nothing here asks the
//! application what it thinks it did: its books are held against the plant's and the ERP's.
//!
//! - Every batch has ended, its slot is free, nothing waits for the ERP.
//! - What the PLC took is the recipe, word for word, once a start.
//! - What is stored is what left the silos, to the PLC's step. Less only where a person closed the batch after
//!   the doubt was told.
//! - A result is acknowledged once, never early.
//! - The ERP holds what is stored. The audit chain is whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use millrace_app::AppError;
use millrace_core::ids::{BatchId, SiloNo, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::units::Grams;
use millrace_plant::books::BatchBook;
use millrace_store::Store;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::journal::JournalRow;

use crate::run::Running;

/// More events than a run has.
const EVENTS: i64 = 100_000;

/// What became of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) batches: usize,
    pub(crate) lives: usize,
    pub(crate) closed: usize,
    /// Every event in order: kind, batch, parameters.
    pub(crate) log: Vec<String>,
    /// What does not hold.
    pub(crate) wrong: Vec<String>,
}

/// A batch as our books have it.
#[derive(Debug)]
struct Ours {
    row: BatchRow,
    stored: BTreeMap<SiloNo, Grams>,
    /// Slots in which the PLC took it, in order.
    taken: Vec<SlotNo>,
    /// A doubt was told.
    is_told: bool,
    /// A person decided or signed a stop.
    is_decided: bool,
}

/// Holds the books of a run against each other.
pub(crate) fn judge(running: &Running, is_stuck: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let store = Store::open(&running.folder.join("millrace.db")).expect("the books open");
    let (ours, journal, chain) = runtime.block_on(read(&store));
    let books = running.world.plant().books();
    let mut wrong = Vec::new();
    if is_stuck {
        let mut open = String::from("the run does not end:");
        for our in ours.iter().filter(|our| !our.row.run.is_final()) {
            let row = &our.row;
            let _ = write!(
                open,
                " {} {:?} {:?} {:?} {:?}",
                row.label, row.run, row.download_step, row.finish_step, row.trouble
            );
        }
        wrong.push(open);
    }
    if let Some(row) = chain {
        wrong.push(format!("audit row {row} does not fit"));
    }
    let mut books_of: BTreeMap<(String, SlotNo), Vec<&BatchBook>> = BTreeMap::new();
    for book in &books.batches {
        let key = (book.order_name.clone(), book.slot);
        books_of.entry(key).or_default().push(book);
    }
    let mut closed = 0;
    for our in &ours {
        closed += usize::from(compare(our, &mut books_of, &mut wrong));
    }
    for book in books_of.values().flatten() {
        // A recipe that the PLC forgot before anybody saw it taken was told as a doubt.
        if !book.lost && !book.foreign {
            wrong.push(format!(
                "the PLC took a recipe that we do not know: {book:?}"
            ));
        }
    }
    erp(running, &ours, &mut wrong);
    Outcome {
        seed: running.plan.seed,
        batches: ours.iter().filter(|our| our.row.run.is_final()).count(),
        lives: running.lives,
        closed,
        log: journal
            .iter()
            .map(|row| {
                format!(
                    "{} {:?} {:?} {:?}",
                    row.at_ms, row.batch_label, row.kind, row.params
                )
            })
            .collect(),
        wrong,
    }
}

async fn read(store: &Store) -> (Vec<Ours>, Vec<JournalRow>, Option<i64>) {
    store
        .read(|read| {
            let mut journal = read.journal_latest(EVENTS)?;
            journal.reverse();
            let mut ours = Vec::new();
            for id in 1.. {
                let Ok(row) = read.batch(BatchId(id)) else {
                    break;
                };
                let lines = read.batch_lines(row.id)?;
                let events: Vec<&JournalRow> = journal
                    .iter()
                    .filter(|event| event.batch_id == Some(row.id))
                    .collect();
                let has = |kinds: &[JournalKind]| events.iter().any(|e| kinds.contains(&e.kind));
                ours.push(Ours {
                    stored: lines
                        .into_iter()
                        .filter_map(|line| Some((line.silo, line.actual_g?)))
                        .collect(),
                    taken: events
                        .iter()
                        .filter(|event| event.kind == JournalKind::DownloadTaken)
                        .filter_map(|event| event.params.get("slot")?.parse().ok().map(SlotNo))
                        .collect(),
                    is_told: has(&[JournalKind::BatchHeld, JournalKind::BlockRefused]),
                    is_decided: has(&[JournalKind::SlotDecided, JournalKind::StopRequested]),
                    row,
                });
            }
            let chain = read.audit_verify()?.err();
            Ok::<_, AppError>((ours, journal, chain))
        })
        .await
        .expect("readable")
}

/// One batch against the plant. True when a person closed it with less than the plant says.
fn compare(
    our: &Ours,
    books_of: &mut BTreeMap<(String, SlotNo), Vec<&BatchBook>>,
    wrong: &mut Vec<String>,
) -> bool {
    let label = &our.row.label;
    let name = &our.row.recipe.order_name;
    let mut stored = our.stored.clone();
    stored.retain(|_, mass| mass.0 > 0);
    let mut books: Vec<&BatchBook> = Vec::new();
    for slot in &our.taken {
        let of_slot = books_of.entry((name.clone(), *slot)).or_default();
        // A take that nobody saw, of an earlier batch of the same order, may lie before this one.
        let own = of_slot
            .iter()
            .position(|book| our.taken.len() == 1 && left_of(&[book]) == stored)
            .unwrap_or(0);
        if of_slot.is_empty() {
            wrong.push(format!(
                "{label}: taken from slot {slot}, says nobody but us"
            ));
        } else {
            books.push(of_slot.remove(own));
        }
    }
    for book in &books {
        planned(our, book, wrong);
        if book.early_acks > 0 || book.acks > 1 {
            wrong.push(format!(
                "{label}: acknowledged {} times, {} of them early",
                book.acks, book.early_acks
            ));
        }
    }
    let left = left_of(&books);
    let total: i64 = stored.values().map(|mass| mass.0).sum();
    if our.row.run.is_final() && our.row.silo_actual_g != Some(Grams(total)) {
        wrong.push(format!(
            "{label}: the sum is {:?}, not {total}",
            our.row.silo_actual_g
        ));
    }
    if stored == left {
        return false;
    }
    let is_less = stored
        .iter()
        .all(|(silo, mass)| left.get(silo).is_some_and(|left| mass.0 <= left.0));
    if !(is_less && our.is_told && our.is_decided) {
        wrong.push(format!(
            "{label}: {left:?} left the silos, {stored:?} is stored (told {}, decided {}, lost {})",
            our.is_told,
            our.is_decided,
            books.iter().any(|book| book.lost)
        ));
    }
    true
}

/// What left the silos for these, to the PLC's step.
fn left_of(books: &[&BatchBook]) -> BTreeMap<SiloNo, Grams> {
    let mut left: BTreeMap<SiloNo, Grams> = BTreeMap::new();
    for mass in books.iter().flat_map(|book| &book.left) {
        let sum = left.entry(mass.silo).or_insert(Grams::ZERO);
        *sum = Grams(sum.0 + mass.mass_g.to_plc_step().0);
    }
    left.retain(|_, mass| mass.0 > 0);
    left
}

/// What the PLC took against the signed recipe.
fn planned(our: &Ours, book: &BatchBook, wrong: &mut Vec<String>) {
    let recipe = &our.row.recipe;
    let differs = book.planned.iter().any(|mass| {
        let line = recipe.silo_lines.iter().find(|l| l.silo == mass.silo);
        let plan = line.map_or(Grams::ZERO, |line| line.planned_g);
        plan != mass.mass_g
    });
    if differs || book.planned_total_g != recipe.silo_total() {
        wrong.push(format!(
            "{}: the PLC took {:?} of {:?}",
            our.row.label, book.planned, recipe.silo_lines
        ));
    }
}

/// What the ERP was told, against what is stored: running totals per order.
fn erp(running: &Running, ours: &[Ours], wrong: &mut Vec<String>) {
    let mut orders: BTreeMap<&str, (BTreeMap<String, Grams>, Grams, bool)> = BTreeMap::new();
    for our in ours {
        let recipe = &our.row.recipe;
        let (sums, finished, is_weighed) =
            orders
                .entry(&recipe.order_name)
                .or_insert((BTreeMap::new(), Grams::ZERO, true));
        for line in &recipe.silo_lines {
            let mass = our.stored.get(&line.silo).copied().unwrap_or(Grams::ZERO);
            if mass.0 > 0 {
                let sum = sums.entry(line.erp_code.clone()).or_insert(Grams::ZERO);
                *sum = Grams(sum.0 + mass.0);
            }
        }
        if our.row.silo_actual_g.is_some_and(|sum| sum.0 > 0) {
            match our.row.finished_g {
                Some(weight) => *finished = Grams(finished.0 + weight.0),
                None => *is_weighed = false,
            }
        }
    }
    for (name, (sums, finished, is_weighed)) in orders {
        let held = running.erp.held(name);
        if held.consumed != sums {
            wrong.push(format!(
                "{name}: stored {sums:?}, posted {:?}",
                held.consumed
            ));
        }
        if is_weighed && held.finished != finished {
            wrong.push(format!(
                "{name}: weighed {finished}, posted {}",
                held.finished
            ));
        }
    }
}
