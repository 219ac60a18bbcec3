//! The long-lived tasks' loops: when the engine, the jobs and the snapshot run. What they do stands in
//! their own modules.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::backup::job as backup_job;
use crate::disk;
use crate::inner::Inner;
use crate::jobs::posting::Worked;
use crate::jobs::{intake, posting};
use crate::start::App;
use crate::trail::job;

/// How often the snapshot goes out (`decisions.md` 31: values at most twice a second).
const LIVE_MS: u64 = 500;

/// How often the clock is watched, and how long a due seal waits at most.
const TRAIL: Duration = Duration::from_secs(2);
/// How often the disk is looked at, and a commit tried where the last one failed.
const DISK: Duration = Duration::from_secs(2);
/// How often it is looked whether a backup is due.
const BACKUP: Duration = Duration::from_secs(60);
/// How often the whole trail is checked without being asked.
const TRAIL_CHECK: Duration = Duration::from_secs(24 * 60 * 60);

/// Resolves once the program shall stop (or nobody is left to say so).
async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

pub(crate) async fn run_engine(app: App, mut stopped: watch::Receiver<bool>) {
    let live = Duration::from_millis(u64::try_from(app.inner.poll_live_ms()).unwrap_or(500));
    let idle_ms = if app.inner.has_areas() {
        app.inner.poll_idle_ms().min(app.inner.poll_area_ms())
    } else {
        app.inner.poll_idle_ms()
    };
    let idle = Duration::from_millis(u64::try_from(idle_ms).unwrap_or(1_000));
    let mut is_first = true;
    loop {
        let is_live = match app.engine.lock().await.as_mut() {
            Some(engine) => engine.cycle().await,
            None => return,
        };
        // Whoever listens at the start sees the plant at once, not with the next tick.
        if std::mem::take(&mut is_first) {
            app.inner.publish().await;
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = app.inner.engine_nudge.notified() => {}
            () = tokio::time::sleep(if is_live { live } else { idle }) => {}
        }
    }
}

pub(crate) async fn run_posting(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        let pause = match posting::work(&inner).await {
            Ok(Worked::Did) => Duration::ZERO,
            Ok(Worked::Paced { wait_ms }) => {
                Duration::from_millis(u64::try_from(wait_ms.max(1)).unwrap_or(1))
            }
            Ok(Worked::Idle { next_due_ms }) => {
                let left = next_due_ms.map_or(60_000, |due| due - inner.clock.now_ms());
                Duration::from_millis(u64::try_from(left.clamp(50, 60_000)).unwrap_or(50))
            }
            Err(error) => {
                tracing::warn!(%error, "posting");
                Duration::from_secs(5)
            }
        };
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = inner.posting_nudge.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

pub(crate) async fn run_intake(
    inner: Arc<Inner>,
    every: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    // The first look only tells whether the ERP is there: a person starts with a clear list in the
    // demo, and a plant has its orders from the last period.
    loop {
        if inner.demo.is_none() {
            let fetched = match disk::must_have_room(&inner) {
                Ok(()) => intake::run(&inner, None).await.map(drop),
                Err(refusal) => Err(refusal),
            };
            if let Err(error) = fetched {
                tracing::info!(%error, "orders were not fetched");
            }
        } else if let Some(erp) = &inner.erp {
            match erp.probe().await {
                Ok(_) => inner.erp_good().await,
                Err(error) => inner.erp_lost(&error).await,
            }
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

pub(crate) async fn run_live(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(Duration::from_millis(LIVE_MS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            _ = tick.tick() => {}
            // A change is shown at once, but never more often than a few times a second.
            () = inner.live_nudge.notified() => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        inner.publish().await;
    }
}

pub(crate) async fn run_trail(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = job::watch_clock(&inner).await {
            tracing::warn!(%error, "a jump of the clock is not in the trail");
        }
        if let Err(error) = job::seal_when_due(&inner, false).await {
            tracing::warn!(%error, "the trail was not sealed");
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = tokio::time::sleep(TRAIL) => {}
        }
    }
}

pub(crate) async fn run_disk(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = disk::watch(&inner).await {
            tracing::warn!(%error, "the books");
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = tokio::time::sleep(DISK) => {}
        }
    }
}

pub(crate) async fn run_backup(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = backup_job::work(&inner).await {
            tracing::warn!(%error, "how the backup went is not in the trail");
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = tokio::time::sleep(BACKUP) => {}
        }
    }
}

pub(crate) async fn run_trail_check(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = job::check(&inner).await {
            tracing::warn!(%error, "the trail was not checked");
        }
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = inner.trail.check_nudge.notified() => {}
            () = tokio::time::sleep(TRAIL_CHECK) => {}
        }
    }
}
