//! The area in which the PLC reports one manual weighing: its words as an event, or why not.
//! Leaves out who writes when ([`super::area`]) and which batch it belongs to (application).

use super::area::{AreaContent, AreaReading, AreaReason, hash, open, span, take};
use super::codec::{quantity_from, text_from};
use super::map::{ManualWeighingArea, RegisterMap};
use crate::units::Grams;

/// Words of a text.
const TEXT: u16 = 8;
/// Largest number in a signed word.
const NUMBER_MAX: u16 = 0x7FFF;

/// One manual weighing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighingEvent {
    /// The batch or lot number of the entry; where it is a slot's number it tells which batch is meant.
    pub batch_no: u16,
    /// The order's name as the PLC has it.
    pub order_name: String,
    /// The ERP's product number.
    pub product_id: u16,
    /// What was weighed.
    pub mass: Grams,
    /// Hash of the words, the handshake left out.
    pub hash: String,
}

impl ManualWeighingArea {
    fn fields(&self) -> [(u16, u16); 4] {
        [
            (self.batch_no, 1),
            (self.mo_id, TEXT),
            (self.product_id, 1),
            (self.qty, 2),
        ]
    }

    /// First word and number of words to read, handshake included.
    #[must_use]
    pub fn span(&self) -> (u16, u16) {
        let mut fields = self.fields().to_vec();
        fields.push((self.status_read_data, 1));
        span(&fields)
    }

    /// What the words of [`ManualWeighingArea::span`] say, by the word order, the scale and the
    /// largest batch of `map`. Nothing = no name, no product, no weight.
    #[must_use]
    pub fn decode(&self, map: &RegisterMap, words: &[u16]) -> AreaReading<WeighingEvent> {
        let mut reasons = Vec::new();
        let (area, ack) = match open(self.span(), self.status_read_data, words, &mut reasons) {
            Ok(opened) => opened,
            Err(refused) => return refused,
        };
        let name_words = area.at(self.mo_id, TEXT);
        let name = take(
            text_from(&name_words),
            "order name",
            self.mo_id,
            &name_words,
            &mut reasons,
        );
        let raw = [area.word(self.qty), area.word(self.qty + 1)];
        let mass = quantity_from(raw, map.word_order(), map.scale());
        let (batch_no, product_id) = (area.word(self.batch_no), area.word(self.product_id));
        let is_empty = name.as_deref() == Some("") && product_id == 0 && mass == Grams::ZERO;
        let content = if reasons.is_empty() && is_empty {
            AreaContent::Nothing
        } else {
            let mut refuse = |field, addr, raw: &[u16], why| {
                reasons.push(AreaReason::Field {
                    field,
                    addr,
                    raw: raw.to_vec(),
                    why,
                });
            };
            if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
                refuse("order name", self.mo_id, &name_words, "is empty");
            }
            if batch_no > NUMBER_MAX {
                refuse("batch number", self.batch_no, &[batch_no], "is negative");
            }
            if !(1..=NUMBER_MAX).contains(&product_id) {
                let why = "is not a number from 1 to 32767";
                refuse("product number", self.product_id, &[product_id], why);
            }
            if mass <= Grams::ZERO || mass > map.batch_max() {
                reasons.push(AreaReason::Mass {
                    addr: self.qty,
                    raw,
                    found: mass,
                    max: map.batch_max(),
                });
            }
            match name {
                Some(order_name) if reasons.is_empty() => AreaContent::Event(WeighingEvent {
                    batch_no,
                    order_name,
                    product_id,
                    mass,
                    hash: hash("millrace-weighing-1", &area, &self.fields()),
                }),
                Some(_) | None => AreaContent::Refused(reasons),
            }
        };
        AreaReading {
            ack: ack.unwrap_or(false),
            content,
        }
    }
}
