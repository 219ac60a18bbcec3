//! The transport on real loopback sockets against a scripted peer: both suites, and what only
//! Modbus has: unit, base, echo, exceptions.

use super::*;
use crate::plc::conformance::{self, Bench};
use crate::plc::stream_conformance::{self, StreamBench};
use crate::plc::tcp_peer::{Heard, Out, TcpPeer, Tongue};

/// Transaction, protocol, length, unit.
const HEAD: usize = 7;
const UNIT: u8 = 17;

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) * 256 + usize::from(bytes[1])
}

/// A message of its parts, lengths put in.
fn message(head: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 1).expect("short").to_be_bytes();
    [&head[..4], &length, &head[6..HEAD], body].concat()
}

const TONGUE: Tongue = Tongue {
    whole: |bytes| {
        let length = 6 + pair(bytes.get(4..6)?);
        (bytes.len() >= length).then_some(length)
    },
    carry_out: |memory, request| {
        let (function, first, count) = (request[HEAD], pair(&request[8..]), pair(&request[10..]));
        let body = match function {
            3 => {
                let words = &memory[first..first + count];
                let bytes = u8::try_from(count * 2).expect("short");
                let words = words.iter().flat_map(|word| word.to_be_bytes());
                [3, bytes].into_iter().chain(words).collect()
            }
            16 => {
                let words = request[13..].chunks_exact(2);
                for (place, word) in memory[first..first + count].iter_mut().zip(words) {
                    *place = u16::from_be_bytes([word[0], word[1]]);
                }
                request[HEAD..12].to_vec()
            }
            other => panic!("function {other} is never sent"),
        };
        Heard::Request(message(request, &body))
    },
};

struct Device(TcpPeer);

impl Device {
    async fn start() -> Device {
        Device(TcpPeer::start(TONGUE).await)
    }

    fn config(&self, base: u16) -> DriverConfig {
        DriverConfig {
            kind: DriverKind::ModbusTcp {
                unit_id: UNIT,
                base,
            },
            timeout_ms: 150,
            read_retries: 0,
            ..DriverConfig::modbus_tcp(self.0.address)
        }
    }

    fn exception(&self, code: u8) {
        self.0.trick(move |good| {
            let body = [good[HEAD] | 0x80, code];
            vec![Out::Bytes(message(&good, &body))]
        });
    }
}

impl Bench for Device {
    fn driver(&self) -> Box<dyn PlcDriver> {
        self.driver_to(self.0.address)
    }
    fn silent(&self) {
        self.0.trick(|_| Vec::new());
    }
    fn refuse(&self) {
        self.exception(2);
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
        65_535
    }
}

impl StreamBench for Device {
    fn peer(&self) -> &TcpPeer {
        &self.0
    }
    fn driver_to(&self, address: SocketAddr) -> Box<dyn PlcDriver> {
        let config = DriverConfig {
            address,
            ..self.config(0)
        };
        Box::new(ModbusTcp::new(&config, Arc::new(crate::plc::net::Machine)).expect("valid"))
    }
    fn foreign(mut good: Vec<u8>) -> Vec<u8> {
        good[1] ^= 0x80;
        good
    }
    fn shorter(good: Vec<u8>) -> Vec<u8> {
        let mut body = good[HEAD..good.len() - 2].to_vec();
        body[1] -= 2;
        message(&good, &body)
    }
}

#[tokio::test]
async fn modbus_over_tcp_passes_the_conformance_suite() {
    conformance::run(Device::start).await;
}

#[tokio::test]
async fn modbus_over_tcp_passes_the_suite_of_connections() {
    stream_conformance::run(Device::start).await;
}

#[tokio::test]
async fn requests_are_byte_for_byte_as_the_specification_has_them() {
    let device = Device::start().await;
    let mut driver =
        ModbusTcp::new(&device.config(6_000), Arc::new(crate::plc::net::Machine)).expect("valid");
    driver.read(6_010, 77).await.expect("answered");
    driver.write(7_000, &[1, 0xABCD]).await.expect("answered");
    assert_eq!(
        device.0.requests(),
        [
            vec![0, 0, 0, 0, 0, 6, UNIT, 3, 0, 10, 0, 77],
            vec![
                0, 1, 0, 0, 0, 11, UNIT, 16, 3, 0xE8, 0, 2, 4, 0, 1, 0xAB, 0xCD
            ],
        ]
    );
}

