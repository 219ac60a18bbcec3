//! Messages for the ERP: what waits, what was answered, what was tried, what needs a person.
//! Leaves out what a person does about one ([`super::outbox_act`]).

use std::collections::BTreeMap;

use millrace_core::access::four_eyes::FourEyes;
use millrace_core::batch::attempt::{AttemptAct, AttemptOutcome};
use millrace_core::batch::item_error::ItemError;
use millrace_core::batch::posting::{Posting, ReadBack};
use millrace_core::erp::{ConsumptionPost, DonePost, FailurePost, MaterialPost};
use millrace_core::ids::{BatchId, OutboxId};
use millrace_core::units::Grams;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use millrace_store::table::signature::of_message;
use millrace_store::{Read, StoreError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::outbox_second::{Asked, OutboxAskedView, asked, may_be_closed};
use crate::error::AppError;
use crate::jobs::gate;
use crate::jobs::message::{CancelPayload, subject};

/// What a message asks of the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxKind {
    /// Actual consumption and finished weight.
    Consumption,
    /// Cancel the order.
    CancelOrder,
    /// An equipment failed.
    EquipmentFailure,
    /// What was added by hand of one material of an order.
    MaterialConsumption,
    /// Close the order.
    MarkDone,
}

impl From<MessageKind> for OutboxKind {
    fn from(kind: MessageKind) -> OutboxKind {
        match kind {
            MessageKind::Consumption => OutboxKind::Consumption,
            MessageKind::CancelOrder => OutboxKind::CancelOrder,
            MessageKind::EquipmentFailure => OutboxKind::EquipmentFailure,
            MessageKind::MaterialConsumption => OutboxKind::MaterialConsumption,
            MessageKind::MarkDone => OutboxKind::MarkDone,
        }
    }
}

/// Which messages a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxTab {
    /// Queued or being sent.
    Waiting,
    /// Sent without an answer.
    InDoubt,
    /// Refused: a person must look.
    Refused,
    /// The ERP holds them.
    Posted,
    /// Closed by a person: waived, or booked by hand.
    ClosedByHand,
}

impl OutboxTab {
    fn states(self) -> &'static [Posting] {
        match self {
            OutboxTab::Waiting => &[Posting::Queued, Posting::Sending],
            OutboxTab::InDoubt => &[Posting::InDoubt],
            OutboxTab::Refused => &[Posting::Refused],
            OutboxTab::Posted => &[Posting::Posted],
            OutboxTab::ClosedByHand => &[Posting::Waived, Posting::ByHand],
        }
    }
}

/// Asks for a page of messages, newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct OutboxQuery {
    /// Which; absent = all.
    pub tab: Option<OutboxTab>,
    /// Only messages older than this one: the last of the page before.
    pub before: Option<OutboxId>,
    /// At most so many, 1 to 200; absent = 100.
    pub limit: Option<u16>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxRowView {
    /// Its id.
    pub id: OutboxId,
    /// What it asks.
    pub kind: OutboxKind,
    /// Batch; `None` for an equipment failure.
    pub batch_id: Option<BatchId>,
    /// Its label; the equipment code of a failure; the order that is to be closed.
    pub batch_label: String,
    /// State.
    pub state: Posting,
    /// Attempts.
    pub attempts: i64,
    /// Next attempt.
    pub next_at_ms: Option<i64>,
    /// Queued.
    pub created_at_ms: i64,
    /// The ERP's last answer in words.
    pub last_answer: Option<String>,
    /// A first signature that waits for another person's.
    pub asked: Option<OutboxAskedView>,
    /// True when closing it without the ERP's word takes two persons, and nobody has signed yet.
    pub needs_two: bool,
    /// What is sent, for people: one line an equipment code, a failure with its date in UTC, a
    /// material with the order's running total.
    pub payload: String,
}

