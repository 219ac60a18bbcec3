//! The first start on books that are a copy: the plant went on without them. Nothing of what was under way
//! when the copy was made may be taken for what is true now, so the copy becomes books in one
//! transaction that puts all of it in doubt. Leaves out how a doubt is settled: the engine asks the PLC,
//! the posting job reads the ERP ([`crate::jobs::restored`]), and a person decides about each order.

use millrace_core::batch::attempt::AttemptOutcome;
use millrace_core::batch::posting::Posting;
use millrace_core::batch::run::Run;
use millrace_core::erp::FailurePost;
use millrace_core::erp_difference::{Difference, Found, Seen};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::DownloadStep;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use millrace_store::table::outbox_attempt::AttemptEnd;
use millrace_store::{Store, Write};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::file::Label;
use crate::commands::audit;
use crate::error::AppError;
use crate::jobs::message::to_json;
use crate::jobs::posting_area::Mark;
use crate::jobs::settle::mirror;

/// Under this key the books keep that they were put back.
const RESTORED: &str = "books_restored";
/// What an attempt is closed with that the copy shows as open.
const COPIED: &str = "the books were put back from a backup of that moment";
/// Messages at the most that a copy can have open.
const OPEN_MAX: i64 = 1_000_000;

/// That these books were put back, the latest time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When the copy became books, UTC milliseconds.
    pub(crate) at_ms: i64,
    /// When it was made: what the plant did from then on, the books do not know.
    pub(crate) copy_at_ms: i64,
    /// Orders up to this number are older than the copy.
    pub(crate) last_order: i64,
}

/// Makes books of a copy; changes nothing in books that are none. Answers whether they were ever put
/// back, and what a person must know now.
///
/// # Errors
/// The store's; nothing was changed then, and the next start finds the same copy.
pub(crate) async fn begin(
    store: &Store,
    at_ms: i64,
) -> Result<(Option<Restored>, Option<String>), AppError> {
    let (label, restored) = store
        .read(|read| Ok::<_, AppError>((read.copy_label()?, read.meta(RESTORED)?)))
        .await?;
    let Some(label) = label else {
        // Written by this program; a text that it cannot read must not pass for "never put back".
        let restored = restored
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| {
                AppError::fault(
                    millrace_core::error_code::ErrorCode::Internal,
                    "the books do not say when they were put back",
                    &error,
                )
            })?;
        return Ok((restored, None));
    };
    let label: Label = serde_json::from_str(&label).unwrap_or_else(|_| Label {
        at_ms: 0,
        site: String::new(),
        file: label,
        accepted: String::new(),
    });
    let told = format!(
        "The books were put back from the backup {}. What was made, booked and entered after it was made is not in them: each open order waits until a person has looked.",
        label.file
    );
    let restored = store
        .write(move |tx| become_books(tx, &label, at_ms))
        .await?;
    Ok((Some(restored), Some(told)))
}

fn become_books(tx: &Write<'_>, label: &Label, at_ms: i64) -> Result<Restored, AppError> {
    let last_order = tx.copy_becomes_books()?;
    let restored = Restored {
        at_ms,
        copy_at_ms: label.at_ms,
        last_order,
    };
    tx.meta_set(RESTORED, &to_json(&restored)?)?;
    let open = tx.outbox_page(
        &[Posting::Queued, Posting::Sending, Posting::InDoubt],
        None,
        OPEN_MAX,
    )?;
    let orders = tx.orders_open()?;
    tx.audit_add(&audit::of(
        "system",
        "books_restored",
        "books",
        &label.accepted,
        at_ms,
        &json!({
            "file": label.file,
            "copy_at_ms": label.at_ms,
            "messages": open.len(),
            "orders": orders.iter().map(|order| &order.name).collect::<Vec<_>>(),
        }),
    ))?;
    tx.journal_add(
        at_ms,
        None,
        JournalKind::BooksRestored,
        &[("file", label.file.clone())],
    )?;
    for row in open {
        doubt_message(tx, row, at_ms)?;
    }
    for order in orders {
        let found = Found {
            difference: Difference::Restored {
                copy_at_ms: label.at_ms,
            },
            seen: Seen::Restored,
        };
        tx.order_differ(order.id, &found, at_ms)?;
    }
    doubt_downloads(tx, at_ms)?;
    Ok(restored)
}

/// A message that was not closed may have been: it is read back before anything else.
fn doubt_message(tx: &Write<'_>, mut row: OutboxRow, at_ms: i64) -> Result<(), AppError> {
    let end = AttemptEnd {
        at_ms,
        outcome: AttemptOutcome::InDoubt,
        answer: COPIED,
    };
    tx.outbox_attempt_end(row.id, end)?;
    if row.kind == MessageKind::EquipmentFailure {
        row.read_back = Some(to_json(&Mark::since(equal_sent(tx, &row)?, at_ms))?);
    }
    row.state = Posting::InDoubt;
    // It may have been sent, so the ERP may rightly show the order as begun.
    row.attempts = row.attempts.max(1);
    row.next_at_ms = at_ms;
    row.last_answer = Some(COPIED.into());
    tx.outbox_save(&row)?;
    mirror(tx, &row, at_ms, None)
}

/// How many records equal to this one the books know to be in the ERP.
fn equal_sent(tx: &Write<'_>, row: &OutboxRow) -> Result<u64, AppError> {
    let content = |payload: &str| {
        serde_json::from_str::<FailurePost>(payload)
            .ok()
            .map(|post| (post.equipment_code, post.description, post.date_utc))
    };
    let ours = content(&row.payload);
    let mut count = 0;
    for other in tx.outbox_page(&[Posting::Posted, Posting::ByHand], None, OPEN_MAX)? {
        if other.kind == MessageKind::EquipmentFailure && content(&other.payload) == ours {
            count += 1;
        }
    }
    Ok(count)
}

/// A recipe on its way into the PLC counts as offered: if its slot shows it, the engine follows it; if
/// not, it may have been dosed since, and a person is asked. Written again, it could be made twice.
fn doubt_downloads(tx: &Write<'_>, at_ms: i64) -> Result<(), AppError> {
    for before in tx.batches_in_slots()? {
        let is_under_way = matches!(before.run, Run::Downloading | Run::Held)
            && matches!(
                before.download_step,
                Some(DownloadStep::Prepared | DownloadStep::Written | DownloadStep::Verified)
            );
        if !is_under_way {
            continue;
        }
        let mut row = before.clone();
        row.download_step = Some(DownloadStep::Offered);
        tx.batch_save(&mut row)?;
        tx.audit_add(&audit::of_batch(
            "system",
            "books_restored",
            "",
            at_ms,
            &before,
            &row,
        ))?;
    }
    Ok(())
}
