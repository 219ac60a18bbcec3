//! What passes between host and PLC in a slot's block: the PLC's check of an offer, the echo of the
//! order's words, and masses as registers count them. Leaves out when this happens (`ladder`).

use millrace_core::units::{Grams, PLC_STEP};

use crate::area::set_text;
use crate::books::{BatchBook, SiloMass};
use crate::ladder::Scan;
use crate::layout::{Layout, SlotAddresses};
use crate::memory::Memory;

/// What the PLC checks before it takes a recipe.
pub(crate) fn check(slot: &SlotAddresses, on: &Scan<'_>) -> Result<(), String> {
    let number = on
        .memory
        .get(slot.write.saturating_add(on.layout.number_offset));
    if number != slot.slot.0 {
        return Err(format!("slot number {number} instead of {}", slot.slot));
    }
    for silo in &on.layout.silos {
        let at = slot.write.saturating_add(silo.id_offset);
        let found = on.memory.get(at);
        if found != silo.silo.0 {
            return Err(format!(
                "D{at} holds {found} instead of silo id {}",
                silo.silo
            ));
        }
    }
    if on.layout.order_name(slot.write, on.memory).is_empty() {
        return Err("no order name".to_owned());
    }
    if slot.command.is_some_and(|at| on.memory.get(at) != 0) {
        return Err("the slot's command word is not 0".to_owned());
    }
    Ok(())
}

/// Copies the order's words into the READ slot with actuals, status, weight and ack zero, and opens
/// the book. Returns the book's place.
pub(crate) fn echo(slot: &SlotAddresses, on: &mut Scan<'_>) -> usize {
    let layout = on.layout;
    for offset in 0..layout.block_words {
        let word = on.memory.get(slot.write.saturating_add(offset));
        on.memory.set(slot.read.saturating_add(offset), word);
    }
    let mut planned = Vec::with_capacity(layout.silos.len());
    let mut left = Vec::with_capacity(layout.silos.len());
    for silo in &layout.silos {
        let read = slot.read.saturating_add(silo.qty_offset);
        let mass_g = from_register(on.memory.get_pair(read));
        on.memory.set_pair(read, 0);
        planned.push(SiloMass {
            silo: silo.silo,
            mass_g,
        });
        left.push(SiloMass {
            silo: silo.silo,
            mass_g: Grams::ZERO,
        });
    }
    on.memory
        .set_pair(slot.read.saturating_add(layout.weight_offset), 0);
    for word in [layout.status_offset, layout.failed_offset] {
        on.memory.set(slot.read.saturating_add(word), 0);
    }
    if let Some((write, read)) = slot.download_id {
        let id = on.memory.get(write);
        on.memory.set(read, id);
    }
    on.memory.set(slot.ack, 0);
    let order_name = layout.order_name(slot.write, on.memory);
    let total = on
        .memory
        .get_pair(slot.read.saturating_add(layout.planned_offset));
    let place = on.books.batches.len();
    on.books.batches.push(BatchBook {
        seq: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
        slot: slot.slot,
        foreign: order_name.starts_with(FOREIGN),
        order_name,
        planned_total_g: from_register(total),
        planned,
        truly_left: left.clone(),
        left,
        weight_g: Grams::ZERO,
        finished: false,
        stopped: false,
        freed: false,
        lost: false,
        acks: 0,
        early_acks: 0,
        taken_ms: on.books.plant_ms,
        started_ms: None,
        finished_ms: None,
    });
    place
}

/// What somebody else's orders begin with.
const FOREIGN: &str = "HAND/";
/// What somebody else's orders ask of the first silo.
const FOREIGN_MASS: Grams = Grams(100_000);

/// Somebody at the plant writes an order of his own into the slot's WRITE block and offers it.
pub(crate) fn offer_foreign(
    slot: &SlotAddresses,
    layout: &Layout,
    memory: &mut Memory,
    number: usize,
) {
    for offset in (0..layout.block_words).filter(|offset| *offset != layout.flag_offset) {
        memory.set(slot.write.saturating_add(offset), 0);
    }
    let at = |offset: u16| slot.write.saturating_add(offset);
    memory.set(at(layout.number_offset), slot.slot.0);
    let name = format!("{FOREIGN}{number:05}");
    set_text(memory, at(layout.name_offset), layout.name_words, &name);
    for silo in &layout.silos {
        memory.set(at(silo.id_offset), silo.silo.0);
    }
    if let Some(first) = layout.silos.first() {
        memory.set_pair(at(first.qty_offset), to_register(FOREIGN_MASS));
        memory.set_pair(at(layout.planned_offset), to_register(FOREIGN_MASS));
    }
    if let Some((write, _)) = slot.download_id {
        memory.set(write, 0);
    }
    memory.set(slot.flag, 0);
}

/// A mass as the register counts it: steps of 10 g, rounded half up.
pub(crate) fn to_register(mass: Grams) -> u32 {
    // A target came from 32 bits and a result lies within percents of it, so the last value is met
    // only by an order beyond all silos; it then shows full scale, as a counter would.
    u32::try_from(mass.to_plc_step().0 / PLC_STEP.0).unwrap_or(u32::MAX)
}

/// The mass that a register's count stands for.
pub(crate) fn from_register(count: u32) -> Grams {
    Grams(i64::from(count).saturating_mul(PLC_STEP.0))
}
