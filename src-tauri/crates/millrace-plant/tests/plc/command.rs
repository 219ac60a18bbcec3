//! Pause, resume and stop, at every stage of a batch.
//! Leaves out batches that nobody disturbs (`batch`).

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;

use super::host::{Host, PAUSE, RESUME, SEED, STOP};

#[test]
fn pause_holds_the_dose_and_resume_goes_on() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 200), (102, 100)]);
    host.offer(&order);
    host.run(6_000);
    host.command(slot, PAUSE);
    host.run(100);
    assert_eq!(host.echo(slot), PAUSE);
    host.run(5_000);
    let held = host.block(slot);
    let left = host.book(slot).left;
    host.run(60_000);
    assert_eq!((host.block(slot), host.book(slot).left), (held, left));
    host.command(slot, RESUME);
    host.run(100);
    assert_eq!(host.echo(slot), RESUME);
    host.command(slot, 0);
    host.run(100);
    assert_eq!(host.echo(slot), 0);
    host.finish(slot);
    host.assert_books(slot);
    let total = host.accepted(slot).total().expect("small");
    assert!((total.0 - 300_000).abs() < 6_000, "{total}, seed {SEED}");
}

#[test]
fn stop_ends_a_running_batch_with_what_has_left_the_silos() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(3);
    let order = host.order(slot, "WH/MO/00103", &[(101, 200), (102, 100)]);
    host.offer(&order);
    host.run(6_000);
    host.command(slot, STOP);
    let ms = host.finish(slot);
    assert!(ms < 10_000, "stopping took {ms} ms");
    assert_eq!(host.echo(slot), STOP);
    host.assert_books(slot);
    let book = host.book(slot);
    assert!(book.stopped && book.finished);
    let (first, second) = (book.left[0].mass_g, book.left[1].mass_g);
    assert!(first > Grams(20_000) && first < Grams(200_000), "{first}");
    assert_eq!(second, Grams::ZERO);
    host.command(slot, 0);
    host.run(100);
    assert_eq!(host.echo(slot), 0);
    // The line is free again.
    let next = host.order(SlotNo(4), "WH/MO/00104", &[(102, 50)]);
    host.offer(&next);
    host.finish(SlotNo(4));
}

#[test]
fn stop_before_the_first_dose_finishes_with_zeros_and_a_paused_one_is_passed() {
    let mut host = Host::new(SEED);
    for n in 1..=4 {
        let order = host.order(SlotNo(n), &format!("WH/MO/0010{n}"), &[(101, 100)]);
        host.offer(&order);
        host.run(500);
    }
    host.command(SlotNo(2), STOP);
    host.command(SlotNo(3), PAUSE);
    host.run(100);
    assert_eq!((host.echo(SlotNo(2)), host.echo(SlotNo(3))), (STOP, PAUSE));
    let stopped = host.accepted(SlotNo(2));
    assert!(stopped.finished);
    assert_eq!(
        (stopped.total(), stopped.weight),
        (Some(Grams::ZERO), Grams::ZERO)
    );
    assert!(host.book(SlotNo(2)).stopped && host.book(SlotNo(2)).started_ms.is_none());
    host.finish(SlotNo(4));
    assert!(host.book(SlotNo(3)).started_ms.is_none());
    host.command(SlotNo(3), RESUME);
    host.finish(SlotNo(3));
    host.assert_books(SlotNo(3));
}

#[test]
fn a_forgotten_stop_does_not_meet_the_next_batch_of_its_slot() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 100)]);
    host.offer(&order);
    host.run(2_000);
    host.command(slot, STOP);
    host.finish(slot);
    host.write(host.map.ack_addr(slot), &[1]);
    host.run(1_000);
    assert_eq!(
        (
            host.echo(slot),
            host.word(host.map.command_addr(slot).expect("has one"))
        ),
        (0, 0)
    );
    // Written again while the slot is free: nothing is taken until it is withdrawn.
    host.command(slot, STOP);
    let order = host.order(slot, "WH/MO/00102", &[(101, 100)]);
    host.offer(&order);
    host.run(2_000);
    assert!(host.is_empty(slot));
    assert_eq!(host.plant.books().refusals.len(), 1);
    host.command(slot, 0);
    host.finish(slot);
    assert!(!host.book(slot).stopped);
}
