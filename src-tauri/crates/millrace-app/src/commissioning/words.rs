//! The words of a slot by name: which value stands where, and how it is shown, raw and decoded.
//! Leaves out whether a block may be believed (`registers::accept`).

use millrace_core::ids::SlotNo;
use millrace_core::registers::{RegisterMap, WordOrder, codec};
use millrace_core::units::Grams;

/// What a value's words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One word, a number.
    Number,
    /// Two characters a word.
    Text,
    /// Two words, a quantity.
    Mass,
    /// One word, 0 or 1.
    Truth,
}

impl Kind {
    /// As in the map file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Number => "i16",
            Kind::Text => "ascii",
            Kind::Mass => "u32",
            Kind::Truth => "bool",
        }
    }
}

/// One value of a slot.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its key in the map file, a silo's tag, or that tag with `.id`.
    pub tag: String,
    /// First word from the slot's base.
    pub offset: u16,
    /// Width.
    pub words: u16,
    /// Meaning.
    pub kind: Kind,
    /// It stands in the read area.
    pub in_read: bool,
    /// It stands in the write area.
    pub in_write: bool,
}

/// All values of a slot in the order of their words.
#[must_use]
pub fn named(map: &RegisterMap) -> Vec<Named> {
    let fields = map.fields();
    let both = |tag: &str, offset, words, kind| Named {
        tag: tag.to_owned(),
        offset,
        words,
        kind,
        in_read: true,
        in_write: true,
    };
    let mut all: Vec<Named> = [
        ("batch_no", fields.batch_no, Kind::Number),
        ("mo_id", fields.order_name, Kind::Text),
        ("bom_name", fields.bom_text, Kind::Text),
        ("product_name", fields.product_text, Kind::Text),
        ("target_qty", fields.planned, Kind::Mass),
        ("status_manufacturing", fields.finished, Kind::Truth),
        ("status_operation", fields.failed, Kind::Truth),
        ("finished_weight", fields.weight, Kind::Mass),
        ("status_read_data", fields.flag, Kind::Truth),
    ]
    .into_iter()
    .map(|(tag, at, kind)| both(tag, at.offset, at.words, kind))
    .collect();
    for silo in map.silos() {
        all.push(both(
            &format!("{}.id", silo.tag),
            silo.id_offset,
            1,
            Kind::Number,
        ));
        all.push(both(&silo.tag, silo.qty_offset, 2, Kind::Mass));
    }
    let first = SlotNo(1);
    if let Some(at) = map.command_addr(first) {
        let mut word = both("command", at - map.write_base(first), 1, Kind::Number);
        word.in_read = false;
        all.push(word);
    }
    if let Some(at) = map.command_echo_addr(first) {
        let mut word = both("command_echo", at - map.read_base(first), 1, Kind::Number);
        word.in_write = false;
        all.push(word);
    }
    if let Some((at, _)) = map.download_id_addr(first) {
        let offset = at - map.write_base(first);
        all.push(both("download_id", offset, 1, Kind::Number));
    }
    all.sort_by_key(|value| value.offset);
    all
}

/// How many words of a slot, from its base, hold all values of the map.
#[must_use]
pub fn used_words(map: &RegisterMap) -> u16 {
    named(map)
        .iter()
        .map(|value| value.offset + value.words)
        .max()
        .unwrap_or(0)
        .max(map.block_words())
}

/// The words of one value; none where fewer were read.
#[must_use]
pub fn part<'a>(words: &'a [u16], value: &Named) -> &'a [u16] {
    let start = usize::from(value.offset);
    words
        .get(start..start + usize::from(value.words))
        .unwrap_or_default()
}

