//! Orders as they come from the ERP: import now, list, refusals.
//! Leaves out the rules (`millrace_core::intake`) and the fetching (`crate::jobs::intake`).

use millrace_core::ids::OrderId;
use millrace_core::intake::Refusal;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use millrace_store::Read;
use millrace_store::table::erp_order::{OrderRow, Standing};

use super::order_decide::OrderDifferenceView;
use super::session::Nothing;
use super::{Context, order_decide};
use crate::error::AppError;
use crate::jobs::intake;

/// What an import found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportReport {
    /// Orders seen in the ERP.
    pub seen: i64,
    /// New batches made.
    pub new_batches: i64,
    /// Orders that we had already.
    pub known: i64,
    /// Orders refused, with the reason in the order list.
    pub refused: i64,
    /// Orders left for later because enough batches are open.
    pub deferred: i64,
    /// When the ERP answered.
    pub at_ms: i64,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OrderStanding {
    /// It became batches.
    Accepted,
    /// It was refused; the reason stands beside it.
    Refused,
    /// Cancelled here; it does not come back.
    Tombstone,
}

/// An order in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderView {
    /// Our id.
    pub id: OrderId,
    /// Name in the ERP.
    pub name: String,
    /// Product.
    pub product: String,
    /// Quantity in kilograms as the ERP wrote it.
    pub quantity_kg: String,
    /// What became of it.
    pub standing: OrderStanding,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// The reason as an English sentence, for logs and scripts.
    pub refusal_text: Option<String>,
    /// When it was last seen in the ERP.
    pub seen_at_ms: i64,
    /// How the ERP differs from it, while nobody has decided.
    pub difference: Option<OrderDifferenceView>,
}

/// The orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderList {
    /// Newest first.
    pub orders: Vec<OrderView>,
    /// Last successful import, if any.
    pub imported_at_ms: Option<i64>,
    /// What the last import found.
    pub last_import: Option<ImportReport>,
}

/// Orders in the list.
const LIST: i64 = 200;

pub(super) async fn order_import(context: &Context, _: Nothing) -> Result<ImportReport, AppError> {
    crate::disk::must_have_room(&context.app.inner)?;
    let caller = context.caller()?;
    let report = intake::run(&context.app.inner, Some(caller.id)).await?;
    let person = caller.name.clone();
    let after = serde_json::json!({ "new": report.new_batches, "refused": report.refused, "known": report.known });
    let entry = super::audit::of(&person, "order_import", "orders", "", report.at_ms, &after);
    context
        .app
        .inner
        .commit(move |tx| Ok(tx.audit_add(&entry)?))
        .await?;
    Ok(report)
}

/// An order as it leaves the backend.
pub(super) fn view(read: &Read<'_>, row: OrderRow) -> Result<OrderView, AppError> {
    Ok(OrderView {
        difference: order_decide::difference(read, &row)?,
        id: row.id,
        name: row.name,
        product: row.product,
        quantity_kg: row.quantity_kg,
        standing: match row.standing {
            Standing::Accepted => OrderStanding::Accepted,
            Standing::Refused => OrderStanding::Refused,
            Standing::Tombstone => OrderStanding::Tombstone,
        },
        refusal_text: row.refusal.as_ref().map(ToString::to_string),
        refusal: row.refusal,
        seen_at_ms: row.seen_at_ms,
    })
}

pub(super) async fn order_list(context: &Context, _: Nothing) -> Result<OrderList, AppError> {
    context
        .app
        .inner
        .store
        .read(|read| {
            let orders = read
                .orders(LIST)?
                .into_iter()
                .map(|row| view(read, row))
                .collect::<Result<_, _>>()?;
            let last_import: Option<ImportReport> = read
                .meta(intake::LAST_IMPORT)?
                .and_then(|text| serde_json::from_str(&text).ok());
            Ok(OrderList {
                orders,
                imported_at_ms: last_import.as_ref().map(|r| r.at_ms),
                last_import,
            })
        })
        .await
}
