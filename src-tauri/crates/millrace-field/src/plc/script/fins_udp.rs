//! FINS over UDP, byte for byte and at exact instants: nodes 1 and 2, word D6000.

use super::*;
use crate::plc::PlcError;

fn plc(script: &Script) -> (PlcHandle, watch::Sender<bool>) {
    session(script, DriverConfig::fins_udp(PEER, 1, 2))
}

/// The read of D6000 with this request number, and its answer with these words.
fn read(sid: u8) -> String {
    format!("80 00 02 00 02 00 00 01 00 {sid:02X} 01 01 82 17 70 00 00 01")
}

fn answer(sid: u8, rest: &str) -> String {
    format!("C0 00 02 00 01 00 00 02 00 {sid:02X} 01 01 {rest}")
}

#[tokio::test(start_paused = true)]
async fn a_read_and_a_write_are_these_bytes() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    assert_eq!(link(&plc), (LinkState::Connecting, None));
    script.answers(&[(7, &answer(1, "00 00 12 34"))]);
    script.answer("C0 00 02 00 01 00 00 02 00 02 01 02 00 00");
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [0x1234]);
    plc.write(6_076, &[1]).await.expect("answered");
    assert_eq!(link(&plc), (LinkState::Good, None));
    script.check(&[
        (0, &read(1)),
        (
            7,
            "80 00 02 00 02 00 00 01 00 02 01 02 82 17 BC 00 00 01 00 01",
        ),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_read_is_repeated_at_growing_pauses_and_the_link_is_lost() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    (0..4).for_each(|_| script.silence());
    let error = plc.read(6_000, 1).await.expect_err("silent");
    assert!(matches!(error, PlcError::Timeout { timeout_ms: 100 }));
    // 100 ms each, with 50 and 100 ms between them.
    assert_eq!(script.now_ms(), 450);
    script.check(&[(0, &read(1)), (150, &read(2)), (350, &read(3))]);
    let cause = Some("the PLC did not answer within 100 ms".to_owned());
    assert_eq!(link(&plc), (LinkState::Lost, cause));
    // A lost link is asked once, not three times.
    plc.read(6_000, 1).await.expect_err("silent");
    assert_eq!((script.now_ms(), script.sent().len()), (550, 4));
    script.answer(&answer(5, "00 00 00 01"));
    plc.read(6_000, 1).await.expect("answered");
    assert_eq!(link(&plc), (LinkState::Good, None));
    // Each silence has cost a port.
    assert_eq!(script.opened(), [0, 150, 350, 450, 550]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_write_is_unknown_and_never_repeated() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.silence();
    let error = plc.write(6_076, &[1]).await.expect_err("silent");
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!((script.now_ms(), script.sent().len()), (100, 1));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_comes_to_nobody() {
    for (local_port, late) in [(0, 0), (9_601, 1)] {
        let script = Script::new();
        let mut config = DriverConfig::fins_udp(PEER, 1, 2);
        config.kind = crate::plc::DriverKind::FinsUdp {
            local_port,
            node_local: 1,
            node_plc: 2,
        };
        let (plc, _stop) = session(&script, config);
        script.answers(&[(160, &answer(1, "00 00 00 01"))]);
        script.answers(&[(20, &answer(2, "00 00 00 02"))]);
        assert_eq!(plc.read(6_000, 1).await.expect("the second"), [2]);
        assert_eq!(script.now_ms(), 170);
        assert_eq!(plc.link().counters.noticed.late, late);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_answer_is_dropped_and_the_wait_goes_on() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answers(&[
        // Another tool's multiple read, under our number.
        (1, "C0 00 02 00 01 00 00 02 00 01 01 04 00 00 82 12 34"),
        // Another node's answer.
        (2, "C0 00 02 00 05 00 00 02 00 01 01 01 00 00 00 09"),
        // A command instead of an answer.
        (3, "80 00 02 00 01 00 00 02 00 01 01 01 00 00 00 09"),
        // A word too few, a word too many.
        (4, &answer(1, "00 00")),
        (5, &answer(1, "00 00 00 09 00 09")),
        (6, &answer(1, "00 00 00 07")),
        (7, &answer(1, "00 00 00 07")),
    ]);
    assert_eq!(plc.read(6_000, 1).await.expect("the right one"), [7]);
    assert_eq!(script.now_ms(), 6);
    // The second copy lies there when the next answer is awaited.
    script.answers(&[(4, &answer(2, "00 00 00 08"))]);
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [8]);
    let noticed = plc.link().counters.noticed;
    assert_eq!(
        (noticed.foreign, noticed.wrong_length, noticed.late),
        (3, 2, 1)
    );
    assert_eq!(script.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn end_codes_say_who_is_at_fault_and_only_a_busy_plc_is_asked_again() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answer(&answer(1, "00 40 00 07"));
    assert_eq!(plc.read(6_000, 1).await.expect("with a warning"), [7]);
    assert!(plc.link().cpu_warning);
    for (sid, code, words) in [(2, "00 80 00 07", "CPU has stopped"), (3, "10 05", "1005")] {
        script.answer(&answer(sid, code));
        let error = plc.read(6_000, 1).await.expect_err(code).to_string();
        assert!(error.contains(words), "{code}: {error}");
        assert_eq!(link(&plc), (LinkState::Degraded, Some(error)));
    }
    assert_eq!((script.now_ms(), script.sent().len()), (0, 3));
    // Another service runs: a read may be asked again, a write may not.
    (4..=6).for_each(|sid| script.answer(&answer(sid, "22 01")));
    let error = plc.read(6_000, 1).await.expect_err("busy").to_string();
    assert!(error.contains("2201"), "{error}");
    assert_eq!(link(&plc), (LinkState::Degraded, Some(error)));
    assert_eq!((script.now_ms(), script.sent().len()), (150, 6));
    script.answer("C0 00 02 00 01 00 00 02 00 07 01 02 22 01");
    let error = plc.write(6_076, &[1]).await.expect_err("busy");
    assert!(!error.outcome_unknown(), "{error}");
    script.answer("C0 00 02 00 01 00 00 02 00 08 01 02 00 40");
    plc.write(6_076, &[1]).await.expect("done, with a warning");
    assert_eq!((script.now_ms(), script.sent().len()), (150, 8));
}
