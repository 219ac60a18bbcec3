//! The trail in a real file: sealed, paged, and forged with SQL as somebody with the file can do it.

use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::chain::{Expect, Fault};
use millrace_core::audit::seal::{SealCause, Sealer};

use super::{act, open};
use crate::table::audit::AuditFilter;
use crate::{Store, StoreError, look};

fn sealer(n: u8) -> Sealer {
    Sealer::new(&[n; 32], "north")
}

async fn fill(store: &Store, from: i64, to: i64, key: u8) {
    store
        .write_at("panel-1".into(), move |tx| {
            for n in from..=to {
                tx.audit_add(&act(n))?;
            }
            tx.seal_add(&sealer(key), SealCause::Rows, to)?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
}

async fn fault(store: &Store) -> Option<Fault> {
    let walked = store.read(|r| r.trail_walk(&Expect::default())).await;
    walked.expect("readable").fault
}

/// A fresh trail of 21 rows and two seals, changed by SQL; what the walk then finds.
async fn forged(sql: &'static str) -> Option<Fault> {
    let (_folder, store) = open();
    fill(&store, 1, 10, 1).await;
    fill(&store, 11, 20, 1).await;
    assert_eq!(fault(&store).await, None);
    store
        .write(move |tx| {
            tx.connection.execute_batch(
                "PRAGMA defer_foreign_keys = 1; DROP TRIGGER audit_is_append_only_u; DROP TRIGGER audit_is_append_only_d;
                 DROP TRIGGER audit_seal_is_append_only_u; DROP TRIGGER audit_seal_is_append_only_d;
                 DROP TRIGGER seal_key_is_append_only_u; DROP TRIGGER seal_key_is_append_only_d;",
            )?;
            Ok::<_, StoreError>(tx.connection.execute_batch(sql)?)
        })
        .await
        .expect("somebody with the file can do this");
    fault(&store).await
}

#[tokio::test]
async fn what_is_done_to_the_file_is_named() {
    for (sql, row) in [
        ("UPDATE audit SET reason = 'x' WHERE seq = 3", 3),
        ("UPDATE audit SET station = 'elsewhere' WHERE seq = 5", 5),
        ("UPDATE audit SET format = 1, station = '' WHERE seq = 5", 5),
        (
            "UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE seq = 6",
            6,
        ),
        ("DELETE FROM audit WHERE seq = 7", 7),
        (
            "INSERT INTO audit SELECT 0, at_ms, actor, action, object, before, after, reason, prev_hash, 'x', format, station FROM audit WHERE seq = 7",
            0,
        ),
        (
            "UPDATE audit SET seq = -1 WHERE seq = 8; UPDATE audit SET seq = 8 WHERE seq = 9; UPDATE audit SET seq = 9 WHERE seq = -1",
            8,
        ),
        (
            "UPDATE audit_seal SET at_ms = at_ms + 1 WHERE seal_no = 2",
            12,
        ),
        ("DELETE FROM audit_seal WHERE seal_no = 1", 1),
        ("UPDATE seal_key SET since_ms = since_ms + 1", 11),
    ] {
        let found = forged(sql).await;
        assert_eq!(
            found.as_ref().map(Fault::row),
            Some(row),
            "{sql}: {found:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_tail_is_named_by_its_seal() {
    let (_folder, store) = open();
    fill(&store, 1, 30, 1).await;
    store
        .write(|tx| {
            tx.connection.execute_batch(
                "DROP TRIGGER audit_is_append_only_d; DELETE FROM audit WHERE seq = 31",
            )?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect_err("the seal holds on to its row");
    let path = store.path().to_path_buf();
    let raw = rusqlite::Connection::open(&path).expect("opens");
    raw.execute_batch(
        "PRAGMA foreign_keys = 0; DROP TRIGGER audit_is_append_only_d; DELETE FROM audit WHERE seq > 31 - 5",
    )
    .expect("without the program it goes");
    // The key's row goes with it.
    let found = fault(&store).await;
    assert!(
        matches!(
            &found,
            Some(Fault::CutShort {
                row: 27,
                named: 31,
                ..
            })
        ),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_key_that_was_lost_is_followed_by_one_that_says_so() {
    let (_folder, store) = open();
    fill(&store, 1, 3, 1).await;
    fill(&store, 4, 6, 2).await;
    fill(&store, 7, 9, 2).await;
    assert_eq!(fault(&store).await, None);
    let (keys, causes, told) = store
        .read(|r| {
            let mut causes = Vec::new();
            r.seal_each(|seal| {
                causes.push((seal.cause, seal.key_no));
                Ok::<_, StoreError>(())
            })?;
            let filter = AuditFilter {
                action: "seal_key_add".into(),
                limit: 9,
                ..AuditFilter::default()
            };
            Ok::<_, StoreError>((r.seal_keys()?, causes, r.audit_page(&filter)?))
        })
        .await
        .expect("readable");
    assert_eq!(keys.len(), 2);
    assert_eq!(
        causes,
        [
            ("key".to_owned(), 1),
            ("key".to_owned(), 2),
            ("rows".to_owned(), 2)
        ]
    );
    assert!(told[0].reason.contains("was not there"), "{told:?}");
    assert_eq!(told[0].before, told[1].after, "the key before it is named");
}

#[tokio::test]
async fn the_trail_is_paged_and_filtered() {
    let (_folder, store) = open();
    fill(&store, 1, 20, 1).await;
    let page = |filter: AuditFilter| {
        let store = store.clone();
        async move {
            let rows = store.read(move |r| r.audit_page(&filter)).await;
            let rows = rows.expect("readable");
            rows.iter().map(|row| row.seq).collect::<Vec<_>>()
        }
    };
    let all = AuditFilter {
        limit: 3,
        ..AuditFilter::default()
    };
    assert_eq!(page(all.clone()).await, [21, 20, 19]);
    let next = AuditFilter {
        before_seq: Some(19),
        ..all.clone()
    };
    assert_eq!(page(next).await, [18, 17, 16]);
    let by = |actor: &str, action: &str, object: &str| AuditFilter {
        actor: actor.into(),
        action: action.into(),
        object: object.into(),
        ..all.clone()
    };
    assert_eq!(page(by("system", "", "")).await, [21]);
    assert_eq!(
        page(by("Supervisor 1", "batch_approve", "batch:1")).await,
        [20, 19, 18]
    );
    assert_eq!(
        page(by("Supervisor 1", "batch_start", "")).await,
        [0_i64; 0]
    );
    let between = AuditFilter {
        from_ms: Some(4),
        to_ms: Some(6),
        ..all
    };
    assert_eq!(page(between).await, [5, 4]);
    let words = store.read(|r| r.audit_words()).await.expect("readable");
    assert_eq!(words.0, ["Supervisor 1", "system"]);
    assert_eq!(words.1, ["batch_approve", "seal_key_add"]);
}

#[tokio::test]
async fn books_are_looked_at_without_a_writer_and_from_a_folder_that_cannot_be_written() {
    let (folder, store) = open();
    fill(&store, 1, 5, 1).await;
    let head = store.read(|r| r.audit_head()).await.expect("readable");
    let (seq, hash) = head.expect("rows");
    let anchor = Anchor::of(seq, &hash).expect("a row");
    let expect = Expect {
        anchors: vec![anchor],
        ..Expect::default()
    };
    let beside = look(store.path(), |r| r.trail_walk(&expect)).expect("in use all the same");
    assert_eq!((beside.fault, beside.anchors), (None, 1));
    store.checkpoint().await.expect("checkpointed");
    let path = store.path().to_path_buf();
    drop(store);
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).expect("copied");
    let before = std::fs::read(&copy).expect("readable");
    look(&copy, |r| r.trail_walk(&expect)).expect("readable");
    assert_eq!(
        std::fs::read(&copy).expect("readable"),
        before,
        "nothing was written"
    );
    let missing = look(&folder.path().join("none.db"), |r| r.audit_verify());
    assert!(
        matches!(missing, Err(StoreError::Open { .. })),
        "{missing:?}"
    );
    assert!(
        !folder.path().join("none.db").exists(),
        "looking makes no file"
    );
    let raw = rusqlite::Connection::open(&copy).expect("opens");
    raw.pragma_update(None, "user_version", 1).expect("set");
    drop(raw);
    let older = look(&copy, |r| r.audit_verify());
    assert!(
        matches!(older, Err(StoreError::TooOld { found: 1, .. })),
        "{older:?}"
    );
}
