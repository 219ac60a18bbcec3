//! Views from rows: the one place where stored batches become what leaves the backend.

use std::collections::BTreeMap;

use millrace_core::access::four_eyes::FourEyes;
use millrace_core::batch::posting::{Posting, ReadBack};
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::erp::ConsumptionPost;
use millrace_core::ids::SiloNo;
use millrace_core::registers::handshake::DownloadStep;
use millrace_core::registers::plc_text;
use millrace_core::silo::deviation;
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::journal::JournalRow;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use millrace_store::{Read, StoreError};

use super::view::{
    BatchLineView, BatchRowView, BatchView, DownloadStepName, DownloadStepView, JournalView,
    ManualLineView, PlcTextView, PostingView, ReadBackLineView, ShortageView,
};
use crate::commands::live::LinkStateView;
use crate::engine::live::plc_link;
use crate::error::AppError;
use crate::inner::Inner;
use crate::session::Caller;

/// Events that a batch's view carries.
const EVENTS: i64 = 200;

/// Levels by the ledger.
pub(crate) type Levels = BTreeMap<SiloNo, Option<Grams>>;

/// The level of every silo.
pub(crate) fn levels(read: &Read<'_>) -> Result<Levels, StoreError> {
    let mut levels = Levels::new();
    for silo in read.silos()? {
        levels.insert(
            silo.silo,
            read.silo_last_movement(silo.silo)?.map(|m| m.level_g),
        );
    }
    Ok(levels)
}

/// A journal row.
pub(crate) fn journal(row: JournalRow) -> JournalView {
    JournalView {
        seq: row.seq,
        at_ms: row.at_ms,
        batch_id: row.batch_id,
        batch_label: row.batch_label,
        kind: row.kind,
        params: row.params,
    }
}

/// A batch in a list. `labels` names the silos.
pub(crate) fn batch_row(
    read: &Read<'_>,
    row: &BatchRow,
    levels: &Levels,
    labels: &Labels,
) -> Result<BatchRowView, StoreError> {
    let manual: i64 = read
        .manual_lines(row.id)?
        .iter()
        .filter_map(|line| line.actual_g)
        .map(|g| g.0)
        .sum();
    let silo_actual = match row.silo_actual_g {
        Some(actual) => Some(actual.0),
        None if row.run.is_live() => {
            let lines = read.batch_lines(row.id)?;
            lines
                .iter()
                .any(|l| l.actual_g.is_some())
                .then(|| lines.iter().filter_map(|l| l.actual_g).map(|g| g.0).sum())
        }
        None => None,
    };
    let shortages =
        if row.run == Run::Idle && matches!(row.release, Release::Pending | Release::Approved) {
            row.recipe
                .silo_lines
                .iter()
                .filter_map(|line| {
                    let have = levels.get(&line.silo).copied().flatten()?;
                    (have < line.planned_g).then(|| ShortageView {
                        silo: line.silo,
                        label: labels.of(line.silo),
                        need_g: line.planned_g.0,
                        have_g: have.0,
                    })
                })
                .collect()
        } else {
            Vec::new()
        };
    Ok(BatchRowView {
        id: row.id,
        label: row.label.clone(),
        order_name: row.recipe.order_name.clone(),
        product: row.recipe.product_name.clone(),
        word: row.word(),
        release: row.release,
        run: row.run,
        posting: row.posting,
        held: row.run == Run::Held,
        version: row.version,
        content_hash: row.content_hash.clone(),
        planned_g: row.recipe.planned_g.0,
        actual_g: silo_actual
            .map(|g| g + manual)
            .or((manual > 0).then_some(manual)),
        deviation_bp: row
            .silo_actual_g
            .and_then(|actual| deviation(row.recipe.silo_total(), actual))
            .map(|bp| bp.0),
        due_ms: row.due_ms,
        created_at_ms: row.created_at_ms,
        approved_at_ms: row.approved_at_ms,
        approved_by: row.approved_by.clone(),
        started_at_ms: row.started_at_ms,
        ended_at_ms: row.ended_at_ms,
        slot: row.slot,
        shortages,
        order_differs: row.word().is_open() && read.order_differs(row.order_id)?,
    })
}

/// Silo labels, copied so that a reading thread can hold them.
#[derive(Debug, Clone)]
pub(crate) struct Labels(BTreeMap<SiloNo, String>);

impl Labels {
    pub(crate) fn new(inner: &Inner) -> Labels {
        Labels(
            inner
                .silos
                .iter()
                .map(|s| (s.row.silo, s.row.label.clone()))
                .collect(),
        )
    }

    pub(crate) fn of(&self, silo: SiloNo) -> String {
        self.0
            .get(&silo)
            .cloned()
            .unwrap_or_else(|| silo.to_string())
    }
}

/// What a batch's view needs beside the books.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(super) caller: Caller,
    pub(super) labels: Labels,
    pub(super) has_map: bool,
    pub(super) has_command_word: bool,
    pub(super) is_plc_good: bool,
    pub(super) has_free_slot: bool,
    pub(super) in_plc_max: usize,
    pub(super) four_eyes: FourEyes,
    pub(super) plc_chars: Option<std::sync::Arc<millrace_core::registers::RegisterMap>>,
}

