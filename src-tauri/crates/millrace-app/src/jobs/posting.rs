//! Posting: what left the silos reaches the ERP once. A message is committed as *sending* before the
//! first byte leaves; an unknown outcome is read back before anything is repeated; a refusal waits
//! for a person. Leaves out the comparison (`millrace_core::batch::posting`) and the protocol.

use millrace_core::batch::posting::{Posting, PostingEvent, ReadBack, compare};
use millrace_core::erp::{ConsumptionPost, PostAnswer};
use millrace_core::journal::JournalKind;
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::Write;
use millrace_store::table::outbox::{MessageKind, OutboxRow};

use crate::error::AppError;
use crate::inner::Inner;
use crate::jobs::message::{CancelPayload, subject, to_json};
use crate::jobs::posting_area;

/// First pause after a failed attempt; it doubles.
const BACK_OFF_FIRST_MS: i64 = 2_000;
/// Longest pause.
const BACK_OFF_LONGEST_MS: i64 = 300_000;
/// Pause before a lost answer is read back: the server may still be committing.
const READ_BACK_AFTER_MS: i64 = 1_000;
/// Up to so many attempts a message that the read-back does not find is repeated without a pause.
const AT_ONCE_MAX: i64 = 8;

/// What one turn of the job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    /// A message was worked on.
    Did,
    /// Nothing is due; the next falls due then.
    Idle {
        /// UTC milliseconds, `None` = nothing waits.
        next_due_ms: Option<i64>,
    },
}

/// How an attempt ended.
pub(super) enum Outcome {
    Posted {
        answer: String,
        read_back: Option<ReadBack>,
    },
    InDoubt {
        why: String,
    },
    NotSent {
        why: String,
    },
    Refused {
        why: String,
        read_back: Option<ReadBack>,
    },
}

/// A stored message that this program cannot read.
pub(super) fn unreadable(error: &serde_json::Error) -> Outcome {
    Outcome::Refused {
        why: format!("the stored message cannot be read: {error}"),
        read_back: None,
    }
}

/// Works on the next due message.
///
/// # Errors
/// The store's; the message stays as it was committed last.
pub(crate) async fn work(inner: &Inner) -> Result<Worked, AppError> {
    let now_ms = inner.clock.now_ms();
    let (next, next_due_ms) = inner
        .store
        .read(move |read| Ok::<_, AppError>((read.outbox_next(now_ms)?, read.outbox_next_due()?)))
        .await?;
    let (Some(row), Some(erp)) = (next, inner.erp.clone()) else {
        return Ok(Worked::Idle {
            next_due_ms: next_due_ms.filter(|_| inner.erp.is_some()),
        });
    };
    match row.kind {
        MessageKind::Consumption => consumption(inner, erp.as_ref(), row).await?,
        MessageKind::CancelOrder => cancel(inner, erp.as_ref(), row).await?,
        MessageKind::EquipmentFailure => posting_area::failure(inner, erp.as_ref(), row).await?,
        MessageKind::MaterialConsumption => {
            posting_area::material(inner, erp.as_ref(), row).await?
        }
    }
    Ok(Worked::Did)
}

async fn consumption(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: OutboxRow,
) -> Result<(), AppError> {
    let post: ConsumptionPost = match serde_json::from_str(&row.payload) {
        Ok(post) => post,
        Err(error) => return settle(inner, row, unreadable(&error)).await,
    };
    match row.state {
        Posting::Queued => {
            let row = begin(inner, row).await?;
            let outcome = match erp.post_consumption(&post).await {
                Ok(answer) => after_answer(inner, erp, &post, &answer).await,
                Err(error) => after_error(inner, error).await,
            };
            settle(inner, row, outcome).await
        }
        // Found as *sending*: the program died between the commit and the answer.
        Posting::Sending => {
            settle(
                inner,
                row,
                Outcome::InDoubt {
                    why: "the program ended while sending".into(),
                },
            )
            .await
        }
        Posting::InDoubt => {
            let outcome = match erp.order_state(&post.order_name).await {
                Ok(held) => {
                    inner.erp_good().await;
                    let read_back = compare(&post, &held, None);
                    if read_back.is_equal() {
                        Outcome::Posted {
                            answer: "read back equal".into(),
                            read_back: Some(read_back),
                        }
                    } else {
                        // Not there, or not provable: the call replaces, so the whole of it may be repeated.
                        Outcome::NotSent {
                            why: read_back
                                .difference()
                                .unwrap_or_else(|| "not proved by the read-back".into()),
                        }
                    }
                }
                Err(ErpError::Refused { message }) => Outcome::Refused {
                    why: message,
                    read_back: None,
                },
                Err(error) => {
                    inner.erp_lost(&error).await;
                    Outcome::InDoubt {
                        why: error.to_string(),
                    }
                }
            };
            settle(inner, row, outcome).await
        }
        Posting::NotDue | Posting::Posted | Posting::Refused | Posting::Waived => Ok(()),
    }
}

