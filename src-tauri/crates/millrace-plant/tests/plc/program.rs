//! Faults of the PLC and its program: what the host sees of each, and that the books stay right.
//! Leaves out machinery (`machine`) and network (`faults.rs` in the folder above).

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;
use millrace_plant::FaultSwitch;

use super::host::{Host, SEED};

const SLOT: SlotNo = SlotNo(2);

#[test]
fn a_stuck_flag_leaves_the_offer_standing_until_it_is_released() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("stuck_flag").at(2));
    let order = host.order(SLOT, "WH/MO/00102", &[(101, 50)]);
    host.offer(&order);
    host.run(60_000);
    assert!(host.is_empty(SLOT));
    assert_eq!(host.word(host.map.ready_addr(SLOT)), 0);
    assert_eq!(host.strikes("stuck_flag"), 1);
    // Another slot is not touched by it.
    host.whole_batch(SlotNo(1), "WH/MO/00101", &[(101, 50)]);
    host.fault(FaultSwitch::off("stuck_flag"));
    host.finish(SLOT);
    host.assert_books(SLOT);
    let books = host.plant.books();
    assert_eq!(books.batches.len(), 2);
    assert!(books.refusals.is_empty());
}

#[test]
fn a_stuck_acknowledgement_keeps_the_block_until_it_is_released() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("stuck_ack").at(2));
    host.whole_batch(SLOT, "WH/MO/00102", &[(101, 50)]);
    host.acknowledge(SLOT);
    host.run(60_000);
    assert_eq!(host.accepted(SLOT).order_name, "WH/MO/00102");
    assert_eq!(host.word(host.map.ack_addr(SLOT)), 1);
    assert_eq!(
        (host.strikes("stuck_ack"), host.book(SLOT).freed),
        (1, false)
    );
    host.fault(FaultSwitch::off("stuck_ack"));
    host.run(1_000);
    assert!(host.is_empty(SLOT));
    assert_eq!((host.book(SLOT).acks, host.book(SLOT).freed), (1, true));
}

#[test]
fn a_shifted_silo_id_is_refused_with_its_address_and_heals() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("shifted_silo_id").at(2));
    assert!(host.is_empty(SLOT), "an empty slot shows nothing");
    let order = host.order(SLOT, "WH/MO/00102", &[(109, 30), (110, 40)]);
    host.offer(&order);
    host.run(60_000);
    // D6154 is the id word of silo 110, D6155 the high word of its quantity: 110 x 65,536 steps of 10 g.
    assert_eq!((host.word(6_154), host.word(6_155)), (109, 110));
    let why = host.refused(&order).join("; ");
    assert!(why.contains("109") && why.contains("110"), "{why}");
    host.fault(FaultSwitch::off("shifted_silo_id"));
    assert!(host.accepted(SLOT).finished);
    host.assert_books(SLOT);
}

#[test]
fn a_weight_as_a_native_float_is_the_figure_seen_live() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("float_weight"));
    let order = host.order(SLOT, "WH/MO/00102", &[(101, 570)]);
    host.offer(&order);
    for _ in 0..400 {
        host.run(500);
    }
    let weight_at = host.map.read_base(SLOT) + host.map.fields().weight.offset;
    let words = [host.word(weight_at), host.word(weight_at + 1)];
    let meant = host.book(SLOT).weight_g;
    assert!((Grams(560_000)..Grams(575_000)).contains(&meant), "{meant}");
    let bits = u32::from(words[1]) << 16 | u32::from(words[0]);
    let shown = f32::from_bits(bits) * 1_000.0;
    let text = meant.0.to_string().parse::<f32>().expect("a number");
    assert!((shown - text).abs() < 1.0, "{shown} g, {meant} meant");
    // The host reads it as tens of thousands of tons and does not believe it.
    assert!(!host.refused(&order).is_empty());
    assert_eq!(host.strikes("float_weight"), 1);
}

#[test]
fn a_zero_weight_is_zero_and_the_silos_are_right() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("zero_weight"));
    host.whole_batch(SLOT, "WH/MO/00102", &[(101, 50)]);
    assert_eq!(host.accepted(SLOT).weight, Grams::ZERO);
    host.assert_books(SLOT);
    assert_eq!(host.strikes("zero_weight"), 1);
}

