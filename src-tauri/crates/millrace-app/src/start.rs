//! Putting the application together: books, links, engine, jobs. [`App`] is one cheap handle,
//! complete when [`App::start`] returns; [`App::shutdown`] asks, waits with a limit, and tells who
//! did not stop. Leaves out transport.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use millrace_core::access::Right;
use millrace_core::registers::RegisterMap;
use millrace_core::units::Grams;
use millrace_field::plc::Session;
use millrace_field::plc::net::Machine;
use millrace_store::{Store, Trouble};
use rust_decimal::Decimal;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;

use crate::backup::job::{self as backup_job, Backups};
use crate::books::{self, Begun};
use crate::commands::live::LiveView;
use crate::commands::refused::{self, Refusals};
use crate::commands::session::StartProblem;
use crate::config;
use crate::disk::{self, Disk};
use crate::engine::{Engine, Image};
use crate::error::AppError;
use crate::event::{AppEvent, EventBus};
use crate::inner::{Inner, LiveState, empty_live};
use crate::jobs::posting::Worked;
use crate::jobs::rate::RateBound;
use crate::jobs::{ErpLink, posting};
use crate::lock::FolderLock;
use crate::session::{Sessions, script};
use crate::setup::{Pace, Setup};
use crate::task;
use crate::trail::job;

/// The books' file in the data folder.
const BOOKS: &str = "millrace.db";
/// How long a task may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// The setting that may hold the ERP's password itself.
const INLINE_PASSWORD: &str = "erp.connector.password";

/// The application could not start. One sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// A task by its name.
type Task = (&'static str, JoinHandle<()>);

/// The application.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
    pub(crate) engine: Arc<tokio::sync::Mutex<Option<Engine>>>,
    tasks: Arc<Mutex<Vec<Task>>>,
    stop: watch::Sender<bool>,
    _lock: Arc<FolderLock>,
}

