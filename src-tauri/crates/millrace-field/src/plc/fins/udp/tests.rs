//! The transport on real loopback sockets against a scripted peer.

use super::*;
use crate::plc::conformance::{self, Bench};
use crate::plc::fins::peer::{Out, Peer};

fn driver(peer: &Peer) -> FinsUdp {
    FinsUdp::new(&peer.config(), Arc::new(crate::plc::net::Machine)).expect("valid")
}

impl Bench for Peer {
    fn driver(&self) -> Box<dyn PlcDriver> {
        Box::new(driver(self))
    }
    fn silent(&self) {
        Peer::silent(self);
    }
    fn refuse(&self) {
        self.end_code(0x2102);
    }
    fn requests(&self) -> usize {
        self.frames().len()
    }
    fn set(&self, addr: usize, words: &[u16]) {
        Peer::set(self, addr, words);
    }
    fn word(&self, addr: usize) -> u16 {
        Peer::word(self, addr)
    }
    fn last(&self) -> u16 {
        32_767
    }
}

#[tokio::test]
async fn fins_over_udp_passes_the_conformance_suite() {
    conformance::run(Peer::start).await;
}

#[tokio::test]
async fn foreign_frames_are_dropped_and_the_right_answer_is_still_taken() {
    // What is sent before the right answer, and which number must rise.
    type Forge = fn(Vec<u8>) -> Out;
    let cases: [(&str, Forge, Noticed); 8] = [
        (
            "another sender",
            Out::Stranger,
            Noticed {
                foreign: 1,
                ..Noticed::default()
            },
        ),
        (
            "another node answers",
            |b| changed(b, 7, 9),
            Noticed {
                foreign: 1,
                ..Noticed::default()
            },
        ),
        (
            "for another node",
            |b| changed(b, 4, 9),
            Noticed {
                foreign: 1,
                ..Noticed::default()
            },
        ),
        (
            "another command",
            |b| changed(b, 11, 4),
            Noticed {
                foreign: 1,
                ..Noticed::default()
            },
        ),
        (
            "not an answer",
            |b| changed(b, 0, 0x80),
            Noticed {
                foreign: 1,
                ..Noticed::default()
            },
        ),
        (
            "an earlier request",
            |b| {
                let sid = b[9].wrapping_sub(1);
                changed(b, 9, sid)
            },
            Noticed {
                late: 1,
                ..Noticed::default()
            },
        ),
        (
            "a word short",
            |mut b| {
                b.truncate(b.len() - 2);
                Out::Own(b)
            },
            Noticed {
                wrong_length: 1,
                ..Noticed::default()
            },
        ),
        (
            "no frame at all",
            |_| Out::Own(vec![1, 2, 3]),
            Noticed {
                wrong_length: 1,
                ..Noticed::default()
            },
        ),
    ];
    for (what, forge, noticed) in cases {
        let peer = Peer::start().await;
        peer.set(6_000, &[7, 8]);
        peer.trick(move |good| {
            let mut bad = good.clone();
            if bad.len() > 14 {
                bad[14..].fill(0xEE);
            }
            vec![forge(bad), Out::Own(good)]
        });
        let mut driver = driver(&peer);
        assert_eq!(driver.read(6_000, 2).await.expect(what), [7, 8], "{what}");
        assert_eq!(driver.noticed(), noticed, "{what}");
        assert_eq!(peer.frames().len(), 1, "{what}");
    }
}

fn changed(mut bytes: Vec<u8>, at: usize, byte: u8) -> Out {
    bytes[at] = byte;
    Out::Own(bytes)
}

#[tokio::test]
async fn an_answer_that_is_only_wrong_is_silence() {
    let peer = Peer::start().await;
    peer.trick(|good| vec![Out::Stranger(good)]);
    let mut driver = driver(&peer);
    assert!(matches!(
        driver.read(6_000, 2).await,
        Err(PlcError::Timeout { .. })
    ));
    peer.trick(|good| vec![changed(good, 9, 0xAA)]);
    assert!(matches!(
        driver.write(6_076, &[1]).await,
        Err(PlcError::WriteUnknown(_))
    ));
    assert_eq!(peer.frames().len(), 2, "neither was sent again");
}

