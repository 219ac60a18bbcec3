//! A connection for one question: the configuration, the map, the PLC, and in words why there is
//! none. It gets out of the way of the program that runs the line. Leaves out what is asked.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use directories::ProjectDirs;
use millrace_app::commissioning::{SlotWords, cause, read_slot};
use millrace_app::config::Config;
use millrace_core::ids::SlotNo;
use millrace_core::registers::RegisterMap;
use millrace_field::plc::{self, DriverConfig, DriverKind, PlcError, PlcHandle};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Reach, UNREACHABLE, load_map, warn};
use crate::launch::{CONFIG, Exit, FAULT, RUNNING};

/// How long a closed port may take to say so.
const CLOSED_PORT: Duration = Duration::from_millis(300);

/// A connection with what belongs to it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) config_path: PathBuf,
    pub(super) config: Config,
    pub(super) map_path: PathBuf,
    pub(super) map: RegisterMap,
    pub(super) driver: DriverConfig,
    pub(super) plc: PlcHandle,
    /// The connection lives as long as this does.
    _stop: watch::Sender<bool>,
}

impl Link {
    /// Reads the files and makes the connection. Nothing is sent yet.
    ///
    /// # Errors
    /// Code 78: the files. Code 75: the line is run by a program under the same node number.
    pub(super) fn open(reach: &Reach) -> Result<Link, Exit> {
        let wrong = |message: String| Exit {
            code: CONFIG,
            message,
        };
        let own = ProjectDirs::from("", "", "millrace");
        let config_path = reach
            .config
            .clone()
            .or_else(|| own.as_ref().map(|own| own.config_dir().join("config.toml")))
            .ok_or_else(|| wrong("Say with --config where the configuration is.".to_owned()))?;
        let config = Config::load(&config_path).map_err(|error| wrong(format!("{error}.")))?;
        let Some(wiring) = &config.plc else {
            return Err(wrong(format!(
                "The configuration {} names no PLC: write its section [plc].",
                config_path.display()
            )));
        };
        let folder = config_path.parent().unwrap_or(Path::new(""));
        let map_path = folder.join(&wiring.registers);
        let map = load_map(&map_path).map_err(wrong)?;
        let mut driver = wiring.driver.clone();
        let data = reach
            .data_dir
            .clone()
            .or_else(|| own.as_ref().map(|own| own.data_dir().to_owned()));
        choose_node(&mut driver.kind, reach.node, data.as_deref())?;
        let (plc, session) =
            plc::open(driver.clone()).map_err(|error| wrong(format!("{error}.")))?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(session.run(stopped));
        Ok(Link {
            config_path,
            map_path,
            map,
            driver,
            plc,
            _stop: stop,
            config,
        })
    }

    /// The slot that was asked for, or all.
    ///
    /// # Errors
    /// Code 2: the map has no such slot.
    pub(super) fn slots(&self, one: Option<u16>) -> Result<Vec<SlotNo>, Exit> {
        match one.map(SlotNo) {
            None => Ok(self.map.slots().collect()),
            Some(slot) if self.map.has_slot(slot) => Ok(vec![slot]),
            Some(slot) => Err(Exit {
                code: super::USAGE,
                message: format!(
                    "The map has no slot {slot}: it has 1 to {}.",
                    self.map.slot_count()
                ),
            }),
        }
    }

    /// All named words of a slot in both areas.
    pub(super) async fn slot(&self, slot: SlotNo) -> Result<SlotWords, PlcError> {
        read_slot(&self.plc, &self.map, slot).await
    }

    /// Ends with the exact cause: code 69 where the PLC was not reached, else 1.
    pub(super) async fn exit(&self, error: &PlcError) -> Exit {
        Exit {
            code: self.code(error),
            message: self.cause(error).await,
        }
    }

    /// Why a request did not go well, and what to look at.
    async fn cause(&self, error: &PlcError) -> String {
        cause(&self.plc, &self.driver, Some(knock), error).await
    }

