//! Many runs at once, since each waits most of its time, and what is said about them. Leaves out a single run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use millrace_plant::odoo::OdooVersion;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::oracle::Outcome;
use super::plan::{Call, Death, Plan, Way};
use super::tables::{aims, spoils};
use super::template::{self, Template};
use super::{lifecycle, run};

/// Runs at once: the house is built on two cores, and a run sleeps most of its time. More of them only make the
/// ERP answer later than the client waits.
const AT_ONCE: usize = 16;
/// More durable writes than one undisturbed life of the shortest outbox has.
const POINTS_MAX: u32 = 400;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Runs the seeds from `seed` on, and answers the outcomes in their order.
pub(crate) fn runs(program: &Path, seed: u64, count: u64) -> Vec<Outcome> {
    let plans = (0..count).map(|n| Plan::from_seed(seed.wrapping_add(n)));
    runtime().block_on(async {
        let folder = template::folder();
        let template = Arc::new(template::make(folder.path()).await);
        all(program, &template, plans.collect()).await
    })
}

async fn all(program: &Path, template: &Arc<Template>, plans: Vec<Plan>) -> Vec<Outcome> {
    let turn = Arc::new(Semaphore::new(AT_ONCE));
    let program: Arc<Path> = program.into();
    let mut tasks = JoinSet::new();
    for plan in plans {
        let turn = Arc::clone(&turn)
            .acquire_owned()
            .await
            .expect("never closed");
        let (program, template) = (Arc::clone(&program), Arc::clone(template));
        let seed = plan.seed;
        tasks.spawn(async move {
            let _turn = turn;
            let work = tokio::spawn(async move { one(&program, &template, &plan).await });
            work.await.unwrap_or_else(|error| Outcome {
                seed,
                is_lifecycle: false,
                messages: 0,
                tally: run::Tally::default(),
                at_state: Vec::new(),
                log: Vec::new(),
                wrong: vec![format!("it fell over: {error}")],
            })
        });
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

async fn one(program: &Path, template: &Template, plan: &Plan) -> Outcome {
    if plan.is_lifecycle {
        lifecycle::run(program, plan).await
    } else {
        run::run(program, template, plan).await
    }
}

/// One outbox without faults, killed once at every durable write and at every write to a socket, before and after
/// it: between every pair of commits, and around every byte that leaves. All three ways into the ERP.
pub(crate) fn sweep(program: &Path) -> Vec<Outcome> {
    runtime().block_on(async {
        let folder = template::folder();
        let template = Arc::new(template::make(folder.path()).await);
        let mut outcomes = Vec::new();
        for (is_standard, has_key) in [(false, false), (true, false), (true, true)] {
            let way = Way {
                is_standard,
                has_key,
                version: OdooVersion::V18,
            };
            for call in [Call::Sync, Call::Send] {
                for before in [true, false] {
                    outcomes.extend(line(program, &template, way, call, before).await);
                }
            }
        }
        outcomes
    })
}

/// Point after point, a few at once, until a life never comes that far.
async fn line(
    program: &Path,
    template: &Arc<Template>,
    way: Way,
    call: Call,
    before: bool,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut next = 1;
    while next < POINTS_MAX {
        let points = next..next + 16;
        next = points.end;
        let plans = points.map(|nth| {
            let death = Death::At { call, nth, before };
            Plan::dying_at(u64::from(nth), way, death)
        });
        let some = all(program, template, plans.collect()).await;
        let is_over = some.iter().any(|outcome| outcome.tally.at_call == 0);
        outcomes.extend(some);
        if is_over {
            break;
        }
    }
    outcomes
}

/// What failed, with the way to see it again.
pub(crate) fn complaint(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.wrong.is_empty()) {
        let _ = writeln!(
            text,
            "seed {0} (campaign erp --seed {0} --runs 1): {1}",
            outcome.seed,
            outcome.wrong.join("\n    ")
        );
    }
    text
}

/// What was done.
pub(crate) fn sum(outcomes: &[Outcome]) -> String {
    let all = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let failed = outcomes.iter().filter(|o| !o.wrong.is_empty()).count();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for state in outcomes.iter().flat_map(|outcome| &outcome.at_state) {
        *states.entry(state).or_default() += 1;
    }
    format!(
        "{}\n{}\nkills of whole lives, by the batch's state: {states:?}\n{} runs ({} whole lives of orders), {} messages, {} kills ({} at a chosen call, {} with a request under way), \
         {} refusals sent again by a person, {} runs failed",
        spoils(outcomes),
        aims(outcomes),
        outcomes.len(),
        all(|outcome| usize::from(outcome.is_lifecycle)),
        all(|outcome| outcome.messages),
        all(|outcome| outcome.tally.kills),
        all(|outcome| outcome.tally.at_call),
        all(|outcome| outcome.tally.in_flight),
        all(|outcome| outcome.tally.retried),
        failed
    )
}
