//! The words that a PLC program may offer beside the block, and what is not possible without them.
//! A map that does not name one is right all the same. Leaves out how the words are used.

use toml::Table;

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
pub(in crate::plc) fn missing(map_text: &str) -> Vec<String> {
    let file: Table = map_text.parse().unwrap_or_default();
    let is_named = |key: &str| {
        KNOWN.iter().any(|(known, table)| {
            let named = file.get(*table).and_then(toml::Value::as_table);
            *known == key && named.is_some_and(|named| named.contains_key(key))
        })
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

    #[test]
    fn what_a_map_names_is_not_missing() {
        let all = missing("");
        assert_eq!(all.len(), WANTED.len());
        let some =
            missing("[optional]\ncommand = 77\ncommand_echo = 77\n[system]\nheartbeat = 9020\n");
        assert_eq!(some.len(), WANTED.len() - 3);
        for gone in ["command", "heartbeat of the PLC"] {
            assert!(!some.iter().any(|one| one.contains(gone)), "{gone}");
        }
        for left in ["optional.download_id", "heartbeat of this program"] {
            assert!(some.iter().any(|one| one.contains(left)), "{left}");
        }
    }
}
