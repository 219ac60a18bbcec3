//! Equipment failures and manual weighings that the PLC reported: what was stored, acknowledged and
//! told to the ERP. Leaves out reading the areas (`crate::engine`).

use millrace_core::batch::posting::Posting;
use millrace_core::ids::BatchId;
use millrace_store::table::area_step::Area;
use millrace_store::table::equipment_failure::FailureRow;
use millrace_store::table::manual_weighing::WeighingRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::error::AppError;

/// An equipment failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EquipmentFailureView {
    /// Its number.
    pub id: i64,
    /// Equipment code as the PLC has it.
    pub equipment_code: String,
    /// What happened, as the PLC has it.
    pub info: String,
    /// When, by the PLC's clock (plant local time), `YYYY-MM-DD HH:MM:SS`; empty when its date is none.
    pub plc_time: String,
    /// When it was stored, UTC milliseconds.
    pub stored_at_ms: i64,
    /// When the acknowledgement was read back, UTC milliseconds.
    pub acked_at_ms: Option<i64>,
    /// Whether the ERP has it.
    pub posting: Posting,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
}

/// A manual weighing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ManualWeighingView {
    /// Its number.
    pub id: i64,
    /// The order's name as the PLC has it.
    pub order_name: String,
    /// The batch it was entered in; `None` = no batch of ours fits.
    pub batch_id: Option<BatchId>,
    /// That batch's label.
    pub batch_label: Option<String>,
    /// The ERP's product number.
    pub product_id: u16,
    /// The material, where the order names the product.
    pub material: Option<String>,
    /// Weighed mass.
    pub mass_g: i64,
    /// When it was stored, UTC milliseconds.
    pub stored_at_ms: i64,
    /// When the acknowledgement was read back, UTC milliseconds.
    pub acked_at_ms: Option<i64>,
    /// Whether the ERP has it.
    pub posting: Posting,
    /// The ERP's last answer in words, or why it waits for a person.
    pub last_answer: Option<String>,
}

/// What the PLC reported beside batches, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct PlcEventList {
    /// The map has an area for equipment failures.
    pub has_failure_area: bool,
    /// The map has an area for manual weighings.
    pub has_weighing_area: bool,
    /// Why the present content of the failure area is not believed, if it is not.
    pub failure_trouble: Option<String>,
    /// Why the present content of the weighing area is not believed, if it is not.
    pub weighing_trouble: Option<String>,
    /// Failures.
    pub failures: Vec<EquipmentFailureView>,
    /// Weighings.
    pub weighings: Vec<ManualWeighingView>,
}

/// Rows of each kind.
const LIST: i64 = 200;

pub(super) async fn plc_event_list(
    context: &Context,
    _: Nothing,
) -> Result<PlcEventList, AppError> {
    let inner = &context.app.inner;
    let map = inner.map.as_ref();
    let has_failure_area = map.is_some_and(|map| map.equipment_failure().is_some());
    let has_weighing_area = map.is_some_and(|map| map.manual_weighing().is_some());
    let trouble = inner.image().area_trouble.clone();
    inner
        .store
        .read(move |read| {
            Ok(PlcEventList {
                has_failure_area,
                has_weighing_area,
                failure_trouble: trouble.get(&Area::EquipmentFailure).cloned(),
                weighing_trouble: trouble.get(&Area::ManualWeighing).cloned(),
                failures: read
                    .failures_latest(LIST)?
                    .into_iter()
                    .map(failure_view)
                    .collect(),
                weighings: read
                    .weighings_latest(LIST)?
                    .into_iter()
                    .map(weighing_view)
                    .collect(),
            })
        })
        .await
}

fn failure_view(row: FailureRow) -> EquipmentFailureView {
    EquipmentFailureView {
        id: row.id,
        equipment_code: row.equipment_code,
        info: row.info,
        plc_time: row.plc_time.unwrap_or_default(),
        stored_at_ms: row.stored_at_ms,
        acked_at_ms: row.acked_at_ms,
        posting: row.posting,
        last_answer: row.last_answer,
    }
}

fn weighing_view(row: WeighingRow) -> ManualWeighingView {
    ManualWeighingView {
        id: row.id,
        order_name: row.order_name,
        batch_id: row.batch_id,
        batch_label: row.batch_label,
        product_id: row.product_id,
        material: row.material,
        mass_g: row.mass.0,
        stored_at_ms: row.stored_at_ms,
        acked_at_ms: row.acked_at_ms,
        posting: row.posting.unwrap_or(Posting::NotDue),
        last_answer: row.last_answer.or(row.note),
    }
}
