//! How the trail names signatures: number and hash of each, in the row of the act that was signed. The walk over
//! signatures cannot see that the last ones were cut off or made anew; the sealed trail can. Leaves out the
//! chain itself (`crate::signature`) and where rows lie.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::signature::{FORMAT, Signature};

/// Names the signatures in what a row of the trail says of the time after.
const KEY: &str = "signed";

/// Acts that were signed from the first version on, in the same moment as their row of the trail.
pub const SIGNED_ALWAYS: [&str; 5] = [
    "batch_approve",
    "batch_reject",
    "batch_revoke",
    "batch_stop",
    "batch_cancel",
];

/// What a row says of the time after, with the signatures that it names.
#[must_use]
pub fn naming(after: Value, signatures: &[Signature]) -> Value {
    let name = |row: &Signature| json!({ "id": row.id, "hash": row.hash });
    let names: Value = signatures.iter().map(name).collect();
    match after {
        Value::Object(mut fields) => {
            fields.insert(KEY.to_owned(), names);
            Value::Object(fields)
        }
        other => json!({ "after": other, KEY: names }),
    }
}

/// The names in what a row says of the time after: number and hash each; a text that names none has none.
fn names(after: &str) -> Vec<(i64, String)> {
    if !after.contains(KEY) {
        return Vec::new();
    }
    let after: Value = serde_json::from_str(after).unwrap_or_default();
    let Some(signed) = after.get(KEY).and_then(Value::as_array) else {
        return Vec::new();
    };
    let name = |name: &Value| {
        let hash = name.get("hash").and_then(Value::as_str).unwrap_or_default();
        (
            name.get("id").and_then(Value::as_i64).unwrap_or_default(),
            hash.to_owned(),
        )
    };
    signed.iter().map(name).collect()
}

/// Numbers of the signatures that a row names in what it says of the time after.
#[must_use]
pub fn numbers(after: &str) -> Vec<i64> {
    names(after).into_iter().map(|(id, _)| id).collect()
}

/// A signature that the trail names.
#[derive(Debug)]
struct Named {
    id: i64,
    hash: String,
    teller: String,
}

/// Gathers what the trail says of signatures, then holds it against them.
#[derive(Debug, Default)]
pub struct Told {
    named: Vec<Named>,
}

impl Told {
    /// The next row of the trail. A row whose text was changed is found by the walk of the trail; here only
    /// what it names counts.
    pub fn row(&mut self, seq: i64, action: &str, object: &str, after: &str) {
        for (id, hash) in names(after) {
            self.named.push(Named {
                id,
                hash,
                teller: format!("row {seq} of the trail ({action} of {object})"),
            });
        }
    }

    /// Every signature that is named and is not there or another one, and every one that no row names; a
    /// sentence each. Signatures older than the first that is named are older than the naming.
    #[must_use]
    pub fn findings<'a>(&self, signatures: impl IntoIterator<Item = Known<'a>>) -> Vec<String> {
        let known: BTreeMap<i64, Known<'a>> = signatures
            .into_iter()
            .map(|signature| (signature.id, signature))
            .collect();
        let mut found = Vec::new();
        let mut named = BTreeSet::new();
        for Named { id, hash, teller } in &self.named {
            named.insert(*id);
            match known.get(id) {
                None => found.push(format!("signature {id} is not there; {teller} names it")),
                Some(stands) if stands.hash != hash => {
                    found.push(format!("signature {id} is not the one that {teller} names"));
                }
                Some(_) => {}
            }
        }
        let first = named.first().copied().unwrap_or(i64::MAX);
        for (id, signature) in known.range(first..) {
            if signature.format == FORMAT && !named.contains(id) {
                found.push(format!(
                    "signature {id} ({} by {}): no row of the trail names it",
                    signature.meaning, signature.person
                ));
            }
        }
        found
    }
}

/// What of a signature is held against the trail.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its number.
    pub id: i64,
    /// Its format.
    pub format: i64,
    /// Its meaning.
    pub meaning: &'a str,
    /// Printed name.
    pub person: &'a str,
    /// Its own hash.
    pub hash: &'a str,
}

impl<'a> From<&'a Signature> for Known<'a> {
    fn from(row: &'a Signature) -> Known<'a> {
        Known {
            id: row.id,
            format: row.format,
            meaning: &row.meaning,
            person: &row.person,
            hash: &row.hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: i64, hash: &str) -> Known<'_> {
        Known {
            id,
            format: FORMAT,
            meaning: "approve",
            person: "Sari Wijaya",
            hash,
        }
    }

    fn told(after: &str) -> Told {
        let mut told = Told::default();
        told.row(7, "batch_approve", "batch:3", after);
        told
    }

    #[test]
    fn a_name_stands_for_one_signature() {
        let told = told(r#"{"signed":[{"hash":"ab","id":12}]}"#);
        assert_eq!(told.findings([known(12, "ab")]), Vec::<String>::new());
        let older = told.findings([known(11, "zz"), known(12, "ab")]);
        assert_eq!(older, Vec::<String>::new(), "older than the naming");
        for (signatures, says) in [
            (
                vec![known(12, "ac")],
                "signature 12 is not the one that row 7",
            ),
            (
                vec![],
                "signature 12 is not there; row 7 of the trail (batch_approve of batch:3) names it",
            ),
            (
                vec![known(12, "ab"), known(13, "cd")],
                "signature 13 (approve by Sari Wijaya): no row",
            ),
        ] {
            let found = told.findings(signatures);
            assert!(found.len() == 1 && found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn what_names_nothing_says_nothing() {
        for after in ["null", "{}", "signed", r#"{"signed":1}"#, "no JSON, signed"] {
            assert_eq!(
                told(after).findings([known(1, "a")]),
                Vec::<String>::new(),
                "{after}"
            );
        }
        let named = told(r#"{"signed":[{}]}"#).findings([]);
        assert_eq!(named.len(), 1, "{named:?}");
    }

    #[test]
    fn names_stand_beside_what_the_row_says() {
        assert_eq!(
            naming(json!({ "a": 1 }), &[]).to_string(),
            r#"{"a":1,"signed":[]}"#
        );
        assert_eq!(
            naming(Value::Null, &[]).to_string(),
            r#"{"after":null,"signed":[]}"#
        );
    }
}
