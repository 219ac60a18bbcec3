//! Audit rows for what commands and the engine change.

use millrace_store::table::audit::AuditEntry;
use millrace_store::table::batch::BatchRow;
use serde_json::{Value, json};

fn state(row: &BatchRow) -> Value {
    json!({
        "release": row.release.word(),
        "run": row.run.word(),
        "posting": row.posting.word(),
        "slot": row.slot,
        "download_step": row.download_step,
        "finish_step": row.finish_step,
        "pending": row.pending.as_ref().map(|p| p.kind.word()),
        "trouble": row.trouble,
        "doubt": row.doubt,
        "download_id": row.download_id,
        "silo_actual_g": row.silo_actual_g,
        "finished_g": row.finished_g,
        "content_hash": row.content_hash,
        "version": row.version,
    })
}

/// A batch came into being.
pub(crate) fn created(actor: &str, action: &str, at_ms: i64, after: &BatchRow) -> AuditEntry {
    AuditEntry {
        at_ms,
        actor: actor.into(),
        action: action.into(),
        object: format!("batch:{}", after.id),
        before: "null".into(),
        after: state(after).to_string(),
        reason: String::new(),
    }
}

/// A batch changed: only the fields that differ stand in the row.
pub(crate) fn of_batch(
    actor: &str,
    action: &str,
    reason: &str,
    at_ms: i64,
    before: &BatchRow,
    after: &BatchRow,
) -> AuditEntry {
    let object = format!("batch:{}", after.id);
    of_change(
        actor,
        action,
        &object,
        reason,
        at_ms,
        (state(before), state(after)),
    )
}

/// Something changed from one state (an object) to another: only the fields that differ stand in the row.
pub(crate) fn of_change(
    actor: &str,
    action: &str,
    object: &str,
    reason: &str,
    at_ms: i64,
    (before, after): (Value, Value),
) -> AuditEntry {
    let mut old = serde_json::Map::new();
    let mut new = serde_json::Map::new();
    if let (Value::Object(b), Value::Object(a)) = (before, after) {
        for (key, value) in a {
            let was = b.get(&key).cloned().unwrap_or(Value::Null);
            if was != value {
                old.insert(key.clone(), was);
                new.insert(key, value);
            }
        }
    }
    AuditEntry {
        at_ms,
        actor: actor.into(),
        action: action.into(),
        object: object.into(),
        before: Value::Object(old).to_string(),
        after: Value::Object(new).to_string(),
        reason: reason.into(),
    }
}

/// Something that is not a batch.
pub(crate) fn of(
    actor: &str,
    action: &str,
    object: &str,
    reason: &str,
    at_ms: i64,
    after: &Value,
) -> AuditEntry {
    AuditEntry {
        at_ms,
        actor: actor.into(),
        action: action.into(),
        object: object.into(),
        before: "null".into(),
        after: after.to_string(),
        reason: reason.into(),
    }
}
