//! Every word of the map as a row with its verdict, for a screen. Pure. Leaves out reading the words.

use millrace_core::registers::{RegisterMap, codec};

use super::checks::is_empty;
use super::slot::SlotWords;
use super::words::{Kind, Named, hex, mass, named, part, shown};
use crate::commands::examine::WordRow;

/// A word or value outside the slots.
pub(super) fn outside(at: u16, name: &str, raw: &[u16], value: String, verdict: &str) -> WordRow {
    WordRow {
        addr: at,
        name: name.to_owned(),
        raw: hex(raw),
        value,
        verdict: verdict.to_owned(),
    }
}

/// All values of a slot in both areas.
pub(super) fn of_slot(map: &RegisterMap, found: &SlotWords) -> Vec<WordRow> {
    let slot = found.slot;
    let areas = [
        (true, map.read_base(slot), &found.read, "read"),
        (false, map.write_base(slot), &found.write, "write"),
    ];
    let all = named(map);
    let mut rows = Vec::new();
    for (is_read, base, words, area) in areas {
        let holds_order = !is_empty(map, words);
        for value in &all {
            let is_there = if is_read {
                value.in_read
            } else {
                value.in_write
            };
            if !is_there {
                continue;
            }
            let raw = part(words, value);
            let verdict = verdict(map, value, raw, holds_order);
            rows.push(WordRow {
                addr: base + value.offset,
                name: format!("slot {slot} {} ({area})", value.tag),
                raw: hex(raw),
                value: decoded(map, value.kind, raw),
                verdict,
            });
        }
    }
    rows
}

/// Decoded; empty when it is no value of its kind.
fn decoded(map: &RegisterMap, kind: Kind, raw: &[u16]) -> String {
    if wrong(kind, raw).is_some() {
        String::new()
    } else {
        shown(map, kind, raw)
    }
}

/// Why these words are no value of their kind.
fn wrong(kind: Kind, raw: &[u16]) -> Option<String> {
    match (kind, raw) {
        (Kind::Truth, [word]) => codec::bool_from(*word).err().map(|why| why.to_string()),
        (Kind::Text, words) => codec::text_from(words).err().map(|why| why.to_string()),
        (Kind::Number, [_]) | (Kind::Mass, [_, _]) => None,
        (Kind::Truth | Kind::Number | Kind::Mass, _) => Some("not read".to_owned()),
    }
}

fn verdict(map: &RegisterMap, value: &Named, raw: &[u16], holds_order: bool) -> String {
    if let Some(why) = wrong(value.kind, raw) {
        return why;
    }
    if !holds_order {
        return String::new();
    }
    let silo = map
        .silos()
        .iter()
        .find(|silo| silo.id_offset == value.offset);
    match (value.kind, raw, silo) {
        (Kind::Number, [word], Some(silo)) if *word != silo.number.0 => {
            format!("must be {}", silo.number)
        }
        (Kind::Mass, [a, b], _) if mass(map, [*a, *b]) > map.batch_max() => {
            format!("more than the largest batch, {}", map.batch_max())
        }
        (Kind::Number | Kind::Mass | Kind::Truth | Kind::Text, _, _) => String::new(),
    }
}
