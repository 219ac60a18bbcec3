//! Silos: levels by our ledger, movements, consumption planned against actual.

use millrace_core::ids::{BatchId, SiloNo};
use millrace_core::silo::MovementKind;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::error_code::ErrorCode;
use millrace_core::signature::ObjectKind;
use millrace_core::silo::deviation;
use millrace_reports::chart::ConsumptionBar;

use super::Context;
use super::build::Labels;
use super::chart::ChartTheme;
use super::session::Nothing;
use super::signature::{self, SignatureView};
use crate::error::AppError;

/// A silo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiloView {
    /// Its number.
    pub silo: SiloNo,
    /// Its label.
    pub label: String,
    /// The ERP's equipment code.
    pub erp_code: String,
    /// What it holds.
    pub material: String,
    /// True for a tank.
    pub is_liquid: bool,
    /// Capacity.
    pub capacity_g: i64,
    /// Low mark.
    pub low_g: i64,
    /// Largest single dose.
    pub max_dose_g: i64,
    /// Level by the ledger (*calc.*); `None` = never known.
    pub level_g: Option<i64>,
    /// Need of the signed and waiting batches.
    pub next_need_g: i64,
    /// Hours until the low mark at today's rate; `None` = not falling.
    pub hours_to_low: Option<i64>,
    /// Levels of the last hour, oldest first, one a minute.
    pub spark_g: Vec<i64>,
    /// Last movement.
    pub moved_at_ms: Option<i64>,
}

/// All silos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiloList {
    /// In the plant's order.
    pub silos: Vec<SiloView>,
}

/// Which stretch of time, and in which theme to draw.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ConsumptionGet {
    /// Begin.
    pub from_ms: i64,
    /// End.
    pub to_ms: i64,
    /// `day` or `night`.
    pub theme: ChartTheme,
}

/// Planned against actual of one silo over a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConsumptionLineView {
    /// The silo.
    pub silo: SiloNo,
    /// Its label.
    pub label: String,
    /// Planned in finished batches.
    pub planned_g: i64,
    /// Dosed.
    pub actual_g: i64,
    /// Deviation.
    pub deviation_bp: Option<i64>,
    /// Number of doses.
    pub doses: i64,
}

/// Consumption over a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConsumptionView {
    /// One line a silo that was used.
    pub lines: Vec<ConsumptionLineView>,
    /// Number of batches.
    pub batches: i64,
    /// The chart as SVG (the same that reports print).
    pub svg: String,
}

/// Movements of one silo.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MovementList {
    /// Which silo; `None` = all.
    pub silo: Option<SiloNo>,
    /// How many, at most 500.
    pub limit: i64,
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovementView {
    /// Position in the ledger.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Silo.
    pub silo: SiloNo,
    /// Its label.
    pub label: String,
    /// Why.
    pub kind: MovementKind,
    /// Change, negative when taken out.
    pub delta_g: i64,
    /// Level after it.
    pub level_g: i64,
    /// Batch, for a dose.
    pub batch_id: Option<BatchId>,
    /// Its label.
    pub batch_label: Option<String>,
    /// Who counted, and why; `valid` is false when the row is not what was signed.
    pub signature: Option<SignatureView>,
}

/// Movements, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovementPage {
    /// The rows.
    pub rows: Vec<MovementView>,
}

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;
/// Stretch over which "hours to low" looks back.
const RATE_HOURS: i64 = 8;

