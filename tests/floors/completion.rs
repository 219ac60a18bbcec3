//! One finished batch as the engine stores it, by the store's own functions: the batch, its lines, the silos'
//! ledger, a sample, the journal, the message for the ERP and the audit row, in one transaction. For benches and
//! the backlog. Leaves out how a batch comes that far.

use millrace_core::batch::posting::Posting;
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::erp::{ConsumptionLine, ConsumptionPost};
use millrace_core::ids::{BatchId, OrderId, SiloNo};
use millrace_core::journal::JournalKind;
use millrace_core::recipe::{ControlRecipe, SiloLine};
use millrace_core::silo::{MovementKind, Tolerance};
use millrace_core::units::{BasisPoints, Grams};
use millrace_store::table::audit::AuditEntry;
use millrace_store::table::batch::{BatchNew, BatchRow};
use millrace_store::table::erp_order::{OrderPut, Standing};
use millrace_store::table::outbox::MessageKind;
use millrace_store::table::silo::SiloRow;
use millrace_store::{StoreError, Write};

/// Silo lines of a batch, as many as the demo's first order has.
pub(crate) const LINES: u16 = 7;
/// Rows that [`complete`] writes: batch, sample, message, audit, two of the journal, and two for each line.
#[allow(dead_code, reason = "only a bench tells it")]
pub(crate) const ROWS: u16 = 6 + 2 * LINES;
/// What one batch takes from each silo.
pub(crate) const DOSE: Grams = Grams(142_500);

const TOLERANCE: Tolerance = Tolerance {
    share: BasisPoints(1_000),
    floor_g: Grams(2_000),
};

fn silos() -> impl Iterator<Item = (SiloNo, String)> {
    (101..101 + LINES).map(|number| (SiloNo(number), format!("silo{number}")))
}

/// The silos that the batches draw from.
pub(crate) fn put_silos(tx: &Write<'_>) -> Result<(), StoreError> {
    for (silo, erp_code) in silos() {
        tx.silo_put(&SiloRow {
            silo,
            position: i64::from(silo.0),
            tag: format!("tag_{silo}"),
            label: silo.to_string(),
            erp_code,
            material: "Wheat".into(),
            is_liquid: false,
            capacity_g: Grams(20_000_000),
            low_g: Grams(2_000_000),
            max_dose_g: Grams(1_500_000),
            tolerance: TOLERANCE,
            rate_g_s: 14_000,
        })?;
    }
    Ok(())
}

/// An accepted order.
pub(crate) fn put_order(tx: &Write<'_>, name: &str) -> Result<OrderId, StoreError> {
    tx.order_put(&OrderPut {
        erp_instance: "demo:plant",
        identity: &format!("name:{name}"),
        name,
        product: "LAYER FEED 16",
        quantity_kg: "1000",
        standing: Standing::Accepted,
        refusal: None,
        content: None,
        due_ms: None,
        at_ms: 1,
    })
}

/// A signed batch of an order, which is being made.
pub(crate) fn put_batch(
    tx: &Write<'_>,
    order_id: OrderId,
    order: &str,
    index: u32,
) -> Result<BatchId, StoreError> {
    let recipe = ControlRecipe {
        order_name: order.into(),
        batch_index: index,
        product_name: "LAYER FEED 16".into(),
        line_name: "Line 1".into(),
        planned_g: Grams(1_000_000),
        silo_lines: silos()
            .map(|(silo, erp_code)| SiloLine {
                silo,
                erp_code,
                material: "Wheat".into(),
                planned_g: DOSE,
                tolerance: TOLERANCE,
            })
            .collect(),
        manual_lines: Vec::new(),
    };
    let id = tx.batch_add(&BatchNew {
        order_id,
        recipe: &recipe,
        due_ms: None,
        at_ms: 1,
    })?;
    let mut row = tx.batch(id)?;
    row.release = Release::Approved;
    row.run = Run::Running;
    tx.batch_save(&mut row)?;
    Ok(id)
}

/// The result of a batch: everything that the engine writes when a final block was read twice equal.
pub(crate) fn complete(tx: &Write<'_>, id: BatchId, at_ms: i64) -> Result<(), StoreError> {
    let mut row = tx.batch(id)?;
    let total = Grams(DOSE.0 * i64::from(LINES));
    row.run = Run::Complete;
    row.posting = Posting::Queued;
    row.silo_actual_g = Some(total);
    row.finished_g = Some(total);
    row.ended_at_ms = Some(at_ms);
    tx.batch_save(&mut row)?;
    tx.audit_add(&audit(&row, "engine_store_final", at_ms))?;
    for (silo, _) in silos() {
        tx.batch_line_actual_set(id, silo, DOSE)?;
        let delta = Grams(-DOSE.0);
        tx.silo_move(at_ms, silo, MovementKind::Dosing, delta, Some(id), None)?;
    }
    tx.sample_add(id, at_ms, Some(total))?;
    let told = [("actual_g", total.0.to_string())];
    tx.journal_add(at_ms, Some(id), JournalKind::BatchCompleted, &told)?;
    let key = format!("demo:{}:{}:consumption:1", row.order_id, id);
    let payload = payload(&key, &row)?;
    let kind = MessageKind::Consumption;
    tx.outbox_add(&key, kind, row.order_id, id, &payload, at_ms)?;
    tx.journal_add(at_ms, Some(id), JournalKind::PostingQueued, &[])?;
    Ok(())
}

/// Running totals over the order's batches, as the ERP is told.
fn payload(key: &str, row: &BatchRow) -> Result<String, StoreError> {
    let batches = i64::from(row.batch_index);
    let lines: Vec<ConsumptionLine> = silos()
        .map(|(_, equipment_code)| ConsumptionLine {
            equipment_code,
            consumed_g: Grams(DOSE.0 * batches),
        })
        .collect();
    let post = ConsumptionPost {
        key: key.to_owned(),
        order_name: row.recipe.order_name.clone(),
        finished_g: Some(Grams(DOSE.0 * i64::from(LINES) * batches)),
        lines,
    };
    Ok(serde_json::to_string(&post).expect("plain values"))
}

/// The trail's row of a changed batch.
pub(crate) fn audit(row: &BatchRow, action: &str, at_ms: i64) -> AuditEntry {
    AuditEntry {
        at_ms,
        actor: "system".into(),
        action: action.into(),
        object: format!("batch:{}", row.id),
        before: "{\"posting\":\"not_due\",\"run\":\"running\"}".into(),
        after: format!(
            "{{\"posting\":\"{}\",\"version\":{}}}",
            row.posting.word(),
            row.version
        ),
        reason: String::new(),
    }
}
