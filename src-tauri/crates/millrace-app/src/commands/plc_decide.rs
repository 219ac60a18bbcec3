//! Decisions about slots, and the flags of a new plant: signed, committed, and carried out by the
//! engine. Leaves out which decisions there are (`millrace_core::registers::truth`) and what is
//! shown ([`super::plc`]).

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::{BatchId, SlotNo};
use millrace_core::journal::JournalKind;
use millrace_core::registers::truth::Decision;
use millrace_store::table::batch::{Pending, PendingKind};
use millrace_store::table::slot_request::SlotRequestKind;

use super::batch_act::{change, plc_must_be_good, reason, same_version};
use super::plc::{PlcFlagsSet, PlcSlotDecide, PlcView, SlotShows, never_started, plc_get};
use super::session::Nothing;
use super::signing::{Signed, Signer, sign};
use super::{Context, audit};
use crate::error::AppError;

fn illegal(why: String) -> AppError {
    AppError::refusal(ErrorCode::IllegalTransition, why)
}

pub(super) async fn plc_slot_decide(
    context: &Context,
    request: PlcSlotDecide,
) -> Result<PlcView, AppError> {
    let why = reason(&request.reason)?;
    plc_must_be_good(context)?;
    let signer = sign(context, &request.secret).await?;
    match request.batch {
        Some(id) => decide_batch(context, id, request, why, signer).await?,
        None => make_ready(context, &request, why, signer).await?,
    }
    context.app.inner.engine_nudge.notify_one();
    plc_get(context, Nothing {}).await
}

async fn decide_batch(
    context: &Context,
    id: BatchId,
    request: PlcSlotDecide,
    why: String,
    signer: Signer,
) -> Result<(), AppError> {
    let PlcSlotDecide {
        slot,
        version,
        decision,
        ..
    } = request;
    let (person, text) = (signer.name.clone(), why.clone());
    change(
        context,
        id,
        "plc_slot_decide",
        why,
        move |tx, row, at_ms| {
            // The decision is about what the person saw, and about nothing that came after.
            same_version(tx, row, version.unwrap_or_default())?;
            let doubt = row
                .doubt
                .filter(|_| row.slot == Some(slot))
                .ok_or_else(|| {
                    AppError::refusal(
                        ErrorCode::Changed,
                        format!("nothing is in doubt about {} any more", row.label),
                    )
                })?;
            if !doubt
                .choices(row.download_step, row.finish_step)
                .contains(&decision)
            {
                return Err(illegal(format!(
                    "{} cannot be decided about {}",
                    decision.word(),
                    row.label
                )));
            }
            row.pending = Some(Pending {
                kind: PendingKind::Decide(decision),
                reason: text,
                person,
                at_ms,
                sent_ms: None,
            });
            Ok(())
        },
        move |tx, row, at_ms| {
            let meaning = decision.word();
            let reason = row.pending.as_ref().map(|p| p.reason.clone());
            let why = reason.clone().unwrap_or_default();
            signer.put(tx, &Signed::Batch(row), meaning, at_ms, reason.as_deref())?;
            let params = [
                ("slot", slot.to_string()),
                ("decision", meaning.to_owned()),
                ("person", signer.name),
                ("reason", why),
            ];
            tx.journal_add(at_ms, Some(row.id), JournalKind::SlotDecided, &params)?;
            Ok(())
        },
    )
    .await
    .map(drop)
}

async fn make_ready(
    context: &Context,
    request: &PlcSlotDecide,
    why: String,
    signer: Signer,
) -> Result<(), AppError> {
    let inner = &context.app.inner;
    let (slot, decision) = (request.slot, request.decision);
    let is_not_ready = {
        let image = inner.image();
        let shows = image.slots.get(&slot).map(|look| look.shows);
        shows == Some(SlotShows::NotReady) && image.batch_in(slot).is_none()
    };
    if decision != Decision::MakeReady || !is_not_ready {
        return Err(AppError::refusal(
            ErrorCode::Changed,
            format!("slot {slot} does not need that any more"),
        ));
    }
    ask(context, SlotRequestKind::MakeReady, Some(slot), why, signer).await
}

/// Commits a request that the engine carries out.
async fn ask(
    context: &Context,
    kind: SlotRequestKind,
    slot: Option<SlotNo>,
    why: String,
    signer: Signer,
) -> Result<(), AppError> {
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let action = match kind {
        SlotRequestKind::MakeReady => "plc_slot_decide",
        SlotRequestKind::SetFlags => "plc_flags_set",
    };
    inner
        .commit(move |tx| {
            if tx
                .slot_requests_open()?
                .iter()
                .any(|open| open.kind == kind && open.slot == slot)
            {
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    "this was asked for already and is being carried out",
                ));
            }
            tx.slot_request_add(kind, slot, &signer.name, &why, at_ms)?;
            let object = slot.map_or_else(|| "plc".to_owned(), |slot| format!("slot:{slot}"));
            tx.audit_add(&audit::of(
                &signer.name,
                action,
                &object,
                &why,
                at_ms,
                &serde_json::json!({ "asked": kind.word() }),
            ))?;
            signer.put(tx, &Signed::LastAct, kind.word(), at_ms, Some(&why))?;
            let params = [
                ("slot", slot.map(|s| s.to_string()).unwrap_or_default()),
                ("decision", kind.word().to_owned()),
                ("person", signer.name.clone()),
                ("reason", why.clone()),
            ];
            tx.journal_add(at_ms, None, JournalKind::SlotDecided, &params)?;
            Ok(())
        })
        .await
}

pub(super) async fn plc_flags_set(
    context: &Context,
    request: PlcFlagsSet,
) -> Result<PlcView, AppError> {
    let why = reason(&request.reason)?;
    plc_must_be_good(context)?;
    let signer = sign(context, &request.secret).await?;
    if !never_started(&context.app.inner) {
        return Err(illegal(
            "a flag is set or a slot names an order: this PLC program was started before".into(),
        ));
    }
    ask(context, SlotRequestKind::SetFlags, None, why, signer).await?;
    context.app.inner.engine_nudge.notify_one();
    plc_get(context, Nothing {}).await
}
