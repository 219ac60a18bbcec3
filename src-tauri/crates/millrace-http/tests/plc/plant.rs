//! Against the virtual plant: what is right is found right, what differs is named, nothing changes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::registers::{RegisterMap, SlotOrder, encode};
use millrace_core::units::Grams;
use millrace_plant::{PlantConfig, RunningPlant};

use super::site::{MAP, Site, check, out};

/// Where the demo map has its heartbeat.
const HEARTBEAT: usize = 9_020;

/// A plant in which nothing moves by itself, and the site that asks it.
async fn still_plant() -> (Arc<RunningPlant>, Site) {
    let plant = millrace_plant::start(PlantConfig {
        speed: 0.0,
        ..PlantConfig::default()
    })
    .await
    .expect("loopback");
    let site = Site::new(MAP, plant.fins());
    (Arc::new(plant), site)
}

/// A plant whose program counts its heartbeat; everything else moves when the test says so.
async fn plant() -> (Arc<RunningPlant>, Site) {
    let (plant, site) = still_plant().await;
    let beating = Arc::clone(&plant);
    tokio::spawn(async move {
        let mut beats = tokio::time::interval(Duration::from_millis(250));
        for beat in 1.. {
            beats.tick().await;
            beating.with_plant(|plant| plant.write_words(9_020, &[beat]).expect("inside"));
        }
    });
    (plant, site)
}

/// Offers a batch to slot 1 and lets the plant take it.
fn load(plant: &RunningPlant) {
    let map = RegisterMap::parse(MAP).expect("the demo map");
    let order = SlotOrder {
        slot: SlotNo(1),
        order_name: "WH/MO/00007".to_owned(),
        bom_text: "LAYER".to_owned(),
        product_text: "LAYER".to_owned(),
        planned: Grams(1_000_000),
        silos: vec![(SiloNo(101), Grams(700_000)), (SiloNo(110), Grams(300_000))],
    };
    let words = encode(&map, &order).expect("a good order");
    plant.with_plant(|plant| {
        let flag = usize::from(map.flag_offset());
        plant.write_words(7_000, &words[..flag]).expect("inside");
        plant
            .write_words(map.ready_addr(SlotNo(1)), &[0])
            .expect("inside");
    });
    plant
        .advance(Duration::from_secs(2))
        .expect("nothing to save");
}

