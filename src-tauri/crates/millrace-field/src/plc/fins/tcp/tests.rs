//! The transport on real loopback sockets against a scripted peer: both suites, and what only
//! FINS/TCP has: the handshake, error notices, connection checks.

use super::*;
use crate::plc::conformance::{self, Bench};
use crate::plc::fins::peer::carry_out;
use crate::plc::stream_conformance::{self, StreamBench};
use crate::plc::tcp_peer::{Heard, Out, TcpPeer, Tongue};

const HEAD: usize = 16;

const TONGUE: Tongue = Tongue {
    whole: |bytes| {
        let length = bytes.get(4..8)?;
        let length = 8 + usize::from(length[2]) * 256 + usize::from(length[3]);
        (bytes.len() >= length).then_some(length)
    },
    carry_out: |memory, message| match message[11] {
        0 => Heard::Opening(welcome(239, 2)),
        _ => {
            let request = frame::parse_command(&message[HEAD..]).expect("a command");
            Heard::Request(encode_frame(&carry_out(memory, &request)))
        }
    },
};

fn welcome(client: u32, server: u32) -> Vec<u8> {
    encode(&Message::Welcome {
        code: TcpCode::NORMAL,
        client,
        server,
    })
}

fn refusal(code: u32) -> Vec<u8> {
    encode(&Message::Welcome {
        code: TcpCode(code),
        client: 0,
        server: 0,
    })
}

struct Plc(TcpPeer);

impl Plc {
    async fn start() -> Plc {
        Plc(TcpPeer::start(TONGUE).await)
    }

    fn config(&self) -> DriverConfig {
        DriverConfig {
            timeout_ms: 150,
            read_retries: 0,
            ..DriverConfig::fins_tcp(self.0.address)
        }
    }

    fn with_nodes(&self, node_local: u8, nodes_swapped: bool) -> FinsTcp {
        FinsTcp::new(
            &DriverConfig {
                kind: DriverKind::FinsTcp {
                    node_local,
                    nodes_swapped,
                },
                ..self.config()
            },
            Arc::new(crate::plc::net::Machine),
        )
        .expect("valid")
    }
}

impl Bench for Plc {
    fn driver(&self) -> Box<dyn PlcDriver> {
        self.driver_to(self.0.address)
    }
    fn silent(&self) {
        self.0.trick(|_| Vec::new());
    }
    fn refuse(&self) {
        self.0.trick(|mut good| {
            good.truncate(HEAD + 12);
            good.extend([0x21, 0x02]);
            vec![Out::Bytes(encode_frame(&good[HEAD..]))]
        });
    }
    fn requests(&self) -> usize {
        self.0.requests().len()
    }
    fn set(&self, addr: usize, words: &[u16]) {
        self.0.set(addr, words);
    }
    fn word(&self, addr: usize) -> u16 {
        self.0.word(addr)
    }
    fn last(&self) -> u16 {
        32_767
    }
}

impl StreamBench for Plc {
    fn peer(&self) -> &TcpPeer {
        &self.0
    }
    fn driver_to(&self, address: SocketAddr) -> Box<dyn PlcDriver> {
        let config = DriverConfig {
            address,
            ..self.config()
        };
        Box::new(FinsTcp::new(&config, Arc::new(crate::plc::net::Machine)).expect("valid"))
    }
    fn foreign(mut good: Vec<u8>) -> Vec<u8> {
        good[HEAD + 9] ^= 0x80;
        good
    }
    fn shorter(good: Vec<u8>) -> Vec<u8> {
        encode_frame(&good[HEAD..good.len() - 2])
    }
}

#[tokio::test]
async fn fins_over_tcp_passes_the_conformance_suite() {
    conformance::run(Plc::start).await;
}

#[tokio::test]
async fn fins_over_tcp_passes_the_suite_of_connections() {
    stream_conformance::run(Plc::start).await;
}

