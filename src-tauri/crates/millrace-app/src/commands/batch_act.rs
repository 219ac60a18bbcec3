//! Release and start: approve, reject, revoke, start. A body commits the intent, signed and audited, in one transaction; the
//! engine carries it out. Leaves out the PLC.

use millrace_core::batch::release::{Release, ReleaseEvent};
use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::{BatchId, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::handshake::DownloadStep;
use millrace_core::signature::ObjectKind;
use millrace_store::table::batch::BatchRow;
use millrace_store::{Read, Write};

use super::Context;
use super::audit;
use super::batch::{BatchApprove, BatchGet, BatchSignedReason, BatchStart};
use super::four_eyes::not_own_request;
use super::live::LinkStateView;
use super::signing::{Signed, said, sign};
use super::view::BatchView;
use crate::engine::live::plc_link;
use crate::error::AppError;
use crate::jobs::message_done::queue_when_closed;

/// Shortest reason that says something.
const REASON_CHARS_MIN: usize = 3;
/// Longest reason.
const REASON_CHARS_MAX: usize = 500;

/// A reason as a person gave it, or the refusal that it says nothing.
pub(super) fn reason(text: &str) -> Result<String, AppError> {
    let text = text.trim();
    let length = text.chars().count();
    if !(REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&length) {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!("give a reason of {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters"),
        ));
    }
    Ok(text.to_owned())
}

/// What people do to a batch that runs, as the trail names it and as the second of two is told it.
const RUN_ACTS: [(&str, &str); 5] = [
    ("batch_start", "started"),
    ("batch_pause", "paused"),
    ("batch_resume", "resumed"),
    ("batch_stop", "stopped"),
    ("batch_cancel", "cancelled"),
];

/// Refuses when the batch is not as the caller saw it; says what changed, and who did it.
pub(super) fn same_version(read: &Read<'_>, row: &BatchRow, version: i64) -> Result<(), AppError> {
    if row.version == version {
        return Ok(());
    }
    let what = match row.run {
        Run::Idle => {
            let who = match row.release {
                Release::Pending => None,
                Release::Approved => already(read, row, &["approve"])?,
                Release::Rejected => already(read, row, &["reject", "revoke"])?,
                Release::Cancelled => already(read, row, &["cancel", "replace"])?,
            };
            who.map_or_else(
                || format!("it is {} now", row.release.word()),
                |who| format!("it was {who}"),
            )
        }
        run => {
            let acts = RUN_ACTS.map(|(action, _)| action);
            let last = read.audit_last_act(&format!("batch:{}", row.id), &acts)?;
            let who = last.and_then(|(by, action)| {
                let known = RUN_ACTS.iter().find(|(name, _)| *name == action)?;
                Some(format!(", it was {} by {by}", known.1))
            });
            format!("it is {} now{}", run.word(), who.unwrap_or_default())
        }
    };
    Err(AppError::refusal(
        ErrorCode::Changed,
        format!("{} changed while you were looking: {what}", row.label),
    ))
}

/// "already … by …", when the last signature on the batch has one of these meanings.
fn already(read: &Read<'_>, row: &BatchRow, meanings: &[&str]) -> Result<Option<String>, AppError> {
    let last = read.signature_last(ObjectKind::Batch, row.id.0)?;
    Ok(last
        .filter(|last| meanings.contains(&last.meaning.as_str()))
        .and_then(|last| said(&last)))
}

/// Refuses while the batch's order is not in the ERP as it was accepted and nobody has decided.
fn order_must_agree(tx: &Write<'_>, row: &BatchRow) -> Result<(), AppError> {
    if !tx.order_differs(row.order_id)? {
        return Ok(());
    }
    Err(AppError::refusal(
        ErrorCode::NotReady,
        format!(
            "{} is not in the ERP as it was accepted: decide about the difference first",
            row.recipe.order_name
        ),
    ))
}

async fn view(context: &Context, id: BatchId) -> Result<BatchView, AppError> {
    super::batch_view::batch_get(context, BatchGet { id }).await
}