pub(super) async fn silo_list(context: &Context, _: Nothing) -> Result<SiloList, AppError> {
    let now_ms = context.app.inner.clock.now_ms();
    context
        .app
        .inner
        .store
        .read(move |read| {
            let open = read.batches_with_words(&[BatchWord::Pending, BatchWord::Approved])?;
            let mut silos = Vec::new();
            for row in read.silos()? {
                let moves =
                    read.silo_movements(Some(row.silo), now_ms - RATE_HOURS * HOUR_MS, 5_000)?;
                let last = read.silo_last_movement(row.silo)?;
                let level = last.as_ref().map(|m| m.level_g.0);
                let used: i64 = moves
                    .iter()
                    .filter(|m| m.kind == MovementKind::Dosing)
                    .map(|m| -m.delta_g.0)
                    .sum();
                let per_hour = used / RATE_HOURS;
                let need: i64 = open
                    .iter()
                    .filter(|batch| batch.run == Run::Idle)
                    .flat_map(|batch| &batch.recipe.silo_lines)
                    .filter(|line| line.silo == row.silo)
                    .map(|line| line.planned_g.0)
                    .sum();
                let opened_ms = moves
                    .iter()
                    .filter(|m| m.kind == MovementKind::Opening)
                    .map(|m| m.at_ms)
                    .min();
                // Level at the end of each of the last 60 minutes, from the newest movement back.
                let mut spark_g = Vec::with_capacity(60);
                if let Some(level) = level {
                    for minute in (0..60).rev() {
                        let at = now_ms - minute * MINUTE_MS;
                        // Before the ledger was opened there was no level.
                        if opened_ms.is_some_and(|opened| at < opened) {
                            continue;
                        }
                        let after: i64 = moves
                            .iter()
                            .filter(|m| m.at_ms > at)
                            .map(|m| m.delta_g.0)
                            .sum();
                        spark_g.push(level - after);
                    }
                }
                silos.push(SiloView {
                    silo: row.silo,
                    label: row.label,
                    erp_code: row.erp_code,
                    material: row.material,
                    is_liquid: row.is_liquid,
                    capacity_g: row.capacity_g.0,
                    low_g: row.low_g.0,
                    max_dose_g: row.max_dose_g.0,
                    level_g: level,
                    next_need_g: need,
                    hours_to_low: level
                        .filter(|_| per_hour > 0)
                        .map(|level| (level - row.low_g.0).max(0) / per_hour),
                    spark_g,
                    moved_at_ms: last.map(|m| m.at_ms),
                });
            }
            Ok(SiloList { silos })
        })
        .await
}

pub(super) async fn silo_consumption(
    context: &Context,
    request: ConsumptionGet,
) -> Result<ConsumptionView, AppError> {
    if request.from_ms >= request.to_ms {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            "the stretch of time ends before it begins",
        ));
    }
    let labels = Labels::new(&context.app.inner);
    let language = context.app.inner.site.language.clone();
    context
        .app
        .inner
        .store
        .read(move |read| {
            let (rows, batches) = read.consumption_between(request.from_ms, request.to_ms)?;
            let bars: Vec<ConsumptionBar> = rows
                .iter()
                .map(|row| ConsumptionBar {
                    label: labels.of(row.silo),
                    material: String::new(),
                    planned_g: row.planned_g.0,
                    actual_g: Some(row.actual_g.0),
                    low_g: None,
                    high_g: None,
                    is_outside: false,
                })
                .collect();
            let lines = rows
                .iter()
                .map(|row| ConsumptionLineView {
                    silo: row.silo,
                    label: labels.of(row.silo),
                    planned_g: row.planned_g.0,
                    actual_g: row.actual_g.0,
                    deviation_bp: deviation(row.planned_g, row.actual_g).map(|bp| bp.0),
                    doses: row.doses,
                })
                .collect();
            let svg = super::chart::draw(&bars, "", request.theme, &language)?;
            Ok(ConsumptionView {
                lines,
                batches,
                svg,
            })
        })
        .await
}

pub(super) async fn silo_movements(
    context: &Context,
    request: MovementList,
) -> Result<MovementPage, AppError> {
    let labels = Labels::new(&context.app.inner);
    let limit = request.limit.clamp(1, 500);
    context
        .app
        .inner
        .store
        .read(move |read| {
            let mut rows = Vec::new();
            for row in read.silo_movements(request.silo, i64::MIN, limit)? {
                let signature = read.signature_last(ObjectKind::SiloMovement, row.seq)?;
                let signature = signature.map(|s| signature::view(read, s)).transpose()?;
                rows.push(MovementView {
                    seq: row.seq,
                    at_ms: row.at_ms,
                    silo: row.silo,
                    label: labels.of(row.silo),
                    kind: row.kind,
                    delta_g: row.delta_g.0,
                    level_g: row.level_g.0,
                    batch_id: row.batch_id,
                    batch_label: row.batch_label,
                    signature,
                });
            }
            Ok(MovementPage { rows })
        })
        .await
}