    /// The exit code of an error: 69 where the PLC was not reached, else 1.
    pub(super) fn code(&self, error: &PlcError) -> u8 {
        if matches!(error, PlcError::Timeout { .. } | PlcError::Io(_))
            || self.plc.link().last_ok.is_none()
        {
            UNREACHABLE
        } else {
            FAULT
        }
    }
}

/// One node number, one asker: over UDP the PLC sends the answers for a node to whoever asked last.
fn choose_node(kind: &mut DriverKind, node: Option<u8>, data: Option<&Path>) -> Result<(), Exit> {
    let (node_local, local_port) = match kind {
        DriverKind::FinsUdp {
            node_local,
            local_port,
            ..
        } => (node_local, local_port),
        // Each connection is its own, and the PLC gives it a node number that is free.
        DriverKind::FinsTcp { node_local, .. } => {
            *node_local = node.unwrap_or(0);
            return Ok(());
        }
        DriverKind::ModbusTcp { .. } => return Ok(()),
    };
    let own = *node_local;
    if let Some(node) = node.filter(|node| *node != own) {
        *node_local = node;
        // The fixed port belongs to the running program.
        *local_port = 0;
        return Ok(());
    }
    if data.is_some_and(is_running) {
        return Err(Exit {
            code: RUNNING,
            message: format!(
                "Millrace runs and uses FINS node {own}: under the same number each would get the \
                 other's answers. Give a node number that nobody uses with --node, or stop it."
            ),
        });
    }
    warn(&format!(
        "Asking as FINS node {own}, the number of the configuration. If Millrace runs on another \
         machine or data folder, give a free number with --node: two askers under one number get \
         each other's answers."
    ));
    Ok(())
}

/// True while a program holds the data folder.
fn is_running(data: &Path) -> bool {
    File::open(data.join("millrace.lock"))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Sends an empty datagram, which no PLC takes for a command, and hears what the network says.
pub(super) fn knock(
    address: SocketAddr,
) -> Pin<Box<dyn Future<Output = Option<ErrorKind>> + Send>> {
    let any: SocketAddr = if address.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let knocked = async move {
        let socket = UdpSocket::bind(any).await?;
        socket.connect(address).await?;
        socket.send(&[]).await?;
        socket.recv(&mut [0; 16]).await
    };
    Box::pin(async move {
        match timeout(CLOSED_PORT, knocked).await {
            Ok(Err(error)) => Some(error.kind()),
            Ok(Ok(_)) | Err(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind() -> DriverKind {
        DriverKind::FinsUdp {
            local_port: 9_600,
            node_local: 20,
            node_plc: 10,
        }
    }

    #[test]
    fn another_node_leaves_the_running_programs_port_alone() {
        let mut kind = kind();
        choose_node(&mut kind, Some(21), None).expect("free");
        let expected = DriverKind::FinsUdp {
            local_port: 0,
            node_local: 21,
            node_plc: 10,
        };
        assert_eq!(kind, expected);
    }

    #[test]
    fn under_the_running_programs_node_nothing_is_asked() {
        let data = tempfile::tempdir().expect("a folder");
        let held = File::create(data.path().join("millrace.lock")).expect("a file");
        choose_node(&mut kind(), None, Some(data.path())).expect("nobody runs");
        held.lock().expect("locked");
        let exit = choose_node(&mut kind(), None, Some(data.path())).expect_err("it runs");
        assert_eq!(exit.code, RUNNING);
        choose_node(&mut kind(), Some(20), Some(data.path())).expect_err("the same number");
        choose_node(&mut kind(), Some(21), Some(data.path())).expect("another number");
    }

    #[test]
    fn over_tcp_the_plc_gives_the_question_its_own_node() {
        let mut kind = DriverKind::FinsTcp {
            node_local: 20,
            nodes_swapped: false,
        };
        choose_node(&mut kind, None, None).expect("always");
        let expected = DriverKind::FinsTcp {
            node_local: 0,
            nodes_swapped: false,
        };
        assert_eq!(kind, expected);
    }
}