/// All words but the heartbeat, which the PLC itself counts.
fn memory(plant: &RunningPlant) -> Vec<u16> {
    let mut words = plant.with_plant(|plant| plant.read_words(0, 32_768).expect("all of it"));
    words[HEARTBEAT] = 0;
    words
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_right_plant_right_and_changes_nothing() {
    let (plant, site) = plant().await;
    load(&plant);
    let before = memory(&plant);
    let output = site.ask(&[
        "doctor",
        "plc",
        "--config",
        "config.toml",
        "--report",
        "report.txt",
    ]);
    check(
        &output,
        0,
        &[
            "50 of 50 reads of 77 words answered at once: min ",
            "Node 20 asks and node 10 answers",
            "Word order high_first fits",
            "The silo constants of 2 blocks are the map's.",
            "silos.toml stands in the map",
            "accepted, order \"WH/MO/00007\", not finished, planned 1000.00 kg",
            "silo_j",
            "ready D7076 = 1",
            "The heartbeat D9020 rises",
            "Boot counter D9021",
            "failure.equipment_code",
            "nothing was written",
            "missing: heartbeat of this program",
            "Nothing to complain about.",
        ],
    );
    assert_eq!(memory(&plant), before);
    assert_eq!(
        fs::read_to_string(site.path("report.txt")).expect("a report"),
        out(&output)
    );

    let tested = site.ask(&[
        "doctor",
        "plc",
        "--config",
        "config.toml",
        "--write-test",
        "--node",
        "21",
    ]);
    check(
        &tested,
        0,
        &[
            "D7999: A55A written, read back, and 0000 restored",
            "Node 21 asks",
        ],
    );
    assert_eq!(memory(&plant), before, "the spare word is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_fits_a_page() {
    let (plant, site) = plant().await;
    load(&plant);
    plant.with_plant(|plant| plant.write_words(6_054, &[7; 21]).expect("inside"));
    let output = site.ask(&["doctor", "plc", "--config", "config.toml"]);
    check(&output, 1, &["Signature"]);
    let text = out(&output);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let result = text.find("Faults: ").expect("a result");
    assert!(result < text.find("1. Reach").expect("sections"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standing_heartbeat_is_a_fault_and_a_lost_download_id_a_warning() {
    let (plant, site) = still_plant().await;
    load(&plant);
    plant.with_plant(|plant| plant.write_words(7_078, &[9]).expect("inside"));
    let output = site.ask(&["doctor", "plc", "--config", "config.toml"]);
    check(
        &output,
        1,
        &[
            "The heartbeat D9020 stands still at",
            "Slot 1: the download id D7078 is 9 and its copy D6078 is 0",
            "Faults: 1, warnings: 1.",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_in_use_is_not_tested() {
    let (plant, site) = plant().await;
    plant.with_plant(|plant| plant.write_words(7_979, &[7; 21]).expect("inside"));
    let before = memory(&plant);
    let output = site.ask(&["doctor", "plc", "--config", "config.toml", "--write-test"]);
    check(&output, 0, &["none of D7979 to D7999 is 0"]);
    assert_eq!(memory(&plant), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_what_differs_between_map_and_plant() {
    let (plant, _) = plant().await;
    load(&plant);
    for (right, wrong, told) in [
        (
            "number = 110",
            "number = 120",
            &["D6054: the constant of silo J (silo_j) must be 120, the PLC has 110"][..],
        ),
        (
            "read_base = 6000",
            "read_base = 5998",
            &["all silo constants stand 2 words higher"],
        ),
        (
            "\"high_first\"",
            "\"low_first\"",
            &["quantities make sense only as high_first"],
        ),
        (
            "number = 101",
            "number = 100",
            &["silo 101 of the silos file is not in the register map"],
        ),
    ] {
        let site = Site::new(&MAP.replacen(right, wrong, 1), plant.fins());
        let output = site.ask(&["doctor", "plc", "--config", "config.toml"]);
        check(&output, 1, told);
    }
    let site = Site::new(MAP, plant.fins());
    // What was seen live: a ladder that writes a native float, and a handshake used by another.
    plant.with_plant(|plant| {
        plant.write_words(6_074, &[0x8000, 0x440E]).expect("inside");
        plant.write_words(7_276, &[9]).expect("inside");
    });
    let output = site.ask(&["doctor", "plc", "--config", "config.toml"]);
    check(
        &output,
        1,
        &["floating-point number it is 570.00", "D7276 is 0009"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_never_ran_is_told_with_what_to_do() {
    let (plant, site) = plant().await;
    plant.with_plant(|plant| {
        for slot in 0..10 {
            plant.write_words(7_076 + slot * 100, &[0]).expect("inside");
        }
    });
    let before = memory(&plant);
    let output = site.ask(&["doctor", "plc", "--config", "config.toml"]);
    check(
        &output,
        1,
        &[
            "was never started",
            "in RUN",
            "D7076, then every 100 words",
            "a supervisor may set the flags on the PLC screen",
        ],
    );
    assert_eq!(memory(&plant), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_read_raw_and_decoded() {
    let (plant, site) = plant().await;
    load(&plant);
    let slot = site.ask(&["plc", "read", "--config", "config.toml", "--slot", "1"]);
    check(
        &slot,
        0,
        &[
            "D6000   0001 5748",
            "\"WH/MO/00007\"",
            "1000.00 kg",
            "0001 86A0",
            "command_echo",
        ],
    );
    assert!(!out(&slot).contains("Slot 2"));
    let words = site.ask(&[
        "plc",
        "read",
        "--config",
        "config.toml",
        "--address",
        "D7025",
        "--count",
        "3",
    ]);
    check(
        &words,
        0,
        &[
            "slot 1 write: target_qty = 1000.00 kg",
            "target_qty, word 2",
            "slot 1 write: silo_a.id = 101",
        ],
    );
    let none = site.ask(&["plc", "read", "--config", "config.toml", "--slot", "11"]);
    check(&none, 2, &["no slot 11"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_prints_a_line_for_each_change_until_interrupted() {
    let (plant, site) = plant().await;
    let mut child = site
        .command(&[
            "plc",
            "watch",
            "--config",
            "config.toml",
            "--slot",
            "1",
            "--period-ms",
            "100",
        ])
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.ends_with("slot 1: empty"), "{first}");
    plant.with_plant(|plant| plant.write_words(7_077, &[2]).expect("inside"));
    let change = lines.next().expect("a line").expect("text");
    assert!(
        change.ends_with("slot 1 write D7077 command: 0 -> 2 (raw 0000 -> 0002)"),
        "{change}"
    );
    let told = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(told.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
