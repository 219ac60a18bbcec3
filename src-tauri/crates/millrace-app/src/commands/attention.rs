//! What wants a person, most urgent first: the list on the overview. Leaves out what is only shown
//! ([`super::overview`]) and what the banner makes of the live snapshot (the UI).

use std::collections::BTreeMap;

use millrace_core::batch::posting::Posting;
use millrace_core::erp_difference::Difference;
use millrace_core::ids::{BatchId, SiloNo};
use millrace_store::Read;
use millrace_store::table::area_step::Area;
use millrace_store::table::batch::BatchRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::build::{Labels, Levels};
use super::live::{LinkStateView, LiveView};
use super::session::StartProblem;
use crate::backup::job::Trouble;
use crate::error::AppError;
use crate::jobs::message::subject;

/// Something that wants a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum AttentionView {
    /// The record does not verify.
    RecordBad {
        /// Since when it is told, UTC milliseconds.
        since_ms: i64,
        /// The first thing that does not fit; English.
        sentence: String,
    },
    /// Batches wait for a signature.
    ApprovalsWaiting {
        /// How many.
        count: i64,
        /// When the oldest came in.
        oldest_at_ms: i64,
    },
    /// An order is not in the ERP as it was accepted, and nobody has decided about it.
    OrderDiffers {
        /// A batch of it that is still open.
        id: BatchId,
        /// The order's name.
        order_name: String,
        /// How it differs.
        difference: Difference,
    },
    /// A silo is below its low mark.
    SiloLow {
        /// Which.
        silo: SiloNo,
        /// Label.
        label: String,
        /// Level.
        level_g: i64,
    },
    /// A silo cannot serve the next batch.
    SiloShort {
        /// Which.
        silo: SiloNo,
        /// Label.
        label: String,
        /// Missing mass.
        short_g: i64,
        /// For which batch.
        batch_label: String,
    },
    /// The PLC does not answer.
    PlcLost {
        /// The cause in words.
        cause: String,
    },
    /// The PLC answers, its program stands still.
    PlcProgramStopped,
    /// The PLC reports a CPU error that does not stop it.
    PlcMaintenance,
    /// Nothing falls although a batch runs.
    BatchStalled {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// Since when.
        since_ms: i64,
    },
    /// The ERP does not answer; messages wait.
    ErpLost {
        /// The cause in words.
        cause: String,
        /// Waiting messages.
        waiting: i64,
    },
    /// The ERP refused a message.
    PostingRefused {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// The ERP's words.
        answer: String,
    },
    /// The ERP refused a message that belongs to no batch: an equipment failure.
    FailureRefused {
        /// Equipment code.
        equipment_code: String,
        /// The ERP's words.
        answer: String,
    },
    /// Manual weighings that the PLC reported fit no line of ours.
    WeighingsUnknown {
        /// How many of late.
        count: i64,
        /// The order's name of the newest, as the PLC has it.
        order_name: String,
        /// Why no line took it; English.
        reason: String,
    },
    /// The words of one of the PLC's areas are not believed.
    AreaRefused {
        /// `equipment_failure` or `manual_weighing`.
        area: String,
        /// Reasons.
        reason: String,
    },
    /// A block was refused; values are not believed.
    BlockRefused {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// Reasons.
        reason: String,
    },
    /// Lines of batches that have ended lie outside their tolerance, and nobody has accepted them.
    DeviationsOpen {
        /// How many lines.
        count: i64,
        /// In how many batches.
        batches: i64,
        /// The batch that ended first.
        id: BatchId,
        /// Its label.
        batch_label: String,
    },
    /// Orders were refused at intake.
    OrdersRefused {
        /// How many.
        count: i64,
    },
    /// Set-up problem at start.
    SetUp {
        /// What it concerns.
        area: String,
        /// The sentence.
        message: String,
    },
    /// The last backup is too old.
    BackupOld {
        /// When it was made, UTC milliseconds; `None` = there is none.
        at_ms: Option<i64>,
    },
    /// The last backup failed.
    BackupFailed {
        /// Why; English.
        reason: String,
    },
    /// The newest restore test failed.
    RestoreTestFailed {
        /// Why; English.
        reason: String,
    },
    /// A manual line of a finished batch is not weighed yet.
    ManualLineOpen {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// Material.
        material: String,
    },
}

/// Rows at the most.
const ATTENTION_MAX: usize = 7;
/// How far back something counts that nobody can tick off.
const RECENT_MS: i64 = 8 * 3_600_000;
/// Weighings looked at.
const WEIGHINGS: i64 = 20;

/// What the list is made of beside the books.
pub(super) struct Seen<'a> {
    pub(super) now_ms: i64,
    pub(super) live: &'a LiveView,
    pub(super) labels: &'a Labels,
    pub(super) levels: &'a Levels,
    pub(super) problems: Vec<StartProblem>,
    pub(super) backups: Vec<Trouble>,
    /// That the record does not verify.
    pub(super) record: Vec<AttentionView>,
    /// Why the content of an area of the PLC is not believed.
    pub(super) areas: BTreeMap<Area, String>,
    /// Ended today, oldest first.
    pub(super) ended: &'a [BatchRow],
    /// Pending batches.
    pub(super) waiting: &'a [BatchRow],
    /// The next signed batch.
    pub(super) next: Option<&'a BatchRow>,
}

