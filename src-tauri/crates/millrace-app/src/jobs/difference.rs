//! Orders that we hold, compared with what the ERP shows: each as the list of open orders has it, or
//! asked for one by one. All of them are looked at before the first is written down, so that an ERP
//! that fails on the way changes nothing. A difference is kept and told, never acted on.
//! Leaves out the comparison (`millrace_core::erp_difference`) and the decision (commands).

use std::collections::BTreeMap;

use millrace_core::erp_difference::{Difference, Found, Seen, Verdict, judge};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::OrderId;
use millrace_core::journal::JournalKind;
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::Write;
use millrace_store::table::erp_order::{OrderRow, Standing};

use crate::commands::audit;
use crate::error::AppError;
use crate::inner::Inner;

/// Orders asked for one by one in a run: a plant that was away for long must not be kept waiting by
/// an ERP that is slow. Who waited longest comes first.
const LOOKUPS_MAX: usize = 25;

/// Compares every order with open batches. `listed` holds the known orders of the ERP's list
/// by identity.
///
/// # Errors
/// [`ErrorCode::ErpUnavailable`] with the cause; nothing was changed then.
pub(crate) async fn run(
    inner: &Inner,
    erp: &dyn ErpConnector,
    listed: BTreeMap<String, Seen>,
) -> Result<(), AppError> {
    let instance = inner.erp_instance.clone();
    let orders = inner
        .store
        .read(move |read| read.orders_at_work(&instance).map_err(AppError::from))
        .await?;
    let seen = look(inner, erp, orders, listed).await?;
    if seen.is_empty() {
        return Ok(());
    }
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            for (id, seen) in seen {
                settle(tx, id, seen, at_ms)?;
            }
            Ok(())
        })
        .await
}

async fn look(
    inner: &Inner,
    erp: &dyn ErpConnector,
    orders: Vec<OrderRow>,
    mut listed: BTreeMap<String, Seen>,
) -> Result<Vec<(OrderId, Seen)>, AppError> {
    let mut seen = Vec::new();
    let mut lookups = 0;
    for order in orders {
        if let Some(now) = listed.remove(&order.identity) {
            seen.push((order.id, now));
            continue;
        }
        if lookups == LOOKUPS_MAX {
            continue;
        }
        lookups += 1;
        match erp.order_now(&order.name).await {
            Ok(state) => seen.push((order.id, Seen::Held(state))),
            Err(ErpError::Refused { message }) => seen.push((order.id, Seen::Unknown(message))),
            // An answer that nobody understands says nothing about this order, and the next one may be good.
            Err(ErpError::Protocol { what }) => {
                tracing::warn!(order = %order.name, %what, "the order could not be compared with the ERP");
            }
            Err(
                error @ (ErpError::Unreachable { .. }
                | ErpError::NoAnswer { .. }
                | ErpError::Credentials { .. }
                | ErpError::Unsendable { .. }
                | ErpError::Config { .. }),
            ) => {
                inner.erp_lost(&error).await;
                return Err(AppError::refusal(
                    ErrorCode::ErpUnavailable,
                    error.to_string(),
                ));
            }
        }
    }
    Ok(seen)
}

/// Writes down what became of one order, judged by the books as they are now: they may have gone on
/// since the ERP was asked.
fn settle(tx: &Write<'_>, id: OrderId, seen: Seen, at_ms: i64) -> Result<(), AppError> {
    let row = tx.order(id)?;
    let Some(accepted) = &row.content else {
        return Ok(());
    };
    let is_at_work = row.standing == Standing::Accepted
        && tx
            .batches_of_order(id)?
            .iter()
            .any(|batch| batch.word().is_open());
    if !is_at_work {
        return Ok(());
    }
    tx.order_compared(id, at_ms)?;
    // The ERP cannot say whether it was made since the backup; a person does.
    if let Some(found) = &row.difference
        && matches!(found.difference, Difference::Restored { .. })
    {
        return Ok(());
    }
    let known = row.difference.as_ref();
    match judge(
        accepted,
        known,
        row.kept.as_ref(),
        &seen,
        tx.order_was_told(id)?,
    ) {
        Verdict::AsFound => Ok(()),
        Verdict::Agrees if row.difference.is_none() && row.kept.is_none() => Ok(()),
        Verdict::Agrees => {
            tx.order_agree(id, None)?;
            tell(tx, &row, None, at_ms)
        }
        Verdict::AsKept if row.difference.is_none() => Ok(()),
        Verdict::AsKept => {
            tx.order_agree(id, row.kept.as_ref())?;
            tell(tx, &row, None, at_ms)
        }
        Verdict::Differs(difference) => {
            let found = Found { difference, seen };
            if known.is_some_and(|known| known.difference == found.difference) {
                // Told already; only what could be taken over may have become known, or another.
                if known.is_some_and(|known| known.offered() != found.offered()) {
                    let since_ms = row.difference_seen_at_ms.unwrap_or(at_ms);
                    tx.order_differ(id, &found, since_ms)?;
                }
                return Ok(());
            }
            tx.order_differ(id, &found, at_ms)?;
            tell(tx, &row, Some(&found.difference), at_ms)
        }
    }
}

/// The word of a difference in the journal.
fn word(difference: &Difference) -> &'static str {
    match difference {
        Difference::Changed { .. } => "changed",
        Difference::Cancelled => "cancelled",
        Difference::Done => "done",
        Difference::Gone => "gone",
        Difference::Restored { .. } => "restored",
    }
}

fn tell(
    tx: &Write<'_>,
    row: &OrderRow,
    difference: Option<&Difference>,
    at_ms: i64,
) -> Result<(), AppError> {
    let action = if difference.is_some() {
        "order_differs"
    } else {
        "order_agrees"
    };
    let mut entry = audit::of(
        "system",
        action,
        &format!("order:{}", row.id),
        "",
        at_ms,
        &serde_json::json!(difference),
    );
    entry.before = serde_json::json!(row.difference.as_ref().map(|f| &f.difference)).to_string();
    tx.audit_add(&entry)?;
    match difference {
        Some(difference) => tx.journal_add(
            at_ms,
            None,
            JournalKind::OrderDiffers,
            &[
                ("order", row.name.clone()),
                ("difference", word(difference).to_owned()),
            ],
        )?,
        None => tx.journal_add(
            at_ms,
            None,
            JournalKind::OrderAgrees,
            &[("order", row.name.clone())],
        )?,
    };
    Ok(())
}
