//! Lines of a batch that ended outside their tolerance, and accepting them: signed, by somebody who did
//! not start the batch. Leaves out which lines those are (`millrace_core::deviation`, the store).

use std::collections::BTreeSet;

use millrace_core::deviation::LineKind;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::journal::JournalKind;
use millrace_core::signature::ObjectKind;
use millrace_core::silo::{Judgement, deviation};
use millrace_store::table::batch::BatchRow;
use millrace_store::table::deviation::DeviationLine;
use millrace_store::{Read, StoreError, Write};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::batch::BatchGet;
use super::build::Labels;
use super::signature::{self, SignatureView};
use super::signing::{Signed, Signer, said, sign};
use super::view::BatchView;
use super::{Context, audit, batch_act};
use crate::error::AppError;

/// A line outside its tolerance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviationView {
    /// Which list it stands in.
    pub kind: LineKind,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// Label of the silo; the material of a line weighed by hand.
    pub label: String,
    /// Material.
    pub material: String,
    /// Plan.
    pub planned_g: i64,
    /// What it became.
    pub actual_g: i64,
    /// Lowest that needs nobody.
    pub low_g: i64,
    /// Highest that needs nobody.
    pub high_g: i64,
    /// Deviation in basis points of the plan; `None` for a plan of zero.
    pub deviation_bp: Option<i64>,
    /// On which side it lies.
    pub judgement: Judgement,
    /// Who accepted it; `None` = it waits. `valid` is false when it is not what was signed.
    pub accepted: Option<SignatureView>,
}

/// A line as the caller saw it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeviationSeen {
    /// Which list it stands in.
    pub kind: LineKind,
    /// Number of the silo, or of the line weighed by hand.
    pub line_no: i64,
    /// What it became, grams.
    pub actual_g: i64,
}

/// Accepts lines of a batch: one, or all that wait.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DeviationAccept {
    /// Which batch.
    pub id: BatchId,
    /// Which lines, with the figures that the caller saw.
    pub lines: Vec<DeviationSeen>,
    /// Why they may stand.
    pub reason: String,
    /// Own secret again.
    pub secret: String,
}

/// What people call the line.
fn label(line: &DeviationLine, labels: &Labels) -> String {
    match line.kind {
        LineKind::Manual => line.material.clone(),
        LineKind::Silo => u16::try_from(line.line_no)
            .map_or_else(|_| line.line_no.to_string(), |no| labels.of(SiloNo(no))),
    }
}

/// The lines of a batch that lie outside their tolerance, accepted or not.
pub(super) fn views(
    read: &Read<'_>,
    row: &BatchRow,
    labels: &Labels,
) -> Result<Vec<DeviationView>, StoreError> {
    let mut views = Vec::new();
    for line in read.deviations(row)? {
        let signature = match line.acceptance {
            Some(id) => read.signature_last(ObjectKind::Deviation, id)?,
            None => None,
        };
        let (low, high) = line.tolerance.limits(line.planned);
        views.push(DeviationView {
            kind: line.kind,
            line_no: line.line_no,
            label: label(&line, labels),
            planned_g: line.planned.0,
            actual_g: line.actual.0,
            low_g: low.0,
            high_g: high.0,
            deviation_bp: deviation(line.planned, line.actual).map(|bp| bp.0),
            judgement: line.judgement,
            accepted: signature.map(|s| signature::view(read, s)).transpose()?,
            material: line.material,
        });
    }
    Ok(views)
}

/// Whether somebody started this batch, at any time: who ran it does not wave its deviations through.
pub(super) fn is_starter(read: &Read<'_>, row: &BatchRow, login: &str) -> Result<bool, StoreError> {
    read.audit_did(&format!("batch:{}", row.id), "batch_start", login)
}

/// Whether anything waits for an acceptance.
pub(super) fn is_open(read: &Read<'_>, row: &BatchRow) -> Result<bool, StoreError> {
    let lines = read.deviations(row)?;
    Ok(lines.iter().any(|line| line.acceptance.is_none()))
}

