//! Attempts, pages and turns of messages for the ERP.

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome};
use millrace_core::batch::item_error::{ItemError, ItemFate};
use millrace_core::batch::posting::Posting;
use millrace_core::ids::OutboxId;

use super::{add_batch, open};
use crate::table::outbox::MessageKind;
use crate::table::outbox_attempt::AttemptEnd;
use crate::{Store, StoreError};

/// One message a name, all of one order and one batch, due at once.
async fn messages(store: &Store, names: &'static [(&'static str, MessageKind)]) -> Vec<OutboxId> {
    store
        .write(move |tx| {
            let (order, batch) = add_batch(tx, "WH/MO/00101", 1)?;
            for (key, kind) in names {
                assert!(tx.outbox_add(key, *kind, order, batch, "{}", 10)?);
            }
            Ok::<_, StoreError>(
                tx.outbox_of_order(order)?
                    .into_iter()
                    .map(|m| m.id)
                    .collect(),
            )
        })
        .await
        .expect("committed")
}

async fn set(store: &Store, id: OutboxId, state: Posting) {
    store
        .write(move |tx| {
            let mut row = tx.outbox(id)?;
            row.state = state;
            tx.outbox_save(&row)
        })
        .await
        .expect("committed");
}

async fn next(store: &Store) -> Option<String> {
    let row = store.read(|r| r.outbox_next(10)).await.expect("readable");
    row.map(|row| row.key)
}

#[tokio::test]
async fn an_attempt_is_ended_once_and_stays_as_written() {
    let (folder, store) = open();
    let ids = messages(&store, &[("a", MessageKind::Consumption)]).await;
    let id = ids[0];
    let end = |at_ms, outcome, answer| AttemptEnd {
        at_ms,
        outcome,
        answer,
    };
    store
        .write(move |tx| {
            tx.outbox_attempt_begin(id, AttemptAct::Send, 100)?;
            assert!(
                tx.outbox_attempt_begin(id, AttemptAct::ReadBack, 110)
                    .is_err(),
                "one is open"
            );
            assert!(tx.outbox_attempt_end(id, end(120, AttemptOutcome::InDoubt, "cut off"))?);
            assert!(
                !tx.outbox_attempt_end(id, end(130, AttemptOutcome::Posted, "no"))?,
                "none is open"
            );
            tx.outbox_attempt_begin(id, AttemptAct::ReadBack, 140)?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect("committed");
    let attempts = store
        .read(move |r| r.outbox_attempts(id, 10))
        .await
        .expect("readable");
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].number, 2);
    assert_eq!(attempts[0].outcome, None);
    assert_eq!(attempts[1].outcome, Some(AttemptOutcome::InDoubt));
    assert_eq!(attempts[1].ended_at_ms, Some(120));
    assert_eq!(attempts[1].answer.as_deref(), Some("cut off"));
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("books.db")).expect("opens");
    for statement in [
        "UPDATE outbox_attempt SET answer = 'another' WHERE number = 1",
        "UPDATE outbox_attempt SET began_at_ms = 1 WHERE number = 2",
        "DELETE FROM outbox_attempt",
    ] {
        assert!(raw.execute(statement, []).is_err(), "{statement}");
    }
}

#[tokio::test]
async fn closing_an_order_goes_after_all_its_messages_and_holds_none_back() {
    let (_folder, store) = open();
    let ids = messages(
        &store,
        &[
            ("use", MessageKind::Consumption),
            ("close", MessageKind::MarkDone),
            ("late weight", MessageKind::MaterialConsumption),
        ],
    )
    .await;
    assert_eq!(next(&store).await.as_deref(), Some("use"));
    set(&store, ids[0], Posting::Posted).await;
    assert_eq!(next(&store).await.as_deref(), Some("late weight"));
    set(&store, ids[2], Posting::Refused).await;
    assert_eq!(next(&store).await, None, "a refused one holds the closing");
    set(&store, ids[2], Posting::ByHand).await;
    assert_eq!(next(&store).await.as_deref(), Some("close"));
}

