//! Pause, resume, stop, cancel: requests that the engine carries to the PLC, and the cancel that needs
//! no PLC. Leaves out release and start ([`super::batch_act`]) and the PLC itself.

use millrace_core::access::Right;
use millrace_core::batch::release::ReleaseEvent;
use millrace_core::batch::run::{Run, RunEvent};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use millrace_store::table::batch::{Pending, PendingKind};

use super::Context;
use super::action::is_before_offer;
use super::batch::{BatchPause, BatchSignedReason, BatchStart};
use super::batch_act::{
    Signer, change, plc_must_be_good, reason, same_version, sign, sign_stop, signature,
};
use super::view::BatchView;
use crate::error::AppError;
use crate::jobs::message;

fn command_word(context: &Context) -> Result<(), AppError> {
    if context.app.inner.has_command_word() {
        Ok(())
    } else {
        Err(AppError::refusal(
            ErrorCode::NotReady,
            "this plant's register map names no command word: use the panel at the line",
        ))
    }
}

/// What the engine shall send to the PLC.
struct Request {
    id: BatchId,
    action: &'static str,
    kind: PendingKind,
    why: String,
    fits: fn(Run) -> bool,
    signer: Option<Signer>,
    cancel_after: bool,
}

/// Commits a request that the engine sends to the PLC. No version is asked for: an old view must
/// never keep anybody from pausing or stopping; the state machine alone decides.
async fn request_command(context: &Context, request: Request) -> Result<BatchView, AppError> {
    let Request {
        id,
        action,
        kind,
        why,
        fits,
        signer,
        cancel_after,
    } = request;
    let no_word = command_word(context).err();
    plc_must_be_good(context)?;
    let person = context.caller()?.name.clone();
    let (by, text) = (person.clone(), why.clone());
    change(
        context,
        id,
        action,
        why.clone(),
        move |_, row, at_ms| {
            if !fits(row.run) || row.slot.is_none() {
                return Err(AppError::refusal(
                    ErrorCode::IllegalTransition,
                    format!(
                        "{} is {} and cannot take the step {}",
                        row.label,
                        row.run.word(),
                        kind.word()
                    ),
                ));
            }
            let is_held = row.run == Run::Held;
            // A held batch may have to be closed without the PLC.
            if let Some(refusal) = no_word.filter(|_| !is_held) {
                return Err(refusal);
            }
            // A stop goes before everything; nothing goes before a stop, but a hold that came after
            // it asks for a signature of its own.
            let is_stop = |kind| kind == PendingKind::Stop;
            if row
                .pending
                .as_ref()
                .is_some_and(|p| !is_stop(kind) || (is_stop(p.kind) && !is_held))
            {
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("{} has a request under way already", row.label),
                ));
            }
            row.pending = Some(Pending {
                kind,
                reason: why,
                person: by,
                at_ms,
                sent_ms: None,
            });
            row.cancel_after = cancel_after;
            Ok(())
        },
        move |tx, row, at_ms| {
            if let Some(signer) = signer {
                let meaning = if cancel_after { "cancel" } else { "stop" };
                tx.signature_add(
                    row.id,
                    signer.id,
                    &signature(&signer, row, meaning, at_ms, Some(&text)),
                )?;
            }
            let journal = match kind {
                PendingKind::Pause => JournalKind::PauseRequested,
                PendingKind::Resume => JournalKind::ResumeRequested,
                PendingKind::Stop | PendingKind::Decide(_) => JournalKind::StopRequested,
            };
            tx.journal_add(
                at_ms,
                Some(row.id),
                journal,
                &[("person", person), ("reason", text)],
            )?;
            Ok(())
        },
    )
    .await
}

pub(super) async fn batch_pause(
    context: &Context,
    request: BatchPause,
) -> Result<BatchView, AppError> {
    let why = reason(&request.reason)?;
    let fits = |run| matches!(run, Run::Ready | Run::Running);
    request_command(
        context,
        Request {
            id: request.id,
            action: "batch_pause",
            kind: PendingKind::Pause,
            why,
            fits,
            signer: None,
            cancel_after: false,
        },
    )
    .await
}

pub(super) async fn batch_resume(
    context: &Context,
    request: BatchStart,
) -> Result<BatchView, AppError> {
    let fits = |run| run == Run::Paused;
    request_command(
        context,
        Request {
            id: request.id,
            action: "batch_resume",
            kind: PendingKind::Resume,
            why: String::new(),
            fits,
            signer: None,
            cancel_after: false,
        },
    )
    .await
}

fn may_stop(run: Run) -> bool {
    matches!(run, Run::Ready | Run::Running | Run::Paused | Run::Held)
}

pub(super) async fn batch_stop(
    context: &Context,
    request: BatchSignedReason,
) -> Result<BatchView, AppError> {
    let why = reason(&request.reason)?;
    let signer = sign_stop(context, &request.secret).await?;
    request_command(
        context,
        Request {
            id: request.id,
            action: "batch_stop",
            kind: PendingKind::Stop,
            why,
            fits: may_stop,
            signer: Some(signer),
            cancel_after: false,
        },
    )
    .await
}

pub(super) async fn batch_cancel(
    context: &Context,
    request: BatchSignedReason,
) -> Result<BatchView, AppError> {
    let why = reason(&request.reason)?;
    let id = request.id;
    let row = context
        .app
        .inner
        .store
        .read(move |read| read.batch(id).map_err(AppError::from))
        .await?;
    let is_before = row.run == Run::Idle || is_before_offer(&row);
    if !is_before {
        // Material may have fallen: stop first, and only somebody responsible may ask for both.
        context.caller()?.must(Right::BatchReject)?;
        let signer = sign(context, &request.secret).await?;
        return request_command(
            context,
            Request {
                id,
                action: "batch_cancel",
                kind: PendingKind::Stop,
                why,
                fits: may_stop,
                signer: Some(signer),
                cancel_after: true,
            },
        )
        .await;
    }
    let signer = sign(context, &request.secret).await?;
    let text = why.clone();
    let closing = context.app.inner.closing();
    change(
        context,
        id,
        "batch_cancel",
        why.clone(),
        move |_, row, at_ms| {
            same_version(row, request.version)?;
            if is_before_offer(row) {
                row.run = row.run.step(RunEvent::GiveUp)?;
                row.slot = None;
                row.download_step = None;
                row.held_from = None;
                row.trouble = None;
                row.doubt = None;
            }
            if row.run != Run::Idle {
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("{} is {} now", row.label, row.run.word()),
                ));
            }
            row.release = row.release.step(ReleaseEvent::Cancel)?;
            row.ended_at_ms = Some(at_ms);
            Ok(())
        },
        move |tx, row, at_ms| {
            tx.signature_add(
                row.id,
                signer.id,
                &signature(&signer, row, "cancel", at_ms, Some(&text)),
            )?;
            tx.journal_add(
                at_ms,
                Some(row.id),
                JournalKind::BatchCancelled,
                &[("person", signer.name.clone()), ("reason", text.clone())],
            )?;
            message::close_order(tx, row, &closing, &text, at_ms)
        },
    )
    .await
}
