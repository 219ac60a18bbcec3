//! Sending what the PLC reports beside its slots. An equipment failure makes a new record at each call,
//! so it is counted in the ERP before it is sent, and counted again before anything is repeated. A
//! manual weighing replaces, so it may be repeated as it stands.
//! Leaves out queueing ([`super::message_area`]) and how an outcome is settled ([`super::settle`]).

use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome, pause_ms};
use millrace_core::batch::posting::Posting;
use millrace_core::erp::{FailurePost, MaterialPost};
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::table::outbox::OutboxRow;
use millrace_store::table::outbox_attempt::AttemptEnd;
use serde::{Deserialize, Serialize};

use super::message::to_json;
use super::posting::{after_error, refuse_unreadable};
use super::restored;
use super::settle::{Outcome, begin, settle};
use crate::error::AppError;
use crate::inner::Inner;

/// A server may go on with a call whose caller has gone: Odoo for 120 s by default. A failure that the
/// read-back does not find counts as not sent only after this.
const SERVER_MAY_COMMIT_MS: i64 = 150_000;
/// So often a list that the ERP cannot give is asked for before a person is.
const LIST_TRIES: i64 = 8;

/// What the program knows of a failure's sending; stands in the message's read-back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Equal records before it was sent; `None` = not sent, or the ERP could not say.
    rows_before: Option<u64>,
    /// When it was sent.
    sent_at_ms: i64,
    /// How often the ERP answered, and not with a list.
    unlisted: i64,
}

impl Mark {
    /// A sending that nobody saw, in a copy of the books: so many equal records were there before.
    pub(crate) fn since(rows_before: u64, sent_at_ms: i64) -> Mark {
        Mark {
            rows_before: Some(rows_before),
            sent_at_ms,
            unlisted: 0,
        }
    }

    fn of(row: &OutboxRow) -> Mark {
        let text = row.read_back.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }
}

pub(super) async fn failure(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: OutboxRow,
) -> Result<(), AppError> {
    let post: FailurePost = match serde_json::from_str(&row.payload) {
        Ok(post) => post,
        Err(error) => return refuse_unreadable(inner, row, &error).await,
    };
    match row.state {
        Posting::Queued => send_failure(inner, erp, row, &post).await,
        // The program died between the commit and the answer.
        Posting::Sending => {
            let why = "the program ended while sending".into();
            settle(inner, row, Outcome::InDoubt { why }).await
        }
        Posting::InDoubt => read_back_failure(inner, erp, row, &post).await,
        Posting::NotDue
        | Posting::Posted
        | Posting::Refused
        | Posting::Waived
        | Posting::ByHand => Ok(()),
    }
}

async fn send_failure(
    inner: &Inner,
    erp: &dyn ErpConnector,
    mut row: OutboxRow,
    post: &FailurePost,
) -> Result<(), AppError> {
    let mut mark = Mark::of(&row);
    mark.rows_before = match erp.failures_like(post).await {
        Ok(count) => Some(count),
        // What cannot be sent at all is told by the sending.
        Err(ErpError::Unsendable { .. }) => None,
        Err(error) => {
            mark.unlisted += i64::from(is_unlisted(&error));
            if mark.unlisted < LIST_TRIES || !is_unlisted(&error) {
                inner.erp_lost(&error).await;
                row.read_back = Some(to_json(&mark)?);
                return postpone(inner, row, error.to_string(), i64::MAX).await;
            }
            None
        }
    };
    mark.sent_at_ms = inner.clock.now_ms();
    row.read_back = Some(to_json(&mark)?);
    let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
        return Ok(());
    };
    let outcome = match erp.report_failure(post).await {
        Ok(()) => {
            inner.erp_good().await;
            Outcome::posted("recorded")
        }
        Err(error) => after_error(inner, error).await,
    };
    settle(inner, row, outcome).await
}

