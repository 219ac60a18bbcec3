//! Partial success: the ERP took a message and left some of its items out, with a text for each. One table
//! ([`WORDS`]) says what a text means: what passes has the whole call repeated, everything else waits for a
//! person, also a text that stands in no row. Repeating what never heals would go on for ever without
//! anybody being told; a person who is asked once too often can send again.
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
    /// A text that stands in no row of [`WORDS`]: taken as permanent, and shown as unknown.
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

/// Part of a text (lower case), what it means, and where it comes from. The first row that fits counts, and
/// the permanent rows stand first: a person is asked rather than the call repeated for ever.
pub const WORDS: [(&str, ItemFate, &str); 21] = [
    (
        "equipment not found",
        ItemFate::Permanent,
        "the addon: the code stands in no equipment of the ERP",
    ),
    (
        "unknown equipment",
        ItemFate::Permanent,
        "the same in older addons",
    ),
    (
        "no equipment found",
        ItemFate::Permanent,
        "the same in older addons",
    ),
    (
        "no raw move",
        ItemFate::Permanent,
        "the order has no component from this equipment",
    ),
    (
        "no raw material move",
        ItemFate::Permanent,
        "the order has no component from this equipment",
    ),
    (
        "no move found",
        ItemFate::Permanent,
        "the order has no component from this equipment",
    ),
    (
        "invalid quantity",
        ItemFate::Permanent,
        "the same number would be refused again",
    ),
    (
        "already done",
        ItemFate::Permanent,
        "somebody closed the component or the order",
    ),
    (
        "supply a lot/serial number",
        ItemFate::Permanent,
        "Odoo: the component is tracked, and no lot is named",
    ),
    (
        "not allowed to",
        ItemFate::Permanent,
        "Odoo: the user lacks a right",
    ),
    (
        "could not obtain lock",
        ItemFate::Temporary,
        "PostgreSQL: another transaction holds the row",
    ),
    (
        "lock timeout",
        ItemFate::Temporary,
        "PostgreSQL: another transaction holds the row",
    ),
    (
        "deadlock detected",
        ItemFate::Temporary,
        "PostgreSQL: two transactions waited for each other",
    ),
    (
        "could not serialize",
        ItemFate::Temporary,
        "PostgreSQL: another transaction changed the row",
    ),
    (
        "concurrent update",
        ItemFate::Temporary,
        "PostgreSQL: another transaction changed the row",
    ),
    (
        "statement timeout",
        ItemFate::Temporary,
        "PostgreSQL: the server was busy",
    ),
    ("timed out", ItemFate::Temporary, "the server was busy"),
    (
        "closed the connection",
        ItemFate::Temporary,
        "the ERP's database was started again",
    ),
    (
        "connection already closed",
        ItemFate::Temporary,
        "the ERP's database was started again",
    ),
    (
        "terminating connection",
        ItemFate::Temporary,
        "the ERP's database was shut down",
    ),
    ("try again", ItemFate::Temporary, "the ERP says so itself"),
];

/// What one text means: the first row of [`WORDS`] that fits, else [`ItemFate::Unknown`].
#[must_use]
pub fn fate(text: &str) -> ItemFate {
    let text = text.to_lowercase();
    WORDS
        .iter()
        .find(|(word, _, _)| text.contains(word))
        .map_or(ItemFate::Unknown, |(_, fate, _)| *fate)
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

/// What to do about the items that were left out. One item for a person holds the whole message: a call is
/// repeated as a whole or not at all.
#[must_use]
pub fn verdict(items: &[ItemError]) -> PartialVerdict {
    let passes = items.iter().all(|item| match item.fate {
        ItemFate::Temporary => true,
        ItemFate::Permanent | ItemFate::Unknown => false,
    });
    if passes {
        PartialVerdict::Repeat
    } else {
        PartialVerdict::Person
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
            // Words that only look like a busy server's.
            ("silo101: the product is blocked", ItemFate::Unknown),
            ("silo101: no connection to the scale", ItemFate::Unknown),
            (
                "You need to supply a Lot/Serial Number for product: PKE pellet",
                ItemFate::Permanent,
            ),
            ("silo101: Something went wrong", ItemFate::Unknown),
            ("", ItemFate::Unknown),
        ] {
            assert_eq!(fate(text), expected, "{text}");
        }
    }

    #[test]
    fn each_row_counts_and_the_permanent_ones_stand_first() {
        let mut is_temporary = false;
        for (word, expected, _) in WORDS {
            assert_eq!(
                word,
                word.to_lowercase(),
                "texts are compared in lower case"
            );
            assert_eq!(
                fate(&format!("SILO101: {}!", word.to_uppercase())),
                expected
            );
            assert_ne!(expected, ItemFate::Unknown, "{word}");
            assert!(!is_temporary || expected == ItemFate::Temporary, "{word}");
            is_temporary = expected == ItemFate::Temporary;
            let others = WORDS.iter().filter(|(other, _, _)| *other == word);
            assert_eq!(others.count(), 1, "{word}");
        }
    }

    #[test]
    fn what_passes_is_repeated_and_what_does_not_waits_for_a_person() {
        let of =
            |texts: &[&str]| classify(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        let lock = "silo101: deadlock detected";
        for (texts, expected) in [
            (&[lock][..], PartialVerdict::Repeat),
            (&[lock, lock], PartialVerdict::Repeat),
            (
                &[lock, "silo999: Equipment not found"],
                PartialVerdict::Person,
            ),
            (&["silo101: Something went wrong"], PartialVerdict::Person),
            (
                &[lock, "silo101: Something went wrong"],
                PartialVerdict::Person,
            ),
        ] {
            assert_eq!(verdict(&of(texts)), expected, "{texts:?}");
        }
    }
}