impl Standing {
    pub(crate) fn new(inner: &Inner, caller: &Caller) -> Standing {
        let link = plc_link(inner, inner.plc_link().as_ref());
        Standing {
            caller: caller.clone(),
            labels: Labels::new(inner),
            has_map: inner.map.is_some(),
            has_command_word: inner.has_command_word(),
            is_plc_good: matches!(link.state, LinkStateView::Good | LinkStateView::Degraded),
            has_free_slot: inner.image().free_slot().is_some(),
            in_plc_max: inner.batches_in_plc_max,
            four_eyes: inner.four_eyes,
            plc_chars: inner.map.clone(),
        }
    }
}

/// The whole view of a batch.
pub(crate) fn batch(
    read: &Read<'_>,
    row: &BatchRow,
    standing: &Standing,
) -> Result<BatchView, AppError> {
    let levels = levels(read)?;
    let actuals = read.batch_lines(row.id)?;
    let lines = row
        .recipe
        .silo_lines
        .iter()
        .map(|line| {
            let actual = actuals
                .iter()
                .find(|a| a.silo == line.silo)
                .and_then(|a| a.actual_g);
            let is_final = row.run.is_final();
            let (low, high) = line.tolerance.limits(line.planned_g);
            BatchLineView {
                silo: line.silo,
                label: standing.labels.of(line.silo),
                material: line.material.clone(),
                planned_g: line.planned_g.0,
                low_g: low.0,
                high_g: high.0,
                actual_g: actual.map(|a| a.0),
                deviation_bp: actual
                    .filter(|_| is_final)
                    .and_then(|a| deviation(line.planned_g, a))
                    .map(|bp| bp.0),
                judgement: actual
                    .filter(|_| is_final)
                    .map(|a| line.tolerance.judge(line.planned_g, a)),
                have_g: levels.get(&line.silo).copied().flatten().map(|g| g.0),
            }
        })
        .collect();
    let manual_lines = read
        .manual_lines(row.id)?
        .into_iter()
        .map(|line| ManualLineView {
            line_no: line.line_no,
            material: line.material,
            planned_g: line.planned_g.0,
            actual_g: line.actual_g.map(|g| g.0),
            entered_by: line.entered_by,
            entered_at_ms: line.entered_at_ms,
        })
        .collect();
    let mut signatures = Vec::new();
    for s in read.signatures(row.id)? {
        signatures.push(super::signature::view(read, s)?);
    }
    let committed = read.download_steps(row.id)?;
    let steps = if row.download_step.is_some() {
        [
            (DownloadStep::Prepared, DownloadStepName::Prepared),
            (DownloadStep::Written, DownloadStepName::Written),
            (DownloadStep::Verified, DownloadStepName::Verified),
            (DownloadStep::Offered, DownloadStepName::Offered),
            (DownloadStep::Taken, DownloadStepName::Taken),
        ]
        .into_iter()
        .map(|(step, name)| DownloadStepView {
            step: name,
            at_ms: committed
                .iter()
                .find(|(s, _)| *s == step)
                .map(|(_, at)| *at),
        })
        .collect()
    } else {
        Vec::new()
    };
    let message = read
        .outbox_of_batch(row.id)?
        .into_iter()
        .find(|m| m.kind == MessageKind::Consumption);
    let texts = [&row.recipe.order_name, &row.recipe.product_name];
    let plc_texts = standing.plc_chars.as_ref().map_or_else(Vec::new, |map| {
        texts
            .into_iter()
            .map(|full| PlcTextView {
                full: full.clone(),
                in_plc: plc_text(full, map),
            })
            .filter(|text| text.full != text.in_plc)
            .collect()
    });
    Ok(BatchView {
        row: batch_row(read, row, &levels, &standing.labels)?,
        line: row.recipe.line_name.clone(),
        lines,
        manual_lines,
        deviations: super::deviation::views(read, row, &standing.labels)?,
        signatures,
        steps,
        events: read
            .journal_of_batch(row.id, EVENTS)?
            .into_iter()
            .map(journal)
            .collect(),
        posting: posting(row, message.as_ref()),
        actions: super::action::actions(read, row, standing)?,
        finished_g: row.finished_g.map(|g| g.0),
        order_difference: super::order_decide::difference(read, &read.order(row.order_id)?)?
            .filter(|_| row.word().is_open()),
        lot_notes: if row.word().is_open() {
            read.order_lot_notes(row.order_id)?
        } else {
            Vec::new()
        },
        plc_texts,
    })
}

fn posting(row: &BatchRow, message: Option<&OutboxRow>) -> PostingView {
    let read_back: Option<ReadBack> = message
        .and_then(|m| m.read_back.as_deref())
        .and_then(|text| serde_json::from_str(text).ok());
    let post: Option<ConsumptionPost> = message.and_then(|m| serde_json::from_str(&m.payload).ok());
    PostingView {
        state: row.posting,
        attempts: message.map_or(0, |m| m.attempts),
        next_at_ms: message
            .filter(|m| {
                matches!(
                    m.state,
                    Posting::Queued | Posting::Sending | Posting::InDoubt
                )
            })
            .map(|m| m.next_at_ms),
        confirmed_at_ms: message.and_then(|m| m.confirmed_at_ms),
        last_answer: message.and_then(|m| m.last_answer.clone()),
        read_back: read_back.as_ref().map_or_else(Vec::new, |r| {
            r.lines
                .iter()
                .map(|line| ReadBackLineView {
                    erp_code: line.equipment_code.clone(),
                    ours_g: line.ours_g.0,
                    erp_g: line.erp_g.0,
                    is_cut: line.is_cut,
                })
                .collect()
        }),
        erp_finished_g: read_back.as_ref().map(|r| r.erp_finished_g.0),
        our_finished_g: post.and_then(|p| p.finished_g).map(|g| g.0),
    }
}
