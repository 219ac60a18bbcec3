//! What every driver over a TCP connection must do besides: cuts, merges, breaks, and answers that
//! come too late or twice. Leaves out what only one protocol has.

use std::future::Future;
use std::net::TcpListener;
use std::sync::mpsc;

use super::conformance::Bench;
use super::tcp_peer::{Out, TcpPeer};
use super::{PlcDriver, PlcError};

/// A bench whose PLC is at the other end of a connection.
pub(crate) trait StreamBench: Bench {
    /// The PLC.
    fn peer(&self) -> &TcpPeer;
    /// As [`Bench::driver`], to another address.
    fn driver_to(&self, address: std::net::SocketAddr) -> Box<dyn PlcDriver>;
    /// The right answer made one of another transaction.
    fn foreign(good: Vec<u8>) -> Vec<u8>;
    /// The right answer to a read made one of a word less, consistent in itself.
    fn shorter(good: Vec<u8>) -> Vec<u8>;
}

/// Runs the suite, each rule on a bench of its own.
pub(crate) async fn run<B: StreamBench, F: Future<Output = B>>(start: impl Fn() -> F) {
    an_answer_may_come_in_any_pieces(&start().await).await;
    an_answer_that_comes_twice_is_taken_once(&start().await).await;
    a_broken_answer_is_none(&start().await).await;
    a_late_answer_finds_a_closed_connection(&start().await).await;
    an_answer_of_another_transaction_or_length_is_never_used(&start().await).await;
    a_connection_lost_while_idle_costs_no_request(&start().await).await;
    bytes_that_nobody_asked_for_close_the_connection(&start().await).await;
    without_a_connection_a_write_is_certainly_not_done(&start().await).await;
    a_caller_that_gives_up_leaves_no_answer_behind(&start().await).await;
}

async fn an_answer_may_come_in_any_pieces(bench: &impl StreamBench) {
    let block: Vec<u16> = (0..77).collect();
    bench.set(6_000, &block);
    let mut driver = bench.driver();
    for size in [1, 5, 17] {
        bench.peer().trick(move |good| {
            let pieces = good.chunks(size);
            pieces.map(|piece| Out::Bytes(piece.to_vec())).collect()
        });
        assert_eq!(driver.read(6_000, 77).await.expect("in pieces"), block);
    }
    assert_eq!((bench.peer().connections(), bench.requests()), (1, 3));
}

async fn an_answer_that_comes_twice_is_taken_once(bench: &impl StreamBench) {
    let mut driver = bench.driver();
    bench.set(0, &[1]);
    bench
        .peer()
        .trick(|good| vec![Out::Bytes([good.clone(), good].concat())]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [1]);
    bench.set(0, &[2]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [2]);
    bench.set(0, &[3]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [3]);
    assert_eq!(bench.requests(), 3);
}

async fn a_broken_answer_is_none(bench: &impl StreamBench) {
    type Break = fn(Vec<u8>) -> Vec<Out>;
    let breaks: [(&str, Break); 5] = [
        ("closed instead", |_| vec![Out::Close]),
        ("reset instead", |_| vec![Out::Reset]),
        ("closed in the middle", |mut good| {
            good.truncate(good.len() - 1);
            vec![Out::Bytes(good), Out::Close]
        }),
        ("cut off for ever", |mut good| {
            good.truncate(good.len() - 1);
            vec![Out::Bytes(good)]
        }),
        ("no protocol at all", |_| {
            vec![Out::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]
        }),
    ];
    bench.set(6_000, &[7, 8]);
    let mut driver = bench.driver();
    for (what, break_it) in breaks {
        let (requests, connections) = (bench.requests(), bench.peer().connections());
        bench.peer().trick(break_it);
        let error = driver.read(6_000, 2).await.expect_err(what);
        assert!(
            matches!(error, PlcError::Io(_) | PlcError::Timeout { .. }) && error.is_transient(),
            "{what}: {error}"
        );
        bench.peer().trick(break_it);
        let error = driver.write(7_000, &[9]).await.expect_err(what);
        assert!(
            matches!(error, PlcError::WriteUnknown(_)),
            "{what}: {error}"
        );
        assert_eq!(driver.read(6_000, 2).await.expect(what), [7, 8]);
        assert_eq!(bench.requests(), requests + 3, "{what}: none sent twice");
        // The first break takes the very first connection.
        let opened = bench.peer().connections() - connections;
        assert_eq!(opened, if connections == 0 { 3 } else { 2 }, "{what}");
    }
}

