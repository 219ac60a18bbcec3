//! History: what exactly happened in a batch, found again.

use millrace_core::batch::word::BatchWord;
use millrace_core::ids::BatchId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::silo::ChartTheme;
use super::view::BatchRowView;
use super::Context;
use super::build::{self, Labels};
use crate::error::AppError;
use millrace_core::error_code::ErrorCode;
use millrace_reports::chart::{self, ConsumptionBar};
use millrace_store::table::batch::HistoryFilter;

/// A page of finished batches, newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HistoryList {
    /// Part of the label or product; empty = all.
    #[serde(default)]
    pub search: String,
    /// Only these words; empty = all closed ones.
    #[serde(default)]
    pub words: Vec<BatchWord>,
    /// Continue after this batch (its id), for paging.
    pub before: Option<BatchId>,
    /// Rows a page, at most 200.
    pub limit: i64,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HistoryPage {
    /// Rows.
    pub rows: Vec<BatchRowView>,
    /// How many match in all.
    pub total: i64,
    /// Pass as `before` for the next page.
    pub next: Option<BatchId>,
}

/// The consumption chart of one batch.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchChartGet {
    /// Which.
    pub id: BatchId,
    /// Colours.
    pub theme: ChartTheme,
}

/// A drawn chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChartView {
    /// SVG text, without scripts or outside references.
    pub svg: String,
}

/// Rows a page at most.
const PAGE_MAX: i64 = 200;
/// Size of a drawn chart in pixels.
const CHART_SIZE: (u32, u32) = (880, 300);

pub(super) async fn history_list(context: &Context, request: HistoryList) -> Result<HistoryPage, AppError> {
    let labels = Labels::new(&context.app.inner);
    let limit = request.limit.clamp(1, PAGE_MAX);
    context
        .app
        .inner
        .store
        .read(move |read| {
            let filter = HistoryFilter { search: request.search.trim().to_owned(), words: request.words, before: request.before, limit };
            let (rows, total) = read.batches_history(&filter)?;
            let levels = build::Levels::new();
            let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
            Ok(HistoryPage {
                next: rows.last().filter(|_| is_full).map(|row| row.id),
                rows: rows.iter().map(|row| build::batch_row(read, row, &levels, &labels)).collect::<Result<_, _>>()?,
                total,
            })
        })
        .await
}

pub(super) async fn batch_chart(context: &Context, request: BatchChartGet) -> Result<ChartView, AppError> {
    let labels = Labels::new(&context.app.inner);
    let language = context.app.inner.site.language.clone();
    context
        .app
        .inner
        .store
        .read(move |read| {
            let row = read.batch(request.id)?;
            let actuals = read.batch_lines(request.id)?;
            let bars: Vec<ConsumptionBar> = row
                .recipe
                .silo_lines
                .iter()
                .map(|line| {
                    let actual = actuals.iter().find(|a| a.silo == line.silo).and_then(|a| a.actual_g);
                    let (low, high) = line.tolerance.limits(line.planned_g);
                    ConsumptionBar {
                        label: labels.of(line.silo),
                        material: line.material.clone(),
                        planned_g: line.planned_g.0,
                        actual_g: actual.map(|a| a.0),
                        low_g: Some(low.0),
                        high_g: Some(high.0),
                        is_outside: row.run.is_final() && actual.is_some_and(|a| a < low || a > high),
                    }
                })
                .collect();
            Ok(ChartView { svg: draw(&bars, &row.label, request.theme, &language)? })
        })
        .await
}

/// The consumption chart, in the installation's language: the same bytes on screen and on paper.
pub(super) fn draw(bars: &[ConsumptionBar], title: &str, theme: ChartTheme, language: &str) -> Result<String, AppError> {
    let (planned, actual) = match language {
        "nl" => ("Gepland", "Werkelijk"),
        "id" => ("Rencana", "Aktual"),
        _ => ("Plan", "Actual"),
    };
    let labels = chart::ChartLabels {
        title: title.to_owned(),
        planned: planned.to_owned(),
        actual: actual.to_owned(),
        unit: "kg".to_owned(),
    };
    let theme = match theme {
        ChartTheme::Day => chart::Theme::Day,
        ChartTheme::Night => chart::Theme::Night,
        ChartTheme::Print => chart::Theme::Print,
    };
    chart::consumption(bars, &labels, theme, CHART_SIZE)
        .map_err(|error| AppError::fault(ErrorCode::Internal, "the chart could not be drawn", &error))
}
