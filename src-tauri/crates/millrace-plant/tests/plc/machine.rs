//! Faults of the machinery: what the host sees of each, and that the books stay right.
//! Leaves out how one dose goes wrong in detail (the unit tests of `physics`).

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;
use millrace_plant::FaultSwitch;
use millrace_plant::books::{Books, Event};

use super::host::{Host, SEED, STOP};

const SLOT: SlotNo = SlotNo(1);

fn failures(books: &Books) -> Vec<(String, String)> {
    let failure = |event: &Event| match event {
        Event::Failure { code, info, .. } => Some((code.clone(), info.clone())),
        Event::Weighing { .. } => None,
    };
    books
        .events
        .iter()
        .filter_map(|book| failure(&book.event))
        .collect()
}

#[test]
fn a_bridging_silo_gives_nothing_until_it_is_knocked_loose_and_is_reported_once() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("bridging_silo").at(102));
    let order = host.order(SLOT, "WH/MO/00101", &[(101, 50), (102, 60), (103, 70)]);
    host.offer(&order);
    host.run(120_000);
    let block = host.accepted(SLOT);
    assert!(!block.finished);
    let shown: Vec<Grams> = block.silos.iter().take(3).map(|s| s.1).collect();
    assert!(
        shown[0] > Grams(49_000) && shown[1..] == [Grams::ZERO, Grams::ZERO],
        "{shown:?}"
    );
    let reported = ("silo102".to_owned(), "START_FAILURE".to_owned());
    assert_eq!(failures(&host.plant.books()), [reported]);
    assert_eq!(host.strikes("bridging_silo"), 1);
    host.fault(FaultSwitch::off("bridging_silo"));
    host.finish(SLOT);
    host.assert_books(SLOT);
    let total = host.accepted(SLOT).total().expect("small");
    assert!((total.0 - 180_000).abs() < 4_000, "{total}");
}

#[test]
fn a_batch_whose_silo_gives_nothing_can_be_stopped() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("bridging_silo").at(101));
    let order = host.order(SLOT, "WH/MO/00101", &[(101, 50)]);
    host.offer(&order);
    host.run(20_000);
    host.command(SLOT, STOP);
    host.finish(SLOT);
    host.assert_books(SLOT);
    assert_eq!(host.book(SLOT).left_total(), Grams::ZERO);
}

#[test]
fn a_stuck_gate_overshoots_is_reported_and_the_host_sees_what_left() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("stuck_gate").at(101).with(40));
    let order = host.order(SLOT, "WH/MO/00101", &[(101, 100), (103, 100)]);
    host.offer(&order);
    host.finish(SLOT);
    host.assert_books(SLOT);
    let left = host.book(SLOT).left;
    let over = left[0].mass_g.0 - 100_000;
    assert!((35_000..=42_000).contains(&over), "{over} g too much");
    assert!(
        (left[2].mass_g.0 - 100_000).abs() < 2_000,
        "{}",
        left[2].mass_g
    );
    let reported = ("silo101".to_owned(), "MOTOR_FAILURE".to_owned());
    assert_eq!(failures(&host.plant.books()), [reported]);
    // Beyond the line's mass balance: an alarm, and nothing is stored by itself.
    assert!(!host.refused(&order).is_empty());
}

#[test]
fn a_stuck_gate_shuts_after_a_stop_too() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("stuck_gate").at(101).with(20));
    let order = host.order(SLOT, "WH/MO/00101", &[(101, 200)]);
    host.offer(&order);
    host.run(6_000);
    let before = host.book(SLOT).left_total();
    host.command(SLOT, STOP);
    host.finish(SLOT);
    host.assert_books(SLOT);
    let more = host.book(SLOT).left_total().0 - before.0;
    assert!((38_000..=44_000).contains(&more), "{more} g after the stop");
}

#[test]
fn a_drifting_scale_is_seen_by_the_plants_books_alone() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("scale_drift").with(50));
    host.whole_batch(SLOT, "WH/MO/00101", &[(101, 100), (103, 200)]);
    host.assert_books(SLOT);
    let book = host.book(SLOT);
    let total = host.accepted(SLOT).total().expect("small");
    assert!(
        (total.0 - 300_000).abs() < 6_000,
        "{total} by the registers"
    );
    let (counted, truly) = (book.left_total().0, book.truly_left_total().0);
    assert!(
        (counted * 1_000 - truly * 1_050).abs() < 10_000,
        "{counted} g, truly {truly} g"
    );
    let fresh = Host::new(SEED).plant.books();
    let gone: i64 = fresh.stock.iter().map(|s| s.mass_g.0).sum::<i64>()
        - host
            .plant
            .books()
            .stock
            .iter()
            .map(|s| s.mass_g.0)
            .sum::<i64>();
    assert_eq!(gone, truly, "the stock knows what truly left");
    assert_eq!(host.strikes("scale_drift"), 2);
    host.acknowledge(SLOT);
    host.fault(FaultSwitch::off("scale_drift"));
    host.whole_batch(SLOT, "WH/MO/00102", &[(101, 100)]);
    let book = host.book(SLOT);
    assert_eq!(book.left, book.truly_left);
}
