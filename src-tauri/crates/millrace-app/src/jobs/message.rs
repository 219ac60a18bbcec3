//! What the ERP shall know, written down in the transaction of the fact it reports: its key is fixed
//! here, for ever. Leaves out sending ([`super::posting`]).

use millrace_core::erp::{ConsumptionLine, ConsumptionPost, DonePost, FailurePost, MaterialPost};
use millrace_core::error_code::ErrorCode;
use millrace_core::journal::JournalKind;
use millrace_core::units::Grams;
use millrace_store::Write;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use serde::{Deserialize, Serialize};

use crate::error::AppError;
pub(crate) use crate::jobs::message_area::{queue_failure, queue_material};
use crate::jobs::message_done::{Closing, queue_when_closed};

/// Payload of a cancel message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CancelPayload {
    pub(crate) order_name: String,
    pub(crate) reason: String,
}

/// Queues the consumption of a batch whose result is being stored: running totals over the order's
/// batches, because the ERP replaces per equipment (`decisions.md` 3).
pub(crate) fn queue_consumption(
    tx: &Write<'_>,
    row: &BatchRow,
    site: &str,
    at_ms: i64,
) -> Result<(), AppError> {
    let mut lines: Vec<ConsumptionLine> = Vec::new();
    let mut finished = Some(Grams::ZERO);
    for batch in tx.batches_of_order(row.order_id)? {
        if !batch.run.is_final() {
            continue;
        }
        let actuals = tx.batch_lines(batch.id)?;
        for line in &batch.recipe.silo_lines {
            let actual = actuals
                .iter()
                .find(|a| a.silo == line.silo)
                .and_then(|a| a.actual_g)
                .unwrap_or_default();
            match lines
                .iter_mut()
                .find(|known| known.equipment_code == line.erp_code)
            {
                Some(known) => known.consumed_g = Grams(known.consumed_g.0 + actual.0),
                None => lines.push(ConsumptionLine {
                    equipment_code: line.erp_code.clone(),
                    consumed_g: actual,
                }),
            }
        }
        if batch.silo_actual_g.is_some_and(|g| g.0 > 0) {
            finished = finished
                .zip(batch.finished_g)
                .and_then(|(sum, weight)| sum.checked_add(weight));
        }
    }
    let key = format!("{site}:{}:{}:consumption:1", row.order_id, row.id);
    let post = ConsumptionPost {
        key: key.clone(),
        order_name: row.recipe.order_name.clone(),
        finished_g: finished.filter(|weight| weight.0 > 0),
        lines,
    };
    let payload = to_json(&post)?;
    if tx.outbox_add(
        &key,
        MessageKind::Consumption,
        row.order_id,
        row.id,
        &payload,
        at_ms,
    )? {
        tx.journal_add(at_ms, Some(row.id), JournalKind::PostingQueued, &[])?;
    }
    Ok(())
}

/// After a batch was cancelled: once nothing of its order is open, the order does not come back, and
/// when nothing was used it is cancelled in the ERP as well.
pub(crate) fn close_order(
    tx: &Write<'_>,
    row: &BatchRow,
    closing: &Closing,
    reason: &str,
    at_ms: i64,
) -> Result<(), AppError> {
    let batches = tx.batches_of_order(row.order_id)?;
    if batches.iter().any(|batch| batch.word().is_open()) {
        return Ok(());
    }
    tx.order_bury(row.order_id)?;
    let is_unused = batches
        .iter()
        .all(|batch| batch.silo_actual_g.is_none_or(|g| g.0 == 0));
    if is_unused {
        return queue_cancel(tx, row, &closing.site, reason, at_ms);
    }
    queue_when_closed(tx, row.order_id, closing, at_ms)
}

/// Queues the cancellation of an order.
fn queue_cancel(
    tx: &Write<'_>,
    row: &BatchRow,
    site: &str,
    reason: &str,
    at_ms: i64,
) -> Result<(), AppError> {
    let key = format!("{site}:{}:{}:cancel:1", row.order_id, row.id);
    let payload = to_json(&CancelPayload {
        order_name: row.recipe.order_name.clone(),
        reason: reason.to_owned(),
    })?;
    tx.outbox_add(
        &key,
        MessageKind::CancelOrder,
        row.order_id,
        row.id,
        &payload,
        at_ms,
    )?;
    Ok(())
}

/// Our own messages always serialize.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(|error| {
        AppError::fault(
            ErrorCode::Internal,
            "a message could not be written down",
            &error,
        )
    })
}

/// What a message is about, in a few words; empty for one that cannot be read.
pub(crate) fn subject(row: &OutboxRow) -> String {
    let named = match row.kind {
        MessageKind::Consumption | MessageKind::CancelOrder => None,
        MessageKind::MarkDone => serde_json::from_str::<DonePost>(&row.payload)
            .ok()
            .map(|post| post.posted.order_name),
        MessageKind::EquipmentFailure => serde_json::from_str::<FailurePost>(&row.payload)
            .ok()
            .map(|post| post.equipment_code),
        MessageKind::MaterialConsumption => serde_json::from_str::<MaterialPost>(&row.payload)
            .ok()
            .map(|post| post.material),
    };
    named
        .or_else(|| row.batch_label.clone())
        .unwrap_or_default()
}