impl App {
    /// Opens the books, makes the links and starts the tasks.
    ///
    /// # Errors
    /// [`StartError`]: the data folder is in use, the books are newer or damaged. A PLC or an ERP
    /// that does not answer is no error; it shows as a lost link.
    pub async fn start(setup: Setup) -> Result<App, StartError> {
        let lock = FolderLock::take(&setup.data_dir).map_err(StartError)?;
        let path = setup.data_dir.join(BOOKS);
        let (store, damage) = books::open(&setup, path).await?;
        let clock = Arc::clone(&setup.clock);
        let mut problems = Vec::new();
        let mut problem = |area: &str, message: String| {
            tracing::warn!(area, %message, "set-up");
            problems.push(StartProblem {
                area: area.into(),
                message,
            });
        };

        if let Some(why) = &damage {
            problem("store", why.clone());
        }

        let map = match setup.registers {
            Ok(map) => Some(Arc::new(map)),
            Err(why) => {
                problem(
                    "plc",
                    format!(
                        "{why}. The PLC is not spoken to; orders, signatures and history work."
                    ),
                );
                None
            }
        };
        let silos = match setup.silos {
            Ok(silos) => silos,
            Err(why) => {
                problem(
                    "config",
                    format!("{why}. No order can become a batch; the rest works."),
                );
                Vec::new()
            }
        };
        let mut plc_off = damage
            .clone()
            .or_else(|| problems_of(&map, "the register map could not be loaded"));
        let mut session: Option<Session> = None;
        let mut plc = None;
        let mut plc_address = String::new();
        if let (Some(config), Some(map)) = (&setup.config.plc, &map) {
            plc_address = config.driver.address.to_string();
            if let Err(error) = config::check_silos(&silos, map) {
                plc_off = Some(error.to_string());
            } else if damage.is_none() {
                let net = setup.net.unwrap_or_else(|| Arc::new(Machine));
                match millrace_field::plc::open_on(config.driver.clone(), net) {
                    Ok((handle, task)) => {
                        plc = Some(handle);
                        session = Some(task);
                    }
                    Err(error) => plc_off = Some(error.to_string()),
                }
            }
            if let Some(why) = plc_off.as_ref().filter(|_| damage.is_none()) {
                problem(
                    "plc",
                    format!(
                        "{why}. The PLC is not spoken to; orders, signatures and history work."
                    ),
                );
            }
        }
        let mut erp = None;
        let mut erp_off = damage
            .clone()
            .or_else(|| Some("the configuration names no ERP".to_owned()));
        let mut erp_address = String::new();
        if let Some(config) = &setup.config.erp {
            erp_address = config.connector.url.clone();
            let is_inline = config.connector.password.is_some()
                && !setup.environment.contains_key(INLINE_PASSWORD);
            let guarded = match setup.config_file.as_deref().filter(|_| is_inline) {
                Some(file) => crate::config::file::guard_password(file),
                None => Ok(()),
            };
            let opened = match (guarded, setup.erp) {
                (Err(why), _) => Err(why),
                (Ok(()), Some(given)) => Ok(given),
                (Ok(()), None) => {
                    millrace_office::erp::open(&config.connector).map_err(|error| error.to_string())
                }
            };
            match opened {
                Ok(_) if damage.is_some() => {}
                Ok(connector) => {
                    erp = Some(connector);
                    erp_off = None;
                }
                Err(error) => {
                    problem(
                        "erp",
                        format!(
                            "{error}. Orders cannot be fetched; finished batches wait to be posted."
                        ),
                    );
                    erp_off = Some(error);
                }
            }
        }
        let bom_reference = setup
            .config
            .erp
            .as_ref()
            .and_then(|erp| Grams::from_kg(erp.bom_reference_kg).ok())
            .filter(|g| g.0 > 0)
            .unwrap_or(Grams(1_000_000));

        let Begun {
            restored,
            demo_people,
            trail,
            problems: found,
        } = if damage.is_some() {
            Begun::damaged(&setup.data_dir)
        } else {
            Begun::of(
                &store,
                clock.as_ref(),
                &silos,
                setup.demo.is_some(),
                &setup.data_dir,
                &setup.config.site.key,
            )
            .await
            .map_err(|error| StartError(error.to_string()))?
        };
        for (area, why) in found {
            problem(area, why);
        }

        let plc_settings = setup.config.plc.as_ref();
        let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let (live, _) = watch::channel(Arc::new(empty_live()));
        let import_every_min = setup
            .config
            .erp
            .as_ref()
            .map_or(60, |erp| erp.import_every_min.max(1));
        let inner = Arc::new(Inner {
            sessions: Sessions::default(),
            lock_times: setup.config.session.times(),
            four_eyes: setup.config.signature.four_eyes,
            refusals: Refusals::default(),
            strengthens_secrets: setup.strengthens_secrets,
            bus: EventBus::new(),
            erp_link: ErpLink::new(erp.is_some(), erp_off.clone(), clock.as_ref()),
            erp_instance: setup.config.erp.as_ref().map_or_else(String::new, |erp| {
                format!("{}:{}", setup.config.site.key, erp.connector.database)
            }),
            intake: setup.config.intake.clone(),
            site: setup.config.site.clone(),
            plc_config: setup.config.plc.clone(),
            config_file: setup.config_file,
            config_text: setup.config_text,
            environment: setup.environment,
            settings_turn: tokio::sync::Mutex::new(()),
            silos_file: setup.config.silos.clone(),
            examine_turn: tokio::sync::Mutex::new(()),
            batches_in_plc_max: plc_settings.map_or(3, |plc| usize::from(plc.batches_in_plc_max)),
            engine_nudge: Notify::new(),
            posting_nudge: Notify::new(),
            posting_rate: RateBound::per_second(
                setup
                    .config
                    .erp
                    .as_ref()
                    .map_or(Decimal::from(5), |erp| erp.posts_per_second_max),
            ),
            erp_config: setup.config.erp.clone(),
            erp_info: Mutex::new(None),
            erp_guarantee: Mutex::new(None),
            erp_looked_mono_ms: Mutex::new(None),
            erp_examine_turn: tokio::sync::Mutex::new(()),
            import_turn: tokio::sync::Mutex::new(()),
            problems,
            demo: setup.demo,
            trainer: setup.trainer,
            demo_people,
            version: setup.version,
            erp_address,
            plc: plc.clone(),
            plc_address,
            plc_off,
            erp_off,
            bom_reference,
            poll_live_ms: plc_settings.map_or(500, |plc| ms(plc.poll_live_ms)),
            poll_idle_ms: plc_settings.map_or(1_000, |plc| ms(plc.poll_idle_ms)),
            stall_after_ms: plc_settings.map_or(120_000, |plc| ms(plc.stall_after_s * 1_000)),
            poll_area_ms: plc_settings.map_or(1_000, |plc| ms(plc.poll_area_ms)),
            image: Mutex::new(Image::default()),
            revision: AtomicI64::new(1),
            live_nudge: Notify::new(),
            live,
            live_state: tokio::sync::Mutex::new(LiveState::default()),
            trail,
            backups: Backups::new(
                &setup.config.backup,
                &setup.data_dir,
                &setup.config.site.zone,
                clock.now_ms(),
            ),
            disk: Disk::default(),
            restored,
            store,
            clock,
            silos,
            map: map.clone(),
            erp,
        });
        if damage.is_none() {
            script::refresh(&inner)
                .await
                .map_err(|error| StartError(error.to_string()))?;
        }
        let engine = plc
            .zip(map)
            .map(|(plc, map)| Engine::new(Arc::clone(&inner), plc, map));
        let (stop, stopped) = watch::channel(false);
        let app = App {
            inner,
            engine: Arc::new(tokio::sync::Mutex::new(engine)),
            tasks: Arc::new(Mutex::new(Vec::new())),
            stop,
            _lock: Arc::new(lock),
        };
        app.spawn(session, setup.pace, import_every_min, &stopped);
        app.inner.publish().await;
        Ok(app)
    }