#[test]
fn a_frozen_program_stands_still_and_its_memory_answers() {
    let mut host = Host::new(SEED);
    let order = host.order(SLOT, "WH/MO/00102", &[(101, 200)]);
    host.offer(&order);
    host.run(8_000);
    host.fault(FaultSwitch::on("frozen_program"));
    let heartbeat = host.map.system().heartbeat.expect("the demo map has one");
    let (beat, block, books) = (host.word(heartbeat), host.block(SLOT), host.book(SLOT));
    host.run(60_000);
    assert_eq!((host.word(heartbeat), host.block(SLOT)), (beat, block));
    assert_eq!(
        (host.book(SLOT), host.strikes("frozen_program")),
        (books, 1)
    );
    host.write(20_000, &[7]);
    assert_eq!(host.word(20_000), 7);
    host.fault(FaultSwitch::off("frozen_program"));
    host.finish(SLOT);
    host.assert_books(SLOT);
    assert!(host.word(heartbeat) > beat);
}

#[test]
fn a_stopped_cpu_scans_nothing_and_a_warned_one_goes_on() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("cpu_warning"));
    host.whole_batch(SLOT, "WH/MO/00102", &[(101, 50)]);
    host.assert_books(SLOT);
    host.fault(FaultSwitch::on("cpu_fatal"));
    host.acknowledge(SLOT);
    assert!(!host.is_empty(SLOT), "nobody looks at the acknowledgement");
    host.fault(FaultSwitch::off("cpu_fatal"));
    host.run(1_000);
    assert!(host.is_empty(SLOT));
}

#[test]
fn a_reboot_is_away_for_its_time_and_keeps_or_loses_what_it_had() {
    for (key, keeps) in [("reboot_memory_kept", true), ("reboot_memory_lost", false)] {
        let mut host = Host::new(SEED);
        let order = host.order(SLOT, "WH/MO/00102", &[(101, 200)]);
        host.offer(&order);
        host.run(8_000);
        let before = host.book(SLOT);
        host.fault(FaultSwitch::on(key).with(3_000));
        assert!(host.plant.is_away() && host.plant.boots() == 1);
        host.run(2_900);
        assert!(host.plant.is_away());
        assert_eq!(
            host.book(SLOT).left,
            before.left,
            "nothing is dosed meanwhile"
        );
        host.run(100);
        assert!(!host.plant.is_away());
        assert_eq!(
            (host.is_empty(SLOT), host.book(SLOT).lost),
            (!keeps, !keeps)
        );
        let view = host.plant.faults().faults;
        let fault = view.iter().find(|f| f.key == key).expect(key);
        assert_eq!(
            (fault.is_on, fault.is_momentary, fault.count),
            (false, true, 1)
        );
        if keeps {
            host.finish(SLOT);
            host.assert_books(SLOT);
        }
    }
}

#[test]
fn somebody_elses_order_takes_a_free_slot_and_clears_itself() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("order_foreign").at(2));
    host.run(1_000);
    let block = host.accepted(SLOT);
    assert_eq!(block.order_name, "HAND/00001");
    host.finish(SLOT);
    host.assert_books(SLOT);
    assert!(host.book(SLOT).foreign);
    host.run(25_000);
    assert!(host.is_empty(SLOT), "nobody else waits for its figures");
    host.whole_batch(SLOT, "WH/MO/00102", &[(101, 50)]);
    host.assert_books(SLOT);
    assert!(!host.book(SLOT).foreign);
}

#[test]
fn somebody_elses_order_in_a_slot_in_use_ends_the_batch_with_what_has_left() {
    let mut host = Host::new(SEED);
    let order = host.order(SLOT, "WH/MO/00102", &[(103, 200)]);
    host.offer(&order);
    host.run(8_000);
    host.fault(FaultSwitch::on("order_foreign").at(2));
    let ours = host.book(SLOT);
    assert!(ours.lost && !ours.finished && ours.left_total() > Grams(10_000));
    host.run(1_000);
    assert_eq!(host.accepted(SLOT).order_name, "HAND/00002");
    host.finish(SLOT);
    let books = host.plant.books();
    assert_eq!(
        books.batches[0].left, ours.left,
        "not a gram more left for ours"
    );
    let silo = books
        .stock
        .iter()
        .find(|s| s.silo.0 == 103)
        .expect("silo C");
    let start = Host::new(SEED).plant.books().stock;
    let full = start.iter().find(|s| s.silo.0 == 103).expect("silo C");
    assert_eq!(full.mass_g.0 - silo.mass_g.0, ours.left_total().0);
}
