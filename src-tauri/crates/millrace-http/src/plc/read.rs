//! `plc read`: slots or words once, raw and decoded. Writes nothing.

use std::fmt::Write;

use millrace_app::commissioning::whole_slot;
use millrace_app::commissioning::words::{self, named, part, shown};
use millrace_core::registers::{RegisterMap, codec};

use super::link::Link;
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
