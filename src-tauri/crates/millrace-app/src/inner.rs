//! What all parts of the application share: the books, the links, the image, the snapshot. Bodies of
//! commands, the engine and the jobs commit through it, so that every change is announced.
//! Leaves out putting it together ([`crate::start`]).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millrace_core::access::Place;
use millrace_core::access::four_eyes::FourEyes;
use millrace_core::access::lock::LockTimes;
use millrace_core::batch::word::BatchWord;
use millrace_core::ids::SiloNo;
use millrace_core::intake::IntakeRules;
use millrace_core::journal::JournalKind;
use millrace_core::registers::RegisterMap;
use millrace_core::units::{BasisPoints, Grams};
use millrace_field::plc::{LinkView as PlcLink, PlcHandle};
use millrace_office::erp::{ErpConnector, ErpError, ErpInfo, Guarantee};
use millrace_store::{Store, Write};
use rust_decimal::Decimal;
use tokio::sync::{Notify, watch};

use crate::backup::after::Restored;
use crate::backup::job::Backups;
use crate::clock::Clock;
use crate::commands::live::{LinkStateView, LinkView, LiveView, OutboxCounts};
use crate::commands::refused::Refusals;
use crate::commands::session::{DemoPerson, StartProblem};
use crate::commands::training::Trainer;
use crate::config::{self, MarkDone, SiloSeed};
use crate::disk::Disk;
use crate::engine::Image;
use crate::engine::live::{Cached, snapshot};
use crate::error::AppError;
use crate::event::{AppEvent, EventBus};
use crate::jobs::ErpLink;
use crate::jobs::message_done::Closing;
use crate::jobs::rate::RateBound;
use crate::session::Sessions;
use crate::setup::Demo;
use crate::station;
use crate::trail::job::Trail;

/// How many journal rows are announced one by one after a commit; a longer backlog is not.
const JOURNAL_BURST: i64 = 50;

/// What all parts share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sessions: Sessions,
    /// When a session that nobody uses loses its rights.
    pub(crate) lock_times: LockTimes,
    /// How much of signing takes two persons.
    pub(crate) four_eyes: FourEyes,
    /// Refusals that no row of the trail tells yet.
    pub(crate) refusals: Refusals,
    pub(crate) strengthens_secrets: bool,
    pub(crate) bus: EventBus,
    pub(crate) silos: Vec<SiloSeed>,
    pub(crate) map: Option<Arc<RegisterMap>>,
    pub(crate) erp: Option<Arc<dyn ErpConnector>>,
    pub(crate) erp_link: ErpLink,
    pub(crate) erp_config: Option<config::Erp>,
    /// Who answered the last connection test.
    pub(crate) erp_info: Mutex<Option<ErpInfo>>,
    /// What keeps a message from being booked twice, as the ERP told it last.
    pub(crate) erp_guarantee: Mutex<Option<Guarantee>>,
    /// When the connector last looked for it, monotonic milliseconds.
    pub(crate) erp_looked_mono_ms: Mutex<Option<i64>>,
    /// Held by the one connection test that may run.
    pub(crate) erp_examine_turn: tokio::sync::Mutex<()>,
    pub(crate) erp_instance: String,
    pub(crate) intake: config::Intake,
    pub(crate) site: config::Site,
    pub(crate) batches_in_plc_max: usize,
    pub(crate) engine_nudge: Notify,
    pub(crate) posting_nudge: Notify,
    pub(crate) posting_rate: RateBound,
    pub(crate) import_turn: tokio::sync::Mutex<()>,
    pub(crate) problems: Vec<StartProblem>,
    pub(crate) demo: Option<Demo>,
    pub(crate) trainer: Option<Arc<dyn Trainer>>,
    pub(crate) demo_people: Vec<DemoPerson>,
    pub(crate) version: String,
    pub(crate) erp_address: String,
    pub(crate) plc: Option<PlcHandle>,
    pub(crate) plc_address: String,
    pub(crate) plc_config: Option<config::Plc>,
    pub(crate) config_file: Option<PathBuf>,
    /// The text that the program was started with, the environment's part included.
    pub(crate) config_text: String,
    pub(crate) environment: BTreeMap<&'static str, String>,
    /// Held while the configuration file is changed.
    pub(crate) settings_turn: tokio::sync::Mutex<()>,
    pub(crate) silos_file: Option<PathBuf>,
    /// Held by the one examination of the PLC that may run.
    pub(crate) examine_turn: tokio::sync::Mutex<()>,
    pub(crate) plc_off: Option<String>,
    pub(crate) erp_off: Option<String>,
    pub(crate) bom_reference: Grams,
    pub(crate) poll_live_ms: i64,
    pub(crate) poll_idle_ms: i64,
    pub(crate) stall_after_ms: i64,
    pub(crate) poll_area_ms: i64,
    pub(crate) image: Mutex<Image>,
    pub(crate) revision: AtomicI64,
    pub(crate) live_nudge: Notify,
    pub(crate) live: watch::Sender<Arc<LiveView>>,
    pub(crate) live_state: tokio::sync::Mutex<LiveState>,
    pub(crate) trail: Trail,
    pub(crate) backups: Backups,
    pub(crate) disk: Disk,
    /// That the books were put back from a backup; `None` = never.
    pub(crate) restored: Option<Restored>,
}

