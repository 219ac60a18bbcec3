//! Putting the application together: books, links, engine, jobs. [`App`] is one cheap handle,
//! complete when [`App::start`] returns; [`App::shutdown`] asks, waits with a limit, and tells who
//! did not stop. Leaves out transport.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millrace_core::ids::SiloNo;
use millrace_core::intake::IntakeRules;
use millrace_core::journal::JournalKind;
use millrace_core::registers::RegisterMap;
use millrace_core::silo::MovementKind;
use millrace_core::units::{BasisPoints, Grams};
use millrace_field::plc::{LinkView as PlcLink, PlcHandle, Session};
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::{Store, Write};
use rust_decimal::Decimal;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;

use crate::clock::{Clock, SystemClock};
use crate::commands::live::LiveView;
use crate::commands::session::{DemoPerson, StartProblem};
use crate::config::{self, Config, ConfigError, SiloSeed};
use crate::engine::live::{Cached, snapshot};
use crate::engine::{Engine, Image};
use crate::error::AppError;
use crate::event::{AppEvent, EventBus};
use crate::jobs::posting::Worked;
use crate::jobs::{ErpLink, intake, posting};
use crate::lock::FolderLock;
use crate::session::Sessions;

/// How often the snapshot goes out (`decisions.md` 31: values at most twice a second).
const LIVE_MS: u64 = 500;
/// How long a task may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// How many journal rows are announced one by one after a commit; a longer backlog is not.
const JOURNAL_BURST: i64 = 50;

/// Who moves the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Its own tasks, in real time.
    Own,
    /// A test calls [`App::cycle`], [`App::work_outbox`] and so on.
    ByHand,
}

/// The demo's marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demo {
    /// Speed of the virtual plant.
    pub speed: f64,
}

/// Login of the virtual ERP.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    /// Database.
    pub database: String,
    /// User.
    pub login: String,
    /// Password.
    pub password: String,
}

/// Everything the application starts from.
#[derive(Debug)]
pub struct Setup {
    /// The wiring.
    pub config: Config,
    /// The register map, or why there is none.
    pub registers: Result<RegisterMap, String>,
    /// The silos, or why there are none.
    pub silos: Result<Vec<SiloSeed>, String>,
    /// Where the books lie.
    pub data_dir: PathBuf,
    /// Set on the virtual plant.
    pub demo: Option<Demo>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who moves the application.
    pub pace: Pace,
    /// The program's version.
    pub version: String,
}

impl Setup {
    /// Loads a configuration file and what it names. Wrong register maps and silos become problems
    /// that the application shows: it starts all the same, with what still works.
    ///
    /// # Errors
    /// [`ConfigError`] when the file itself cannot be understood.
    pub fn from_file(config_path: &Path, data_dir: &Path, version: &str) -> Result<Setup, ConfigError> {
        let config = Config::load(config_path)?;
        let base = config_path.parent().unwrap_or(Path::new("."));
        let read = |what: &str, path: &Path| {
            let path = base.join(path);
            std::fs::read_to_string(&path)
                .map_err(|error| format!("{what} {} cannot be read: {error}", path.display()))
                .map(|text| (path, text))
        };
        let registers = match &config.plc {
            None => Err("the configuration names no PLC: batches can be signed, but not downloaded".into()),
            Some(plc) => read("the register map", &plc.registers).and_then(|(path, text)| {
                RegisterMap::parse(&text).map_err(|error| format!("the register map {} is wrong: {error}", path.display()))
            }),
        };
        let silos = match &config.silos {
            None => Err("the configuration names no silos file: orders cannot be judged".into()),
            Some(silos) => read("the silos file", silos).and_then(|(path, text)| {
                config::parse_silos(&text, Decimal::ONE).map_err(|error| format!("the silos file {} is wrong: {error}", path.display()))
            }),
        };
        Ok(Setup {
            config,
            registers,
            silos,
            data_dir: data_dir.to_path_buf(),
            demo: None,
            clock: SystemClock::new(),
            pace: Pace::Own,
            version: version.to_owned(),
        })
    }

