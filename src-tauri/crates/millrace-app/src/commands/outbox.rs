//! Messages for the ERP: what waits, what was answered, what needs a person.

use millrace_core::batch::posting::Posting;
use millrace_core::ids::{BatchId, OutboxId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use millrace_core::batch::posting::PostingEvent;
use millrace_core::erp::{ConsumptionPost, FailurePost, MaterialPost};
use millrace_core::error_code::ErrorCode;
use millrace_core::journal::JournalKind;
use millrace_store::table::outbox::{MessageKind, OutboxRow};

use super::session::Nothing;
use super::{Context, audit, batch_act};
use crate::error::AppError;
use crate::jobs::message::{CancelPayload, subject};
use crate::jobs::posting::mirror;

/// What a message asks of the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// Actual consumption and finished weight.
    Consumption,
    /// Cancel the order.
    CancelOrder,
    /// An equipment failed.
    EquipmentFailure,
    /// What was added by hand of one material of an order.
    MaterialConsumption,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxRowView {
    /// Its id.
    pub id: OutboxId,
    /// What it asks.
    pub kind: OutboxKind,
    /// Batch; `None` for an equipment failure.
    pub batch_id: Option<BatchId>,
    /// Its label; the equipment code of a failure.
    pub batch_label: String,
    /// State.
    pub state: Posting,
    /// Attempts.
    pub attempts: i64,
    /// Next attempt.
    pub next_at_ms: Option<i64>,
    /// Queued.
    pub created_at_ms: i64,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
    /// What is sent, for people: one line an equipment code, a failure with its date in UTC, a
    /// material with the order's running total.
    pub payload: String,
}

/// The messages, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxList {
    /// Rows.
    pub rows: Vec<OutboxRowView>,
}

/// Send a refused or waiting message again.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OutboxRetry {
    /// Which.
    pub id: OutboxId,
}

/// Close a refused message without posting it: what it says stays in our books only.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OutboxWaive {
    /// Which.
    pub id: OutboxId,
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
}

/// Messages in the list.
const LIST: i64 = 200;

fn payload_text(row: &OutboxRow) -> String {
    match row.kind {
        MessageKind::Consumption => serde_json::from_str::<ConsumptionPost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    let mut lines: Vec<String> = post
                        .lines
                        .iter()
                        .filter(|line| line.consumed_g.0 > 0)
                        .map(|line| format!("{} {}", line.equipment_code, line.consumed_g))
                        .collect();
                    if let Some(finished) = post.finished_g {
                        lines.push(format!("finished {finished}"));
                    }
                    lines.join("\n")
                },
            ),
        MessageKind::CancelOrder => serde_json::from_str::<CancelPayload>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |cancel| format!("{}: {}", cancel.order_name, cancel.reason),
            ),
        MessageKind::EquipmentFailure => serde_json::from_str::<FailurePost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    format!(
                        "{}\n{}\n{} UTC",
                        post.equipment_code, post.description, post.date_utc
                    )
                },
            ),
        MessageKind::MaterialConsumption => serde_json::from_str::<MaterialPost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    format!(
                        "{}: {} {} ({}, product {})",
                        post.order_name,
                        post.material,
                        post.consumed_g,
                        post.equipment_code,
                        post.product_id
                    )
                },
            ),
    }
}

pub(super) async fn outbox_list(context: &Context, _: Nothing) -> Result<OutboxList, AppError> {
    context
        .app
        .inner
        .store
        .read(|read| {
            let rows = read
                .outbox_list(LIST)?
                .into_iter()
                .map(|row| OutboxRowView {
                    payload: payload_text(&row),
                    id: row.id,
                    kind: match row.kind {
                        MessageKind::Consumption => OutboxKind::Consumption,
                        MessageKind::CancelOrder => OutboxKind::CancelOrder,
                        MessageKind::EquipmentFailure => OutboxKind::EquipmentFailure,
                        MessageKind::MaterialConsumption => OutboxKind::MaterialConsumption,
                    },
                    batch_id: row.batch_id,
                    batch_label: match &row.batch_label {
                        Some(label) => label.clone(),
                        None => subject(&row),
                    },
                    state: row.state,
                    attempts: row.attempts,
                    next_at_ms: matches!(
                        row.state,
                        Posting::Queued | Posting::Sending | Posting::InDoubt
                    )
                    .then_some(row.next_at_ms),
                    created_at_ms: row.created_at_ms,
                    last_answer: row.last_answer,
                })
                .collect();
            Ok(OutboxList { rows })
        })
        .await
}

/// A refused message goes back to the queue; one that waits for its pause goes at once. What is in
/// doubt is still read back first.
pub(super) async fn outbox_retry(
    context: &Context,
    request: OutboxRetry,
) -> Result<OutboxList, AppError> {
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let person = context.caller()?.name.clone();
    inner
        .commit(move |tx| {
            let mut row = tx.outbox(request.id)?;
            match row.state {
                Posting::Refused => row.state = row.state.step(PostingEvent::Retry)?,
                Posting::Queued | Posting::InDoubt => {}
                Posting::NotDue | Posting::Sending | Posting::Posted | Posting::Waived => {
                    return Err(AppError::refusal(
                        ErrorCode::IllegalTransition,
                        format!("the message is {} and needs no retry", row.state.word()),
                    ));
                }
            }
            row.next_at_ms = at_ms;
            tx.outbox_save(&row)?;
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
    outbox_list(context, Nothing {}).await
}

/// A refusal for good (the order was closed in the ERP) must not hold back the order's later batches.
/// Signed, with a reason; the batch shows *waived* for ever.
pub(super) async fn outbox_waive(
    context: &Context,
    request: OutboxWaive,
) -> Result<OutboxList, AppError> {
    let why = batch_act::reason(&request.reason)?;
    let signer = batch_act::sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            let mut row = tx.outbox(request.id)?;
            row.state = row.state.step(PostingEvent::Waive)?;
            tx.outbox_save(&row)?;
            mirror(
                tx,
                &row,
                at_ms,
                Some((JournalKind::PostingWaived, why.clone())),
            )?;
            // A failure belongs to no batch whose record could carry the signature: the trail does.
            if let Some(batch_id) = row.batch_id {
                let batch = tx.batch(batch_id)?;
                let signature = batch_act::signature(&signer, &batch, "waive", at_ms, Some(&why));
                tx.signature_add(batch_id, signer.id, &signature)?;
            }
            tx.audit_add(&audit::of(
                &signer.name,
                "outbox_waive",
                &format!("outbox:{}", row.id),
                &why,
                at_ms,
                &serde_json::json!({ "state": row.state.word(), "payload": row.payload }),
            ))?;
            Ok(())
        })
        .await?;
    inner.posting_nudge.notify_one();
    outbox_list(context, Nothing {}).await
}
