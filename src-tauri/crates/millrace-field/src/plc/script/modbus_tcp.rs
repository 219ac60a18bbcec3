//! Modbus over TCP, byte for byte and at exact instants: unit 255, register 6000.

use super::*;

fn plc(script: &Script) -> (PlcHandle, watch::Sender<bool>) {
    session(script, DriverConfig::modbus_tcp(PEER))
}

/// The read of one register with this transaction, and its answer with this word.
fn read(transaction: u8) -> String {
    format!("00 {transaction:02X} 00 00 00 06 FF 03 17 70 00 01")
}

fn answer(transaction: u8, word: &str) -> String {
    format!("00 {transaction:02X} 00 00 00 05 FF 03 02 {word}")
}

#[tokio::test(start_paused = true)]
async fn a_read_and_a_write_are_these_bytes() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answers(&[(7, &answer(0, "12 34"))]);
    script.answer("00 01 00 00 00 06 FF 10 17 BC 00 01");
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [0x1234]);
    plc.write(6_076, &[1]).await.expect("answered");
    script.check(&[
        (0, &read(0)),
        (7, "00 01 00 00 00 09 FF 10 17 BC 00 01 02 00 01"),
    ]);
    assert_eq!((script.opened(), link(&plc).0), (vec![0], LinkState::Good));
}

#[tokio::test(start_paused = true)]
async fn a_silent_read_is_repeated_on_new_connections_and_the_link_is_lost() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answers(&[(120, &answer(0, "00 01"))]);
    (0..2).for_each(|_| script.silence());
    let error = plc.read(6_000, 1).await.expect_err("silent");
    let instants: Vec<u64> = script.sent().iter().map(|(at, _)| *at).collect();
    assert_eq!(instants, [0, 150, 350]);
    assert_eq!((script.opened(), script.now_ms()), (instants, 450));
    assert_eq!(link(&plc), (LinkState::Lost, Some(error.to_string())));
    // Each connection counts from 0.
    script.answers(&[(5, &answer(0, "00 02"))]);
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [2]);
    assert_eq!(link(&plc), (LinkState::Good, None));
}

#[tokio::test(start_paused = true)]
async fn a_silent_write_is_unknown_and_never_repeated() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.silence();
    let error = plc.write(6_076, &[1]).await.expect_err("silent");
    assert!(error.outcome_unknown(), "{error}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((script.sent().len(), script.opened().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_ours_closes_the_connection_and_a_read_is_asked_again() {
    for (what, wrong) in [
        ("another transaction", "00 09 00 00 00 05 FF 03 02 00 09"),
        ("another unit", "00 00 00 00 00 05 01 03 02 00 09"),
        ("a word too many", "00 00 00 00 00 07 FF 03 04 00 09 00 09"),
        ("cut short", "00 00 00 00 00 03 FF 03 00"),
    ] {
        let script = Script::new();
        let (plc, _stop) = plc(&script);
        script.answers(&[(2, wrong)]);
        script.answers(&[(2, &answer(0, "00 07"))]);
        assert_eq!(plc.read(6_000, 1).await.expect(what), [7], "{what}");
        let instants: Vec<u64> = script.sent().iter().map(|(at, _)| *at).collect();
        assert_eq!(instants, [0, 52], "{what}");
        assert_eq!(script.opened(), [0, 52], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_an_answer_is_seen_before_the_next_request() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    script.answers(&[(1, &answer(0, "00 07")), (1, &answer(0, "00 07"))]);
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [7]);
    script.answer(&answer(0, "00 08"));
    assert_eq!(plc.read(6_000, 1).await.expect("answered"), [8]);
    assert_eq!(script.opened().len(), 2, "the two ends disagreed");
    assert_eq!(plc.link().counters.noticed.late, 1);
}

#[tokio::test(start_paused = true)]
async fn exceptions_say_why_and_are_not_asked_twice() {
    let script = Script::new();
    let (plc, _stop) = plc(&script);
    for (n, code, words) in [
        (0, 1, "function"),
        (1, 2, "address"),
        (2, 3, "value"),
        (3, 4, "device"),
    ] {
        script.answer(&format!("00 {n:02X} 00 00 00 03 FF 83 {code:02X}"));
        let error = plc.read(6_000, 1).await.expect_err(words).to_string();
        assert!(error.contains(words), "{code}: {error}");
        assert_eq!(link(&plc), (LinkState::Degraded, Some(error)));
    }
    // A device that failed in the middle of a write may have done it.
    script.answer("00 04 00 00 00 03 FF 90 04");
    let error = plc.write(6_076, &[1]).await.expect_err("failed");
    assert!(error.outcome_unknown(), "{error}");
    script.answer("00 05 00 00 00 03 FF 90 02");
    let error = plc.write(6_076, &[1]).await.expect_err("refused");
    assert!(!error.outcome_unknown(), "{error}");
    assert_eq!((script.sent().len(), script.opened()), (6, vec![0]));
}
