//! A whole life of one order: imported, signed, started, dosed, posted, by a person at a script, on a real virtual
//! plant, over the way that was drawn, with the bad network before the ERP and a process that is killed again and again. Leaves out prepared
//! outboxes (`run`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use millrace_plant::odoo::{StandardSetup, demo_orders};
use millrace_plant::rng::Seeded;
use millrace_plant::{PlantConfig, RunningPlant};
use serde_json::json;
use tokio::time::Instant;

use super::aim::{Aim, Watch};
use super::life::{Desk, config};
use super::node::Node;
use super::operator::{self, Born, Operator, Outcome as Worked};
use super::oracle::{self, Case, Outcome};
use super::plan::{Plan, chance, millis};
use super::products::Ordered;
use super::proxy::{Proxy, Weather};
use super::run::Tally;
use super::template::{self, Total};

/// The order, which makes two batches.
const ORDER: &str = "WH/MO/00104";
const BATCHES: usize = 2;
/// Plant seconds per real second.
const SPEED: f64 = 40.0;
/// Longest life of a process between two kills at random.
const LIFE_MS_MAX: i64 = 1_500;
/// A life that does not come into the wished-for state is killed after this.
const STATE_PATIENCE: Duration = Duration::from_secs(15);
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(420);
/// Time between two looks of the person. The chosen states are seen by the watcher, so it need not be short.
const PERSON_LOOK: Duration = Duration::from_millis(120);
/// Time between two looks at what the ERP refused.
const LOOK: Duration = Duration::from_millis(300);

/// One run: it is killed at random, then in each of the plan's states, now and then at random again, and then it
/// may end its work.
pub(crate) async fn run(program: &Path, plan: &Plan) -> Outcome {
    let plant = millrace_plant::start(PlantConfig {
        speed: SPEED,
        seed: plan.seed,
        tick_ms: 50,
        ..PlantConfig::default()
    })
    .await
    .expect("the virtual plant starts");
    let erp = Arc::clone(plant.erp());
    erp.set_standard(StandardSetup {
        version: plan.way.version,
        has_posting: plan.way.has_key,
        ..erp.standard()
    });
    let folder = template::folder();
    let proxy = Proxy::start(Arc::clone(&erp), plant.odoo(), plan).await;
    let plc = plc(folder.path(), &plant);
    config(folder.path(), plan.way, plan.closes, proxy.address, &plc);
    let dice = &mut Seeded::new(plan.seed);
    let mut operator = Operator::new([(ORDER, BATCHES)].into_iter()).looking_every(PERSON_LOOK);
    let mut tally = Tally::default();
    let mut at_state = Vec::new();
    let mut is_done = false;
    for state in deaths(plan) {
        let watch = state.map(|aim| (aim, Watch::before(folder.path(), aim)));
        proxy.set(match state {
            None => Weather::Foul(plan.faults),
            Some(Aim::Booked | Aim::Posted | Aim::Closing) => Weather::Fair,
            Some(_) => Weather::Foul(plan.faults.of_bookings()),
        });
        let mut node = Node::start(program, folder.path());
        let worked = match &watch {
            Some((_, watch)) => tokio::select! {
                worked = operator.work(&mut node, Born::LoggedIn, STATE_PATIENCE, true) => worked,
                () = watch.comes(&proxy, STATE_PATIENCE) => Worked::TimeUp,
            },
            // Some die while they start, most while they work.
            None => {
                let born = if chance(dice, 4) {
                    Born::Started
                } else {
                    Born::LoggedIn
                };
                let time = millis(dice, 100, LIFE_MS_MAX);
                operator.work(&mut node, born, time, false).await
            }
        };
        if worked == Worked::Done {
            node.stop();
            is_done = true;
            break;
        }
        if worked == Worked::Delicate {
            tokio::time::sleep(millis(dice, 0, 60)).await;
        }
        tally.in_flight += usize::from(proxy.under_way() > 0);
        node.kill();
        tally.kills += 1;
        at_state.push(operator.seen_state());
        if let Some((aim, watch)) = watch {
            tally.aimed(aim, watch.is_hit(proxy.is_holding()));
            proxy.disarm();
        }
    }
    let mut wrong = Vec::new();
    if !is_done {
        proxy.set(Weather::Fair);
        let mut node = Node::start(program, folder.path());
        let address = address(&mut node).await;
        let retried = AtomicUsize::new(0);
        let worked = tokio::select! {
            worked = operator.work(&mut node, Born::Started, PATIENCE, true) => worked,
            () = send_again(&address, &retried) => Worked::TimeUp,
        };
        tally.retried = retried.into_inner();
        node.stop();
        if worked != Worked::Done {
            wrong.push(format!("the life does not end: {operator:?}"));
        }
    }
    // What still wanders about arrives before anything is judged.
    while proxy.under_way() > 0 {
        tokio::time::sleep(LOOK).await;
    }
    let truth = truth(&plant, &mut wrong);
    let case = Case {
        plan,
        batches: BATCHES,
        whole: &BTreeSet::from([ORDER.to_owned()]),
        truth: &truth,
        ordered: Ordered::new(&demo_orders().expect("the file parses")),
        folder: folder.path(),
        odoo: &erp,
        address: plant.odoo(),
        proxy: &proxy,
    };
    Outcome {
        at_state,
        ..oracle::judge(&case, tally, wrong).await
    }
}

