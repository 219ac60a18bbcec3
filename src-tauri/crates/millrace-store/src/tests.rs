//! Round trips, durability settings, what may not be changed, and what a bad file leads to.

mod ledger;
mod old;
mod order;
mod person;
mod posting;
mod power_cut;
mod record;
mod signature;
mod signature_trail;
mod trail;
mod trouble;
mod turn;

use millrace_core::batch::posting::{Posting, PostingEvent};
use millrace_core::batch::release::ReleaseEvent;
use millrace_core::ids::{BatchId, OrderId, SiloNo};
use millrace_core::journal::JournalKind;
use millrace_core::recipe::{ControlRecipe, ManualLine, SiloLine};
use millrace_core::silo::{MovementKind, Tolerance};
use millrace_core::units::{BasisPoints, Grams};

use crate::table::audit::AuditEntry;
use crate::table::batch::{BatchNew, HistoryFilter};
use crate::table::erp_order::{OrderPut, Standing};
use crate::table::outbox::MessageKind;
use crate::table::silo::SiloRow;
use crate::{Store, StoreError, Write};

mod area;

fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("books.db")).expect("opens");
    (folder, store)
}

fn silo(number: u16) -> SiloRow {
    SiloRow {
        silo: SiloNo(number),
        position: i64::from(number),
        tag: format!("silo_{number}"),
        label: number.to_string(),
        erp_code: format!("silo{number}"),
        material: "Wheat".into(),
        is_liquid: false,
        capacity_g: Grams(20_000_000),
        low_g: Grams(2_000_000),
        max_dose_g: Grams(1_500_000),
        tolerance: Tolerance {
            share: BasisPoints(1_000),
            floor_g: Grams(2_000),
        },
        rate_g_s: 14_000,
    }
}

fn recipe(order: &str, index: u32) -> ControlRecipe {
    ControlRecipe {
        order_name: order.into(),
        batch_index: index,
        product_name: "LAYER FEED 16".into(),
        line_name: "Line 1".into(),
        planned_g: Grams(1_000_000),
        silo_lines: vec![SiloLine {
            silo: SiloNo(101),
            erp_code: "silo101".into(),
            material: "Wheat".into(),
            planned_g: Grams(988_000),
            tolerance: Tolerance {
                share: BasisPoints(1_000),
                floor_g: Grams(2_000),
            },
        }],
        manual_lines: vec![ManualLine {
            material: "Salt".into(),
            erp_code: "PLC01".into(),
            product_id: None,
            planned_g: Grams(12_000),
        }],
    }
}

fn add_batch(tx: &Write<'_>, order: &str, index: u32) -> Result<(OrderId, BatchId), StoreError> {
    tx.silo_put(&silo(101))?;
    let order_id = tx.order_put(&OrderPut {
        erp_instance: "north:plant",
        identity: &format!("name:{order}"),
        name: order,
        product: "LAYER FEED 16",
        quantity_kg: "1000",
        standing: Standing::Accepted,
        refusal: None,
        content: None,
        due_ms: None,
        at_ms: 1,
    })?;
    Ok((
        order_id,
        tx.batch_add(&BatchNew {
            order_id,
            recipe: &recipe(order, index),
            due_ms: None,
            at_ms: 1,
        })?,
    ))
}

fn act(n: i64) -> AuditEntry {
    AuditEntry {
        at_ms: n,
        actor: "Supervisor 1".into(),
        action: "batch_approve".into(),
        object: "batch:1".into(),
        before: "{}".into(),
        after: format!("{{\"n\":{n}}}"),
        reason: String::new(),
    }
}

#[tokio::test]
async fn every_connection_is_durable() {
    let (_folder, store) = open();
    let pragmas = store.pragmas().await.expect("readable");
    assert_eq!(pragmas.len(), 4, "one writer, three readers");
    for (mode, synchronous) in pragmas {
        assert_eq!((mode.as_str(), synchronous), ("wal", 2), "2 = FULL");
    }
}

