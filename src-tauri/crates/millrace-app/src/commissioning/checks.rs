//! What the words of all slots say about map and plant: word order, silo constants, handshake words,
//! a program that never ran. Pure. Leaves out reading the words.

use millrace_core::ids::SlotNo;
use millrace_core::registers::{ReadyRule, RegisterMap, Verdict, WordOrder, accept, codec};
use millrace_core::units::Grams;

use super::report::Found;
use super::slot::SlotWords;
use super::words::{mass, order_word, other_order};
use crate::commands::examine::FindingWeight;

/// Farthest that a block is looked for beside its place, in words.
const SHIFT_MAX: u16 = 40;

pub(super) fn is_name_empty(map: &RegisterMap, words: &[u16]) -> bool {
    let at = map.fields().order_name;
    let start = usize::from(at.offset);
    words
        .get(start..start + usize::from(at.words))
        .is_some_and(|name| name.iter().all(|word| *word == 0))
}

/// No order in this block: number 0 and no name.
pub(super) fn is_empty(map: &RegisterMap, words: &[u16]) -> bool {
    word(words, map.fields().batch_no.offset) == 0 && is_name_empty(map, words)
}

pub(super) fn word(words: &[u16], offset: u16) -> u16 {
    words.get(usize::from(offset)).copied().unwrap_or(0)
}

fn pair(words: &[u16], offset: u16) -> [u16; 2] {
    [word(words, offset), word(words, offset + 1)]
}

/// Both areas of every slot, with their first address.
fn areas<'a>(
    map: &'a RegisterMap,
    slots: &'a [SlotWords],
) -> impl Iterator<Item = (SlotNo, u16, &'a [u16])> {
    slots.iter().flat_map(|found| {
        [
            (found.slot, map.read_base(found.slot), found.read.as_slice()),
            (
                found.slot,
                map.write_base(found.slot),
                found.write.as_slice(),
            ),
        ]
    })
}

/// Every flag 0 and every name of the write area empty: the PLC program has never run.
pub(super) fn never_started(map: &RegisterMap, slots: &[SlotWords]) -> Option<String> {
    let is_virgin = slots.iter().all(|found| {
        word(&found.write, map.flag_offset()) == 0 && is_name_empty(map, &found.write)
    });
    let slot = SlotNo(1);
    is_virgin.then(|| {
        let flags = match map.rules().ready_rule {
            ReadyRule::PerSlot => format!(
                "every slot's flag (D{}, then every {} words)",
                map.ready_addr(slot),
                map.stride()
            ),
            ReadyRule::QueueHead => format!("D{}", map.ready_addr(slot)),
        };
        format!(
            "The PLC program was never started: all flags are 0 and all order names are empty, so no \
             slot can be written. See that the CPU is in RUN and that its program is loaded. At its \
             first scan the program must set {flags} to 1; where it does not, a supervisor may set the \
             flags on the PLC screen of this program, or they are set to 1 once from the PLC's own \
             programming software. The examination did not set them."
        )
    })
}