#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_request() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0")
        .and_then(|s| s.local_addr())
        .expect("loopback")
        .port();
    for local_port in [0, free] {
        let peer = Peer::start().await;
        peer.set(6_000, &[1]);
        let config = DriverConfig {
            kind: DriverKind::FinsUdp {
                local_port,
                node_local: 1,
                node_plc: 2,
            },
            ..peer.config()
        };
        let mut driver = FinsUdp::new(&config, Arc::new(crate::plc::net::Machine)).expect("valid");
        let (kept, taken) = std::sync::mpsc::channel();
        peer.trick(move |good| {
            kept.send(good).expect("the test waits");
            Vec::new()
        });
        assert!(matches!(
            driver.read(6_000, 1).await,
            Err(PlcError::Timeout { .. })
        ));
        peer.set(6_000, &[2]);
        // The first answer comes with the second, even to the new port where there is one.
        peer.trick(move |good| vec![Out::Own(taken.recv().expect("kept")), Out::Own(good)]);
        assert_eq!(driver.read(6_000, 1).await.expect("answered"), [2]);
        assert_eq!(driver.noticed().late, 1);
    }
}

#[tokio::test]
async fn only_a_time_out_changes_a_port_that_the_system_chose() {
    let peer = Peer::start().await;
    let mut driver = driver(&peer);
    driver.read(0, 1).await.expect("answered");
    driver.read(0, 1).await.expect("answered");
    peer.silent();
    driver.read(0, 1).await.expect_err("silent");
    assert!(driver.socket.is_none(), "a late answer finds nobody");
    driver.read(0, 1).await.expect("answered");
    let ports = peer.ports();
    assert!(ports[0] == ports[1] && ports[1] == ports[2], "{ports:?}");
}

#[tokio::test]
async fn request_numbers_come_back_only_after_all_others() {
    let peer = Peer::start().await;
    let mut driver = driver(&peer);
    for _ in 0..512 {
        driver.read(0, 1).await.expect("answered");
    }
    let sids: Vec<u8> = peer.frames().iter().map(|frame| frame[9]).collect();
    for window in sids.windows(256) {
        assert_eq!(
            window
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            256
        );
    }
}

#[tokio::test]
async fn marks_on_a_good_answer_are_counted_and_a_stopped_cpu_spoils_it() {
    let peer = Peer::start().await;
    let mut driver = driver(&peer);
    peer.marked(0x8040);
    assert_eq!(driver.read(0, 1).await.expect("good"), [0]);
    let seen = driver.noticed();
    assert_eq!(
        (seen.cpu_warnings, seen.relay_errors, seen.cpu_warning_now),
        (1, 1, true)
    );
    peer.marked(0x0080);
    assert!(matches!(
        driver.read(0, 1).await,
        Err(PlcError::CpuFatal(_))
    ));
    peer.marked(0x0080);
    let error = driver.write(0, &[1]).await.expect_err("stopped");
    assert!(error.outcome_unknown());
    driver.read(0, 1).await.expect("good again");
    assert!(!driver.noticed().cpu_warning_now);
}

#[tokio::test]
async fn a_write_lost_behind_a_relay_is_unknown_and_not_refused() {
    let peer = Peer::start().await;
    peer.end_code(0x0205);
    let error = driver(&peer).write(0, &[1]).await.expect_err("unknown");
    assert!(matches!(error, PlcError::WriteUnknown(_)), "{error}");
}

#[tokio::test]
async fn a_flood_of_foreign_frames_does_not_stretch_the_wait() {
    let peer = Peer::start().await;
    peer.trick(|good| (0..200).map(|_| Out::Stranger(good.clone())).collect());
    let mut driver = driver(&peer);
    let started = Instant::now();
    assert!(matches!(
        driver.read(0, 1).await,
        Err(PlcError::Timeout { .. })
    ));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(driver.noticed().foreign > 0);
}

#[tokio::test]
async fn requests_keep_the_gap_that_was_set() {
    let peer = Peer::start().await;
    let mut driver = FinsUdp::new(
        &DriverConfig {
            gap_ms: 30,
            ..peer.config()
        },
        Arc::new(crate::plc::net::Machine),
    )
    .expect("valid");
    driver.read(0, 1).await.expect("answered");
    let ended = driver.last_end.expect("noted");
    driver.read(0, 1).await.expect("answered");
    assert!(driver.last_end.expect("noted") - ended >= Duration::from_millis(30));
}
