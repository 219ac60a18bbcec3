//! Why a request did not go well, and what to look at, in sentences. Leaves out sockets: whoever has
//! a network of its own to ask hands in how ([`Knock`]).

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;

use millrace_field::plc::{DriverConfig, DriverKind, PlcError, PlcHandle, Refusal};

/// The FINS end code of a wrong header, which means wrong node numbers.
const HEADER_ERROR: u16 = 0x1005;

/// Asks the network about a UDP port that does not answer. The running application has none: its
/// commands open no connection, and the sentence is less exact without.
pub type Knock = fn(SocketAddr) -> Pin<Box<dyn Future<Output = Option<ErrorKind>> + Send>>;

/// Why a request did not go well, and what to look at.
pub async fn cause(
    plc: &PlcHandle,
    driver: &DriverConfig,
    knock: Option<Knock>,
    error: &PlcError,
) -> String {
    let told = format!("PLC {}: {error}", plc.describe());
    match (error, driver.kind) {
        (
            PlcError::Timeout { .. },
            DriverKind::FinsUdp {
                node_local,
                node_plc,
                ..
            },
        ) => {
            let why = silence(plc, driver.address, knock, node_local, node_plc).await;
            format!("{told}. {why}")
        }
        (
            PlcError::EndCode {
                code: Refusal::Fins(code),
            },
            DriverKind::FinsUdp {
                node_local,
                node_plc,
                ..
            },
        ) if code.code() == HEADER_ERROR => format!(
            "{told}. The node numbers are wrong: node_plc is {node_plc}, node_local is {node_local}; \
             by default a node number is the last number of the address."
        ),
        (PlcError::Io(why), DriverKind::FinsUdp { local_port, .. })
            if why.kind() == ErrorKind::AddrInUse =>
        {
            format!(
                "{told}. Our own port {local_port} is in use: another program has it, such as a \
                 Millrace that runs the line. On the command line, give a free node number with \
                 --node."
            )
        }
        (PlcError::Io(why), _) if why.kind() == ErrorKind::ConnectionRefused => format!(
            "{told}. The machine {} is there, but nobody listens on its TCP port {}.",
            driver.address.ip(),
            driver.address.port()
        ),
        _ => format!("{told}."),
    }
}

/// What stands behind an answer that did not come.
async fn silence(
    plc: &PlcHandle,
    address: SocketAddr,
    knock: Option<Knock>,
    local: u8,
    remote: u8,
) -> String {
    let noticed = plc.link().counters.noticed;
    let dropped = noticed.foreign + noticed.late + noticed.wrong_length;
    if dropped > 0 {
        return format!(
            "{dropped} datagrams came that do not answer our requests: node_plc {remote} is not the \
             PLC's, or another tool uses node {local}."
        );
    }
    let heard = match knock {
        Some(knock) => knock(address).await,
        None => None,
    };
    match heard {
        Some(ErrorKind::ConnectionRefused) => format!(
            "The machine {} is there, but nobody listens on its UDP port {}: look at the port, and at \
             the PLC's FINS/UDP setting.",
            address.ip(),
            address.port()
        ),
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => format!(
            "There is no way to {}: look at cable, switch, this machine's own address and its network \
             mask.",
            address.ip()
        ),
        _ => format!(
            "Nothing came back at all: the PLC is off or at another address, a firewall is between, \
             or it does not answer node {local} as node {remote}."
        ),
    }
}