/// The handshake words of each slot as a table, and what stands out.
pub(super) fn flags(map: &RegisterMap, slots: &[SlotWords]) -> (String, Found) {
    let mut table = String::new();
    let mut found = Found::new();
    for one in slots {
        let slot = one.slot;
        let ack = word(&one.read, map.flag_offset());
        let ready = word(&one.write, map.flag_offset());
        let mut line = format!(
            "  slot {slot:<3} ready D{} = {ready}  ack D{} = {ack}",
            map.ready_addr(slot),
            map.ack_addr(slot)
        );
        if let Some((command_at, echo_at)) = map.command_addr(slot).zip(map.command_echo_addr(slot))
        {
            let command = word(&one.write, command_at - map.write_base(slot));
            let echo = word(&one.read, echo_at - map.read_base(slot));
            line.push_str(&format!(
                "  command D{command_at} = {command}  echo D{echo_at} = {echo}"
            ));
            for (at, value, what) in [(command_at, command, "command"), (echo_at, echo, "echo")] {
                if value > 3 {
                    found.push((
                        FindingWeight::Fault,
                        format!("Slot {slot}: the {what} D{at} is {value}, it can be 0 to 3."),
                    ));
                }
            }
            if command != echo && command <= 3 {
                found.push((
                    FindingWeight::Warning,
                    format!("Slot {slot}: command {command} is not confirmed, the echo is {echo}."),
                ));
            }
        }
        if let Some(((at, ours), (copy_at, theirs))) = download_ids(map, one) {
            line.push_str(&format!("  id D{at}/D{copy_at} = {ours}/{theirs}"));
            found.extend(id_not_copied(map, one));
        }
        line.push('\n');
        table.push_str(&line);
        for (at, value, what) in [
            (map.ready_addr(slot), ready, "ready flag"),
            (map.ack_addr(slot), ack, "acknowledgement"),
        ] {
            if codec::bool_from(value).is_err() {
                found.push((
                    FindingWeight::Fault,
                    format!(
                        "Slot {slot}: the {what} D{at} is {value:04X}, neither 0 nor 1: another \
                         program uses the word, or the address is wrong."
                    ),
                ));
            }
        }
        let guards = match map.rules().ready_rule {
            ReadyRule::PerSlot => true,
            ReadyRule::QueueHead => slot == SlotNo(1),
        };
        if guards && ready == 0 {
            let sentence = if is_name_empty(map, &one.write) {
                format!(
                    "Slot {slot} is not ready (D{} = 0) and holds no order.",
                    map.ready_addr(slot)
                )
            } else {
                format!(
                    "Slot {slot} is offered and the PLC has not taken it (D{} = 0).",
                    map.ready_addr(slot)
                )
            };
            found.push((FindingWeight::Warning, sentence));
        }
        if ack == 1 && is_empty(map, &one.read) {
            found.push((
                FindingWeight::Warning,
                format!("Slot {slot}: the PLC has emptied the slot and left the acknowledgement D{} at 1.", map.ack_addr(slot)),
            ));
        }
    }
    (table, found)
}

/// The download id of the write area and its copy in the read area, each with its address, where the
/// map has them.
fn download_ids(map: &RegisterMap, one: &SlotWords) -> Option<((u16, u16), (u16, u16))> {
    let (write_at, read_at) = map.download_id_addr(one.slot)?;
    let ours = word(&one.write, write_at - map.write_base(one.slot));
    let theirs = word(&one.read, read_at - map.read_base(one.slot));
    Some(((write_at, ours), (read_at, theirs)))
}

/// An order that the PLC has taken must show the id that it was offered with.
fn id_not_copied(map: &RegisterMap, one: &SlotWords) -> Option<(FindingWeight, String)> {
    let ((write_at, ours), (read_at, theirs)) = download_ids(map, one)?;
    let at = map.fields().order_name;
    let name = usize::from(at.offset)..usize::from(at.offset + at.words);
    let is_taken = word(&one.write, map.flag_offset()) == 1
        && !is_empty(map, &one.read)
        && one.write.get(name.clone()) == one.read.get(name);
    (is_taken && ours != theirs).then(|| {
        (
            FindingWeight::Warning,
            format!(
                "Slot {}: the download id D{write_at} is {ours} and its copy D{read_at} is {theirs}: the \
                 PLC program must copy it unchanged with the order.",
                one.slot
            ),
        )
    })
}

/// What the quantities that stand in the plant say about the order of their words.
pub(super) fn word_order(map: &RegisterMap, slots: &[SlotWords]) -> Found {
    let max = map.batch_max();
    let (mut fits, mut other_fits) = (0_u32, 0_u32);
    let mut found = Found::new();
    for (slot, base, words) in areas(map, slots).filter(|(_, _, words)| !is_empty(map, words)) {
        let fields = map.fields();
        let offsets = [fields.planned.offset, fields.weight.offset]
            .into_iter()
            .chain(map.silos().iter().map(|silo| silo.qty_offset));
        for offset in offsets {
            let raw = pair(words, offset);
            if raw == [0, 0] {
                continue;
            }
            let ours = mass(map, raw);
            let theirs = codec::quantity_from(raw, other_order(map), map.scale());
            match (ours <= max, theirs <= max) {
                (true, false) => fits += 1,
                (false, true) => other_fits += 1,
                // Says nothing about the order.
                (true, true) => {}
                (false, false) => {
                    if let Some(kg) = as_float(raw, max) {
                        found.push((
                            FindingWeight::Fault,
                            format!(
                                "Slot {slot}, D{}: {:04X} {:04X} is no quantity, but as a floating-point \
                                 number it is {kg:.2}: the PLC program must write a scaled integer here.",
                                base + offset, raw[0], raw[1]
                            ),
                        ));
                    }
                }
            }
        }
    }
    match (fits, other_fits) {
        (0, 0) => found.push((
            FindingWeight::Note,
            "No quantity in the plant shows the word order. Let the PLC show 1000.00 kg in one \
             slot and examine again."
                .to_owned(),
        )),
        (_, 0) => found.push((
            FindingWeight::Good,
            format!("Word order {} fits: {fits} quantities.", order_word(map.word_order())),
        )),
        (_, others) => found.push((
            FindingWeight::Fault,
            format!(
                "{others} quantities make sense only as {}, {fits} only as {}: the map's word_order \
                 is wrong, or the PLC program mixes both.",
                order_word(other_order(map)),
                order_word(map.word_order())
            ),
        )),
    }
    found
}

