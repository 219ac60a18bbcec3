//! A disk that is full and a file that is damaged: who wrote is told, nothing is kept by half, and what
//! can end ends by itself. And copies of the books.

use super::*;
use crate::Trouble;
use crate::copy;

async fn limit(store: &Store, more: i64) {
    let limited: Result<(), StoreError> = store
        .write(move |tx| {
            let pages: i64 = tx
                .connection
                .pragma_query_value(None, "page_count", |row| row.get(0))?;
            tx.connection.query_row(
                &format!("PRAGMA max_page_count = {}", pages + more),
                [],
                |_| Ok(()),
            )?;
            Ok(())
        })
        .await;
    limited.expect("set");
}

async fn put(store: &Store, key: &'static str, bytes: usize) -> Result<(), StoreError> {
    let value = "x".repeat(bytes);
    store.write(move |tx| tx.meta_set(key, &value)).await
}

#[tokio::test]
async fn a_full_disk_is_told_to_who_writes_and_is_over_when_there_is_room() {
    let (_folder, store) = open();
    put(&store, "before", 10).await.expect("room");
    limit(&store, 1).await;
    let error = put(&store, "large", 100_000).await.expect_err("no room");
    assert!(error.is_disk_full(), "{error}");
    assert!(matches!(store.trouble(), Some(Trouble::Full(_))));
    let kept = store.read(|read| read.meta("large")).await.expect("read");
    assert_eq!(kept, None, "nothing by half");
    let before = store.read(|read| read.meta("before")).await.expect("read");
    assert_eq!(before.as_deref(), Some("xxxxxxxxxx"));
    store.probe(1).await.expect_err("still no room");
    assert!(store.trouble().is_some());
    limit(&store, 1_000).await;
    store.probe(2).await.expect("room");
    assert_eq!(store.trouble(), None);
    put(&store, "large", 100_000).await.expect("room");
}

#[tokio::test]
async fn a_caller_that_makes_another_sentence_of_it_hides_nothing() {
    #[derive(Debug)]
    struct Mine;
    impl From<StoreError> for Mine {
        fn from(_: StoreError) -> Mine {
            Mine
        }
    }
    let (_folder, store) = open();
    limit(&store, 1).await;
    let value = "x".repeat(100_000);
    let outcome: Result<(), Mine> = store
        .write(move |tx| Ok(tx.meta_set("large", &value)?))
        .await;
    outcome.expect_err("no room");
    assert!(matches!(store.trouble(), Some(Trouble::Full(_))));
}

#[tokio::test]
async fn several_callers_of_one_commit_are_all_told_that_the_disk_is_full() {
    let (_folder, store) = open();
    limit(&store, 3).await;
    let mut told = 0;
    let all: Vec<_> = (0..20)
        .map(|at| {
            let store = store.clone();
            tokio::spawn(async move {
                let value = "x".repeat(20_000);
                store
                    .write(move |tx| tx.meta_set(&format!("row {at}"), &value))
                    .await
            })
        })
        .collect();
    let mut kept = 0;
    for one in all {
        match one.await.expect("ends") {
            Ok(()) => kept += 1,
            Err(error) => {
                assert!(error.is_disk_full(), "{error}");
                told += 1;
            }
        }
    }
    assert!(told > 0);
    let mut there = 0;
    for at in 0..20 {
        let row = store
            .read(move |read| read.meta(&format!("row {at}")))
            .await;
        there += usize::from(row.expect("read").is_some());
    }
    assert_eq!(there, kept, "who was told that it is kept finds it");
}

#[tokio::test]
async fn a_copy_is_whole_while_somebody_writes_and_says_what_it_is() {
    let (folder, store) = open();
    put(&store, "before", 300_000).await.expect("room");
    let file = folder.path().join("copy.db");
    let facts = copy::copy(store.path(), &file, "a label").expect("copied");
    put(&store, "after", 10).await.expect("room");
    assert_eq!(facts.schema, copy::schema_known());
    assert_eq!(copy::examine(&file).expect("whole"), facts);
    assert_eq!(
        copy::label_of(&file).expect("read").as_deref(),
        Some("a label")
    );
    assert!(!folder.path().join("copy.db-wal").exists(), "one file");
    let there = store.read(|read| read.copy_label()).await.expect("read");
    assert_eq!(there, None, "the books are no copy");
    let opened = Store::open(&file).expect("books");
    let last = opened
        .write(|tx| tx.copy_becomes_books())
        .await
        .expect("made");
    assert_eq!(last, 0);
    assert_eq!(
        opened.read(|read| read.copy_label()).await.expect("read"),
        None
    );
    assert_eq!(
        opened.read(|read| read.meta("after")).await.expect("read"),
        None
    );
}

#[test]
fn a_damaged_copy_is_found_wherever_it_is_damaged() {
    let (folder, store) = open();
    let file = folder.path().join("copy.db");
    copy::copy(store.path(), &file, "{}").expect("copied");
    let whole = std::fs::read(&file).expect("read");
    let mut found = 0;
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..page * 4096 + 64].fill(0xA5);
        std::fs::write(&file, bytes).expect("written");
        found += usize::from(copy::examine(&file).is_err());
    }
    // The checksum finds each; the pages' own structure nearly each.
    assert!(found * 10 >= whole.len() / 4096 * 9, "{found}");
    std::fs::write(&file, &whole[..whole.len() - 4096]).expect("written");
    copy::examine(&file).expect_err("a page is missing");
}
