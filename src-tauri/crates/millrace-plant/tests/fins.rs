//! The running plant over real loopback sockets: raw FINS frames and the `/plant` routes.
//! Leaves out the ERP's routes, which have their own tests.

use std::net::SocketAddr;
use std::time::Duration;

use millrace_plant::{PlantConfig, RunningPlant, StartError, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

async fn still_plant() -> RunningPlant {
    let config = PlantConfig {
        speed: 0.0,
        ..PlantConfig::default()
    };
    start(config).await.expect("free loopback ports")
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
        .collect()
}

async fn client(plant: &RunningPlant) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    socket.connect(plant.fins()).await.expect("loopback");
    socket
}

async fn ask(socket: &UdpSocket, frame: &[u8]) -> Vec<u8> {
    socket.send(frame).await.expect("sent");
    let mut answer = vec![0; 4_096];
    let received = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut answer)).await;
    answer.truncate(received.expect("answered in time").expect("received"));
    answer
}

#[tokio::test]
async fn reads_and_writes_answer_byte_by_byte_with_the_nodes_swapped() {
    let plant = still_plant().await;
    let socket = client(&plant).await;
    // Two words from D7076: the flag is 1 in a started plant, the command word 0.
    let read = bytes("80 00 02 00 02 00 00 01 00 22 01 01 82 1B A4 00 00 02");
    let answer = ask(&socket, &read).await;
    assert_eq!(
        answer,
        bytes("C0 00 02 00 01 00 00 02 00 22 01 01 00 00 00 01 00 00")
    );
    // The acknowledgement of slot 1, and what it leaves in memory.
    let write = bytes("80 00 02 00 02 00 00 01 00 24 01 02 82 17 BC 00 00 01 00 01");
    let answer = ask(&socket, &write).await;
    assert_eq!(answer, bytes("C0 00 02 00 01 00 00 02 00 24 01 02 00 00"));
    let word = plant
        .with_plant(|p| p.read_words(6_076, 1))
        .expect("inside");
    assert_eq!(word, [1]);
    // The whole READ area in one frame.
    let read = bytes("80 00 02 00 02 00 00 01 00 25 01 01 82 17 70 00 03 D1");
    assert_eq!(ask(&socket, &read).await.len(), 14 + 2 * 977);
    plant.shutdown().await.expect("nothing to save");
}

#[tokio::test]
async fn a_wrong_area_range_length_or_command_gets_its_end_code() {
    let plant = still_plant().await;
    let socket = client(&plant).await;
    let header = "80 00 02 00 02 00 00 01 00 30";
    for (command, end) in [
        ("01 01 B1 17 70 00 00 01", [0x11, 0x01]),
        ("01 01 82 80 00 00 00 01", [0x11, 0x03]),
        ("01 01 82 7F FF 00 00 02", [0x11, 0x04]),
        ("01 01 82 17 70", [0x10, 0x02]),
        ("01 02 82 17 70 00 00 02 00 01", [0x10, 0x03]),
        ("01 01 82 17 70 00 03 E8", [0x11, 0x0B]),
        ("04 02", [0x04, 0x01]),
    ] {
        let answer = ask(&socket, &bytes(&format!("{header} {command}"))).await;
        assert_eq!(answer.len(), 14, "{command}");
        assert_eq!(answer[12..], end, "{command}");
    }
    let writes = plant.books().writes;
    assert!(
        writes
            .iter()
            .all(|w| w.block + w.flag + w.ack + w.command == 0)
    );
    plant.shutdown().await.expect("nothing to save");
}

