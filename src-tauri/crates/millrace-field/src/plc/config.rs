//! How a PLC is reached: the settings of each protocol and those that all share, as they stand in a
//! configuration file. A setting of another protocol is refused by name, never passed over.
//! Leaves out any default address, and what the words mean: their order belongs to the map.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PlcError;
use super::fins::frame;
use super::modbus;
use super::net::Dial;

/// Which protocol a PLC speaks, with what only that protocol has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverKind {
    /// Omron FINS over UDP.
    FinsUdp {
        /// Our own UDP port; 0 lets the system choose, and choose anew after a time-out.
        local_port: u16,
        /// Our node number, used by no other tool on the network (1 to 254).
        node_local: u8,
        /// The PLC's node number (1 to 254).
        node_plc: u8,
    },
    /// Omron FINS over TCP.
    FinsTcp {
        /// Our node number (1 to 254), or 0: the PLC gives one with each connection.
        node_local: u8,
        /// The PLC names itself first in its handshake, against the maker's manual.
        nodes_swapped: bool,
    },
    /// Modbus over TCP: the words are holding registers.
    ModbusTcp {
        /// The unit behind the address; 255 is the device itself.
        unit_id: u8,
        /// The map's address that is register 0.
        base: u16,
    },
}

/// How a PLC is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct DriverConfig {
    /// The protocol and its own settings.
    pub kind: DriverKind,
    /// The PLC's address and port; there is no default.
    pub address: SocketAddr,
    /// How long an answer may take; over TCP, also how long a connection may take.
    pub timeout_ms: u64,
    /// How often a read is repeated; a write never is.
    pub read_retries: u32,
    /// Least pause between two requests, for a PLC that must not be hurried.
    pub gap_ms: u64,
    /// Most words read with one frame.
    pub max_words: u16,
    /// What only connections have; over UDP it counts for nothing.
    pub tcp: TcpConfig,
}

/// The settings of a connection, whatever is spoken over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpConfig {
    /// Our own TCP port; 0 lets the system choose.
    pub local_port: u16,
    /// The system probes a connection that was silent for so many seconds, and again as often until
    /// it is answered, so that a PLC's end that has gone is noticed and a firewall keeps the way
    /// open; 0 = never.
    pub keepalive_s: u64,
}

impl Default for TcpConfig {
    fn default() -> TcpConfig {
        TcpConfig {
            local_port: 0,
            keepalive_s: keepalive_s(),
        }
    }
}

impl TcpConfig {
    pub(super) fn dial(self) -> Dial {
        Dial {
            local_port: self.local_port,
            keepalive: (self.keepalive_s > 0).then(|| Duration::from_secs(self.keepalive_s)),
        }
    }
}

/// The name of a protocol in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Protocol {
    FinsUdp,
    FinsTcp,
    ModbusTcp,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Protocol::FinsUdp => "fins_udp",
            Protocol::FinsTcp => "fins_tcp",
            Protocol::ModbusTcp => "modbus_tcp",
        }
    }
}

/// The file's form: one flat table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Protocol,
    address: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_local: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_plc: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes_swapped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<u16>,
    #[serde(default = "timeout_ms")]
    timeout_ms: u64,
    #[serde(default = "read_retries")]
    read_retries: u32,
    #[serde(default)]
    gap_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_words: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalive_s: Option<u64>,
}

/// The unit that is the device itself, as the Modbus guide has it.
const UNIT_ITSELF: u8 = 255;

fn timeout_ms() -> u64 {
    2_000
}

fn read_retries() -> u32 {
    2
}

fn keepalive_s() -> u64 {
    10
}

impl TryFrom<Written> for DriverConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<DriverConfig, String> {
        let protocol = written.kind;
        let missing = |name| format!("missing field `{name}`");
        let foreign = [
            (
                "node_local",
                written.node_local.is_some(),
                &[Protocol::FinsUdp, Protocol::FinsTcp][..],
            ),
            (
                "keepalive_s",
                written.keepalive_s.is_some(),
                &[Protocol::FinsTcp, Protocol::ModbusTcp],
            ),
            ("node_plc", written.node_plc.is_some(), &[Protocol::FinsUdp]),
            (
                "nodes_swapped",
                written.nodes_swapped.is_some(),
                &[Protocol::FinsTcp],
            ),
            ("unit_id", written.unit_id.is_some(), &[Protocol::ModbusTcp]),
            ("base", written.base.is_some(), &[Protocol::ModbusTcp]),
        ];
        for (name, set, owners) in foreign {
            if set && !owners.contains(&protocol) {
                return Err(format!("`{name}` is no setting of {}", protocol.name()));
            }
        }
        let kind = match protocol {
            Protocol::FinsUdp => DriverKind::FinsUdp {
                local_port: written.local_port.unwrap_or(0),
                node_local: written.node_local.ok_or_else(|| missing("node_local"))?,
                node_plc: written.node_plc.ok_or_else(|| missing("node_plc"))?,
            },
            Protocol::FinsTcp => DriverKind::FinsTcp {
                node_local: written.node_local.unwrap_or(0),
                nodes_swapped: written.nodes_swapped.unwrap_or(false),
            },
            Protocol::ModbusTcp => DriverKind::ModbusTcp {
                unit_id: written.unit_id.unwrap_or(UNIT_ITSELF),
                base: written.base.unwrap_or(0),
            },
        };
        let tcp = TcpConfig {
            local_port: match kind {
                DriverKind::FinsUdp { .. } => 0,
                DriverKind::FinsTcp { .. } | DriverKind::ModbusTcp { .. } => {
                    written.local_port.unwrap_or(0)
                }
            },
            keepalive_s: written.keepalive_s.unwrap_or_else(keepalive_s),
        };
        Ok(DriverConfig {
            kind,
            address: written.address,
            timeout_ms: written.timeout_ms,
            read_retries: written.read_retries,
            gap_ms: written.gap_ms,
            max_words: written.max_words.unwrap_or_else(|| kind.words_max()),
            tcp,
        })
    }
}

