//! `plc read`: slots or words once, raw and decoded. Writes nothing.

use std::fmt::Write;

use millrace_core::registers::{RegisterMap, Verdict, accept, codec};

use super::link::{Link, SlotWords};
use super::words::{self, named, part, shown};
use super::{ReadArgs, say};
use crate::launch::Exit;

/// Reads and prints.
///
/// # Errors
/// As [`Link::open`] and [`Link::exit`].
pub(super) async fn read(args: &ReadArgs) -> Result<u8, Exit> {
    let link = Link::open(&args.reach)?;
    if let Some((first, count)) = args.address.zip(args.count) {
        match link.plc.read(first, count).await {
            Ok(found) => say(&any_words(&link.map, first, &found)),
            Err(error) => return Err(link.exit(&error).await),
        };
        return Ok(0);
    }
    for slot in link.slots(args.slot)? {
        match link.slot(slot).await {
            Ok(found) => {
                if !say(&whole_slot(&link.map, &found)) {
                    break;
                }
            }
            Err(error) => return Err(link.exit(&error).await),
        }
    }
    Ok(0)
}

/// A slot in both areas, raw, decoded and judged.
pub(super) fn whole_slot(map: &RegisterMap, found: &SlotWords) -> String {
    let slot = found.slot;
    let (read, write) = (map.read_base(slot), map.write_base(slot));
    let mut out = format!(
        "Slot {slot}, read area (PLC to us) from D{read}: {}\n",
        verdict(map, found)
    );
    out.push_str(&words::dump(read, &found.read));
    out.push_str(&words::table(map, read, &found.read, true));
    let _ = writeln!(out, "Slot {slot}, write area (us to PLC) from D{write}:");
    out.push_str(&words::dump(write, &found.write));
    out.push_str(&words::table(map, write, &found.write, false));
    out
}

/// What the block amounts to, in words.
pub(super) fn verdict(map: &RegisterMap, found: &SlotWords) -> String {
    let block = found
        .read
        .get(..usize::from(map.block_words()))
        .unwrap_or_default();
    match accept(map, found.slot, block, None) {
        Verdict::Empty => "empty".to_owned(),
        Verdict::Accepted(block) => {
            let state = match (block.finished, block.failed) {
                (_, true) => "failed",
                (true, false) => "finished",
                (false, false) => "not finished",
            };
            let dosed = block
                .total()
                .map_or_else(|| "out of range".to_owned(), |total| total.to_string());
            format!(
                "accepted, order {:?}, {state}, planned {}, dosed {dosed}",
                block.order_name, block.planned
            )
        }
        Verdict::Refused(reasons) => {
            let all: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            format!("REFUSED: {}", all.join("; "))
        }
    }
}

/// Words from anywhere: one a line, with what the map calls it.
fn any_words(map: &RegisterMap, first: u16, found: &[u16]) -> String {
    let mut out = words::dump(first, found);
    for (address, word) in (first..).zip(found) {
        let text = codec::text_from(&[*word]).unwrap_or_default();
        let _ = writeln!(
            out,
            "  D{address:<6} {word:04X} {word:>6} {:>7} {:<4} {}",
            codec::i16_from(*word),
            format!("{text:?}"),
            name_of(map, address, first, found)
        );
    }
    out
}

/// What the map calls a word, and the value that begins there where all of its words were read.
fn name_of(map: &RegisterMap, address: u16, first: u16, found: &[u16]) -> String {
    for slot in map.slots() {
        for (base, is_read) in [(map.read_base(slot), true), (map.write_base(slot), false)] {
            let Some(offset) = address
                .checked_sub(base)
                .filter(|offset| *offset < map.stride())
            else {
                continue;
            };
            let area = if is_read { "read" } else { "write" };
            let value = named(map).into_iter().find(|value| {
                (if is_read {
                    value.in_read
                } else {
                    value.in_write
                }) && (value.offset..value.offset + value.words).contains(&offset)
            });
            let Some(mut value) = value else {
                return format!("slot {slot} {area}: spare");
            };
            let tag = value.tag.clone();
            if offset != value.offset {
                return format!(
                    "slot {slot} {area}: {tag}, word {}",
                    offset - value.offset + 1
                );
            }
            value.offset = address - first;
            let decoded = shown(map, value.kind, part(found, &value));
            return format!("slot {slot} {area}: {tag} = {decoded}");
        }
    }
    String::new()
}
