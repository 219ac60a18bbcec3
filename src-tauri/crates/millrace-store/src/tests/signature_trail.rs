//! The trail names each signature: in the act's row, or in a row of its own; what was put in another's
//! place with a right hash is found by it.

use millrace_core::access::{Grant, Role};
use millrace_core::signature::ObjectKind;

use super::{act, add_batch, open};
use crate::table::audit::AuditEntry;
use crate::table::signature::SignatureNew;
use crate::{Store, StoreError};

/// Three signatures: two named by the rows of their acts, one that stands on its act's own row.
async fn signed() -> (tempfile::TempDir, Store) {
    let (folder, store) = open();
    store
        .write(|tx| {
            let by = tx.person_add("Sari", &[Grant::everywhere(Role::Supervisor)], "phc-1", 1)?;
            let (_, id) = add_batch(tx, "WH/MO/00101", 1)?;
            let batch = tx.batch(id)?;
            let sign = |meaning: &str, at_ms: i64| SignatureNew {
                object_kind: ObjectKind::Batch,
                object_id: id.0,
                batch_id: Some(id),
                person_id: by,
                login: "Sari".into(),
                person: "Sari Wijaya".into(),
                meaning: meaning.into(),
                at_ms,
                site: "north".into(),
                reason: None,
                content_hash: batch.content_hash.clone(),
            };
            for (meaning, at_ms) in [("approve", 10), ("revoke", 11)] {
                tx.signature_add(&sign(meaning, at_ms))?;
                tx.audit_add_signed(&AuditEntry {
                    actor: "Sari".into(),
                    action: format!("batch_{meaning}"),
                    object: format!("batch:{id}"),
                    ..act(at_ms)
                })?;
            }
            tx.audit_add(&AuditEntry {
                actor: "Sari".into(),
                action: "setting_set".into(),
                ..act(12)
            })?;
            let (seq, hash) = tx.audit_head()?.expect("a row");
            tx.signature_add(&SignatureNew {
                object_kind: ObjectKind::Act,
                object_id: seq,
                batch_id: None,
                content_hash: hash,
                ..sign("setting_set", 12)
            })
        })
        .await
        .expect("committed");
    (folder, store)
}

async fn findings(store: &Store) -> Vec<String> {
    let found = store.read(|r| r.signature_trail_findings()).await;
    found.expect("readable")
}

/// Puts other words into a signature, and the hash that goes with them, as somebody with the file can.
async fn forge(store: &Store, id: i64) {
    store
        .write(move |tx| {
            tx.connection
                .execute_batch("DROP TRIGGER signature_is_append_only_u")?;
            let mut row = tx.signature_by_id(id)?.ok_or(StoreError::Missing {
                what: "signature",
                id,
            })?;
            row.person = "Somebody Else".into();
            let hash = row.hash_after(&row.prev_hash);
            tx.connection.execute(
                "UPDATE signature SET person = ?2, hash = ?3 WHERE id = ?1",
                rusqlite::params![id, row.person, hash],
            )?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect("somebody with the file can do this");
}

#[tokio::test]
async fn the_acts_row_names_the_signature_and_what_none_names_gets_a_row() {
    let (_folder, store) = signed().await;
    assert_eq!(findings(&store).await, Vec::<String>::new());
    let rows = store
        .read(|r| {
            let mut statement = r
                .connection
                .prepare("SELECT action, object, after FROM audit WHERE instr(after, 'signed') > 0 ORDER BY seq")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            Ok::<_, StoreError>(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .expect("readable");
    let told: Vec<_> = rows.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(told, ["batch_approve", "batch_revoke", "signature_add"]);
    assert_eq!(rows[2].1, "signature:3");
    for (row, id) in rows.iter().zip(1..) {
        let after: serde_json::Value = serde_json::from_str(&row.2).expect("JSON");
        let hash = store
            .read(move |r| Ok::<_, StoreError>(r.signature_by_id(id)?.expect("there").hash))
            .await
            .expect("readable");
        assert_eq!(
            after["signed"],
            serde_json::json!([{ "id": id, "hash": hash }])
        );
    }
}

#[tokio::test]
async fn a_signature_put_in_anothers_place_with_a_right_hash_is_found() {
    for (id, teller) in [
        (1, "row 1 of the trail (batch_approve of batch:1)"),
        (2, "row 2 of the trail (batch_revoke of batch:1)"),
        // The newest: no signature behind it names its hash, only the trail does.
        (3, "row 4 of the trail (signature_add of signature:3)"),
    ] {
        let (_folder, store) = signed().await;
        forge(&store, id).await;
        assert_eq!(
            findings(&store).await,
            [format!("signature {id} is not the one that {teller} names")]
        );
    }
}

#[tokio::test]
async fn a_signature_that_is_gone_or_that_nobody_names_is_found() {
    let (_folder, store) = signed().await;
    store
        .write(|tx| {
            Ok::<_, StoreError>(tx.connection.execute_batch(
                "DROP TRIGGER signature_is_append_only_d; DELETE FROM signature WHERE id = 3;
                 INSERT INTO signature SELECT 4, format, object_kind, object_id, batch_id, person_id, login, person, meaning, at_ms, site, reason, content_hash, prev_hash, hash FROM signature WHERE id = 2",
            )?)
        })
        .await
        .expect("somebody with the file can do this");
    assert_eq!(
        findings(&store).await,
        [
            "signature 3 is not there; row 4 of the trail (signature_add of signature:3) names it",
            "signature 4 (revoke by Sari Wijaya): no row of the trail names it"
        ]
    );
}

#[tokio::test]
async fn a_signature_from_before_the_naming_is_not_missed() {
    let (_folder, store) = signed().await;
    store
        .write(|tx| {
            // As books of the version before stand: the first signature, and no row that names it.
            Ok::<_, StoreError>(tx.connection.execute_batch(
                "DROP TRIGGER audit_is_append_only_u; UPDATE audit SET after = '{}' WHERE seq = 1",
            )?)
        })
        .await
        .expect("committed");
    assert_eq!(findings(&store).await, Vec::<String>::new());
}