async fn after_answer(
    inner: &Inner,
    erp: &dyn ErpConnector,
    post: &ConsumptionPost,
    answer: &PostAnswer,
) -> Outcome {
    inner.erp_good().await;
    let held = erp.order_state(&post.order_name).await;
    let read_back = held
        .as_ref()
        .ok()
        .map(|held| compare(post, held, Some(answer)));
    if !answer.item_errors.is_empty() {
        return Outcome::Refused {
            why: answer.item_errors.join("; "),
            read_back,
        };
    }
    match (held, read_back) {
        (Ok(_), Some(read_back)) if read_back.is_equal() => Outcome::Posted {
            answer: "booked and read back equal".into(),
            read_back: Some(read_back),
        },
        (Ok(_), read_back) => Outcome::Refused {
            why: read_back
                .as_ref()
                .and_then(ReadBack::difference)
                .unwrap_or_else(|| "the ERP holds something else than was posted".into()),
            read_back,
        },
        (Err(error), _) => Outcome::InDoubt {
            why: format!("booked, but the read-back failed: {error}"),
        },
    }
}

pub(super) async fn after_error(inner: &Inner, error: ErpError) -> Outcome {
    let why = error.to_string();
    match &error {
        ErpError::Refused { .. } | ErpError::Unsendable { .. } => {
            inner.erp_good().await;
            Outcome::Refused {
                why,
                read_back: None,
            }
        }
        ErpError::NoAnswer { .. } | ErpError::Protocol { .. } => {
            inner.erp_lost(&error).await;
            Outcome::InDoubt { why }
        }
        // Nothing was sent; a wrong password is mended by a person, and the message then goes by itself.
        ErpError::Unreachable { .. } | ErpError::Credentials { .. } | ErpError::Config { .. } => {
            inner.erp_lost(&error).await;
            Outcome::NotSent { why }
        }
    }
}

async fn cancel(inner: &Inner, erp: &dyn ErpConnector, row: OutboxRow) -> Result<(), AppError> {
    let payload: CancelPayload = match serde_json::from_str(&row.payload) {
        Ok(payload) => payload,
        Err(error) => return settle(inner, row, unreadable(&error)).await,
    };
    // An order that is cancelled already stays so: this call may be repeated whatever happened before.
    let row = match row.state {
        Posting::Queued => begin(inner, row).await?,
        Posting::Sending | Posting::InDoubt => row,
        Posting::NotDue | Posting::Posted | Posting::Refused | Posting::Waived => return Ok(()),
    };
    let outcome = match erp.cancel_order(&payload.order_name, &payload.reason).await {
        Ok(()) => {
            inner.erp_good().await;
            Outcome::Posted {
                answer: "cancelled".into(),
                read_back: None,
            }
        }
        Err(error) => match after_error(inner, error).await {
            Outcome::InDoubt { why } | Outcome::NotSent { why } => Outcome::NotSent { why },
            other @ (Outcome::Posted { .. } | Outcome::Refused { .. }) => other,
        },
    };
    settle(inner, row, outcome).await
}

/// Commits *sending* before the first byte leaves.
pub(super) async fn begin(inner: &Inner, mut row: OutboxRow) -> Result<OutboxRow, AppError> {
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            row.state = row.state.step(PostingEvent::Send)?;
            row.attempts += 1;
            tx.outbox_save(&row)?;
            mirror(tx, &row, at_ms, None)?;
            Ok(row)
        })
        .await
}