    /// The demo on a virtual plant that already runs.
    ///
    /// # Errors
    /// [`ConfigError`] when the demo's own files are wrong.
    #[expect(clippy::too_many_arguments, reason = "one call site a binary, each argument named by its type")]
    pub fn demo(
        plc: SocketAddr,
        erp_url: &str,
        login: &DemoLogin,
        data_dir: &Path,
        speed: f64,
        registers_toml: &str,
        silos_toml: &str,
        version: &str,
    ) -> Result<Setup, ConfigError> {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let config = Config::parse(&format!(
            "silos = \"demo\"\n[site]\nkey = \"demo\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
             [plc]\nregisters = \"demo\"\npoll_live_ms = 250\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{plc}\"\nnode_local = 1\nnode_plc = 2\n\
             timeout_ms = 500\n[erp]\nimport_every_min = 60\n[erp.connector]\nkind = \"odoo_addon\"\nurl = {}\ndatabase = {}\nlogin = {}\npassword = {}\n",
            quote(erp_url),
            quote(&login.database),
            quote(&login.login),
            quote(&login.password),
        ))?;
        let factor = Decimal::try_from(speed).unwrap_or(Decimal::ONE).max(Decimal::new(1, 1));
        Ok(Setup {
            config,
            registers: Ok(RegisterMap::parse(registers_toml).map_err(|error| ConfigError(error.to_string()))?),
            silos: Ok(config::parse_silos(silos_toml, factor)?),
            data_dir: data_dir.to_path_buf(),
            demo: Some(Demo { speed }),
            clock: SystemClock::new(),
            pace: Pace::Own,
            version: version.to_owned(),
        })
    }
}

/// The application could not start. One sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// What all parts share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sessions: Sessions,
    pub(crate) bus: EventBus,
    pub(crate) silos: Vec<SiloSeed>,
    pub(crate) map: Option<Arc<RegisterMap>>,
    pub(crate) erp: Option<Arc<dyn ErpConnector>>,
    pub(crate) erp_link: ErpLink,
    pub(crate) erp_instance: String,
    pub(crate) intake: config::Intake,
    pub(crate) site: config::Site,
    pub(crate) batches_in_plc_max: usize,
    pub(crate) engine_nudge: Notify,
    pub(crate) posting_nudge: Notify,
    pub(crate) import_turn: tokio::sync::Mutex<()>,
    pub(crate) problems: Vec<StartProblem>,
    pub(crate) demo: Option<Demo>,
    pub(crate) demo_people: Vec<DemoPerson>,
    pub(crate) version: String,
    pub(crate) erp_address: String,
    plc: Option<PlcHandle>,
    plc_address: String,
    plc_off: Option<String>,
    erp_off: Option<String>,
    bom_reference: Grams,
    poll_live_ms: i64,
    poll_idle_ms: i64,
    image: Mutex<Image>,
    revision: AtomicI64,
    live_nudge: Notify,
    live: watch::Sender<Arc<LiveView>>,
    live_state: tokio::sync::Mutex<LiveState>,
}

#[derive(Debug, Default)]
struct LiveState {
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
        let outcome = self.store.write(work).await?;
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

    pub(crate) fn plc_link(&self) -> Option<PlcLink> {
        self.plc.as_ref().map(PlcHandle::link)
    }

    pub(crate) fn plc_address(&self) -> &str {
        &self.plc_address
    }

    pub(crate) fn plc_off_cause(&self) -> Option<String> {
        self.plc_off.clone()
    }

    pub(crate) fn erp_off_cause(&self) -> String {
        self.erp_off.clone().unwrap_or_else(|| "no ERP is configured".into())
    }

    pub(crate) fn site_key(&self) -> String {
        self.site.key.clone()
    }

    pub(crate) fn silo_label(&self, silo: SiloNo) -> String {
        self.silos.iter().find(|s| s.row.silo == silo).map_or_else(|| silo.to_string(), |s| s.row.label.clone())
    }

    pub(crate) fn silo_rate(&self, silo: SiloNo) -> i64 {
        self.silos.iter().find(|s| s.row.silo == silo).map_or(0, |s| s.row.rate_g_s)
    }

    pub(crate) fn max_doses(&self) -> Vec<(SiloNo, Grams)> {
        // What overshoots its plan at the silo's limit is still believable; twice the tolerance is not.
        self.silos
            .iter()
            .map(|s| {
                let max = s.row.max_dose_g;
                (s.row.silo, Grams(max.0.saturating_add(s.row.tolerance.band(max).0)))
            })
            .collect()
    }

