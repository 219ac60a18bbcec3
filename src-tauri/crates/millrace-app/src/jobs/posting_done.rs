//! Closing an order in the ERP. Some versions close an order with the quantities of its BoM when nothing
//! was written, and overwrite what was: so it is read before, and read after. An order that a person
//! closed already is closed. Leaves out when the message is queued ([`super::message_done`]).

use millrace_core::batch::attempt::AttemptAct;
use millrace_core::batch::posting::{Posting, ReadBack, compare};
use millrace_core::erp::{DonePost, ErpOrderState, PostAnswer};
use millrace_core::ids::OrderId;
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::table::outbox::OutboxRow;

use super::posting::{after_error, refuse_unreadable};
use super::settle::{Outcome, begin, settle};
use crate::error::AppError;
use crate::inner::Inner;

/// How long an order waits for weights that were not entered before it is looked at again.
const ASK_AGAIN_MS: i64 = 60_000;

/// What the ERP shows of an order that shall be closed.
enum Shown {
    /// Closed, and it holds what was posted.
    Done(ReadBack),
    /// Open, and it holds what was posted.
    Open,
    /// Something that a person must look at.
    Wrong(String, Option<ReadBack>),
}

pub(super) async fn mark_done(
    inner: &Inner,
    erp: &dyn ErpConnector,
    row: OutboxRow,
) -> Result<(), AppError> {
    let post: DonePost = match serde_json::from_str(&row.payload) {
        Ok(post) => post,
        Err(error) => return refuse_unreadable(inner, row, &error).await,
    };
    match row.state {
        Posting::Queued => {
            let missing = match row.order_id {
                Some(order_id) => missing_weights(inner, order_id).await?,
                None => Vec::new(),
            };
            if !missing.is_empty() {
                return wait_for(inner, row, &missing).await;
            }
            let Some(row) = begin(inner, row, AttemptAct::Send).await? else {
                return Ok(());
            };
            let outcome = close(inner, erp, &post).await;
            settle(inner, row, outcome).await
        }
        // The program died between the commit and the answer.
        Posting::Sending => {
            let why = "the program ended while sending".into();
            settle(inner, row, Outcome::InDoubt { why }).await
        }
        Posting::InDoubt => {
            let Some(row) = begin(inner, row, AttemptAct::ReadBack).await? else {
                return Ok(());
            };
            let outcome = read_back(inner, erp, &post).await;
            settle(inner, row, outcome).await
        }
        Posting::NotDue
        | Posting::Posted
        | Posting::Refused
        | Posting::Waived
        | Posting::ByHand => Ok(()),
    }
}

async fn close(inner: &Inner, erp: &dyn ErpConnector, post: &DonePost) -> Outcome {
    let name = &post.posted.order_name;
    let held = match erp.order_state(name).await {
        Ok(held) => held,
        // Only read so far: whatever went wrong, nothing was sent.
        Err(error) => {
            return match after_error(inner, error).await {
                Outcome::InDoubt { why } | Outcome::NotSent { why } => Outcome::NotSent { why },
                other @ (Outcome::Posted { .. }
                | Outcome::Partial { .. }
                | Outcome::Refused { .. }) => other,
            };
        }
    };
    inner.erp_good().await;
    match look(post, &held) {
        Shown::Done(read_back) => {
            return Outcome::Posted {
                answer: "a person closed the order in the ERP; it holds what was posted".into(),
                read_back: Some(read_back),
            };
        }
        Shown::Wrong(why, read_back) => return wrong(why, read_back),
        Shown::Open => {}
    }
    let Some(finished) = post.posted.finished_g else {
        return Outcome::refused(
            "no finished weight was reported, and the ERP closes an order only with one: close it there".into(),
        );
    };
    match erp.mark_done(name, finished, &post.ended_utc).await {
        Ok(()) => match read_back(inner, erp, post).await {
            Outcome::Posted { read_back, .. } => Outcome::Posted {
                answer: "closed and read back".into(),
                read_back,
            },
            Outcome::NotSent { .. } => {
                Outcome::refused("the ERP said that it closed the order, and it is open".into())
            }
            other @ (Outcome::InDoubt { .. }
            | Outcome::Partial { .. }
            | Outcome::Refused { .. }) => other,
        },
        Err(error) => after_error(inner, error).await,
    }
}

async fn read_back(inner: &Inner, erp: &dyn ErpConnector, post: &DonePost) -> Outcome {
    match erp.order_state(&post.posted.order_name).await {
        Ok(held) => {
            inner.erp_good().await;
            match look(post, &held) {
                Shown::Done(read_back) => Outcome::Posted {
                    answer: "read back closed, and it holds what was posted".into(),
                    read_back: Some(read_back),
                },
                Shown::Open => Outcome::NotSent {
                    why: "the order is still open in the ERP".into(),
                },
                Shown::Wrong(why, read_back) => wrong(why, read_back),
            }
        }
        Err(ErpError::Refused { message }) => Outcome::refused(message),
        Err(error) => {
            inner.erp_lost(&error).await;
            Outcome::InDoubt {
                why: error.to_string(),
            }
        }
    }
}

fn wrong(why: String, read_back: Option<ReadBack>) -> Outcome {
    Outcome::Refused {
        why,
        items: Vec::new(),
        read_back,
    }
}

fn look(post: &DonePost, held: &ErpOrderState) -> Shown {
    // Each post was proved when it was posted; what the ERP cuts in its answer it did prove then.
    let proved = PostAnswer {
        applied: post.posted.lines.clone(),
        finished_g: post.posted.finished_g,
        item_errors: Vec::new(),
        is_already: false,
    };
    let read_back = compare(&post.posted, held, Some(&proved));
    let difference = read_back.difference();
    match (held.state.as_str(), difference) {
        ("done", None) => Shown::Done(read_back),
        ("done", Some(why)) => Shown::Wrong(
            format!("the order is closed in the ERP with something else than was posted ({why})"),
            Some(read_back),
        ),
        ("cancel" | "draft", _) => Shown::Wrong(
            format!("the order is {} in the ERP: it is not closed", held.state),
            Some(read_back),
        ),
        (_, None) => Shown::Open,
        (_, Some(why)) => Shown::Wrong(
            format!("not closed, because the ERP does not hold what was posted ({why})"),
            Some(read_back),
        ),
    }
}

/// What was to be added by hand to batches that ran, and has no weight yet.
async fn missing_weights(inner: &Inner, order_id: OrderId) -> Result<Vec<String>, AppError> {
    inner
        .store
        .read(move |read| {
            let mut missing = Vec::new();
            for batch in read.batches_of_order(order_id)? {
                if !batch.run.is_final() {
                    continue;
                }
                for line in read.manual_lines(batch.id)? {
                    if line.actual_g.is_none() {
                        missing.push(format!("{} of {}", line.material, batch.label));
                    }
                }
            }
            Ok::<_, AppError>(missing)
        })
        .await
}

/// Nothing is asked of the ERP: the message stays queued, and says what it waits for.
async fn wait_for(inner: &Inner, mut row: OutboxRow, missing: &[String]) -> Result<(), AppError> {
    let sentence = format!(
        "waits until the weight of {} is entered",
        missing.join(", ")
    );
    let is_news = row.last_answer.as_ref() != Some(&sentence);
    row.last_answer = Some(sentence);
    row.next_at_ms = inner.clock.now_ms() + ASK_AGAIN_MS;
    inner
        .commit_quietly(is_news, move |tx| {
            if tx.outbox(row.id)?.state == row.state {
                tx.outbox_save(&row)?;
            }
            Ok(())
        })
        .await
}
