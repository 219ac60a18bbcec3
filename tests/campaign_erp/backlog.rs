//! A backlog: thousands of finished batches whose consumption waits, an ERP that goes down meanwhile, and the real
//! process that works it all off: in order, and without its memory growing by what it has worked off.
//! Leaves out kills and faults (`run`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_core::access::{Grant, Role};
use millrace_core::units::Grams;
use millrace_plant::odoo::{NewComponent, NewOrder, OdooBook, OdooVersion, StockMove};
use millrace_store::table::outbox::OutboxRow;
use millrace_store::{Store, StoreError};
use tokio::time::Instant;

use super::completion::{DOSE, LINES, complete, put_batch, put_order, put_silos};
use super::life::{Desk, Life, config};
use super::oracle;
use super::plan::Way;
use super::products::Ordered;
use super::proxy::{Proxy, Weather};
use super::run::Erp;
use super::template::{self, NAME, SECRET_PHC, Total};

/// Batches of each order.
const BATCHES: u32 = 10;
/// After so many tenths the ERP is down.
const DOWN_AFTER: usize = 3;
/// For so long.
const DOWN: Duration = Duration::from_secs(6);
/// So many messages may have been tried while it was down: three lost answers in a row shut the gate, and one may
/// be under way as it goes and as it comes.
const TRIED_EARLY_MAX: usize = 8;
/// From a half to the end memory may grow by so much a message, KiB: until then the page caches of the books
/// fill. A message with its payload, its attempts and its read-back has more, so keeping each would show.
const GROWTH_KIB: f64 = 3.0;
/// Messages a second below which a backlog is stuck rather than slow.
const SLOWEST: u64 = 4;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    messages: usize,
    seconds: f64,
    /// Resident memory after a tenth, while the ERP was down, after a half, and at the end, MiB.
    memory: Vec<f64>,
    /// Messages that were tried while the ERP was down.
    tried_early: usize,
    wrong: Vec<String>,
}

impl Drained {
    /// What does not hold.
    pub(crate) fn complaint(&self) -> String {
        self.wrong.join("\n")
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory: Vec<String> = self.memory.iter().map(|mib| format!("{mib:.1}")).collect();
        write!(
            f,
            "{} messages in {:.1} s ({:.0} a second); {} were tried while the ERP was down; \
             memory after a tenth, while it was down, after a half, at the end: {} MiB RSS",
            self.messages,
            self.seconds,
            self.messages as f64 / self.seconds,
            self.tried_early,
            memory.join(", ")
        )
    }
}

/// Drains about so many messages.
pub(crate) fn backlog(program: &Path, messages: u64) -> Drained {
    let orders = u32::try_from(messages).expect("thousands") / BATCHES;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(drain(program, orders))
}

fn name(order: u32) -> String {
    format!("WH/MO/{:05}", 10_000 + order)
}

async fn drain(program: &Path, orders: u32) -> Drained {
    let folder = template::folder();
    prepare(folder.path(), orders).await;
    let way = Way {
        is_standard: false,
        has_key: false,
        version: OdooVersion::V18,
    };
    let book = OdooBook::with_orders(given(orders)).expect("no name stands twice");
    let erp = Erp::with_book(way, book).await;
    let proxy = Proxy::plain(Arc::clone(&erp.odoo), erp.address).await;
    config(folder.path(), way, false, proxy.address, "");
    let mut life = Life::start(program, folder.path(), None);
    let desk = Desk::open(life.address().await).await;
    let mut drained = Drained {
        messages: usize::try_from(orders * BATCHES).expect("thousands"),
        ..Drained::default()
    };
    let begin = Instant::now();
    for tenths in [1, DOWN_AFTER, 5, 10] {
        let (all, closed) = (drained.messages, drained.messages * tenths / 10);
        if !reach(&desk, closed, all, begin).await {
            drained.wrong.push("the backlog does not drain".into());
            break;
        }
        if tenths == DOWN_AFTER {
            proxy.set(Weather::Down);
            tokio::time::sleep(DOWN).await;
        }
        drained.memory.push(memory(life.pid()));
        proxy.set(Weather::Fair);
    }
    drained.seconds = begin.elapsed().as_secs_f64();
    life.kill().await;
    judge(&mut drained, folder.path(), &erp, orders).await;
    drained
}

/// Waits until so many of all messages are closed; false when it takes too long.
async fn reach(desk: &Desk, closed: usize, all: usize, begin: Instant) -> bool {
    let patience = Duration::from_secs(60 + u64::try_from(all).expect("thousands") / SLOWEST);
    while begin.elapsed() < patience {
        let live = desk.call("live_get", &serde_json::json!({})).await;
        let live = live.expect("the process lives");
        let count = |what: &str| live["outbox"][what].as_u64().expect("a count");
        let open = count("waiting") + count("in_doubt") + count("refused");
        if usize::try_from(open).expect("thousands") + closed <= all {
            return true;
        }
        tokio::time::sleep(LOOK).await;
    }
    false
}

