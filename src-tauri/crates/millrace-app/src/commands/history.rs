//! History: what exactly happened in a batch, found again.

use millrace_core::batch::word::BatchWord;
use millrace_core::ids::BatchId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::build::{self, Labels};
use super::view::BatchRowView;
use crate::error::AppError;
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

/// Rows a page at most.
const PAGE_MAX: i64 = 200;
pub(super) async fn history_list(
    context: &Context,
    request: HistoryList,
) -> Result<HistoryPage, AppError> {
    let labels = Labels::new(&context.app.inner);
    let limit = request.limit.clamp(1, PAGE_MAX);
    context
        .app
        .inner
        .store
        .read(move |read| {
            let filter = HistoryFilter {
                search: request.search.trim().to_owned(),
                words: request.words,
                before: request.before,
                limit,
            };
            let (rows, total) = read.batches_history(&filter)?;
            let levels = build::Levels::new();
            let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
            Ok(HistoryPage {
                next: rows.last().filter(|_| is_full).map(|row| row.id),
                rows: rows
                    .iter()
                    .map(|row| build::batch_row(read, row, &levels, &labels))
                    .collect::<Result<_, _>>()?,
                total,
            })
        })
        .await
}