/// The kilograms that two words mean as a native floating-point number, where that is plausible.
fn as_float(raw: [u16; 2], max: Grams) -> Option<f32> {
    let max_kg = u16::try_from(max.0 / 1_000).map_or(f32::MAX, f32::from);
    [WordOrder::LowFirst, WordOrder::HighFirst]
        .into_iter()
        .map(|order| {
            let (high, low) = match order {
                WordOrder::HighFirst => (raw[0], raw[1]),
                WordOrder::LowFirst => (raw[1], raw[0]),
            };
            f32::from_bits((u32::from(high) << 16) | u32::from(low))
        })
        .find(|kg| (0.01..=max_kg).contains(kg))
}

/// Where the plant's silo constants are not the map's.
pub(super) fn silo_ids(map: &RegisterMap, slots: &[SlotWords]) -> (u32, Found) {
    let mut looked = 0;
    let mut found = Found::new();
    for (slot, base, words) in areas(map, slots).filter(|(_, _, words)| !is_empty(map, words)) {
        looked += 1;
        let wrong: Vec<_> = map
            .silos()
            .iter()
            .filter(|silo| word(words, silo.id_offset) != silo.number.0)
            .collect();
        if let Some(sentence) = shifted(map, words).filter(|_| wrong.len() > 1) {
            found.push((
                FindingWeight::Fault,
                format!("Slot {slot}, block at D{base}: {sentence}"),
            ));
            continue;
        }
        for silo in wrong {
            let elsewhere = map
                .silos()
                .iter()
                .find(|other| word(words, other.id_offset) == silo.number.0)
                .map(|other| format!("; {} stands at D{}", silo.number, base + other.id_offset))
                .unwrap_or_default();
            found.push((
                FindingWeight::Fault,
                format!(
                    "Slot {slot}, D{}: the constant of silo {} ({}) must be {}, the PLC has {}{elsewhere}.",
                    base + silo.id_offset,
                    silo.label,
                    silo.tag,
                    silo.number,
                    word(words, silo.id_offset),
                ),
            ));
        }
    }
    (looked, found)
}

/// All constants stand the same number of words beside their place.
fn shifted(map: &RegisterMap, words: &[u16]) -> Option<String> {
    let all_at = |place: &dyn Fn(u16) -> Option<u16>| {
        map.silos().iter().all(|silo| {
            place(silo.id_offset)
                .and_then(|offset| words.get(usize::from(offset)))
                .is_some_and(|word| *word == silo.number.0)
        })
    };
    (1..=SHIFT_MAX).find_map(|by| {
        let way = if all_at(&|offset| offset.checked_add(by)) {
            "higher"
        } else if all_at(&|offset| offset.checked_sub(by)) {
            "lower"
        } else {
            return None;
        };
        Some(format!(
            "all silo constants stand {by} words {way} than the map says: wrong base address, or the map of another version."
        ))
    })
}

/// Blocks that would not be believed.
pub(super) fn refused(map: &RegisterMap, slots: &[SlotWords]) -> Found {
    slots
        .iter()
        .filter_map(|one| {
            let block = one.read.get(..usize::from(map.block_words()))?;
            match accept(map, one.slot, block, None) {
                Verdict::Empty | Verdict::Accepted(_) => None,
                Verdict::Refused(reasons) => Some((one.slot, reasons)),
            }
        })
        .flat_map(|(slot, reasons)| {
            reasons.into_iter().map(move |reason| {
                (
                    FindingWeight::Fault,
                    format!("Slot {slot} would be refused: {reason}."),
                )
            })
        })
        .collect()
}
