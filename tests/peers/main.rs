//! The drivers and the virtual plant beside implementations that we did not write, as processes on
//! loopback. `test.sh` installs them; without them this program fails.
//! Leaves out speed, and the protocols' corners that the conformance suites hold.
#![allow(clippy::print_stdout, reason = "a line for each case")]
#![allow(
    clippy::disallowed_methods,
    reason = "each line says how long its case took"
)]

mod clients;
mod failure;
mod process;
mod servers;

use std::process::ExitCode;
use std::time::Instant;

use clients::Client;
use failure::Failure;
use process::Tools;

/// What is played. The name is an argument of the program.
#[derive(Debug, Clone, Copy)]
enum Case {
    Client(Client),
    PlctapReads,
    PlctapNodes,
    PlctapFinsFaults,
    PlctapModbusFaults,
    Pymodbus,
}

impl Case {
    const ALL: [Case; 9] = [
        Case::Client(Client::OmronFinsUdp),
        Case::Client(Client::OmronFinsTcp),
        Case::Client(Client::FinsDriver),
        Case::Client(Client::Pymodbus),
        Case::PlctapReads,
        Case::PlctapNodes,
        Case::PlctapFinsFaults,
        Case::PlctapModbusFaults,
        Case::Pymodbus,
    ];

    fn name(self) -> &'static str {
        match self {
            Case::Client(Client::OmronFinsUdp) => "omron-fins_client_over_udp",
            Case::Client(Client::OmronFinsTcp) => "omron-fins_client_over_tcp",
            Case::Client(Client::FinsDriver) => "fins-driver_client_over_udp",
            Case::Client(Client::Pymodbus) => "pymodbus_client",
            Case::PlctapReads => "plctap_server_reads",
            Case::PlctapNodes => "plctap_server_with_nodes_as_in_the_manual",
            Case::PlctapFinsFaults => "plctap_server_fins_faults",
            Case::PlctapModbusFaults => "plctap_server_modbus_faults",
            Case::Pymodbus => "pymodbus_server",
        }
    }

    async fn play(self, tools: &Tools) -> Result<(), Failure> {
        match self {
            Case::Client(client) => clients::writes_and_reads(tools, client).await,
            Case::PlctapReads => servers::plctap_reads(tools).await,
            Case::PlctapNodes => servers::plctap_with_nodes_as_in_the_manual(tools).await,
            Case::PlctapFinsFaults => servers::plctap_fins_faults(tools).await,
            Case::PlctapModbusFaults => servers::plctap_modbus_faults(tools).await,
            Case::Pymodbus => servers::pymodbus_writes_and_reads(tools).await,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let tools = match Tools::from_environment() {
        Ok(tools) => tools,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for case in Case::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == case.name()) {
            continue;
        }
        let start = Instant::now();
        let outcome = case.play(&tools).await;
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("PASS [{seconds:5.1}s] peers {}", case.name());
            }
            Err(failure) => {
                failed += 1;
                println!("FAIL [{seconds:5.1}s] peers {}: {failure}", case.name());
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
