//! The plant behind each real driver: the same words, whichever protocol reads and writes them, and
//! what the FINS/TCP and Modbus ports do with those that do not keep to the protocol.
//! Leaves out the ladder's answers to the words (`plc` beside this file).

use std::net::SocketAddr;

use millrace_field::plc::{DriverConfig, DriverKind, LinkState, PlcError, PlcHandle, open};
use millrace_plant::{PlantConfig, RunningPlant, StartError, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

async fn plant() -> RunningPlant {
    let free = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    start(PlantConfig {
        fins_tcp: free,
        modbus: free,
        speed: 0.0,
        ..PlantConfig::default()
    })
    .await
    .expect("free loopback ports")
}

/// A handle whose session ends with the second value.
fn handle(config: DriverConfig) -> (PlcHandle, watch::Sender<bool>) {
    let (handle, session) = open(config).expect("valid");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(session.run(stopped));
    (handle, stop)
}

fn configs(plant: &RunningPlant) -> [DriverConfig; 3] {
    [
        DriverConfig::fins_udp(plant.fins(), 1, 2),
        DriverConfig::fins_tcp(plant.fins_tcp().expect("listens")),
        DriverConfig::modbus_tcp(plant.modbus().expect("listens")),
    ]
}

#[tokio::test]
async fn every_driver_reads_and_writes_the_same_words() {
    let plant = plant().await;
    let drivers = configs(&plant).map(handle);
    for (n, (writer, _)) in (1..).zip(&drivers) {
        // A whole block in one frame, as an order is written.
        let words: Vec<u16> = (0..76).map(|word| word * 800 + n).collect();
        writer.write(20_000, &words).await.expect("written");
        let memory = plant.with_plant(|p| p.read_words(20_000, 76));
        assert_eq!(memory.expect("inside"), words);
        for (reader, _) in &drivers {
            let read = reader.read(20_000, 76).await.expect("read");
            assert_eq!(
                read,
                words,
                "{} by {}",
                writer.describe(),
                reader.describe()
            );
            assert_eq!(reader.link().state, LinkState::Good);
        }
    }
    for (handle, _) in &drivers {
        // More than one Modbus frame, one FINS frame; the end of the memory.
        let area = handle.read(6_000, 977).await.expect("all slots");
        let memory = plant.with_plant(|p| p.read_words(6_000, 977));
        assert_eq!(area, memory.expect("inside"));
        assert_eq!(handle.read(32_767, 1).await.expect("the last"), [0]);
        let error = handle.read(32_767, 2).await.expect_err("beyond the end");
        assert!(
            matches!(error, PlcError::Address(_) | PlcError::EndCode { .. }),
            "{error}"
        );
        let error = handle.write(32_767, &[1, 2]).await.expect_err("beyond");
        assert!(!error.outcome_unknown(), "{error}");
    }
    let untouched = plant.with_plant(|p| p.read_words(32_767, 1));
    assert_eq!(untouched.expect("inside"), [0]);
    plant.shutdown().await.expect("nothing to save");
}

#[tokio::test]
async fn a_base_shifts_the_registers_of_modbus() {
    let plant = plant().await;
    let mut config = DriverConfig::modbus_tcp(plant.modbus().expect("listens"));
    config.kind = DriverKind::ModbusTcp {
        unit_id: 1,
        base: 6_000,
    };
    let (shifted, _session) = handle(config);
    shifted.write(26_000, &[7]).await.expect("written");
    let word = plant.with_plant(|p| p.read_words(20_000, 1));
    assert_eq!(word.expect("inside"), [7]);
}

#[tokio::test]
async fn a_plant_that_stops_ends_its_connections_and_one_started_again_is_found() {
    let first = plant().await;
    let [_, tcp, modbus] = configs(&first);
    let (tcp_handle, _tcp) = handle(tcp.clone());
    let (modbus_handle, _modbus) = handle(modbus.clone());
    tcp_handle.write(20_000, &[1]).await.expect("written");
    modbus_handle.write(20_001, &[1]).await.expect("written");
    drop(first);
    for handle in [&tcp_handle, &modbus_handle] {
        let error = handle.read(20_000, 1).await.expect_err("nobody there");
        assert!(matches!(error, PlcError::Io(_)), "{error}");
    }
    let second = start(PlantConfig {
        fins_tcp: Some(tcp.address),
        modbus: Some(modbus.address),
        speed: 0.0,
        ..PlantConfig::default()
    })
    .await
    .expect("the ports are free again");
    for handle in [&tcp_handle, &modbus_handle] {
        assert_eq!(handle.read(20_000, 2).await.expect("again"), [0, 0]);
    }
    let taken = PlantConfig {
        modbus: second.modbus(),
        ..PlantConfig::default()
    };
    assert!(matches!(start(taken).await, Err(StartError::Io { .. })));
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal"))
        .collect()
}

async fn ask(socket: &mut TcpStream, message: &str, answer: usize) -> Vec<u8> {
    socket.write_all(&bytes(message)).await.expect("sent");
    let mut bytes = vec![0; answer];
    socket.read_exact(&mut bytes).await.expect("answered");
    bytes
}

async fn closed(mut socket: TcpStream) -> bool {
    matches!(socket.read(&mut [0; 1]).await, Ok(0) | Err(_))
}

const FINS: &str = "46 49 4E 53";

#[tokio::test]
async fn fins_over_tcp_answers_byte_by_byte() {
    let plant = plant().await;
    let at = plant.fins_tcp().expect("listens");
    let mut socket = TcpStream::connect(at).await.expect("listens");
    let hello = format!("{FINS} 00 00 00 0C 00 00 00 00 00 00 00 00 00 00 00 00");
    let welcome = format!("{FINS} 00 00 00 10 00 00 00 01 00 00 00 00 00 00 00 EF 00 00 00 02");
    assert_eq!(ask(&mut socket, &hello, 24).await, bytes(&welcome));
    let read = format!(
        "{FINS} 00 00 00 1A 00 00 00 02 00 00 00 00 \
         80 00 02 00 02 00 00 EF 00 22 01 01 82 1B A4 00 00 02"
    );
    let words = format!(
        "{FINS} 00 00 00 1A 00 00 00 02 00 00 00 00 \
         C0 00 02 00 EF 00 00 02 00 22 01 01 00 00 00 01 00 00"
    );
    assert_eq!(ask(&mut socket, &read, 34).await, bytes(&words));
    let again = format!("{FINS} 00 00 00 08 00 00 00 03 00 00 00 03");
    assert_eq!(ask(&mut socket, &hello, 16).await, bytes(&again));
    assert!(closed(socket).await, "a second handshake closes");
}

#[tokio::test]
async fn fins_over_tcp_refuses_with_the_makers_codes() {
    let plant = plant().await;
    let at = plant.fins_tcp().expect("listens");
    let hello = |node: &str| format!("{FINS} 00 00 00 0C 00 00 00 00 00 00 00 00 {node}");
    let mut first = TcpStream::connect(at).await.expect("listens");
    assert_eq!(ask(&mut first, &hello("00 00 00 14"), 24).await[15], 0);
    for (message, length, code) in [
        (hello("00 00 00 14"), 24, 0x21),
        (hello("00 00 00 FF"), 24, 0x23),
        (hello("00 00 01 00"), 24, 0x23),
        (hello("00 00 00 02"), 24, 0x24),
        ("47 45 54 20".to_owned(), 16, 0x01),
        (format!("{FINS} 00 00 FF FF"), 16, 0x02),
        (
            format!("{FINS} 00 00 00 08 00 00 00 09 00 00 00 00"),
            16,
            0x03,
        ),
        (
            format!("{FINS} 00 00 00 0A 00 00 00 02 00 00 00 00 80 00"),
            16,
            0x03,
        ),
    ] {
        let mut socket = TcpStream::connect(at).await.expect("listens");
        assert_eq!(
            ask(&mut socket, &message, length).await[15],
            code,
            "{message}"
        );
        assert!(closed(socket).await, "{message}");
    }
    // The node comes free with its connection; connections 16 at most.
    drop(first);
    let mut held = Vec::new();
    let refused = loop {
        let mut socket = TcpStream::connect(at).await.expect("listens");
        match ask(&mut socket, &hello("00 00 00 00"), 24).await[15] {
            0 => held.push(socket),
            code => break code,
        }
    };
    assert_eq!(refused, 0x20);
    assert!((15..=16).contains(&held.len()), "{}", held.len());
}

#[tokio::test]
async fn modbus_answers_byte_by_byte_and_refuses_with_its_exceptions() {
    let plant = plant().await;
    let at = plant.modbus().expect("listens");
    let mut socket = TcpStream::connect(at).await.expect("listens");
    for (request, answer) in [
        // D7076 and D7077: the flag of a started plant, the command word.
        (
            "00 07 00 00 00 06 01 03 1B A4 00 02",
            "00 07 00 00 00 07 01 03 04 00 01 00 00",
        ),
        (
            "00 08 00 00 00 06 01 06 4E 20 00 2A",
            "00 08 00 00 00 06 01 06 4E 20 00 2A",
        ),
        (
            "00 09 00 00 00 09 01 10 4E 21 00 01 02 00 2B",
            "00 09 00 00 00 06 01 10 4E 21 00 01",
        ),
        (
            "00 0A 00 00 00 06 01 03 4E 20 00 02",
            "00 0A 00 00 00 07 01 03 04 00 2A 00 2B",
        ),
        (
            "00 0B 00 00 00 06 01 03 7F FF 00 02",
            "00 0B 00 00 00 03 01 83 02",
        ),
        (
            "00 0C 00 00 00 06 01 03 80 00 00 01",
            "00 0C 00 00 00 03 01 83 02",
        ),
        (
            "00 0D 00 00 00 06 01 03 00 00 00 7E",
            "00 0D 00 00 00 03 01 83 03",
        ),
        (
            "00 0E 00 00 00 06 01 03 00 00 00 00",
            "00 0E 00 00 00 03 01 83 03",
        ),
        (
            "00 0F 00 00 00 06 01 06 80 00 00 01",
            "00 0F 00 00 00 03 01 86 02",
        ),
        (
            "00 10 00 00 00 06 01 01 00 00 00 01",
            "00 10 00 00 00 03 01 81 01",
        ),
    ] {
        let answer = bytes(answer);
        assert_eq!(
            ask(&mut socket, request, answer.len()).await,
            answer,
            "{request}"
        );
    }
}
