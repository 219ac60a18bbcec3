//! Many runs on a few threads, and what is said about them. Leaves out a single run (`run`).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::oracle::Outcome;
use crate::plan::Plan;
use crate::run;

/// Threads at work: the house is built on two cores.
const THREADS: usize = 2;

/// Where books are quick: they are thrown away.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    folder.expect("a temporary folder")
}

/// Runs the seeds from `seed` on, and answers the outcomes in their order.
pub(crate) fn runs(seed: u64, count: u64) -> Vec<Outcome> {
    let folder = folder();
    let template = run::template(folder.path());
    let next = AtomicU64::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= count {
                        return;
                    }
                    let outcome = one(seed.wrapping_add(n), &template);
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

/// One run; one that falls over is a run that failed.
fn one(seed: u64, template: &Path) -> Outcome {
    let plan = Plan::from_seed(seed);
    let run = || run::run(&plan, template);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|cause| Outcome {
        seed,
        batches: 0,
        lives: 0,
        closed: 0,
        log: Vec::new(),
        wrong: vec![format!(
            "it fell over: {}",
            cause
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default()
        )],
    })
}

/// What failed, with the way to see it again.
pub(crate) fn complaint(outcomes: &[Outcome]) -> String {
    outcomes
        .iter()
        .filter(|outcome| !outcome.wrong.is_empty())
        .map(|outcome| {
            format!(
                "seed {0} (campaign plc --seed {0} --runs 1): {1}\n",
                outcome.seed,
                outcome.wrong.join("\n    ")
            )
        })
        .collect()
}

/// What was done.
pub(crate) fn sum(outcomes: &[Outcome]) -> String {
    let all = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let failed = outcomes.iter().filter(|o| !o.wrong.is_empty()).count();
    format!(
        "{} runs, {} batches, {} lives of the application, {} batches closed by a person, {} runs failed",
        outcomes.len(),
        all(|outcome| outcome.batches),
        all(|outcome| outcome.lives),
        all(|outcome| outcome.closed),
        failed
    )
}