impl From<DriverConfig> for Written {
    fn from(config: DriverConfig) -> Written {
        let mut written = Written {
            kind: Protocol::FinsUdp,
            address: config.address,
            local_port: Some(config.tcp.local_port),
            node_local: None,
            node_plc: None,
            nodes_swapped: None,
            unit_id: None,
            base: None,
            timeout_ms: config.timeout_ms,
            read_retries: config.read_retries,
            gap_ms: config.gap_ms,
            max_words: Some(config.max_words),
            keepalive_s: Some(config.tcp.keepalive_s),
        };
        match config.kind {
            DriverKind::FinsUdp {
                local_port,
                node_local,
                node_plc,
            } => {
                written.local_port = Some(local_port);
                written.keepalive_s = None;
                written.node_local = Some(node_local);
                written.node_plc = Some(node_plc);
            }
            DriverKind::FinsTcp {
                node_local,
                nodes_swapped,
            } => {
                written.kind = Protocol::FinsTcp;
                written.node_local = Some(node_local);
                written.nodes_swapped = Some(nodes_swapped);
            }
            DriverKind::ModbusTcp { unit_id, base } => {
                written.kind = Protocol::ModbusTcp;
                written.unit_id = Some(unit_id);
                written.base = Some(base);
            }
        }
        written
    }
}

impl DriverKind {
    /// Most words that one frame reads.
    #[must_use]
    pub fn words_max(self) -> u16 {
        match self {
            DriverKind::FinsUdp { .. } | DriverKind::FinsTcp { .. } => frame::READ_WORDS_MAX,
            DriverKind::ModbusTcp { .. } => modbus::READ_WORDS_MAX,
        }
    }

    /// Whether a connection must stand before a request can be sent.
    pub(super) fn connects(self) -> bool {
        match self {
            DriverKind::FinsUdp { .. } => false,
            DriverKind::FinsTcp { .. } | DriverKind::ModbusTcp { .. } => true,
        }
    }
}

impl DriverConfig {
    /// A FINS connection over UDP with all else as usual.
    #[must_use]
    pub fn fins_udp(address: SocketAddr, node_local: u8, node_plc: u8) -> DriverConfig {
        DriverConfig::usual(
            address,
            DriverKind::FinsUdp {
                local_port: 0,
                node_local,
                node_plc,
            },
        )
    }

    /// A FINS connection over TCP: the PLC gives the node numbers, all else as usual.
    #[must_use]
    pub fn fins_tcp(address: SocketAddr) -> DriverConfig {
        DriverConfig::usual(
            address,
            DriverKind::FinsTcp {
                node_local: 0,
                nodes_swapped: false,
            },
        )
    }

    /// A Modbus connection over TCP to the device itself, register = address, all else as usual.
    #[must_use]
    pub fn modbus_tcp(address: SocketAddr) -> DriverConfig {
        DriverConfig::usual(
            address,
            DriverKind::ModbusTcp {
                unit_id: UNIT_ITSELF,
                base: 0,
            },
        )
    }

    fn usual(address: SocketAddr, kind: DriverKind) -> DriverConfig {
        DriverConfig {
            kind,
            address,
            timeout_ms: timeout_ms(),
            read_retries: read_retries(),
            gap_ms: 0,
            max_words: kind.words_max(),
            tcp: TcpConfig::default(),
        }
    }

    /// Checks the figures against each other.
    ///
    /// # Errors
    /// [`PlcError::Config`] with a sentence that names the setting.
    pub fn validate(&self) -> Result<(), PlcError> {
        ensure(
            self.address.port() != 0,
            "address: the PLC's port is missing",
        )?;
        ensure(
            !self.address.ip().is_unspecified(),
            "address: this is nobody's address",
        )?;
        match self.kind {
            DriverKind::FinsUdp {
                local_port: _,
                node_local,
                node_plc,
            } => {
                ensure(
                    (1..=254).contains(&node_local),
                    "node_local must be 1 to 254",
                )?;
                ensure((1..=254).contains(&node_plc), "node_plc must be 1 to 254")?;
                ensure(
                    node_local != node_plc,
                    "node_local and node_plc must differ",
                )?;
            }
            DriverKind::FinsTcp {
                node_local,
                nodes_swapped: _,
            } => ensure(
                node_local <= 254,
                "node_local must be 0 (the PLC gives one) to 254",
            )?,
            DriverKind::ModbusTcp {
                unit_id: _,
                base: _,
            } => {}
        }
        ensure(
            (10..=60_000).contains(&self.timeout_ms),
            "timeout_ms must be 10 to 60000",
        )?;
        ensure(self.read_retries <= 10, "read_retries must be 0 to 10")?;
        ensure(self.gap_ms <= 1_000, "gap_ms must be 0 to 1000")?;
        ensure(
            self.tcp.keepalive_s <= 3_600,
            "keepalive_s must be 0 (never) to 3600",
        )?;
        let fits = (1..=self.kind.words_max()).contains(&self.max_words);
        match self.kind {
            DriverKind::FinsUdp { .. } | DriverKind::FinsTcp { .. } => {
                ensure(fits, "max_words must be 1 to 999")
            }
            DriverKind::ModbusTcp { .. } => ensure(fits, "max_words must be 1 to 125"),
        }
    }
}

fn ensure(holds: bool, why: &'static str) -> Result<(), PlcError> {
    if holds {
        Ok(())
    } else {
        Err(PlcError::Config(why))
    }
}
