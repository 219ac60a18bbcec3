//! An order that is not in the ERP as it was accepted: what a person sees of it, and the signed decision.
//! Leaves out finding it ([`crate::jobs::difference`]) and which choice is open (`millrace_core::erp_difference`).

use millrace_core::access::four_eyes::{Hand, Requester};
use millrace_core::batch::release::{Release, ReleaseEvent};
use millrace_core::batch::run::Run;
use millrace_core::erp_difference::{
    Choice, ChoiceRefusal, Difference, Found, Seen, Work, choices, may_choose,
};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::OrderId;
use millrace_core::intake::{IntakeRules, IntakeSilo, plan};
use millrace_core::journal::JournalKind;
use millrace_store::table::batch::{BatchNew, BatchRow};
use millrace_store::table::erp_order::{Decided, OrderRow};
use millrace_store::{Read, StoreError, Write};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::audit;
use super::batch_act::reason;
use super::order::{OrderView, view};
use super::signing::{Signed, Signer, sign};
use crate::error::AppError;
use crate::jobs::intake;

/// Decide about a difference.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OrderDifferenceDecide {
    /// Which order.
    pub order_id: OrderId,
    /// What shall be done.
    pub choice: Choice,
    /// Why, at least three characters.
    pub reason: String,
    /// The signer's own secret.
    pub secret: String,
    /// The hash of the difference that the signer saw.
    pub seen: String,
}

/// A choice, open or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderChoiceView {
    /// What.
    pub choice: Choice,
    /// Why it is not open.
    pub why_not: Option<ChoiceRefusal>,
}

/// How an order differs in the ERP, and what may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OrderDifferenceView {
    /// The order.
    pub order_id: OrderId,
    /// Its name.
    pub order_name: String,
    /// What differs.
    pub difference: Difference,
    /// The ERP's own words, where it does not know the order.
    pub erp_words: Option<String>,
    /// Goes back with the decision, so that nobody decides about what they did not see.
    pub hash: String,
    /// When it was seen first.
    pub seen_at_ms: i64,
    /// Every choice, in the order of the dialog.
    pub choices: Vec<OrderChoiceView>,
}

/// The difference of an order as it leaves the backend.
pub(super) fn difference(
    read: &Read<'_>,
    row: &OrderRow,
) -> Result<Option<OrderDifferenceView>, StoreError> {
    let Some(found) = &row.difference else {
        return Ok(None);
    };
    let work = work(&read.batches_of_order(row.id)?);
    Ok(Some(OrderDifferenceView {
        order_id: row.id,
        order_name: row.name.clone(),
        difference: found.difference.clone(),
        erp_words: match &found.seen {
            Seen::Unknown(words) => Some(words.clone()),
            Seen::Listed(_) | Seen::Held(_) | Seen::Unreadable(_) | Seen::Restored => None,
        },
        hash: found.hash(),
        seen_at_ms: row.difference_seen_at_ms.unwrap_or_default(),
        choices: choices(found, work)
            .into_iter()
            .map(|(choice, may)| OrderChoiceView {
                choice,
                why_not: may.err(),
            })
            .collect(),
    }))
}

fn work(batches: &[BatchRow]) -> Work {
    Work::of(batches.iter().map(|batch| batch.run))
}

/// Who decides what, and by which rules a new content becomes batches.
struct Decision {
    request: OrderDifferenceDecide,
    signer: Signer,
    why: String,
    silos: Vec<IntakeSilo>,
    rules: IntakeRules,
    open_max: i64,
    at_ms: i64,
}

pub(super) async fn order_difference_decide(
    context: &Context,
    request: OrderDifferenceDecide,
) -> Result<OrderView, AppError> {
    let why = reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let id = request.order_id;
    let decision = Decision {
        request,
        signer,
        why,
        silos: intake::silos(inner),
        rules: inner.intake_rules(),
        open_max: inner.intake.open_batches_max,
        at_ms: inner.clock.now_ms(),
    };
    inner.commit(move |tx| decide(tx, &decision)).await?;
    inner
        .store
        .read(move |read| view(read, read.order(id)?))
        .await
}

/// Decides again by the books as they are now; one transaction.
fn decide(tx: &Write<'_>, decision: &Decision) -> Result<(), AppError> {
    let row = tx.order(decision.request.order_id)?;
    let found = as_seen(&row, &decision.request.seen)?;
    let batches = tx.batches_of_order(row.id)?;
    let choice = decision.request.choice;
    may_choose(found, work(&batches), choice)
        .map_err(|no| AppError::refusal(ErrorCode::IllegalTransition, no.to_string()))?;
    let open: Vec<&BatchRow> = batches.iter().filter(|b| b.word().is_open()).collect();
    let decided = Decided {
        choice,
        person: decision.signer.name.clone(),
        at_ms: decision.at_ms,
    };
    let mut made = Vec::new();
    match choice {
        Choice::Keep => {
            for batch in &open {
                sign_batch(tx, batch, "keep_order", decision)?;
            }
            tx.order_decide(row.id, &decided, Some(&found.seen))?;
            asked(tx, &row, Hand::Keep, decision)?;
        }
        Choice::CancelHere => {
            cancel(tx, &open, "cancel", decision)?;
            tx.order_decide(row.id, &decided, None)?;
            tx.order_bury(row.id)?;
        }
        Choice::TakeOver => {
            cancel(tx, &open, "replace", decision)?;
            made = replan(tx, &row, found, &batches, decision)?;
            tx.order_decide(row.id, &decided, None)?;
            asked(tx, &row, Hand::TakeOver, decision)?;
        }
    }
    let mut entry = audit::of(
        &decision.signer.name,
        "order_difference_decide",
        &format!("order:{}", row.id),
        &decision.why,
        decision.at_ms,
        &serde_json::json!({
            "choice": choice.word(),
            "open": open.iter().map(|batch| &batch.label).collect::<Vec<_>>(),
            "made": made,
        }),
    );
    entry.before = serde_json::json!(found.difference).to_string();
    tx.audit_add_signed(&entry)?;
    tx.journal_add(
        decision.at_ms,
        None,
        JournalKind::OrderDecided,
        &[
            ("order", row.name.clone()),
            ("person", decision.signer.name.clone()),
            ("choice", choice.word().to_owned()),
            ("reason", decision.why.clone()),
        ],
    )?;
    Ok(())
}

