//! Every row of the area table, and what the words of the two areas say or are refused for.

use super::{BOTH, demo, rows};
use crate::registers::area::{
    AreaAction, AreaContent, AreaObs, AreaReading, AreaSeen, AreaStep, AreaWait, next,
};
use crate::registers::area_failure::{FailureEvent, PlcTime};
use crate::registers::area_weighing::WeighingEvent;
use crate::registers::codec::{bcd2_to, bcd4_to, text_to};
use crate::units::Grams;

/// The action for one row of the table.
fn at(step: AreaStep, seen: AreaSeen, ack: bool, read_twice: bool) -> AreaAction {
    next(
        step,
        &AreaObs {
            ack,
            seen,
            read_twice,
        },
    )
}

#[test]
fn refused_words_are_never_stored_and_never_acknowledged() {
    for step in AreaStep::ALL {
        for ack in BOTH {
            for twice in BOTH {
                assert_eq!(
                    at(step, AreaSeen::Refused, ack, twice),
                    AreaAction::Wait(AreaWait::Refused)
                );
            }
        }
    }
}

#[test]
fn an_event_is_stored_once_it_was_read_twice() {
    for (step, ack) in [
        (AreaStep::Cleared, false),
        (AreaStep::Stored, false),
        (AreaStep::Stored, true),
        (AreaStep::Acked, false),
    ] {
        let new = AreaSeen::New;
        assert_eq!(
            at(step, new, ack, false),
            AreaAction::Wait(AreaWait::SecondReading),
            "{step:?} {ack}"
        );
        assert_eq!(
            at(step, new, ack, true),
            AreaAction::Store,
            "{step:?} {ack}"
        );
    }
}

#[test]
fn an_event_that_somebody_else_acknowledged_is_for_a_person() {
    for twice in BOTH {
        assert_eq!(
            at(AreaStep::Cleared, AreaSeen::New, true, twice),
            AreaAction::Wait(AreaWait::AckedByOther)
        );
    }
}

#[test]
fn what_is_stored_is_acknowledged_and_never_stored_again() {
    let (stored, seen) = (AreaStep::Stored, AreaSeen::AsStored);
    for twice in BOTH {
        assert_eq!(at(stored, seen, false, twice), AreaAction::WriteAck);
        assert_eq!(
            at(stored, seen, true, twice),
            AreaAction::Commit(AreaStep::Acked)
        );
        assert_eq!(
            at(AreaStep::Acked, seen, true, twice),
            AreaAction::Wait(AreaWait::PlcClears)
        );
        assert_eq!(
            at(AreaStep::Acked, seen, false, twice),
            AreaAction::Wait(AreaWait::StandsAgain)
        );
    }
}

#[test]
fn an_empty_area_closes_what_was_stored() {
    let nothing = AreaSeen::Nothing;
    for twice in BOTH {
        for ack in BOTH {
            assert_eq!(
                at(AreaStep::Cleared, nothing, ack, twice),
                AreaAction::Wait(AreaWait::Event)
            );
        }
        assert_eq!(
            at(AreaStep::Stored, nothing, true, twice),
            AreaAction::Commit(AreaStep::Acked)
        );
        assert_eq!(
            at(AreaStep::Stored, nothing, false, twice),
            AreaAction::Commit(AreaStep::Cleared),
            "the acknowledgement arrived, our note of it did not"
        );
        assert_eq!(
            at(AreaStep::Acked, nothing, true, twice),
            AreaAction::Wait(AreaWait::PlcClears)
        );
        assert_eq!(
            at(AreaStep::Acked, nothing, false, twice),
            AreaAction::Commit(AreaStep::Cleared)
        );
    }
}

#[test]
fn words_that_change_under_an_acknowledgement_wait_for_the_handshake() {
    for twice in BOTH {
        assert_eq!(
            at(AreaStep::Acked, AreaSeen::New, true, twice),
            AreaAction::Wait(AreaWait::PlcClears)
        );
    }
}

#[test]
fn after_a_clear_the_same_words_are_a_new_event() {
    assert_eq!(
        at(AreaStep::Cleared, AreaSeen::AsStored, false, true),
        AreaAction::Store
    );
    assert_eq!(
        at(AreaStep::Cleared, AreaSeen::AsStored, true, true),
        AreaAction::Wait(AreaWait::AckedByOther)
    );
}

