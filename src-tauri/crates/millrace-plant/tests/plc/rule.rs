//! The other rules that a map may name: one flag for all slots, and a slot that keeps its old block
//! until the next order. Leaves out the usual rules (`batch`).

use millrace_core::ids::SlotNo;
use millrace_core::registers::encode;
use millrace_core::units::Grams;
use millrace_plant::FaultSwitch;

use super::host::{Host, SEED};

const QUEUE_HEAD: (&str, &str) = ("ready_rule = \"per_slot\"", "ready_rule = \"queue_head\"");
const TAKEN_BY_NEXT: (&str, &str) = (
    "slot_free_when = \"ack_cleared\"",
    "slot_free_when = \"taken_by_next\"",
);
const HEAD_FLAG: u16 = 7_076;

#[test]
fn one_flag_hands_over_whichever_slot_was_written() {
    let mut host = Host::with(&[QUEUE_HEAD], SEED);
    for (slot, name) in [(SlotNo(4), "WH/MO/00104"), (SlotNo(1), "WH/MO/00101")] {
        assert_eq!(host.word(HEAD_FLAG), 1);
        let order = host.order(slot, name, &[(101, 50)]);
        host.offer(&order);
        assert_eq!(host.word(HEAD_FLAG), 0);
        host.run(1_000);
        assert_eq!(host.word(HEAD_FLAG), 1, "taken");
        assert_eq!(host.accepted(slot).order_name, name);
    }
    // The own flag of slot 4 means nothing here.
    assert_eq!(host.word(7_376), 0);
    host.finish(SlotNo(1));
    for slot in [SlotNo(4), SlotNo(1)] {
        host.assert_books(slot);
        host.acknowledge(slot);
        assert!(host.is_empty(slot));
    }
    host.run(60_000);
    assert_eq!(
        host.plant.books().batches.len(),
        2,
        "no recipe is taken twice"
    );
}

#[test]
fn the_same_recipe_twice_in_one_slot_is_two_batches() {
    let mut host = Host::with(&[QUEUE_HEAD], SEED);
    for n in 1..=2 {
        host.whole_batch(SlotNo(2), "WH/MO/00102", &[(101, 50)]);
        host.acknowledge(SlotNo(2));
        assert_eq!(host.plant.books().batches.len(), n);
        assert!(host.is_empty(SlotNo(2)));
        host.run(20_000);
        assert_eq!(host.plant.books().batches.len(), n);
    }
}

#[test]
fn several_recipes_under_one_flag_are_all_taken_before_it_is_set() {
    let mut host = Host::with(&[QUEUE_HEAD], SEED);
    let orders: Vec<_> = (1..=3)
        .map(|n| host.order(SlotNo(n), &format!("WH/MO/0010{n}"), &[(101, 20)]))
        .collect();
    for order in &orders {
        let words = encode(&host.map, order).expect("a good order");
        let block = usize::from(host.map.flag_offset());
        host.write(host.map.write_base(order.slot), &words[..block]);
    }
    host.run(2_000);
    assert!(host.plant.books().batches.is_empty(), "not handed over yet");
    host.write(HEAD_FLAG, &[0]);
    let mut waited = 0;
    while host.word(HEAD_FLAG) == 0 {
        host.run(50);
        waited += 50;
        assert!(waited < 5_000, "never taken");
    }
    for n in 1..=3 {
        assert_eq!(
            host.accepted(SlotNo(n)).order_name,
            format!("WH/MO/0010{n}")
        );
    }
    host.finish(SlotNo(3));
    assert_eq!(host.plant.books().batches.len(), 3);
}

#[test]
fn a_refused_recipe_keeps_the_one_flag_at_0() {
    let mut host = Host::with(&[QUEUE_HEAD], SEED);
    let order = host.order(SlotNo(2), "WH/MO/00102", &[(101, 50)]);
    let mut words = encode(&host.map, &order).expect("a good order");
    words[54] = 109;
    let block = usize::from(host.map.flag_offset());
    host.write(host.map.write_base(SlotNo(2)), &words[..block]);
    host.write(HEAD_FLAG, &[0]);
    host.run(5_000);
    assert_eq!(
        (host.word(HEAD_FLAG), host.plant.books().refusals.len()),
        (0, 1)
    );
    assert!(host.plant.books().batches.is_empty());
}

#[test]
fn a_stuck_flag_holds_the_one_flag() {
    let mut host = Host::with(&[QUEUE_HEAD], SEED);
    host.fault(FaultSwitch::on("stuck_flag").at(3));
    let order = host.order(SlotNo(3), "WH/MO/00103", &[(101, 20)]);
    host.offer(&order);
    host.run(10_000);
    assert_eq!((host.word(HEAD_FLAG), host.is_empty(SlotNo(3))), (0, true));
    host.fault(FaultSwitch::off("stuck_flag"));
    host.finish(SlotNo(3));
    assert_eq!(host.word(HEAD_FLAG), 1);
}

#[test]
fn an_old_block_stays_until_the_next_order_under_either_flag_rule() {
    for changes in [vec![TAKEN_BY_NEXT], vec![TAKEN_BY_NEXT, QUEUE_HEAD]] {
        let mut host = Host::with(&changes, SEED);
        let slot = SlotNo(1);
        host.whole_batch(slot, "WH/MO/00101", &[(101, 50)]);
        let last = host.block(slot);
        host.acknowledge(slot);
        host.run(30_000);
        let kept = host.block(slot);
        let ack = usize::from(host.map.flag_offset());
        assert_eq!(kept[..ack], last[..ack], "{changes:?}");
        assert!(host.book(slot).freed);
        let order = host.order(slot, "WH/MO/00102", &[(102, 60)]);
        host.offer(&order);
        host.run(1_000);
        let block = host.accepted(slot);
        assert_eq!(
            (block.order_name.as_str(), block.finished),
            ("WH/MO/00102", false)
        );
        assert!(
            block.total() < Some(Grams(20_000)),
            "its own figures from zero"
        );
        assert_eq!(host.word(host.map.ack_addr(slot)), 0);
        host.finish(slot);
        host.assert_books(slot);
        assert_eq!(host.plant.books().batches.len(), 2, "{changes:?}");
    }
}
