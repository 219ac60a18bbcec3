//! Power cuts in the middle of the outbox's transactions: the books with their write-ahead log as long as the
//! disk had taken it, cut at frames and between them, or with nothing where the rest should stand. What was
//! acknowledged is there; of what was not, nothing is. Leaves out disks that lie about having written.

use std::path::Path;

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome};
use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, OrderId};
use millrace_core::journal::JournalKind;

use super::{add_batch, open};
use crate::table::outbox::MessageKind;
use crate::table::outbox_attempt::AttemptEnd;
use crate::{Store, StoreError, Write};

/// Transactions that are cut.
const COMMITS: usize = 40;
/// Places of a cut in a usual run; `MILLRACE_CUTS` asks for more.
const CUTS: usize = 100;

/// Message number `n` is queued, and the one before it ends: what must be seen together or not at all.
fn turn(tx: &Write<'_>, n: usize, about: (OrderId, BatchId)) -> Result<(), StoreError> {
    let at_ms = i64::try_from(n).expect("small");
    if let Some(mut before) = tx.outbox_of_order(about.0)?.pop() {
        tx.outbox_attempt_begin(before.id, AttemptAct::Send, at_ms)?;
        let end = AttemptEnd {
            at_ms,
            outcome: AttemptOutcome::Posted,
            answer: "booked",
        };
        tx.outbox_attempt_end(before.id, end)?;
        before.state = Posting::Posted;
        tx.outbox_save(&before)?;
    }
    let kind = MessageKind::Consumption;
    let payload = format!("{{\"n\":\"{}\"}}", "7".repeat(60 * n));
    tx.outbox_add(&format!("m{n}"), kind, about.0, about.1, &payload, at_ms)?;
    tx.journal_add(at_ms, Some(about.1), JournalKind::PostingPosted, &[])?;
    Ok(())
}

/// How many transactions the books show; panics when one is shown in part.
async fn shown(path: &Path, order: OrderId, told: &str) -> usize {
    let store = Store::open(path).expect(told);
    let (messages, journal, attempts, next) = store
        .read(move |read| {
            let messages = read.outbox_of_order(order)?;
            let mut attempts = 0;
            for message in &messages {
                let of_it = read.outbox_attempts(message.id, 10)?;
                attempts += of_it.iter().filter(|a| a.ended_at_ms.is_some()).count();
            }
            let next = read.outbox_next(i64::MAX / 2)?;
            Ok::<_, StoreError>((messages, read.journal_since(0)?.len(), attempts, next))
        })
        .await
        .expect(told);
    let count = messages.len();
    assert_eq!(journal, count, "{told}");
    assert_eq!(attempts, count.saturating_sub(1), "{told}");
    for (n, message) in messages.iter().enumerate() {
        let is_last = n + 1 == count;
        let expected = if is_last {
            Posting::Queued
        } else {
            Posting::Posted
        };
        assert_eq!(
            (message.key.clone(), message.state),
            (format!("m{n}"), expected),
            "{told}"
        );
    }
    assert_eq!(next.map(|m| m.id), messages.last().map(|m| m.id), "{told}");
    count
}

fn cuts() -> usize {
    let asked = std::env::var("MILLRACE_CUTS").ok();
    asked.map_or(CUTS, |text| {
        text.parse().expect("MILLRACE_CUTS is a number")
    })
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_power_cut_and_half_a_transaction_is_never_seen() {
    let (folder, store) = open();
    let path = store.path().to_owned();
    let wal = folder.path().join("books.db-wal");
    let about = store
        .write(|tx| add_batch(tx, "WH/MO/00101", 1))
        .await
        .expect("committed");
    store.checkpoint().await.expect("one whole file");
    let books = std::fs::read(&path).expect("the books");
    let mut acknowledged = Vec::new();
    for n in 0..COMMITS {
        store
            .write(move |tx| turn(tx, n, about))
            .await
            .expect("committed");
        let bytes = std::fs::metadata(&wal).expect("the log").len();
        acknowledged.push(usize::try_from(bytes).expect("small"));
    }
    let log = std::fs::read(&wal).expect("the log");
    assert_eq!(
        std::fs::read(&path).expect("the books"),
        books,
        "all is in the log"
    );
    assert_eq!(acknowledged.last(), Some(&log.len()));

    let count = cuts();
    let mut seen = std::collections::BTreeSet::new();
    for cut in 0..=count {
        let at = log.len() * cut / count;
        // Each its own: a store that is dropped still tidies up behind the next one's back.
        let copy = folder.path().join(format!("cut-{cut}"));
        std::fs::create_dir(&copy).expect("a folder");
        std::fs::write(copy.join("books.db"), &books).expect("written");
        let mut rest = log[..at].to_vec();
        // The length of a file may reach the disk before what stands in it.
        if cut % 2 == 1 {
            rest.resize(log.len(), 0);
        }
        std::fs::write(copy.join("books.db-wal"), rest).expect("written");
        let told = format!("cut {cut} of {count}, at byte {at}");
        let shown = shown(&copy.join("books.db"), about.0, &told).await;
        let expected = acknowledged.iter().filter(|bytes| **bytes <= at).count();
        assert_eq!(shown, expected, "{told}");
        seen.insert(shown);
        let _what_is_left_goes_with_the_folder = std::fs::remove_dir_all(&copy);
    }
    assert!(seen.len() > COMMITS / 2, "the cuts fall too close together");
}
