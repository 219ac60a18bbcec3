//! One slot's block of words as a whole: the order we write, and what the PLC reports.
//! Leaves out whether a report may be believed ([`super::verdict`]) and sending the words.
//!
//! Write all words but the last first, compare them, and the handshake word alone at the very end
//! ([`RegisterMap::flag_offset`]): until then the PLC must not look at the block.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::codec::{self, CodecError};
use super::map::{FieldAt, FinishedWeight, RegisterMap, Rules};
use crate::ids::{SiloNo, SlotNo};
use crate::units::Grams;

/// One batch as it is written to a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotOrder {
    /// The slot; also the number written into the block.
    pub slot: SlotNo,
    /// The order's name, whole: it is what the PLC's answer is recognised by.
    pub order_name: String,
    /// Recipe text for the PLC's panel, see [`plc_text`].
    pub bom_text: String,
    /// Product text for the PLC's panel, see [`plc_text`].
    pub product_text: String,
    /// Planned total.
    pub planned: Grams,
    /// Planned per silo; a silo that is absent gets zero.
    pub silos: Vec<(SiloNo, Grams)>,
}

/// One slot as the PLC reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotBlock {
    /// The slot number that the PLC repeats.
    pub batch_no: u16,
    /// The order's name.
    pub order_name: String,
    /// Recipe text.
    pub bom_text: String,
    /// Product text.
    pub product_text: String,
    /// Planned total as the PLC repeats it.
    pub planned: Grams,
    /// Dosed per silo: all silos, in the order of the map.
    pub silos: Vec<(SiloNo, Grams)>,
    /// The batch is finished.
    pub finished: bool,
    /// The plant reports a failed operation.
    pub failed: bool,
    /// The finished-weight words as they stand; see [`SlotBlock::reported_weight`].
    pub weight: Grams,
    /// The handshake word: in the read area the acknowledgement.
    pub flag: bool,
}

impl SlotBlock {
    /// The sum of all silos, or `None` on overflow.
    #[must_use]
    pub fn total(&self) -> Option<Grams> {
        Grams::checked_sum(self.silos.iter().map(|(_, mass)| *mass))
    }

    /// The finished weight where the plant gives one.
    #[must_use]
    pub fn reported_weight(&self, rules: &Rules) -> Option<Grams> {
        match rules.finished_weight {
            FinishedWeight::Reported => Some(self.weight),
            FinishedWeight::ZeroMeansAbsent => Some(self.weight).filter(|weight| weight.0 != 0),
            FinishedWeight::Absent => None,
        }
    }
}

/// Why an order cannot be written to a slot. Found before the first word is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The map has no such slot.
    #[error("the plant has no slot {0}")]
    UnknownSlot(SlotNo),
    /// An order without a name could not be told from an empty slot.
    #[error("the order has no name")]
    NoName,
    /// The name or a text does not fit its field.
    #[error("{field} {text:?}: {why}")]
    Text {
        /// Which text.
        field: &'static str,
        /// The text.
        text: String,
        /// Why not.
        why: CodecError,
    },
    /// The map has no such silo.
    #[error("the plant has no silo {0}")]
    UnknownSilo(SiloNo),
    /// A silo stands twice in the order.
    #[error("silo {0} stands twice in the order")]
    DuplicateSilo(SiloNo),
    /// A silo's quantity cannot be written.
    #[error("silo {silo}: {why}")]
    Dose {
        /// The silo.
        silo: SiloNo,
        /// Why not.
        why: CodecError,
    },
    /// The planned total cannot be written.
    #[error("planned total: {0}")]
    Planned(CodecError),
    /// The plan or the sum of the silos is more than one batch may hold.
    #[error("{found} is more than the largest batch of {max}")]
    OverBatchMax {
        /// The larger of plan and sum.
        found: Grams,
        /// The map's limit.
        max: Grams,
    },
}

