//! Entering what was added by hand: signed, once a line.

use millrace_core::error_code::ErrorCode;
use millrace_core::journal::JournalKind;
use millrace_core::units::Grams;
use millrace_store::table::signature::SignatureRow;

use super::Context;
use super::batch::{BatchGet, ManualLineEnter};
use super::batch_act::sign;
use super::view::BatchView;
use crate::error::AppError;

pub(super) async fn manual_line_enter(
    context: &Context,
    request: ManualLineEnter,
) -> Result<BatchView, AppError> {
    let weight = Grams(request.weight_g);
    if weight.0 < 0 || !weight.is_plc_step() {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            "a weight is zero or more, in steps of 10 g",
        ));
    }
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let id = request.id;
    inner
        .commit(move |tx| {
            let row = tx.batch(id)?;
            if !row.run.is_live() && !row.run.is_final() {
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!(
                        "{} has not begun: nothing can have been added to it",
                        row.label
                    ),
                ));
            }
            let line = tx
                .manual_lines(id)?
                .into_iter()
                .find(|line| line.line_no == request.line_no)
                .ok_or_else(|| {
                    AppError::refusal(
                        ErrorCode::NotFound,
                        format!("{} has no manual line {}", row.label, request.line_no),
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
            if !tx.manual_line_enter(id, request.line_no, weight, &signer.name, at_ms)? {
                let by = line.entered_by.unwrap_or_default();
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("{} was entered already by {by}", line.material),
                ));
            }
            tx.signature_add(
                id,
                signer.id,
                &SignatureRow {
                    person: signer.name.clone(),
                    meaning: "manual_entry".into(),
                    at_ms,
                    reason: Some(format!("{}: {weight}", line.material)),
                    content_hash: row.content_hash.clone(),
                },
            )?;
            tx.audit_add(&super::audit::of(
                &signer.name,
                "manual_line_enter",
                &format!("batch:{id}"),
                "",
                at_ms,
                &serde_json::json!({ "line_no": request.line_no, "weight_g": weight }),
            ))?;
            tx.journal_add(
                at_ms,
                Some(id),
                JournalKind::ManualEntered,
                &[
                    ("person", signer.name.clone()),
                    ("material", line.material),
                    ("actual_g", weight.0.to_string()),
                ],
            )?;
            Ok(())
        })
        .await?;
    super::batch_view::batch_get(context, BatchGet { id }).await
}