pub(super) async fn settle(
    inner: &Inner,
    mut row: OutboxRow,
    outcome: Outcome,
) -> Result<(), AppError> {
    let at_ms = inner.clock.now_ms();
    let back_off = back_off_ms(row.attempts, row.id.0);
    inner
        .commit(move |tx| {
            let journal = match outcome {
                Outcome::Posted { answer, read_back } => {
                    row.state = row.state.step(PostingEvent::Confirm)?;
                    row.confirmed_at_ms = Some(at_ms);
                    row.last_answer = Some(answer);
                    keep_read_back(&mut row, read_back)?;
                    Some((JournalKind::PostingPosted, String::new()))
                }
                Outcome::InDoubt { why } => {
                    let is_news = row.state == Posting::Sending;
                    if is_news {
                        row.state = row.state.step(PostingEvent::LoseAnswer)?;
                        row.next_at_ms = at_ms + READ_BACK_AFTER_MS;
                    } else {
                        row.attempts += 1;
                        row.next_at_ms = at_ms + back_off;
                    }
                    row.last_answer = Some(why.clone());
                    is_news.then_some((JournalKind::PostingInDoubt, why))
                }
                Outcome::NotSent { why } => {
                    let was_in_doubt = row.state == Posting::InDoubt;
                    row.state = row.state.step(PostingEvent::NotSent)?;
                    // The first ones go at once; an ERP that fails on each is not hammered.
                    row.next_at_ms = if was_in_doubt && row.attempts <= AT_ONCE_MAX {
                        at_ms
                    } else if was_in_doubt {
                        at_ms + back_off_ms(row.attempts - AT_ONCE_MAX, row.id.0)
                    } else {
                        at_ms + back_off
                    };
                    row.last_answer = Some(why);
                    None
                }
                Outcome::Refused { why, read_back } => {
                    row.state = row.state.step(PostingEvent::Refuse)?;
                    row.last_answer = Some(why.clone());
                    keep_read_back(&mut row, read_back)?;
                    Some((JournalKind::PostingRefused, why))
                }
            };
            tx.outbox_save(&row)?;
            mirror(tx, &row, at_ms, journal)
        })
        .await
}

fn keep_read_back(row: &mut OutboxRow, read_back: Option<ReadBack>) -> Result<(), AppError> {
    if let Some(read_back) = read_back {
        row.read_back = Some(to_json(&read_back)?);
    }
    Ok(())
}

/// The batch shows its message's state; state change, audit and journal are one transaction.
pub(crate) fn mirror(
    tx: &Write<'_>,
    row: &OutboxRow,
    at_ms: i64,
    journal: Option<(JournalKind, String)>,
) -> Result<(), AppError> {
    match row.kind {
        MessageKind::CancelOrder => return Ok(()),
        // Their state stands in the outbox alone; what a person must know is told.
        MessageKind::EquipmentFailure | MessageKind::MaterialConsumption => {
            if let Some((kind, reason)) = journal.filter(|(k, _)| *k != JournalKind::PostingPosted)
            {
                let reason = format!("{}: {reason}", subject(row));
                tx.journal_add(at_ms, row.batch_id, kind, &[("reason", reason)])?;
            }
            return Ok(());
        }
        MessageKind::Consumption => {}
    }
    let Some(batch_id) = row.batch_id else {
        return Ok(());
    };
    let before = tx.batch(batch_id)?;
    if before.posting != row.state {
        let mut after = before.clone();
        after.posting = row.state;
        tx.batch_save(&mut after)?;
        tx.audit_add(&crate::commands::audit::of_batch(
            "system", "posting", "", at_ms, &before, &after,
        ))?;
    }
    if let Some((kind, reason)) = journal {
        tx.journal_add(at_ms, Some(batch_id), kind, &[("reason", reason)])?;
    }
    Ok(())
}

pub(super) fn back_off_ms(attempts: i64, id: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 9) - 1).unwrap_or(0);
    // Spread by id, so that a backlog does not come back as one crowd.
    (BACK_OFF_FIRST_MS << doublings).min(BACK_OFF_LONGEST_MS) + id.rem_euclid(7) * 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!(back_off_ms(1, 0), 2_000);
        assert_eq!(back_off_ms(2, 0), 4_000);
        assert_eq!(back_off_ms(1_000, 0), BACK_OFF_LONGEST_MS);
    }
}
