//! The rules of the registers, checked against the recorded words in `tests/fixtures/plc`.

mod area;
mod block;
mod codec;
mod download;
mod finish;
mod map;
mod verdict;

use std::sync::LazyLock;

use super::{ReadyRule, RegisterMap, Rules, SlotFreeWhen};

const BOTH: [bool; 2] = [false, true];

/// The demo plant's map, as shipped.
const DEMO: &str = include_str!("../../../../../../assets/registers/demo.toml");

/// Whole blocks as the plant showed them.
const IMAGES: &str = include_str!("../../../../../../tests/fixtures/plc/block_images.csv");

fn demo() -> RegisterMap {
    RegisterMap::parse(DEMO).expect("the shipped map is valid")
}

/// The rows of a fixture, split at commas outside quotes, without the header.
fn rows(csv: &str) -> Vec<Vec<String>> {
    csv.lines()
        .skip(1)
        .map(|line| {
            let (mut cells, mut quoted) = (vec![String::new()], false);
            for c in line.chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    other => cells.last_mut().expect("starts with one").push(other),
                }
            }
            cells
        })
        .collect()
}

fn hex_words(text: &str) -> Vec<u16> {
    text.split_whitespace()
        .map(|word| u16::from_str_radix(word, 16).expect("a hex word"))
        .collect()
}

/// The demo map's rules with these two instead.
fn rules(ready_rule: ReadyRule, slot_free_when: SlotFreeWhen) -> Rules {
    static DEMO: LazyLock<Rules> = LazyLock::new(|| *demo().rules());
    Rules {
        ready_rule,
        slot_free_when,
        ..*DEMO
    }
}

fn image(scenario: &str) -> Vec<u16> {
    let row = rows(IMAGES)
        .into_iter()
        .find(|row| row[0] == scenario)
        .expect("a recorded image");
    hex_words(&row[4])
}
