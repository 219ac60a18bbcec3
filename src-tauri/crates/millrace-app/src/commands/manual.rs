//! Entering what was added by hand, once a line: by a person, who signs, or by the PLC's weighing
//! area. Leaves out which line a weighing belongs to (`crate::engine`).

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::{BatchId, OutboxId};
use millrace_core::journal::JournalKind;
use millrace_core::units::Grams;
use millrace_store::Write;
use millrace_store::table::manual_line::ManualLineRow;

use super::Context;
use super::batch::{BatchGet, ManualLineEnter};
use super::signing::{Signed, Signer, sign};
use super::view::BatchView;
use crate::error::AppError;
use crate::jobs::message;

/// A weight for a manual line.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) batch_id: BatchId,
    pub(crate) line_no: i64,
    pub(crate) weight: Grams,
    /// Who entered it, as shown.
    pub(crate) by: String,
    pub(crate) at_ms: i64,
}

/// What was entered.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) line: ManualLineRow,
    /// The message that tells the ERP.
    pub(crate) outbox_id: Option<OutboxId>,
}

/// Enters a weight with its signature, its audit row, its journal row and its message; the PLC's area
/// signs nothing. Refuses before it writes anything.
pub(crate) fn enter(
    tx: &Write<'_>,
    site: &str,
    entry: &Entry,
    signer: Option<&Signer>,
) -> Result<Entered, AppError> {
    let Entry {
        batch_id,
        line_no,
        weight,
        by,
        at_ms,
    } = entry;
    if weight.0 < 0 || !weight.is_plc_step() {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            "a weight is zero or more, in steps of 10 g",
        ));
    }
    let batch = tx.batch(*batch_id)?;
    if !batch.run.is_live() && !batch.run.is_final() {
        return Err(AppError::refusal(
            ErrorCode::IllegalTransition,
            format!(
                "{} has not begun: nothing can have been added to it",
                batch.label
            ),
        ));
    }
    let line = tx
        .manual_lines(*batch_id)?
        .into_iter()
        .find(|line| line.line_no == *line_no)
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::NotFound,
                format!("{} has no manual line {line_no}", batch.label),
            )
        })?;
    if weight.0 > line.planned_g.0.saturating_mul(2) {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!(
                "{weight} is more than twice the plan of {}: weigh again",
                line.planned_g
            ),
        ));
    }
    if !tx.manual_line_enter(*batch_id, *line_no, *weight, by, *at_ms)? {
        let by = line.entered_by.unwrap_or_default();
        return Err(AppError::refusal(
            ErrorCode::Changed,
            format!("{} was entered already by {by}", line.material),
        ));
    }
    if let Some(signer) = signer {
        let what = format!("{}: {weight}", line.material);
        let signed = Signed::ManualLine(&batch, *line_no);
        signer.put(tx, &signed, "manual_entry", *at_ms, Some(&what))?;
    }
    tx.audit_add_signed(&super::audit::of(
        by,
        "manual_line_enter",
        &format!("batch:{batch_id}"),
        "",
        *at_ms,
        &serde_json::json!({ "line_no": line_no, "weight_g": weight }),
    ))?;
    tx.journal_add(
        *at_ms,
        Some(*batch_id),
        JournalKind::ManualEntered,
        &[
            ("person", by.clone()),
            ("material", line.material.clone()),
            ("actual_g", weight.0.to_string()),
        ],
    )?;
    let outbox_id = message::queue_material(tx, &batch, &line, site, *at_ms)?;
    Ok(Entered { line, outbox_id })
}

pub(super) async fn manual_line_enter(
    context: &Context,
    request: ManualLineEnter,
) -> Result<BatchView, AppError> {
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let site = inner.site_key();
    let id = request.id;
    let entry = Entry {
        batch_id: id,
        line_no: request.line_no,
        weight: Grams(request.weight_g),
        by: signer.name.clone(),
        at_ms: inner.clock.now_ms(),
    };
    inner
        .commit(move |tx| {
            enter(tx, &site, &entry, Some(&signer))?;
            Ok(())
        })
        .await?;
    inner.posting_nudge.notify_one();
    super::batch_view::batch_get(context, BatchGet { id }).await
}
