//! Books of the first version, and of every one since, opened by this program: nothing that stood in them is
//! lost or reads otherwise, what was hashed still fits, and they go on. Leaves out what each migration adds.

use millrace_core::audit::GENESIS;
use millrace_core::audit::chain::Row;
use millrace_core::ids::UserId;
use rusqlite::{Connection, params};

use super::*;
use crate::migrate::{known, migrate_to};

const ORDERS: i64 = 3;

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("ours")
}

/// Books as the first version wrote them: a batch that is done and posted, one that is approved, one whose
/// message waits.
fn first_version(raw: &mut Connection) {
    migrate_to(raw, 1).expect("the first schema");
    raw.execute_batch(
        "INSERT INTO meta VALUES ('plc_download_id', '41');
         INSERT INTO person (id, name, role, secret_phc, created_at_ms) VALUES (1, 'Supervisor 1', 'supervisor', 'x', 1), (2, 'Operator 1', 'operator', 'x', 2);
         INSERT INTO silo VALUES (101, 1, 'silo_101', '101', 'silo101', 'Wheat', 0, 20000000, 2000000, 1500000, 1000, 2000, 14000);",
    )
    .expect("an older database");
    let mut prev = GENESIS.to_owned();
    for n in 1..=ORDERS {
        let order = format!("WH/MO/0000{n}");
        let recipe = recipe(&order, 1);
        let hash = recipe.content_hash().0;
        let (run, posting, word, ended) = match n {
            1 => ("complete", "posted", "completed", Some(900)),
            2 => ("idle", "not_due", "approved", None),
            _ => ("complete", "queued", "completed", Some(901)),
        };
        raw.execute(
            "INSERT INTO erp_order (id, erp_instance, identity, name, product, quantity_kg, standing, content, created_at_ms, seen_at_ms)
             VALUES (?1, 'north:plant', 'name:' || ?2, ?2, 'LAYER FEED 16', '1000', 'accepted', 'null', 1, 1)",
            params![n, order],
        )
        .expect("an order");
        raw.execute(
            "INSERT INTO batch (id, order_id, batch_index, label, order_name, product, recipe, content_hash, planned_g, silo_planned_g, release, run, posting, word, created_at_ms, approved_at_ms, approved_by, ended_at_ms, silo_actual_g)
             VALUES (?1, ?1, 1, ?2 || '/1', ?2, 'LAYER FEED 16', ?3, ?4, 1000000, 988000, 'approved', ?5, ?6, ?7, 5, 7, 'Supervisor 1', ?8, ?9)",
            params![n, order, json(&recipe), hash, run, posting, word, ended, ended.map(|_| 987_650)],
        )
        .expect("a batch");
        raw.execute(
            "INSERT INTO batch_line VALUES (?1, 0, 101, 988000, ?2)",
            params![n, ended.map(|_| 987_650)],
        )
        .expect("a line");
        raw.execute(
            "INSERT INTO manual_line (batch_id, line_no, material, erp_code, planned_g) VALUES (?1, 1, 'Salt', 'PLC01', 12000)",
            [n],
        )
        .expect("a manual line");
        raw.execute(
            "INSERT INTO signature (id, batch_id, person_id, person, meaning, at_ms, content_hash) VALUES (?1, ?1, 1, 'Supervisor 1', 'approve', 7, ?2)",
            params![n, hash],
        )
        .expect("a signature");
        raw.execute(
            "INSERT INTO journal (at_ms, batch_id, kind, params) VALUES (7, ?1, 'batch_approved', '{\"person\":\"Supervisor 1\"}')",
            [n],
        )
        .expect("an event");
        if n != 2 {
            raw.execute(
                "INSERT INTO silo_movement (at_ms, silo_no, kind, delta_g, level_g, batch_id) VALUES (900, 101, 'dosing', -987650, ?2, ?1)",
                params![n, 20_000_000 - n * 987_650],
            )
            .expect("a movement");
            raw.execute(
                "INSERT INTO outbox (id, key, kind, order_id, batch_id, payload, state, attempts, next_at_ms, created_at_ms)
                 VALUES (?1, 'key ' || ?1, 'consumption', ?1, ?1, '{}', ?2, 1, 900, 900)",
                params![n, posting],
            )
            .expect("a message");
        }
        let mut row = Row {
            format: 1,
            seq: n,
            at_ms: 7,
            actor: "Supervisor 1".into(),
            action: "batch_approve".into(),
            object: format!("batch:{n}"),
            before: "{}".into(),
            after: format!("{{\"content_hash\":\"{hash}\"}}"),
            reason: String::new(),
            station: String::new(),
            prev_hash: prev.clone(),
            hash: String::new(),
        };
        row.hash = row.hash_after(&prev).expect("the first format");
        raw.execute(
            "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                row.seq,
                row.at_ms,
                row.actor,
                row.action,
                row.object,
                row.before,
                row.after,
                row.reason,
                row.prev_hash,
                row.hash
            ],
        )
        .expect("a row of the trail");
        prev = row.hash;
    }
}

