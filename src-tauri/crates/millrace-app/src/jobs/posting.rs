//! Posting: what left the silos reaches the ERP once. A message is committed as *sending* before the
//! first byte leaves; an unknown outcome is read back before anything is repeated; a refusal waits
//! for a person. Leaves out the comparison (`millrace_core::batch::posting`), the protocol, and how an
//! attempt is written down ([`super::settle`]).

use millrace_core::audit::anchor::Anchor;
use millrace_core::batch::attempt::AttemptAct;
use millrace_core::batch::item_error::{self, PartialVerdict};
use millrace_core::batch::posting::{Posting, ReadBack, compare};
use millrace_core::erp::{ConsumptionPost, PostAnswer};
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::table::outbox::{MessageKind, OutboxRow};

use crate::error::AppError;
use crate::inner::Inner;
use crate::jobs::message::CancelPayload;
use crate::jobs::settle::{Outcome, begin, settle};
use crate::jobs::{gate, late, posting_area, posting_done, restored};

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
    /// A message is due, and as many as may were worked on within the last second.
    Paced {
        /// So long until the next may be.
        wait_ms: i64,
    },
}

/// A stored message that this program cannot read waits for a person; nothing is sent.
pub(super) async fn refuse_unreadable(
    inner: &Inner,
    row: OutboxRow,
    error: &serde_json::Error,
) -> Result<(), AppError> {
    let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
        return Ok(());
    };
    let why = format!("the stored message cannot be read: {error}");
    settle(inner, row, Outcome::refused(why)).await
}

/// Works on the next due message.
///
/// # Errors
/// The store's; the message stays as it was committed last.
pub(crate) async fn work(inner: &Inner) -> Result<Worked, AppError> {
    let now_ms = inner.clock.now_ms();
    let (next, next_due_ms, shut) = inner
        .store
        .read(move |read| {
            Ok::<_, AppError>((
                read.outbox_next(now_ms)?,
                read.outbox_next_due()?,
                gate::read(read)?,
            ))
        })
        .await?;
    let (Some(row), Some(erp)) = (next, inner.erp.clone()) else {
        return Ok(Worked::Idle {
            next_due_ms: next_due_ms.filter(|_| inner.erp.is_some()),
        });
    };
    let Some(row) = late::settled(inner, row, now_ms).await? else {
        return Ok(Worked::Did);
    };
    if let Err(asked_at_ms) = gate::pass(inner, erp.as_ref(), shut).await? {
        return Ok(Worked::Idle {
            next_due_ms: Some(asked_at_ms),
        });
    }
    if let Err(wait_ms) = inner.posting_rate.turn(inner.clock.mono_ms()) {
        return Ok(Worked::Paced { wait_ms });
    }
    match row.kind {
        MessageKind::Consumption => consumption(inner, erp.as_ref(), row).await?,
        MessageKind::CancelOrder => cancel(inner, erp.as_ref(), row).await?,
        MessageKind::EquipmentFailure => posting_area::failure(inner, erp.as_ref(), row).await?,
        MessageKind::MaterialConsumption => {
            posting_area::material(inner, erp.as_ref(), row).await?
        }
        MessageKind::MarkDone => posting_done::mark_done(inner, erp.as_ref(), row).await?,
    }
    gate::shut_when_lost(inner).await?;
    Ok(Worked::Did)
}

