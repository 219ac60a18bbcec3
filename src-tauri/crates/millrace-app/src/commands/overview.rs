//! The overview: is everything normal, what runs, what needs me in the next hour?

use millrace_core::erp_difference::Difference;
use millrace_core::ids::{BatchId, SiloNo};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::attention_record;
use super::build::{self, Labels};
use super::live::LinkStateView;
use super::session::Nothing;
use super::view::{BatchRowView, JournalView};
use crate::backup::job::Trouble;
use crate::error::AppError;
use millrace_core::batch::posting::Posting;
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::journal::JournalKind;
use millrace_core::silo::Judgement;
use millrace_store::table::batch::{BatchRow, HistoryFilter};
use millrace_store::table::journal::JournalRow;

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
    /// A block was refused; values are not believed.
    BlockRefused {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// Reasons.
        reason: String,
    },
    /// A finished dose is outside its tolerance.
    OutOfTolerance {
        /// Which batch.
        id: BatchId,
        /// Label.
        batch_label: String,
        /// Silo label.
        silo_label: String,
        /// Deviation.
        deviation_bp: i64,
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

/// What the line did in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing in the PLC.
    Idle,
    /// A batch ran.
    Running,
    /// A batch was paused.
    Paused,
    /// A batch was held by a fault.
    Held,
}

/// A stretch of the time line; gaps between stretches mean "no data".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhaseView {
    /// Begin.
    pub from_ms: i64,
    /// End.
    pub to_ms: i64,
    /// What it was.
    pub phase: Phase,
    /// Which batch.
    pub batch_label: Option<String>,
}

/// The overview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OverviewView {
    /// At most seven, most urgent first.
    pub attention: Vec<AttentionView>,
    /// Batches finished today (site time).
    pub today_batches: i64,
    /// Mass dosed today.
    pub today_g: i64,
    /// Mean deviation today.
    pub today_deviation_bp: Option<i64>,
    /// Stopped or failed today.
    pub today_stopped: i64,
    /// What the line did in the last eight hours.
    pub phases: Vec<PhaseView>,
    /// The next batch that is signed.
    pub next: Option<BatchRowView>,
    /// Last batches finished.
    pub recent: Vec<BatchRowView>,
    /// Latest events of the plant.
    pub events: Vec<JournalView>,
}

/// Rows that want a person, at the most.
const ATTENTION_MAX: usize = 7;
/// Stretch of the time line.
const PHASES_MS: i64 = 8 * 3_600_000;
/// Finished batches shown.
const RECENT: i64 = 5;
/// Events shown.
const EVENTS: i64 = 12;

