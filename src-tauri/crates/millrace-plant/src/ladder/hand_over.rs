//! How a recipe comes into a slot and how the slot becomes free again. Leaves out dosing.

use super::{FREE_MS, Ladder, Phase, Scan, TAKE_MS};
use crate::books::{Books, RefusalBook};
use crate::exchange::{check, echo, offer_foreign};
use crate::fault::FaultKey;
use crate::layout::{Layout, SlotAddresses};
use crate::memory::Memory;
use crate::physics::STEP_MS;

/// Somebody else's finished order stands in its slot for this long, in milliseconds of plant time.
const FOREIGN_STANDS_MS: u64 = 20_000;

impl Ladder {
    pub(super) fn hand_over(
        &mut self,
        place: usize,
        slot: &SlotAddresses,
        on: &mut Scan<'_>,
    ) -> bool {
        let Some(phase) = self.phases.get(place).copied() else {
            return false;
        };
        match phase {
            Phase::Free => self.look_at_offer(place, slot, on),
            Phase::Taking { waited_ms } if waited_ms < TAKE_MS => {
                let waited_ms = waited_ms.saturating_add(STEP_MS);
                self.set_phase(place, Phase::Taking { waited_ms });
                false
            }
            Phase::Taking { .. } => {
                // The host may have changed its mind or the block within the waiting time.
                let stuck = on.faults.hits(FaultKey::StuckFlag, slot.slot.0);
                if stuck || !on.layout.is_offered(slot, on.memory) || check(slot, on).is_err() {
                    self.set_phase(place, Phase::Free);
                    return false;
                }
                let book = echo(slot, on);
                self.set_phase(place, Phase::Echoed { book });
                true
            }
            Phase::Echoed { book } => {
                if !on.layout.one_flag || !self.is_another_offered(on.layout, on.memory) {
                    on.memory.set(slot.flag, 1);
                }
                self.queue.push_back(slot.slot);
                self.set_phase(place, Phase::Queued { book, held: false });
                true
            }
            Phase::Queued { .. } | Phase::Dosing { .. } => false,
            Phase::Finished { book } => {
                if self.is_over(slot, book, on) {
                    self.set_phase(place, Phase::Freeing { book, waited_ms: 0 });
                }
                false
            }
            Phase::Freeing { book, waited_ms } if waited_ms < FREE_MS => {
                let waited_ms = waited_ms.saturating_add(STEP_MS);
                self.set_phase(place, Phase::Freeing { book, waited_ms });
                false
            }
            Phase::Freeing { book, .. } => {
                if on.layout.clears_after_ack {
                    on.layout.clear_read_slot(slot, on.memory);
                }
                for word in [slot.command, slot.command_echo].into_iter().flatten() {
                    on.memory.set(word, 0);
                }
                if let Some(batch) = on.books.batches.get_mut(book) {
                    batch.freed = true;
                }
                self.set_phase(place, Phase::Free);
                true
            }
        }
    }

    fn look_at_offer(&mut self, place: usize, slot: &SlotAddresses, on: &mut Scan<'_>) -> bool {
        let offered = on.layout.is_offered(slot, on.memory);
        let verdict = offered.then(|| check(slot, on));
        let stuck = on.faults.hits(FaultKey::StuckFlag, slot.slot.0);
        if !offered {
            on.faults.let_go(FaultKey::StuckFlag, slot.slot.0);
        }
        let why = match verdict {
            Some(Ok(())) if stuck => {
                on.faults.hold(FaultKey::StuckFlag, slot.slot.0);
                None
            }
            Some(Ok(())) => {
                self.set_phase(place, Phase::Taking { waited_ms: 0 });
                None
            }
            Some(Err(why)) => Some(why),
            None => None,
        };
        let Some(before) = self.refused.get_mut(place) else {
            return false;
        };
        if *before == why {
            return false;
        }
        (*before).clone_from(&why);
        if let Some(why) = why {
            on.books.refusals.push(RefusalBook {
                slot: slot.slot,
                why,
                at_ms: on.books.plant_ms,
            });
        }
        true
    }

    /// The host has the final block, or nobody waits for it.
    fn is_over(&self, slot: &SlotAddresses, book: usize, on: &mut Scan<'_>) -> bool {
        let foreign = on.books.batches.get(book).filter(|batch| batch.foreign);
        if let Some(finished_ms) = foreign.and_then(|batch| batch.finished_ms) {
            return on.books.plant_ms >= finished_ms.saturating_add(FOREIGN_STANDS_MS);
        }
        let acknowledged = on.memory.get(slot.ack) == 1;
        if on.faults.hits(FaultKey::StuckAck, slot.slot.0) {
            if acknowledged {
                on.faults.hold(FaultKey::StuckAck, slot.slot.0);
            }
            return false;
        }
        on.faults.let_go(FaultKey::StuckAck, slot.slot.0);
        acknowledged
    }

    /// Where one flag guards all slots it stays 0 until the last recipe is taken.
    fn is_another_offered(&self, layout: &Layout, memory: &Memory) -> bool {
        let slots = layout.slots.iter().zip(&self.phases);
        let mut offered = slots.filter(|(slot, phase)| match phase {
            Phase::Free | Phase::Taking { .. } => layout.is_offered(slot, memory),
            Phase::Echoed { .. }
            | Phase::Queued { .. }
            | Phase::Dosing { .. }
            | Phase::Finished { .. }
            | Phase::Freeing { .. } => false,
        });
        offered.next().is_some()
    }

    /// Somebody at the plant takes the slot's batch away, if it has one, and offers an order of his own.
    pub fn put_foreign(
        &mut self,
        place: usize,
        layout: &Layout,
        memory: &mut Memory,
        books: &mut Books,
    ) {
        let Some(slot) = layout.slots.get(place) else {
            return;
        };
        if let Some(batch) = self.book_of(place).and_then(|at| books.batches.get_mut(at)) {
            batch.lost |= !batch.freed;
        }
        self.queue.retain(|queued| *queued != slot.slot);
        if self
            .line
            .as_ref()
            .is_some_and(|line| line.slot == slot.slot)
        {
            self.line = None;
        }
        layout.clear_read_slot(slot, memory);
        for word in [slot.command, slot.command_echo].into_iter().flatten() {
            memory.set(word, 0);
        }
        self.set_phase(place, Phase::Free);
        offer_foreign(slot, layout, memory, books.batches.len().saturating_add(1));
    }
}
