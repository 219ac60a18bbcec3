//! Intake: fetch confirmed orders, judge each by the core's rule, keep them once. One wrong order
//! never stops the others. Runs at start, on its period, and when a person asks. Orders that we hold
//! already are handed to [`super::difference`].

use std::collections::BTreeMap;

use millrace_core::access::four_eyes::{Hand, Requester};
use millrace_core::erp::ErpOrder;
use millrace_core::erp_difference::Seen;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_core::intake::{IntakeRules, IntakeSilo, Refusal, plan};
use millrace_core::journal::JournalKind;
use millrace_store::table::batch::BatchNew;
use millrace_store::table::erp_order::{OrderPut, Standing};

use crate::commands::order::ImportReport;
use crate::config::IntakePolicy;
use crate::error::AppError;
use crate::inner::Inner;
use crate::jobs::{difference, guarantee};

/// Orders a page.
const PAGE: u32 = 50;
/// Pages at the most: an ERP that always answers a full page must not hold us for ever.
const PAGES_MAX: u32 = 40;
/// Under this key the last report is kept.
pub(crate) const LAST_IMPORT: &str = "last_import";

enum Kept {
    New(i64),
    Known,
    Refused,
    Deferred,
}

/// Fetches and keeps orders. `by` is the person who asked for it now, if one did.
///
/// # Errors
/// [`ErrorCode::ErpUnavailable`] with the cause; what was kept before stays kept.
pub(crate) async fn run(inner: &Inner, by: Option<UserId>) -> Result<ImportReport, AppError> {
    let Some(erp) = inner.erp.clone() else {
        return Err(AppError::refusal(
            ErrorCode::ErpUnavailable,
            inner.erp_off_cause(),
        ));
    };
    // Two imports at once would both see the same free room.
    let _turn = inner.import_turn.lock().await;
    let mut report = ImportReport::default();
    let is_when_empty = inner.intake.policy == IntakePolicy::WhenEmpty;
    let open = inner
        .store
        .read(|read| read.batches_open_count().map_err(AppError::from))
        .await?;
    let mut is_room = !is_when_empty || open == 0;
    let mut known: BTreeMap<String, Seen> = BTreeMap::new();
    let mut lots = BTreeMap::new();
    for page in 0..PAGES_MAX {
        let orders = match erp.open_orders(PAGE, page * PAGE).await {
            Ok(page) => {
                lots.extend(page.lots);
                page.orders
            }
            Err(error) => {
                inner.erp_lost(&error).await;
                return Err(AppError::refusal(
                    ErrorCode::ErpUnavailable,
                    error.to_string(),
                ));
            }
        };
        inner.erp_good().await;
        let count = orders.len();
        for order in orders {
            report.seen += 1;
            let kept = match order {
                Ok(order) => {
                    let kept = keep(inner, order.clone(), is_room, by).await?;
                    // A new one was seen as it is, too: it need not be asked for.
                    if matches!(kept, Kept::Known | Kept::New(_)) {
                        known.insert(identity(&order), Seen::Listed(order));
                    }
                    kept
                }
                Err(unreadable) => {
                    let refusal = Refusal::Unreadable {
                        why: unreadable.why.clone(),
                    };
                    let identity = identity_of(unreadable.erp_id, &unreadable.name);
                    let kept = keep_unreadable(inner, &identity, unreadable.name, refusal).await?;
                    if matches!(kept, Kept::Known) {
                        known.insert(identity, Seen::Unreadable(unreadable.why));
                    }
                    kept
                }
            };
            match kept {
                Kept::New(batches) => report.new_batches += batches,
                Kept::Known => report.known += 1,
                Kept::Refused => report.refused += 1,
                Kept::Deferred => {
                    report.deferred += 1;
                    // In the ERP's order: nobody overtakes.
                    is_room = false;
                }
            }
        }
        if count < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            break;
        }
    }
    difference::run(inner, erp.as_ref(), known).await?;
    guarantee::refresh(inner, erp.as_ref()).await?;
    report.at_ms = inner.clock.now_ms();
    let kept = report.clone();
    let instance = inner.erp_instance.clone();
    inner
        .commit(move |tx| {
            tx.order_lots_noted(&instance, &lots)?;
            tx.meta_set(
                LAST_IMPORT,
                &serde_json::to_string(&kept).unwrap_or_default(),
            )?;
            if kept.new_batches > 0 {
                tx.journal_add(
                    kept.at_ms,
                    None,
                    JournalKind::OrdersImported,
                    &[
                        ("new", kept.new_batches.to_string()),
                        ("refused", kept.refused.to_string()),
                        ("known", kept.known.to_string()),
                    ],
                )?;
            }
            Ok(())
        })
        .await?;
    Ok(report)
}

/// Numeric id where the ERP gives one, else the name (`decisions.md` 2).
fn identity(order: &ErpOrder) -> String {
    identity_of(order.erp_id, &order.name)
}

fn identity_of(erp_id: Option<i64>, name: &str) -> String {
    erp_id.map_or_else(|| format!("name:{name}"), |id| format!("id:{id}"))
}

/// The silos as the rule of intake wants them.
pub(crate) fn silos(inner: &Inner) -> Vec<IntakeSilo> {
    inner
        .silos
        .iter()
        .map(|seed| IntakeSilo {
            silo: seed.row.silo,
            erp_code: seed.row.erp_code.clone(),
            max_dose_g: seed.row.max_dose_g,
            tolerance: seed.row.tolerance,
        })
        .collect()
}

