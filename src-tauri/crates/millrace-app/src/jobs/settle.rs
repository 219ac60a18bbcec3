//! How a turn at a message is written down: an attempt is begun before the first byte leaves and ended
//! with the outcome, in one transaction with the message's state, the batch's and the journal.
//! Leaves out what is asked of the ERP ([`super::posting`] and its siblings).

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome, pause_ms};
use millrace_core::batch::item_error::ItemError;
use millrace_core::batch::posting::{Posting, PostingEvent, ReadBack};
use millrace_core::journal::JournalKind;
use millrace_store::Write;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use millrace_store::table::outbox_attempt::AttemptEnd;

use crate::error::AppError;
use crate::inner::Inner;
use crate::jobs::message::{subject, to_json};
use crate::jobs::message_done;

/// Pause before a lost answer is read back: the server may still be committing.
const READ_BACK_AFTER_MS: i64 = 1_000;
/// Up to so many attempts a message that the read-back does not find is repeated without a pause.
const AT_ONCE_MAX: i64 = 8;
/// What an attempt is closed with whose end nobody saw.
pub(super) const DIED: &str = "the program ended meanwhile";

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
    /// Some items were left out for reasons that pass: the whole call again.
    Partial {
        why: String,
        items: Vec<ItemError>,
        read_back: Option<ReadBack>,
    },
    Refused {
        why: String,
        items: Vec<ItemError>,
        read_back: Option<ReadBack>,
    },
}

impl Outcome {
    pub(super) fn posted(answer: &str) -> Outcome {
        Outcome::Posted {
            answer: answer.to_owned(),
            read_back: None,
        }
    }

    pub(super) fn refused(why: String) -> Outcome {
        Outcome::Refused {
            why,
            items: Vec::new(),
            read_back: None,
        }
    }

    fn end(&self, at_ms: i64) -> AttemptEnd<'_> {
        let (outcome, answer) = match self {
            Outcome::Posted { answer, .. } => (AttemptOutcome::Posted, answer),
            Outcome::InDoubt { why } => (AttemptOutcome::InDoubt, why),
            Outcome::NotSent { why } => (AttemptOutcome::NotSent, why),
            Outcome::Partial { why, .. } => (AttemptOutcome::Partial, why),
            Outcome::Refused { why, .. } => (AttemptOutcome::Refused, why),
        };
        AttemptEnd {
            at_ms,
            outcome,
            answer,
        }
    }
}

/// Begins an attempt: a sending commits *sending* before the first byte leaves. `None` when a person
/// closed the message meanwhile.
pub(super) async fn begin(
    inner: &Inner,
    mut row: OutboxRow,
    act: AttemptAct,
) -> Result<Option<OutboxRow>, AppError> {
    let at_ms = inner.clock.now_ms();
    let is_new = act == AttemptAct::Send && row.state == Posting::Queued;
    inner
        .commit_quietly(is_new, move |tx| {
            if tx.outbox(row.id)?.state != row.state {
                return Ok(None);
            }
            let died = AttemptEnd {
                at_ms,
                outcome: AttemptOutcome::InDoubt,
                answer: DIED,
            };
            tx.outbox_attempt_end(row.id, died)?;
            tx.outbox_attempt_begin(row.id, act, at_ms)?;
            if is_new {
                row.state = row.state.step(PostingEvent::Send)?;
                row.attempts += 1;
            }
            tx.outbox_save(&row)?;
            mirror(tx, &row, at_ms, None)?;
            Ok(Some(row))
        })
        .await
}

/// Ends the attempt with what came of it. A person who closed the message while the ERP was asked has
/// the last word: the attempt is kept, the state is theirs.
pub(super) async fn settle(
    inner: &Inner,
    mut row: OutboxRow,
    outcome: Outcome,
) -> Result<(), AppError> {
    let at_ms = inner.clock.now_ms();
    let closing = inner.closing();
    inner
        .commit(move |tx| {
            tx.outbox_attempt_end(row.id, outcome.end(at_ms))?;
            if tx.outbox(row.id)?.state != row.state {
                return Ok(());
            }
            let journal = take(&mut row, outcome, at_ms)?;
            tx.outbox_save(&row)?;
            mirror(tx, &row, at_ms, journal)?;
            match row.order_id {
                Some(order_id) if row.state == Posting::Posted => {
                    message_done::queue_when_closed(tx, order_id, &closing, at_ms)
                }
                Some(_) | None => Ok(()),
            }
        })
        .await
}

/// The row after an outcome, and what the journal says about it.
fn take(
    row: &mut OutboxRow,
    outcome: Outcome,
    at_ms: i64,
) -> Result<Option<(JournalKind, String)>, AppError> {
    let pause = pause_ms(row.attempts, row.id.0);
    match outcome {
        Outcome::Posted { answer, read_back } => {
            row.state = row.state.step(PostingEvent::Confirm)?;
            row.confirmed_at_ms = Some(at_ms);
            row.last_answer = Some(answer.clone());
            row.items.clear();
            keep_read_back(row, read_back)?;
            Ok(Some((JournalKind::PostingPosted, answer)))
        }
        Outcome::InDoubt { why } => {
            let is_news = row.state == Posting::Sending;
            if is_news {
                row.state = row.state.step(PostingEvent::LoseAnswer)?;
                row.next_at_ms = at_ms + READ_BACK_AFTER_MS;
            } else {
                row.attempts += 1;
                row.next_at_ms = at_ms + pause;
            }
            row.last_answer = Some(why.clone());
            Ok(is_news.then_some((JournalKind::PostingInDoubt, why)))
        }
        Outcome::NotSent { why } => {
            let was_in_doubt = row.state == Posting::InDoubt;
            row.state = row.state.step(PostingEvent::NotSent)?;
            // The first ones go at once; an ERP that fails on each is not hammered.
            row.next_at_ms = if was_in_doubt && row.attempts <= AT_ONCE_MAX {
                at_ms
            } else if was_in_doubt {
                at_ms + pause_ms(row.attempts - AT_ONCE_MAX, row.id.0)
            } else {
                at_ms + pause
            };
            row.last_answer = Some(why);
            Ok(None)
        }
        Outcome::Partial {
            why,
            items,
            read_back,
        } => {
            row.state = row.state.step(PostingEvent::NotSent)?;
            row.next_at_ms = at_ms + pause_ms(row.item_repeats + 1, row.id.0);
            row.item_repeats += 1;
            row.items = items;
            row.last_answer = Some(why);
            keep_read_back(row, read_back)?;
            Ok(None)
        }
        Outcome::Refused {
            why,
            items,
            read_back,
        } => {
            row.state = row.state.step(PostingEvent::Refuse)?;
            row.items = items;
            row.last_answer = Some(why.clone());
            keep_read_back(row, read_back)?;
            Ok(Some((JournalKind::PostingRefused, why)))
        }
    }
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
        MessageKind::EquipmentFailure
        | MessageKind::MaterialConsumption
        | MessageKind::MarkDone => {
            let told = match (row.kind, journal) {
                (_, None) => None,
                (MessageKind::MarkDone, Some((JournalKind::PostingPosted, answer))) => {
                    Some((JournalKind::OrderMarkedDone, answer))
                }
                (_, Some((JournalKind::PostingPosted, _))) => None,
                (_, told) => told,
            };
            if let Some((kind, reason)) = told {
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
