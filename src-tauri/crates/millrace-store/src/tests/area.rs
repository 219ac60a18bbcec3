//! The tables of the two PLC areas: round trips, once a generation, append-only, and an outbox that
//! was migrated with its rows.

use millrace_core::batch::posting::Posting;
use millrace_core::ids::OutboxId;
use millrace_core::registers::area::AreaStep;
use millrace_core::units::Grams;

use super::{add_batch, open};
use crate::table::area_step::Area;
use crate::table::equipment_failure::FailureNew;
use crate::table::manual_weighing::{WeighingLine, WeighingNew};
use crate::table::outbox::{MessageKind, OutboxNew};
use crate::{Store, StoreError, Write};

fn message(tx: &Write<'_>, key: &str) -> Result<OutboxId, StoreError> {
    let id = tx.outbox_put(&OutboxNew {
        key,
        kind: MessageKind::EquipmentFailure,
        about: None,
        payload: "{}",
        at_ms: 10,
        not_before_ms: 10,
    })?;
    Ok(id.expect("a new key"))
}

fn failure(tx: &Write<'_>, key: &str, hash: &str) -> Result<i64, StoreError> {
    let outbox_id = message(tx, key)?;
    tx.failure_add(&FailureNew {
        content_hash: hash,
        equipment_code: "silo101",
        info: "MOTOR_FAILURE",
        plc_time: Some("2026-11-22 08:30:00"),
        stored_at_ms: 10,
        outbox_id,
    })
}

fn weighing(hash: &str, line: Result<WeighingLine, String>) -> WeighingNew<'_> {
    WeighingNew {
        content_hash: hash,
        batch_no: 2,
        order_name: "WH/MO/00101",
        product_id: 997,
        mass: Grams(12_040),
        stored_at_ms: 20,
        line,
    }
}

#[tokio::test]
async fn a_failure_is_read_back_with_its_message() {
    let (_folder, store) = open();
    let id = store
        .write(|tx| failure(tx, "a", "h1"))
        .await
        .expect("committed");
    let open = store
        .read(|r| r.area_open(Area::EquipmentFailure))
        .await
        .expect("readable")
        .expect("open");
    assert_eq!(
        (open.id, open.content_hash.as_str(), open.step),
        (id, "h1", AreaStep::Stored)
    );
    store
        .write(move |tx| tx.area_step_set(Area::EquipmentFailure, id, AreaStep::Acked, 30))
        .await
        .expect("committed");
    let rows = store
        .read(|r| r.failures_latest(10))
        .await
        .expect("readable");
    let [row] = rows.as_slice() else {
        panic!("one row, not {rows:?}");
    };
    assert_eq!(
        (row.equipment_code.as_str(), row.info.as_str()),
        ("silo101", "MOTOR_FAILURE")
    );
    assert_eq!(row.plc_time.as_deref(), Some("2026-11-22 08:30:00"));
    assert_eq!((row.stored_at_ms, row.acked_at_ms), (10, Some(30)));
    assert_eq!(row.posting, Posting::Queued);
    let message = store.read(|r| r.outbox_next(10)).await.expect("readable");
    let message = message.expect("due");
    assert_eq!(
        (message.kind, message.order_id, message.batch_id),
        (MessageKind::EquipmentFailure, None, None)
    );
}

#[tokio::test]
async fn the_same_words_are_one_event_until_the_area_was_cleared() {
    let (_folder, store) = open();
    let first = store
        .write(|tx| failure(tx, "a", "h1"))
        .await
        .expect("committed");
    let twice = store.write(|tx| failure(tx, "b", "h1")).await;
    assert!(twice.is_err(), "{twice:?}");
    let other = store.write(|tx| failure(tx, "b", "h2")).await;
    assert!(other.is_err(), "one event stands in an area: {other:?}");
    let second = store
        .write(move |tx| {
            tx.area_step_set(Area::EquipmentFailure, first, AreaStep::Cleared, 40)?;
            failure(tx, "b", "h1")
        })
        .await
        .expect("after a clear it is a new one");
    assert_ne!(first, second);
    let back = store
        .write(move |tx| tx.area_step_set(Area::EquipmentFailure, first, AreaStep::Acked, 50))
        .await;
    assert!(
        matches!(back, Err(StoreError::Changed { .. })),
        "closed is closed: {back:?}"
    );
}