#[tokio::test]
async fn words_below_the_base_or_beyond_a_frame_are_not_asked_for() {
    let device = Device::start().await;
    let mut driver =
        ModbusTcp::new(&device.config(6_000), Arc::new(crate::plc::net::Machine)).expect("valid");
    for error in [
        driver.read(5_999, 2).await.expect_err("below the base"),
        driver.write(5_999, &[1]).await.expect_err("below the base"),
        driver.read(6_000, 126).await.expect_err("too many"),
        driver.write(6_000, &[0; 124]).await.expect_err("too many"),
    ] {
        assert!(matches!(error, PlcError::Address(_)), "{error}");
    }
    assert_eq!(device.requests(), 0);
    driver.read(6_000, 125).await.expect("the most");
    driver.write(6_000, &[0; 123]).await.expect("the most");
}

#[tokio::test]
async fn an_exception_keeps_the_connection_and_only_some_leave_a_write_unknown() {
    let device = Device::start().await;
    let mut driver = device.driver();
    for (code, unknown, transient, names) in [
        (1, false, false, "function not supported"),
        (2, false, false, "address out of range"),
        (3, false, false, "not allowed"),
        (4, true, true, "failed while"),
        (5, true, true, "still being carried out"),
        (6, false, true, "busy"),
        (8, true, true, "parity"),
        (0x0A, false, true, "no path"),
        (0x0B, true, true, "does not answer"),
        (0x55, true, true, "unknown exception"),
    ] {
        device.exception(code);
        let error = driver.write(0, &[1]).await.expect_err(names);
        assert!(error.to_string().contains(names), "{names}: {error}");
        assert_eq!(error.outcome_unknown(), unknown, "{names}");
        assert_eq!(error.is_transient(), transient, "{names}");
        device.exception(code);
        let error = driver.read(0, 1).await.expect_err(names);
        assert!(error.to_string().contains(names), "{names}: {error}");
        assert!(matches!(error, PlcError::EndCode { .. }), "{names}");
    }
    assert_eq!(device.0.connections(), 1);
}

#[tokio::test]
async fn an_echo_that_names_another_write_leaves_it_unknown() {
    type Forge = fn(Vec<u8>) -> Vec<u8>;
    let forges: [(&str, Forge); 6] = [
        ("another register", |b| changed(b, 9)),
        ("another number of words", |b| changed(b, 11)),
        ("another transaction", |b| changed(b, 1)),
        ("another unit", |b| changed(b, 6)),
        ("another function", |b| {
            let body = [6, b[8], b[9], b[10], b[11]];
            message(&b, &body)
        }),
        ("a longer echo", |b| {
            let body = [&b[HEAD..], &[0]].concat();
            message(&b, &body)
        }),
    ];
    let device = Device::start().await;
    let mut driver = device.driver();
    for (n, (what, forge)) in (1..).zip(forges) {
        device.0.trick(move |good| vec![Out::Bytes(forge(good))]);
        let error = driver.write(300, &[1, 2]).await.expect_err(what);
        assert!(
            matches!(error, PlcError::WriteUnknown(_)),
            "{what}: {error}"
        );
        assert_eq!(
            device.0.connections(),
            n,
            "{what}: the connection is dropped"
        );
    }
    assert_eq!(driver.noticed().foreign, 5);
    assert_eq!(device.requests(), 6);
}

fn changed(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

#[tokio::test]
async fn no_answer_of_any_bytes_is_taken_or_makes_us_fall_over() {
    let seed: u64 = 0x5EED_0010;
    println!("seed {seed:#x}");
    let mut state = seed;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    let device = Device::start().await;
    device.set(0, &[0x1234, 0x5678]);
    let mut driver = device.driver();
    for _ in 0..300 {
        // Header as awaited, the rest by chance, with the length that fits.
        let function = [3, 0x83, 1, 4, 16, 17, 0x17, 0x2B, random()];
        let mut body = vec![function[usize::from(random()) % function.len()]];
        body.extend((0..random() % 12).map(|_| random()));
        let right = matches!(body[..], [3, 4, _, _, _, _]);
        device
            .0
            .trick(move |good| vec![Out::Bytes(message(&good, &body))]);
        let taken = driver.read(0, 2).await;
        assert_eq!(taken.is_ok(), right, "{taken:?}");
    }
    assert_eq!(driver.read(0, 2).await.expect("healed"), [0x1234, 0x5678]);
}
