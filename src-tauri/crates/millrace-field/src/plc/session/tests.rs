//! The session over real loopback sockets: what is repeated, what is not, and what it publishes.

use tokio::task::JoinHandle;

use super::*;
use crate::plc::fins::peer::Peer;

struct Running {
    peer: Peer,
    handle: PlcHandle,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn running(change: impl FnOnce(&mut DriverConfig)) -> Running {
    let peer = Peer::start().await;
    let mut config = peer.config();
    config.timeout_ms = 100;
    change(&mut config);
    let (handle, session) = open(config).expect("valid");
    let (stop, shutdown) = watch::channel(false);
    let task = tokio::spawn(session.run(shutdown));
    Running {
        peer,
        handle,
        stop,
        task,
    }
}

#[tokio::test]
async fn a_read_is_repeated_and_heals() {
    let r = running(|c| c.read_retries = 2).await;
    r.peer.set(6_000, &[4]);
    r.peer.silent();
    r.peer.silent();
    assert_eq!(r.handle.link().state, LinkState::Connecting);
    assert_eq!(r.handle.read(6_000, 1).await.expect("third attempt"), [4]);
    let link = r.handle.link();
    assert_eq!((link.state, link.cause), (LinkState::Good, None));
    assert_eq!(
        (
            link.counters.requests,
            link.counters.timeouts,
            link.counters.retries
        ),
        (3, 2, 2)
    );
    assert!(link.last_ok.is_some());
}

#[tokio::test]
async fn a_write_is_sent_once_whatever_happens() {
    let r = running(|c| c.read_retries = 2).await;
    r.peer.silent();
    assert!(matches!(
        r.handle.write(7_000, &[1]).await,
        Err(PlcError::WriteUnknown(_))
    ));
    r.peer.end_code(0x2204);
    assert!(matches!(
        r.handle.write(7_000, &[1]).await,
        Err(PlcError::EndCode { .. })
    ));
    assert_eq!(r.peer.frames().len(), 2);
    assert_eq!(r.handle.read(7_000, 1).await.expect("read back"), [1]);
}

#[tokio::test]
async fn three_silences_lose_the_link_and_one_answer_brings_it_back() {
    let r = running(|_| {}).await;
    r.handle.read(0, 1).await.expect("answered");
    let mut states = r.handle.watch_link();
    states.mark_unchanged();
    for wanted in [LinkState::Degraded, LinkState::Degraded, LinkState::Lost] {
        r.peer.silent();
        r.handle.read(0, 1).await.expect_err("silent");
        assert_eq!(r.handle.link().state, wanted);
        assert!(
            r.handle
                .link()
                .cause
                .expect("a sentence")
                .contains("did not answer")
        );
    }
    assert!(states.has_changed().expect("open"));
    let since = r.handle.link().since;
    r.handle.read(0, 1).await.expect("answered");
    let link = r.handle.link();
    assert!(link.state == LinkState::Good && link.since > since);
}

#[tokio::test]
async fn a_lost_link_is_probed_once_a_request() {
    let r = running(|c| c.read_retries = 2).await;
    for _ in 0..4 {
        r.peer.silent();
    }
    r.handle.read(0, 1).await.expect_err("three attempts");
    assert_eq!(
        (r.handle.link().state, r.peer.frames().len()),
        (LinkState::Lost, 3)
    );
    r.handle.read(0, 1).await.expect_err("one attempt");
    assert_eq!(r.peer.frames().len(), 4);
}

#[tokio::test]
async fn a_refused_read_is_not_repeated_and_the_link_stays() {
    let r = running(|c| c.read_retries = 2).await;
    r.peer.end_code(0x1104);
    let error = r.handle.read(0, 1).await.expect_err("refused");
    assert!(
        error.to_string().contains("end address out of range"),
        "{error}"
    );
    assert_eq!(
        (r.handle.link().state, r.peer.frames().len()),
        (LinkState::Degraded, 1)
    );
}

#[tokio::test]
async fn maintenance_marks_are_published_while_values_stay_good() {
    let r = running(|_| {}).await;
    r.peer.marked(0x0040);
    r.handle.read(0, 1).await.expect("good");
    let link = r.handle.link();
    assert!(link.state == LinkState::Good && link.cpu_warning && !link.relay_error);
    r.peer.marked(0x0080);
    r.handle.read(0, 1).await.expect_err("the CPU stands");
    assert_eq!(r.handle.link().state, LinkState::Degraded);
}

#[tokio::test]
async fn a_block_is_one_frame_and_only_more_than_the_limit_is_split() {
    let r = running(|c| c.max_words = 100).await;
    let words: Vec<u16> = (0..250).collect();
    r.peer.set(6_000, &words);
    assert_eq!(
        r.handle.read(6_000, 100).await.expect("answered"),
        words[..100]
    );
    assert_eq!(r.peer.frames().len(), 1);
    assert_eq!(r.handle.read(6_000, 250).await.expect("answered"), words);
    assert_eq!(r.peer.frames().len(), 4);
    assert!(matches!(
        r.handle.read(32_700, 200).await,
        Err(PlcError::Address(_))
    ));
}

#[tokio::test]
async fn requests_of_many_callers_do_not_mix() {
    let r = running(|_| {}).await;
    let words: Vec<u16> = (0..40).collect();
    r.peer.set(100, &words);
    let tasks: Vec<_> = (0..40)
        .map(|n: u16| {
            let handle = r.handle.clone();
            tokio::spawn(async move { (n, handle.read(100 + n, 1).await.expect("answered")) })
        })
        .collect();
    for task in tasks {
        let (n, words) = task.await.expect("no panic");
        assert_eq!(words, [n]);
    }
}

#[tokio::test]
async fn after_the_shutdown_nothing_is_sent_and_callers_are_told() {
    let r = running(|_| {}).await;
    r.handle.read(0, 1).await.expect("answered");
    r.stop.send(true).expect("running");
    r.task.await.expect("ends");
    assert!(matches!(r.handle.read(0, 1).await, Err(PlcError::Closed)));
    assert!(matches!(
        r.handle.write(0, &[1]).await,
        Err(PlcError::Closed)
    ));
    assert_eq!(r.peer.frames().len(), 1);
}

#[tokio::test]
async fn a_session_dropped_in_the_middle_of_a_write_leaves_it_unknown() {
    let r = running(|c| c.timeout_ms = 60_000).await;
    let (sent, seen) = tokio::sync::oneshot::channel();
    r.peer.trick(move |_| {
        let _ = sent.send(());
        Vec::new()
    });
    let handle = r.handle.clone();
    let write = tokio::spawn(async move { handle.write(7_000, &[1]).await });
    seen.await.expect("on the wire");
    r.task.abort();
    let error = write.await.expect("no panic").expect_err("nobody knows");
    assert!(error.outcome_unknown(), "{error}");
}
