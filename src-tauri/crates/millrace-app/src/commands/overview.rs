//! The overview: is everything normal, what runs, what needs me in the next hour?

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::attention::{self, AttentionView, Seen};
use super::attention_record;
use super::build::{self, Labels};
use super::session::Nothing;
use super::view::{BatchRowView, JournalView};
use crate::error::AppError;
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::journal::JournalKind;
use millrace_store::table::batch::{BatchRow, HistoryFilter};
use millrace_store::table::journal::JournalRow;

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
    let areas = inner.image().area_trouble.clone();
    let day_begin_ms = day_begin(now_ms, &inner.site.zone);
    inner
        .store
        .read(move |read| {
            let levels = build::levels(read)?;
            let ended = read.batches_ended_between(day_begin_ms, i64::MAX)?;
            let waiting = read.batches_with_words(&[BatchWord::Pending])?;
            let approved = read.batches_with_words(&[BatchWord::Approved])?;
            let next = approved
                .iter()
                .find(|row| row.run == Run::Idle && row.release == Release::Approved);
            let seen = Seen {
                now_ms,
                live: &live,
                labels: &labels,
                levels: &levels,
                problems,
                backups,
                record,
                areas,
                ended: &ended,
                waiting: &waiting,
                next,
            };
            let attention = attention::list(read, seen)?;

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
            | JournalKind::PostingCloseAsked
            | JournalKind::PostingAskEnded
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
            | JournalKind::GuaranteeChanged
            | JournalKind::OrdersImported
            | JournalKind::OrderDiffers
            | JournalKind::OrderAgrees
            | JournalKind::OrderDecided
            | JournalKind::StockCorrected
            | JournalKind::DeviationAccepted
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
