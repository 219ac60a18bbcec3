//! Looking at batches: the queue, one batch, its trend.

use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;

use super::Context;
use super::batch::{BatchGet, QueueList, QueueView, TrendView};
use super::build::{self, Labels, Standing};
use super::view::BatchView;
use crate::error::AppError;

pub(super) async fn batch_list(
    context: &Context,
    request: QueueList,
) -> Result<QueueView, AppError> {
    let labels = Labels::new(&context.app.inner);
    context
        .app
        .inner
        .store
        .read(move |read| {
            let words: Vec<BatchWord> = if request.words.is_empty() {
                BatchWord::ALL
                    .into_iter()
                    .filter(|word| word.is_open())
                    .collect()
            } else {
                request.words
            };
            let mut rows = read.batches_with_words(&words)?;
            rows.sort_by_key(|row| {
                (
                    row.run == Run::Idle,
                    row.release != Release::Approved && row.run == Run::Idle,
                    row.id,
                )
            });
            let levels = build::levels(read)?;
            let count = |release: Release| {
                i64::try_from(
                    rows.iter()
                        .filter(|r| r.release == release && r.run == Run::Idle)
                        .count(),
                )
                .unwrap_or(i64::MAX)
            };
            Ok(QueueView {
                pending: count(Release::Pending),
                approved: count(Release::Approved),
                planned_g: rows.iter().map(|r| r.recipe.planned_g.0).sum(),
                rows: rows
                    .iter()
                    .map(|row| build::batch_row(read, row, &levels, &labels))
                    .collect::<Result<_, _>>()?,
            })
        })
        .await
}

pub(super) async fn batch_get(context: &Context, request: BatchGet) -> Result<BatchView, AppError> {
    let standing = Standing::new(&context.app.inner, context.caller()?);
    context
        .app
        .inner
        .store
        .read(move |read| {
            let row = read.batch(request.id)?;
            build::batch(read, &row, &standing)
        })
        .await
}

pub(super) async fn batch_trend(
    context: &Context,
    request: BatchGet,
) -> Result<TrendView, AppError> {
    context
        .app
        .inner
        .store
        .read(move |read| {
            let row = read.batch(request.id)?;
            let samples = read.samples(request.id)?;
            Ok(TrendView {
                id: request.id,
                at_ms: samples.iter().map(|(at, _)| *at).collect(),
                dosed_g: samples.iter().map(|(_, g)| g.map(|g| g.0)).collect(),
                planned_g: row.recipe.silo_total().0,
            })
        })
        .await
}
