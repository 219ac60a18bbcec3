//! Electronic signatures as screens show them: who, what it means, where, and whether it still holds. Leaves
//! out signing ([`super::signing`]) and finding what is wrong (`crate::trail::check`).

use millrace_core::signature::Signature;
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::view::SignatureMeaning;

/// An electronic signature as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignatureView {
    /// Its number.
    pub id: i64,
    /// Printed name of the signer.
    pub person: String,
    /// Login name of the signer at that time; empty for signatures of before it was kept.
    pub login: String,
    /// Key of the site where it was made; empty as well.
    pub site: String,
    /// What it means; `unknown` for a word that stands in [`SignatureView::word`] only.
    pub meaning: SignatureMeaning,
    /// What it means, as stored.
    pub word: String,
    /// When.
    pub at_ms: i64,
    /// The reason given, where one is needed.
    pub reason: Option<String>,
    /// The content hash that it covers.
    pub content_hash: String,
    /// Its own hash; empty for signatures of before it was kept.
    pub hash: String,
    /// Recomputed from the books now: false when it, or what it stands on, is not as it was signed.
    pub valid: bool,
}

/// A signature as it leaves the backend.
pub(super) fn view(read: &Read<'_>, row: Signature) -> Result<SignatureView, StoreError> {
    Ok(SignatureView {
        valid: read.signature_holds(&row)?,
        id: row.id,
        person: row.person,
        login: row.login,
        site: row.site,
        meaning: meaning(&row.meaning),
        word: row.meaning,
        at_ms: row.at_ms,
        reason: row.reason,
        content_hash: row.content_hash,
        hash: row.hash,
    })
}

/// What is not understood is shown as such, never as an approval.
fn meaning(word: &str) -> SignatureMeaning {
    serde_json::from_value(serde_json::Value::String(word.to_owned()))
        .unwrap_or(SignatureMeaning::Unknown)
}
