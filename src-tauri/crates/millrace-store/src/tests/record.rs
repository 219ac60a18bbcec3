//! Records of ended batches: frozen with the fact, once a fact, and every change of them named.

use millrace_core::audit::chain::Expect;
use rusqlite::types::Value;

use super::*;

/// A rejected batch: it has ended without dosing.
async fn ended(store: &Store) -> BatchId {
    let id = store
        .write(|tx| add_batch(tx, "WH/MO/00101", 1).map(|(_, id)| id))
        .await
        .expect("added");
    let written = store.write(move |tx| {
        let mut row = tx.batch(id)?;
        row.release = row.release.step(ReleaseEvent::Reject).expect("pending");
        tx.batch_save(&mut row)?;
        tx.journal_add(7, Some(id), JournalKind::BatchRejected, &[])?;
        Ok::<_, StoreError>(())
    });
    written.await.expect("committed");
    id
}

async fn enter_salt(store: &Store, id: BatchId) {
    let written = store.write(move |tx| {
        assert!(tx.manual_line_enter(id, 1, Grams(11_990), "Operator 1", 8)?);
        tx.journal_add(8, Some(id), JournalKind::ManualEntered, &[])?;
        Ok::<_, StoreError>(())
    });
    written.await.expect("committed");
}

async fn found(store: &Store) -> Vec<String> {
    store
        .read(|read| read.records_check(None))
        .await
        .expect("readable")
}

/// What somebody with the file can do.
fn by_hand(store: &Store, sql: &str, value: Option<Value>) {
    let raw = rusqlite::Connection::open(store.path()).expect("opens");
    raw.execute_batch(
        "PRAGMA foreign_keys = 0; DROP TRIGGER IF EXISTS batch_record_is_append_only_u;
         DROP TRIGGER IF EXISTS batch_record_is_append_only_d;",
    )
    .expect("nobody hinders them");
    raw.execute(sql, rusqlite::params_from_iter(value))
        .expect("nobody hinders them");
}

#[tokio::test]
async fn each_fact_after_the_end_is_a_revision_and_nothing_else_is() {
    let (_folder, store) = open();
    let id = ended(&store).await;
    let records = store.read(move |read| read.records(id)).await;
    let records = records.expect("readable");
    assert_eq!(records.len(), 1, "frozen with the end");
    assert!(records[0].content.contains("\"release\":\"rejected\""));
    assert!(records[0].content.contains("batch_rejected"));
    // An event that states no new fact.
    let event = store.write(move |tx| {
        tx.journal_add(8, Some(id), JournalKind::SlotFreed, &[])?;
        Ok::<_, StoreError>(())
    });
    event.await.expect("committed");
    enter_salt(&store, id).await;
    let records = store.read(move |read| read.records(id)).await;
    let records = records.expect("readable");
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].prev_hash, records[0].hash);
    assert_eq!(records[1].at_ms, 8);
    assert!(records[1].content.contains("\"actual_g\":11990"));
    assert_eq!(found(&store).await, Vec::<String>::new());
    let walked = store.read(|read| read.trail_walk(&Expect::default())).await;
    let walked = walked.expect("readable");
    assert_eq!((walked.fault, walked.rows), (None, 2), "told once each");
    let agrees = store.read(move |read| read.record_agrees(id)).await;
    assert_eq!(agrees.expect("readable"), Some(true));
}

/// Whoever undoes the fact undoes its record.
#[tokio::test]
async fn a_refused_part_freezes_nothing() {
    let (_folder, store) = open();
    let id = store
        .write(|tx| add_batch(tx, "WH/MO/00101", 1).map(|(_, id)| id))
        .await
        .expect("added");
    let refused: Result<(), StoreError> = store
        .write(move |tx| {
            let mut row = tx.batch(id)?;
            row.release = row.release.step(ReleaseEvent::Reject).expect("pending");
            tx.batch_save(&mut row)?;
            Err(StoreError::Stopped)
        })
        .await;
    assert!(refused.is_err());
    let records = store.read(move |read| read.records(id)).await;
    assert_eq!(records.expect("readable"), []);
}

#[tokio::test]
async fn a_record_cannot_be_changed_through_the_books() {
    let (_folder, store) = open();
    ended(&store).await;
    for sql in [
        "UPDATE batch_record SET content = ''",
        "DELETE FROM batch_record",
    ] {
        let refused = store
            .write(move |tx| Ok::<_, StoreError>(tx.connection.execute_batch(sql)?))
            .await;
        assert!(
            refused
                .expect_err("append-only")
                .to_string()
                .contains("append-only")
        );
    }
}