#[derive(Debug, Default)]
pub(crate) struct LiveState {
    seq: i64,
    cached: Option<Cached>,
    journal_seq: Option<i64>,
}

impl Inner {
    pub(crate) fn image(&self) -> MutexGuard<'_, Image> {
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits, and lets the snapshot and every list know that something changed.
    pub(crate) async fn commit<T, F>(&self, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, AppError> + Send + 'static,
    {
        self.commit_quietly(true, work).await
    }

    /// Commits; only when `is_news` do lists need to ask again.
    pub(crate) async fn commit_quietly<T, F>(&self, is_news: bool, work: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, AppError> + Send + 'static,
    {
        let outcome = self.store.write_at(station::current(), work).await?;
        if is_news {
            self.revision.fetch_add(1, Ordering::SeqCst);
            self.live_nudge.notify_one();
        }
        Ok(outcome)
    }

    pub(crate) fn poll_live_ms(&self) -> i64 {
        self.poll_live_ms
    }

    pub(crate) fn poll_idle_ms(&self) -> i64 {
        self.poll_idle_ms
    }

    /// How long nothing may fall before a person is told, at the virtual plant's speed.
    pub(crate) fn stall_after_ms(&self) -> i64 {
        self.scaled(self.stall_after_ms)
    }

    pub(crate) fn poll_area_ms(&self) -> i64 {
        self.poll_area_ms
    }

    /// Whether the register map names an area beside the slots.
    pub(crate) fn has_areas(&self) -> bool {
        self.map
            .as_ref()
            .is_some_and(|map| map.equipment_failure().is_some() || map.manual_weighing().is_some())
    }

    pub(crate) fn plc_link(&self) -> Option<PlcLink> {
        self.plc.as_ref().map(PlcHandle::link)
    }

    /// Whether the register map names a command word (`decisions.md` 9).
    pub(crate) fn has_command_word(&self) -> bool {
        self.map.as_ref().is_some_and(|map| {
            map.slots()
                .next()
                .is_some_and(|slot| map.command_addr(slot).is_some())
        })
    }

    pub(crate) fn plc_off_cause(&self) -> Option<String> {
        self.plc_off.clone()
    }

    pub(crate) fn erp_off_cause(&self) -> String {
        self.erp_off
            .clone()
            .unwrap_or_else(|| "no ERP is configured".into())
    }

    pub(crate) fn site_key(&self) -> String {
        self.site.key.clone()
    }

    /// Where people act here: what their grants are judged by.
    pub(crate) fn place(&self) -> Place {
        Place {
            site: self.site.key.clone(),
            line: self.site.line.clone(),
        }
    }

    /// What closing an order in the ERP depends on.
    pub(crate) fn closing(&self) -> Closing {
        Closing {
            site: self.site_key(),
            is_by_us: self
                .erp_config
                .as_ref()
                .is_some_and(|erp| erp.mark_done == MarkDone::ByUs),
        }
    }

    pub(crate) fn silo_label(&self, silo: SiloNo) -> String {
        self.silos
            .iter()
            .find(|s| s.row.silo == silo)
            .map_or_else(|| silo.to_string(), |s| s.row.label.clone())
    }

    pub(crate) fn silo_rate(&self, silo: SiloNo) -> i64 {
        self.silos
            .iter()
            .find(|s| s.row.silo == silo)
            .map_or(0, |s| s.row.rate_g_s)
    }

    pub(crate) fn max_doses(&self) -> Vec<(SiloNo, Grams)> {
        // What overshoots its plan at the silo's limit is still believable; twice the tolerance is not.
        self.silos
            .iter()
            .map(|s| {
                let max = s.row.max_dose_g;
                (
                    s.row.silo,
                    Grams(max.0.saturating_add(s.row.tolerance.band(max).0)),
                )
            })
            .collect()
    }

    /// A duration of the plant, at the virtual plant's speed.
    pub(crate) fn scaled(&self, plant_ms: i64) -> i64 {
        let percent = self.speed_pct();
        plant_ms.saturating_mul(100) / percent.max(1)
    }

    /// The plant's time within a stretch of ours.
    pub(crate) fn plant_ms(&self, real_ms: i64) -> i64 {
        real_ms.saturating_mul(self.speed_pct()) / 100
    }

    pub(crate) fn speed_pct(&self) -> i64 {
        self.demo.map_or(100, |demo| {
            Decimal::try_from(demo.speed)
                .ok()
                .and_then(BasisPoints::from_percent)
                .map_or(100, |bp| bp.0.max(1))
        })
    }

    pub(crate) fn intake_rules(&self) -> IntakeRules {
        IntakeRules {
            line_name: self.site.line.clone(),
            bom_reference_g: self.bom_reference,
            batch_max_g: self
                .map
                .as_ref()
                .map_or(Grams(3_000_000), |map| map.batch_max()),
            order_max_g: Grams::from_kg(self.intake.order_max_kg).unwrap_or(Grams(100_000_000)),
            scaling_limit: BasisPoints::from_percent(self.intake.scaling_limit_pct)
                .unwrap_or(BasisPoints(200)),
            name_chars_max: self.map.as_ref().map_or(16, |map| map.order_name_chars()),
        }
    }

    pub(crate) async fn erp_good(&self) {
        if self.erp_link.good(self.clock.as_ref()) {
            self.note(JournalKind::ErpBack, String::new()).await;
            // What waits goes now, not after the pause.
            self.posting_nudge.notify_one();
        }
        self.live_nudge.notify_one();
    }

    pub(crate) async fn erp_lost(&self, error: &ErpError) {
        if self.erp_link.lost(error, self.clock.as_ref()) {
            self.note(JournalKind::ErpLost, error.to_string()).await;
        }
        self.live_nudge.notify_one();
    }

    async fn note(&self, kind: JournalKind, reason: String) {
        let at_ms = self.clock.now_ms();
        let outcome = self
            .commit(move |tx| Ok(tx.journal_add(at_ms, None, kind, &[("reason", reason)])?))
            .await;
        if let Err(error) = outcome {
            tracing::warn!(%error, "the journal did not take a line");
        }
    }

    /// Builds and publishes the snapshot, and announces new journal rows.
    pub(crate) async fn publish(&self) {
        let mut state = self.live_state.lock().await;
        let revision = self.revision.load(Ordering::SeqCst);
        let is_old = state
            .cached
            .as_ref()
            .is_none_or(|cached| cached.revision != revision);
        if is_old {
            let silos: Vec<SiloNo> = self.silos.iter().map(|s| s.row.silo).collect();
            let since = state.journal_seq;
            let loaded = self
                .store
                .read(move |read| {
                    let mut levels = Vec::with_capacity(silos.len());
                    for silo in silos {
                        levels.push((silo, read.silo_last_movement(silo)?.map(|m| m.level_g.0)));
                    }
                    let cached = Cached {
                        revision,
                        levels,
                        outbox: read.outbox_count()?,
                        pending_approvals: read.batches_count(&[BatchWord::Pending])?,
                    };
                    let journal = read.journal_latest(JOURNAL_BURST)?;
                    Ok::<_, AppError>((cached, journal))
                })
                .await;
            match loaded {
                Ok((cached, journal)) => {
                    state.cached = Some(cached);
                    state.journal_seq = journal.first().map(|row| row.seq).or(since).or(Some(0));
                    if let Some(since) = since {
                        for row in journal.into_iter().rev().filter(|row| row.seq > since) {
                            self.bus.publish(AppEvent::Journal(Arc::new(
                                crate::commands::build::journal(row),
                            )));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the snapshot shows the books as they were"),
            }
        }
        state.seq += 1;
        let view = Arc::new(snapshot(
            self,
            &state.cached.clone().unwrap_or_default(),
            state.seq,
        ));
        self.live.send_replace(Arc::clone(&view));
        self.bus.publish(AppEvent::Live(view));
    }
}

/// The snapshot before anything was seen.
pub(crate) fn empty_live() -> LiveView {
    let off = LinkView {
        state: LinkStateView::Off,
        age_ms: None,
        since_ms: 0,
        cause: None,
    };
    LiveView {
        seq: 0,
        now_ms: 0,
        plc: off.clone(),
        plc_standing_still: false,
        plc_maintenance: false,
        slots_differ: 0,
        erp: off,
        books: Disk::default().view(),
        record_fault: None,
        outbox: OutboxCounts::default(),
        batch: None,
        queued: Vec::new(),
        silos: Vec::new(),
        pending_approvals: 0,
        revision: 0,
    }
}
