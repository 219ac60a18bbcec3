//! A request whose answer never came may be carried out later than anybody looks. Totals replace, so an
//! older one that comes late would overwrite a newer one, and nothing would show it: the newer one waits
//! until the ERP cannot be at the older one any more. Leaves out the message itself, whose own repeat
//! says the same ([`super::posting`]), and what was booked under its unique key, where a late copy comes to nothing.

use std::sync::PoisonError;

use millrace_core::batch::posting::Posting;
use millrace_office::erp::Guarantee;
use millrace_store::table::outbox::{MessageKind, OutboxRow};

use crate::error::AppError;
use crate::inner::Inner;

/// What a message that waits says.
const WAITS: &str =
    "an earlier message of this order got no answer: the ERP may still be at it, so this one waits";

/// A message is put off so far at once, at the most.
const AHEAD_MS: i64 = 300_000;

/// Until when a message waits; `None` = it may go. A loss that lies in the future is of a clock that was set
/// back: it counts once, from now on.
fn wait_until(lost_at_ms: i64, late_ms: i64, now_ms: i64, has_waited: bool) -> Option<i64> {
    let until = if lost_at_ms > now_ms {
        if has_waited {
            return None;
        }
        now_ms + late_ms
    } else {
        lost_at_ms + late_ms
    };
    (until > now_ms).then_some(until)
}

/// The message, when nothing late can overwrite what it says; else it is put off, and `None`.
///
/// # Errors
/// The store's.
pub(super) async fn settled(
    inner: &Inner,
    row: OutboxRow,
    now_ms: i64,
) -> Result<Option<OutboxRow>, AppError> {
    let late_ms = inner
        .erp_config
        .as_ref()
        .map_or(0, |erp| i64::from(erp.late_request_s) * 1_000);
    let is_total = match row.kind {
        MessageKind::Consumption | MessageKind::MaterialConsumption => true,
        MessageKind::CancelOrder | MessageKind::EquipmentFailure | MessageKind::MarkDone => false,
    };
    // What people weigh is in no booking that has a key.
    let has_key = row.kind == MessageKind::Consumption
        && matches!(
            *inner
                .erp_guarantee
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
            Some(Guarantee::UniqueKey { .. })
        );
    let Some(order_id) = row
        .order_id
        .filter(|_| is_total && late_ms > 0 && row.state == Posting::Queued)
    else {
        return Ok(Some(row));
    };
    let id = row.id;
    let lost = inner
        .store
        .read(move |read| {
            read.outbox_lost_before(order_id, id, has_key)
                .map_err(AppError::from)
        })
        .await?;
    let has_waited = row.last_answer.as_deref() == Some(WAITS);
    let until = lost.and_then(|at_ms| wait_until(at_ms, late_ms, now_ms, has_waited));
    let Some(until) = until else {
        return Ok(Some(row));
    };
    inner
        .commit_quietly(true, move |tx| {
            let mut row = tx.outbox(id)?;
            // Somebody may have closed it meanwhile.
            if row.state == Posting::Queued {
                // Judged again by then: what is due later than that counts as of a clock that was set back.
                row.next_at_ms = until.min(now_ms + AHEAD_MS);
                row.last_answer = Some(WAITS.into());
                tx.outbox_save(&row)?;
            }
            Ok(())
        })
        .await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::wait_until;

    #[test]
    fn a_newer_total_waits_until_an_older_one_cannot_come_any_more() {
        for (lost_at, now, has_waited, until) in [
            (1_000, 1_500, false, Some(121_000)),
            (1_000, 120_999, true, Some(121_000)),
            (1_000, 121_000, true, None),
            // The clock was set back by a day: it waits once, not for a day.
            (90_000_000, 5_000, false, Some(125_000)),
            (90_000_000, 125_000, true, None),
        ] {
            assert_eq!(
                wait_until(lost_at, 120_000, now, has_waited),
                until,
                "{lost_at} {now}"
            );
        }
    }
}
