//! Closing an order in the ERP, where the setting leaves that to us: queued in the transaction in which
//! nothing of the order is open any more. Leaves out sending ([`super::posting_done`]).

use millrace_core::batch::posting::Posting;
use millrace_core::erp::{ConsumptionPost, DonePost};
use millrace_core::ids::OrderId;
use millrace_store::Write;
use millrace_store::table::outbox::MessageKind;

use super::message::to_json;
use super::message_area::utc_text;
use crate::error::AppError;

/// What closing an order depends on.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    /// Key of the installation.
    pub(crate) site: String,
    /// `erp.mark_done = "by_us"`.
    pub(crate) is_by_us: bool,
}

/// Queues the closing once all batches of the order are closed and the ERP holds what they used. An
/// order of which a message was waived is left to a person: the ERP does not hold all of it.
pub(crate) fn queue_when_closed(
    tx: &Write<'_>,
    order_id: OrderId,
    closing: &Closing,
    at_ms: i64,
) -> Result<(), AppError> {
    if !closing.is_by_us {
        return Ok(());
    }
    let batches = tx.batches_of_order(order_id)?;
    if batches.iter().any(|batch| batch.word().is_open()) {
        return Ok(());
    }
    let messages = tx.outbox_of_order(order_id)?;
    let is_settled = messages.iter().all(|message| match message.kind {
        MessageKind::Consumption | MessageKind::MaterialConsumption => match message.state {
            Posting::Posted | Posting::ByHand => true,
            Posting::NotDue
            | Posting::Queued
            | Posting::Sending
            | Posting::InDoubt
            | Posting::Refused
            | Posting::Waived => false,
        },
        // A cancelled order is none to be closed.
        MessageKind::CancelOrder => false,
        MessageKind::MarkDone | MessageKind::EquipmentFailure => true,
    });
    let mut consumed = messages
        .iter()
        .filter(|message| message.kind == MessageKind::Consumption);
    let is_posted = consumed.clone().any(|m| m.state == Posting::Posted);
    let (true, true, Some(last)) = (is_settled, is_posted, consumed.next_back()) else {
        return Ok(());
    };
    let (Some(batch_id), Ok(posted)) = (
        last.batch_id,
        serde_json::from_str::<ConsumptionPost>(&last.payload),
    ) else {
        return Ok(());
    };
    let ended_ms = batches.iter().filter_map(|batch| batch.ended_at_ms).max();
    let key = format!("{}:{order_id}:done:1", closing.site);
    let post = DonePost {
        key: key.clone(),
        posted,
        ended_utc: utc_text(ended_ms.unwrap_or(at_ms)),
    };
    tx.outbox_add(
        &key,
        MessageKind::MarkDone,
        order_id,
        batch_id,
        &to_json(&post)?,
        at_ms,
    )?;
    Ok(())
}
