//! The ERP campaign as a test: some seeds, and one outbox killed at every commit and at every byte that leaves.
//! Leaves out the long runs, which are a command (`campaign erp`).

#[path = "mod.rs"]
mod campaign_erp;

use std::path::Path;

/// Runs of three to nine messages each.
const RUNS: u64 = 60;
const SEED: u64 = 2_026_112_701;
/// Messages of the backlog; `campaign backlog --runs 5000` has more.
const BACKLOG: u64 = 1_000;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_crash-node"))
}

#[test]
fn nothing_is_lost_doubled_or_altered_behind_a_bad_network() {
    let outcomes = campaign_erp::runs(program(), SEED, RUNS);
    println!("{}", campaign_erp::sum(&outcomes));
    let complaint = campaign_erp::complaint(&outcomes);
    assert!(complaint.is_empty(), "{complaint}");
    let unspoiled = campaign_erp::unspoiled(&outcomes);
    assert!(unspoiled.is_empty(), "{unspoiled}");
    let kills: usize = outcomes.iter().map(|outcome| outcome.tally.kills).sum();
    assert!(kills >= 100, "only {kills} kills");
}

#[test]
fn it_may_die_at_every_commit_and_at_every_byte_that_leaves() {
    let outcomes = campaign_erp::sweep(program());
    println!("{}", campaign_erp::sum(&outcomes));
    let complaint = campaign_erp::complaint(&outcomes);
    assert!(complaint.is_empty(), "{complaint}");
    let at_call: usize = outcomes.iter().map(|outcome| outcome.tally.at_call).sum();
    assert!(at_call >= 50, "only {at_call} deaths at a call");
}

#[test]
fn a_backlog_drains_in_order_and_memory_stays() {
    let drained = campaign_erp::backlog(program(), BACKLOG);
    println!("{drained}");
    let complaint = drained.complaint();
    assert!(complaint.is_empty(), "{complaint}");
}
