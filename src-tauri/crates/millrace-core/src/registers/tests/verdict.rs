//! Whole blocks: the recorded images, every reason to refuse, and random words.

use proptest::prelude::*;

use super::super::*;
use super::{IMAGES, demo, hex_words, image, rows};
use crate::ids::{SiloNo, SlotNo};
use crate::units::Grams;

const SILOS: &str = include_str!("../../../../../../tests/fixtures/plc/silo_demo.csv");

fn max_doses() -> Vec<(SiloNo, Grams)> {
    rows(SILOS)
        .into_iter()
        .map(|row| {
            let kg: i64 = row[5].parse().expect("kilograms");
            (SiloNo(row[0].parse().expect("a number")), Grams(kg * 1_000))
        })
        .collect()
}

fn judge(slot: u16, words: &[u16], order_name: &str, planned_kg: i64, stopped: bool) -> Verdict {
    let max_dose = max_doses();
    let slot = SlotNo(slot);
    let planned_total = Grams(planned_kg * 1_000);
    let expected = Expected {
        slot,
        order_name,
        planned_total,
        max_dose: &max_dose,
        stopped,
    };
    accept(&demo(), slot, words, Some(&expected))
}

fn accepted(verdict: Verdict) -> SlotBlock {
    match verdict {
        Verdict::Accepted(block) => block,
        other => panic!("{other:?}"),
    }
}

fn reasons(verdict: Verdict) -> Vec<Reason> {
    match verdict {
        Verdict::Refused(reasons) => reasons,
        other => panic!("{other:?}"),
    }
}

/// The finished image of slot 1 with some words replaced.
fn finished_with(changes: &[(usize, u16)]) -> Vec<u16> {
    let mut words = image("finished");
    for (offset, word) in changes {
        words[*offset] = *word;
    }
    words
}

fn refusal(changes: &[(usize, u16)]) -> Vec<Reason> {
    reasons(judge(
        1,
        &finished_with(changes),
        "WH/MO/00101",
        1_000,
        false,
    ))
}

#[test]
fn every_recorded_image_is_judged_as_recorded() {
    let images = rows(IMAGES);
    assert_eq!(images.len(), 6);
    for row in images {
        let words = hex_words(&row[4]);
        let (slot, name, kg) = match row[0].as_str() {
            "finished_large" => (2, "WH/MO/00102", 2_500),
            "finished_zero_weight" => (4, "WH/MO/00104", 1_000),
            _ => (1, "WH/MO/00101", 1_000),
        };
        let verdict = judge(slot, &words, name, kg, false);
        match row[1].as_str() {
            "empty" => assert_eq!(verdict, Verdict::Empty, "{}", row[0]),
            "accepted" => {
                let block = accepted(verdict);
                assert_eq!(block.planned, Grams(kg * 1_000), "{}", row[0]);
                assert_eq!(block.finished, row[2].starts_with("final"), "{}", row[0]);
                assert_eq!(block.flag, row[0] == "finished_acked", "{}", row[0]);
                assert_eq!(
                    accept(&demo(), SlotNo(slot), &words, None),
                    Verdict::Accepted(block)
                );
            }
            other => panic!("unknown expectation {other}"),
        }
    }
}

#[test]
fn an_accepted_block_gives_the_recorded_values() {
    let block = accepted(judge(1, &image("finished"), "WH/MO/00101", 1_000, false));
    assert_eq!(block.order_name, "WH/MO/00101");
    assert_eq!(
        (block.bom_text.as_str(), block.product_text.as_str()),
        ("FEED A 1000", "FEED A 1000")
    );
    assert_eq!(block.weight, Grams(998_400));
    assert_eq!(block.silos[0], (SiloNo(101), Grams(120_000)));
    assert_eq!(block.silos[14], (SiloNo(115), Grams(12_000)));
    assert_eq!(block.silos.len(), 15);
    assert_eq!(block.total(), Some(Grams(1_000_000)));
}

