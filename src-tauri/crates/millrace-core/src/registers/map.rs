//! One plant's register map: where each value of a slot stands and which rules the PLC follows.
//! A [`RegisterMap`] exists only validated, so nothing that uses one checks ranges again.
//! Leaves out reading the file (`map_file`) and the meaning of words ([`super::codec`]).

use serde::{Deserialize, Serialize};

use super::codec::WordOrder;
use super::map_file::{self, MapError};
use crate::ids::{SiloNo, SlotNo};
use crate::units::{BasisPoints, Grams};

/// Characters of an order's name where the PLC need not carry all of it.
const LONG_NAME_CHARS: usize = 64;

/// A validated register map. Addresses are data-memory word numbers: 6000 is the PLC's D6000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterMap {
    pub(super) version: u32,
    pub(super) plant: String,
    pub(super) read_base: u16,
    pub(super) write_base: u16,
    pub(super) stride: u16,
    pub(super) slots: u16,
    pub(super) block_words: u16,
    pub(super) word_order: WordOrder,
    pub(super) scale: u16,
    pub(super) fields: Fields,
    pub(super) silos: Vec<SiloField>,
    pub(super) optional: OptionalWords,
    pub(super) system: SystemWords,
    pub(super) rules: Rules,
    pub(super) equipment_failure: Option<EquipmentFailureArea>,
    pub(super) manual_weighing: Option<ManualWeighingArea>,
}

/// A value's place within the block: offset of its first word, and its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldAt {
    /// First word, counted from the base of the slot.
    pub offset: u16,
    /// Width in words.
    pub words: u16,
}

/// The places of the values that every slot has besides its silos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// The slot number as the PLC repeats it; 0 in a slot never filled.
    pub batch_no: FieldAt,
    /// The order's name.
    pub order_name: FieldAt,
    /// The recipe text.
    pub bom_text: FieldAt,
    /// The product text.
    pub product_text: FieldAt,
    /// The planned total.
    pub planned: FieldAt,
    /// 0 running, 1 finished.
    pub finished: FieldAt,
    /// 0 normal, 1 failed.
    pub failed: FieldAt,
    /// The weight of the finished good.
    pub weight: FieldAt,
    /// The handshake word, last in the block: ack in the read area, ready/taken in the write area.
    pub flag: FieldAt,
}

/// A silo or liquid tank within the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiloField {
    /// The constant that the PLC keeps in the silo's id word.
    pub number: SiloNo,
    /// Stable key, for example `silo_a`.
    pub tag: String,
    /// What the people at the plant call it, for example `A`.
    pub label: String,
    /// Word of the id constant.
    pub id_offset: u16,
    /// First of the two words of the quantity.
    pub qty_offset: u16,
}

/// Words that only some plants have, as offsets among the spare words of a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OptionalWords {
    /// Write area: 0 none, 1 pause, 2 resume, 3 stop.
    pub command: Option<u16>,
    /// Read area: equals the command once it is carried out.
    pub command_echo: Option<u16>,
    /// Both areas: a number that tells two downloads of one order apart.
    pub download_id: Option<u16>,
}

/// Words of the PLC as a whole that only some plants have, as addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemWords {
    /// Rises by one about once a second while the PLC's program runs, and wraps to 0.
    pub heartbeat: Option<u16>,
    /// Rises by one at each start of the PLC's program; kept over a power loss.
    pub boot_counter: Option<u16>,
}

/// How the plant's program and ours take turns, and how far its figures may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Which flag says that a slot may be written.
    pub ready_rule: ReadyRule,
    /// When a finished slot may be used again.
    pub slot_free_when: SlotFreeWhen,
    /// Whether the plant reports a finished weight.
    pub finished_weight: FinishedWeight,
    /// Largest difference between the sum of a finished batch and its plan.
    pub mass_balance: BasisPoints,
    /// Largest difference between a reported weight and the sum.
    pub weight: BasisPoints,
    /// Largest total of one batch.
    pub batch_max: Grams,
}