#[test]
fn a_step_is_read_back_from_its_word() {
    for step in AreaStep::ALL {
        assert_eq!(AreaStep::from_word(step.word()), Some(step));
    }
    assert_eq!(AreaStep::from_word("gone"), None);
}

fn failure_words(code: &str, info: &str, date: [u16; 6], handshake: u16) -> Vec<u16> {
    let mut words = text_to(code, 8).expect("fits");
    words.extend(text_to(info, 8).expect("fits"));
    words.push(bcd4_to(date[0]).expect("digits"));
    words.extend(date[1..].iter().map(|n| bcd2_to(*n).expect("digits")));
    words.push(handshake);
    words
}

fn failure(words: &[u16]) -> AreaReading<FailureEvent> {
    let map = demo();
    map.equipment_failure()
        .expect("the demo map has the area")
        .decode(words)
}

fn reasons<T>(reading: AreaReading<T>) -> String {
    match reading.content {
        AreaContent::Refused(reasons) => reasons
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
        AreaContent::Nothing | AreaContent::Event(_) => String::new(),
    }
}

const MORNING: [u16; 6] = [2026, 11, 22, 8, 30, 5];

#[test]
fn the_demo_map_spans_the_words_that_the_plant_documents() {
    let map = demo();
    let csv = include_str!("../../../../../../tests/fixtures/plc/equipment_failure_map.csv");
    assert_eq!(rows(csv).len(), 9);
    assert_eq!(
        map.equipment_failure().map(|area| area.span()),
        Some((8000, 23))
    );
    assert_eq!(
        map.manual_weighing().map(|area| area.span()),
        Some((9000, 13))
    );
}

#[test]
fn a_failure_is_read_with_its_plant_time() {
    let reading = failure(&failure_words("silo101", "MOTOR_FAILURE", MORNING, 0));
    let AreaContent::Event(event) = reading.content else {
        panic!("an event, not {reading:?}");
    };
    assert!(!reading.ack);
    assert_eq!(
        (event.code.as_str(), event.info.as_str()),
        ("silo101", "MOTOR_FAILURE")
    );
    assert_eq!(
        event.time.map(|time| time.to_string()).as_deref(),
        Some("2026-11-22 08:30:05")
    );
    assert_eq!(event.hash.len(), 64);
}

#[test]
fn a_failure_without_any_date_is_one_without_a_date() {
    let reading = failure(&failure_words("silo101", "MOTOR_FAILURE", [0; 6], 0));
    assert!(
        matches!(&reading.content, AreaContent::Event(event) if event.time.is_none()),
        "{reading:?}"
    );
}

#[test]
fn the_hash_covers_every_word_but_the_handshake() {
    let words = failure_words("silo101", "MOTOR_FAILURE", MORNING, 0);
    let hash = |words: &[u16]| match failure(words).content {
        AreaContent::Event(event) => event.hash,
        AreaContent::Nothing | AreaContent::Refused(_) => String::new(),
    };
    let base = hash(&words);
    let mut acked = words.clone();
    acked[22] = 1;
    assert_eq!(hash(&acked), base);
    for change in [
        failure_words("silo102", "MOTOR_FAILURE", MORNING, 0),
        failure_words("silo101", "SENSOR_ERROR", MORNING, 0),
        failure_words("silo101", "MOTOR_FAILURE", [2026, 11, 22, 8, 30, 6], 0),
    ] {
        assert_ne!(hash(&change), base);
    }
}

#[test]
fn words_for_no_failure_are_no_event() {
    for info in [
        "",
        "0",
        "NONE",
        "NO_FAILURE",
        "NO ERROR",
        "NO_ERROR",
        "NONE   ",
    ] {
        for ack in BOTH {
            let reading = failure(&failure_words("silo101", info, MORNING, u16::from(ack)));
            assert_eq!(reading.content, AreaContent::Nothing, "{info:?}");
            assert_eq!(reading.ack, ack);
        }
    }
    assert_eq!(failure(&[0; 23]).content, AreaContent::Nothing);
}

