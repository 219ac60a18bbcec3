//! The checks that a register map must pass beyond its form: ranges, widths, duplicates and
//! overlaps. Each refusal names the key. Leaves out the file's form (`map_file`).

use std::collections::{BTreeMap, BTreeSet};

use super::map::{FieldAt, Fields, Rules, SiloField};
use super::map_file::{FieldType, File, FileField, FileRules, MapError};
use crate::ids::SiloNo;
use crate::units::{BasisPoints, Grams};

/// Words of the data memory: D0 to D32767.
const AREA_WORDS: u32 = 32_768;
/// Words that one frame can read.
const FRAME_WORDS: u16 = 999;
/// Words of a text in the fixed areas outside the slots.
const AREA_TEXT_WORDS: u16 = 8;

fn wrong(key: impl Into<String>, why: impl Into<String>) -> MapError {
    MapError::Value {
        key: key.into(),
        why: why.into(),
    }
}

fn ensure(holds: bool, key: &str, why: impl Into<String>) -> Result<(), MapError> {
    if holds { Ok(()) } else { Err(wrong(key, why)) }
}

/// Who owns which word; a second owner is an overlap.
#[derive(Debug, Default)]
struct Claims(BTreeMap<u32, String>);

impl Claims {
    fn claim(&mut self, key: &str, first: u32, words: u32) -> Result<(), MapError> {
        for word in first..first + words {
            if let Some(owner) = self.0.insert(word, key.to_owned()) {
                return Err(wrong(
                    key,
                    format!("word {word} already belongs to {owner}"),
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn check_frame(file: &File) -> Result<(), MapError> {
    ensure(file.version >= 1, "version", "versions count from 1")?;
    ensure(
        !file.plant.trim().is_empty(),
        "plant",
        "the plant needs a name",
    )?;
    ensure(
        (1..=100).contains(&file.slots),
        "slots",
        "there must be 1 to 100 slots",
    )?;
    ensure(
        (1..=FRAME_WORDS).contains(&file.block_words),
        "block_words",
        format!("a block must fit one frame: 1 to {FRAME_WORDS} words"),
    )?;
    ensure(
        file.stride >= file.block_words,
        "stride",
        "slots overlap: the stride is smaller than the block",
    )?;
    ensure(
        [1, 10, 100, 1_000].contains(&file.scale),
        "scale",
        "counts per kilogram must be 1, 10, 100 or 1000",
    )
}

/// Words from a base to the end of the last slot.
fn span(file: &File) -> u32 {
    u32::from(file.stride) * u32::from(file.slots)
}

pub(super) fn check_fields(file: &File) -> Result<Fields, MapError> {
    let f = &file.fields;
    let at = |key: &str, field: FileField, kind: FieldType, words: Option<u16>| {
        let key = format!("fields.{key}");
        ensure(
            field.kind == kind,
            &key,
            format!("the type must be {kind:?}, not {:?}", field.kind),
        )?;
        let width = words.unwrap_or(field.words);
        ensure(
            field.words == width && width > 0,
            &key,
            format!("the width must be {width}, not {}", field.words),
        )?;
        Ok(FieldAt {
            offset: field.offset,
            words: field.words,
        })
    };
    let text = Some(f.mo_id.words);
    let fields = Fields {
        batch_no: at("batch_no", f.batch_no, FieldType::I16, Some(1))?,
        order_name: at("mo_id", f.mo_id, FieldType::Ascii, None)?,
        bom_text: at("bom_name", f.bom_name, FieldType::Ascii, text)?,
        product_text: at("product_name", f.product_name, FieldType::Ascii, text)?,
        planned: at("target_qty", f.target_qty, FieldType::U32, Some(2))?,
        finished: at(
            "status_manufacturing",
            f.status_manufacturing,
            FieldType::Bool,
            Some(1),
        )?,
        failed: at(
            "status_operation",
            f.status_operation,
            FieldType::Bool,
            Some(1),
        )?,
        weight: at(
            "finished_weight",
            f.finished_weight,
            FieldType::U32,
            Some(2),
        )?,
        flag: at(
            "status_read_data",
            f.status_read_data,
            FieldType::Bool,
            Some(1),
        )?,
    };
    ensure(
        u32::from(fields.flag.offset) + 1 == u32::from(file.block_words),
        "fields.status_read_data",
        "the handshake word must be the last of the block, so that it can be written after all others",
    )?;
    Ok(fields)
}

pub(super) fn check_silos(file: &File) -> Result<Vec<SiloField>, MapError> {
    ensure(
        !file.silo.is_empty(),
        "silo",
        "there must be at least one silo",
    )?;
    let (mut numbers, mut tags, mut labels) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for silo in &file.silo {
        let key = format!("silo {}", silo.number);
        ensure(
            (1..=32_767).contains(&silo.number),
            &key,
            "a silo number must be 1 to 32767",
        )?;
        ensure(
            numbers.insert(silo.number),
            &key,
            "the number is used twice",
        )?;
        ensure(!silo.tag.trim().is_empty(), &key, "the tag is empty")?;
        ensure(
            tags.insert(silo.tag.as_str()),
            &key,
            format!("the tag {:?} is used twice", silo.tag),
        )?;
        ensure(!silo.label.trim().is_empty(), &key, "the label is empty")?;
        ensure(
            labels.insert(silo.label.as_str()),
            &key,
            format!("the label {:?} is used twice", silo.label),
        )?;
    }
    Ok(file
        .silo
        .iter()
        .map(|silo| SiloField {
            number: SiloNo(silo.number),
            tag: silo.tag.clone(),
            label: silo.label.clone(),
            id_offset: silo.id_offset,
            qty_offset: silo.qty_offset,
        })
        .collect())
}

/// Every value lies within the block and no word belongs to two of them.
pub(super) fn check_block(file: &File) -> Result<(), MapError> {
    let f = &file.fields;
    let mut values: Vec<(String, u16, u16)> = [
        ("batch_no", f.batch_no),
        ("mo_id", f.mo_id),
        ("bom_name", f.bom_name),
        ("product_name", f.product_name),
        ("target_qty", f.target_qty),
        ("status_manufacturing", f.status_manufacturing),
        ("status_operation", f.status_operation),
        ("finished_weight", f.finished_weight),
        ("status_read_data", f.status_read_data),
    ]
    .iter()
    .map(|(key, field)| (format!("fields.{key}"), field.offset, field.words))
    .collect();
    for silo in &file.silo {
        values.push((format!("silo {} id_offset", silo.number), silo.id_offset, 1));
        values.push((
            format!("silo {} qty_offset", silo.number),
            silo.qty_offset,
            2,
        ));
    }
    let mut claims = Claims::default();
    for (key, offset, words) in &values {
        let end = u32::from(*offset) + u32::from(*words);
        ensure(
            end <= u32::from(file.block_words),
            key,
            format!(
                "ends at word {end}, outside the block of {} words",
                file.block_words
            ),
        )?;
        claims.claim(key, u32::from(*offset), u32::from(*words))?;
    }
    Ok(())
}

pub(super) fn check_optional(file: &File) -> Result<(), MapError> {
    let o = &file.optional;
    for (key, offset) in [
        ("optional.command", o.command),
        ("optional.command_echo", o.command_echo),
        ("optional.download_id", o.download_id),
    ] {
        if let Some(offset) = offset {
            ensure(
                (file.block_words..file.stride).contains(&offset),
                key,
                format!(
                    "must be one of the spare words {} to {}",
                    file.block_words,
                    i32::from(file.stride) - 1
                ),
            )?;
        }
    }
    ensure(
        o.command.is_some() == o.command_echo.is_some(),
        "optional.command",
        "command and command_echo come together: a command that nobody confirms is worth nothing",
    )?;
    let clash =
        o.download_id.is_some() && (o.download_id == o.command || o.download_id == o.command_echo);
    ensure(
        !clash,
        "optional.download_id",
        "the word is already used by a command",
    )
}

/// No area reaches beyond the data memory or into another.
pub(super) fn check_areas(file: &File) -> Result<(), MapError> {
    let mut claims = Claims::default();
    let mut claim = |key: &str, first: u16, words: u32| {
        let end = u32::from(first) + words;
        ensure(
            end <= AREA_WORDS,
            key,
            format!(
                "ends at D{}, the memory ends at D{}",
                end - 1,
                AREA_WORDS - 1
            ),
        )?;
        claims.claim(key, u32::from(first), words)
    };
    claim("read_base", file.read_base, span(file))?;
    claim("write_base", file.write_base, span(file))?;
    if let Some(area) = &file.equipment_failure {
        for (key, first, words) in [
            ("equipment_code", area.equipment_code, AREA_TEXT_WORDS),
            ("failure_info", area.failure_info, AREA_TEXT_WORDS),
            ("year", area.year, 1),
            ("month", area.month, 1),
            ("day", area.day, 1),
            ("hour", area.hour, 1),
            ("minute", area.minute, 1),
            ("second", area.second, 1),
            ("status_read_data", area.status_read_data, 1),
        ] {
            claim(&format!("equipment_failure.{key}"), first, u32::from(words))?;
        }
    }
    if let Some(area) = &file.manual_weighing {
        for (key, first, words) in [
            ("batch_no", area.batch_no, 1),
            ("mo_id", area.mo_id, AREA_TEXT_WORDS),
            ("product_id", area.product_id, 1),
            ("qty", area.qty, 2),
            ("status_read_data", area.status_read_data, 1),
        ] {
            claim(&format!("manual_weighing.{key}"), first, u32::from(words))?;
        }
    }
    for (key, word) in [
        ("system.heartbeat", file.system.heartbeat),
        ("system.boot_counter", file.system.boot_counter),
    ] {
        if let Some(word) = word {
            claim(key, word, 1)?;
        }
    }
    Ok(())
}

pub(super) fn check_rules(rules: &FileRules) -> Result<Rules, MapError> {
    for (key, pct) in [
        ("rules.mass_balance_pct", rules.mass_balance_pct),
        ("rules.weight_pct", rules.weight_pct),
    ] {
        ensure(
            (1..=50).contains(&pct),
            key,
            "a limit must be 1 to 50 percent",
        )?;
    }
    ensure(
        (1..=100_000).contains(&rules.batch_max_kg),
        "rules.batch_max_kg",
        "the largest batch must be 1 to 100000 kg",
    )?;
    Ok(Rules {
        ready_rule: rules.ready_rule,
        slot_free_when: rules.slot_free_when,
        finished_weight: rules.finished_weight,
        mass_balance: BasisPoints(i64::from(rules.mass_balance_pct) * 100),
        weight: BasisPoints(i64::from(rules.weight_pct) * 100),
        batch_max: Grams(i64::from(rules.batch_max_kg) * 1_000),
    })
}