/// Which flag says that a slot may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadyRule {
    /// Each slot's own flag.
    PerSlot,
    /// The first slot's flag guards the whole area.
    QueueHead,
}

/// When a finished slot may be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotFreeWhen {
    /// When the PLC has taken our acknowledgement back.
    AckCleared,
    /// As soon as it is acknowledged; the old content stays until the next order replaces it.
    TakenByNext,
}

/// Whether the plant reports a finished weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishedWeight {
    /// Always; a zero is a weight of zero.
    Reported,
    /// A zero means that the plant did not fill it.
    ZeroMeansAbsent,
    /// Never; the words are not looked at.
    Absent,
}

/// Addresses of the one-event area for equipment failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EquipmentFailureArea {
    /// Equipment code, eight words of text.
    pub equipment_code: u16,
    /// What happened, eight words of text.
    pub failure_info: u16,
    /// Year, four BCD digits.
    pub year: u16,
    /// Month, two BCD digits, as are the words below.
    pub month: u16,
    /// Day of the month.
    pub day: u16,
    /// Hour, plant local time.
    pub hour: u16,
    /// Minute.
    pub minute: u16,
    /// Second.
    pub second: u16,
    /// We write 1 after storing; the PLC clears it.
    pub status_read_data: u16,
}

/// Addresses of the one-entry area for manual weighings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualWeighingArea {
    /// Batch or lot number, one word.
    pub batch_no: u16,
    /// Order name, eight words of text.
    pub mo_id: u16,
    /// The ERP's product number, one word.
    pub product_id: u16,
    /// Weighed amount, two words.
    pub qty: u16,
    /// We write 1 after storing; the PLC clears it.
    pub status_read_data: u16,
}

impl RegisterMap {
    /// Reads and validates a map file (TOML).
    ///
    /// # Errors
    /// [`MapError`] names the line or key at fault and says in a sentence what is wrong with it.
    pub fn parse(toml_text: &str) -> Result<RegisterMap, MapError> {
        map_file::parse(toml_text)
    }

    /// The map's own version, shown to people.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The plant the map is for.
    #[must_use]
    pub fn plant(&self) -> &str {
        &self.plant
    }

    /// All slots in the order of their addresses.
    pub fn slots(&self) -> impl DoubleEndedIterator<Item = SlotNo> + use<> {
        (1..=self.slots).map(SlotNo)
    }

    /// How many slots there are.
    #[must_use]
    pub fn slot_count(&self) -> u16 {
        self.slots
    }

    /// True for the numbers that [`RegisterMap::slots`] gives.
    #[must_use]
    pub fn has_slot(&self, slot: SlotNo) -> bool {
        (1..=self.slots).contains(&slot.0)
    }

    /// All silos and tanks in the order of their words.
    #[must_use]
    pub fn silos(&self) -> &[SiloField] {
        &self.silos
    }

    /// The silo with this number, if the map has it.
    #[must_use]
    pub fn silo(&self, number: SiloNo) -> Option<&SiloField> {
        self.silos.iter().find(|silo| silo.number == number)
    }

    /// First word of the slot where the PLC reports.
    ///
    /// # Panics
    /// When the map has no such slot: a made-up address must never reach a PLC.
    #[must_use]
    pub fn read_base(&self, slot: SlotNo) -> u16 {
        self.base(self.read_base, slot)
    }

    /// First word of the slot where we write orders.
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn write_base(&self, slot: SlotNo) -> u16 {
        self.base(self.write_base, slot)
    }

    /// The slot's own ready/taken flag in the write area (D7x76 in the demo map).
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn ready_addr(&self, slot: SlotNo) -> u16 {
        self.write_base(slot) + self.fields.flag.offset
    }

