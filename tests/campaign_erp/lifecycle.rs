//! A whole life of one order: imported, signed, started, dosed, posted, by a person at a script, on a real virtual
//! plant, with the bad network before the ERP and a process that is killed again and again. Leaves out prepared
//! outboxes (`run`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_plant::rng::Seeded;
use millrace_plant::{PlantConfig, RunningPlant};

use super::node::{Node, write_config};
use super::operator::{Born, Operator, Outcome as Worked};
use super::oracle::{self, Outcome};
use super::plan::{Plan, millis};
use super::products::Ordered;
use super::proxy::{Proxy, Weather};
use super::run::Tally;
use super::template::{self, Total};

/// The order, which makes two batches.
const ORDER: &str = "WH/MO/00104";
const BATCHES: usize = 2;
/// Plant seconds per real second.
const SPEED: f64 = 40.0;
/// Kills of one life.
const KILLS: usize = 6;
/// Longest life of a process between two kills.
const LIFE_MS_MAX: i64 = 1_500;
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// One run.
pub(crate) async fn run(program: &Path, plan: &Plan) -> Outcome {
    let plant = millrace_plant::start(PlantConfig {
        speed: SPEED,
        seed: plan.seed,
        tick_ms: 50,
        ..PlantConfig::default()
    })
    .await
    .expect("the virtual plant starts");
    let folder = template::folder();
    let proxy = Proxy::start(Arc::clone(plant.erp()), plant.odoo(), plan).await;
    write_config(folder.path(), &plant, &format!("http://{}", proxy.address));
    proxy.set(Weather::Foul(plan.faults));
    let dice = &mut Seeded::new(plan.seed);
    let mut operator = Operator::new([(ORDER, BATCHES)].into_iter());
    let mut tally = Tally::default();
    let mut at_state = Vec::new();
    let mut drained = Ok(());
    while tally.kills <= KILLS {
        let mut node = Node::start(program, folder.path());
        let is_last = tally.kills == KILLS;
        let time = if is_last {
            proxy.set(Weather::Fair);
            PATIENCE
        } else {
            millis(dice, 100, LIFE_MS_MAX)
        };
        let worked = operator.work(&mut node, Born::Started, time, is_last).await;
        if worked == Worked::Done {
            node.stop();
            break;
        }
        if is_last {
            drained = Err(format!("the life does not end: {operator:?}"));
        }
        if worked == Worked::Delicate {
            tokio::time::sleep(millis(dice, 0, 60)).await;
        }
        tally.in_flight += usize::from(proxy.under_way() > 0);
        node.kill();
        tally.kills += 1;
        at_state.push(operator.seen_state());
    }
    let mut wrong: Vec<String> = drained.err().into_iter().collect();
    let rows = oracle::ours(folder.path(), &mut wrong).await;
    let truth = truth(&plant, &mut wrong);
    let view = plant.erp().view();
    let ordered = Ordered::new(&millrace_plant::odoo::demo_orders().expect("the file parses"));
    oracle::compare(&view, &truth, &ordered, &mut wrong);
    oracle::steps(&rows, &proxy.steps().await, &mut wrong);
    oracle::moves(&view, &truth, &ordered, &mut wrong);
    Outcome {
        messages: rows.len(),
        at_state,
        ..Outcome::failed(plan, tally, &proxy, wrong)
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
