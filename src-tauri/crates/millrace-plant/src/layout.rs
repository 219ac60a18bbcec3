//! Where the demo PLC keeps its words: plain addresses and offsets taken once from the register
//! map. Leaves out what is done with them (`ladder`, `exchange`).

use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::registers::{ReadyRule, RegisterMap, SlotFreeWhen, WordOrder};
use serde::{Deserialize, Serialize};

use crate::memory::Memory;

/// The map asks for what the virtual plant does not have. The map's or the silo file's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The silo file lacks a silo of the map.
    #[error("the register map names silo {0}, the silo file does not")]
    UnknownSilo(SiloNo),
    /// The map follows a rule or a number format that this PLC program does not.
    #[error("the virtual plant cannot do {0}")]
    Unsupported(&'static str),
}

/// The words of one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotAddresses {
    /// The slot.
    pub slot: SlotNo,
    /// First word of its READ block.
    pub read: u16,
    /// First word of its WRITE block.
    pub write: u16,
    /// The hand-over flag (D7x76), or the first slot's where it guards all.
    pub flag: u16,
    /// The acknowledgement (D6x76).
    pub ack: u16,
    /// The command word, if the map has one.
    pub command: Option<u16>,
    /// The command's echo, if the map has one.
    pub command_echo: Option<u16>,
    /// The download id in the WRITE and in the READ area, if the map has them.
    pub download_id: Option<(u16, u16)>,
}

/// The words of one silo, as offsets within a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiloOffsets {
    /// The silo, and the constant in its id word.
    pub silo: SiloNo,
    /// The id word.
    pub id_offset: u16,
    /// The first word of its quantity.
    pub qty_offset: u16,
}

/// The words of the area for equipment failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureWords {
    /// The equipment's code, eight words of text.
    pub code: u16,
    /// What failed, eight words of text.
    pub info: u16,
    /// Year, month, day, hour, minute, second.
    pub date: [u16; 6],
    /// The handshake.
    pub handshake: u16,
}

/// The words of the area for manual weighings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeighingWords {
    /// The batch word.
    pub batch: u16,
    /// The order's name, eight words of text.
    pub order_name: u16,
    /// The product's number.
    pub product: u16,
    /// The quantity, two words.
    pub quantity: u16,
    /// The handshake.
    pub handshake: u16,
}

/// All addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Slots in their order.
    pub slots: Vec<SlotAddresses>,
    /// One flag guards all slots.
    pub one_flag: bool,
    /// Silos in the map's order, which is the order of dosing.
    pub silos: Vec<SiloOffsets>,
    /// Words of a block, flag included.
    pub block_words: u16,
    /// The slot number.
    pub number_offset: u16,
    /// The order's name.
    pub name_offset: u16,
    /// Words of the name; two characters each, the first in the high byte.
    pub name_words: u16,
    /// The planned total.
    pub planned_offset: u16,
    /// `status_manufacturing`.
    pub status_offset: u16,
    /// `status_operation`.
    pub failed_offset: u16,
    /// The finished weight.
    pub weight_offset: u16,
    /// Flag or acknowledgement.
    pub flag_offset: u16,
    /// Counts seconds of the running program, if the map has it.
    pub heartbeat: Option<u16>,
    /// Counts the program's starts, if the map has it.
    pub boot_counter: Option<u16>,
    /// Where equipment failures are reported, if they are.
    pub failure: Option<FailureWords>,
    /// Where manual weighings are reported, if they are.
    pub weighing: Option<WeighingWords>,
    /// The PLC clears a READ slot after its acknowledgement; else the next recipe replaces it.
    pub clears_after_ack: bool,
}

