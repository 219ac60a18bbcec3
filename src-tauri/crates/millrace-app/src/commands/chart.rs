//! Charts that are drawn here, the same bytes on screen and on paper (`millrace-reports` draws).

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_reports::chart::{self, ConsumptionBar};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::build::Labels;
use crate::error::AppError;

/// Colours of a drawn chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChartTheme {
    /// Light.
    Day,
    /// Dark.
    Night,
    /// On white paper.
    Print,
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

/// Size of a drawn chart in pixels.
const CHART_SIZE: (u32, u32) = (880, 300);

pub(super) async fn batch_chart(
    context: &Context,
    request: BatchChartGet,
) -> Result<ChartView, AppError> {
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
                    let actual = actuals
                        .iter()
                        .find(|a| a.silo == line.silo)
                        .and_then(|a| a.actual_g);
                    let (low, high) = line.tolerance.limits(line.planned_g);
                    ConsumptionBar {
                        label: labels.of(line.silo),
                        material: line.material.clone(),
                        planned_g: line.planned_g.0,
                        actual_g: actual.map(|a| a.0),
                        low_g: Some(low.0),
                        high_g: Some(high.0),
                        is_outside: row.run.is_final()
                            && actual.is_some_and(|a| a < low || a > high),
                    }
                })
                .collect();
            Ok(ChartView {
                svg: draw(&bars, &row.label, request.theme, &language)?,
            })
        })
        .await
}

/// The consumption chart, in the installation's language: the same bytes on screen and on paper.
pub(super) fn draw(
    bars: &[ConsumptionBar],
    title: &str,
    theme: ChartTheme,
    language: &str,
) -> Result<String, AppError> {
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
    chart::consumption(bars, &labels, theme, CHART_SIZE).map_err(|error| {
        AppError::fault(ErrorCode::Internal, "the chart could not be drawn", &error)
    })
}