async fn read_back_failure(
    inner: &Inner,
    erp: &dyn ErpConnector,
    mut row: OutboxRow,
    post: &FailurePost,
) -> Result<(), AppError> {
    let mut mark = Mark::of(&row);
    let Some(before) = mark.rows_before else {
        return settle(inner, row, for_a_person("nobody knows what it held before")).await;
    };
    let Some(begun) = begin(inner, row, AttemptAct::ReadBack).await? else {
        return Ok(());
    };
    row = begun;
    let count = match erp.failures_like(post).await {
        Ok(count) => count,
        Err(error) => {
            inner.erp_lost(&error).await;
            mark.unlisted += i64::from(is_unlisted(&error));
            row.read_back = Some(to_json(&mark)?);
            let outcome = if mark.unlisted < LIST_TRIES || !is_unlisted(&error) {
                Outcome::InDoubt {
                    why: error.to_string(),
                }
            } else {
                for_a_person(&error.to_string())
            };
            return settle(inner, row, outcome).await;
        }
    };
    inner.erp_good().await;
    if count > before {
        return settle(inner, row, Outcome::posted("found by the read-back")).await;
    }
    let why = "the read-back does not find it".to_owned();
    let now_ms = inner.clock.now_ms();
    // A clock that was set back tells nothing of how long it has been: the wait begins again.
    mark.sent_at_ms = mark.sent_at_ms.min(now_ms);
    let until_ms = mark.sent_at_ms + SERVER_MAY_COMMIT_MS;
    if now_ms >= until_ms {
        return settle(inner, row, Outcome::NotSent { why }).await;
    }
    row.read_back = Some(to_json(&mark)?);
    let why = format!("{why} yet, the ERP may still be at it");
    postpone(inner, row, why, until_ms).await
}

/// The ERP answered, and not with a list; a page of a moment's maintenance is among these.
fn is_unlisted(error: &ErpError) -> bool {
    match error {
        ErpError::Refused { .. } | ErpError::Protocol { .. } | ErpError::Unsendable { .. } => true,
        ErpError::Unreachable { .. }
        | ErpError::NoAnswer { .. }
        | ErpError::Credentials { .. }
        | ErpError::Config { .. } => false,
    }
}

fn for_a_person(why: &str) -> Outcome {
    Outcome::refused(format!(
        "no answer came and the ERP's list does not tell whether it has the failure ({why}): look there, then close this message or send it again"
    ))
}

/// Nothing was sent, and the state stays: the message waits for its next turn, at the latest until then.
async fn postpone(
    inner: &Inner,
    mut row: OutboxRow,
    why: String,
    latest_ms: i64,
) -> Result<(), AppError> {
    row.attempts += 1;
    let at_ms = inner.clock.now_ms();
    row.next_at_ms = (at_ms + pause_ms(row.attempts, row.id.0)).min(latest_ms);
    row.last_answer = Some(why.clone());
    let outcome = if row.state == Posting::InDoubt {
        AttemptOutcome::InDoubt
    } else {
        AttemptOutcome::NotSent
    };
    inner
        .commit(move |tx| {
            let end = AttemptEnd {
                at_ms,
                outcome,
                answer: &why,
            };
            if !tx.outbox_attempt_end(row.id, end)? {
                tx.outbox_attempt_begin(row.id, AttemptAct::ReadBack, at_ms)?;
                tx.outbox_attempt_end(row.id, end)?;
            }
            if tx.outbox(row.id)?.state == row.state {
                tx.outbox_save(&row)?;
            }
            Ok(())
        })
        .await
}

pub(super) async fn material(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: OutboxRow,
) -> Result<(), AppError> {
    let post: MaterialPost = match serde_json::from_str(&row.payload) {
        Ok(post) => post,
        Err(error) => return refuse_unreadable(inner, row, &error).await,
    };
    // The call replaces what the order holds of the material, so it may be repeated whatever happened.
    let row = match row.state {
        Posting::Queued | Posting::Sending | Posting::InDoubt => row,
        Posting::NotDue
        | Posting::Posted
        | Posting::Refused
        | Posting::Waived
        | Posting::ByHand => return Ok(()),
    };
    let needs_person = restored::material_needs_person(inner, &row);
    let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
        return Ok(());
    };
    if let Some(why) = needs_person {
        return settle(inner, row, Outcome::refused(why)).await;
    }
    let outcome = match erp.post_material(&post).await {
        Ok(held) if held == post.consumed_g => {
            inner.erp_good().await;
            Outcome::posted("booked, and its receipt is equal")
        }
        Ok(held) => {
            inner.erp_good().await;
            Outcome::refused(format!(
                "{}: we posted {}, the ERP holds {held}",
                post.material, post.consumed_g
            ))
        }
        Err(error) => after_error(inner, error).await,
    };
    settle(inner, row, outcome).await
}
