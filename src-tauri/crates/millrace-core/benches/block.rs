//! How long one slot's 77 words take, as they are judged at every poll and written at a download.
//! Leaves out the wire; a poll of ten slots should stay far below one answer of the PLC.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::registers::{
    Expected, RegisterMap, SlotOrder, Verdict, accept, content_hash, encode,
};
use millrace_core::units::Grams;

const MAP: &str = include_str!("../../../../assets/registers/demo.toml");
const IMAGES: &str = include_str!("../../../../tests/fixtures/plc/block_images.csv");
const ORDER: &str = "WH/MO/00101";

static DEMO: LazyLock<RegisterMap> =
    LazyLock::new(|| RegisterMap::parse(MAP).expect("the shipped map is valid"));

fn main() {
    divan::main();
}

/// A recorded block by its scenario.
fn image(scenario: &str) -> Vec<u16> {
    let row = IMAGES
        .lines()
        .find(|line| line.split(',').next() == Some(scenario))
        .expect("recorded");
    let words = row.rsplit(',').next().expect("the last column");
    words
        .split_whitespace()
        .map(|word| u16::from_str_radix(word, 16).expect("a hex word"))
        .collect()
}

fn limits() -> Vec<(SiloNo, Grams)> {
    DEMO.silos()
        .iter()
        .map(|silo| (silo.number, Grams(3_000_000)))
        .collect()
}

fn judged(words: &[u16], max_dose: &[(SiloNo, Grams)]) -> Verdict {
    let expected = Expected {
        slot: SlotNo(1),
        order_name: ORDER,
        planned_total: Grams(1_000_000),
        max_dose,
        stopped: false,
    };
    accept(&DEMO, SlotNo(1), words, Some(&expected))
}

#[divan::bench(args = ["empty_slot", "running", "finished"])]
fn accept_one(bencher: Bencher<'_, '_>, scenario: &str) {
    let (words, limits) = (image(scenario), limits());
    let is_expected = matches!(
        judged(&words, &limits),
        Verdict::Accepted(_) | Verdict::Empty
    );
    assert!(is_expected, "{scenario} must be judged as recorded");
    bencher
        .counter(BytesCount::of_slice(&words))
        .bench_local(|| judged(black_box(&words), &limits));
}

#[divan::bench]
fn accept_a_poll_of_ten(bencher: Bencher<'_, '_>) {
    let (words, limits) = (image("running"), limits());
    bencher.bench_local(|| {
        (0..10)
            .filter(|_| judged(black_box(&words), &limits) != Verdict::Empty)
            .count()
    });
}

#[divan::bench]
fn refuse_random_words(bencher: Bencher<'_, '_>) {
    let (words, limits) = (
        (1..=77)
            .map(|n: u16| n.wrapping_mul(40_503))
            .collect::<Vec<_>>(),
        limits(),
    );
    assert!(matches!(judged(&words, &limits), Verdict::Refused(_)));
    bencher.bench_local(|| judged(black_box(&words), &limits));
}

#[divan::bench]
fn encode_one(bencher: Bencher<'_, '_>) {
    let order = SlotOrder {
        slot: SlotNo(1),
        order_name: ORDER.into(),
        bom_text: "Layer feed 16".into(),
        product_text: "Layer feed 16".into(),
        planned: Grams(1_500_000),
        silos: DEMO
            .silos()
            .iter()
            .map(|silo| (silo.number, Grams(100_000)))
            .collect(),
    };
    encode(&DEMO, &order).expect("it fits");
    bencher.bench_local(|| encode(&DEMO, black_box(&order)));
}

#[divan::bench]
fn hash_one(bencher: Bencher<'_, '_>) {
    let words = image("finished");
    bencher
        .counter(BytesCount::of_slice(&words))
        .bench_local(|| content_hash(&DEMO, black_box(&words)));
}
