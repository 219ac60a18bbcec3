//! The live snapshot: what the engine last saw, with ages and qualities as of now. Built at its own
//! pace, so that a PLC that does not answer makes values stale instead of making the screen stop.

use std::collections::HashMap;

use millrace_core::batch::run::Run;
use millrace_core::ids::SiloNo;
use millrace_core::progress::{Remaining, eta_ms, planned_by, progress};
use millrace_core::silo::{Judgement, deviation};
use millrace_core::units::Grams;
use millrace_field::plc::{LinkState, LinkView as PlcLink};

use super::BatchImage;
use super::image::QUIET_MS;
use crate::commands::live::{
    DoseState, LinkStateView, LinkView, LiveBatch, LiveLine, LiveSilo, LiveView, PendingCommand,
};
use crate::commands::view::Quality;
use crate::inner::Inner;

/// Beside two poll periods, the age at which a live value is no longer believed (`decisions.md` 21).
const STALE_GRACE_MS: i64 = 250;
/// Time for what still falls and for the scale to settle, once a line, at plant speed.
const SETTLE_MS: i64 = 2_500;

/// What the books hold that the snapshot shows; read again only after a commit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cached {
    pub(crate) revision: i64,
    pub(crate) levels: Vec<(SiloNo, Option<i64>)>,
    pub(crate) outbox: millrace_store::table::outbox::OutboxCount,
    pub(crate) pending_approvals: i64,
}

/// The PLC link as people see it.
pub(crate) fn plc_link(inner: &Inner, link: Option<&PlcLink>) -> LinkView {
    let now_ms = inner.clock.now_ms();
    let Some(link) = link else {
        return LinkView {
            state: LinkStateView::Off,
            age_ms: None,
            since_ms: now_ms,
            cause: inner.plc_off_cause(),
        };
    };
    let ms =
        |at: &tokio::time::Instant| i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
    LinkView {
        state: match link.state {
            LinkState::Connecting => LinkStateView::Connecting,
            LinkState::Good if link.cpu_warning || link.relay_error => LinkStateView::Degraded,
            LinkState::Good => LinkStateView::Good,
            LinkState::Degraded => LinkStateView::Degraded,
            LinkState::Lost => LinkStateView::Lost,
        },
        age_ms: link.last_ok.as_ref().map(ms),
        since_ms: now_ms - ms(&link.since),
        cause: link.cause.clone(),
    }
}

/// The snapshot.
pub(crate) fn snapshot(inner: &Inner, cached: &Cached, seq: i64) -> LiveView {
    let now_ms = inner.clock.now_ms();
    let mono_ms = inner.clock.mono_ms();
    let plc_raw = inner.plc_link();
    let plc = plc_link(inner, plc_raw.as_ref());
    let is_bad = plc.state == LinkStateView::Off;
    let image = inner.image();
    let stale_after_ms = 2 * inner.poll_live_ms() + STALE_GRACE_MS;
    let mut batches: Vec<LiveBatch> = image
        .batches
        .values()
        .filter(|batch| batch.row.run.is_live())
        .map(|batch| live_batch(inner, batch, now_ms, mono_ms, stale_after_ms, is_bad))
        .collect();
    let is_still = image.is_standing_still();
    if is_still {
        // The words are read, and nobody has written them for a while.
        for batch in batches.iter_mut().filter(|b| b.quality == Quality::Good) {
            batch.quality = Quality::Stale;
            batch.eta_ms = None;
        }
    }
    // The one that doses first, then by the order in which they were started.
    batches.sort_by_key(|b| {
        (
            !matches!(b.run, Run::Running | Run::Paused | Run::Held),
            b.started_at_ms,
            b.id,
        )
    });

    let mut falling: HashMap<SiloNo, (i64, Quality)> = HashMap::new();
    for batch in &batches {
        for line in &batch.lines {
            let entry = falling.entry(line.silo).or_insert((0, Quality::Good));
            entry.0 += line.actual_g.unwrap_or(0);
            if line.state == DoseState::Dosing || batch.quality != Quality::Good {
                entry.1 = batch.quality;
            }
        }
    }
    let silos = cached
        .levels
        .iter()
        .map(|(silo, level)| {
            let (out, quality) = falling.get(silo).copied().unwrap_or((0, Quality::Good));
            LiveSilo {
                silo: *silo,
                level_g: level.map(|level| level - out),
                quality: match quality {
                    Quality::Good => Quality::Good,
                    Quality::Uncertain | Quality::Stale | Quality::Bad => Quality::Uncertain,
                },
            }
        })
        .collect();
    let mut batches = batches.into_iter();
    LiveView {
        seq,
        now_ms,
        plc,
        plc_standing_still: is_still,
        plc_maintenance: plc_raw.as_ref().is_some_and(|link| link.cpu_warning),
        slots_differ: i64::try_from(image.doubts()).unwrap_or(i64::MAX),
        erp: inner.erp_link.view(inner.clock.as_ref()),
        books: inner.disk.view(),
        record_fault: inner.trail.fault(),
        outbox: crate::commands::live::OutboxCounts {
            waiting: cached.outbox.waiting,
            in_doubt: cached.outbox.in_doubt,
            refused: cached.outbox.refused,
            oldest_ms: cached.outbox.oldest_at_ms.map(|at| (now_ms - at).max(0)),
        },
        batch: batches.next(),
        queued: batches.collect(),
        silos,
        pending_approvals: cached.pending_approvals,
        revision: cached.revision,
    }
}