    /// A duration of the plant, at the virtual plant's speed.
    pub(crate) fn scaled(&self, plant_ms: i64) -> i64 {
        let percent = self.speed_pct();
        plant_ms.saturating_mul(100) / percent.max(1)
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
            batch_max_g: self.map.as_ref().map_or(Grams(3_000_000), |map| map.batch_max()),
            order_max_g: Grams::from_kg(self.intake.order_max_kg).unwrap_or(Grams(100_000_000)),
            scaling_limit: BasisPoints::from_percent(self.intake.scaling_limit_pct).unwrap_or(BasisPoints(200)),
            name_chars_max: self.map.as_ref().map_or(16, |map| map.text_chars()),
        }
    }

    pub(crate) async fn erp_good(&self) {
        if self.erp_link.good(self.clock.as_ref()) {
            self.note(JournalKind::ErpBack, String::new()).await;
        }
        self.live_nudge.notify_one();
    }

    pub(crate) async fn erp_lost(&self, error: &ErpError) {
        if self.erp_link.lost(error.to_string(), self.clock.as_ref()) {
            self.note(JournalKind::ErpLost, error.to_string()).await;
        }
        self.live_nudge.notify_one();
    }

    async fn note(&self, kind: JournalKind, reason: String) {
        let at_ms = self.clock.now_ms();
        let outcome = self.commit(move |tx| Ok(tx.journal_add(at_ms, None, kind, &[("reason", reason)])?)).await;
        if let Err(error) = outcome {
            tracing::warn!(%error, "the journal did not take a line");
        }
    }

    /// Builds and publishes the snapshot, and announces new journal rows.
    pub(crate) async fn publish(&self) {
        let mut state = self.live_state.lock().await;
        let revision = self.revision.load(Ordering::SeqCst);
        let is_old = state.cached.as_ref().is_none_or(|cached| cached.revision != revision);
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
                        pending_approvals: i64::try_from(
                            read.batches_with_words(&[millrace_core::batch::word::BatchWord::Pending])?.len(),
                        )
                        .unwrap_or(i64::MAX),
                    };
                    let journal = read.journal_latest(JOURNAL_BURST)?;
                    Ok::<_, AppError>((cached, journal))
                })
                .await;
            match loaded {
                Ok((cached, journal)) => {
                    state.cached = Some(cached);
                    state.journal_seq = journal.first().map(|row| row.seq).or(since);
                    if let Some(since) = since {
                        for row in journal.into_iter().rev().filter(|row| row.seq > since) {
                            self.bus.publish(AppEvent::Journal(Arc::new(crate::commands::build::journal(row))));
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the snapshot shows the books as they were"),
            }
        }
        state.seq += 1;
        let view = Arc::new(snapshot(self, &state.cached.clone().unwrap_or_default(), state.seq));
        self.live.send_replace(Arc::clone(&view));
        self.bus.publish(AppEvent::Live(view));
    }
}

