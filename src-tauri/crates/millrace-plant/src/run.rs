//! The running plant: sockets, the tick that turns real time into plant time, and the way to stop
//! it all. With speed 0 there is no tick and the caller moves the clock.
//! Leaves out the command line (`bin/millrace-plant.rs`).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millrace_core::registers::{MapError, RegisterMap};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::books::Books;
pub use crate::config::{OdooLogin, PlantConfig};
use crate::fault::FaultBoard;
use crate::odoo::{OdooConfig, OdooError, VirtualOdoo};
use crate::plant::{PlantError, VirtualPlant};
use crate::silo::SiloTable;
use crate::state_file::StateFile;
use crate::{control, fins, fins_tcp, modbus, odoo};

/// The demo mill's register map.
const DEMO_MAP: &str = include_str!("../../../../assets/registers/demo.toml");
/// The PLC's state within the state folder.
const PLANT_FILE: &str = "plant.json";
/// The ERP's state within the state folder.
const ODOO_FILE: &str = "odoo.json";

/// The plant could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration's fault.
    #[error("speed {0} is not a number from 0 to 1000")]
    Speed(f64),
    /// The configuration's fault.
    #[error("tick_ms must be above zero")]
    Tick,
    /// The map's fault.
    #[error(transparent)]
    Map(#[from] MapError),
    /// See [`PlantError`].
    #[error(transparent)]
    Plant(#[from] PlantError),
    /// See [`OdooError`].
    #[error(transparent)]
    Odoo(#[from] OdooError),
    /// The machine's fault: port taken, folder not writable.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A started plant. Dropping it stops it without waiting; [`RunningPlant::shutdown`] waits.
#[derive(Debug)]
pub struct RunningPlant {
    fins: SocketAddr,
    fins_tcp: Option<SocketAddr>,
    modbus: Option<SocketAddr>,
    odoo: SocketAddr,
    control: SocketAddr,
    plant: Arc<Mutex<VirtualPlant>>,
    erp: Arc<VirtualOdoo>,
    board: FaultBoard,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// The plant behind its lock. A panic elsewhere does not make its books unreadable.
pub(crate) fn locked(plant: &Mutex<VirtualPlant>) -> MutexGuard<'_, VirtualPlant> {
    plant.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Binds every socket and starts PLC, ERP and tick.
///
/// # Errors
/// [`StartError`]; nothing is left running.
pub async fn start(config: PlantConfig) -> Result<RunningPlant, StartError> {
    if !(0.0..=1_000.0).contains(&config.speed) {
        return Err(StartError::Speed(config.speed));
    }
    if config.tick_ms == 0 {
        return Err(StartError::Tick);
    }
    let map = RegisterMap::parse(config.map.as_deref().unwrap_or(DEMO_MAP))?;
    let silos = SiloTable::demo().map_err(PlantError::from)?;
    let mut plant = VirtualPlant::new(&map, silos, config.seed)?.with_weight(config.reports_weight);
    if let Some(dir) = &config.state_dir {
        std::fs::create_dir_all(dir).map_err(io(format!("state folder {}", dir.display())))?;
        plant = plant.kept_at(StateFile::at(dir.join(PLANT_FILE)))?;
    }
    if let Some(date) = config.date {
        plant.set_date(date);
    }
    if !config.hand_products.is_empty() {
        plant = plant.with_hand_products(&config.hand_products);
    }
    let erp = VirtualOdoo::open(OdooConfig {
        db: config.odoo_login.db,
        login: config.odoo_login.login,
        password: config.odoo_login.password,
        state_file: config.state_dir.as_ref().map(|dir| dir.join(ODOO_FILE)),
    })?;

    let socket = UdpSocket::bind(config.fins)
        .await
        .map_err(io(format!("PLC on udp {}", config.fins)))?;
    let (listener, odoo_at) = listen("ERP", config.odoo).await?;
    let separate = listen_if("control", config.control).await?;
    let fins_tcp = listen_if("PLC (FINS)", config.fins_tcp).await?;
    let modbus = listen_if("PLC (Modbus)", config.modbus).await?;
    let at = |port: &Option<(TcpListener, SocketAddr)>| port.as_ref().map(|(_, at)| *at);
    let (fins_tcp_at, modbus_at) = (at(&fins_tcp), at(&modbus));
    let fins_at = socket
        .local_addr()
        .map_err(io("PLC's address".to_owned()))?;

    let plant = Arc::new(Mutex::new(plant));
    let board = FaultBoard::new(Arc::clone(&plant), Arc::clone(&erp));
    let routes_of_ours = control::router(Arc::clone(&plant), board.clone());
    let (stop, stopped) = watch::channel(false);
    let mut tasks = vec![tokio::spawn(fins::serve(
        socket,
        Arc::clone(&plant),
        stopped.clone(),
    ))];
    if let Some((listener, _)) = fins_tcp {
        let (plant, stopped) = (Arc::clone(&plant), stopped.clone());
        tasks.push(tokio::spawn(fins_tcp::serve(listener, plant, stopped)));
    }
    if let Some((listener, _)) = modbus {
        let (plant, stopped) = (Arc::clone(&plant), stopped.clone());
        tasks.push(tokio::spawn(modbus::serve(listener, plant, stopped)));
    }
    let mut routes = odoo::router(Arc::clone(&erp));
    let mut control_at = odoo_at;
    match separate {
        Some((own, address)) => {
            control_at = address;
            let stopped = stopped.clone();
            tasks.push(tokio::spawn(serve_http(
                "control",
                own,
                routes_of_ours,
                stopped,
            )));
        }
        None => routes = routes.merge(routes_of_ours),
    }
    tasks.push(tokio::spawn(serve_http(
        "ERP",
        listener,
        routes,
        stopped.clone(),
    )));
    if config.speed > 0.0 {
        let every = Duration::from_millis(config.tick_ms);
        tasks.push(tokio::spawn(tick(
            Arc::clone(&plant),
            every,
            config.speed,
            stopped,
        )));
    }
    Ok(RunningPlant {
        fins: fins_at,
        fins_tcp: fins_tcp_at,
        modbus: modbus_at,
        odoo: odoo_at,
        control: control_at,
        plant,
        erp,
        board,
        stop,
        tasks,
    })
}

fn io(what: String) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Io { what, source }
}

async fn listen(what: &str, at: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let told = || format!("{what} on tcp {at}");
    let listener = TcpListener::bind(at).await.map_err(io(told()))?;
    let real = listener.local_addr().map_err(io(told()))?;
    Ok((listener, real))
}

async fn listen_if(
    what: &str,
    at: Option<SocketAddr>,
) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    match at {
        Some(at) => listen(what, at).await.map(Some),
        None => Ok(None),
    }
}

async fn serve_http(
    what: &'static str,
    listener: TcpListener,
    app: axum::Router,
    stop: watch::Receiver<bool>,
) {
    if let Err(error) = odoo::serve_router(listener, app, stop).await {
        tracing::error!(%error, what, "HTTP server ended");
    }
}

async fn tick(
    plant: Arc<Mutex<VirtualPlant>>,
    every: Duration,
    speed: f64,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        tokio::select! {
            // An error means that nobody can stop us any more: stop.
            _ended = stop.wait_for(|stop| *stop) => return,
            now = ticks.tick() => {
                let passed = now.saturating_duration_since(last).mul_f64(speed);
                last = now;
                if let Err(error) = locked(&plant).advance(passed) {
                    tracing::error!(%error, "the plant's state was not saved");
                }
            }
        }
    }
}

impl RunningPlant {
    /// Where the PLC really listens.
    #[must_use]
    pub fn fins(&self) -> SocketAddr {
        self.fins
    }

    /// Where the PLC really listens for FINS/TCP; `None` when it does not.
    #[must_use]
    pub fn fins_tcp(&self) -> Option<SocketAddr> {
        self.fins_tcp
    }

    /// Where the PLC really listens for Modbus TCP; `None` when it does not.
    #[must_use]
    pub fn modbus(&self) -> Option<SocketAddr> {
        self.modbus
    }

    /// Where the ERP really listens.
    #[must_use]
    pub fn odoo(&self) -> SocketAddr {
        self.odoo
    }

    /// The ERP's address as a URL without a path.
    #[must_use]
    pub fn odoo_url(&self) -> String {
        format!("http://{}", self.odoo)
    }

    /// Where the `/plant/*` routes really listen.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// The virtual ERP, for looking into its books and ordering faults.
    #[must_use]
    pub fn erp(&self) -> &Arc<VirtualOdoo> {
        &self.erp
    }

    /// All faults of plant and ERP, for looking and switching. The board may outlive this handle.
    #[must_use]
    pub fn board(&self) -> &FaultBoard {
        &self.board
    }

    /// Works on the plant under its lock: words, snapshots, reboot.
    pub fn with_plant<T>(&self, act: impl FnOnce(&mut VirtualPlant) -> T) -> T {
        act(&mut locked(&self.plant))
    }

    /// Lets plant time pass.
    ///
    /// # Errors
    /// As [`VirtualPlant::advance`].
    pub fn advance(&self, dt: Duration) -> Result<(), PlantError> {
        locked(&self.plant).advance(dt)
    }

    /// The plant's books.
    #[must_use]
    pub fn books(&self) -> Books {
        locked(&self.plant).books()
    }

    /// Stops everything, waits for it, and saves the plant a last time.
    ///
    /// # Errors
    /// [`PlantError::State`] when the last save fails.
    pub async fn shutdown(mut self) -> Result<(), PlantError> {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the plant failed");
            }
        }
        locked(&self.plant).save()
    }
}

impl Drop for RunningPlant {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