    /// The flag that guards writing to this slot: its own, or the first slot's under
    /// [`ReadyRule::QueueHead`]. This is the word that offers an order.
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn guard_addr(&self, slot: SlotNo) -> u16 {
        match self.rules.ready_rule {
            ReadyRule::PerSlot => self.ready_addr(slot),
            ReadyRule::QueueHead => self.ready_addr(SlotNo(1)),
        }
    }

    /// The slot's acknowledgement in the read area (D6x76 in the demo map).
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn ack_addr(&self, slot: SlotNo) -> u16 {
        self.read_base(slot) + self.fields.flag.offset
    }

    /// The slot's command word in the write area, where the plant has one.
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn command_addr(&self, slot: SlotNo) -> Option<u16> {
        self.optional
            .command
            .map(|offset| self.write_base(slot) + offset)
    }

    /// The slot's command echo in the read area, where the plant has one.
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn command_echo_addr(&self, slot: SlotNo) -> Option<u16> {
        self.optional
            .command_echo
            .map(|offset| self.read_base(slot) + offset)
    }

    /// The slot's download-id words as (write area, read area), where the plant has them.
    ///
    /// # Panics
    /// As [`RegisterMap::read_base`].
    #[must_use]
    pub fn download_id_addr(&self, slot: SlotNo) -> Option<(u16, u16)> {
        self.optional.download_id.map(|offset| {
            (
                self.write_base(slot) + offset,
                self.read_base(slot) + offset,
            )
        })
    }

    /// The words of the PLC as a whole, where the plant has them.
    #[must_use]
    pub fn system(&self) -> SystemWords {
        self.system
    }

    /// Words of one slot's block; read and written in one frame.
    #[must_use]
    pub fn block_words(&self) -> u16 {
        self.block_words
    }

    /// Words from a slot's base to the last one that has a meaning: the block, and the optional
    /// words behind it.
    #[must_use]
    pub fn slot_words(&self) -> u16 {
        let optional = [
            self.optional.command,
            self.optional.command_echo,
            self.optional.download_id,
        ];
        let behind = optional.into_iter().flatten().map(|offset| offset + 1);
        behind.fold(self.block_words, u16::max)
    }

    /// Words from one slot's base to the next.
    #[must_use]
    pub fn stride(&self) -> u16 {
        self.stride
    }

    /// Offset of the handshake word, the last of the block.
    #[must_use]
    pub fn flag_offset(&self) -> u16 {
        self.fields.flag.offset
    }

    /// Characters that a text field holds.
    #[must_use]
    pub fn text_chars(&self) -> usize {
        usize::from(self.fields.order_name.words) * 2
    }

    /// Characters that an order's name may have: what the PLC carries, or where downloads have a
    /// number of their own, more than that (`decisions.md` 2).
    #[must_use]
    pub fn order_name_chars(&self) -> usize {
        if self.optional.download_id.is_some() {
            LONG_NAME_CHARS
        } else {
            self.text_chars()
        }
    }

    /// Where the values common to all slots stand.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Order of the two words of a quantity.
    #[must_use]
    pub fn word_order(&self) -> WordOrder {
        self.word_order
    }

    /// Counts per kilogram in every quantity.
    #[must_use]
    pub fn scale(&self) -> u16 {
        self.scale
    }

    /// The plant's rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Largest total of one batch.
    #[must_use]
    pub fn batch_max(&self) -> Grams {
        self.rules.batch_max
    }

    /// Where equipment failures are reported, if the plant does.
    #[must_use]
    pub fn equipment_failure(&self) -> Option<&EquipmentFailureArea> {
        self.equipment_failure.as_ref()
    }

    /// Where manual weighings are reported, if the plant does.
    #[must_use]
    pub fn manual_weighing(&self) -> Option<&ManualWeighingArea> {
        self.manual_weighing.as_ref()
    }

    fn base(&self, first: u16, slot: SlotNo) -> u16 {
        assert!(self.has_slot(slot), "the register map has no slot {slot}");
        first + self.stride * (slot.0 - 1)
    }
}