#[test]
fn a_zero_weight_is_absent_only_where_the_map_says_so() {
    let words = image("finished_zero_weight");
    let block = accepted(accept(&demo(), SlotNo(4), &words, None));
    assert_eq!(block.reported_weight(demo().rules()), None);
    let text = super::DEMO.replace("= \"zero_means_absent\"", "= \"reported\"");
    let strict = RegisterMap::parse(&text).expect("valid");
    let found = reasons(accept(&strict, SlotNo(4), &words, None));
    assert!(
        matches!(
            found[..],
            [Reason::Weight {
                addr: 6_374,
                weight: Grams(0),
                ..
            }]
        ),
        "{found:?}"
    );
    let text = super::DEMO.replace("= \"zero_means_absent\"", "= \"absent\"");
    let blind = RegisterMap::parse(&text).expect("valid");
    let float = finished_with(&[(74, 0x8000), (75, 0x440E)]);
    let block = accepted(accept(&blind, SlotNo(1), &float, None));
    assert_eq!(block.reported_weight(blind.rules()), None);
}

#[test]
fn a_slot_without_number_and_name_is_empty_whatever_else_stands_there() {
    let mut words = vec![0xFFFF; 77];
    words[..9].fill(0);
    assert_eq!(
        judge(1, &words, "WH/MO/00101", 1_000, false),
        Verdict::Empty
    );
    assert_eq!(accept(&demo(), SlotNo(1), &words, None), Verdict::Empty);
}

#[test]
fn each_broken_rule_is_named_with_its_address_and_raw_words() {
    // Offset and word, then what the one sentence must say.
    let cases: &[(&[(usize, u16)], &str)] = &[
        (&[(0, 2)], "D6000 (raw 0002): slot number 2, expected 1"),
        (&[(0, 0)], "D6000 (raw 0000): slot number 0, expected 1"),
        (&[(1, 0x4857)], "expected \"WH/MO/00101\""),
        (&[(6, 0x3132)], "order name \"WH/MO/001012\", expected"),
        (&[(1, 0x571F)], "order name: byte 0x1F at position 2"),
        (
            &[(8, 0x0041)],
            "order name: a character at position 16 follows",
        ),
        (&[(9, 0x80FF)], "D6009 (raw 80FF"),
        (&[(17, 0x0001)], "product text: byte 0x01"),
        (&[(54, 109)], "D6054 (raw 006D): silo id 109, expected 110"),
        (&[(69, 0)], "D6069 (raw 0000): silo id 0, expected 115"),
        (
            &[(72, 0x8200)],
            "D6072 (raw 8200): finished is neither 0 nor 1",
        ),
        (&[(73, 2)], "D6073 (raw 0002): failed is neither"),
        (&[(76, 0xFFFF)], "D6076 (raw FFFF): handshake is neither"),
        (
            &[(25, 0x0004), (26, 0x93E1)],
            "D6025 (raw 0004 93E1): planned 3000.01 kg",
        ),
        (
            &[(74, 0x8000), (75, 0x440E)],
            "D6074 (raw 8000 440E): finished weight 21475010.70 kg",
        ),
    ];
    for (changes, says) in cases {
        let found = refusal(changes);
        assert_eq!(found.len(), 1, "{changes:?}: {found:?}");
        let sentence = found[0].to_string();
        assert!(sentence.contains(says), "{sentence:?} lacks {says:?}");
    }
}

#[test]
fn a_dose_above_the_silos_limit_is_refused_and_the_sums_with_it() {
    // The incident of silo 110: its number in the high word makes 72,145 kg.
    let found = refusal(&[(55, 0x006E), (56, 0x157C)]);
    assert!(
        matches!(
            found[..],
            [
                Reason::DoseOverMax {
                    silo: SiloNo(110),
                    addr: 6_055,
                    raw: [0x006E, 0x157C],
                    ..
                },
                Reason::TotalOverMax { .. },
                Reason::MassBalance { .. },
                Reason::Weight { .. }
            ]
        ),
        "{found:?}"
    );
}

