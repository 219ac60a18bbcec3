//! The final block: weight, then status. Leaves out the doses before it.

use millrace_core::units::Grams;

use super::{Ladder, Phase, Scan};
use crate::exchange::{from_register, to_register};
use crate::fault::FaultKey;
use crate::layout::SlotAddresses;

impl Ladder {
    pub(super) fn finish(
        &mut self,
        place: usize,
        slot: &SlotAddresses,
        book: usize,
        stopped: bool,
        on: &mut Scan<'_>,
    ) {
        let loss = Grams(on.rng.between(10, 30));
        let sum: Grams = Grams(
            on.layout
                .silos
                .iter()
                .map(|s| {
                    from_register(on.memory.get_pair(slot.read.saturating_add(s.qty_offset))).0
                })
                .sum(),
        );
        let lost = sum.scale(loss, Grams(10_000)).unwrap_or(Grams::ZERO);
        let is_zero = on.faults.is_on(FaultKey::ZeroWeight);
        if is_zero {
            on.faults.strike(FaultKey::ZeroWeight);
        }
        let weight = if on.reports_weight && !is_zero {
            Grams(sum.0 - lost.0).to_plc_step()
        } else {
            Grams::ZERO
        };
        let weight_at = slot.read.saturating_add(on.layout.weight_offset);
        if on.faults.is_on(FaultKey::FloatWeight) {
            on.faults.strike(FaultKey::FloatWeight);
            // A pair is written high word first, a native number has the low word first.
            on.memory
                .set_pair(weight_at, native(weight).rotate_left(16));
        } else {
            on.memory.set_pair(weight_at, to_register(weight));
        }
        if on.layout.one_flag {
            let number_at = slot.write.saturating_add(on.layout.number_offset);
            on.memory.set(number_at, 0);
        }
        // The status last: whoever sees it finds everything else in place.
        on.memory
            .set(slot.read.saturating_add(on.layout.status_offset), 1);
        if let Some(batch) = on.books.batches.get_mut(book) {
            batch.finished = true;
            batch.stopped = stopped;
            batch.weight_g = weight;
            batch.finished_ms = Some(on.books.plant_ms);
        }
        self.set_phase(place, Phase::Finished { book });
    }
}

/// Kilograms as the CPU's own floating-point number.
fn native(mass: Grams) -> u32 {
    let kg: f32 = mass
        .to_kg()
        .to_string()
        .parse()
        .expect("a decimal number is a float's text");
    kg.to_bits()
}