/// One byte of every column of every row, at a place that moves with the round.
#[tokio::test]
async fn any_changed_byte_of_a_record_is_named() {
    let (_folder, store) = open();
    let id = ended(&store).await;
    enter_salt(&store, id).await;
    let columns = [
        "revision",
        "at_ms",
        "content",
        "prev_hash",
        "hash",
        "audit_seq",
    ];
    let mut tried = 0;
    for revision in 1..=2_i64 {
        for column in columns {
            for round in 0..25_usize {
                let place = format!("FROM batch_record WHERE revision = {revision}");
                let sql = format!("SELECT {column} {place}");
                let read = store.read(move |read| {
                    let value = read.connection.query_row(&sql, [], |row| row.get(0));
                    Ok::<Value, StoreError>(value?)
                });
                let good = read.await.expect("there");
                let bad = match &good {
                    Value::Integer(number) => Value::Integer(number ^ (1 << (8 + round))),
                    Value::Text(text) if text.is_empty() => Value::Text("0".into()),
                    Value::Text(text) => {
                        let mut bytes = text.clone().into_bytes();
                        let at = round * 7_919 % bytes.len();
                        bytes[at] ^= 1;
                        Value::Text(String::from_utf8(bytes).expect("plain letters"))
                    }
                    other => panic!("{other:?}"),
                };
                let key = match (&bad, column) {
                    (Value::Integer(number), "revision") => *number,
                    _ => revision,
                };
                let set =
                    |key| format!("UPDATE batch_record SET {column} = ?1 WHERE revision = {key}");
                by_hand(&store, &set(revision), Some(bad));
                let named = found(&store).await;
                assert_eq!(named.len(), 1, "{column} {round}");
                assert!(
                    named[0].starts_with("record of batch:1, revision "),
                    "{column} {round}: {named:?}"
                );
                by_hand(&store, &set(key), Some(good));
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 300);
    assert_eq!(found(&store).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_record_that_is_gone_and_books_that_say_otherwise_are_named() {
    for (sql, named) in [
        (
            "DELETE FROM batch_record WHERE revision = 1",
            "revision 1: it is missing",
        ),
        (
            "DELETE FROM batch_record WHERE revision = 2",
            "revision 2: it is missing",
        ),
        ("DELETE FROM batch_record", "revision 1: it is missing"),
        ("UPDATE batch SET finished_g = 5", "do not say any more"),
        (
            "UPDATE batch SET release = 'approved'",
            "do not say any more",
        ),
        (
            "UPDATE batch SET recipe = replace(recipe, 'Wheat', 'Wheet')",
            "do not say any more",
        ),
        ("UPDATE batch_line SET actual_g = 10", "do not say any more"),
        (
            "UPDATE manual_line SET actual_g = 10",
            "do not say any more",
        ),
        (
            "UPDATE manual_line SET entered_by = 'X'",
            "do not say any more",
        ),
    ] {
        let (_folder, store) = open();
        let id = ended(&store).await;
        enter_salt(&store, id).await;
        by_hand(&store, sql, None);
        let named_now = found(&store).await;
        assert_eq!(named_now.len(), 1, "{sql}");
        assert!(
            named_now[0].contains("batch:1") && named_now[0].contains(named),
            "{sql}: {named_now:?}"
        );
    }
}

/// A record as a program before accepted deviations made it: verifiable under its own format, no reason
/// for another revision by itself, and followed by one of this format when there is a new fact.
#[tokio::test]
async fn a_record_of_the_old_format_stays_good_and_is_followed_by_a_new_one() {
    let (_folder, store) = open();
    let id = ended(&store).await;
    let records = store.read(move |read| read.records(id)).await;
    let mut old = records.expect("readable").remove(0);
    old.content = old
        .content
        .replace("millrace-record-2", "millrace-record-1")
        .replace(",\"deviations\":[]", "");
    assert!(old.is_old() && !old.content.contains("deviations"));
    old.hash = old.expected_hash();
    by_hand(
        &store,
        "UPDATE batch_record SET content = ?1",
        Some(Value::Text(old.content.clone())),
    );
    by_hand(
        &store,
        "UPDATE batch_record SET hash = ?1",
        Some(Value::Text(old.hash.clone())),
    );
    let raw = rusqlite::Connection::open(store.path()).expect("opens");
    raw.execute_batch("DROP TRIGGER audit_is_append_only_u")
        .expect("nobody hinders them");
    raw.execute(
        "UPDATE audit SET after = ?1 WHERE action = 'record_freeze'",
        [millrace_core::record::after(1, &old.hash)],
    )
    .expect("nobody hinders them");
    assert_eq!(found(&store).await, Vec::<String>::new());
    let event = store.write(move |tx| {
        tx.journal_add(8, Some(id), JournalKind::SlotFreed, &[])?;
        Ok::<_, StoreError>(())
    });
    event.await.expect("committed");
    let records = store.read(move |read| read.records(id)).await;
    assert_eq!(records.expect("readable"), std::slice::from_ref(&old));
    enter_salt(&store, id).await;
    let records = store.read(move |read| read.records(id)).await;
    let records = records.expect("readable");
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].prev_hash, old.hash);
    assert!(!records[1].is_old());
    assert_eq!(found(&store).await, Vec::<String>::new());
    // A change of the old one is still named.
    by_hand(
        &store,
        "UPDATE batch_record SET content = replace(content, 'rejected', 'approved') WHERE revision = 1",
        None,
    );
    assert!(found(&store).await[0].contains("its content does not fit its hash"));
}
