//! Clients that we did not write against the virtual plant: what they write our driver reads, and
//! what our driver writes they read.

use std::net::SocketAddr;

use millrace_field::plc::{DriverConfig, PlcHandle, open};
use tokio::sync::watch;

use crate::failure::{Failure, same};
use crate::process::Tools;

/// Spare words of the demo mill.
const ADDRESS: u16 = 20_000;
/// A slot's block.
const WORDS: u16 = 77;

/// A session that ends with the second value.
pub(crate) fn session(config: DriverConfig) -> Result<(PlcHandle, watch::Sender<bool>), Failure> {
    let (handle, session) = open(config)?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(session.run(stopped));
    Ok((handle, stop))
}

/// Words of every size, the last one the largest.
pub(crate) fn pattern(seed: u16) -> Vec<u16> {
    (1..=WORDS)
        .map(|n| {
            if n == WORDS {
                u16::MAX
            } else {
                n.wrapping_mul(851).wrapping_add(seed)
            }
        })
        .collect()
}

/// The client of one case.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    OmronFinsUdp,
    OmronFinsTcp,
    FinsDriver,
    Pymodbus,
}

impl Client {
    async fn run(
        self,
        tools: &Tools,
        at: SocketAddr,
        words: Option<&[u16]>,
    ) -> Result<Vec<u16>, Failure> {
        let mut arguments = vec![
            at.port().to_string(),
            ADDRESS.to_string(),
            WORDS.to_string(),
        ];
        if let Some(words) = words {
            arguments.push(serde_json::to_string(words)?);
        }
        match self {
            Client::OmronFinsUdp | Client::OmronFinsTcp => {
                let protocol = if matches!(self, Client::OmronFinsTcp) {
                    "tcp"
                } else {
                    "udp"
                };
                arguments.insert(0, protocol.to_owned());
                tools.node("omron_fins_client.js", &arguments).await
            }
            Client::FinsDriver => tools.python("fins_driver_client.py", &arguments).await,
            Client::Pymodbus => tools.python("pymodbus_client.py", &arguments).await,
        }
    }
}

/// Both directions, with all our drivers as readers.
pub(crate) async fn writes_and_reads(tools: &Tools, client: Client) -> Result<(), Failure> {
    let plant = tools.plant().await?;
    let at = match client {
        Client::OmronFinsUdp | Client::FinsDriver => plant.fins,
        Client::OmronFinsTcp => plant.fins_tcp,
        Client::Pymodbus => plant.modbus,
    };
    let theirs = pattern(3);
    let back = client.run(tools, at, Some(&theirs)).await?;
    same("what the client reads back", &back, &theirs)?;
    for config in [
        DriverConfig::fins_udp(plant.fins, 1, 2),
        DriverConfig::fins_tcp(plant.fins_tcp),
        DriverConfig::modbus_tcp(plant.modbus),
    ] {
        let (ours, _stop) = session(config)?;
        let read = ours.read(ADDRESS, WORDS).await?;
        same(
            &format!("what the client wrote, by {}", ours.describe()),
            &read,
            &theirs,
        )?;
    }
    let (ours, _stop) = session(DriverConfig::fins_udp(plant.fins, 1, 2))?;
    let words = pattern(40);
    ours.write(ADDRESS, &words).await?;
    let read = client.run(tools, at, None).await?;
    same("what our driver wrote", &read, &words)
}