fn live_batch(
    inner: &Inner,
    batch: &BatchImage,
    now_ms: i64,
    mono_ms: i64,
    stale_after_ms: i64,
    is_off: bool,
) -> LiveBatch {
    let row = &batch.row;
    let age_ms = batch.accepted_mono_ms.map(|at| (mono_ms - at).max(0));
    let quality = if row.trouble.is_some() || is_off {
        Quality::Bad
    } else {
        match age_ms {
            None => Quality::Uncertain,
            Some(age) if age > stale_after_ms => Quality::Stale,
            Some(_) => Quality::Good,
        }
    };
    let planned = row.recipe.silo_total();
    let is_moving = quality == Quality::Good && row.run == Run::Running;
    let mut lines = Vec::with_capacity(row.recipe.silo_lines.len());
    for line in &row.recipe.silo_lines {
        let seen = batch.lines.get(&line.silo);
        let actual = seen.and_then(|l| l.actual);
        let is_rising = seen.is_some_and(|l| l.is_rising(mono_ms, inner.scaled(QUIET_MS)));
        let state = match seen {
            Some(l) if l.is_finished => DoseState::Done,
            Some(l) if l.is_started => DoseState::Dosing,
            Some(_) | None => DoseState::Waiting,
        };
        let (low, high) = line.tolerance.limits(line.planned_g);
        let over = actual.is_some_and(|a| a > high);
        lines.push(LiveLine {
            silo: line.silo,
            label: inner.silo_label(line.silo),
            material: line.material.clone(),
            planned_g: line.planned_g.0,
            low_g: low.0,
            high_g: high.0,
            actual_g: actual.map(|a| a.0),
            state,
            deviation_bp: actual
                .filter(|_| state == DoseState::Done)
                .and_then(|a| deviation(line.planned_g, a))
                .map(|bp| bp.0),
            judgement: match (state, actual) {
                (DoseState::Done, Some(a)) => Some(line.tolerance.judge(line.planned_g, a)),
                (DoseState::Waiting | DoseState::Dosing, _) if over => Some(Judgement::Over),
                (DoseState::Waiting | DoseState::Dosing | DoseState::Done, _) => None,
            },
            rate_g_s: seen
                .filter(|_| state == DoseState::Dosing && is_rising && is_moving)
                .and_then(super::image::LineImage::rate_g_s),
        });
    }
    let dosed = batch.lines.values().any(|l| l.actual.is_some()).then(|| {
        Grams::checked_sum(batch.lines.values().filter_map(|l| l.actual)).unwrap_or_default()
    });
    let share = dosed.map(|d| progress(planned, d));

    // The estimate: what is left at each silo's usual rate, corrected by how this batch has run.
    let started = row.started_at_ms.unwrap_or(now_ms);
    let ran_ms = batch.ran_ms;
    let usual: Vec<Remaining> = row
        .recipe
        .silo_lines
        .iter()
        .map(|line| Remaining {
            left_g: line.planned_g,
            rate_g_s: inner.silo_rate(line.silo),
        })
        .collect();
    let settle = inner.scaled(SETTLE_MS);
    let left: Vec<Remaining> = lines
        .iter()
        .zip(&usual)
        .filter(|(line, _)| line.state != DoseState::Done)
        .map(|(line, usual)| Remaining {
            left_g: Grams((line.planned_g - line.actual_g.unwrap_or(0)).max(0)),
            rate_g_s: usual.rate_g_s,
        })
        .collect();
    let eta = if is_moving {
        share.and_then(|s| eta_ms(&left, s, ran_ms.unwrap_or(0), settle))
    } else {
        None
    };
    let plan_now = Some(row.run)
        .filter(|run| matches!(run, Run::Running | Run::Paused))
        .zip(ran_ms)
        .and_then(|(_, ran)| planned_by(&usual, ran, settle))
        .map(|mass| progress(planned, mass).0);

    LiveBatch {
        id: row.id,
        label: row.label.clone(),
        product: row.recipe.product_name.clone(),
        slot: row.slot.unwrap_or(millrace_core::ids::SlotNo(0)),
        word: row.word(),
        run: row.run,
        version: row.version,
        approved_by: row.approved_by.clone(),
        approved_at_ms: row.approved_at_ms,
        started_at_ms: started,
        since_ms: row.run_since_ms.unwrap_or(started),
        planned_g: planned.0,
        dosed_g: dosed.map(|d| d.0),
        progress_bp: share.map(|s| s.0),
        plan_now_bp: plan_now,
        eta_ms: eta.map(|left| now_ms + left),
        eta_spread_ms: eta.map(|left| left / 10 + 1_000),
        quality,
        age_ms,
        trouble: row.trouble.clone(),
        stalled_since_ms: batch
            .moved_mono_ms
            .filter(|_| batch.is_stalled)
            .map(|moved| now_ms - (mono_ms - moved)),
        // What was decided about a doubt is shown with its slot.
        pending: row
            .pending
            .as_ref()
            .filter(|_| row.decision().is_none())
            .map(|p| PendingCommand {
                command: p.kind.word().into(),
                asked_at_ms: p.at_ms,
                sent_at_ms: p.sent_ms,
            }),
        lines,
    }
}