#[tokio::test]
async fn a_weighing_names_its_line_or_says_why_none_took_it() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (_, batch_id) = add_batch(tx, "WH/MO/00101", 1)?;
            let line = WeighingLine {
                batch_id,
                line_no: 1,
                material: "Salt".into(),
                outbox_id: None,
            };
            let id = tx.weighing_add(&weighing("h1", Ok(line)))?;
            tx.area_step_set(Area::ManualWeighing, id, AreaStep::Cleared, 30)?;
            tx.weighing_add(&weighing("h2", Err("no order of this name".into())))
        })
        .await
        .expect("committed");
    let rows = store
        .read(|r| r.weighings_latest(10))
        .await
        .expect("readable");
    let [noted, entered] = rows.as_slice() else {
        panic!("two rows, not {rows:?}");
    };
    assert_eq!(entered.batch_label.as_deref(), Some("WH/MO/00101/1"));
    assert_eq!(entered.material.as_deref(), Some("Salt"));
    assert_eq!((entered.product_id, entered.mass), (997, Grams(12_040)));
    assert_eq!((noted.batch_id, noted.posting), (None, None));
    assert_eq!(noted.note.as_deref(), Some("no order of this name"));
}

#[tokio::test]
async fn what_the_plc_reported_cannot_be_rewritten() {
    let (folder, store) = open();
    store
        .write(|tx| {
            failure(tx, "a", "h1")?;
            tx.weighing_add(&weighing("h2", Err("nobody's".into())))
        })
        .await
        .expect("committed");
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("books.db")).expect("opens");
    for change in [
        "UPDATE equipment_failure SET info = 'NONE'",
        "DELETE FROM equipment_failure",
        "UPDATE manual_weighing SET mass_g = 1",
        "UPDATE manual_weighing SET note = NULL",
        "DELETE FROM manual_weighing",
    ] {
        let error = raw.execute(change, []).expect_err(change);
        assert!(
            error.to_string().contains("append-only"),
            "{change}: {error}"
        );
    }
}

#[tokio::test]
async fn only_a_failure_may_be_without_order_and_batch() {
    let (_folder, store) = open();
    let outcome = store
        .write(|tx| {
            tx.outbox_put(&OutboxNew {
                key: "x",
                kind: MessageKind::MaterialConsumption,
                about: None,
                payload: "{}",
                at_ms: 1,
                not_before_ms: 1,
            })
        })
        .await;
    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test]
async fn the_messages_of_an_older_database_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.db");
    {
        let raw = rusqlite::Connection::open(&path).expect("opens");
        raw.execute_batch(include_str!(
            "../../../../../migrations/0001_foundation.sql"
        ))
        .expect("the first schema");
        raw.execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO erp_order (id, erp_instance, identity, name, product, quantity_kg, standing, content, created_at_ms, seen_at_ms)
             VALUES (3, 'n', 'name:A', 'A', 'P', '1', 'accepted', '{}', 1, 1);
             INSERT INTO batch (id, order_id, batch_index, label, order_name, product, recipe, content_hash, planned_g, silo_planned_g, release, run, posting, word, created_at_ms)
             VALUES (4, 3, 1, 'A/1', 'A', 'P', '{}', 'h', 1, 1, 'approved', 'idle', 'not_due', 'approved', 1);
             INSERT INTO outbox (id, key, kind, order_id, batch_id, payload, state, attempts, next_at_ms, created_at_ms, last_answer)
             VALUES (9, 'k', 'consumption', 3, 4, '{}', 'refused', 2, 5, 6, 'no such order');",
        )
        .expect("an older database");
    }
    let store = Store::open(&path).expect("migrates");
    let row = store
        .read(|r| r.outbox(OutboxId(9)))
        .await
        .expect("still there");
    assert_eq!(
        (row.key.as_str(), row.state, row.attempts),
        ("k", Posting::Refused, 2)
    );
    assert_eq!(row.batch_label.as_deref(), Some("A/1"));
    assert_eq!(row.last_answer.as_deref(), Some("no such order"));
    let next = store.write(|tx| message(tx, "f")).await.expect("committed");
    assert!(next > OutboxId(9), "ids are not used again");
}
