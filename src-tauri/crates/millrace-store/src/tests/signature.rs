//! Signatures in a real file: append-only, held against what they stand on, and forged with SQL as
//! somebody with the file can do it.

use millrace_core::access::{Grant, Role};
use millrace_core::audit::chain::Expect;
use millrace_core::audit::seal::{SealCause, Sealer};
use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, UserId};
use millrace_core::signature::ObjectKind;
use millrace_core::units::Grams;

use super::{act, add_batch, open};
use crate::table::audit::AuditEntry;
use crate::table::outbox::MessageKind;
use crate::table::signature::{SignatureNew, of_manual_line, of_message};
use crate::{Store, StoreError, Write};

const LOGIN: &str = "Supervisor 1";

fn told(tx: &Write<'_>, at_ms: i64, action: &str, object: &str) -> Result<(), StoreError> {
    tx.audit_add(&AuditEntry {
        at_ms,
        actor: LOGIN.into(),
        action: action.into(),
        object: object.into(),
        ..act(at_ms)
    })
}

fn new(kind: ObjectKind, id: i64, by: UserId, at_ms: i64) -> SignatureNew {
    SignatureNew {
        object_kind: kind,
        object_id: id,
        batch_id: None,
        person_id: by,
        login: LOGIN.into(),
        person: "Sari Wijaya".into(),
        meaning: "approve".into(),
        at_ms,
        site: "north".into(),
        reason: None,
        content_hash: String::new(),
    }
}

/// One signature of the old format and one on each kind of thing.
fn sign_all(tx: &Write<'_>) -> Result<(), StoreError> {
    let by = tx.person_add(LOGIN, &[Grant::everywhere(Role::Supervisor)], "phc-1", 1)?;
    let (order, id) = add_batch(tx, "WH/MO/00101", 1)?;
    let batch = tx.batch(id)?;
    told(tx, 10, "batch_approve", &format!("batch:{id}"))?;
    tx.connection.execute(
        "INSERT INTO signature (format, object_kind, object_id, batch_id, person_id, login, person, meaning, at_ms, site, reason, content_hash, prev_hash, hash)
         VALUES (1, 'batch', ?1, ?1, ?2, '', 'Sari Wijaya', 'approve', 10, '', NULL, ?3, '', '')",
        rusqlite::params![id.0, by.0, batch.content_hash],
    )?;
    told(tx, 11, "batch_revoke", &format!("batch:{id}"))?;
    tx.signature_add(&SignatureNew {
        batch_id: Some(id),
        meaning: "revoke".into(),
        reason: Some("lab result is missing".into()),
        content_hash: batch.content_hash.clone(),
        ..new(ObjectKind::Batch, id.0, by, 11)
    })?;
    told(tx, 12, "manual_line_enter", &format!("batch:{id}"))?;
    assert!(tx.manual_line_enter(id, 1, Grams(12_010), LOGIN, 12)?);
    let lines = tx.manual_lines(id)?;
    tx.signature_add(&SignatureNew {
        batch_id: Some(id),
        meaning: "manual_entry".into(),
        content_hash: of_manual_line(&batch, &lines[0]).expect("was entered"),
        ..new(ObjectKind::ManualLine, 1, by, 12)
    })?;
    told(tx, 13, "outbox_waive", "outbox:1")?;
    tx.outbox_add(
        "key-1",
        MessageKind::Consumption,
        order,
        id,
        "{\"quantity\":1}",
        13,
    )?;
    let message = &tx.outbox_of_batch(id)?[0];
    assert_eq!(message.state, Posting::Queued);
    tx.signature_add(&SignatureNew {
        meaning: "waive".into(),
        content_hash: of_message(message),
        ..new(ObjectKind::Message, message.id.0, by, 13)
    })?;
    told(tx, 14, "settings_import", "settings")?;
    let (seq, hash) = tx.audit_head()?.expect("a row");
    tx.signature_add(&SignatureNew {
        meaning: "settings_import".into(),
        content_hash: hash,
        ..new(ObjectKind::Act, seq, by, 14)
    })
}

async fn signed() -> (tempfile::TempDir, Store) {
    let (folder, store) = open();
    store.write(sign_all).await.expect("committed");
    assert_eq!(findings(&store).await, Vec::<String>::new());
    (folder, store)
}

async fn findings(store: &Store) -> Vec<String> {
    let found = store.read(|r| {
        let mut found = r.signature_findings()?;
        found.extend(r.signature_trail_findings()?);
        Ok::<_, StoreError>(found)
    });
    found.await.expect("readable")
}

/// What is found after somebody with the file ran this.
async fn forged(sql: &'static str) -> Vec<String> {
    let (_folder, store) = signed().await;
    store
        .write(move |tx| {
            tx.connection.execute_batch(
                "DROP TRIGGER signature_is_append_only_u; DROP TRIGGER signature_is_append_only_d;
                 DROP TRIGGER audit_is_append_only_u; PRAGMA defer_foreign_keys = 1;",
            )?;
            Ok::<_, StoreError>(tx.connection.execute_batch(sql)?)
        })
        .await
        .expect("somebody with the file can do this");
    findings(&store).await
}