/// Reads a batch, lets `change` decide, saves it, lets `more` sign and add the rest, and tells the trail.
pub(super) async fn change<C, M>(
    context: &Context,
    id: BatchId,
    action: &'static str,
    reason: String,
    change: C,
    more: M,
) -> Result<BatchView, AppError>
where
    C: FnOnce(&Write<'_>, &mut BatchRow, i64) -> Result<(), AppError> + Send + 'static,
    M: FnOnce(&Write<'_>, &BatchRow, i64) -> Result<(), AppError> + Send + 'static,
{
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let actor = context.caller()?.name.clone();
    inner
        .commit(move |tx| {
            let before = tx.batch(id)?;
            let mut row = before.clone();
            change(tx, &mut row, at_ms)?;
            tx.batch_save(&mut row)?;
            more(tx, &row, at_ms)?;
            // Last, so that the act's row names the signature.
            tx.audit_add_signed(&audit::of_batch(
                &actor, action, &reason, at_ms, &before, &row,
            ))?;
            Ok(())
        })
        .await?;
    inner.engine_nudge.notify_one();
    inner.posting_nudge.notify_one();
    view(context, id).await
}

pub(super) async fn batch_approve(
    context: &Context,
    request: BatchApprove,
) -> Result<BatchView, AppError> {
    let signer = sign(context, &request.secret).await?;
    let (person, signer_id) = (signer.name.clone(), signer.id);
    let rule = context.app.inner.four_eyes;
    change(
        context,
        request.id,
        "batch_approve",
        String::new(),
        move |tx, row, at_ms| {
            same_version(tx, row, request.version)?;
            order_must_agree(tx, row)?;
            // The signature covers the content as it is in the books, not as somebody says it is.
            let now = row.recipe.content_hash().0;
            if request.content_hash != now || row.content_hash != now {
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("the content of {} is not what you saw", row.label),
                ));
            }
            row.release = row.release.step(ReleaseEvent::Approve)?;
            not_own_request(tx, rule, row, signer_id)?;
            row.approved_at_ms = Some(at_ms);
            row.approved_by = Some(person);
            Ok(())
        },
        move |tx, row, at_ms| {
            signer.put(tx, &Signed::Batch(row), "approve", at_ms, None)?;
            tx.journal_add(
                at_ms,
                Some(row.id),
                JournalKind::BatchApproved,
                &[("person", signer.name.clone())],
            )?;
            Ok(())
        },
    )
    .await
}

async fn refuse(
    context: &Context,
    request: BatchSignedReason,
    event: ReleaseEvent,
) -> Result<BatchView, AppError> {
    let why = reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let (action, meaning, kind) = match event {
        ReleaseEvent::Revoke => ("batch_revoke", "revoke", JournalKind::BatchRevoked),
        ReleaseEvent::Reject | ReleaseEvent::Approve | ReleaseEvent::Cancel => {
            ("batch_reject", "reject", JournalKind::BatchRejected)
        }
    };
    let text = why.clone();
    let closing = context.app.inner.closing();
    change(
        context,
        request.id,
        action,
        why.clone(),
        move |tx, row, at_ms| {
            same_version(tx, row, request.version)?;
            if row.run != Run::Idle {
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!(
                        "{} is {} already: stop it instead",
                        row.label,
                        row.run.word()
                    ),
                ));
            }
            row.release = row.release.step(event)?;
            row.approved_at_ms = None;
            row.approved_by = None;
            row.ended_at_ms = Some(at_ms);
            Ok(())
        },
        move |tx, row, at_ms| {
            signer.put(tx, &Signed::Batch(row), meaning, at_ms, Some(&text))?;
            tx.journal_add(
                at_ms,
                Some(row.id),
                kind,
                &[("person", signer.name.clone()), ("reason", text)],
            )?;
            queue_when_closed(tx, row.order_id, &closing, at_ms)
        },
    )
    .await
}

pub(super) async fn batch_reject(
    context: &Context,
    request: BatchSignedReason,
) -> Result<BatchView, AppError> {
    refuse(context, request, ReleaseEvent::Reject).await
}

pub(super) async fn batch_revoke(
    context: &Context,
    request: BatchSignedReason,
) -> Result<BatchView, AppError> {
    refuse(context, request, ReleaseEvent::Revoke).await
}

/// Refuses while the PLC does not answer.
pub(super) fn plc_must_be_good(context: &Context) -> Result<(), AppError> {
    let inner = &context.app.inner;
    let link = plc_link(inner, inner.plc_link().as_ref());
    match link.state {
        LinkStateView::Good | LinkStateView::Degraded => Ok(()),
        LinkStateView::Off | LinkStateView::Connecting | LinkStateView::Lost => {
            Err(AppError::refusal(
                ErrorCode::NotReady,
                format!(
                    "the PLC does not answer ({})",
                    link.cause.unwrap_or_else(|| "not connected yet".into())
                ),
            ))
        }
    }
}