#[tokio::test]
async fn the_nodes_come_from_the_handshake_and_are_asked_for_once_a_connection() {
    let plc = Plc::start().await;
    for (node_local, swapped, first, second) in [(0, false, 239, 2), (20, true, 2, 20)] {
        plc.0
            .opening(move |_| vec![Out::Bytes(welcome(first, second))]);
        let mut driver = plc.with_nodes(node_local, swapped);
        for _ in 0..3 {
            driver.read(0, 1).await.expect("answered");
        }
    }
    assert_eq!(plc.0.connections(), 2, "one handshake each");
    let nodes: Vec<(u8, u8)> = plc
        .0
        .requests()
        .iter()
        .map(|message| (message[HEAD + 4], message[HEAD + 7]))
        .collect();
    assert_eq!(nodes[..3], [(2, 239); 3]);
    assert_eq!(nodes[3..], [(2, 20); 3]);
}

/// The client's node in an opening, which follows the head.
fn asked(opening: &[u8]) -> u8 {
    opening[HEAD + 3]
}

#[tokio::test]
async fn a_new_connection_asks_for_the_number_that_the_plc_gave_before() {
    let plc = Plc::start().await;
    let mut driver = plc.with_nodes(0, false);
    driver.read(0, 1).await.expect("answered");
    for _ in 0..2 {
        plc.silent();
        driver.read(0, 1).await.expect_err("silent");
        driver.read(0, 1).await.expect("on a new connection");
    }
    // A dead connection still holds the number: it is asked for once more, then another will do.
    plc.silent();
    driver.read(0, 1).await.expect_err("silent");
    for code in [0x21, 0x21] {
        plc.0.opening(move |_| vec![Out::Bytes(refusal(code))]);
        driver.read(0, 1).await.expect_err("refused");
    }
    plc.0.opening(|_| vec![Out::Bytes(welcome(240, 2))]);
    driver.read(0, 1).await.expect("with another number");
    plc.silent();
    driver.read(0, 1).await.expect_err("silent");
    plc.0.opening(|_| vec![Out::Bytes(welcome(240, 2))]);
    driver.read(0, 1).await.expect("answered");
    let numbers: Vec<u8> = plc.0.openings().iter().map(|o| asked(o)).collect();
    assert_eq!(numbers, [0, 239, 239, 239, 239, 0, 240]);
}

#[tokio::test]
async fn a_handshake_that_cannot_be_right_is_no_connection_and_nothing_is_sent() {
    let plc = Plc::start().await;
    let two = encode(&Message::Frame(vec![0; 14]));
    for (node_local, first, names) in [
        (0, welcome(0, 2), "node 0"),
        (0, welcome(255, 2), "node 255"),
        (0, welcome(0xEF00, 2), "node 61184"),
        (0, welcome(2, 2), "one node"),
        (20, welcome(21, 2), "node 21 instead of 20"),
        (0, two, "no handshake"),
        (0, b"SSH-2.0-OpenSSH\r\n".to_vec(), "not FINS/TCP"),
    ] {
        plc.0.opening(move |_| vec![Out::Bytes(first)]);
        let mut driver = plc.with_nodes(node_local, false);
        let error = driver.write(0, &[1]).await.expect_err(names);
        assert!(error.to_string().contains(names), "{names}: {error}");
        assert!(matches!(error, PlcError::Io(_)) && !error.outcome_unknown());
    }
    plc.0.opening(|_| Vec::new());
    let error = plc
        .with_nodes(0, false)
        .read(0, 1)
        .await
        .expect_err("silent");
    assert!(
        error.to_string().contains("no handshake in time"),
        "{error}"
    );
    assert!(plc.0.requests().is_empty());
}

#[tokio::test]
async fn a_refused_connection_says_why_in_words() {
    let plc = Plc::start().await;
    let notice = encode(&Message::Notice(TcpCode(0x20)));
    for (message, names) in [
        (refusal(0x22), "IP address not allowed"),
        (refusal(0x21), "already connected"),
        (refusal(0x25), "no free node"),
        (notice, "all connections in use"),
    ] {
        plc.0
            .opening(move |_| vec![Out::Bytes(message), Out::Close]);
        let error = plc.driver().write(0, &[1]).await.expect_err(names);
        assert!(error.to_string().contains(names), "{names}: {error}");
        assert!(matches!(error, PlcError::Io(_)), "{error}");
        assert!(error.to_string().contains("the PLC refused the connection"));
        assert!(!error.outcome_unknown() && error.is_transient());
    }
    assert!(plc.0.requests().is_empty());
}

