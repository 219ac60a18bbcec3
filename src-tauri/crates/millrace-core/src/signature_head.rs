//! The head of the chain of signatures, told in the trail before a seal is made: what was cut off at the
//! chain's end has no signature behind it that would name it, a sealed row of the trail has. Leaves out
//! the chain itself (`crate::signature`) and when a seal is due.

use serde::Deserialize;

/// The action of the trail's row that tells of the newest signature.
pub const ACTION: &str = "signature_head";
/// The object of that row.
pub const OBJECT: &str = "signatures";

/// Acts that were signed from the first version on, in the same moment as their row of the trail.
pub const SIGNED_ALWAYS: [&str; 5] = [
    "batch_approve",
    "batch_reject",
    "batch_revoke",
    "batch_stop",
    "batch_cancel",
];

/// What the row says: number and hash of the newest signature, as JSON in one form only.
#[must_use]
pub fn after(id: i64, hash: &str) -> String {
    format!("{{\"hash\":\"{hash}\",\"id\":{id}}}")
}

#[derive(Deserialize)]
struct Said {
    id: i64,
}

/// Holds one such row against the signatures: `last` is the number of the last of them, `hash_of` answers
/// the hash of the one with this number, `None` = there is none. Answers a sentence, which names the first
/// that is wrong, when they do not agree.
///
/// # Errors
/// What `hash_of` answers.
pub fn check<E>(
    seq: i64,
    said: &str,
    last: i64,
    hash_of: impl FnOnce(i64) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    let Ok(Said { id }) = serde_json::from_str(said) else {
        return Ok(Some(format!(
            "row {seq} of the trail should name a signature and names none"
        )));
    };
    Ok(match hash_of(id)? {
        Some(hash) if after(id, &hash) == said => None,
        Some(_) => Some(format!(
            "signature {id} is not the one that row {seq} of the trail names"
        )),
        None => Some(format!(
            "signature {} is not there; row {seq} of the trail names {id}",
            id.min(last.saturating_add(1))
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(said: &str, hash: Option<&str>) -> Option<String> {
        let found = check(7, said, 12, |_| {
            Ok::<_, std::convert::Infallible>(hash.map(str::to_owned))
        });
        found.unwrap_or_else(|never| match never {})
    }

    #[test]
    fn a_head_names_its_signature_and_nothing_else() {
        let said = after(12, "ab");
        assert_eq!(said, r#"{"hash":"ab","id":12}"#);
        assert_eq!(held(&said, Some("ab")), None);
        for (said, hash) in [
            (said.as_str(), Some("ac")),
            (said.as_str(), None),
            (r#"{"id":12,"hash":"ab"}"#, Some("ab")),
        ] {
            let found = held(said, hash).expect("a finding");
            assert!(found.contains("signature 12 "), "{found}");
        }
        assert!(held("null", Some("ab")).is_some());
    }
}
