//! Days without the ERP: one question on behalf of all messages, books that do not grow by it, and a backlog
//! that goes at once when it is back. Leaves out how fast (`posting`).

use millrace_app::clock::Clock;
use millrace_core::batch::posting::Posting;
use millrace_store::StoreError;
use millrace_tests::{Rig, Who};
use serde_json::json;

use crate::posting::work;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 1_440;
const LABELS: [&str; 5] = [
    "WH/MO/00101/1",
    "WH/MO/00102/1",
    "WH/MO/00103/1",
    "WH/MO/00105/1",
    "WH/MO/00106/1",
];
/// So many lost answers in a row shut the gate: more messages are not tried.
const TRIED_MAX: usize = 3;

/// What the outbox takes in the books.
#[derive(Debug, PartialEq, Eq)]
struct Grown {
    attempts: i64,
    journal: usize,
    audit: i64,
}

/// A message to cancel each of five orders.
async fn cancelled(rig: &Rig) {
    rig.ok(Who::Operator, "order_import", json!({})).await;
    for label in LABELS {
        let batch = rig.batch(label).await;
        let secret = rig.secret("Supervisor 1").await;
        rig.ok(
            Who::Supervisor,
            "batch_cancel",
            json!({ "id": batch["row"]["id"], "version": batch["row"]["version"], "reason": "not needed", "secret": secret }),
        )
        .await;
    }
}

async fn grown(rig: &Rig) -> Grown {
    let (attempts, journal) = rig
        .app
        .store()
        .read(|read| {
            let mut attempts = 0;
            for state in Posting::ALL {
                for row in read.outbox_page(&[state], None, 100)? {
                    attempts += read.outbox_attempt_count(row.id)?;
                }
            }
            Ok::<_, StoreError>((attempts, read.journal_since(0)?.len()))
        })
        .await
        .expect("readable");
    Grown {
        attempts,
        journal,
        audit: rig.audit_count("posting").await,
    }
}

async fn minutes(rig: &Rig, count: i64) {
    for _ in 0..count {
        rig.clock.advance_ms(MINUTE_MS);
        work(rig).await;
    }
}

#[tokio::test]
async fn days_without_the_erp_do_not_grow_the_books_and_the_backlog_goes_at_once_after_them() {
    let mut rig = Rig::start(420).await;
    cancelled(&rig).await;
    rig.erp_faults(json!({ "down": true }));
    minutes(&rig, 10).await;
    let first = grown(&rig).await;
    assert!((1..=9).contains(&first.attempts), "{first:?}");
    let file = rig.app.store().path().to_owned();
    rig.app.store().checkpoint().await.expect("one whole file");
    let bytes = std::fs::metadata(&file).expect("books").len();

    minutes(&rig, 2 * DAY_MINUTES).await;
    assert_eq!(grown(&rig).await, first, "two days later");
    rig.app.store().checkpoint().await.expect("one whole file");
    assert_eq!(
        std::fs::metadata(&file).expect("books").len(),
        bytes,
        "the file has not grown"
    );

    // The pause outlives a restart: nobody tries at once, whose answer would be the same.
    rig = rig.crash_and_restart().await;
    work(&rig).await;
    assert_eq!(grown(&rig).await.attempts, first.attempts);

    rig.erp_faults(json!({ "down": false }));
    minutes(&rig, 7).await;
    rig.drain().await;
    let orders = rig.erp().orders;
    assert_eq!(
        orders.iter().filter(|o| o.cancel_reason.is_some()).count(),
        LABELS.len()
    );
    rig.log_in().await;
    let list = rig
        .ok(Who::Operator, "outbox_list", json!({ "limit": 200 }))
        .await;
    let rows = list["rows"].as_array().expect("rows");
    let repeated = rows.iter().filter(|row| row["attempts"].as_i64() > Some(1));
    assert!(repeated.count() <= TRIED_MAX, "{rows:#?}");
}

#[tokio::test]
async fn an_answer_that_somebody_else_got_opens_the_gate() {
    let rig = Rig::start(421).await;
    cancelled(&rig).await;
    rig.erp_faults(json!({ "down": true }));
    minutes(&rig, 120).await;
    rig.erp_faults(json!({ "down": false }));
    work(&rig).await;
    assert!(
        rig.erp().orders.iter().all(|o| o.cancel_reason.is_none()),
        "the pause is not over"
    );
    rig.ok(Who::Operator, "order_import", json!({})).await;
    work(&rig).await;
    let orders = rig.erp().orders;
    let cancelled = orders.iter().filter(|o| o.cancel_reason.is_some());
    assert!(cancelled.count() >= LABELS.len() - TRIED_MAX, "{orders:#?}");
}

#[tokio::test]
async fn the_outbox_shows_that_the_gate_is_shut_since_when_why_and_until_when() {
    let rig = Rig::start(427).await;
    cancelled(&rig).await;
    let gate = async || {
        let list = rig.ok(Who::Operator, "outbox_list", json!({})).await;
        list["gate"].clone()
    };
    assert!(gate().await.is_null());
    rig.erp_faults(json!({ "down": true }));
    let revision = rig.live().revision;
    minutes(&rig, 1).await;
    let since_ms = rig.clock.now_ms();
    let shut = gate().await;
    assert_eq!(shut["since_ms"], since_ms, "{shut:#}");
    assert_eq!(shut["failures"], 1, "{shut:#}");
    assert!(
        !shut["reason"].as_str().unwrap_or_default().is_empty(),
        "{shut:#}"
    );
    let next_ms = shut["next_at_ms"].as_i64().expect("a time");
    assert!(next_ms > since_ms, "{shut:#}");
    rig.step().await;
    assert!(rig.live().revision > revision, "screens hear of it");
    minutes(&rig, 1).await;
    let later = gate().await;
    assert_eq!(
        (&later["since_ms"], &later["failures"]),
        (&json!(since_ms), &json!(2))
    );
    assert!(later["next_at_ms"].as_i64() > Some(next_ms), "{later:#}");
    rig.erp_faults(json!({ "down": false }));
    rig.drain().await;
    assert!(gate().await.is_null(), "it is open again");
}

#[tokio::test]
async fn equal_attempts_are_one_line_with_their_count() {
    let rig = Rig::start(428).await;
    rig.begin(LABELS[0]).await;
    rig.finish().await;
    // The sending is lost, and then each read-back fails the same way.
    rig.erp_faults(json!({ "scope": "writes", "drop_before": 1 }));
    rig.app.work_outbox().await.expect("one attempt");
    rig.erp_faults(json!({ "scope": "reads", "status_500": 1_000 }));
    minutes(&rig, 120).await;
    let sent = crate::posting::message(&rig, "consumption", LABELS[0]).await;
    let attempts = sent["attempts"].as_array().expect("attempts");
    let counted: i64 = attempts
        .iter()
        .map(|attempt| attempt["times"].as_i64().expect("a count"))
        .sum();
    assert_eq!(sent["attempt_count"], counted, "{sent:#}");
    assert_eq!(attempts.len(), 2, "{attempts:#?}");
    let many = &attempts[0];
    // Then the gate is shut, and the message is not tried any more.
    assert_eq!(many["times"], 2, "{many:#}");
    assert!(
        many["last_at_ms"].as_i64() > many["ended_at_ms"].as_i64(),
        "first and last: {many:#}"
    );
}
