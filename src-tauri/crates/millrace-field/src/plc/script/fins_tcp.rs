//! FINS over TCP, byte for byte and at exact instants: the handshake, error notices, and what a
//! silence costs.

use super::*;
use crate::plc::PlcError;

fn plc(script: &Script) -> (PlcHandle, watch::Sender<bool>) {
    session(script, DriverConfig::fins_tcp(PEER))
}

/// Our handshake for this node, and the PLC's answer that gives us node 239.
fn hello(node: u8) -> String {
    format!("46 49 4E 53 00 00 00 0C 00 00 00 00 00 00 00 00 00 00 00 {node:02X}")
}

const WELCOME: &str = "46 49 4E 53 00 00 00 10 00 00 00 01 00 00 00 00 00 00 00 EF 00 00 00 02";

/// The read of D6000 with this request number, and its answer.
fn read(sid: u8) -> String {
    format!(
        "46 49 4E 53 00 00 00 1A 00 00 00 02 00 00 00 00 80 00 02 00 02 00 00 EF 00 {sid:02X} 01 01 82 17 70 00 00 01"
    )
}

fn answer(sid: u8, rest: &str) -> String {
    let length = 8 + 12 + bytes(rest).len();
    format!(
        "46 49 4E 53 00 00 00 {length:02X} 00 00 00 02 00 00 00 00 C0 00 02 00 EF 00 00 02 00 {sid:02X} 01 01 {rest}"
    )
}

/// An error notice of the PLC.
fn notice(code: u8) -> String {
    format!("46 49 4E 53 00 00 00 08 00 00 00 03 00 00 00 {code:02X}")
}

const CHECK: &str = "46 49 4E 53 00 00 00 08 00 00 00 06 00 00 00 00";

#[tokio::test(start_paused = true)]
async fn handshake_read_and_write_are_these_bytes_and_a_check_is_passed_over() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answers(&[(3, WELCOME)]);
    script.answers(&[(1, CHECK), (4, &answer(1, "00 00 12 34"))]);
    script.answer(
        "46 49 4E 53 00 00 00 16 00 00 00 02 00 00 00 00 C0 00 02 00 EF 00 00 02 00 02 01 02 00 00",
    );
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [0x1234]);
    plc.write(6_076, &[1]).await.expect("answered");
    script.check(&[
        (0, &hello(0)),
        (3, &read(1)),
        (
            7,
            "46 49 4E 53 00 00 00 1C 00 00 00 02 00 00 00 00 80 00 02 00 02 00 00 EF 00 02 01 02 82 17 BC 00 00 01 00 01",
        ),
    ]);
    assert_eq!((script.opened(), link(&plc).0), (vec![0], LinkState::Good));
}

#[tokio::test(start_paused = true)]
async fn a_silence_closes_and_the_next_connection_asks_for_the_same_node() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answer(WELCOME);
    // Too late: the connection that it comes on is closed by then.
    script.answers(&[(120, &answer(1, "00 00 00 01"))]);
    script.answer(WELCOME);
    script.answer(&answer(2, "00 00 00 02"));
    assert_eq!(plc.read(6_000, 1).await.expect("the second"), [2]);
    script.check(&[
        (0, &hello(0)),
        (0, &read(1)),
        (150, &hello(0xEF)),
        (150, &read(2)),
    ]);
    script.silence();
    let error = plc.write(6_076, &[1]).await.expect_err("silent");
    assert!(error.outcome_unknown(), "{error}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((script.sent().len(), script.opened()), (5, vec![0, 150]));
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_silent_handshake_sends_no_request() {
    for (code, words) in [
        (0x20, "all connections in use"),
        (0x21, "already connected"),
        (0x25, "no free node"),
    ] {
        let script = Script::new();
        let (plc, _stop) = plc(&script);
        let refusal = format!(
            "46 49 4E 53 00 00 00 10 00 00 00 01 00 00 00 {code:02X} 00 00 00 00 00 00 00 00"
        );
        script.answer(&refusal);
        let error = plc.write(6_076, &[1]).await.expect_err("refused");
        assert!(!error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        script.check(&[(0, &hello(0))]);
    }
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    (0..3).for_each(|_| script.silence());
    let error = plc.read(6_000, 1).await.expect_err("silent");
    assert!(matches!(error, PlcError::Io(_)), "{error}");
    script.check(&[(0, &hello(0)), (150, &hello(0)), (350, &hello(0))]);
    assert_eq!(link(&plc), (LinkState::Lost, Some(error.to_string())));
}

#[tokio::test(start_paused = true)]
async fn an_error_notice_ends_the_connection_and_leaves_a_write_unknown() {
    for (code, words) in [(1, "not FINS"), (2, "too long"), (3, "not supported")] {
        let script = Script::new();
        let (plc, _stop) = plc(&script);
        script.answer(WELCOME);
        script.answer(&notice(code));
        let error = plc.write(6_076, &[1]).await.expect_err("a notice");
        assert!(error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(script.sent().len(), 2);
        script.answer(WELCOME);
        script.answer(&answer(2, "00 00 00 02"));
        plc.read(6_000, 1).await.expect("on a new connection");
        assert_eq!(script.opened().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_answer_is_dropped_and_only_a_busy_plc_is_asked_again() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answer(WELCOME);
    script.answers(&[
        (1, &answer(9, "00 00 00 09")),
        (2, &answer(1, "00 00")),
        (3, &answer(1, "00 40 00 07")),
        (3, &answer(1, "00 40 00 07")),
    ]);
    assert_eq!(plc.read(6_000, 1).await.expect("the right one"), [7]);
    assert!(plc.link().cpu_warning);
    let noticed = plc.link().counters.noticed;
    assert_eq!((noticed.late, noticed.wrong_length), (1, 1));
    // The copy shows that the two ends disagree: the connection is opened anew.
    for (sid, code, words) in [(2, "00 80 00 07", "CPU has stopped"), (3, "10 05", "1005")] {
        if sid == 2 {
            script.answer(WELCOME);
        }
        script.answer(&answer(sid, code));
        let error = plc.read(6_000, 1).await.expect_err(code).to_string();
        assert!(error.contains(words), "{code}: {error}");
        assert_eq!(link(&plc), (LinkState::Degraded, Some(error)));
    }
    assert_eq!((script.opened().len(), script.sent().len()), (2, 5));
    let before = script.now_ms();
    (4..=6).for_each(|sid| script.answer(&answer(sid, "22 01")));
    let error = plc.read(6_000, 1).await.expect_err("busy").to_string();
    assert!(error.contains("2201"), "{error}");
    assert_eq!(script.now_ms() - before, 150);
    assert_eq!((script.opened().len(), script.sent().len()), (2, 8));
}