/// A value as people read it. What is no value of its kind says so; nothing is repaired.
#[must_use]
pub fn shown(map: &RegisterMap, kind: Kind, raw: &[u16]) -> String {
    match (kind, raw) {
        (Kind::Mass, [a, b]) => mass(map, [*a, *b]).to_string(),
        (Kind::Number, [word]) => word.to_string(),
        (Kind::Truth, [word]) => match codec::bool_from(*word) {
            Ok(truth) => u16::from(truth).to_string(),
            Err(why) => format!("no value ({why})"),
        },
        (Kind::Text, words) => match codec::text_from(words) {
            Ok(text) => format!("{text:?}"),
            Err(why) => format!("no text ({why})"),
        },
        (Kind::Mass | Kind::Number | Kind::Truth, _) => "not read".to_owned(),
    }
}

/// Two words as the map says.
#[must_use]
pub fn mass(map: &RegisterMap, pair: [u16; 2]) -> Grams {
    codec::quantity_from(pair, map.word_order(), map.scale())
}

/// The word order that the map does not have.
#[must_use]
pub fn other_order(map: &RegisterMap) -> WordOrder {
    match map.word_order() {
        WordOrder::HighFirst => WordOrder::LowFirst,
        WordOrder::LowFirst => WordOrder::HighFirst,
    }
}

/// A word order as in the map file.
#[must_use]
pub fn order_word(order: WordOrder) -> &'static str {
    match order {
        WordOrder::HighFirst => "high_first",
        WordOrder::LowFirst => "low_first",
    }
}

/// Words as an electrician's monitor shows them.
#[must_use]
pub fn hex(words: &[u16]) -> String {
    let each: Vec<String> = words.iter().map(|word| format!("{word:04X}")).collect();
    each.join(" ")
}

/// Words in lines of ten, each with the address of its first.
#[must_use]
pub fn dump(first: u16, words: &[u16]) -> String {
    words
        .chunks(10)
        .zip((u32::from(first)..).step_by(10))
        .map(|(line, at)| format!("  D{at:<6} {}\n", hex(line)))
        .collect()
}

/// The values of one area of a slot, one a line, each with its address and raw words.
#[must_use]
pub fn table(map: &RegisterMap, base: u16, words: &[u16], is_read_area: bool) -> String {
    named(map)
        .iter()
        .filter(|value| {
            if is_read_area {
                value.in_read
            } else {
                value.in_write
            }
        })
        .map(|value| {
            let raw = part(words, value);
            format!(
                "  D{:<6} {:<22} {:<20} {}\n",
                base + value.offset,
                value.tag,
                shown(map, value.kind, raw),
                hex(raw)
            )
        })
        .collect()
}

/// An address of the data memory: `D6000` or `6000`.
///
/// # Errors
/// A sentence that says what an address is.
pub fn address(text: &str) -> Result<u16, String> {
    text.strip_prefix(['D', 'd'])
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|address| *address <= 32_767)
        .ok_or_else(|| "an address is D0 to D32767".to_owned())
}

/// Words from text: one to four hexadecimal digits each, apart from each other.
///
/// # Errors
/// A sentence that names the word that is none.
pub fn from_hex(text: &str) -> Result<Vec<u16>, String> {
    text.split([' ', ',', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
        .zip(1..)
        .map(|(word, place)| {
            Some(word)
                .filter(|word| word.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|word| u16::from_str_radix(word, 16).ok())
                .ok_or_else(|| {
                    format!("word {place}, {word:?}, is not one to four hexadecimal digits")
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_exactly_or_not_at_all() {
        assert_eq!(
            from_hex("1 00ff,FFFF\n8000"),
            Ok(vec![1, 255, 0xFFFF, 0x8000])
        );
        for wrong in ["12345", "0x12", "+1", "-1", "G", "1 2 x"] {
            assert!(from_hex(wrong).is_err(), "{wrong}");
        }
        assert!(from_hex("1 2 x").expect_err("x").contains("word 3"));
    }

    #[test]
    fn an_address_is_one_of_the_data_memory() {
        assert_eq!(address("D6000"), Ok(6_000));
        assert_eq!(address("0"), Ok(0));
        for wrong in ["D32768", "E0", "", "D-1", "D6000-D6007"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
