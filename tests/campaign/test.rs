//! The campaign as a test: thousands of whole batches on virtual time, faults at random points, and
//! the same seed twice. Leaves out the long runs, which are a command (`main.rs`).

mod erp;
mod fleet;
mod net;
mod operator;
mod oracle;
mod plan;
mod run;
mod world;

/// Runs of about ten batches each.
const RUNS: u64 = 210;
const SEED: u64 = 0x5EED_0100;
/// Runs that are done twice.
const TWICE: u64 = 6;

#[test]
fn two_thousand_batches_end_as_the_plants_books_say() {
    let outcomes = fleet::runs(SEED, RUNS);
    let batches: usize = outcomes.iter().map(|outcome| outcome.batches).sum();
    println!("{}", fleet::sum(&outcomes));
    let complaint = fleet::complaint(&outcomes);
    assert!(complaint.is_empty(), "{complaint}");
    assert!(batches >= 2_000, "only {batches} batches");
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let logs = || -> Vec<Vec<String>> {
        let outcomes = fleet::runs(SEED + RUNS, TWICE);
        outcomes.into_iter().map(|outcome| outcome.log).collect()
    };
    assert_eq!(logs(), logs());
}