/// How many messages stand in each tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct OutboxTabCounts {
    /// See [`OutboxTab::Waiting`].
    pub waiting: i64,
    /// See [`OutboxTab::InDoubt`].
    pub in_doubt: i64,
    /// See [`OutboxTab::Refused`].
    pub refused: i64,
    /// See [`OutboxTab::Posted`].
    pub posted: i64,
    /// See [`OutboxTab::ClosedByHand`].
    pub closed_by_hand: i64,
}

/// The gate before the ERP while it is shut: nothing got through, so one question is asked on behalf of all
/// messages, and none tries for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxGateView {
    /// Since when.
    pub since_ms: i64,
    /// When the ERP is asked again.
    pub next_at_ms: i64,
    /// How often nothing got through.
    pub failures: i64,
    /// Why nothing got through the last time; empty = the books do not say.
    pub reason: String,
}

/// A page of messages, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxList {
    /// Rows.
    pub rows: Vec<OutboxRowView>,
    /// True when older ones follow.
    pub has_more: bool,
    /// All messages by tab.
    pub counts: OutboxTabCounts,
    /// The gate before the ERP, while it is shut.
    pub gate: Option<OutboxGateView>,
}

/// Asks for one message.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct OutboxGet {
    /// Which.
    pub id: OutboxId,
}

/// One equipment code of a message: the plan, what we post, and what the ERP held when it was read last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxLineView {
    /// The ERP's equipment code.
    pub erp_code: String,
    /// Material, where it is ours.
    pub material: Option<String>,
    /// Planned, over the same batches of the order as the total.
    pub planned_g: Option<i64>,
    /// What we post: the order's running total.
    pub ours_g: i64,
    /// What the ERP held.
    pub erp_g: Option<i64>,
    /// The ERP cuts its answer here, so the receipt of the post is the proof.
    pub is_cut: bool,
    /// True when the ERP provably holds ours; `None` = not read yet.
    pub is_proved: Option<bool>,
}

/// One attempt at a message, or several equal ones in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxAttemptView {
    /// Its number, from 1.
    pub number: i64,
    /// What was done.
    pub act: AttemptAct,
    /// Began.
    pub began_at_ms: i64,
    /// Ended; `None` = under way.
    pub ended_at_ms: Option<i64>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// The ERP's answer, or the cause, in words.
    pub answer: Option<String>,
    /// How many equal ones this stands for, itself included.
    pub times: i64,
    /// When the last of them ended; `None` = there is one only.
    pub last_at_ms: Option<i64>,
}

/// A message with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxView {
    /// The message.
    pub row: OutboxRowView,
    /// Its key, fixed before the first sending.
    pub key: String,
    /// Content hash of what it says, which a closing is signed over.
    pub content_hash: String,
    /// Read back equal.
    pub confirmed_at_ms: Option<i64>,
    /// Line by line; empty for a message without masses per equipment.
    pub lines: Vec<OutboxLineView>,
    /// Finished weight of ours.
    pub our_finished_g: Option<i64>,
    /// Finished weight that the ERP held.
    pub erp_finished_g: Option<i64>,
    /// Items that the ERP left out of its last answer.
    pub items: Vec<ItemError>,
    /// The newest attempts, newest first.
    pub attempts: Vec<OutboxAttemptView>,
    /// How many there were in all.
    pub attempt_count: i64,
}

/// Messages on a page.
const PAGE: u16 = 100;
/// Most messages on a page.
const PAGE_MAX: u16 = 200;
/// Attempts that are shown.
const ATTEMPTS: i64 = 50;

