//! Refusals for lack of a right, on record: who tried what, how often. One row a person and command a
//! minute at the most, so that a script cannot flood the trail. Leaves out judging ([`super`]).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use millrace_store::table::audit::AuditEntry;
use serde_json::json;

use super::audit;
use crate::inner::Inner;
use crate::session::Caller;

/// How far apart two rows about the same person and command are.
const APART_MS: i64 = 60_000;

/// What was refused since the last row about it.
#[derive(Debug)]
struct Seen {
    name: String,
    row_at_mono_ms: i64,
    not_yet_written: i64,
}

/// Counts refusals between two rows.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    seen: Mutex<HashMap<(Option<String>, &'static str), Seen>>,
}

/// One row to write.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    actor: String,
    command: &'static str,
    count: i64,
}

impl Refusals {
    /// Takes one more refusal; answers the rows that are due.
    fn add(&self, caller: Option<&Caller>, command: &'static str, mono_ms: i64) -> Vec<Row> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // By name: a program acts under its maker's number, and is told apart from them.
        let key = (caller.map(|caller| caller.name.clone()), command);
        seen.entry(key)
            .or_insert_with(|| Seen {
                name: caller.map_or_else(|| "unknown".into(), |caller| caller.name.clone()),
                row_at_mono_ms: mono_ms.saturating_sub(APART_MS),
                not_yet_written: 0,
            })
            .not_yet_written += 1;
        let rows = due(
            &mut seen,
            |since| mono_ms.saturating_sub(since) >= APART_MS,
            mono_ms,
        );
        seen.retain(|_, seen| {
            seen.not_yet_written > 0 || mono_ms.saturating_sub(seen.row_at_mono_ms) < APART_MS
        });
        rows
    }

    /// What no row tells yet, at the end of the program.
    fn rest(&self) -> Vec<Row> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        due(&mut seen, |_| true, 0)
    }
}

fn due(
    seen: &mut HashMap<(Option<String>, &'static str), Seen>,
    is_due: impl Fn(i64) -> bool,
    mono_ms: i64,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for ((_, command), seen) in seen.iter_mut() {
        if seen.not_yet_written > 0 && is_due(seen.row_at_mono_ms) {
            rows.push(Row {
                actor: seen.name.clone(),
                command,
                count: std::mem::take(&mut seen.not_yet_written),
            });
            seen.row_at_mono_ms = mono_ms;
        }
    }
    rows.sort_by(|a, b| (&a.actor, a.command).cmp(&(&b.actor, b.command)));
    rows
}

/// Writes a refusal into the trail, or counts it for a later row. The refusal itself stands whatever
/// becomes of the row.
pub(super) async fn note(inner: &Inner, caller: Option<&Caller>, command: &'static str) {
    let rows = inner.refusals.add(caller, command, inner.clock.mono_ms());
    write(inner, rows).await;
}

/// Writes what was only counted so far; at the end of the program.
pub(crate) async fn flush(inner: &Inner) {
    write(inner, inner.refusals.rest()).await;
}

async fn write(inner: &Inner, rows: Vec<Row>) {
    if rows.is_empty() {
        return;
    }
    let at_ms = inner.clock.now_ms();
    let entries: Vec<AuditEntry> = rows
        .iter()
        .map(|row| {
            audit::of(
                &row.actor,
                "right_refused",
                &format!("command:{}", row.command),
                "",
                at_ms,
                &json!({ "count": row.count }),
            )
        })
        .collect();
    let written = inner.commit_quietly(false, move |tx| {
        entries
            .iter()
            .try_for_each(|entry| Ok(tx.audit_add(entry)?))
    });
    if let Err(error) = written.await {
        tracing::warn!(%error, ?rows, "refusals are not in the audit trail");
    }
}

#[cfg(test)]
mod tests {
    use millrace_core::ids::UserId;

    use super::*;

    fn caller(id: i64) -> Caller {
        Caller {
            id: UserId(id),
            name: format!("P{id}"),
            full_name: format!("P{id}"),
            roles: Vec::new(),
            must_change_secret: false,
            standing: millrace_core::access::lock::Standing::Open,
            script: None,
        }
    }

    fn row(id: i64, command: &'static str, count: i64) -> Row {
        Row {
            actor: format!("P{id}"),
            command,
            count,
        }
    }

    #[test]
    fn a_script_gets_one_row_a_minute_and_every_try_is_counted() {
        let refusals = Refusals::default();
        let ana = caller(1);
        let mut rows = Vec::new();
        let mut tries = 0;
        for mono_ms in (0..600_000).step_by(50) {
            rows.extend(refusals.add(Some(&ana), "batch_stop", mono_ms));
            tries += 1;
        }
        assert_eq!(rows.len(), 10);
        assert_eq!(rows[0], row(1, "batch_stop", 1), "the first one at once");
        rows.extend(refusals.rest());
        assert_eq!(rows.iter().map(|row| row.count).sum::<i64>(), tries);
        assert!(refusals.rest().is_empty(), "each is told once");
    }

    #[test]
    fn people_and_commands_do_not_hide_each_other() {
        let refusals = Refusals::default();
        let (ana, bob) = (caller(1), caller(2));
        assert_eq!(
            refusals.add(Some(&ana), "batch_stop", 0),
            [row(1, "batch_stop", 1)]
        );
        assert_eq!(
            refusals.add(Some(&ana), "batch_start", 1),
            [row(1, "batch_start", 1)]
        );
        assert_eq!(
            refusals.add(Some(&bob), "batch_stop", 2),
            [row(2, "batch_stop", 1)]
        );
        assert_eq!(refusals.add(Some(&bob), "batch_stop", 3), []);
        let unknown = refusals.add(None, "first_admin_create", 4);
        assert_eq!(unknown[0].actor, "unknown");
        // What was counted comes with the next refusal of anybody, once its minute is over.
        assert_eq!(
            refusals.add(Some(&ana), "batch_stop", 60_002),
            [row(1, "batch_stop", 1), row(2, "batch_stop", 1)]
        );
    }
}
