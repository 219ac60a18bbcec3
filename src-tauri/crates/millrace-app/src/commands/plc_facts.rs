//! What stands still about the PLC: the settings of its connection and its register map, for people.
//! Leaves out what changes from look to look.

use millrace_core::registers::{ReadyRule, SlotFreeWhen};
use millrace_field::plc::DriverKind;

use super::plc::{PlcMap, PlcSetting};
use crate::commissioning::missing;
use crate::inner::Inner;

/// The settings in force, by their keys in the configuration file; none without a PLC. Nothing of
/// this is a secret.
pub(super) fn settings(inner: &Inner) -> Vec<PlcSetting> {
    let Some(plc) = &inner.plc_config else {
        return Vec::new();
    };
    let driver = &plc.driver;
    let mut all: Vec<(&str, String)> = Vec::new();
    match driver.kind {
        DriverKind::FinsUdp {
            local_port,
            node_local,
            node_plc,
        } => all.extend([
            ("kind", "fins_udp".to_owned()),
            ("address", driver.address.to_string()),
            ("local_port", local_port.to_string()),
            ("node_local", node_local.to_string()),
            ("node_plc", node_plc.to_string()),
        ]),
        DriverKind::FinsTcp {
            node_local,
            nodes_swapped,
        } => all.extend([
            ("kind", "fins_tcp".to_owned()),
            ("address", driver.address.to_string()),
            ("node_local", node_local.to_string()),
            ("nodes_swapped", nodes_swapped.to_string()),
        ]),
        DriverKind::ModbusTcp { unit_id, base } => all.extend([
            ("kind", "modbus_tcp".to_owned()),
            ("address", driver.address.to_string()),
            ("unit_id", unit_id.to_string()),
            ("base", base.to_string()),
        ]),
    }
    all.extend([
        ("timeout_ms", driver.timeout_ms.to_string()),
        ("read_retries", driver.read_retries.to_string()),
        ("gap_ms", driver.gap_ms.to_string()),
        ("max_words", driver.max_words.to_string()),
        ("poll_live_ms", plc.poll_live_ms.to_string()),
        ("poll_idle_ms", plc.poll_idle_ms.to_string()),
        ("batches_in_plc_max", plc.batches_in_plc_max.to_string()),
        ("registers", plc.registers.display().to_string()),
    ]);
    all.into_iter()
        .map(|(key, value)| PlcSetting {
            key: key.to_owned(),
            value,
        })
        .collect()
}

/// The register map in use, with what it does not name.
pub(super) fn map(inner: &Inner) -> Option<PlcMap> {
    let map = inner.map.as_ref()?;
    let rules = map.rules();
    let first = map.slots().next()?;
    Some(PlcMap {
        plant: map.plant().to_owned(),
        version: map.version(),
        slots: map.slot_count(),
        ready_rule: match rules.ready_rule {
            ReadyRule::PerSlot => "per_slot",
            ReadyRule::QueueHead => "queue_head",
        }
        .to_owned(),
        slot_free_when: match rules.slot_free_when {
            SlotFreeWhen::AckCleared => "ack_cleared",
            SlotFreeWhen::TakenByNext => "taken_by_next",
        }
        .to_owned(),
        has_download_id: map.download_id_addr(first).is_some(),
        has_command_word: inner.has_command_word(),
        // The screen's heading says that they are missing.
        missing: missing(map)
            .into_iter()
            .map(|text| text.strip_prefix("missing: ").unwrap_or(&text).to_owned())
            .collect(),
    })
}