fn payload_text(row: &OutboxRow) -> String {
    match row.kind {
        MessageKind::Consumption => serde_json::from_str::<ConsumptionPost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    let mut lines: Vec<String> = post
                        .lines
                        .iter()
                        .filter(|line| line.consumed_g.0 > 0)
                        .map(|line| format!("{} {}", line.equipment_code, line.consumed_g))
                        .collect();
                    if let Some(finished) = post.finished_g {
                        lines.push(format!("finished {finished}"));
                    }
                    lines.join("\n")
                },
            ),
        MessageKind::CancelOrder => serde_json::from_str::<CancelPayload>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |cancel| format!("{}: {}", cancel.order_name, cancel.reason),
            ),
        MessageKind::EquipmentFailure => serde_json::from_str::<FailurePost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    format!(
                        "{}\n{}\n{} UTC",
                        post.equipment_code, post.description, post.date_utc
                    )
                },
            ),
        MessageKind::MarkDone => serde_json::from_str::<DonePost>(&row.payload).map_or_else(
            |_| row.payload.clone(),
            |post| {
                let finished = post.posted.finished_g.map_or_else(
                    || "no finished weight".to_owned(),
                    |finished| format!("finished {finished}"),
                );
                format!(
                    "{}\n{finished}\n{} UTC",
                    post.posted.order_name, post.ended_utc
                )
            },
        ),
        MessageKind::MaterialConsumption => serde_json::from_str::<MaterialPost>(&row.payload)
            .map_or_else(
                |_| row.payload.clone(),
                |post| {
                    format!(
                        "{}: {} {} ({}, product {})",
                        post.order_name,
                        post.material,
                        post.consumed_g,
                        post.equipment_code,
                        post.product_id
                    )
                },
            ),
    }
}

fn row_view(read: &Read<'_>, row: &OutboxRow, rule: FourEyes) -> Result<OutboxRowView, StoreError> {
    let asked = asked(read, row)?.map(Asked::view);
    Ok(OutboxRowView {
        needs_two: rule == FourEyes::All && asked.is_none() && may_be_closed(row),
        asked,
        payload: payload_text(row),
        id: row.id,
        kind: row.kind.into(),
        batch_id: row.batch_id,
        batch_label: match (&row.batch_label, row.kind) {
            (None, _) | (_, MessageKind::MarkDone) => subject(row),
            (Some(label), _) => label.clone(),
        },
        state: row.state,
        attempts: row.attempts,
        next_at_ms: matches!(
            row.state,
            Posting::Queued | Posting::Sending | Posting::InDoubt
        )
        .then_some(row.next_at_ms),
        created_at_ms: row.created_at_ms,
        last_answer: row.last_answer.clone(),
    })
}

fn counts(read: &Read<'_>) -> Result<OutboxTabCounts, AppError> {
    let mut counts = OutboxTabCounts::default();
    for (state, count) in read.outbox_states()? {
        match state {
            Posting::NotDue => {}
            Posting::Queued | Posting::Sending => counts.waiting += count,
            Posting::InDoubt => counts.in_doubt += count,
            Posting::Refused => counts.refused += count,
            Posting::Posted => counts.posted += count,
            Posting::Waived | Posting::ByHand => counts.closed_by_hand += count,
        }
    }
    Ok(counts)
}

pub(super) async fn outbox_list(
    context: &Context,
    request: OutboxQuery,
) -> Result<OutboxList, AppError> {
    let states = request.tab.map_or(&Posting::ALL[..], OutboxTab::states);
    let rule = context.app.inner.four_eyes;
    let limit = usize::from(request.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX));
    context
        .app
        .inner
        .store
        .read(move |read| {
            // One more than the page tells whether others follow.
            let wanted = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            let mut rows = read.outbox_page(states, request.before, wanted)?;
            let has_more = rows.len() > limit;
            rows.truncate(limit);
            Ok(OutboxList {
                rows: rows
                    .iter()
                    .map(|row| row_view(read, row, rule))
                    .collect::<Result<_, _>>()?,
                has_more,
                counts: counts(read)?,
                gate: gate::read(read)?.map(|shut| OutboxGateView {
                    since_ms: shut.since_ms,
                    next_at_ms: shut.next_at_ms,
                    failures: shut.failures,
                    reason: shut.reason,
                }),
            })
        })
        .await
}

