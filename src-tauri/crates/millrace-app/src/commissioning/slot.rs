//! One slot as both areas show it: read, judged, and as text. Leaves out what several slots say
//! together (`checks`).

use std::fmt::Write;

use millrace_core::ids::SlotNo;
use millrace_core::registers::{RegisterMap, Verdict, accept};
use millrace_field::plc::{PlcError, PlcHandle};

use super::words;

/// One slot as both areas show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotWords {
    /// The slot.
    pub slot: SlotNo,
    /// All named words of the read area, from its base.
    pub read: Vec<u16>,
    /// All named words of the write area, from its base.
    pub write: Vec<u16>,
}

/// All named words of a slot in both areas, with one request after the other.
///
/// # Errors
/// [`PlcError`] of the request that did not go well.
pub async fn read_slot(
    plc: &PlcHandle,
    map: &RegisterMap,
    slot: SlotNo,
) -> Result<SlotWords, PlcError> {
    let count = words::used_words(map);
    Ok(SlotWords {
        slot,
        read: plc.read(map.read_base(slot), count).await?,
        write: plc.read(map.write_base(slot), count).await?,
    })
}

/// A slot in both areas, raw, decoded and judged.
#[must_use]
pub fn whole_slot(map: &RegisterMap, found: &SlotWords) -> String {
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
#[must_use]
pub fn verdict(map: &RegisterMap, found: &SlotWords) -> String {
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
