//! The register map as a file: TOML in, a validated [`RegisterMap`] or a sentence out. Unknown
//! keys, overlaps, wrong widths and addresses outside the area are refused, because a map that is
//! nearly right doses the wrong material. Leaves out the checks themselves (`map_check`) and
//! opening the file.

use serde::Deserialize;

use super::codec::WordOrder;
use super::map::{
    EquipmentFailureArea, FinishedWeight, ManualWeighingArea, OptionalWords, ReadyRule,
    RegisterMap, SlotFreeWhen, SystemWords,
};
use super::map_check;

/// Why a register map is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The file is no TOML, lacks a key, or has one that is not known.
    #[error("register map, line {line}: {why}")]
    Syntax {
        /// Line of the file, from 1; 0 when the whole file is meant.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A key's value cannot be right.
    #[error("register map, {key}: {why}")]
    Value {
        /// The key at fault.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) plant: String,
    #[serde(rename = "area")]
    pub(super) _area: Area,
    pub(super) read_base: u16,
    pub(super) write_base: u16,
    pub(super) stride: u16,
    pub(super) slots: u16,
    pub(super) block_words: u16,
    pub(super) word_order: WordOrder,
    pub(super) scale: u16,
    pub(super) fields: FileFields,
    pub(super) silo: Vec<FileSilo>,
    #[serde(default)]
    pub(super) optional: FileOptional,
    #[serde(default)]
    pub(super) system: SystemWords,
    pub(super) rules: FileRules,
    pub(super) equipment_failure: Option<EquipmentFailureArea>,
    pub(super) manual_weighing: Option<ManualWeighingArea>,
}

#[derive(Debug, Deserialize)]
pub(super) enum Area {
    #[serde(rename = "DM")]
    DataMemory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FieldType {
    I16,
    Ascii,
    U32,
    Bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileField {
    pub(super) offset: u16,
    pub(super) words: u16,
    #[serde(rename = "type")]
    pub(super) kind: FieldType,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileFields {
    pub(super) batch_no: FileField,
    pub(super) mo_id: FileField,
    pub(super) bom_name: FileField,
    pub(super) product_name: FileField,
    pub(super) target_qty: FileField,
    pub(super) status_manufacturing: FileField,
    pub(super) status_operation: FileField,
    pub(super) finished_weight: FileField,
    pub(super) status_read_data: FileField,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSilo {
    pub(super) number: u16,
    pub(super) tag: String,
    pub(super) label: String,
    pub(super) id_offset: u16,
    pub(super) qty_offset: u16,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOptional {
    pub(super) command: Option<u16>,
    pub(super) command_echo: Option<u16>,
    pub(super) download_id: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRules {
    pub(super) ready_rule: ReadyRule,
    pub(super) slot_free_when: SlotFreeWhen,
    pub(super) finished_weight: FinishedWeight,
    pub(super) mass_balance_pct: u8,
    pub(super) weight_pct: u8,
    pub(super) batch_max_kg: u32,
}

pub(super) fn parse(text: &str) -> Result<RegisterMap, MapError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            1 + text
                .bytes()
                .take(span.start)
                .filter(|byte| *byte == b'\n')
                .count()
        });
        MapError::Syntax {
            line,
            why: error.message().to_owned(),
        }
    })?;
    map_check::check_frame(&file)?;
    let fields = map_check::check_fields(&file)?;
    let silos = map_check::check_silos(&file)?;
    map_check::check_block(&file)?;
    map_check::check_optional(&file)?;
    map_check::check_areas(&file)?;
    let rules = map_check::check_rules(&file.rules)?;
    Ok(RegisterMap {
        version: file.version,
        plant: file.plant,
        read_base: file.read_base,
        write_base: file.write_base,
        stride: file.stride,
        slots: file.slots,
        block_words: file.block_words,
        word_order: file.word_order,
        scale: file.scale,
        fields,
        silos,
        optional: OptionalWords {
            command: file.optional.command,
            command_echo: file.optional.command_echo,
            download_id: file.optional.download_id,
        },
        system: file.system,
        rules,
        equipment_failure: file.equipment_failure,
        manual_weighing: file.manual_weighing,
    })
}