/// What was planned, per equipment code, over the batches whose results a message's totals hold.
fn planned(
    read: &Read<'_>,
    row: &OutboxRow,
) -> Result<BTreeMap<String, (Grams, String)>, AppError> {
    let mut planned: BTreeMap<String, (Grams, String)> = BTreeMap::new();
    let Some(order_id) = row.order_id else {
        return Ok(planned);
    };
    for message in read.outbox_of_order(order_id)? {
        if message.kind != MessageKind::Consumption || message.id > row.id {
            continue;
        }
        let Some(batch_id) = message.batch_id else {
            continue;
        };
        for line in read.batch(batch_id)?.recipe.silo_lines {
            let sum = planned
                .entry(line.erp_code)
                .or_insert((Grams::ZERO, line.material));
            sum.0 = Grams(sum.0.0.saturating_add(line.planned_g.0));
        }
    }
    Ok(planned)
}

fn lines(
    read: &Read<'_>,
    row: &OutboxRow,
    post: Option<&ConsumptionPost>,
    read_back: Option<&ReadBack>,
) -> Result<Vec<OutboxLineView>, AppError> {
    let Some(post) = post else {
        return Ok(Vec::new());
    };
    let planned = planned(read, row)?;
    Ok(post
        .lines
        .iter()
        .map(|line| {
            let known = planned.get(&line.equipment_code);
            let held = read_back.and_then(|read_back| {
                read_back
                    .lines
                    .iter()
                    .find(|held| held.equipment_code == line.equipment_code)
            });
            OutboxLineView {
                erp_code: line.equipment_code.clone(),
                material: known.map(|(_, material)| material.clone()),
                planned_g: known.map(|(mass, _)| mass.0),
                ours_g: line.consumed_g.0,
                erp_g: held.map(|held| held.erp_g.0),
                is_cut: held.is_some_and(|held| held.is_cut),
                is_proved: held.map(|held| held.is_proved),
            }
        })
        .collect())
}

fn view(read: &Read<'_>, id: OutboxId, rule: FourEyes) -> Result<OutboxView, AppError> {
    let row = read.outbox(id)?;
    let post = match row.kind {
        MessageKind::Consumption => serde_json::from_str::<ConsumptionPost>(&row.payload).ok(),
        MessageKind::MarkDone => serde_json::from_str::<DonePost>(&row.payload)
            .ok()
            .map(|post| post.posted),
        MessageKind::CancelOrder
        | MessageKind::EquipmentFailure
        | MessageKind::MaterialConsumption => None,
    };
    let read_back = row
        .read_back
        .as_deref()
        .and_then(|text| serde_json::from_str::<ReadBack>(text).ok());
    Ok(OutboxView {
        lines: lines(read, &row, post.as_ref(), read_back.as_ref())?,
        our_finished_g: post.and_then(|post| post.finished_g).map(|g| g.0),
        erp_finished_g: read_back.map(|read_back| read_back.erp_finished_g.0),
        attempts: read
            .outbox_attempts(id, ATTEMPTS)?
            .into_iter()
            .map(|attempt| OutboxAttemptView {
                number: attempt.number,
                act: attempt.act,
                began_at_ms: attempt.began_at_ms,
                ended_at_ms: attempt.ended_at_ms,
                outcome: attempt.outcome,
                answer: attempt.answer,
                times: attempt.times,
                last_at_ms: attempt.last_at_ms,
            })
            .collect(),
        attempt_count: read.outbox_attempt_count(id)?,
        row: row_view(read, &row, rule)?,
        content_hash: of_message(&row),
        key: row.key,
        confirmed_at_ms: row.confirmed_at_ms,
        items: row.items,
    })
}

pub(super) async fn outbox_get(
    context: &Context,
    request: OutboxGet,
) -> Result<OutboxView, AppError> {
    let inner = &context.app.inner;
    let rule = inner.four_eyes;
    inner
        .store
        .read(move |read| view(read, request.id, rule))
        .await
}