/// Where the number of the latest download is kept.
const DOWNLOAD_ID_KEY: &str = "plc_download_id";

/// The next download's number: 1 to 65535 in turn, so that none comes again for years of batches in
/// one slot. 0 is what an empty slot shows.
fn next_download_id(tx: &Write<'_>) -> Result<u16, AppError> {
    let last = tx
        .meta(DOWNLOAD_ID_KEY)?
        .and_then(|text| text.parse::<u16>().ok());
    let next = last.unwrap_or(0).checked_add(1).unwrap_or(1);
    tx.meta_set(DOWNLOAD_ID_KEY, &next.to_string())?;
    Ok(next)
}

pub(super) async fn batch_start(
    context: &Context,
    request: BatchStart,
) -> Result<BatchView, AppError> {
    crate::disk::must_have_room(&context.app.inner)?;
    plc_must_be_good(context)?;
    let inner = std::sync::Arc::clone(&context.app.inner);
    let not_ready = |why: &str| AppError::refusal(ErrorCode::NotReady, why.to_owned());
    let map = inner
        .map
        .clone()
        .ok_or_else(|| not_ready("there is no register map"))?;
    let slot: SlotNo = inner.image().free_slot().ok_or_else(|| {
        not_ready(
            "no slot of the PLC is free: one must be finished, stored and cleared by the PLC first",
        )
    })?;
    if inner.image().is_standing_still() {
        return Err(not_ready(
            "the PLC answers, but its program stands still: nothing is sent to it",
        ));
    }
    let has_number = map.download_id_addr(slot).is_some();
    let in_plc_max = inner.batches_in_plc_max;
    let person = context.caller()?.name.clone();
    change(
        context,
        request.id,
        "batch_start",
        String::new(),
        move |tx, row, at_ms| {
            same_version(tx, row, request.version)?;
            if row.release != Release::Approved {
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!("{} is {} and not approved", row.label, row.release.word()),
                ));
            }
            order_must_agree(tx, row)?;
            // An approval counts for the content that was signed, and for nothing else.
            let hash = row.recipe.content_hash().0;
            let approval = tx.signatures(row.id)?.into_iter().rfind(|s| s.meaning == "approve" && s.content_hash == hash);
            let is_signed = approval.map_or(Ok(false), |approval| tx.signature_holds(&approval))?;
            if !is_signed || hash != row.content_hash {
                return Err(AppError::refusal(ErrorCode::Changed, format!("the content of {} is not what was signed", row.label)));
            }
            let in_slots = tx.batches_in_slots()?;
            if let Some(other) = in_slots.iter().find(|other| other.recipe.order_name == row.recipe.order_name) {
                return Err(AppError::refusal(
                    ErrorCode::NotReady,
                    format!("{} of the same order is in the PLC: the PLC knows them by the order's name only", other.label),
                ));
            }
            if in_slots.len() >= in_plc_max || in_slots.iter().any(|other| other.slot == Some(slot)) {
                return Err(AppError::refusal(ErrorCode::NotReady, "enough batches are in the PLC: wait until one is finished"));
            }
            crate::engine::encode_recipe(&map, slot, &row.recipe)
                .map_err(|error| AppError::refusal(ErrorCode::NotReady, format!("the PLC cannot carry this recipe: {error}")))?;
            row.run = row.run.step(RunEvent::Start)?;
            row.slot = Some(slot);
            row.download_step = Some(DownloadStep::Prepared);
            row.download_id = if has_number { Some(next_download_id(tx)?) } else { None };
            row.finish_step = None;
            row.started_at_ms = Some(at_ms);
            row.run_since_ms = Some(at_ms);
            Ok(())
        },
        move |tx, row, at_ms| {
            tx.download_steps_clear(row.id)?;
            tx.download_step_add(row.id, DownloadStep::Prepared, at_ms)?;
            tx.journal_add(
                at_ms,
                Some(row.id),
                JournalKind::DownloadPrepared,
                &[("slot", slot.to_string()), ("person", person)],
            )?;
            Ok(())
        },
    )
    .await
}
