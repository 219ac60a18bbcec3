//! What a person must still do in the ERP before a consumption of a product that is tracked by lot can be
//! booked, as it is shown and as a booking is refused with it.
//! Leaves out finding it (the connectors) and when it is shown (the application).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is missing about one product's lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct LotNote {
    /// The product's name.
    pub product: String,
    /// What is missing.
    pub want: LotWant,
}

/// Why no lot can be booked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum LotWant {
    /// A part of the component, or all of it, is on no lot.
    None,
    /// The component is on several lots, and nobody says how much is from which.
    Several {
        /// Their names.
        lots: Vec<String>,
    },
    /// The one lot lies in several places.
    Places {
        /// Its name.
        lot: String,
    },
    /// Tracked by serial number, which is for pieces.
    Serial,
    /// The finished product has no lot.
    Finished,
}

/// As a sentence: what is wrong, and what a person does about it.
impl fmt::Display for LotNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = &self.product;
        match &self.want {
            LotWant::None => write!(
                f,
                "{product} is tracked by lot, and the order names no lot for all of it: assign one lot to this component in the ERP, then retry"
            ),
            LotWant::Several { lots } => write!(
                f,
                "{product} is tracked by lot, and the order names several ({}): leave one of them on this component in the ERP, or enter there how much was taken of each, then retry",
                lots.join(", ")
            ),
            LotWant::Places { lot } => write!(
                f,
                "{product} is reserved from lot {lot} in several places: leave one of them on this component in the ERP, then retry"
            ),
            LotWant::Serial => write!(
                f,
                "{product} is tracked by serial number, and a mass has none: track it by lot in the ERP"
            ),
            LotWant::Finished => write!(
                f,
                "{product} is tracked by lot, and the order names no lot for what it makes: enter it in the ERP, then retry"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_names_the_product_and_what_to_do() {
        let lots = vec!["A".to_owned(), "B".to_owned()];
        let wants = [
            LotWant::None,
            LotWant::Several { lots },
            LotWant::Places {
                lot: "A".to_owned(),
            },
            LotWant::Serial,
            LotWant::Finished,
        ];
        let mut told = std::collections::BTreeSet::new();
        for want in wants {
            let product = "Molasses".to_owned();
            let sentence = LotNote { product, want }.to_string();
            assert!(sentence.starts_with("Molasses is "), "{sentence}");
            assert!(
                sentence.contains(": ") && sentence.contains("in the ERP"),
                "{sentence}"
            );
            told.insert(sentence);
        }
        assert_eq!(told.len(), 5);
        assert!(told.iter().any(|one| one.contains("(A, B)")));
    }
}
