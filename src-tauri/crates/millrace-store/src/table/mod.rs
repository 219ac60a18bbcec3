//! One file a table: its row, its reads, its writes. Stored words are translated here and nowhere
//! else; a word that the program does not know is an error, never a guess.

pub mod api_token;
pub mod area_step;
pub mod audit;
pub mod audit_seal;
pub mod batch;
pub mod batch_line;
pub mod batch_record;
pub mod deviation;
pub mod download_step;
pub mod equipment_failure;
pub mod erp_order;
mod erp_order_lots;
pub mod journal;
pub mod manual_line;
pub mod manual_weighing;
pub mod meta;
pub mod order_request;
pub mod outbox;
pub mod outbox_attempt;
pub mod person;
pub mod person_quick;
pub mod sample;
pub mod setting_change;
pub mod signature;
pub(crate) mod signature_trail;
pub mod silo;
pub mod silo_movement;
pub mod slot_request;
pub mod station_attempt;

use crate::error::StoreError;

/// The value behind a stored word, or the error that names where it stands.
pub(crate) fn known<T>(what: &'static str, word: &str, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Unknown {
        what,
        value: word.to_owned(),
    })
}

/// A stored JSON column as its type.
pub(crate) fn parse_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unknown {
        what,
        value: text.to_owned(),
    })
}

/// A type as a JSON column. Our own row types always serialize.
pub(crate) fn to_json<T: serde::Serialize>(
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unknown {
        what,
        value: error.to_string(),
    })
}
