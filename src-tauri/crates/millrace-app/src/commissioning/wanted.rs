//! The words that a PLC program may offer beside the block, and what is not possible without them.
//! A map that does not name one is right all the same. Leaves out how the words are used.

use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;

/// Of these, the keys that a map of this version may name, and the table they stand in.
const KNOWN: &[(&str, &str)] = &[
    ("command", "optional"),
    ("command_echo", "optional"),
    ("download_id", "optional"),
    ("heartbeat", "system"),
    ("boot_counter", "system"),
];

/// Key, what the word is, and what is missing without it.
const WANTED: &[(&str, &str, &str)] = &[
    (
        "command",
        "command word (pause, resume, stop)",
        "Pause and Stop stay disabled: batches are stopped at the panel",
    ),
    ("command_echo", "command echo", "nobody confirms a command"),
    (
        "download_id",
        "download id, echoed by the PLC",
        "two downloads of one order name cannot be told apart",
    ),
    (
        "heartbeat",
        "heartbeat of the PLC",
        "a PLC that answers but whose program stands still is not noticed until a batch stalls",
    ),
    (
        "heartbeat_host",
        "heartbeat of this program",
        "the PLC cannot hold the batch when the workstation is gone",
    ),
    (
        "boot_counter",
        "boot counter of the PLC",
        "a PLC restart shows only in what the slots contain",
    ),
    (
        "checksum",
        "checksum of a download",
        "the PLC cannot refuse a damaged recipe; we read back and compare every word",
    ),
    (
        "result_code",
        "result code of a download",
        "a recipe that the PLC refuses looks like one that it has not taken yet",
    ),
    (
        "lease",
        "lease word (who may write)",
        "that only one station writes is a matter of organisation",
    ),
    (
        "program_id",
        "RUN state and program number",
        "a stopped or changed PLC program is not noticed before a download",
    ),
    (
        "scale",
        "live scale",
        "the trend shows the sum of the silos",
    ),
    (
        "level",
        "silo levels",
        "levels are computed from what was filled and dosed",
    ),
];

/// A sentence for each word that the map does not name.
#[must_use]
pub fn missing(map: &RegisterMap) -> Vec<String> {
    let slot = SlotNo(1);
    let is_named = |key: &str| match key {
        "command" => map.command_addr(slot).is_some(),
        "command_echo" => map.command_echo_addr(slot).is_some(),
        "download_id" => map.download_id_addr(slot).is_some(),
        "heartbeat" => map.system().heartbeat.is_some(),
        "boot_counter" => map.system().boot_counter.is_some(),
        _ => false,
    };
    WANTED
        .iter()
        .filter(|(key, _, _)| !is_named(key))
        .map(|(key, what, without)| {
            let place = KNOWN
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, table)| format!(" ({table}.{key})"))
                .unwrap_or_default();
            format!("missing: {what}{place}: {without}.")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = include_str!("../../../../../assets/registers/demo.toml");

    fn missing_in(text: &str) -> Vec<String> {
        missing(&RegisterMap::parse(text).expect("a right map"))
    }

    #[test]
    fn what_a_map_names_is_not_missing() {
        let some = missing_in(MAP);
        assert_eq!(some.len(), WANTED.len() - KNOWN.len());
        assert!(
            some.iter()
                .any(|one| one.contains("heartbeat of this program"))
        );
        for (line, told) in [
            ("download_id = 78", "optional.download_id"),
            ("heartbeat = 9020", "system.heartbeat"),
            ("boot_counter = 9021", "system.boot_counter"),
        ] {
            let all = missing_in(&MAP.replacen(line, "", 1));
            assert_eq!(all.len(), some.len() + 1, "{line}");
            assert!(all.iter().any(|one| one.contains(told)), "{told}: {all:?}");
        }
        let bare = MAP
            .replacen("\ncommand = 77", "", 1)
            .replacen("\ncommand_echo = 77", "", 1);
        assert_eq!(missing_in(&bare).len(), some.len() + 2);
    }
}
