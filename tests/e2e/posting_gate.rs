//! Days without the ERP: one question on behalf of all messages, books that do not grow by it, and a backlog
//! that goes at once when it is back. Leaves out how fast (`posting`).

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
