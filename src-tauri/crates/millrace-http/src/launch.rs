//! The start and the end of a run: log, virtual plant where one is wanted, application, and without
//! a window the server. Leaves out the window, which the shell opens around a [`Station`].

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use millrace_app::config::Http;
use millrace_app::{App, DemoLogin, Setup};
use millrace_plant::run::OdooLogin;
use millrace_plant::{PlantConfig, RunningPlant};
use serde_json::json;
use tokio::runtime::Runtime;
use tracing_appender::non_blocking::WorkerGuard;

use crate::cli::Cli;
use crate::demo::DemoFolder;
use crate::place::Places;
use crate::server::{BindError, Server};
use crate::trainer::PlantTrainer;
use crate::{VERSION, log};

/// Exit code: the start failed; the sentence says why.
pub const FAULT: u8 = 1;
/// Exit code: the address to listen on cannot be had.
pub const NO_ADDRESS: u8 = 69;
/// Exit code: the same data folder is in use by a program that runs already.
pub const RUNNING: u8 = 75;
/// Exit code: there is no configuration, or it cannot be understood.
pub const CONFIG: u8 = 78;

/// The demo mill's register map.
const DEMO_REGISTERS: &str = include_str!("../../../../assets/registers/demo.toml");
/// The demo mill's silos.
const DEMO_SILOS: &str = include_str!("../../../../assets/demo/silos.toml");
/// Seed of the demo's physics: every demo doses the same way.
const DEMO_SEED: u64 = 1;

/// Why the program ends before it began. Displays one sentence for the person who started it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Exit {
    /// What the process answers to its caller.
    pub code: u8,
    /// What is wrong, where, and what to do.
    pub message: String,
}

impl Exit {
    /// The code as the process returns it.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// A running application with what belongs to it. End it with [`Launch::shutdown`]; a dropped one
/// stops without waiting.
#[derive(Debug)]
pub struct Launch {
    /// The application.
    pub app: App,
    /// The virtual plant of a demo.
    pub plant: Option<RunningPlant>,
    /// What browsers and scripts meet.
    pub http: Http,
    // Let go of last, in this order: the folder only when nothing writes to it any more.
    _folder: Option<DemoFolder>,
    _log: Option<WorkerGuard>,
}

impl Launch {
    /// Stops the application and then the plant. Answers who did not stop in time.
    pub async fn shutdown(self) -> Vec<String> {
        tracing::info!("end");
        let mut stragglers = self.app.shutdown().await;
        if let Some(plant) = self.plant
            && let Err(error) = plant.shutdown().await
        {
            tracing::error!(%error, "the virtual plant's last state was not saved");
            stragglers.push("virtual plant".to_owned());
        }
        if !stragglers.is_empty() {
            tracing::warn!(?stragglers, "did not stop in time");
        }
        stragglers
    }
}

/// Starts the log, the virtual plant of a demo, and the application.
///
/// # Errors
/// [`Exit`] with its code and one sentence; nothing is left running. A PLC or an ERP that does not
/// answer is no error.
pub async fn launch(cli: &Cli) -> Result<Launch, Exit> {
    let places = Places::of(cli)?;
    let guard = log::start(cli.log, &places.log, cli.headless);
    tracing::info!(version = VERSION, demo = cli.demo, data = %places.data.display(), "start");
    let (setup, plant, folder) = if cli.demo {
        let folder = DemoFolder::take(&places.data.join("demo"), cli.demo_reset)?;
        let (setup, plant) = demo(cli, &folder).await?;
        (setup, Some(plant), Some(folder))
    } else {
        let setup =
            Setup::from_file(&places.config, &places.data, VERSION).map_err(|error| Exit {
                code: CONFIG,
                message: sentence(&error.to_string()),
            })?;
        (setup, None, None)
    };
    let http = setup.config.http.clone();
    match App::start(in_language(setup, cli)).await {
        Ok(app) => Ok(Launch {
            app,
            plant,
            http,
            _folder: folder,
            _log: guard,
        }),
        Err(error) => {
            tracing::error!(%error, "the application did not start");
            if let Some(plant) = plant
                && let Err(error) = plant.shutdown().await
            {
                tracing::error!(%error, "the virtual plant's last state was not saved");
            }
            Err(Exit {
                code: FAULT,
                message: sentence(&error.to_string()),
            })
        }
    }
}

async fn demo(cli: &Cli, folder: &DemoFolder) -> Result<(Setup, RunningPlant), Exit> {
    let fault = |what: &str, error: &dyn fmt::Display| Exit {
        code: FAULT,
        message: sentence(&format!("{what}: {error}")),
    };
    let login = OdooLogin::default();
    let plant = millrace_plant::start(PlantConfig {
        state_dir: Some(folder.path().join("plant")),
        speed: cli.demo_speed,
        seed: DEMO_SEED,
        map: Some(DEMO_REGISTERS.to_owned()),
        odoo_login: login.clone(),
        ..PlantConfig::default()
    })
    .await
    .map_err(|error| {
        fault(
            "The virtual plant cannot start (--demo-reset begins it anew)",
            &error,
        )
    })?;
    let mut setup = Setup::demo(
        plant.fins(),
        &plant.odoo_url(),
        &DemoLogin {
            database: login.db,
            login: login.login,
            password: login.password,
        },
        folder.path(),
        cli.demo_speed,
        DEMO_REGISTERS,
        DEMO_SILOS,
        VERSION,
    )
    .map_err(|error| fault("The demo's own settings are wrong", &error))?;
    set_date(&plant, &setup);
    setup.trainer = Some(Arc::new(PlantTrainer::new(plant.board().clone())));
    Ok((setup, plant))
}

/// The PLC's clock shows the site's local time, as a real one does.
fn set_date(plant: &RunningPlant, setup: &Setup) {
    let now = jiff::Timestamp::from_millisecond(setup.clock.now_ms());
    match (now, jiff::tz::TimeZone::get(&setup.config.site.zone)) {
        (Ok(now), Ok(zone)) => plant.with_plant(|plant| plant.set_date(zone.to_datetime(now))),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "the virtual PLC's clock was not set");
        }
    }
}