#[tokio::test]
async fn a_batch_is_read_back_as_it_was_saved() {
    let (_folder, store) = open();
    let saved = store
        .write(|tx| {
            let (_, id) = add_batch(tx, "WH/MO/00101", 1)?;
            let mut row = tx.batch(id)?;
            row.release = row.release.step(ReleaseEvent::Approve).expect("pending");
            row.approved_by = Some("Supervisor 1".into());
            tx.batch_save(&mut row)?;
            Ok::<_, StoreError>(row)
        })
        .await
        .expect("committed");
    let id = saved.id;
    let read = store.read(move |r| r.batch(id)).await.expect("there");
    assert_eq!(read, saved);
    assert_eq!(read.version, 2);
    assert_eq!(read.recipe.content_hash().0, read.content_hash);
    let lines = store
        .read(move |r| Ok::<_, StoreError>((r.batch_lines(id)?, r.manual_lines(id)?)))
        .await
        .expect("there");
    assert_eq!((lines.0.len(), lines.1.len()), (1, 1));
}

#[tokio::test]
async fn the_second_to_save_is_told_that_somebody_was_faster() {
    let (_folder, store) = open();
    let row = store
        .write(|tx| {
            let (_, id) = add_batch(tx, "WH/MO/00101", 1)?;
            tx.batch(id)
        })
        .await
        .expect("committed");
    let (mut first, mut second) = (row.clone(), row);
    store
        .write(move |tx| tx.batch_save(&mut first))
        .await
        .expect("the first");
    let refused = store
        .write(move |tx| tx.batch_save(&mut second))
        .await
        .expect_err("the second");
    assert!(
        matches!(refused, StoreError::Changed { what: "batch", .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn one_callers_refusal_undoes_only_its_own_part_of_a_shared_commit() {
    let (_folder, store) = open();
    let work = (0..200_i64).map(|n| {
        let store = store.clone();
        async move {
            store
                .write(move |tx| {
                    tx.meta_set(&format!("k{n}"), "v")?;
                    if n % 3 == 0 {
                        Err(StoreError::Missing {
                            what: "nothing",
                            id: n,
                        })
                    } else {
                        Ok(n)
                    }
                })
                .await
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for one in work {
        tasks.spawn(one);
    }
    while let Some(outcome) = tasks.join_next().await {
        let _ = outcome.expect("no panic");
    }
    for n in 0..200_i64 {
        let value = store
            .read(move |r| r.meta(&format!("k{n}")))
            .await
            .expect("readable");
        assert_eq!(value.is_some(), n % 3 != 0, "k{n}");
    }
}

#[tokio::test]
async fn trail_journal_signatures_and_ledger_cannot_be_rewritten() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (_, id) = add_batch(tx, "WH/MO/00101", 1)?;
            tx.audit_add(&act(1))?;
            tx.journal_add(
                1,
                Some(id),
                JournalKind::BatchCreated,
                &[("order", "WH/MO/00101".into())],
            )?;
            tx.silo_move(
                1,
                SiloNo(101),
                MovementKind::Opening,
                Grams(14_400_000),
                None,
                None,
            )?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
    for sql in [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "UPDATE journal SET kind = 'x'",
        "DELETE FROM journal",
        "UPDATE silo_movement SET delta_g = 0",
        "DELETE FROM silo_movement",
    ] {
        let refused = store
            .write(move |tx| Ok::<_, StoreError>(tx.connection.execute(sql, [])?))
            .await;
        assert!(refused.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn a_changed_row_of_the_trail_is_found_and_named() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            for n in 1..=5 {
                tx.audit_add(&act(n))?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
    assert_eq!(
        store.read(|r| r.audit_verify()).await.expect("readable"),
        Ok(5)
    );
    store
        .write(|tx| {
            tx.connection.execute_batch(
                "DROP TRIGGER audit_is_append_only_u; UPDATE audit SET reason = 'x' WHERE seq = 3",
            )?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect("somebody with the file can do this");
    assert_eq!(
        store.read(|r| r.audit_verify()).await.expect("readable"),
        Err(3)
    );
}

#[tokio::test]
async fn a_dose_enters_the_ledger_once() {
    let (_folder, store) = open();
    let id = store
        .write(|tx| add_batch(tx, "WH/MO/00101", 1))
        .await
        .expect("committed")
        .1;
    let dose = move |tx: &Write<'_>| {
        tx.silo_move(
            2,
            SiloNo(101),
            MovementKind::Dosing,
            Grams(-100),
            Some(id),
            None,
        )
    };
    store.write(dose).await.expect("the first");
    store.write(dose).await.expect_err("the second");
    let level = store
        .read(|r| r.silo_last_movement(SiloNo(101)))
        .await
        .expect("readable")
        .expect("a row")
        .level_g;
    assert_eq!(level, Grams(-100));
}

#[tokio::test]
async fn messages_of_one_order_go_strictly_in_order() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            let (first_order, first) = add_batch(tx, "WH/MO/00101", 1)?;
            let (other_order, other) = add_batch(tx, "WH/MO/00102", 1)?;
            let second = tx.batch_add(&BatchNew {
                order_id: first_order,
                recipe: &recipe("WH/MO/00101", 2),
                due_ms: None,
                at_ms: 1,
            })?;
            for (key, order, batch) in [
                ("a", first_order, first),
                ("b", first_order, second),
                ("c", other_order, other),
            ] {
                assert!(tx.outbox_add(key, MessageKind::Consumption, order, batch, "{}", 10)?);
            }
            assert!(
                !tx.outbox_add("a", MessageKind::Consumption, first_order, first, "{}", 10)?,
                "a key counts once"
            );
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
    let next = |store: Store| async move {
        store
            .read(|r| r.outbox_next(10))
            .await
            .expect("readable")
            .map(|row| row.key)
    };
    assert_eq!(next(store.clone()).await.as_deref(), Some("a"));
    let set = |key: &'static str, state: Posting| {
        store.write(move |tx| {
            let mut row = tx
                .outbox_page(&Posting::ALL, None, 10)?
                .into_iter()
                .find(|row| row.key == key)
                .expect("there");
            row.state = state;
            tx.outbox_save(&row)
        })
    };
    set("a", Posting::Refused).await.expect("committed");
    assert_eq!(
        next(store.clone()).await.as_deref(),
        Some("c"),
        "b waits behind its refused elder, c does not"
    );
    let again = Posting::Refused.step(PostingEvent::Retry).expect("legal");
    set("a", again).await.expect("committed");
    set("a", Posting::Posted).await.expect("committed");
    set("c", Posting::Posted).await.expect("committed");
    assert_eq!(next(store.clone()).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn history_pages_do_not_overlap() {
    let (_folder, store) = open();
    store
        .write(|tx| {
            for n in 1..=25 {
                let (_, id) = add_batch(tx, &format!("WH/MO/{n:05}"), 1)?;
                let mut row = tx.batch(id)?;
                row.release = row.release.step(ReleaseEvent::Reject).expect("pending");
                row.ended_at_ms = Some(i64::from(n % 4));
                tx.batch_save(&mut row)?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let filter = HistoryFilter {
            limit: 7,
            before,
            search: "wh/mo".into(),
            ..HistoryFilter::default()
        };
        let (rows, total) = store
            .read(move |r| r.batches_history(&filter))
            .await
            .expect("readable");
        assert_eq!(total, 25);
        if rows.is_empty() {
            break;
        }
        before = rows.last().map(|row| row.id);
        seen.extend(rows.into_iter().map(|row| row.id));
    }
    let mut unique = seen.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (25, 25));
}

#[tokio::test]
async fn after_a_checkpoint_the_one_file_is_a_whole_copy() {
    let (folder, store) = open();
    store
        .write(|tx| tx.meta_set("key", "value"))
        .await
        .expect("committed");
    store.checkpoint().await.expect("checkpointed");
    let copy = folder.path().join("copy.db");
    std::fs::copy(store.path(), &copy).expect("copied");
    let read = Store::open(&copy)
        .expect("opens")
        .read(|r| r.meta("key"))
        .await
        .expect("readable");
    assert_eq!(read.as_deref(), Some("value"));
}

#[test]
fn a_newer_file_is_refused_with_a_sentence() {
    let (folder, store) = open();
    drop(store);
    let path = folder.path().join("books.db");
    let raw = rusqlite::Connection::open(&path).expect("opens");
    raw.pragma_update(None, "user_version", 99).expect("set");
    drop(raw);
    let refused = Store::open(&path).expect_err("newer");
    assert!(
        matches!(refused, StoreError::TooNew { found: 99, .. }),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("install the newer program"),
        "{refused}"
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.db");
    let text = "this is not a database, but it may be precious".repeat(100);
    std::fs::write(&path, &text).expect("written");
    let refused = Store::open(&path).expect_err("no database");
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), text);
}

/// The whole schema after all migrations: its difference is what a reviewer reads.
#[test]
fn the_schema_snapshot_is_fresh() {
    let (folder, store) = open();
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("books.db")).expect("opens");
    let schema = crate::migrate::schema(&raw).expect("readable");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.snap.sql");
    if std::fs::read_to_string(&path).unwrap_or_default() != schema {
        std::fs::write(&path, schema).expect("written");
        panic!(
            "{} was stale and has been refreshed: look at the difference and commit it",
            path.display()
        );
    }
}