#[tokio::test]
async fn a_datagram_that_is_no_command_and_a_command_that_wants_no_answer_stay_unanswered() {
    let plant = still_plant().await;
    let socket = client(&plant).await;
    for silent in [
        "80 00 02",
        "C0 00 02 00 02 00 00 01 00 01 01 01 00 00 00 01",
        "81 00 02 00 02 00 00 01 00 02 01 02 82 27 10 00 00 01 00 07",
    ] {
        socket.send(&bytes(silent)).await.expect("sent");
    }
    // The next answer belongs to the next question, so nothing came before it.
    let answer = ask(
        &socket,
        &bytes("80 00 02 00 02 00 00 01 00 99 01 01 82 27 10 00 00 01"),
    )
    .await;
    assert_eq!(
        answer,
        bytes("C0 00 02 00 01 00 00 02 00 99 01 01 00 00 00 07")
    );
    plant.shutdown().await.expect("nothing to save");
}

async fn http(to: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(to).await.expect("listening");
    let request = format!(
        "{head} HTTP/1.1\r\nHost: plant\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("received");
    let status = answer[9..12].parse().expect("a status");
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    (status, body.to_owned())
}

#[tokio::test]
async fn the_control_routes_move_the_clock_and_show_the_books_beside_the_erp() {
    let plant = still_plant().await;
    let (status, body) = http(plant.control(), "POST /plant/advance", "{\"ms\":1234}").await;
    assert_eq!((status, body.as_str()), (200, "{\"plant_ms\":1200}"));
    let (status, body) = http(plant.control(), "GET /plant/books", "").await;
    let books: millrace_plant::Books = serde_json::from_str(&body).expect("books");
    assert_eq!((status, books), (200, plant.books()));
    let (status, _) = http(
        plant.control(),
        "POST /plant/reboot",
        "{\"keep_memory\":false}",
    )
    .await;
    assert_eq!(status, 200);
    let (status, _) = http(
        plant.control(),
        "POST /plant/advance",
        "{\"ms\":99999999999}",
    )
    .await;
    assert_eq!(status, 400);
    let (status, _) = http(plant.odoo(), "GET /sim/book", "").await;
    assert_eq!(status, 200);
    plant.shutdown().await.expect("nothing to save");
}

#[tokio::test]
async fn a_plant_started_again_on_its_folder_is_the_same_plant() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = || PlantConfig {
        speed: 0.0,
        state_dir: Some(folder.path().join("demo")),
        control: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..PlantConfig::default()
    };
    let plant = start(config()).await.expect("a new folder");
    assert_ne!(plant.control(), plant.odoo());
    let socket = client(&plant).await;
    let write = bytes("80 00 02 00 02 00 00 01 00 24 01 02 82 27 10 00 00 01 00 2A");
    ask(&socket, &write).await;
    plant.advance(Duration::from_secs(5)).expect("saved");
    let books = plant.books();
    drop(plant);
    let plant = start(config()).await.expect("the same folder");
    assert_eq!(plant.books(), books);
    let word = plant
        .with_plant(|p| p.read_words(10_000, 1))
        .expect("inside");
    assert_eq!(word, [42]);
    plant.shutdown().await.expect("saved");
}

#[tokio::test]
async fn a_taken_port_and_a_speed_that_is_no_speed_are_refused() {
    let plant = still_plant().await;
    let taken = PlantConfig {
        fins: plant.fins(),
        ..PlantConfig::default()
    };
    assert!(matches!(start(taken).await, Err(StartError::Io { .. })));
    for speed in [-1.0, f64::NAN, f64::INFINITY] {
        let config = PlantConfig {
            speed,
            ..PlantConfig::default()
        };
        assert!(matches!(start(config).await, Err(StartError::Speed(_))));
    }
    plant.shutdown().await.expect("nothing to save");
}

#[tokio::test]
async fn with_a_speed_the_plant_runs_by_itself() {
    let plant = start(PlantConfig {
        speed: 1_000.0,
        tick_ms: 5,
        ..PlantConfig::default()
    })
    .await
    .expect("free loopback ports");
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while plant.books().plant_ms < 10_000 {
        ticks.tick().await;
    }
    plant.shutdown().await.expect("nothing to save");
}
