//! The virtual plant as a process of its own, for the demonstration and for tests that kill it.
//! When everything listens it prints one line of JSON with the addresses, then runs until it is
//! told to end. Leaves out all logic: that is the library's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use millrace_plant::{PlantConfig, RunningPlant, start};
use tracing_subscriber::EnvFilter;

/// A seeded feed mill: a PLC that speaks FINS and Modbus, and an ERP.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where the PLC listens (UDP); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9600")]
    fins: SocketAddr,
    /// Where the PLC listens for FINS/TCP too; port 0 takes a free one.
    #[arg(long)]
    fins_tcp: Option<SocketAddr>,
    /// Where the PLC listens for Modbus TCP too; port 0 takes a free one.
    #[arg(long)]
    modbus: Option<SocketAddr>,
    /// Where the ERP listens (HTTP); port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8069")]
    odoo: SocketAddr,
    /// Where the /plant routes listen; without it they are beside the ERP's.
    #[arg(long)]
    control: Option<SocketAddr>,
    /// Folder that keeps the plant over a restart; without it all is forgotten.
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// Plant seconds per real second; 0 stops the clock.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Seed of the physics.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Register map; without it the demo mill's.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Real milliseconds between two steps of the plant.
    #[arg(long, default_value_t = 100)]
    tick_ms: u64,
    /// Finished batches report no weight.
    #[arg(long)]
    no_weight: bool,
    /// Allows addresses that other machines can reach. Nothing here asks for a password.
    #[arg(long)]
    allow_remote: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let addresses = [
        Some(arguments.fins),
        arguments.fins_tcp,
        arguments.modbus,
        Some(arguments.odoo),
        arguments.control,
    ];
    for address in addresses.into_iter().flatten() {
        if !address.ip().is_loopback() && !arguments.allow_remote {
            return Err(format!("{address} is not loopback; see --allow-remote").into());
        }
    }
    let map = match &arguments.map {
        Some(path) => {
            Some(std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?)
        }
        None => None,
    };
    let ended = end_signal()?;
    let plant = start(PlantConfig {
        fins: arguments.fins,
        fins_tcp: arguments.fins_tcp,
        modbus: arguments.modbus,
        odoo: arguments.odoo,
        control: arguments.control,
        state_dir: arguments.state_dir,
        speed: arguments.speed,
        seed: arguments.seed,
        tick_ms: arguments.tick_ms,
        map,
        reports_weight: !arguments.no_weight,
        ..PlantConfig::default()
    })
    .await?;
    announce(&plant);
    ended.await;
    plant.shutdown().await?;
    Ok(())
}

/// One line for whoever started us; nothing else goes to standard output.
#[allow(
    clippy::print_stdout,
    reason = "the line is the interface to the parent process"
)]
fn announce(plant: &RunningPlant) {
    let text = |at: Option<SocketAddr>| at.map(|at| at.to_string());
    let line = serde_json::json!({
        "fins": plant.fins().to_string(),
        "fins_tcp": text(plant.fins_tcp()),
        "modbus": text(plant.modbus()),
        "odoo": plant.odoo_url(),
        "control": format!("http://{}", plant.control()),
    });
    println!("{line}");
}

/// Watches for the end from now on, so that a signal right after the start line is not missed.
#[cfg(unix)]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
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

#[cfg(not(unix))]
fn end_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for the end signal");
        }
    })
}