/// All of it, as text, by the functions that the program reads with.
async fn told(store: &Store) -> String {
    let told = store.read(|read| {
        let mut text = String::new();
        for n in 1..=ORDERS {
            let batch = read.batch(BatchId(n))?;
            assert_eq!(batch.recipe.content_hash().0, batch.content_hash);
            let mut lines = read.manual_lines(batch.id)?;
            assert_eq!(lines.len(), 1);
            text.push_str(&format!(
                "{batch:?}\n{:?}\n{:?}\n{:?}\n{:?}\n",
                lines.pop(),
                read.signatures(batch.id)?,
                read.journal_of_batch(batch.id, 10)?,
                read.outbox_of_batch(batch.id)?,
            ));
        }
        text.push_str(&format!(
            "{:?}\n{:?}\n{:?}\n",
            read.silo_last_movement(SiloNo(101))?,
            read.orders(10)?,
            read.people()?
        ));
        assert_eq!(read.meta("plc_download_id")?.as_deref(), Some("41"));
        Ok::<_, StoreError>(text)
    });
    told.await.expect("readable")
}

#[tokio::test]
async fn books_of_every_older_version_are_read_and_go_on() {
    let mut expected = None;
    for version in 1..=usize::try_from(known()).expect("few") {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("books.db");
        {
            let mut raw = Connection::open(&path).expect("opens");
            first_version(&mut raw);
            migrate_to(&mut raw, version).expect("step by step");
        }
        let store = Store::open(&path).expect("this program's version");
        let now = told(&store).await;
        assert_eq!(
            *expected.get_or_insert_with(|| now.clone()),
            now,
            "from version {version}"
        );
        let (trail, signatures, next) = store
            .write(|tx| {
                let person = tx.person(UserId(1))?;
                assert_eq!(person.grants.len(), 1, "the role became a grant");
                tx.audit_add(&AuditEntry {
                    action: "session_open".into(),
                    ..act(1_000)
                })?;
                let (_, batch) = add_batch(tx, "WH/MO/00009", 1)?;
                assert_eq!(batch.0, ORDERS + 1);
                Ok::<_, StoreError>((
                    tx.audit_verify()?,
                    tx.signature_findings()?,
                    tx.outbox_next(1_000)?,
                ))
            })
            .await
            .expect("they go on");
        assert_eq!(trail, Ok(ORDERS + 1), "from version {version}");
        assert_eq!(signatures, Vec::<String>::new(), "from version {version}");
        assert_eq!(next.map(|row| row.id.0), Some(3), "what waits has its turn");
    }
}

#[tokio::test]
async fn the_log_is_as_long_as_it_will_be_before_anybody_waits_for_it() {
    let (folder, store) = open();
    store
        .write(|tx| tx.audit_add(&act(1)))
        .await
        .expect("a commit");
    let long =
        |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |found| found.len());
    assert!(
        long("books.db-wal") >= 4_000_000,
        "{}",
        long("books.db-wal")
    );
    let tables = store
        .read(|read| {
            let count: i64 = read.connection.query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'log_room'",
                [],
                |row| row.get(0),
            )?;
            Ok::<_, StoreError>(count)
        })
        .await
        .expect("readable");
    assert_eq!(tables, 0, "what made it long was never part of the books");
    store.checkpoint().await.expect("into the main file");
    assert!(long("books.db") < 2_000_000, "{}", long("books.db"));
}