/// Resident memory of a process, MiB.
fn memory(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.expect("the kernel tells it") / 1_024.0
}

/// Books with that many finished batches; the orders take turns, so that neighbours never belong together.
async fn prepare(folder: &Path, orders: u32) {
    std::fs::create_dir(folder.join("data")).expect("a folder");
    let store = Store::open(&folder.join("data/millrace.db")).expect("fresh books");
    let made = store.write(move |tx| {
        put_silos(tx)?;
        tx.person_add(NAME, &[Grant::everywhere(Role::Supervisor)], SECRET_PHC, 0)?;
        let mut ids = Vec::new();
        for order in 0..orders {
            ids.push(put_order(tx, &name(order))?);
        }
        Ok::<_, StoreError>(ids)
    });
    let ids = made.await.expect("written");
    for index in 1..=BATCHES {
        let ids = ids.clone();
        let made = store.write(move |tx| {
            for (order, id) in (0..).zip(ids) {
                let batch = put_batch(tx, id, &name(order), index)?;
                complete(tx, batch, i64::from((index - 1) * orders + order))?;
            }
            Ok::<_, StoreError>(())
        });
        made.await.expect("written");
    }
    store.checkpoint().await.expect("one whole file");
}

/// The same orders, as the ERP is given them.
fn given(orders: u32) -> Vec<NewOrder> {
    let all = (0..orders).map(|order| NewOrder {
        name: name(order),
        reference: None,
        product: "LAYER FEED 16".into(),
        quantity_g: Grams(10_000_000),
        schedule_start: None,
        equipment: "PLC01".into(),
        components: (101..101 + LINES)
            .map(|silo| NewComponent {
                equipment: Some(millrace_tests::code(silo)),
                product: format!("Material {silo}"),
                to_consume_g: Grams(142_857),
                product_id: None,
            })
            .collect(),
    });
    all.collect()
}

async fn judge(drained: &mut Drained, folder: &Path, erp: &Erp, orders: u32) {
    let wrong = &mut drained.wrong;
    let rows = oracle::ours(folder, wrong).await;
    if rows.len() != drained.messages {
        wrong.push(format!("{} messages are in the books", rows.len()));
    }
    drained.tried_early = rows.iter().filter(|row| row.attempts > 1).count();
    if drained.tried_early > TRIED_EARLY_MAX {
        let tried = drained.tried_early;
        wrong.push(format!(
            "{tried} messages were tried while the ERP was down"
        ));
    }
    let batches = i64::from(BATCHES);
    let total = Total {
        consumed: (101..101 + LINES)
            .map(|silo| (millrace_tests::code(silo), DOSE.0 * batches))
            .collect(),
        finished: DOSE.0 * i64::from(LINES) * batches,
    };
    let truth: BTreeMap<String, Total> = (0..orders).map(|n| (name(n), total.clone())).collect();
    let view = erp.odoo.view();
    let ordered = Ordered::new(&given(orders));
    oracle::compare(&view, &truth, &ordered, wrong);
    oracle::moves(&view, &truth, &ordered, wrong);
    wrong.extend(turns(&rows, &view.stock_moves));
    if let [_, _, half, end] = drained.memory.as_slice()
        && (end - half) * 1_024.0 > GROWTH_KIB * drained.messages as f64 / 2.0
    {
        let grown = end - half;
        wrong.push(format!("memory grew by {grown:.1} MiB while messages went"));
    }
}

/// The ERP booked what fell due first first: exactly so until the first message that had to be tried again.
fn turns(rows: &[OutboxRow], moves: &[StockMove]) -> Option<String> {
    // A message is one finished weight of its order: the n-th of the order is its n-th message.
    let mut of_order: BTreeMap<&str, Vec<&OutboxRow>> = BTreeMap::new();
    for row in rows {
        if let Some((order, _)) = row.batch_label.as_deref().and_then(|l| l.rsplit_once('/')) {
            of_order.entry(order).or_default().push(row);
        }
    }
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    let mut undisturbed = rows.iter().take_while(|row| row.attempts == 1);
    for row in moves.iter().filter(|row| row.equipment.is_none()) {
        let n = next.entry(row.order.as_str()).or_default();
        let message = of_order.get(row.order.as_str()).and_then(|all| all.get(*n));
        *n += 1;
        let Some(message) = message else {
            return Some(format!("{}: booked {n} times", row.order));
        };
        if row.delta_g.0 != DOSE.0 * i64::from(LINES) {
            return Some(format!("{}: not one batch's weight: {row:?}", message.key));
        }
        if undisturbed.next().is_some_and(|due| due.id != message.id) {
            return Some(format!("{} went out of turn", message.key));
        }
    }
    let early = rows.iter().take_while(|row| row.attempts == 1).count();
    (early < rows.len() / 10).then(|| "too few messages went undisturbed".into())
}