async fn a_late_answer_finds_a_closed_connection(bench: &impl StreamBench) {
    let mut driver = bench.driver();
    bench.set(6_000, &[1]);
    bench.silent();
    let error = driver.read(6_000, 1).await.expect_err("silent");
    assert!(matches!(error, PlcError::Timeout { .. }), "{error}");
    bench.peer().all_closed().await;
    bench.set(6_000, &[2]);
    assert_eq!(driver.read(6_000, 1).await.expect("answered"), [2]);
    assert_eq!(bench.peer().connections(), 2);
}

async fn an_answer_of_another_transaction_or_length_is_never_used<B: StreamBench>(bench: &B) {
    let mut driver = bench.driver();
    bench.set(6_000, &[7, 8]);
    bench
        .peer()
        .trick(|good| vec![Out::Bytes(B::foreign(good))]);
    driver.read(6_000, 2).await.expect_err("foreign");
    let seen = driver.noticed();
    assert_eq!(seen.foreign + seen.late, 1);
    bench
        .peer()
        .trick(|good| vec![Out::Bytes(B::foreign(good))]);
    let error = driver.write(7_000, &[1]).await.expect_err("foreign");
    assert!(error.outcome_unknown(), "{error}");
    bench
        .peer()
        .trick(|good| vec![Out::Bytes(B::shorter(good))]);
    driver.read(6_000, 2).await.expect_err("a word short");
    assert_eq!(driver.noticed().wrong_length, 1);
    assert_eq!(bench.requests(), 3);
    assert_eq!(driver.read(6_000, 2).await.expect("healed"), [7, 8]);
}

async fn a_connection_lost_while_idle_costs_no_request(bench: &impl StreamBench) {
    let mut driver = bench.driver();
    driver.read(0, 1).await.expect("answered");
    bench.peer().unasked(None).await;
    driver
        .write(7_000, &[5])
        .await
        .expect("on a new connection");
    assert_eq!((bench.requests(), bench.peer().connections()), (2, 2));
    assert_eq!(bench.word(7_000), 5);
}

async fn bytes_that_nobody_asked_for_close_the_connection(bench: &impl StreamBench) {
    let mut driver = bench.driver();
    let (kept, taken) = mpsc::channel();
    bench.peer().trick(move |good| {
        kept.send(good.clone()).expect("the test waits");
        vec![Out::Bytes(good)]
    });
    driver.read(0, 1).await.expect("answered");
    bench
        .peer()
        .unasked(Some(taken.recv().expect("kept")))
        .await;
    bench.set(0, &[4]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [4]);
    assert_eq!((driver.noticed().late, bench.peer().connections()), (1, 2));
}

async fn without_a_connection_a_write_is_certainly_not_done(bench: &impl StreamBench) {
    let gone = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("loopback");
    let mut driver = bench.driver_to(gone);
    for error in [
        driver.read(0, 1).await.expect_err("nobody there"),
        driver.write(0, &[1]).await.expect_err("nobody there"),
    ] {
        assert!(matches!(error, PlcError::Io(_)), "{error}");
        assert!(!error.outcome_unknown() && error.is_transient());
    }
}

async fn a_caller_that_gives_up_leaves_no_answer_behind(bench: &impl StreamBench) {
    let mut driver = bench.driver();
    driver.read(0, 1).await.expect("answered");
    let (sent, seen) = tokio::sync::oneshot::channel();
    bench.peer().trick(move |_| {
        sent.send(()).expect("the test waits");
        Vec::new()
    });
    tokio::select! {
        _ = driver.read(0, 1) => panic!("it was silent"),
        heard = seen => heard.expect("on the wire"),
    }
    bench.peer().all_closed().await;
    bench.set(0, &[6]);
    assert_eq!(driver.read(0, 1).await.expect("answered"), [6]);
}