#[tokio::test]
async fn a_signature_cannot_be_rewritten() {
    let (_folder, store) = signed().await;
    for sql in ["UPDATE signature SET person = 'x'", "DELETE FROM signature"] {
        let refused = store
            .write(move |tx| Ok::<_, StoreError>(tx.connection.execute(sql, [])?))
            .await;
        assert!(refused.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn what_is_done_to_a_signature_or_to_what_it_stands_on_is_named() {
    for (sql, name) in [
        (
            "UPDATE signature SET person = 'Ani' WHERE id = 2",
            "signature 2 (revoke by Ani) is not as it was signed",
        ),
        (
            "UPDATE signature SET login = 'x' WHERE id = 3",
            "signature 3 ",
        ),
        (
            "UPDATE signature SET meaning = 'approve' WHERE id = 2",
            "signature 2 ",
        ),
        (
            "UPDATE signature SET reason = 'because' WHERE id = 2",
            "signature 2 ",
        ),
        (
            "UPDATE signature SET reason = NULL WHERE id = 2",
            "signature 2 ",
        ),
        (
            "UPDATE signature SET at_ms = 12 WHERE id = 2",
            "signature 2 ",
        ),
        (
            "UPDATE signature SET site = 'south' WHERE id = 4",
            "signature 4 ",
        ),
        (
            "UPDATE signature SET batch_id = NULL WHERE id = 3",
            "signature 3 ",
        ),
        (
            "UPDATE signature SET object_kind = 'message' WHERE id = 5",
            "signature 5 ",
        ),
        (
            "UPDATE signature SET person = 'Ani' WHERE id = 1",
            "signature 2 ",
        ),
        (
            "DELETE FROM signature WHERE id = 3",
            "signature 3 is not there",
        ),
        (
            "DELETE FROM signature WHERE id >= 2",
            "row 2 of the trail (batch_revoke of batch:1) has no signature",
        ),
        (
            "INSERT INTO signature SELECT 6, format, object_kind, object_id, batch_id, person_id, login, person, meaning, 99, site, reason, content_hash, prev_hash, hash FROM signature WHERE id = 2",
            "signature 6 (revoke by Sari Wijaya): the trail does not tell of it",
        ),
        (
            "UPDATE batch SET recipe = replace(recipe, '988000', '988010')",
            "signature 1 (approve by Sari Wijaya): the batch 1 is not",
        ),
        (
            "UPDATE batch SET recipe = 'x'",
            "signature 2 (revoke by Sari Wijaya): the batch 1 that it stands on is not in the books",
        ),
        ("UPDATE batch SET content_hash = 'x'", "signature 2 "),
        (
            "UPDATE manual_line SET actual_g = 12000",
            "signature 3 (manual_entry by Sari Wijaya): the manual_line 1 is not as it was",
        ),
        ("UPDATE manual_line SET entered_by = 'x'", "signature 3 "),
        (
            "UPDATE outbox SET payload = replace(payload, '1', '2')",
            "signature 4 (waive by Sari Wijaya): the message 1 is not as it was",
        ),
        (
            "UPDATE audit SET hash = 'x' WHERE seq = 5",
            "signature 5 (settings_import by Sari Wijaya): the act 5 is not",
        ),
    ] {
        let found = forged(sql).await;
        assert!(
            found.iter().any(|text| text.contains(name)),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_signature_holds_until_what_it_stands_on_is_changed() {
    let (_folder, store) = signed().await;
    let held = |store: &Store| {
        let store = store.clone();
        async move {
            store
                .read(|r| {
                    let signatures = r.signatures(BatchId(1))?;
                    let held = signatures.iter().map(|s| r.signature_holds(s));
                    held.collect::<Result<Vec<_>, StoreError>>()
                })
                .await
                .expect("readable")
        }
    };
    assert_eq!(held(&store).await, [true, true, true]);
    store
        .write(|tx| {
            let sql = "UPDATE manual_line SET actual_g = 12000";
            Ok::<_, StoreError>(tx.connection.execute(sql, [])?)
        })
        .await
        .expect("committed");
    assert_eq!(held(&store).await, [true, true, false]);
}

async fn seal(store: &Store, at_ms: i64) -> i64 {
    let sealed = store.write(move |tx| {
        tx.seal_add(&Sealer::new(&[7; 32], "north"), SealCause::Time, at_ms)?;
        Ok::<_, StoreError>(tx.audit_head()?.expect("rows").0)
    });
    sealed.await.expect("committed")
}

#[tokio::test]
async fn the_sealed_trail_names_the_newest_signature_so_that_the_end_cannot_be_cut_off() {
    let (_folder, store) = signed().await;
    let rows = store.read(|r| r.audit_head()).await.expect("readable");
    let rows = rows.expect("rows").0;
    assert_eq!(seal(&store, 20).await, rows + 1, "its key");
    store
        .write(|tx| told(tx, 22, "filled", "test"))
        .await
        .expect("committed");
    assert_eq!(seal(&store, 23).await, rows + 2);
    let walked = store.read(|r| r.trail_walk(&Expect::default())).await;
    assert_eq!(walked.expect("readable").fault, None);
    assert_eq!(findings(&store).await, Vec::<String>::new());
    for (sql, name) in [
        (
            "UPDATE signature SET hash = 'x' WHERE id = 5",
            "signature 5 is not the one that row",
        ),
        (
            "DELETE FROM signature WHERE id = 5",
            "signature 5 is not there; row",
        ),
        (
            "DELETE FROM signature WHERE id >= 4",
            "signature 4 is not there; row",
        ),
    ] {
        let by_hand = store.write(move |tx| {
            tx.connection.execute_batch(
                "DROP TRIGGER IF EXISTS signature_is_append_only_u; DROP TRIGGER IF EXISTS signature_is_append_only_d;",
            )?;
            Ok::<_, StoreError>(tx.connection.execute_batch(sql)?)
        });
        by_hand.await.expect("somebody with the file can do this");
        let found = findings(&store).await;
        assert!(
            found.iter().any(|text| text.contains(name)),
            "{sql}: {found:?}"
        );
    }
}