    /// All long-lived tasks, in one place.
    fn spawn(
        &self,
        session: Option<Session>,
        pace: Pace,
        import_every_min: u64,
        stopped: &watch::Receiver<bool>,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = session {
            tasks.push(("plc session", tokio::spawn(session.run(stopped.clone()))));
        }
        if pace == Pace::ByHand {
            return;
        }
        tasks.push((
            "live",
            tokio::spawn(task::run_live(Arc::clone(&self.inner), stopped.clone())),
        ));
        tasks.push((
            "disk",
            tokio::spawn(task::run_disk(Arc::clone(&self.inner), stopped.clone())),
        ));
        if matches!(self.inner.store.trouble(), Some(Trouble::Damaged(_))) {
            return;
        }
        tasks.push((
            "engine",
            tokio::spawn(task::run_engine(self.clone(), stopped.clone())),
        ));
        tasks.push((
            "posting",
            tokio::spawn(task::run_posting(Arc::clone(&self.inner), stopped.clone())),
        ));
        tasks.push((
            "trail",
            tokio::spawn(task::run_trail(Arc::clone(&self.inner), stopped.clone())),
        ));
        tasks.push((
            "trail check",
            tokio::spawn(task::run_trail_check(
                Arc::clone(&self.inner),
                stopped.clone(),
            )),
        ));
        // A demo begins anew; its books are nobody's loss.
        if self.inner.demo.is_none() {
            tasks.push((
                "backup",
                tokio::spawn(task::run_backup(Arc::clone(&self.inner), stopped.clone())),
            ));
        }
        if self.inner.erp.is_some() {
            let every = Duration::from_secs(import_every_min * 60);
            tasks.push((
                "intake",
                tokio::spawn(task::run_intake(
                    Arc::clone(&self.inner),
                    every,
                    stopped.clone(),
                )),
            ));
        }
    }

    /// Asks every task to stop, waits with a limit, and names those that did not.
    pub async fn shutdown(&self) -> Vec<String> {
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stragglers = Vec::new();
        for (name, task) in tasks {
            let abort = task.abort_handle();
            if tokio::time::timeout(STOP_LIMIT, task).await.is_err() {
                abort.abort();
                stragglers.push(name.to_owned());
            }
        }
        refused::flush(&self.inner).await;
        // Who ends in good order leaves nothing unsealed.
        if let Err(error) = job::seal_when_due(&self.inner, true).await {
            tracing::warn!(%error, "the last rows of the trail wait for the next start's seal");
        }
        if let Err(error) = self.inner.store.checkpoint().await {
            tracing::warn!(%error, "the books keep their log beside them until the next start");
        }
        stragglers
    }

    /// The monotonic clock, milliseconds.
    #[must_use]
    pub fn mono_ms(&self) -> i64 {
        self.inner.clock.mono_ms()
    }

    /// The latest snapshot.
    #[must_use]
    pub fn live(&self) -> Arc<LiveView> {
        Arc::clone(&self.inner.live.borrow())
    }

    /// Listens to events. Needs a session that may see the process.
    ///
    /// # Errors
    /// [`millrace_core::error_code::ErrorCode::NotLoggedIn`], or as [`crate::session::Caller::must`].
    pub fn subscribe(
        &self,
        token: Option<&str>,
    ) -> Result<broadcast::Receiver<AppEvent>, AppError> {
        self.caller(token)?.must(Right::View)?;
        Ok(self.inner.bus.subscribe())
    }

    /// One engine cycle, then the snapshot; for tests that move time by hand.
    pub async fn cycle(&self) {
        if let Some(engine) = self.engine.lock().await.as_mut() {
            engine.cycle().await;
        }
        self.inner.publish().await;
    }

    /// Works on one due message for the ERP; answers false when nothing was due.
    ///
    /// # Errors
    /// The store's.
    pub async fn work_outbox(&self) -> Result<bool, AppError> {
        Ok(posting::work(&self.inner).await? == Worked::Did)
    }

    /// Makes and tries the backups that are due; for tests that move time by hand.
    ///
    /// # Errors
    /// The store's.
    pub async fn work_backup(&self) -> Result<(), AppError> {
        backup_job::work(&self.inner).await
    }

    /// Looks whether the books can be written to; for tests that move time by hand.
    ///
    /// # Errors
    /// The store's.
    pub async fn work_disk(&self) -> Result<(), AppError> {
        disk::watch(&self.inner).await
    }

    /// One round of the trail's jobs: clock, seal, and a check that was asked for; for tests that move
    /// time by hand.
    ///
    /// # Errors
    /// The store's.
    pub async fn work_trail(&self) -> Result<(), AppError> {
        job::watch_clock(&self.inner).await?;
        job::seal_when_due(&self.inner, false).await?;
        if self.inner.trail.check_state().is_running {
            job::check(&self.inner).await?;
        }
        Ok(())
    }

    /// The books, for oracles in tests.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
}

fn problems_of(map: &Option<Arc<RegisterMap>>, why: &str) -> Option<String> {
    if map.is_some() {
        None
    } else {
        Some(why.to_owned())
    }
}