async fn consumption(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: OutboxRow,
) -> Result<(), AppError> {
    let post: ConsumptionPost = match serde_json::from_str(&row.payload) {
        Ok(post) => post,
        Err(error) => return refuse_unreadable(inner, row, &error).await,
    };
    match row.state {
        Posting::Queued => {
            // Books that were put back may be behind the ERP, whatever they queue.
            if inner.restored.is_some()
                && let Some(outcome) = look_first(inner, erp, &row, &post).await?
            {
                let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
                    return Ok(());
                };
                return settle(inner, row, outcome).await;
            }
            let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
                return Ok(());
            };
            // The newest row tells at least of the batch's end and of its record.
            let anchor = inner.store.read(|read| read.audit_head()).await?;
            let anchor = anchor.and_then(|(seq, hash)| Anchor::of(seq, &hash).ok());
            let answer = match &anchor {
                Some(anchor) => erp.post_anchored(&post, anchor).await,
                None => erp.post_consumption(&post).await,
            };
            let outcome = match answer {
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
            let Some(row) = begin(inner, row, AttemptAct::ReadBack).await? else {
                return Ok(());
            };
            let outcome = match erp.order_state(&post.order_name).await {
                Ok(held) => {
                    inner.erp_good().await;
                    let read_back = compare(&post, &held, None);
                    if read_back.is_equal() {
                        Outcome::Posted {
                            answer: "read back equal".into(),
                            read_back: Some(read_back),
                        }
                    } else if let Err(why) = restored::may_send(inner, &row, &post, &held).await? {
                        Outcome::Refused {
                            why,
                            items: Vec::new(),
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
                Err(ErpError::Refused { message }) => Outcome::refused(message),
                Err(error) => {
                    inner.erp_lost(&error).await;
                    Outcome::InDoubt {
                        why: error.to_string(),
                    }
                }
            };
            settle(inner, row, outcome).await
        }
        Posting::NotDue
        | Posting::Posted
        | Posting::Refused
        | Posting::Waived
        | Posting::ByHand => Ok(()),
    }
}

/// Reads the order before a consumption leaves; `Some` = it does not leave, and why.
async fn look_first(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: &OutboxRow,
    post: &ConsumptionPost,
) -> Result<Option<Outcome>, AppError> {
    let held = match erp.order_state(&post.order_name).await {
        Ok(held) => held,
        Err(error) => return Ok(Some(only_read(after_error(inner, error).await))),
    };
    inner.erp_good().await;
    let read_back = compare(post, &held, None);
    if read_back.is_equal() {
        return Ok(Some(Outcome::Posted {
            answer: "the ERP held it already".into(),
            read_back: Some(read_back),
        }));
    }
    let may = restored::may_send(inner, row, post, &held).await?;
    Ok(may.err().map(|why| Outcome::Refused {
        why,
        items: Vec::new(),
        read_back: Some(read_back),
    }))
}

/// What went wrong while the ERP was only read: nothing was sent.
fn only_read(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::InDoubt { why } | Outcome::NotSent { why } => Outcome::NotSent { why },
        other @ (Outcome::Posted { .. } | Outcome::Partial { .. } | Outcome::Refused { .. }) => {
            other
        }
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
        let why = answer.item_errors.join("; ");
        let items = item_error::classify(&answer.item_errors);
        return match item_error::verdict(&items) {
            PartialVerdict::Repeat => Outcome::Partial {
                why,
                items,
                read_back,
            },
            PartialVerdict::Person => Outcome::Refused {
                why,
                items,
                read_back,
            },
        };
    }
    // The key decides: this message was booked, whatever somebody did with the order since.
    if answer.is_already {
        return Outcome::Posted {
            answer: "booked before: the ERP knows the key of this message".into(),
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
            items: Vec::new(),
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
            Outcome::refused(why)
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
        Err(error) => return refuse_unreadable(inner, row, &error).await,
    };
    // An order that is cancelled already stays so: this call may be repeated whatever happened before.
    let row = match row.state {
        Posting::Queued | Posting::Sending | Posting::InDoubt => row,
        Posting::NotDue
        | Posting::Posted
        | Posting::Refused
        | Posting::Waived
        | Posting::ByHand => return Ok(()),
    };
    let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
        return Ok(());
    };
    if inner.restored.is_some() {
        let outcome = match erp.order_state(&payload.order_name).await {
            Ok(held) => restored::may_cancel(inner, &held)
                .err()
                .map(Outcome::refused),
            Err(error) => Some(only_read(after_error(inner, error).await)),
        };
        if let Some(outcome) = outcome {
            return settle(inner, row, outcome).await;
        }
    }
    let outcome = match erp.cancel_order(&payload.order_name, &payload.reason).await {
        Ok(()) => {
            inner.erp_good().await;
            Outcome::posted("cancelled")
        }
        Err(error) => only_read(after_error(inner, error).await),
    };
    settle(inner, row, outcome).await
}
