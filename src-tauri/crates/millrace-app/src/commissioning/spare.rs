//! The write test: one word that the map gives to nobody is written, read back and restored. Leaves
//! out every word that anything uses, and a slot with a batch in it; where there is none, nothing is
//! written.

use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use millrace_field::plc::{PlcError, PlcHandle};

use super::checks::{is_empty, is_name_empty, word};
use super::slot::read_slot;
use super::words::used_words;
use crate::commands::examine::FindingWeight;

/// What is written where 0 stood: neither 0, 1, nor a small number that a program might act on.
const MARK: u16 = 0xA55A;

/// The spare words of the write area, from the last slot's last word down.
pub(super) fn spare_words(map: &RegisterMap) -> Vec<u16> {
    let slot = SlotNo(map.slot_count());
    let base = map.write_base(slot);
    // All after the last named word: none of them can belong to a value.
    (used_words(map)..map.stride())
        .rev()
        .map(|offset| base + offset)
        .collect()
}

/// Carries the test out.
pub(super) async fn write_test(map: &RegisterMap, plc: &PlcHandle) -> (FindingWeight, String) {
    let spare = spare_words(map);
    let (Some(first), Some(last)) = (spare.last().copied(), spare.first().copied()) else {
        return (
            FindingWeight::Note,
            "No write test: the map leaves no word of a slot spare.".to_owned(),
        );
    };
    match busy(map, plc).await {
        Ok(None) => {}
        Ok(Some(why)) => return (FindingWeight::Note, format!("No write test: {why}.")),
        Err(error) => return (FindingWeight::Fault, format!("No write test: {error}.")),
    }
    let count = last - first + 1;
    let words = match plc.read(first, count).await {
        Ok(words) => words,
        Err(error) => return (FindingWeight::Fault, format!("No write test: {error}.")),
    };
    // A word that is not 0 is not spare, whatever the map says.
    let free = spare
        .iter()
        .zip(words.iter().rev())
        .find(|(_, word)| **word == 0);
    let Some((address, old)) = free.map(|(address, word)| (*address, *word)) else {
        return (
            FindingWeight::Warning,
            format!("No write test: none of D{first} to D{last} is 0, so something uses them."),
        );
    };
    let tried = write_and_see(plc, address, MARK).await;
    // Whatever came of it: a write that nobody answered may have been done.
    let restored = write_and_see(plc, address, old).await;
    match (tried, restored) {
        (Ok(()), Ok(())) => (
            FindingWeight::Good,
            format!(
                "D{address}: {MARK:04X} written, read back, and {old:04X} restored and read back."
            ),
        ),
        (Err(why), Ok(())) => (
            FindingWeight::Fault,
            format!("D{address}: {why}. {old:04X} stands there again."),
        ),
        (_, Err(why)) => (
            FindingWeight::Fault,
            format!("D{address} could not be restored: {why}. Set it to {old:04X} by hand."),
        ),
    }
}

/// Why the slot that the spare words belong to is not to be touched, by what it shows right now.
async fn busy(map: &RegisterMap, plc: &PlcHandle) -> Result<Option<String>, PlcError> {
    let slot = SlotNo(map.slot_count());
    let found = read_slot(plc, map, slot).await?;
    let is_offered =
        word(&found.write, map.flag_offset()) == 0 && !is_name_empty(map, &found.write);
    Ok(if !is_empty(map, &found.read) {
        Some(format!(
            "slot {slot} holds an order, and its words are left alone"
        ))
    } else if is_offered {
        Some(format!(
            "slot {slot} is offered to the PLC, and its words are left alone"
        ))
    } else {
        None
    })
}

/// Writes one word once; the read decides what became of it.
async fn write_and_see(plc: &PlcHandle, address: u16, word: u16) -> Result<(), String> {
    let written = plc.write(address, &[word]).await;
    match (plc.read(address, 1).await, written) {
        (Ok(found), _) if found == [word] => Ok(()),
        (Ok(_), Err(error)) => Err(format!("{word:04X} was not written: {error}")),
        (Ok(found), Ok(())) => Err(format!(
            "{word:04X} was written and {:04X} read back: the PLC program writes this word, or the \
             memory is protected",
            found.first().copied().unwrap_or(0)
        )),
        (Err(error), _) => Err(format!(
            "{word:04X} was sent and could not be read back: {error}"
        )),
    }
}