fn in_language(mut setup: Setup, cli: &Cli) -> Setup {
    if let Some(language) = cli.lang {
        setup.config.site.language = language.code().to_owned();
    }
    setup
}

/// With a capital and a full stop, whoever wrote it.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut sentence: String = letters
        .next()
        .map(char::to_uppercase)
        .into_iter()
        .flatten()
        .collect();
    sentence.push_str(letters.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Runs without a window until the process is told to end (SIGTERM, or Ctrl+C).
pub async fn run_headless(cli: Cli) -> ExitCode {
    match launch(&cli).await {
        Ok(launch) => serve(launch, cli.listen).await,
        Err(exit) => refused(&exit),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the person who started the program reads it there"
)]
fn refused(exit: &Exit) -> ExitCode {
    eprintln!("{exit}");
    exit.code()
}

async fn serve(launch: Launch, listen: SocketAddr) -> ExitCode {
    let outcome = serve_until_told(&launch, listen).await;
    let stragglers = launch.shutdown().await;
    match outcome {
        Ok(()) if stragglers.is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(FAULT),
        Err(exit) => refused(&exit),
    }
}

async fn serve_until_told(launch: &Launch, listen: SocketAddr) -> Result<(), Exit> {
    let fault = |what: &str, error: std::io::Error| Exit {
        code: FAULT,
        message: format!("{what}: {error}."),
    };
    // Listened for before anybody is told that the program runs.
    let told = told_to_end().map_err(|error| fault("Signals cannot be heard", error))?;
    let server = Server::bind(launch.app.clone(), listen, &launch.http)
        .await
        .map_err(|error| match error {
            BindError::Address(error) => Exit {
                code: NO_ADDRESS,
                message: format!(
                    "{listen} cannot be listened on ({error}): another program may have it. \
                     --listen {}:0 takes a free port.",
                    listen.ip()
                ),
            },
            BindError::Tls(_) | BindError::InTheClear(_) => Exit {
                code: CONFIG,
                message: sentence(&error.to_string()),
            },
        })?;
    say_problems(&launch.app).await;
    // Whoever started us may not be reading any more; that is no reason to end.
    let mut out = std::io::stdout();
    let ready = writeln!(out, "Millrace is ready: {}", server.url()).and_then(|()| out.flush());
    if let Err(error) = ready {
        tracing::warn!(%error, "nobody reads standard output");
    }
    tracing::info!(address = %server.address(), "ready");
    server.serve(told).await;
    Ok(())
}

/// Tells a person at a terminal what the login screen tells.
#[expect(
    clippy::print_stderr,
    reason = "the person who started the program reads it there"
)]
async fn say_problems(app: &App) {
    let info = match app.dispatch("app_info", json!({}), None).await {
        Ok(info) => info,
        Err(error) => {
            tracing::warn!(%error, "the application does not say how it stands");
            return;
        }
    };
    let problems = info["problems"].as_array().into_iter().flatten();
    for message in problems.filter_map(|problem| problem["message"].as_str()) {
        eprintln!("{}", sentence(message));
    }
}

/// What this computer is called, as the audit trail names the window's place. A computer that does not
/// say is "this computer".
#[must_use]
pub fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this computer".to_owned())
}

/// Hears the signals that end a program in good order, from now on.
#[cfg(unix)]
fn told_to_end() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Hears the signal that ends a program in good order.
#[cfg(not(unix))]
fn told_to_end() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// A launch with the runtime that it lives on, for a `main` that keeps its thread for a window.
#[derive(Debug)]
pub struct Station {
    runtime: Runtime,
    launch: Launch,
    cli: Cli,
}

/// Launches on a runtime of its own.
///
/// # Errors
/// As [`launch`].
pub fn prepare(cli: Cli) -> Result<Station, Exit> {
    let runtime = Runtime::new().map_err(|error| Exit {
        code: FAULT,
        message: format!("The system gives no threads: {error}."),
    })?;
    let launch = runtime.block_on(launch(&cli))?;
    Ok(Station {
        runtime,
        launch,
        cli,
    })
}

impl Station {
    /// True when no window is wanted: call [`Station::serve`].
    #[must_use]
    pub fn is_headless(&self) -> bool {
        self.cli.headless
    }

    /// The application.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.launch.app
    }

    /// The runtime that the application lives on.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Serves browsers and scripts until the process is told to end.
    #[must_use]
    pub fn serve(self) -> ExitCode {
        self.runtime.block_on(serve(self.launch, self.cli.listen))
    }

    /// Stops everything, after the window was closed.
    #[must_use]
    pub fn finish(self) -> ExitCode {
        if self.runtime.block_on(self.launch.shutdown()).is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FAULT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_reads_is_a_sentence() {
        assert_eq!(sentence("the file is wrong"), "The file is wrong.");
        assert_eq!(sentence("Already one."), "Already one.");
        assert_eq!(sentence("épice"), "Épice.");
        assert_eq!(sentence(""), ".");
    }
}