impl Layout {
    /// Takes the addresses from a map.
    ///
    /// # Errors
    /// [`LayoutError::Unsupported`] for what the demo PLC does not do: quantities other than
    /// hundredths with the high word first.
    pub fn from_map(map: &RegisterMap) -> Result<Layout, LayoutError> {
        match map.word_order() {
            WordOrder::HighFirst => {}
            WordOrder::LowFirst => return Err(LayoutError::Unsupported("low words first")),
        }
        if map.scale() != 100 {
            return Err(LayoutError::Unsupported("a scale other than 100"));
        }
        let slots = map.slots().map(|slot| SlotAddresses {
            slot,
            read: map.read_base(slot),
            write: map.write_base(slot),
            flag: map.guard_addr(slot),
            ack: map.ack_addr(slot),
            command: map.command_addr(slot),
            command_echo: map.command_echo_addr(slot),
            download_id: map.download_id_addr(slot),
        });
        let silos = map.silos().iter().map(|field| SiloOffsets {
            silo: field.number,
            id_offset: field.id_offset,
            qty_offset: field.qty_offset,
        });
        let fields = map.fields();
        Ok(Layout {
            slots: slots.collect(),
            one_flag: match map.rules().ready_rule {
                ReadyRule::PerSlot => false,
                ReadyRule::QueueHead => true,
            },
            silos: silos.collect(),
            block_words: map.block_words(),
            number_offset: fields.batch_no.offset,
            name_offset: fields.order_name.offset,
            name_words: fields.order_name.words,
            planned_offset: fields.planned.offset,
            status_offset: fields.finished.offset,
            failed_offset: fields.failed.offset,
            weight_offset: fields.weight.offset,
            flag_offset: map.flag_offset(),
            heartbeat: map.system().heartbeat,
            boot_counter: map.system().boot_counter,
            failure: map.equipment_failure().map(|area| FailureWords {
                code: area.equipment_code,
                info: area.failure_info,
                date: [
                    area.year,
                    area.month,
                    area.day,
                    area.hour,
                    area.minute,
                    area.second,
                ],
                handshake: area.status_read_data,
            }),
            weighing: map.manual_weighing().map(|area| WeighingWords {
                batch: area.batch_no,
                order_name: area.mo_id,
                product: area.product_id,
                quantity: area.qty,
                handshake: area.status_read_data,
            }),
            clears_after_ack: match map.rules().slot_free_when {
                SlotFreeWhen::AckCleared => true,
                SlotFreeWhen::TakenByNext => false,
            },
        })
    }

    /// The place of a slot in the order of slots.
    #[must_use]
    pub fn place_of(&self, slot: SlotNo) -> Option<usize> {
        self.slots.iter().position(|s| s.slot == slot)
    }

    /// The order's name in the block that begins at `block`: characters up to the first NUL.
    #[must_use]
    pub fn order_name(&self, block: u16, memory: &Memory) -> String {
        let first = block.saturating_add(self.name_offset);
        (0..self.name_words)
            .flat_map(|n| memory.get(first.saturating_add(n)).to_be_bytes())
            .take_while(|byte| *byte != 0)
            .map(char::from)
            .collect()
    }

    /// True when the block holds neither a slot number nor a name.
    #[must_use]
    pub fn is_empty(&self, block: u16, memory: &Memory) -> bool {
        memory.get(block.saturating_add(self.number_offset)) == 0
            && self.order_name(block, memory).is_empty()
    }

    /// True when the WRITE block of this slot is handed over: the flag is 0 and there is a recipe. Where
    /// one flag guards all slots, the slot number says which recipe is new; the program takes it away
    /// when the batch is finished.
    #[must_use]
    pub fn is_offered(&self, slot: &SlotAddresses, memory: &Memory) -> bool {
        let number = memory.get(slot.write.saturating_add(self.number_offset));
        memory.get(slot.flag) == 0
            && !self.is_empty(slot.write, memory)
            && (!self.one_flag || number != 0)
    }

    /// Sets every word of a READ block to zero, the acknowledgement last.
    pub fn clear_read_slot(&self, slot: &SlotAddresses, memory: &mut Memory) {
        for offset in (0..self.block_words).filter(|offset| *offset != self.flag_offset) {
            memory.set(slot.read.saturating_add(offset), 0);
        }
        if let Some((_, read)) = slot.download_id {
            memory.set(read, 0);
        }
        memory.set(slot.ack, 0);
    }
}
