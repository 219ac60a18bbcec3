//! Words to values and back.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::codec::*;
use super::{hex_words, rows};
use crate::units::Grams;

const VECTORS: &str = include_str!("../../../../../../tests/fixtures/plc/codec_vectors.csv");

fn kg(text: &str) -> Grams {
    Grams::from_kg(text.parse::<Decimal>().expect("a decimal")).expect("in range")
}

#[test]
fn every_recorded_vector_decodes_to_its_value_or_is_refused() {
    let vectors = rows(VECTORS);
    assert_eq!(vectors.len(), 20);
    for row in vectors {
        let (kind, words, value) = (row[0].as_str(), hex_words(&row[1]), row[3].as_str());
        let refused = value == "INVALID";
        match kind {
            "u32_hi_lo" => {
                let pair = [words[0], words[1]];
                assert_eq!(
                    quantity_from(pair, WordOrder::HighFirst, 100),
                    kg(value),
                    "{row:?}"
                );
                let written = quantity_to(kg(value), WordOrder::HighFirst, 100);
                if row[4].contains("writer refuses") {
                    assert_eq!(written, Err(CodecError::TooLarge(kg(value))), "{row:?}");
                } else {
                    assert_eq!(written, Ok(pair), "{row:?}");
                }
            }
            "ascii" if refused => assert!(text_from(&words).is_err(), "{row:?}"),
            "ascii" => {
                assert_eq!(text_from(&words).as_deref(), Ok(value), "{row:?}");
                assert_eq!(text_to(value, words.len()), Ok(words), "{row:?}");
            }
            "bool" if refused => {
                assert_eq!(bool_from(words[0]), Err(CodecError::NotBool(words[0])))
            }
            "bool" => {
                assert_eq!(
                    bool_from(words[0]).map(|b| b.to_string()).as_deref(),
                    Ok(value)
                );
                assert_eq!(bool_to(value == "true"), words[0]);
            }
            "i16" => {
                assert_eq!(i16_from(words[0]).to_string(), value);
                assert_eq!(i16_to(value.parse().expect("an i16")), words[0]);
            }
            "bcd2" if refused => assert_eq!(bcd2_from(words[0]), Err(CodecError::NotBcd(words[0]))),
            "bcd2" => {
                assert_eq!(
                    bcd2_from(words[0]).map(|n| n.to_string()).as_deref(),
                    Ok(value)
                );
                assert_eq!(bcd2_to(value.parse().expect("a number")), Ok(words[0]));
            }
            "bcd4" => {
                assert_eq!(
                    bcd4_from(words[0]).map(|n| n.to_string()).as_deref(),
                    Ok(value)
                );
                assert_eq!(bcd4_to(value.parse().expect("a number")), Ok(words[0]));
            }
            other => panic!("the vectors name an unknown type {other}"),
        }
    }
}

#[test]
fn the_writer_refuses_what_it_would_have_to_change() {
    let write = |g| quantity_to(Grams(g), WordOrder::HighFirst, 100);
    assert_eq!(write(-10), Err(CodecError::Negative(Grams(-10))));
    assert_eq!(
        write(5),
        Err(CodecError::NotAStep {
            value: Grams(5),
            step: Grams(10)
        })
    );
    assert_eq!(write(i64::from(COUNT_MAX) * 10), Ok([0x7FFF, 0xFFFF]));
    assert_eq!(
        write(i64::MAX / 10 * 10),
        Err(CodecError::TooLarge(Grams(i64::MAX / 10 * 10)))
    );
}

#[test]
fn the_other_word_order_swaps_the_words_and_nothing_else() {
    assert_eq!(
        quantity_to(Grams(1_000_000), WordOrder::LowFirst, 100),
        Ok([0x86A0, 0x0001])
    );
    assert_eq!(
        quantity_from([0x86A0, 0x0001], WordOrder::LowFirst, 100),
        Grams(1_000_000)
    );
}

#[test]
fn a_text_that_does_not_fit_is_refused() {
    assert_eq!(
        text_to("12345", 2),
        Err(CodecError::TooLong { found: 5, max: 4 })
    );
    assert_eq!(text_to("é", 2), Err(CodecError::NotPlcChar('é')));
    assert_eq!(text_to("a\tb", 2), Err(CodecError::NotPlcChar('\t')));
}

#[test]
fn two_digits_leave_the_high_byte_empty() {
    assert_eq!(bcd2_from(0x0159), Err(CodecError::NotBcd(0x0159)));
    assert_eq!(bcd2_to(100), Err(CodecError::BcdRange(100)));
    assert_eq!(bcd4_to(10_000), Err(CodecError::BcdRange(10_000)));
}

proptest! {
    #[test]
    fn a_written_quantity_reads_back_the_same(count in 0..=COUNT_MAX, low_first: bool) {
        let order = if low_first { WordOrder::LowFirst } else { WordOrder::HighFirst };
        let mass = Grams(i64::from(count) * 10);
        let words = quantity_to(mass, order, 100).expect("in range and a whole step");
        prop_assert_eq!(quantity_from(words, order, 100), mass);
    }

    #[test]
    fn a_written_text_reads_back_the_same(text in "[ -~]{0,16}") {
        prop_assert_eq!(text_from(&text_to(&text, 8).expect("fits")), Ok(text));
    }

    #[test]
    fn a_decimal_coded_number_reads_back_the_same(n in 0u16..=9_999) {
        prop_assert_eq!(bcd4_from(bcd4_to(n).expect("four digits")), Ok(n));
    }

    #[test]
    fn any_words_are_read_without_a_panic(words in proptest::collection::vec(any::<u16>(), 0..20)) {
        let _ = text_from(&words);
        for word in words {
            let _ = (bool_from(word), bcd2_from(word), bcd4_from(word));
        }
    }
}
