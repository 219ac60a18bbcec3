//! Whether a reported block may be believed: accepted whole, or refused with every reason, each
//! with its address and raw words. Nothing is repaired, clamped or guessed (`decisions.md` 12, 13).
//! Leaves out reading a final block twice before it is stored: that is the caller's.

use serde::Serialize;

use super::block::{SlotBlock, field};
use super::codec;
use super::map::{FieldAt, RegisterMap};
pub use super::reason::Reason;
use crate::ids::{SiloNo, SlotNo};
use crate::units::{Grams, within};

/// What a slot's words amount to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// No order in the slot: number 0 and no name, whatever else stands there.
    Empty,
    /// Every rule holds.
    Accepted(SlotBlock),
    /// At least one rule does not hold; no value of the block may be used.
    Refused(Vec<Reason>),
}

/// What we know about the order that should be in the slot.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The slot we wrote it to.
    pub slot: SlotNo,
    /// The name we wrote.
    pub order_name: &'a str,
    /// Planned through the PLC: the sum over the silos, without manual lines.
    pub planned_total: Grams,
    /// Largest dose per silo; a silo that is absent here has no limit of its own.
    pub max_dose: &'a [(SiloNo, Grams)],
    /// The batch was stopped early: it may hold less than planned, never more.
    pub stopped: bool,
}

/// Judges one slot of the read area. With `expected` all rules apply; without, only those that
/// need no order (no name to compare, no dose limits, no mass balance).
#[must_use]
pub fn accept(
    map: &RegisterMap,
    slot: SlotNo,
    words: &[u16],
    expected: Option<&Expected<'_>>,
) -> Verdict {
    if words.len() != usize::from(map.block_words()) {
        return Verdict::Refused(vec![Reason::Length {
            found: words.len(),
            expected: map.block_words(),
        }]);
    }
    let order_slot = expected.map(|order| order.slot);
    if !map.has_slot(slot) || order_slot.is_some_and(|wanted| wanted != slot) {
        return Verdict::Refused(vec![Reason::Slot {
            found: slot,
            expected: order_slot,
        }]);
    }
    let fields = map.fields();
    let number_is_zero = field(words, fields.batch_no) == [0];
    if number_is_zero
        && field(words, fields.order_name)
            .iter()
            .all(|word| *word == 0)
    {
        return Verdict::Empty;
    }
    let mut reading = Reading {
        map,
        slot,
        words,
        reasons: Vec::new(),
    };
    let block = reading.block();
    reading.judge_name(&block, expected);
    reading.judge_masses(&block, expected);
    if reading.reasons.is_empty() {
        Verdict::Accepted(block)
    } else {
        Verdict::Refused(reading.reasons)
    }
}

/// One pass over a block that collects every broken rule. Values read from broken words are never
/// handed out: they only fill the place until the block is refused.
#[derive(Debug)]
struct Reading<'a> {
    map: &'a RegisterMap,
    slot: SlotNo,
    words: &'a [u16],
    reasons: Vec<Reason>,
}