#[tokio::test]
async fn an_error_notice_instead_of_an_answer_closes_and_leaves_a_write_unknown() {
    let plc = Plc::start().await;
    let mut driver = plc.driver();
    for _ in 0..2 {
        plc.0
            .trick(|_| vec![Out::Bytes(encode(&Message::Notice(TcpCode::TOO_LONG)))]);
    }
    let error = driver.read(0, 1).await.expect_err("a notice");
    assert!(
        error.to_string().contains("data length too long"),
        "{error}"
    );
    let error = driver.write(0, &[1]).await.expect_err("a notice");
    assert!(error.outcome_unknown(), "{error}");
    assert!(
        error.to_string().contains("data length too long"),
        "{error}"
    );
    driver.read(0, 1).await.expect("on a new connection");
    assert_eq!(plc.0.connections(), 3);
}

#[tokio::test]
async fn connection_checks_are_ignored_wherever_they_come() {
    let plc = Plc::start().await;
    let mut driver = plc.driver();
    let check = encode(&Message::Check);
    driver.read(0, 1).await.expect("answered");
    plc.0.unasked(Some(check.clone())).await;
    plc.set(0, &[3]);
    plc.0
        .trick(move |good| vec![Out::Bytes([check.clone(), good, check].concat())]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [3]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [3]);
    assert_eq!((plc.0.connections(), plc.requests()), (1, 3));
    assert_eq!(driver.noticed(), Noticed::default());
}

#[tokio::test]
async fn a_flood_of_checks_and_foreign_frames_ends_the_connection() {
    let plc = Plc::start().await;
    for (message, after) in [(encode(&Message::Check), 1), (encode_frame(&[0xC0; 14]), 2)] {
        let mut driver = plc.driver();
        plc.0
            .trick(move |_| (0..200).map(|_| Out::Bytes(message.clone())).collect());
        let error = driver.read(0, 1).await.expect_err("a flood");
        assert!(matches!(error, PlcError::Io(_)), "{error}");
        assert_eq!(plc.0.connections(), after);
    }
}

#[tokio::test]
async fn an_earlier_answer_is_not_taken_even_on_the_connection_of_the_next_request() {
    let plc = Plc::start().await;
    let mut driver = plc.driver();
    let (kept, taken) = std::sync::mpsc::channel();
    plc.set(0, &[1]);
    plc.0.trick(move |good| {
        kept.send(good).expect("the test waits");
        Vec::new()
    });
    driver.read(0, 1).await.expect_err("silent");
    plc.set(0, &[2]);
    let late = taken.recv().expect("kept");
    plc.0
        .trick(move |good| vec![Out::Bytes(late), Out::Bytes(good)]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [2]);
    assert_eq!(driver.noticed().late, 1);
}

#[tokio::test]
async fn request_numbers_go_on_over_connections() {
    let plc = Plc::start().await;
    let mut driver = plc.driver();
    for n in 0..300 {
        if n % 50 == 49 {
            plc.0.trick(|_| vec![Out::Close]);
            driver.read(0, 1).await.expect_err("closed");
        } else {
            driver.read(0, 1).await.expect("answered");
        }
    }
    let sids: Vec<u8> = plc.0.requests().iter().map(|m| m[HEAD + 9]).collect();
    for window in sids.windows(256) {
        let distinct: std::collections::BTreeSet<_> = window.iter().collect();
        assert_eq!(distinct.len(), 256);
    }
}

#[tokio::test]
async fn a_connection_that_is_always_refused_is_a_lost_link_with_the_cause() {
    let plc = Plc::start().await;
    let (handle, session) = crate::plc::open(plc.config()).expect("valid");
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let task = tokio::spawn(session.run(stopped));
    for _ in 0..3 {
        plc.0
            .opening(|_| vec![Out::Bytes(refusal(0x22)), Out::Close]);
        handle.write(0, &[1]).await.expect_err("refused");
    }
    let link = handle.link();
    assert_eq!(link.state, crate::plc::LinkState::Lost);
    let cause = link.cause.expect("a sentence");
    assert!(cause.contains("IP address not allowed"), "{cause}");
    handle.write(0, &[1]).await.expect("allowed now");
    assert_eq!(handle.link().state, crate::plc::LinkState::Good);
    task.abort();
}