/// Notes that the order is what it is now because this person decided so.
fn asked(tx: &Write<'_>, row: &OrderRow, hand: Hand, decision: &Decision) -> Result<(), AppError> {
    let person = decision.signer.id;
    // Who took the content over stays the one who asked for it, whoever keeps it against the ERP later.
    let before = tx.order_request(row.id)?.map(|asked| asked.requester.hand);
    if hand == Hand::Keep && before == Some(Hand::TakeOver) {
        return Ok(());
    }
    Ok(tx.order_request_set(row.id, Requester { person, hand }, decision.at_ms)?)
}

/// The difference, if it is still the one that the person saw.
fn as_seen<'a>(row: &'a OrderRow, seen: &str) -> Result<&'a Found, AppError> {
    let changed = |what: String| {
        AppError::refusal(
            ErrorCode::Changed,
            format!("{} changed while you were looking: {what}", row.name),
        )
    };
    match (&row.difference, &row.decided) {
        (Some(found), _) if found.hash() == seen => Ok(found),
        (Some(_), _) => Err(changed("it differs in another way now".into())),
        (None, Some(decided)) => Err(changed(format!(
            "{} decided about it ({})",
            decided.person,
            decided.choice.word()
        ))),
        (None, None) => Err(changed("it does not differ in the ERP".into())),
    }
}

fn sign_batch(
    tx: &Write<'_>,
    batch: &BatchRow,
    meaning: &str,
    decision: &Decision,
) -> Result<(), AppError> {
    decision.signer.put(
        tx,
        &Signed::Batch(batch),
        meaning,
        decision.at_ms,
        Some(&decision.why),
    )
}

/// Cancels the open batches, none of which is in the PLC. The ERP is not told: it knows.
fn cancel(
    tx: &Write<'_>,
    open: &[&BatchRow],
    meaning: &str,
    decision: &Decision,
) -> Result<(), AppError> {
    for before in open {
        if before.run != Run::Idle
            || !matches!(before.release, Release::Pending | Release::Approved)
        {
            return Err(AppError::refusal(
                ErrorCode::IllegalTransition,
                ChoiceRefusal::InPlc.to_string(),
            ));
        }
        let mut row = (*before).clone();
        row.release = row.release.step(ReleaseEvent::Cancel)?;
        row.approved_at_ms = None;
        row.approved_by = None;
        row.ended_at_ms = Some(decision.at_ms);
        tx.batch_save(&mut row)?;
        sign_batch(tx, &row, meaning, decision)?;
        tx.audit_add_signed(&audit::of_batch(
            &decision.signer.name,
            "order_difference_batch",
            &decision.why,
            decision.at_ms,
            before,
            &row,
        ))?;
        tx.journal_add(
            decision.at_ms,
            Some(row.id),
            JournalKind::BatchCancelled,
            &[
                ("person", decision.signer.name.clone()),
                ("reason", decision.why.clone()),
            ],
        )?;
    }
    Ok(())
}

/// Makes batches of the ERP's content, numbered on from those that the order had: a number, and the
/// label made of it, never names two contents. Answers their labels.
fn replan(
    tx: &Write<'_>,
    order: &OrderRow,
    found: &Found,
    batches: &[BatchRow],
    decision: &Decision,
) -> Result<Vec<String>, AppError> {
    let content = found.offered().ok_or_else(|| {
        AppError::refusal(
            ErrorCode::IllegalTransition,
            ChoiceRefusal::PartSeen.to_string(),
        )
    })?;
    let mut recipes = plan(content, &decision.silos, &decision.rules).map_err(|refusal| {
        AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "the new content of {} cannot become batches: {refusal}",
                order.name
            ),
        )
    })?;
    // The old batches are cancelled already, so what is open is what others need.
    let (open, new) = (
        tx.batches_open_count()?,
        i64::try_from(recipes.len()).unwrap_or(i64::MAX),
    );
    if !intake::is_room_for(open, new, decision.open_max) {
        return Err(AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "the new content of {} makes {new} batches, and beside the {open} open ones there is room for {}: finish or cancel some first",
                order.name,
                (decision.open_max - open).max(0)
            ),
        ));
    }
    let last = batches.iter().map(|b| b.batch_index).max().unwrap_or(0);
    let due_ms = intake::due_ms(content);
    tx.order_take_over(order.id, content, due_ms)?;
    let mut labels = Vec::new();
    for recipe in &mut recipes {
        recipe.batch_index = recipe.batch_index.saturating_add(last);
        let id = tx.batch_add(&BatchNew {
            order_id: order.id,
            recipe,
            due_ms,
            at_ms: decision.at_ms,
        })?;
        let row = tx.batch(id)?;
        tx.audit_add(&audit::created(
            &decision.signer.name,
            "order_difference_batch",
            decision.at_ms,
            &row,
        ))?;
        tx.journal_add(
            decision.at_ms,
            Some(id),
            JournalKind::BatchCreated,
            &[("order", order.name.clone())],
        )?;
        labels.push(row.label);
    }
    Ok(labels)
}
