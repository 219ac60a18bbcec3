//! Whole batches: hand-over, dosing, finish, acknowledgement, books.
//! Leaves out commands (`command`) and restarts (`restart`).

use millrace_core::ids::SlotNo;
use millrace_core::registers::encode;
use millrace_core::units::Grams;

use super::host::{Host, RECIPE, SEED};

#[test]
fn a_batch_runs_from_offer_to_free_slot_and_the_registers_are_the_books() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    assert!(
        host.map
            .slots()
            .all(|s| host.word(host.map.ready_addr(s)) == 1)
    );
    assert!(host.is_empty(slot));
    let order = host.order(slot, "WH/MO/00101", RECIPE);
    host.offer(&order);
    host.run(1_000);

    let block = host.accepted(slot);
    assert_eq!(
        (host.word(host.map.ready_addr(slot)), block.finished),
        (1, false)
    );
    assert_eq!(
        (block.order_name.as_str(), block.planned),
        ("WH/MO/00101", Grams(1_000_000))
    );
    let book = host.book(slot);
    for planned in &book.planned {
        let approved = order
            .silos
            .iter()
            .find(|s| s.0 == planned.silo)
            .map_or(Grams::ZERO, |s| s.1);
        assert_eq!(planned.mass_g, approved, "silo {}", planned.silo);
    }

    let ms = host.finish(slot);
    assert!((85_000..140_000).contains(&ms), "1000 kg took {ms} ms");
    host.assert_books(slot);
    let block = host.accepted(slot);
    let total = block.total().expect("small");
    assert!((total.0 - 1_000_000).abs() < 10_000, "{total}, seed {SEED}");
    assert!(
        block.weight < total && block.weight.0 * 1_000 > total.0 * 996,
        "{}",
        block.weight
    );
    assert_eq!(
        total,
        Grams(
            host.book(slot)
                .left
                .iter()
                .map(|l| l.mass_g.to_plc_step().0)
                .sum()
        )
    );

    // Nothing changes until the acknowledgement, however long it takes.
    let finished = host.block(slot);
    host.run(600_000);
    assert_eq!(host.block(slot), finished);
    host.write(host.map.ack_addr(slot), &[1]);
    host.run(1_000);
    assert!(host.is_empty(slot));
    assert_eq!(host.word(host.map.ack_addr(slot)), 0);
    let book = host.book(slot);
    assert!(book.freed && book.finished && !book.stopped);
    assert_eq!((book.acks, book.early_acks), (1, 0));
    let writes = &host.plant.books().writes[0];
    assert_eq!(
        (writes.block, writes.flag, writes.ack, writes.command),
        (1, 1, 1, 0)
    );
    let stock = host.plant.books().stock[0].mass_g;
    assert_eq!(stock.0, 14_400_000 - book.left[0].mass_g.0);
}

#[test]
fn actuals_only_rise_while_a_batch_runs() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(4);
    let order = host.order(slot, "WH/MO/00104", RECIPE);
    host.offer(&order);
    host.run(1_000);
    let mut before = host.accepted(slot);
    for _ in 0..300 {
        host.run(500);
        let now = host.accepted(slot);
        for (old, new) in before.silos.iter().zip(&now.silos) {
            assert!(old.1 <= new.1, "silo {}: {} then {}", old.0, old.1, new.1);
        }
        before = now;
    }
    assert!(before.finished);
}

#[test]
fn two_queued_slots_are_dosed_one_after_the_other_in_the_order_of_taking() {
    let mut host = Host::new(SEED);
    let (first, second) = (SlotNo(5), SlotNo(2));
    let orders = [(first, "WH/MO/00105"), (second, "WH/MO/00102")];
    for (slot, name) in orders {
        let order = host.order(slot, name, &[(101, 100), (103, 100)]);
        host.offer(&order);
        host.run(1_000);
    }
    while !host.accepted(first).finished {
        assert_eq!(host.accepted(second).total(), Some(Grams::ZERO));
        host.run(250);
    }
    host.finish(second);
    let books = host.plant.books();
    let order: Vec<_> = books.batches.iter().map(|b| (b.seq, b.slot)).collect();
    assert_eq!(order, [(1, first), (2, second)]);
    assert!(books.batches[1].started_ms >= books.batches[0].finished_ms);
    host.assert_books(first);
    host.assert_books(second);
}

#[test]
fn a_block_with_a_wrong_slot_number_or_silo_id_is_not_taken() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(2);
    let order = host.order(slot, "WH/MO/00102", &[(101, 100)]);
    let words = encode(&host.map, &order).expect("a good order");
    let base = host.map.write_base(slot);
    for (offset, wrong) in [(0, 3), (54, 109)] {
        let mut bad = words.clone();
        bad[offset] = wrong;
        host.write(base, &bad);
        host.run(5_000);
        assert!(host.is_empty(slot));
        assert_eq!(host.word(host.map.ready_addr(slot)), 0);
    }
    let why: Vec<_> = host
        .plant
        .books()
        .refusals
        .into_iter()
        .map(|r| r.why)
        .collect();
    assert_eq!(
        why,
        [
            "slot number 3 instead of 2",
            "D7154 holds 109 instead of silo id 110"
        ]
    );
    assert!(host.plant.books().batches.is_empty());
}

#[test]
fn an_offer_waits_until_the_read_slot_is_free() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 50)]);
    host.offer(&order);
    host.finish(slot);
    let next = host.order(slot, "WH/MO/00102", &[(101, 60)]);
    host.offer(&next);
    host.run(10_000);
    assert_eq!(host.accepted(slot).order_name, "WH/MO/00101");
    assert_eq!(host.word(host.map.ready_addr(slot)), 0);
    host.write(host.map.ack_addr(slot), &[1]);
    host.run(2_000);
    assert_eq!(host.accepted(slot).order_name, "WH/MO/00102");
    assert_eq!(host.word(host.map.ready_addr(slot)), 1);
}

#[test]
fn a_repeated_acknowledgement_is_seen_in_the_books() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 50)]);
    host.offer(&order);
    host.run(2_000);
    let ack = host.map.ack_addr(slot);
    host.write(ack, &[1]);
    host.write(ack, &[1]);
    host.write(ack, &[0]);
    host.finish(slot);
    host.write(ack, &[1]);
    let book = host.book(slot);
    assert_eq!((book.acks, book.early_acks), (2, 1));
}

#[test]
fn the_same_seed_gives_the_same_books_whatever_the_step_and_another_seed_does_not() {
    let run = |seed, step_ms: u64| {
        let mut host = Host::new(seed);
        let order = host.order(SlotNo(1), "WH/MO/00101", RECIPE);
        host.offer(&order);
        for _ in 0..(180_000 / step_ms) {
            host.run(step_ms);
        }
        host.plant.books()
    };
    let books = run(SEED, 100);
    assert!(books.batches[0].finished);
    assert_eq!(books, run(SEED, 100));
    assert_eq!(books, run(SEED, 7_500));
    assert_eq!(books, run(SEED, 20));
    assert_ne!(books.batches[0].left, run(SEED + 1, 100).batches[0].left);
}

#[test]
fn a_plant_may_report_no_weight() {
    let mut host = Host::new(SEED);
    host.plant = host.plant.with_weight(false);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 50)]);
    host.offer(&order);
    host.finish(slot);
    assert_eq!(
        (host.accepted(slot).weight, host.book(slot).weight_g),
        (Grams::ZERO, Grams::ZERO)
    );
}