/// The order as the block's words: status, weight and the handshake word (the last) are zero.
///
/// # Errors
/// [`EncodeError`]; nothing is cut, rounded or left out to make an order fit.
pub fn encode(map: &RegisterMap, order: &SlotOrder) -> Result<Vec<u16>, EncodeError> {
    if !map.has_slot(order.slot) {
        return Err(EncodeError::UnknownSlot(order.slot));
    }
    if order.order_name.is_empty() {
        return Err(EncodeError::NoName);
    }
    let fields = map.fields();
    let mut words = vec![0; usize::from(map.block_words())];
    put(&mut words, fields.batch_no.offset, &[order.slot.0]);
    for (field, text, at) in [
        ("order name", &order.order_name, fields.order_name),
        ("recipe text", &order.bom_text, fields.bom_text),
        ("product text", &order.product_text, fields.product_text),
    ] {
        let encoded =
            codec::text_to(text, usize::from(at.words)).map_err(|why| EncodeError::Text {
                field,
                text: text.clone(),
                why,
            })?;
        put(&mut words, at.offset, &encoded);
    }
    put(
        &mut words,
        fields.planned.offset,
        &quantity(map, order.planned).map_err(EncodeError::Planned)?,
    );
    for silo in map.silos() {
        put(&mut words, silo.id_offset, &[silo.number.0]);
    }
    let mut seen = BTreeSet::new();
    for (number, mass) in &order.silos {
        let silo = map.silo(*number).ok_or(EncodeError::UnknownSilo(*number))?;
        if !seen.insert(*number) {
            return Err(EncodeError::DuplicateSilo(*number));
        }
        let dose = quantity(map, *mass).map_err(|why| EncodeError::Dose { silo: *number, why })?;
        put(&mut words, silo.qty_offset, &dose);
    }
    let sum =
        Grams::checked_sum(order.silos.iter().map(|(_, mass)| *mass)).unwrap_or(Grams(i64::MAX));
    let found = sum.max(order.planned);
    if found > map.batch_max() {
        return Err(EncodeError::OverBatchMax {
            found,
            max: map.batch_max(),
        });
    }
    Ok(words)
}

/// A text as the PLC can show it: characters outside 32..=126 are dropped (not replaced: a
/// replacement would look like part of the name) and the rest is cut to the field. People are
/// shown the result before it is sent, and nothing is ever recognised by it.
#[must_use]
pub fn plc_text(text: &str, map: &RegisterMap) -> String {
    text.chars()
        .filter(|c| codec::is_plc_char(*c))
        .take(map.text_chars())
        .collect()
}

/// The order's name as the PLC carries and repeats it: whole, or where two downloads can be told
/// apart by their number ([`RegisterMap::download_id_addr`]) as much of it as fits.
#[must_use]
pub fn plc_order_name(order_name: &str, map: &RegisterMap) -> String {
    let has_number = map
        .slots()
        .next()
        .is_some_and(|slot| map.download_id_addr(slot).is_some());
    if has_number {
        plc_text(order_name, map)
    } else {
        order_name.to_owned()
    }
}

/// SHA-256 (hex) over the block without its handshake word: equal means "the same report again".
#[must_use]
pub fn content_hash(map: &RegisterMap, words: &[u16]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"millrace slot block 1\n");
    for word in words.iter().take(usize::from(map.flag_offset())) {
        hash.update(word.to_be_bytes());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn quantity(map: &RegisterMap, mass: Grams) -> Result<[u16; 2], CodecError> {
    codec::quantity_to(mass, map.word_order(), map.scale())
}

/// The caller's offsets come from a validated map and lie within the block.
fn put(words: &mut [u16], offset: u16, values: &[u16]) {
    let start = usize::from(offset);
    words[start..start + values.len()].copy_from_slice(values);
}

/// The words of one value; the block's length was checked before.
pub(super) fn field(words: &[u16], at: FieldAt) -> &[u16] {
    let start = usize::from(at.offset);
    &words[start..start + usize::from(at.words)]
}