#[test]
fn a_failure_that_breaks_a_rule_is_refused_with_address_and_words() {
    let good = failure_words("silo101", "MOTOR_FAILURE", MORNING, 0);
    let cases: [(usize, u16, &str); 8] = [
        (
            22,
            2,
            "D8022 (raw 0002): handshake: 0x0002 is neither 0 nor 1",
        ),
        (0, 0x0007, "D8000 (raw 0007"),
        (8, 0x0041, "D8008 (raw 0041"),
        (16, 0x20A6, "D8016 (raw 20A6): year"),
        (17, 0x0113, "D8017 (raw 0113): month"),
        (17, 0x0013, "this is no date and time"),
        (18, 0x0031, "this is no date and time"),
        (19, 0x0024, "this is no date and time"),
    ];
    for (at, word, expected) in cases {
        let mut words = good.clone();
        words[at] = word;
        let found = reasons(failure(&words));
        assert!(found.contains(expected), "word {at}: {found:?}");
    }
    let nameless = failure_words("", "MOTOR_FAILURE", MORNING, 0);
    assert!(reasons(failure(&nameless)).contains("equipment code is empty"));
    assert!(reasons(failure(&good[1..])).contains("22 words read, the area has 23"));
}

#[test]
fn a_plc_time_is_a_day_of_the_calendar() {
    let day = |y, m, d| PlcTime::new([y, m, d], [0, 0, 0]).is_some();
    assert!(day(2024, 2, 29) && day(2000, 2, 29) && day(2026, 12, 31));
    assert!(!day(2026, 2, 29) && !day(2100, 2, 29) && !day(2026, 4, 31));
    assert!(!day(2026, 0, 1) && !day(2026, 1, 0) && !day(0, 1, 1));
    assert!(PlcTime::new([2026, 1, 1], [23, 59, 60]).is_none());
}

fn weighing_words(batch: u16, order: &str, product: u16, qty: [u16; 2], ack: u16) -> Vec<u16> {
    let mut words = vec![batch];
    words.extend(text_to(order, 8).expect("fits"));
    words.push(product);
    words.extend(qty);
    words.push(ack);
    words
}

fn weighing(words: &[u16]) -> AreaReading<WeighingEvent> {
    let map = demo();
    map.manual_weighing()
        .expect("the demo map has the area")
        .decode(&map, words)
}

#[test]
fn a_weighing_is_read_in_grams() {
    let reading = weighing(&weighing_words(2, "WH/MO/00102", 997, [0, 1_204], 1));
    let AreaContent::Event(event) = reading.content else {
        panic!("an event, not {reading:?}");
    };
    assert!(reading.ack);
    assert_eq!(
        (
            event.batch_no,
            event.order_name.as_str(),
            event.product_id,
            event.mass
        ),
        (2, "WH/MO/00102", 997, Grams(12_040))
    );
    let largest = weighing(&weighing_words(1, "WH/MO/00102", 997, [4, 37_856], 0));
    assert!(
        matches!(&largest.content, AreaContent::Event(event) if event.mass == Grams(3_000_000))
    );
}

#[test]
fn an_empty_weighing_area_is_no_event() {
    assert_eq!(weighing(&[0; 13]).content, AreaContent::Nothing);
    assert_eq!(
        weighing(&weighing_words(3, "", 0, [0, 0], 0)).content,
        AreaContent::Nothing,
        "a batch number alone says nothing"
    );
}

#[test]
fn a_weighing_that_breaks_a_rule_is_refused_with_address_and_words() {
    let cases: [(Vec<u16>, &str); 8] = [
        (
            weighing_words(1, "WH/MO/00102", 997, [0, 0], 0),
            "D9010 (raw 0000 0000): 0.00 kg is not above zero and at most 3000.00 kg",
        ),
        (
            weighing_words(1, "WH/MO/00102", 997, [4, 37_857], 0),
            "3000.01 kg is not above zero",
        ),
        (
            weighing_words(1, "WH/MO/00102", 0, [0, 1_204], 0),
            "D9009 (raw 0000): product number is not a number from 1 to 32767",
        ),
        (
            weighing_words(1, "WH/MO/00102", 0x8000, [0, 1_204], 0),
            "product number",
        ),
        (
            weighing_words(0xFFFF, "WH/MO/00102", 997, [0, 1_204], 0),
            "D9000 (raw FFFF): batch number is negative",
        ),
        (
            weighing_words(1, "", 997, [0, 1_204], 0),
            "order name is empty",
        ),
        (
            weighing_words(1, "WH/MO/00102", 997, [0, 1_204], 3),
            "D9012 (raw 0003): handshake",
        ),
        (vec![0; 12], "12 words read, the area has 13"),
    ];
    for (words, expected) in cases {
        let found = reasons(weighing(&words));
        assert!(found.contains(expected), "{expected:?} in {found:?}");
    }
}