/// In which state each life dies; `None` = at random.
fn deaths(plan: &Plan) -> Vec<Option<Aim>> {
    let mut deaths: Vec<Option<Aim>> = plan.states.iter().copied().map(Some).collect();
    deaths.insert(0, None);
    deaths.insert(deaths.len() / 2, None);
    deaths
}

/// The plant's PLC, as the configuration names it.
fn plc(folder: &Path, plant: &RunningPlant) -> String {
    std::fs::write(
        folder.join("registers.toml"),
        include_str!("../../assets/registers/demo.toml"),
    )
    .expect("written");
    format!(
        "[plc]\nregisters = \"registers.toml\"\npoll_live_ms = 100\npoll_idle_ms = 200\n[plc.driver]\nkind = \"fins_udp\"\n\
         address = \"{}\"\nnode_local = 1\nnode_plc = 2\ntimeout_ms = 500\n",
        plant.fins()
    )
}

async fn address(node: &mut Node) -> String {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(address) = node.address(Duration::from_millis(1)) {
            return address;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the process does not say where it answers");
}

/// A person sends again what the ERP refused, as long as nobody ends this.
async fn send_again(address: &str, retried: &AtomicUsize) {
    loop {
        tokio::time::sleep(LOOK).await;
        // There may be no such person yet.
        let Ok(desk) = Desk::open_as(address.to_owned(), operator::NAME, operator::SECRET).await
        else {
            continue;
        };
        while let Ok(list) = desk.call("outbox_list", &json!({})).await {
            let rows = list["rows"].as_array().cloned().unwrap_or_default();
            for row in rows.iter().filter(|row| row["state"] == "refused") {
                let sent = desk.call("outbox_retry", &json!({ "id": row["id"] })).await;
                retried.fetch_add(usize::from(sent.is_ok()), Ordering::SeqCst);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What left the silos by the plant's own books; each batch was made and acknowledged once.
fn truth(plant: &RunningPlant, wrong: &mut Vec<String>) -> BTreeMap<String, Total> {
    let books = plant.books();
    if books.batches.len() != BATCHES {
        wrong.push(format!(
            "{} batches were dosed, not {BATCHES}",
            books.batches.len()
        ));
    }
    let mut total = Total::default();
    for batch in &books.batches {
        if (batch.finished, batch.acks, batch.early_acks) != (true, 1, 0) {
            wrong.push(format!("not finished and acknowledged once: {batch:?}"));
        }
        total.finished += batch.weight_g.0;
        for mass in batch.left.iter().filter(|mass| mass.mass_g.0 > 0) {
            let code = millrace_tests::code(mass.silo.0);
            *total.consumed.entry(code).or_default() += mass.mass_g.to_plc_step().0;
        }
    }
    BTreeMap::from([(ORDER.to_owned(), total)])
}