/// The lines that the caller saw, as they are in the books; or why they cannot be accepted.
fn seen(
    tx: &Write<'_>,
    row: &BatchRow,
    labels: &Labels,
    lines: &[DeviationSeen],
) -> Result<Vec<DeviationLine>, AppError> {
    let refused = |code, text: String| Err(AppError::refusal(code, text));
    if lines.is_empty() {
        return refused(
            ErrorCode::BadRequest,
            "name the lines that are accepted".to_owned(),
        );
    }
    let open = tx.deviations(row)?;
    let mut named = BTreeSet::new();
    let mut found = Vec::new();
    for seen in lines {
        if !named.insert((seen.kind, seen.line_no)) {
            return refused(ErrorCode::BadRequest, "a line is named twice".to_owned());
        }
        let line = open
            .iter()
            .find(|line| (line.kind, line.line_no) == (seen.kind, seen.line_no));
        let Some(line) = line else {
            return refused(
                ErrorCode::NotFound,
                format!(
                    "{} has no {} line {} outside its tolerance: there is nothing to accept",
                    row.label,
                    seen.kind.word(),
                    seen.line_no
                ),
            );
        };
        let name = label(line, labels);
        if let Some(acceptance) = line.acceptance {
            let who = tx
                .signature_last(ObjectKind::Deviation, acceptance)?
                .and_then(|last| said(&last))
                .unwrap_or_else(|| "already accepted".to_owned());
            return refused(
                ErrorCode::Changed,
                format!("{name} of {} was {who}", row.label),
            );
        }
        if line.actual.0 != seen.actual_g {
            return refused(
                ErrorCode::Changed,
                format!(
                    "{name} of {} changed while you were looking: it is {} now",
                    row.label, line.actual
                ),
            );
        }
        found.push(line.clone());
    }
    Ok(found)
}

/// Accepts in a transaction: a row, a signature and an event for each line, one row of the trail.
fn accept(
    tx: &Write<'_>,
    request: &DeviationAccept,
    signer: &Signer,
    labels: &Labels,
    why: &str,
    at_ms: i64,
) -> Result<(), AppError> {
    let row = tx.batch(request.id)?;
    if !row.run.is_final() {
        return Err(AppError::refusal(
            ErrorCode::IllegalTransition,
            format!(
                "{} has not ended: its deviations are not known yet",
                row.label
            ),
        ));
    }
    if is_starter(tx, &row, &signer.name)? {
        return Err(AppError::refusal(
            ErrorCode::NoRight,
            format!(
                "you started {}: somebody else must accept its deviations",
                row.label
            ),
        ));
    }
    let lines = seen(tx, &row, labels, &request.lines)?;
    let said: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "kind": line.kind.word(),
                "line_no": line.line_no,
                "planned_g": line.planned,
                "actual_g": line.actual,
            })
        })
        .collect();
    for line in &lines {
        let accepted = tx.acceptance_add(row.id, line)?;
        signer.put(
            tx,
            &Signed::Deviation(&row, &accepted),
            "deviation_accept",
            at_ms,
            Some(why),
        )?;
        tx.journal_add(
            at_ms,
            Some(row.id),
            JournalKind::DeviationAccepted,
            &[
                ("person", signer.name.clone()),
                ("line", label(line, labels)),
                ("planned_g", line.planned.0.to_string()),
                ("actual_g", line.actual.0.to_string()),
                ("reason", why.to_owned()),
            ],
        )?;
    }
    tx.audit_add_signed(&audit::of(
        &signer.name,
        "batch_deviation_accept",
        &format!("batch:{}", row.id),
        why,
        at_ms,
        &json!({ "accepted": said }),
    ))?;
    Ok(())
}

pub(super) async fn batch_deviation_accept(
    context: &Context,
    request: DeviationAccept,
) -> Result<BatchView, AppError> {
    let why = batch_act::reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let labels = Labels::new(inner);
    let id = request.id;
    inner
        .commit(move |tx| accept(tx, &request, &signer, &labels, &why, at_ms))
        .await?;
    super::batch_view::batch_get(context, BatchGet { id }).await
}
