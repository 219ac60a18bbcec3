//! A killed process, a damaged state file, a PLC switched off and on.
//! Leaves out the binary (`process.rs` in the folder above).

use millrace_core::ids::SlotNo;
use millrace_core::units::Grams;
use millrace_plant::PlantError;
use millrace_plant::state_file::StateFile;

use super::host::{Host, RECIPE, SEED};

#[test]
fn a_plant_killed_in_the_middle_of_a_dose_continues_from_its_state_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = StateFile::at(folder.path().join("plant.json"));
    let slot = SlotNo(1);
    let mut undisturbed = Host::new(SEED);
    let order = undisturbed.order(slot, "WH/MO/00101", RECIPE);
    undisturbed.offer(&order);
    undisturbed.finish(slot);

    let mut host = Host::new(SEED);
    host.plant = host.plant.kept_at(file.clone()).expect("a new file");
    host.offer(&order);
    host.run(41_350);
    let before = host.accepted(slot);
    // The old process is dropped without a word; the new one has another seed.
    let mut host = Host::new(SEED + 1);
    host.plant = host.plant.kept_at(file.clone()).expect("its own file");
    let after = host.accepted(slot);
    assert!(!after.finished && after.total() <= before.total());
    assert!(after.total() > Some(Grams(100_000)));
    host.finish(slot);
    host.assert_books(slot);
    assert_eq!(host.book(slot), undisturbed.book(slot));

    // An acknowledgement is saved before its answer.
    host.write(host.map.ack_addr(slot), &[1]);
    let mut host = Host::new(SEED);
    host.plant = host.plant.kept_at(file).expect("its own file");
    assert_eq!(host.word(host.map.ack_addr(slot)), 1);
    host.run(1_000);
    assert!(host.is_empty(slot));
    assert_eq!(host.book(slot).acks, 1);
}

#[test]
fn a_damaged_state_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plant.json");
    std::fs::write(&path, "{\"version\":1").expect("writable");
    let host = Host::new(SEED);
    let refused = host.plant.kept_at(StateFile::at(&path));
    assert!(matches!(refused, Err(PlantError::State(_))), "{refused:?}");
    assert_eq!(
        std::fs::read_to_string(&path).expect("there"),
        "{\"version\":1"
    );
}

#[test]
fn a_reboot_keeps_a_batch_with_its_memory_and_loses_it_without() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(1);
    let order = host.order(slot, "WH/MO/00101", &[(101, 200)]);
    host.offer(&order);
    host.run(8_000);
    host.plant.reboot(true).expect("nothing to save");
    host.run(1_000);
    assert!(!host.is_empty(slot));
    let left = host.book(slot).left_total();
    host.plant.reboot(false).expect("nothing to save");
    host.run(60_000);
    assert!(host.is_empty(slot));
    assert_eq!(host.word(host.map.ready_addr(slot)), 1);
    let book = host.book(slot);
    assert!(book.lost && !book.finished);
    assert_eq!(book.left_total(), left);
}
