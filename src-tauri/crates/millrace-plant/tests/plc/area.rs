//! The areas for equipment failures and manual weighings: what stands in the words, and the turns
//! that PLC and host take. Leaves out what raises an event by itself (`machine`).

use millrace_core::ids::SlotNo;
use millrace_plant::FaultSwitch;
use millrace_plant::books::EventBook;
use millrace_plant::state_file::StateFile;

use super::host::{Host, SEED};

const FAILURE: u16 = 8_000;
const FAILURE_ACK: u16 = 8_022;
const WEIGHING: u16 = 9_000;
const WEIGHING_ACK: u16 = 9_012;

fn text(host: &Host, first: u16) -> String {
    let words = host.plant.read_words(first, 8).expect("inside");
    let bytes = words.into_iter().flat_map(u16::to_be_bytes);
    bytes.take_while(|b| *b != 0).map(char::from).collect()
}

fn events(host: &Host) -> Vec<EventBook> {
    host.plant.books().events
}

fn is_clear(host: &Host, first: u16, count: usize) -> bool {
    let words = host.plant.read_words(first, count).expect("inside");
    words.iter().all(|word| *word == 0)
}

#[test]
fn a_failure_stands_in_its_words_until_it_is_acknowledged() {
    let mut host = Host::new(SEED);
    host.plant
        .set_date(jiff::civil::date(2026, 11, 27).at(23, 59, 30, 0));
    host.run(40_000);
    host.fault(FaultSwitch::on("equipment_failure").at(114).with(2));
    host.run(1_000);
    assert_eq!(text(&host, FAILURE), "lq114");
    assert_eq!(text(&host, FAILURE + 8), "SENSOR_ERROR");
    // Decimal-coded, and past midnight by the plant's own clock.
    let date = host.plant.read_words(FAILURE + 16, 7).expect("inside");
    assert_eq!(date, [0x2026, 0x11, 0x28, 0x00, 0x00, 0x10, 0]);
    host.run(600_000);
    assert_eq!(text(&host, FAILURE), "lq114");
    host.write(FAILURE_ACK, &[1]);
    assert_eq!(host.word(FAILURE_ACK), 1);
    host.run(1_000);
    assert!(is_clear(&host, FAILURE, 23));
    let book = &events(&host)[0];
    assert_eq!(
        (book.acks, book.cleared_ms.is_some(), book.lost),
        (1, true, false)
    );
}

#[test]
fn a_second_failure_waits_until_the_first_is_cleared() {
    let mut host = Host::new(SEED);
    for silo in [101, 102, 103] {
        host.fault(FaultSwitch::on("equipment_failure").at(silo).with(1));
    }
    for silo in ["silo101", "silo102", "silo103"] {
        host.run(1_000);
        assert_eq!(text(&host, FAILURE), silo);
        host.run(5_000);
        assert_eq!(text(&host, FAILURE), silo, "it waits for the host");
        host.write(FAILURE_ACK, &[1]);
        host.run(250);
        assert!(is_clear(&host, FAILURE, 23), "empty between two");
    }
    assert!(events(&host).iter().all(|event| event.acks == 1));
    // Acknowledged where nothing stands: nobody's acknowledgement.
    host.run(5_000);
    host.write(FAILURE_ACK, &[1]);
    assert!(events(&host).iter().all(|event| event.acks == 1));
}

#[test]
fn a_weighing_names_the_running_order_or_the_last() {
    let mut host = Host::new(SEED);
    let slot = SlotNo(3);
    let order = host.order(slot, "WH/MO/00103", &[(101, 100)]);
    host.offer(&order);
    host.run(3_000);
    host.fault(FaultSwitch::on("manual_weighing").with(12));
    host.run(1_000);
    assert_eq!(host.word(WEIGHING), 3);
    assert_eq!(text(&host, WEIGHING + 1), "WH/MO/00103");
    assert_eq!(
        host.plant.read_words(WEIGHING + 9, 4).expect("inside"),
        [901, 0, 1_200, 0]
    );
    host.write(WEIGHING_ACK, &[1]);
    host.run(1_000);
    assert!(is_clear(&host, WEIGHING, 13));
    host.finish(slot);
    host.acknowledge(slot);
    host.fault(FaultSwitch::on("manual_weighing").with(500));
    host.run(1_000);
    assert_eq!(text(&host, WEIGHING + 1), "WH/MO/00103");
    assert_eq!(
        host.plant.read_words(WEIGHING + 10, 2).expect("inside"),
        [0, 50_000]
    );
    assert_eq!(events(&host)[0].acks, 1);
    assert_eq!(events(&host)[1].acks, 0);
}

#[test]
fn events_survive_a_restart_and_are_lost_with_the_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = StateFile::at(folder.path().join("plant.json"));
    let mut host = Host::new(SEED);
    host.plant = host.plant.kept_at(file.clone()).expect("a new file");
    for silo in [101, 102] {
        host.fault(FaultSwitch::on("equipment_failure").at(silo));
    }
    host.run(1_000);
    let before = events(&host);
    let mut host = Host::new(SEED);
    host.plant = host.plant.kept_at(file).expect("its own file");
    assert_eq!(events(&host), before);
    assert_eq!(text(&host, FAILURE), "silo101");
    host.plant.reboot(true).expect("saved");
    host.write(FAILURE_ACK, &[1]);
    host.run(1_000);
    assert_eq!(text(&host, FAILURE), "silo102");
    host.plant.reboot(false).expect("saved");
    host.run(5_000);
    assert!(is_clear(&host, FAILURE, 23));
    let lost: Vec<bool> = events(&host).iter().map(|event| event.lost).collect();
    assert_eq!(lost, [false, true]);
}

#[test]
fn a_map_without_the_areas_has_no_such_faults() {
    let map = include_str!("../../../../../assets/registers/demo.toml");
    let at = map
        .find("# One equipment failure")
        .expect("the demo map has areas");
    let map = millrace_core::registers::RegisterMap::parse(&map[..at]).expect("valid without");
    let silos = millrace_plant::SiloTable::demo().expect("valid");
    let mut plant = millrace_plant::VirtualPlant::new(&map, silos, SEED).expect("fits");
    for key in ["equipment_failure", "manual_weighing"] {
        let error = plant.set_fault(&FaultSwitch::on(key)).expect_err(key);
        assert!(error.to_string().contains("no words"), "{error}");
    }
    assert!(plant.books().events.is_empty());
}