pub(super) async fn overview_get(context: &Context, _: Nothing) -> Result<OverviewView, AppError> {
    let inner = &context.app.inner;
    let now_ms = inner.clock.now_ms();
    let live = context.app.live();
    let labels = Labels::new(inner);
    let problems = inner.problems.clone();
    let backups = inner.backups.troubles(now_ms);
    let record = attention_record::rows(inner);
    let day_begin_ms = day_begin(now_ms, &inner.site.zone);
    inner
        .store
        .read(move |read| {
            let levels = build::levels(read)?;
            let mut attention = record;

            for row in read.batches_in_slots()? {
                if let Some(reason) = &row.trouble {
                    attention.push(AttentionView::BlockRefused {
                        id: row.id,
                        batch_label: row.label.clone(),
                        reason: reason.clone(),
                    });
                }
            }
            if live.plc.state == LinkStateView::Lost {
                attention.push(AttentionView::PlcLost {
                    cause: live.plc.cause.clone().unwrap_or_default(),
                });
            }
            if live.plc_standing_still {
                attention.push(AttentionView::PlcProgramStopped);
            }
            for batch in live.batch.iter().chain(&live.queued) {
                if let Some(since_ms) = batch.stalled_since_ms {
                    attention.push(AttentionView::BatchStalled {
                        id: batch.id,
                        batch_label: batch.label.clone(),
                        since_ms,
                    });
                }
            }
            if live.plc_maintenance {
                attention.push(AttentionView::PlcMaintenance);
            }
            for message in read.outbox_page(&[Posting::Refused], None, 50)? {
                // What belongs to no batch is counted among the refused messages and stands in the outbox.
                let (Some(id), Some(batch_label)) = (message.batch_id, message.batch_label) else {
                    continue;
                };
                attention.push(AttentionView::PostingRefused {
                    id,
                    batch_label,
                    answer: message.last_answer.unwrap_or_default(),
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
            if live.erp.state == LinkStateView::Lost {
                attention.push(AttentionView::ErpLost {
                    cause: live.erp.cause.clone().unwrap_or_default(),
                    waiting: live.outbox.waiting + live.outbox.in_doubt,
                });
            }
            attention.extend(backups.into_iter().map(|trouble| match trouble {
                Trouble::Old(at_ms) => AttentionView::BackupOld { at_ms },
                Trouble::Failed(reason) => AttentionView::BackupFailed { reason },
                Trouble::NotRestorable(reason) => AttentionView::RestoreTestFailed { reason },
            }));
            attention.extend(problems.into_iter().map(|p| AttentionView::SetUp {
                area: p.area,
                message: p.message,
            }));

            let ended = read.batches_ended_between(day_begin_ms, i64::MAX)?;
            for row in ended
                .iter()
                .rev()
                .filter(|row| row.silo_actual_g.is_some())
                .take(3)
            {
                let actuals = read.batch_lines(row.id)?;
                for line in &row.recipe.silo_lines {
                    let actual = actuals
                        .iter()
                        .find(|a| a.silo == line.silo)
                        .and_then(|a| a.actual_g);
                    if let Some(actual) = actual
                        && row.run == Run::Complete
                        && line.tolerance.judge(line.planned_g, actual) != Judgement::Within
                        && let Some(deviation) =
                            millrace_core::silo::deviation(line.planned_g, actual)
                    {
                        attention.push(AttentionView::OutOfTolerance {
                            id: row.id,
                            batch_label: row.label.clone(),
                            silo_label: labels.of(line.silo),
                            deviation_bp: deviation.0,
                        });
                    }
                }
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

            let waiting = read.batches_with_words(&[BatchWord::Pending])?;
            if let Some(oldest) = waiting.iter().map(|row| row.created_at_ms).min() {
                attention.push(AttentionView::ApprovalsWaiting {
                    count: i64::try_from(waiting.len()).unwrap_or(i64::MAX),
                    oldest_at_ms: oldest,
                });
            }
            let approved = read.batches_with_words(&[BatchWord::Approved])?;
            let next = approved
                .iter()
                .find(|row| row.run == Run::Idle && row.release == Release::Approved);
            if let Some(next) = next.or_else(|| waiting.first()) {
                for line in &next.recipe.silo_lines {
                    if let Some(have) = levels.get(&line.silo).copied().flatten()
                        && have < line.planned_g
                    {
                        attention.push(AttentionView::SiloShort {
                            silo: line.silo,
                            label: labels.of(line.silo),
                            short_g: line.planned_g.0 - have.0,
                            batch_label: next.label.clone(),
                        });
                    }
                }
            }
            for silo in read.silos()? {
                if let Some(level) = levels.get(&silo.silo).copied().flatten()
                    && level < silo.low_g
                {
                    attention.push(AttentionView::SiloLow {
                        silo: silo.silo,
                        label: silo.label.clone(),
                        level_g: level.0,
                    });
                }
            }
            let refused = read.orders_refused_count(now_ms - PHASES_MS)?;
            if refused > 0 {
                attention.push(AttentionView::OrdersRefused { count: refused });
            }
            attention.truncate(ATTENTION_MAX);

            let (recent, _) = read.batches_history(&HistoryFilter {
                limit: RECENT,
                ..HistoryFilter::default()
            })?;
            let made: Vec<&BatchRow> = ended
                .iter()
                .filter(|row| row.silo_actual_g.is_some())
                .collect();
            let planned: i64 = made.iter().map(|row| row.recipe.silo_total().0).sum();
            let actual: i64 = made
                .iter()
                .filter_map(|row| row.silo_actual_g)
                .map(|g| g.0)
                .sum();
            Ok(OverviewView {
                attention,
                today_batches: count(&made, |row| row.run == Run::Complete),
                today_g: actual,
                today_deviation_bp: millrace_core::silo::deviation(
                    millrace_core::units::Grams(planned),
                    millrace_core::units::Grams(actual),
                )
                .map(|bp| bp.0),
                today_stopped: count(&made, |row| row.run != Run::Complete),
                phases: phases(
                    &read.journal_since(now_ms - PHASES_MS)?,
                    now_ms - PHASES_MS,
                    now_ms,
                ),
                next: next
                    .map(|row| build::batch_row(read, row, &levels, &labels))
                    .transpose()?,
                recent: recent
                    .iter()
                    .map(|row| build::batch_row(read, row, &levels, &labels))
                    .collect::<Result<_, _>>()?,
                events: read
                    .journal_latest(EVENTS)?
                    .into_iter()
                    .map(build::journal)
                    .collect(),
            })
        })
        .await
}

fn count(rows: &[&BatchRow], fits: fn(&BatchRow) -> bool) -> i64 {
    i64::try_from(rows.iter().filter(|row| fits(row)).count()).unwrap_or(i64::MAX)
}

/// Midnight of the site's day.
fn day_begin(now_ms: i64, zone: &str) -> i64 {
    jiff::Timestamp::from_millisecond(now_ms)
        .ok()
        .and_then(|now| now.in_tz(zone).ok())
        .and_then(|now| now.start_of_day().ok())
        .map_or(now_ms - PHASES_MS, |midnight| {
            midnight.timestamp().as_millisecond()
        })
}

/// What the line did, folded from the journal. Time while the PLC was lost stays a gap.
fn phases(events: &[JournalRow], from_ms: i64, to_ms: i64) -> Vec<PhaseView> {
    let mut out: Vec<PhaseView> = Vec::new();
    let mut since = None;
    let mut now: Option<(Phase, Option<String>)> = None;
    let mut close = |at: i64, now: &Option<(Phase, Option<String>)>, since: Option<i64>| {
        if let (Some((phase, label)), Some(since)) = (now, since)
            && at > since
        {
            out.push(PhaseView {
                from_ms: since,
                to_ms: at,
                phase: *phase,
                batch_label: label.clone(),
            });
        }
    };
    for event in events {
        let label = event.batch_label.clone();
        let next = match event.kind {
            JournalKind::BatchRunning | JournalKind::BatchResumed | JournalKind::BatchUnheld => {
                Some((Phase::Running, label))
            }
            // A decision ends the hold of its batch; what it does to the line comes as an event of its own.
            JournalKind::SlotSettled if label.is_some() => Some((Phase::Running, label)),
            JournalKind::DownloadWithdrawn => Some((Phase::Idle, None)),
            JournalKind::SlotSettled => continue,
            JournalKind::BatchPaused => Some((Phase::Paused, label)),
            JournalKind::BatchHeld => Some((Phase::Held, label)),
            JournalKind::BatchCompleted | JournalKind::BatchStopped | JournalKind::BatchFailed => {
                Some((Phase::Idle, None))
            }
            JournalKind::PlcLost => None,
            JournalKind::PlcBack => Some((Phase::Idle, None)),
            JournalKind::BatchCreated
            | JournalKind::BatchApproved
            | JournalKind::BatchRejected
            | JournalKind::BatchRevoked
            | JournalKind::BatchCancelled
            | JournalKind::DownloadPrepared
            | JournalKind::DownloadWritten
            | JournalKind::DownloadVerified
            | JournalKind::DownloadOffered
            | JournalKind::DownloadTaken
            | JournalKind::DownloadAborted
            | JournalKind::SiloStarted
            | JournalKind::SiloFinished
            | JournalKind::PauseRequested
            | JournalKind::HandedOver
            | JournalKind::ResumeRequested
            | JournalKind::StopRequested
            | JournalKind::BlockRefused
            | JournalKind::BlockHealed
            | JournalKind::AckWritten
            | JournalKind::SlotFreed
            | JournalKind::ManualEntered
            | JournalKind::BatchNote
            | JournalKind::PostingQueued
            | JournalKind::PostingPosted
            | JournalKind::PostingInDoubt
            | JournalKind::PostingRefused
            | JournalKind::PostingWaived
            | JournalKind::PostingByHand
            | JournalKind::OrderMarkedDone
            | JournalKind::SlotDecided
            | JournalKind::SlotHealed
            | JournalKind::FlagsSet
            | JournalKind::PlcRebooted
            | JournalKind::PlcProgramStopped
            | JournalKind::PlcProgramBack
            | JournalKind::PlcMaintenance
            | JournalKind::BatchStalled
            | JournalKind::BatchMoving
            | JournalKind::EquipmentFailureStored
            | JournalKind::ManualWeighingStored
            | JournalKind::AreaRefused
            | JournalKind::AreaHealed
            | JournalKind::ErpLost
            | JournalKind::ErpBack
            | JournalKind::OrdersImported
            | JournalKind::OrderDiffers
            | JournalKind::OrderAgrees
            | JournalKind::OrderDecided
            | JournalKind::BooksRestored
            | JournalKind::BackupFailed
            | JournalKind::RestoreTestFailed
            | JournalKind::BooksWritable => continue,
        };
        close(event.at_ms, &now, since);
        since = Some(event.at_ms.max(from_ms));
        now = next;
    }
    close(to_ms, &now, since);
    out
}