/// Whether so many new batches may come beside those that are open. An order larger than the whole room
/// still gets in when nothing else is open.
pub(crate) fn is_room_for(open: i64, new: i64, open_max: i64) -> bool {
    open == 0 || open.saturating_add(new) <= open_max
}

async fn keep(
    inner: &Inner,
    order: ErpOrder,
    is_room: bool,
    by: Option<UserId>,
) -> Result<Kept, AppError> {
    let at_ms = inner.clock.now_ms();
    let silos = silos(inner);
    let rules: IntakeRules = inner.intake_rules();
    let open_max = inner.intake.open_batches_max;
    let is_when_empty = inner.intake.policy == IntakePolicy::WhenEmpty;
    let erp_instance = inner.erp_instance.clone();
    let due_ms = due_ms(&order);
    inner
        .commit(move |tx| {
            let identity = identity(&order);
            let known = tx.order_by_identity(&erp_instance, &identity)?;
            if let Some(known) = &known {
                let is_same = known.content.as_ref() == Some(&order);
                match known.standing {
                    Standing::Accepted | Standing::Tombstone => {
                        tx.order_seen(known.id, at_ms)?;
                        return Ok(Kept::Known);
                    }
                    Standing::Refused if is_same => {
                        tx.order_seen(known.id, at_ms)?;
                        return Ok(Kept::Refused);
                    }
                    // Mended in the ERP: judged afresh.
                    Standing::Refused => {}
                }
            }
            let quantity = order.quantity.normalize().to_string();
            let put = |standing, refusal: Option<&Refusal>| {
                tx.order_put(&OrderPut {
                    erp_instance: &erp_instance,
                    identity: &identity,
                    name: &order.name,
                    product: &order.product_name,
                    quantity_kg: &quantity,
                    standing,
                    refusal,
                    content: Some(&order),
                    due_ms,
                    at_ms,
                })
            };
            match plan(&order, &silos, &rules) {
                Err(refusal) => {
                    put(Standing::Refused, Some(&refusal))?;
                    Ok(Kept::Refused)
                }
                Ok(recipes) => {
                    let new = i64::try_from(recipes.len()).unwrap_or(i64::MAX);
                    let fits =
                        is_when_empty || is_room_for(tx.batches_open_count()?, new, open_max);
                    if !is_room || !fits {
                        return Ok(Kept::Deferred);
                    }
                    // Batches are known to people and to the PLC by the order's name.
                    if tx.batch_name_known(&order.name)? {
                        let why = format!("the books hold batches of another order {}", order.name);
                        put(Standing::Refused, Some(&Refusal::Unreadable { why }))?;
                        return Ok(Kept::Refused);
                    }
                    let order_id = put(Standing::Accepted, None)?;
                    if let Some(person) = by {
                        let hand = Hand::Import;
                        tx.order_request_set(order_id, Requester { person, hand }, at_ms)?;
                    }
                    for recipe in &recipes {
                        let id = tx.batch_add(&BatchNew {
                            order_id,
                            recipe,
                            due_ms,
                            at_ms,
                        })?;
                        let row = tx.batch(id)?;
                        tx.audit_add(&crate::commands::audit::created(
                            "system",
                            "intake_batch_add",
                            at_ms,
                            &row,
                        ))?;
                        tx.journal_add(
                            at_ms,
                            Some(id),
                            JournalKind::BatchCreated,
                            &[("order", order.name.clone())],
                        )?;
                    }
                    Ok(Kept::New(new))
                }
            }
        })
        .await
}

async fn keep_unreadable(
    inner: &Inner,
    identity: &str,
    name: String,
    refusal: Refusal,
) -> Result<Kept, AppError> {
    let identity = identity.to_owned();
    let at_ms = inner.clock.now_ms();
    let erp_instance = inner.erp_instance.clone();
    inner
        .commit(move |tx| {
            if let Some(known) = tx.order_by_identity(&erp_instance, &identity)?
                && known.standing != Standing::Refused
            {
                tx.order_seen(known.id, at_ms)?;
                return Ok(Kept::Known);
            }
            tx.order_put(&OrderPut {
                erp_instance: &erp_instance,
                identity: &identity,
                name: &name,
                product: "",
                quantity_kg: "",
                standing: Standing::Refused,
                refusal: Some(&refusal),
                content: None,
                due_ms: None,
                at_ms,
            })?;
            Ok(Kept::Refused)
        })
        .await
}

/// The planned start, where the ERP gives one.
pub(crate) fn due_ms(order: &ErpOrder) -> Option<i64> {
    order.planned_start.as_deref().and_then(parse_utc_ms)
}

/// The ERP's naive ISO time, which is UTC.
fn parse_utc_ms(text: &str) -> Option<i64> {
    let civil: jiff::civil::DateTime = text.replace(' ', "T").parse().ok()?;
    Some(
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_erps_times_are_utc() {
        assert_eq!(parse_utc_ms("2026-11-22T01:00:00"), Some(1_795_309_200_000));
        assert_eq!(parse_utc_ms("2026-11-22 01:00:00"), Some(1_795_309_200_000));
        assert_eq!(parse_utc_ms("tomorrow"), None);
    }
}
