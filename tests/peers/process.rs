//! Peers as processes of their own, and the virtual plant as one. What is still running is killed
//! when it is dropped. Leaves out what they are asked.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::failure::Failure;

/// A peer that needs longer hangs; a cold start of Python on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the peers' interpreters and the plant are, from the environment that `test.sh` sets.
#[derive(Debug)]
pub(crate) struct Tools {
    python: PathBuf,
    node_modules: PathBuf,
    plant: PathBuf,
    scripts: PathBuf,
}

impl Tools {
    /// Reads `MILLRACE_PEERS_{PYTHON,NODE_MODULES,PLANT,SCRIPTS}`.
    pub(crate) fn from_environment() -> Result<Tools, Failure> {
        Ok(Tools {
            python: path_in("MILLRACE_PEERS_PYTHON")?,
            node_modules: path_in("MILLRACE_PEERS_NODE_MODULES")?,
            plant: path_in("MILLRACE_PEERS_PLANT")?,
            scripts: path_in("MILLRACE_PEERS_SCRIPTS")?,
        })
    }

    /// A server in Python, which prints its port when it listens.
    pub(crate) async fn server(&self, script: &str, arguments: &[&str]) -> Result<Server, Failure> {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(script)).args(arguments);
        let (server, line) = Server::start(command, script).await?;
        let port = line
            .trim()
            .parse()
            .map_err(|_| Failure::new(format!("{script} said {line:?}, not its port")))?;
        Ok(Server {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            ..server
        })
    }

    /// The virtual plant with all its ports, at a standstill.
    pub(crate) async fn plant(&self) -> Result<Plant, Failure> {
        let mut command = Command::new(&self.plant);
        for port in ["--fins", "--fins-tcp", "--modbus", "--odoo"] {
            command.args([port, "127.0.0.1:0"]);
        }
        command.args(["--speed", "0"]);
        let (process, line) = Server::start(command, "millrace-plant").await?;
        let line: serde_json::Value = serde_json::from_str(&line)?;
        let at = |name: &str| {
            let text = line[name].as_str().unwrap_or_default();
            text.parse::<SocketAddr>()
                .map_err(|_| Failure::new(format!("the plant does not listen for {name}")))
        };
        Ok(Plant {
            fins: at("fins")?,
            fins_tcp: at("fins_tcp")?,
            modbus: at("modbus")?,
            _process: process,
        })
    }

    /// A client in Python: what it read.
    pub(crate) async fn python(
        &self,
        script: &str,
        arguments: &[String],
    ) -> Result<Vec<u16>, Failure> {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(script)).args(arguments);
        words(command, script).await
    }

    /// A client in JavaScript: what it read.
    pub(crate) async fn node(
        &self,
        script: &str,
        arguments: &[String],
    ) -> Result<Vec<u16>, Failure> {
        let mut command = Command::new("node");
        command
            .env("NODE_PATH", &self.node_modules)
            .arg(self.scripts.join(script))
            .args(arguments);
        words(command, script).await
    }
}

fn path_in(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os(name).map(PathBuf::from);
    let path = path.ok_or_else(|| Failure::new(format!("{name} is not set; ./test.sh sets it")))?;
    if !AsRef::<Path>::as_ref(&path).exists() {
        return Err(Failure::new(format!(
            "{name}: {} is not there",
            path.display()
        )));
    }
    Ok(path)
}

/// Runs a client to its end; it prints the words that it read as a JSON list.
async fn words(mut command: Command, name: &str) -> Result<Vec<u16>, Failure> {
    let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, run)
        .await
        .map_err(|_| Failure::new(format!("{name} does not end")))??;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{name} failed: {}", said.trim())));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A server process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _child: Child,
    _lines: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits for its first line.
    async fn start(mut command: Command, name: &str) -> Result<(Server, String), Failure> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .env("RUST_LOG", OsStr::new("error"))
            .spawn()
            .map_err(|error| Failure::new(format!("{name} does not start: {error}")))?;
        let out = child
            .stdout
            .take()
            .ok_or_else(|| Failure::new("no standard output"))?;
        let mut lines = BufReader::new(out);
        let mut line = String::new();
        let read = timeout(PATIENCE, lines.read_line(&mut line))
            .await
            .map_err(|_| Failure::new(format!("{name} does not say that it listens")))??;
        if read == 0 {
            return Err(Failure::new(format!("{name} ended at its start")));
        }
        let server = Server {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            _child: child,
            _lines: lines,
        };
        Ok((server, line))
    }
}

/// The virtual plant's process and its ports.
#[derive(Debug)]
pub(crate) struct Plant {
    pub(crate) fins: SocketAddr,
    pub(crate) fins_tcp: SocketAddr,
    pub(crate) modbus: SocketAddr,
    _process: Server,
}