impl Reading<'_> {
    fn addr(&self, offset: u16) -> u16 {
        self.map.read_base(self.slot) + offset
    }

    fn word(&self, offset: u16) -> u16 {
        self.words[usize::from(offset)]
    }

    fn pair(&self, offset: u16) -> [u16; 2] {
        [self.word(offset), self.word(offset + 1)]
    }

    fn mass(&self, offset: u16) -> Grams {
        codec::quantity_from(self.pair(offset), self.map.word_order(), self.map.scale())
    }

    fn text(&mut self, name: &'static str, at: FieldAt) -> String {
        let raw = field(self.words, at);
        codec::text_from(raw).unwrap_or_else(|why| {
            let addr = self.addr(at.offset);
            self.reasons.push(Reason::Text {
                field: name,
                addr,
                raw: raw.to_vec(),
                why,
            });
            String::new()
        })
    }

    fn truth(&mut self, name: &'static str, at: FieldAt) -> bool {
        let raw = self.word(at.offset);
        codec::bool_from(raw).unwrap_or_else(|_| {
            let addr = self.addr(at.offset);
            self.reasons.push(Reason::Bool {
                field: name,
                addr,
                raw,
            });
            false
        })
    }

    fn block(&mut self) -> SlotBlock {
        let fields = *self.map.fields();
        let batch_no = self.word(fields.batch_no.offset);
        if batch_no != self.slot.0 {
            let addr = self.addr(fields.batch_no.offset);
            self.reasons.push(Reason::SlotNumber {
                addr,
                raw: batch_no,
                expected: self.slot,
            });
        }
        for silo in self.map.silos() {
            let raw = self.word(silo.id_offset);
            if raw != silo.number.0 {
                let addr = self.addr(silo.id_offset);
                self.reasons.push(Reason::SiloId {
                    silo: silo.number,
                    addr,
                    raw,
                });
            }
        }
        SlotBlock {
            batch_no,
            order_name: self.text("order name", fields.order_name),
            bom_text: self.text("recipe text", fields.bom_text),
            product_text: self.text("product text", fields.product_text),
            planned: self.mass(fields.planned.offset),
            silos: self
                .map
                .silos()
                .iter()
                .map(|silo| (silo.number, self.mass(silo.qty_offset)))
                .collect(),
            finished: self.truth("finished", fields.finished),
            failed: self.truth("failed", fields.failed),
            weight: self.mass(fields.weight.offset),
            flag: self.truth("handshake", fields.flag),
        }
    }

    fn judge_name(&mut self, block: &SlotBlock, expected: Option<&Expected<'_>>) {
        let at = self.map.fields().order_name;
        let name_is_broken = self.reasons.iter().any(
            |reason| matches!(reason, Reason::Text { addr, .. } if *addr == self.addr(at.offset)),
        );
        let name_fits = match expected {
            Some(order) => block.order_name == order.order_name,
            None => !block.order_name.is_empty(),
        };
        if !name_fits && !name_is_broken {
            self.reasons.push(Reason::OrderName {
                addr: self.addr(at.offset),
                raw: field(self.words, at).to_vec(),
                found: block.order_name.clone(),
                expected: expected.map(|order| order.order_name.to_owned()),
            });
        }
    }

    fn judge_masses(&mut self, block: &SlotBlock, expected: Option<&Expected<'_>>) {
        let max = self.map.batch_max();
        let planned_at = self.map.fields().planned.offset;
        if block.planned > max {
            let (addr, raw) = (self.addr(planned_at), self.pair(planned_at));
            self.reasons.push(Reason::PlannedOverMax {
                addr,
                raw,
                found: block.planned,
                max,
            });
        }
        for (silo, (number, found)) in self.map.silos().iter().zip(&block.silos) {
            let limit = expected
                .and_then(|order| order.max_dose.iter().find(|(wanted, _)| wanted == number))
                .map(|(_, limit)| *limit);
            if let Some(max) = limit.filter(|limit| found > limit) {
                let (addr, raw) = (self.addr(silo.qty_offset), self.pair(silo.qty_offset));
                self.reasons.push(Reason::DoseOverMax {
                    silo: *number,
                    addr,
                    raw,
                    found: *found,
                    max,
                });
            }
        }
        let total = block.total().unwrap_or(Grams(i64::MAX));
        // A full batch may overshoot its plan by what the mass balance allows any batch.
        let balance = self.map.rules().mass_balance;
        let max_total = expected
            .and_then(|order| {
                let over = balance.of(order.planned_total);
                order.planned_total.checked_add(over)
            })
            .map_or(max, |limit| limit.max(max));
        if total > max_total {
            self.reasons.push(Reason::TotalOverMax {
                found: total,
                max: max_total,
            });
        }
        if block.finished {
            self.judge_final(block, total, expected);
        }
    }

    fn judge_final(&mut self, block: &SlotBlock, total: Grams, expected: Option<&Expected<'_>>) {
        let rules = *self.map.rules();
        if let Some(order) = expected {
            let planned = order.planned_total;
            let less_is_fine = order.stopped && total < planned;
            if !less_is_fine && !within(total, planned, rules.mass_balance) {
                self.reasons.push(Reason::MassBalance {
                    total,
                    planned,
                    limit: rules.mass_balance,
                });
            }
        }
        if let Some(weight) = block.reported_weight(&rules)
            && !within(weight, total, rules.weight)
        {
            let at = self.map.fields().weight.offset;
            let (addr, raw) = (self.addr(at), self.pair(at));
            self.reasons.push(Reason::Weight {
                addr,
                raw,
                weight,
                total,
                limit: rules.weight,
            });
        }
    }
}
