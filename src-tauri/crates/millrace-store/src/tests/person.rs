//! People: their change, their secret, and that nobody is ever deleted.

use millrace_core::access::{Grant, Role};

use super::open;
use crate::{Store, StoreError};

async fn ana(store: &Store) -> millrace_core::ids::UserId {
    store
        .write(|tx| tx.person_add("Ana", &[Grant::everywhere(Role::Operator)], "phc-1", 7))
        .await
        .expect("added")
}

#[tokio::test]
async fn a_new_person_signs_by_the_login_name_until_another_is_given() {
    let (_folder, store) = open();
    let id = ana(&store).await;
    let person = store.read(move |read| read.person(id)).await.expect("Ana");
    assert_eq!(person.full_name, "Ana");
    assert_eq!((person.secret_set_at_ms, person.created_at_ms), (7, 7));
    assert!(!person.must_change_secret && !person.is_disabled);
    store
        .write(move |tx| tx.person_change(id, 1, "Ana Dijk", "Boss"))
        .await
        .expect("changed");
    let people = store.read(|read| read.people()).await.expect("readable");
    assert_eq!(people.len(), 1);
    assert_eq!(
        (
            people[0].full_name.as_str(),
            people[0].changed_by.as_str(),
            people[0].version
        ),
        ("Ana Dijk", "Boss", 2)
    );
    let old = store
        .write(move |tx| tx.person_change(id, 1, "Ana Old", "Other"))
        .await;
    assert!(matches!(old, Err(StoreError::Changed { .. })), "{old:?}");
}

#[tokio::test]
async fn nobody_is_ever_deleted() {
    let (folder, store) = open();
    ana(&store).await;
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("books.db")).expect("opens");
    let refused = raw
        .execute("DELETE FROM person", [])
        .expect_err("the books refuse it");
    assert!(refused.to_string().contains("never deleted"), "{refused}");
}

#[tokio::test]
async fn another_hash_of_the_same_secret_never_undoes_a_new_secret() {
    let (_folder, store) = open();
    let id = ana(&store).await;
    store
        .write(move |tx| {
            tx.person_attempts_set(id, 7, 99)?;
            tx.person_secret_set(id, "phc-2", true, 9)?;
            tx.person_secret_rehash(id, "phc-1", "phc-1-strong")
        })
        .await
        .expect("written");
    let person = store.read(move |read| read.person(id)).await.expect("Ana");
    assert_eq!(person.secret_phc, "phc-2");
    assert!(person.must_change_secret);
    assert_eq!((person.failed_attempts, person.locked_until_ms), (0, 0));
    store
        .write(move |tx| tx.person_secret_rehash(id, "phc-2", "phc-2-strong"))
        .await
        .expect("written");
    let person = store.read(move |read| read.person(id)).await.expect("Ana");
    assert_eq!(
        (person.secret_phc.as_str(), person.secret_set_at_ms),
        ("phc-2-strong", 9)
    );
}