/// At most seven, most urgent first.
pub(super) fn list(read: &Read<'_>, seen: Seen<'_>) -> Result<Vec<AttentionView>, AppError> {
    let now_ms = seen.now_ms;
    let mut attention = seen.record;

    for row in read.batches_in_slots()? {
        if let Some(reason) = &row.trouble {
            attention.push(AttentionView::BlockRefused {
                id: row.id,
                batch_label: row.label.clone(),
                reason: reason.clone(),
            });
        }
    }
    if seen.live.plc.state == LinkStateView::Lost {
        attention.push(AttentionView::PlcLost {
            cause: seen.live.plc.cause.clone().unwrap_or_default(),
        });
    }
    if seen.live.plc_standing_still {
        attention.push(AttentionView::PlcProgramStopped);
    }
    for batch in seen.live.batch.iter().chain(&seen.live.queued) {
        if let Some(since_ms) = batch.stalled_since_ms {
            attention.push(AttentionView::BatchStalled {
                id: batch.id,
                batch_label: batch.label.clone(),
                since_ms,
            });
        }
    }
    if seen.live.plc_maintenance {
        attention.push(AttentionView::PlcMaintenance);
    }
    for message in read.outbox_page(&[Posting::Refused], None, 50)? {
        let answer = message.last_answer.clone().unwrap_or_default();
        attention.push(match (message.batch_id, &message.batch_label) {
            (Some(id), Some(label)) => AttentionView::PostingRefused {
                id,
                batch_label: label.clone(),
                answer,
            },
            _ => AttentionView::FailureRefused {
                equipment_code: subject(&message),
                answer,
            },
        });
    }
    for (area, reason) in &seen.areas {
        attention.push(AttentionView::AreaRefused {
            area: area.word().to_owned(),
            reason: reason.clone(),
        });
    }
    // What was entered in a line, or lies longer back, stands on the PLC screen alone.
    let mut weighings = read.weighings_latest(WEIGHINGS)?;
    weighings.retain(|row| row.note.is_some() && row.stored_at_ms >= now_ms - RECENT_MS);
    let count = i64::try_from(weighings.len()).unwrap_or(i64::MAX);
    if let Some(newest) = weighings.into_iter().next() {
        attention.push(AttentionView::WeighingsUnknown {
            count,
            order_name: newest.order_name,
            reason: newest.note.unwrap_or_default(),
        });
    }
    for order in read.orders_differing()? {
        let open = read
            .batches_of_order(order.id)?
            .into_iter()
            .find(|batch| batch.word().is_open());
        if let (Some(open), Some(found)) = (open, order.difference) {
            attention.push(AttentionView::OrderDiffers {
                id: open.id,
                order_name: order.name,
                difference: found.difference,
            });
        }
    }
    if seen.live.erp.state == LinkStateView::Lost {
        attention.push(AttentionView::ErpLost {
            cause: seen.live.erp.cause.clone().unwrap_or_default(),
            waiting: seen.live.outbox.waiting + seen.live.outbox.in_doubt,
        });
    }
    attention.extend(seen.backups.into_iter().map(|trouble| match trouble {
        Trouble::Old(at_ms) => AttentionView::BackupOld { at_ms },
        Trouble::Failed(reason) => AttentionView::BackupFailed { reason },
        Trouble::NotRestorable(reason) => AttentionView::RestoreTestFailed { reason },
    }));
    attention.extend(seen.problems.into_iter().map(|p| AttentionView::SetUp {
        area: p.area,
        message: p.message,
    }));

    if let Some(open) = read.deviations_open()? {
        attention.push(AttentionView::DeviationsOpen {
            count: open.lines,
            batches: open.batches,
            id: open.oldest,
            batch_label: open.oldest_label,
        });
    }
    for row in seen
        .ended
        .iter()
        .rev()
        .filter(|row| row.silo_actual_g.is_some())
        .take(3)
    {
        for line in read
            .manual_lines(row.id)?
            .into_iter()
            .filter(|line| line.actual_g.is_none())
        {
            attention.push(AttentionView::ManualLineOpen {
                id: row.id,
                batch_label: row.label.clone(),
                material: line.material,
            });
        }
    }

    if let Some(oldest) = seen.waiting.iter().map(|row| row.created_at_ms).min() {
        attention.push(AttentionView::ApprovalsWaiting {
            count: i64::try_from(seen.waiting.len()).unwrap_or(i64::MAX),
            oldest_at_ms: oldest,
        });
    }
    if let Some(next) = seen.next.or_else(|| seen.waiting.first()) {
        for line in &next.recipe.silo_lines {
            if let Some(have) = seen.levels.get(&line.silo).copied().flatten()
                && have < line.planned_g
            {
                attention.push(AttentionView::SiloShort {
                    silo: line.silo,
                    label: seen.labels.of(line.silo),
                    short_g: line.planned_g.0 - have.0,
                    batch_label: next.label.clone(),
                });
            }
        }
    }
    for silo in read.silos()? {
        if let Some(level) = seen.levels.get(&silo.silo).copied().flatten()
            && level < silo.low_g
        {
            attention.push(AttentionView::SiloLow {
                silo: silo.silo,
                label: silo.label.clone(),
                level_g: level.0,
            });
        }
    }
    let refused = read.orders_refused_count(now_ms - RECENT_MS)?;
    if refused > 0 {
        attention.push(AttentionView::OrdersRefused { count: refused });
    }
    attention.truncate(ATTENTION_MAX);
    Ok(attention)
}