#[tokio::test]
async fn pages_follow_each_other_and_counts_are_by_state() {
    let (_folder, store) = open();
    let ids = messages(
        &store,
        &[
            ("a", MessageKind::Consumption),
            ("b", MessageKind::Consumption),
            ("c", MessageKind::Consumption),
            ("d", MessageKind::Consumption),
        ],
    )
    .await;
    set(&store, ids[1], Posting::Waived).await;
    set(&store, ids[3], Posting::ByHand).await;
    let closed = [Posting::Waived, Posting::ByHand];
    let page = |before| {
        let store = store.clone();
        async move {
            let rows = store
                .read(move |r| r.outbox_page(&closed, before, 1))
                .await
                .expect("readable");
            rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(None).await, ["d"]);
    assert_eq!(page(Some(ids[3])).await, ["b"]);
    assert_eq!(page(Some(ids[1])).await, Vec::<String>::new());
    let mut states = store.read(|r| r.outbox_states()).await.expect("readable");
    states.sort_by_key(|(state, _)| state.word());
    assert_eq!(
        states,
        [
            (Posting::ByHand, 1),
            (Posting::Queued, 2),
            (Posting::Waived, 1)
        ]
    );
    let count = store.read(|r| r.outbox_count()).await.expect("readable");
    assert_eq!(count.waiting, 2, "what a person closed waits no longer");
}

#[tokio::test]
async fn the_items_that_were_left_out_stay_on_the_message() {
    let (_folder, store) = open();
    let ids = messages(&store, &[("a", MessageKind::Consumption)]).await;
    let id = ids[0];
    let items = vec![ItemError {
        text: "silo999: Equipment not found".into(),
        fate: ItemFate::Permanent,
    }];
    let kept = items.clone();
    store
        .write(move |tx| {
            let mut row = tx.outbox(id)?;
            row.items = kept;
            row.item_repeats = 2;
            tx.outbox_save(&row)
        })
        .await
        .expect("committed");
    let row = store.read(move |r| r.outbox(id)).await.expect("readable");
    assert_eq!((row.items, row.item_repeats), (items, 2));
}

#[tokio::test]
async fn equal_attempts_are_counted_and_different_ones_are_never_lost() {
    let (folder, store) = open();
    let ids = messages(&store, &[("a", MessageKind::Consumption)]).await;
    let id = ids[0];
    let tried = |count: i64, text: fn(i64) -> String| {
        store.write(move |tx| {
            for turn in 0..count {
                let begun = tx.outbox_attempt_count(id)? + 1;
                tx.outbox_attempt_begin(id, AttemptAct::ReadBack, begun * 100)?;
                let end = AttemptEnd {
                    at_ms: begun * 100 + 10,
                    outcome: AttemptOutcome::InDoubt,
                    answer: &text(turn),
                };
                assert!(tx.outbox_attempt_end(id, end)?);
            }
            Ok::<_, StoreError>(())
        })
    };
    let rows = async || {
        store
            .read(move |read| {
                let rows = read.outbox_attempts(id, 1_000)?;
                Ok::<_, StoreError>((rows, read.outbox_attempt_count(id)?))
            })
            .await
            .expect("readable")
    };
    tried(1, |_| "no route".into()).await.expect("committed");
    tried(50, |_| "time-out".into()).await.expect("committed");
    tried(1, |_| "no route".into()).await.expect("committed");
    let (found, count) = rows().await;
    assert_eq!(count, 52);
    let seen: Vec<_> = found
        .iter()
        .rev()
        .map(|row| (row.number, row.times, row.began_at_ms, row.last_at_ms))
        .collect();
    assert_eq!(
        seen,
        [
            (1, 1, 100, None),
            (2, 50, 200, Some(5_110)),
            (52, 1, 5_200, None)
        ],
        "first, last and how often"
    );
    // Two that alternate do not grow it without end, and each of many different ones stays.
    tried(2_000, |turn| {
        if turn % 2 == 0 {
            "refused"
        } else {
            "no answer"
        }
        .into()
    })
    .await
    .expect("committed");
    let (found, count) = rows().await;
    assert_eq!(count, 2_052);
    assert!(found.len() <= 102, "{}", found.len());
    assert_eq!(found.iter().map(|row| row.times).sum::<i64>(), count);
    tried(150, |turn| format!("answer {turn}"))
        .await
        .expect("committed");
    let (found, _) = rows().await;
    let differ = found.iter().filter(|row| {
        row.answer
            .as_deref()
            .is_some_and(|text| text.starts_with("answer"))
    });
    assert_eq!(differ.count(), 150);
    // Whatever was counted or not, nobody takes an ended one away or changes its count.
    drop(store);
    let raw = rusqlite::Connection::open(folder.path().join("books.db")).expect("opens");
    for statement in [
        "DELETE FROM outbox_attempt WHERE number = 2",
        "UPDATE outbox_attempt SET times = 7 WHERE number = 2",
        "UPDATE outbox_attempt SET times = times + 1 WHERE number = 2",
        "UPDATE outbox_attempt SET answer = 'another', times = times + 1, last_number = 9999, last_at_ms = 1 WHERE number = 2",
        "INSERT INTO outbox_attempt (outbox_id, number, act, began_at_ms) VALUES (1, 9000, 'send', 1); DELETE FROM outbox_attempt WHERE number = 9000",
    ] {
        assert!(raw.execute_batch(statement).is_err(), "{statement}");
    }
}
