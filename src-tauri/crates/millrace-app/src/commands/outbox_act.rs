//! What a person does about a message for the ERP: send it again, close it as booked by hand, or close it
//! without the ERP. The last two are signed, with a reason. Leaves out sending, and
//! who signs second ([`super::outbox_second`]).

use millrace_core::access::four_eyes::Second;
use millrace_core::batch::posting::{Posting, PostingEvent};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::OutboxId;
use millrace_core::journal::JournalKind;
use millrace_core::signature::ObjectKind;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::outbox::{OutboxGet, OutboxView, outbox_get};
use super::outbox_second::{OutboxClose, ask, second};
use super::signing::{Signed, said, sign};
use super::{Context, audit, batch_act};
use crate::error::AppError;
use crate::jobs::gate;
use crate::jobs::message_done::queue_when_closed;
use crate::jobs::settle::mirror;

/// Send a refused or waiting message again.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OutboxRetry {
    /// Which.
    pub id: OutboxId,
}

/// Close a message by signature.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OutboxSigned {
    /// Which.
    pub id: OutboxId,
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
    /// Number of the first signature that the signer saw and signs second; absent = none stood.
    #[serde(default)]
    #[ts(optional)]
    pub asked: Option<i64>,
}

/// A refused message goes back to the queue; one that waits for its pause goes at once. What is in
/// doubt is still read back first.
pub(super) async fn outbox_retry(
    context: &Context,
    request: OutboxRetry,
) -> Result<OutboxView, AppError> {
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let person = context.caller()?.name.clone();
    inner
        .commit(move |tx| {
            let mut row = tx.outbox(request.id)?;
            match row.state {
                Posting::Refused => row.state = row.state.step(PostingEvent::Retry)?,
                Posting::Queued | Posting::InDoubt => {}
                Posting::NotDue
                | Posting::Sending
                | Posting::Posted
                | Posting::Waived
                | Posting::ByHand => {
                    return Err(AppError::refusal(
                        ErrorCode::IllegalTransition,
                        format!("the message is {} and needs no retry", row.state.word()),
                    ));
                }
            }
            row.next_at_ms = at_ms;
            row.item_repeats = 0;
            tx.outbox_save(&row)?;
            gate::ask_now(tx, at_ms)?;
            mirror(tx, &row, at_ms, None)?;
            tx.audit_add(&audit::of(
                &person,
                "outbox_retry",
                &format!("outbox:{}", row.id),
                "",
                at_ms,
                &serde_json::json!({ "state": row.state.word() }),
            ))?;
            Ok(())
        })
        .await?;
    inner.posting_nudge.notify_one();
    outbox_get(context, OutboxGet { id: request.id }).await
}

/// A refusal for good (the order was closed in the ERP) must not hold back the order's later batches.
/// Signed, with a reason; the batch shows *waived* for ever.
pub(super) async fn outbox_waive(
    context: &Context,
    request: OutboxSigned,
) -> Result<OutboxView, AppError> {
    close_signed(context, request, OutboxClose::Waive).await
}

/// What is refused or in doubt and stands in the ERP because a person booked it there. Signed, with a
/// reason; nothing is sent any more.
pub(super) async fn outbox_by_hand(
    context: &Context,
    request: OutboxSigned,
) -> Result<OutboxView, AppError> {
    close_signed(context, request, OutboxClose::ByHand).await
}

async fn close_signed(
    context: &Context,
    request: OutboxSigned,
    close: OutboxClose,
) -> Result<OutboxView, AppError> {
    let why = batch_act::reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let closing = inner.closing();
    let rule = inner.four_eyes;
    let (action, kind) = match close {
        OutboxClose::Waive => ("outbox_waive", JournalKind::PostingWaived),
        OutboxClose::ByHand => ("outbox_by_hand", JournalKind::PostingByHand),
    };
    inner
        .commit(move |tx| {
            let mut row = tx.outbox(request.id)?;
            let before = row.state;
            if matches!(before, Posting::Waived | Posting::ByHand) {
                let who = tx
                    .signature_last(ObjectKind::Message, row.id.0)?
                    .and_then(|last| said(&last))
                    .unwrap_or_else(|| format!("already {}", before.word()));
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("the message was {who}"),
                ));
            }
            let after = row.state.step(close.event())?;
            let (step, first) = second(tx, rule, &row, &signer, close, request.asked)?;
            if step == Second::Ask {
                return ask(tx, &row, &signer, close, action, (&why, at_ms));
            }
            row.state = after;
            tx.outbox_save(&row)?;
            mirror(tx, &row, at_ms, Some((kind, why.clone())))?;
            // A failure belongs to no batch; the signature stands on the message all the same.
            signer.put(
                tx,
                &Signed::Message(&row),
                close.meaning(),
                at_ms,
                Some(&why),
            )?;
            tx.audit_add_signed(&audit::of(
                &signer.name,
                action,
                &format!("outbox:{}", row.id),
                &why,
                at_ms,
                &serde_json::json!({
                    "before": before.word(),
                    "state": row.state.word(),
                    "asked_by": first.map(|first| first.login),
                    "payload": row.payload
                }),
            ))?;
            match row.order_id {
                Some(order_id) => queue_when_closed(tx, order_id, &closing, at_ms),
                None => Ok(()),
            }
        })
        .await?;
    inner.posting_nudge.notify_one();
    outbox_get(context, OutboxGet { id: request.id }).await
}
