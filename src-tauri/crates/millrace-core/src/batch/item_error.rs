//! Partial success: the ERP took a message and left some of its items out, with a text for each. What
//! never heals by itself waits for a person; what passes has the whole call repeated.
//! Leaves out repeating: the call replaces, so the application may.

use serde::{Deserialize, Serialize};

/// Whether an item that was left out may go in by itself later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ItemFate {
    /// Somebody must change something first.
    Permanent,
    /// Another program was in the way; it passes.
    Temporary,
    /// A text that nobody knows: repeated a few times, then for a person.
    Unknown,
}

/// An item that the ERP left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct ItemError {
    /// The ERP's words, the equipment code first.
    pub text: String,
    /// What follows from them.
    pub fate: ItemFate,
}

/// What is to be done about a message of which items were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialVerdict {
    /// The whole call again, after a pause.
    Repeat,
    /// A person must look at the list.
    Person,
}

/// So often a call with an unknown text is repeated before a person is asked.
pub const UNKNOWN_REPEATS_MAX: i64 = 3;

/// Texts that never heal: the equipment is not in the ERP, or the order has no component for it.
const PERMANENT: [&str; 8] = [
    "equipment not found",
    "unknown equipment",
    "no equipment found",
    "no raw move",
    "no raw material move",
    "no move found",
    "invalid quantity",
    "already done",
];

/// Texts of a database or server that was busy.
const TEMPORARY: [&str; 9] = [
    "lock",
    "serializ",
    "serialis",
    "timeout",
    "timed out",
    "concurrent",
    "connection",
    "try again",
    "temporarily",
];

/// What one text means. A permanent word wins, so that a person is asked rather than the call repeated
/// for ever.
#[must_use]
pub fn fate(text: &str) -> ItemFate {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&PERMANENT) {
        ItemFate::Permanent
    } else if has(&TEMPORARY) {
        ItemFate::Temporary
    } else {
        ItemFate::Unknown
    }
}

/// The texts with what each means.
#[must_use]
pub fn classify(texts: &[String]) -> Vec<ItemError> {
    texts
        .iter()
        .map(|text| ItemError {
            text: text.clone(),
            fate: fate(text),
        })
        .collect()
}

/// What to do after the call was repeated `repeats` times for its items' sake. One item for a person
/// holds the whole message: a call is repeated as a whole or not at all.
#[must_use]
pub fn verdict(items: &[ItemError], repeats: i64) -> PartialVerdict {
    let is_for_a_person = items.iter().any(|item| match item.fate {
        ItemFate::Permanent => true,
        ItemFate::Temporary => false,
        ItemFate::Unknown => repeats >= UNKNOWN_REPEATS_MAX,
    });
    if is_for_a_person {
        PartialVerdict::Person
    } else {
        PartialVerdict::Repeat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_text_has_its_fate() {
        for (text, expected) in [
            ("silo999: Equipment not found", ItemFate::Permanent),
            ("silo999: Unknown equipment", ItemFate::Permanent),
            (
                "silo101: No raw material move found for this equipment",
                ItemFate::Permanent,
            ),
            ("silo101: no raw move", ItemFate::Permanent),
            (
                "silo101: No move found for equipment silo101",
                ItemFate::Permanent,
            ),
            ("silo101: Move is already done", ItemFate::Permanent),
            (
                "silo101: could not obtain lock on row in relation \"stock_move\"",
                ItemFate::Temporary,
            ),
            ("silo101: deadlock detected", ItemFate::Temporary),
            (
                "silo101: canceling statement due to lock timeout",
                ItemFate::Temporary,
            ),
            (
                "silo101: could not serialize access due to concurrent update",
                ItemFate::Temporary,
            ),
            (
                "silo101: server closed the connection unexpectedly",
                ItemFate::Temporary,
            ),
            // A permanent word beside a passing one: a person is asked.
            (
                "silo999: Equipment not found (connection)",
                ItemFate::Permanent,
            ),
            ("silo101: Something went wrong", ItemFate::Unknown),
            ("", ItemFate::Unknown),
        ] {
            assert_eq!(fate(text), expected, "{text}");
        }
    }

    #[test]
    fn what_passes_is_repeated_and_what_does_not_waits_for_a_person() {
        let of =
            |texts: &[&str]| classify(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let lock = of(&["silo101: deadlock detected"]);
        for repeats in [0, 3, 1_000] {
            assert_eq!(verdict(&lock, repeats), PartialVerdict::Repeat);
        }
        let both = of(&["silo101: deadlock detected", "silo999: Equipment not found"]);
        assert_eq!(verdict(&both, 0), PartialVerdict::Person);
        let odd = of(&["silo101: Something went wrong"]);
        for (repeats, expected) in [
            (0, PartialVerdict::Repeat),
            (2, PartialVerdict::Repeat),
            (3, PartialVerdict::Person),
        ] {
            assert_eq!(verdict(&odd, repeats), expected, "{repeats}");
        }
    }
}