#[test]
fn limits_hold_to_the_gram_and_are_inclusive() {
    let order = |doses: &[(u16, i64)]| SlotOrder {
        slot: SlotNo(1),
        order_name: "A".into(),
        bom_text: String::new(),
        product_text: String::new(),
        planned: Grams(1_000_000),
        silos: doses
            .iter()
            .map(|(silo, g)| (SiloNo(*silo), Grams(*g)))
            .collect(),
    };
    let check =
        |doses: &[(u16, i64)], finished: u16, planned_kg: i64, stopped: bool, good: bool| {
            let mut words = encode(&demo(), &order(doses)).expect("valid");
            words[72] = finished;
            let verdict = judge(1, &words, "A", planned_kg, stopped);
            assert_eq!(
                matches!(verdict, Verdict::Accepted(_)),
                good,
                "{doses:?} {finished} {verdict:?}"
            );
        };
    check(&[(101, 1_500_000)], 0, 1_500, false, true);
    check(&[(101, 1_500_010)], 0, 1_500, false, false);
    check(&[(114, 500_000)], 0, 500, false, true);
    check(&[(114, 500_010)], 0, 500, false, false);
    check(&[(101, 1_100_000)], 1, 1_000, false, true);
    check(&[(101, 1_100_010)], 1, 1_000, false, false);
    check(&[(101, 900_000)], 1, 1_000, false, true);
    check(&[(101, 899_990)], 1, 1_000, false, false);
    // Not final: no balance yet.
    check(&[(101, 10)], 0, 1_000, false, true);
    // Stopped: less is fine, more is not.
    check(&[(101, 0)], 1, 1_000, true, true);
    check(&[(101, 1_100_000)], 1, 1_000, true, true);
    check(&[(101, 1_100_010)], 1, 1_000, true, false);
}

#[test]
fn the_slot_that_was_read_must_be_the_orders() {
    let words = image("finished");
    let max_dose = [];
    let expected = Expected {
        slot: SlotNo(1),
        order_name: "WH/MO/00101",
        planned_total: Grams(1_000_000),
        max_dose: &max_dose,
        stopped: false,
    };
    let found = reasons(accept(&demo(), SlotNo(2), &words, Some(&expected)));
    assert_eq!(
        found,
        [Reason::Slot {
            found: SlotNo(2),
            expected: Some(SlotNo(1))
        }]
    );
    let found = reasons(accept(&demo(), SlotNo(11), &words, None));
    assert_eq!(
        found,
        [Reason::Slot {
            found: SlotNo(11),
            expected: None
        }]
    );
    let found = reasons(accept(&demo(), SlotNo(1), &words[..76], None));
    assert_eq!(
        found,
        [Reason::Length {
            found: 76,
            expected: 77
        }]
    );
}

fn any_order() -> impl Strategy<Value = SlotOrder> {
    let text = || "[ -~]{0,16}";
    (
        1u16..=10,
        "[!-~][ -~]{0,15}",
        text(),
        text(),
        0i64..=300_000,
        proptest::collection::vec(0i64..=20_000, 15),
    )
        .prop_map(
            |(slot, order_name, bom_text, product_text, planned, doses)| SlotOrder {
                slot: SlotNo(slot),
                order_name,
                bom_text,
                product_text,
                planned: Grams(planned * 10),
                silos: (101..)
                    .zip(doses)
                    .map(|(silo, dose)| (SiloNo(silo), Grams(dose * 10)))
                    .collect(),
            },
        )
}

proptest! {
    #[test]
    fn an_encoded_order_is_accepted_and_reads_back_the_same(order in any_order()) {
        let map = demo();
        let words = encode(&map, &order).expect("within all limits");
        prop_assert_eq!(words.len(), 77);
        prop_assert_eq!(words[76], 0);
        let block = accepted(accept(&map, order.slot, &words, None));
        prop_assert_eq!(&block.order_name, &order.order_name);
        prop_assert_eq!(&block.bom_text, &order.bom_text);
        prop_assert_eq!(&block.product_text, &order.product_text);
        prop_assert_eq!(block.planned, order.planned);
        prop_assert_eq!(&block.silos, &order.silos);
        prop_assert!(!block.finished && !block.failed && !block.flag && block.weight == Grams(0));
    }

    #[test]
    fn any_words_get_a_verdict_without_a_panic(words in proptest::collection::vec(any::<u16>(), 77), slot in 0u16..=12) {
        let _ = accept(&demo(), SlotNo(slot), &words, None);
        let _ = judge(slot, &words, "WH/MO/00101", 1_000, true);
    }

    #[test]
    fn a_good_block_with_one_broken_word_never_panics(offset in 0usize..77, word: u16) {
        let verdict = judge(1, &finished_with(&[(offset, word)]), "WH/MO/00101", 1_000, false);
        if let Verdict::Refused(reasons) = verdict {
            prop_assert!(reasons.iter().all(|reason| !reason.to_string().is_empty()));
        }
    }
}
