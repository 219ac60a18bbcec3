//! What every driver must do, whatever its protocol: run against a bench that plays the PLC.
//! Leaves out what only one protocol has; that is tested beside its driver.

use std::future::Future;

use super::{PlcDriver, PlcError};

/// A PLC's place, with the tricks that the suite needs.
pub(crate) trait Bench {
    /// A new connection with a short deadline.
    fn driver(&self) -> Box<dyn PlcDriver>;
    /// The next request is carried out and not answered.
    fn silent(&self);
    /// The next request is refused.
    fn refuse(&self);
    /// Requests seen on the wire so far.
    fn requests(&self) -> usize;
    /// Puts words into the memory.
    fn set(&self, addr: usize, words: &[u16]);
    /// A word of the memory.
    fn word(&self, addr: usize) -> u16;
    /// The last address that exists.
    fn last(&self) -> u16;
}

/// Runs the suite, each rule on a bench of its own.
pub(crate) async fn run<B: Bench, F: Future<Output = B>>(start: impl Fn() -> F) {
    reads_and_writes_are_one_request_each(&start().await).await;
    a_silent_read_is_a_time_out(&start().await).await;
    a_silent_write_is_unknown_and_never_sent_again(&start().await).await;
    a_refusal_is_certain(&start().await).await;
    what_cannot_be_asked_is_not_sent(&start().await).await;
}

async fn reads_and_writes_are_one_request_each(bench: &impl Bench) {
    let mut driver = bench.driver();
    let block: Vec<u16> = (0..77).collect();
    bench.set(6_000, &block);
    assert_eq!(driver.read(6_000, 77).await.expect("answered"), block);
    assert_eq!(bench.requests(), 1);
    driver
        .write(7_000, &[1, 0xFFFF, 3])
        .await
        .expect("answered");
    assert_eq!(bench.requests(), 2);
    assert_eq!(
        driver.read(7_000, 3).await.expect("answered"),
        [1, 0xFFFF, 3]
    );
    assert_eq!((bench.word(7_001), bench.word(7_003)), (0xFFFF, 0));
    assert!(!driver.describe().is_empty());
}

async fn a_silent_read_is_a_time_out(bench: &impl Bench) {
    let mut driver = bench.driver();
    bench.set(0, &[5]);
    bench.silent();
    let error = driver.read(0, 1).await.expect_err("silent");
    assert!(
        matches!(error, PlcError::Timeout { .. }) && error.is_transient(),
        "{error}"
    );
    assert_eq!(bench.requests(), 1);
    assert_eq!(driver.read(0, 1).await.expect("answers again"), [5]);
}

async fn a_silent_write_is_unknown_and_never_sent_again(bench: &impl Bench) {
    let mut driver = bench.driver();
    bench.silent();
    let error = driver.write(7_000, &[9]).await.expect_err("silent");
    assert!(
        matches!(error, PlcError::WriteUnknown(_)) && error.outcome_unknown(),
        "{error}"
    );
    assert_eq!(bench.requests(), 1);
    assert_eq!(
        driver.read(7_000, 1).await.expect("answers again"),
        [9],
        "it was done after all"
    );
    assert_eq!(bench.requests(), 2);
}

async fn a_refusal_is_certain(bench: &impl Bench) {
    let mut driver = bench.driver();
    for write in [false, true] {
        bench.refuse();
        let result = if write {
            driver.write(0, &[1]).await
        } else {
            driver.read(0, 1).await.map(drop)
        };
        let error = result.expect_err("refused");
        assert!(matches!(error, PlcError::EndCode { .. }), "{error}");
        assert!(!error.outcome_unknown() && !error.is_transient());
    }
}

async fn what_cannot_be_asked_is_not_sent(bench: &impl Bench) {
    let mut driver = bench.driver();
    let too_many = vec![0; usize::from(driver.write_words_max()) + 1];
    for error in [
        driver.read(0, 0).await.expect_err("nothing asked"),
        driver.read(0, 1_000).await.expect_err("too many"),
        driver
            .read(bench.last(), 2)
            .await
            .expect_err("beyond the end"),
        driver.write(0, &[]).await.expect_err("nothing to write"),
        driver.write(0, &too_many).await.expect_err("too many"),
        driver
            .write(bench.last(), &[1, 2])
            .await
            .expect_err("beyond the end"),
    ] {
        assert!(matches!(error, PlcError::Address(_)), "{error}");
        assert!(!error.outcome_unknown());
    }
    assert_eq!(bench.requests(), 0);
}