/// The application.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
    engine: Arc<tokio::sync::Mutex<Option<Engine>>>,
    tasks: Arc<Mutex<Vec<(&'static str, JoinHandle<()>)>>>,
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
        let path = setup.data_dir.join("millrace.db");
        let store = tokio::task::spawn_blocking(move || Store::open(&path))
            .await
            .map_err(|error| StartError(error.to_string()))?
            .map_err(|error| StartError(error.to_string()))?;
        let clock = Arc::clone(&setup.clock);
        let mut problems = Vec::new();
        let mut problem = |area: &str, message: String| {
            tracing::warn!(area, %message, "set-up");
            problems.push(StartProblem { area: area.into(), message });
        };

        let map = match setup.registers {
            Ok(map) => Some(Arc::new(map)),
            Err(why) => {
                problem("plc", format!("{why}. The PLC is not spoken to; orders, signatures and history work."));
                None
            }
        };
        let silos = match setup.silos {
            Ok(silos) => silos,
            Err(why) => {
                problem("config", format!("{why}. No order can become a batch; the rest works."));
                Vec::new()
            }
        };
        let mut plc_off = problems_of(&map, "the register map could not be loaded");
        let mut session: Option<Session> = None;
        let mut plc = None;
        let mut plc_address = String::new();
        if let (Some(config), Some(map)) = (&setup.config.plc, &map) {
            plc_address = config.driver.address.to_string();
            if let Err(error) = config::check_silos(&silos, map) {
                plc_off = Some(error.to_string());
            } else {
                match millrace_field::plc::open(config.driver.clone()) {
                    Ok((handle, task)) => {
                        plc = Some(handle);
                        session = Some(task);
                    }
                    Err(error) => plc_off = Some(error.to_string()),
                }
            }
            if let Some(why) = &plc_off {
                problem("plc", format!("{why}. The PLC is not spoken to; orders, signatures and history work."));
            }
        }
        let mut erp = None;
        let mut erp_off = Some("the configuration names no ERP".to_owned());
        let mut erp_address = String::new();
        if let Some(config) = &setup.config.erp {
            erp_address = config.connector.url.clone();
            match millrace_office::erp::open(&config.connector) {
                Ok(connector) => {
                    erp = Some(connector);
                    erp_off = None;
                }
                Err(error) => {
                    problem("erp", format!("{error}. Orders cannot be fetched; finished batches wait to be posted."));
                    erp_off = Some(error.to_string());
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

        let demo_people = seed(&store, clock.as_ref(), &silos, setup.demo.is_some())
            .await
            .map_err(|error| StartError(error.to_string()))?;

        let plc_settings = setup.config.plc.as_ref();
        let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let (live, _) = watch::channel(Arc::new(empty_live()));
        let import_every_min = setup.config.erp.as_ref().map_or(60, |erp| erp.import_every_min.max(1));
        let inner = Arc::new(Inner {
            sessions: Sessions::default(),
            bus: EventBus::new(),
            erp_link: ErpLink::new(erp.is_some(), erp_off.clone(), clock.as_ref()),
            erp_instance: setup
                .config
                .erp
                .as_ref()
                .map_or_else(String::new, |erp| format!("{}:{}", setup.config.site.key, erp.connector.database)),
            intake: setup.config.intake.clone(),
            site: setup.config.site.clone(),
            batches_in_plc_max: plc_settings.map_or(3, |plc| usize::from(plc.batches_in_plc_max)),
            engine_nudge: Notify::new(),
            posting_nudge: Notify::new(),
            import_turn: tokio::sync::Mutex::new(()),
            problems,
            demo: setup.demo,
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
            image: Mutex::new(Image::default()),
            revision: AtomicI64::new(1),
            live_nudge: Notify::new(),
            live,
            live_state: tokio::sync::Mutex::new(LiveState::default()),
            store,
            clock,
            silos,
            map: map.clone(),
            erp,
        });
        let engine = plc.zip(map).map(|(plc, map)| Engine::new(Arc::clone(&inner), plc, map));
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
    fn spawn(&self, session: Option<Session>, pace: Pace, import_every_min: u64, stopped: &watch::Receiver<bool>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = session {
            tasks.push(("plc session", tokio::spawn(session.run(stopped.clone()))));
        }
        if pace == Pace::ByHand {
            return;
        }
        tasks.push(("engine", tokio::spawn(run_engine(self.clone(), stopped.clone()))));
        tasks.push(("posting", tokio::spawn(run_posting(Arc::clone(&self.inner), stopped.clone()))));
        tasks.push(("live", tokio::spawn(run_live(Arc::clone(&self.inner), stopped.clone()))));
        if self.inner.erp.is_some() {
            let every = Duration::from_secs(import_every_min * 60);
            tasks.push(("intake", tokio::spawn(run_intake(Arc::clone(&self.inner), every, stopped.clone()))));
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
        stragglers
    }

    /// The latest snapshot.
    #[must_use]
    pub fn live(&self) -> Arc<LiveView> {
        Arc::clone(&self.inner.live.borrow())
    }

    /// Listens to events. Needs a session.
    ///
    /// # Errors
    /// [`millrace_core::error_code::ErrorCode::NotLoggedIn`].
    pub fn subscribe(&self, token: Option<&str>) -> Result<broadcast::Receiver<AppEvent>, AppError> {
        self.caller(token)?;
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

    /// The books, for oracles in tests.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
}

fn problems_of(map: &Option<Arc<RegisterMap>>, why: &str) -> Option<String> {
    if map.is_some() { None } else { Some(why.to_owned()) }
}

fn empty_live() -> LiveView {
    use crate::commands::live::{LinkStateView, LinkView};
    let off = LinkView { state: LinkStateView::Off, age_ms: None, since_ms: 0, cause: None };
    LiveView {
        seq: 0,
        now_ms: 0,
        plc: off.clone(),
        erp: off,
        outbox: crate::commands::live::OutboxCounts::default(),
        batch: None,
        queued: Vec::new(),
        silos: Vec::new(),
        pending_approvals: 0,
        revision: 0,
    }
}

/// Silos as configured, opening stock once, and the demo's people.
async fn seed(store: &Store, clock: &dyn Clock, silos: &[SiloSeed], is_demo: bool) -> Result<Vec<DemoPerson>, AppError> {
    use millrace_core::access::Role;
    let at_ms = clock.now_ms();
    let seeds = silos.to_vec();
    store
        .write(move |tx| {
            let known: BTreeMap<SiloNo, _> = tx.silos()?.into_iter().map(|row| (row.silo, row)).collect();
            for seed in &seeds {
                if known.get(&seed.row.silo) != Some(&seed.row) {
                    tx.silo_put(&seed.row)?;
                }
                if let Some(start) = seed.start_g
                    && tx.silo_last_movement(seed.row.silo)?.is_none()
                {
                    tx.silo_move(at_ms, seed.row.silo, MovementKind::Opening, start, None, None)?;
                }
            }
            Ok::<_, AppError>(())
        })
        .await?;
    if !is_demo {
        return Ok(Vec::new());
    }
    const PEOPLE: &str = "demo_people";
    if let Some(text) = store.read(|read| read.meta(PEOPLE).map_err(AppError::from)).await?
        && let Ok(people) = serde_json::from_str(&text)
    {
        return Ok(people);
    }
    let mut people = Vec::new();
    for (name, role) in [("Operator 1", Role::Operator), ("Supervisor 1", Role::Supervisor)] {
        let token = crate::session::random_token()?;
        let secret: String = token.chars().take(10).collect();
        let phc = crate::session::hash_secret(secret.clone()).await?;
        people.push((DemoPerson { name: name.into(), role, secret }, phc));
    }
    let kept: Vec<DemoPerson> = people.iter().map(|(person, _)| person.clone()).collect();
    let text = serde_json::to_string(&kept)
        .map_err(|error| AppError::fault(millrace_core::error_code::ErrorCode::Internal, "the demo's people", &error))?;
    store
        .write(move |tx| {
            for (person, phc) in &people {
                tx.person_add(&person.name, person.role, phc, at_ms)?;
            }
            tx.meta_set(PEOPLE, &text)?;
            Ok::<_, AppError>(())
        })
        .await?;
    Ok(kept)
}

/// Resolves once the program shall stop (or nobody is left to say so).
async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn run_engine(app: App, mut stopped: watch::Receiver<bool>) {
    let live = Duration::from_millis(u64::try_from(app.inner.poll_live_ms()).unwrap_or(500));
    let idle = Duration::from_millis(u64::try_from(app.inner.poll_idle_ms()).unwrap_or(1_000));
    loop {
        let is_live = match app.engine.lock().await.as_mut() {
            Some(engine) => engine.cycle().await,
            None => return,
        };
        tokio::select! {
            () = asked_to_stop(&mut stopped) => return,
            () = app.inner.engine_nudge.notified() => {}
            () = tokio::time::sleep(if is_live { live } else { idle }) => {}
        }
    }
}

async fn run_posting(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
    loop {
        let pause = match posting::work(&inner).await {
            Ok(Worked::Did) => Duration::ZERO,
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

async fn run_intake(inner: Arc<Inner>, every: Duration, mut stopped: watch::Receiver<bool>) {
    // The first look only tells whether the ERP is there: a person starts with a clear list in the
    // demo, and a plant has its orders from the last period.
    loop {
        if inner.demo.is_none() {
            if let Err(error) = intake::run(&inner).await {
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

async fn run_live(inner: Arc<Inner>, mut stopped: watch::Receiver<bool>) {
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
