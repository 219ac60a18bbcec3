//! Area events over a link that fails at each point, and restarts between storing, acknowledging and
//! clearing: never a second row, never a lost one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use millrace_plant::PlantConfig;
use millrace_tests::Rig;
use tokio::net::UdpSocket;

use super::areas::{FAILURE_ACK, MORNING, clear, fail, failures, steps, word};

/// What a relay does with frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Mode {
    Pass = 0,
    /// Nothing gets through.
    Down = 1,
    /// Writes do not arrive.
    LoseWrites = 2,
    /// Writes are carried out, their answers are lost.
    LoseWriteAnswers = 3,
}

/// A relay of datagrams between the application and the PLC.
#[derive(Debug, Clone)]
struct Relay {
    addr: SocketAddr,
    mode: Arc<AtomicU8>,
}

impl Relay {
    fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::SeqCst);
    }

    /// Starts one on a free port; it ends with the test.
    async fn start() -> (Relay, tokio::sync::watch::Sender<Option<SocketAddr>>) {
        let front = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let back = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let relay = Relay {
            addr: front.local_addr().expect("bound"),
            mode: Arc::new(AtomicU8::new(Mode::Pass as u8)),
        };
        let (plant, target) = tokio::sync::watch::channel(None);
        let mode = Arc::clone(&relay.mode);
        tokio::spawn(async move {
            let (mut asked, mut answered) = ([0_u8; 2_100], [0_u8; 2_100]);
            let mut client = None;
            loop {
                tokio::select! {
                    Ok((count, from)) = front.recv_from(&mut asked) => {
                        client = Some(from);
                        let is_write = is_write(&asked[..count]);
                        let now = mode.load(Ordering::SeqCst);
                        let is_lost = now == Mode::Down as u8 || (is_write && now == Mode::LoseWrites as u8);
                        let plant: Option<SocketAddr> = *target.borrow();
                        if let (false, Some(plant)) = (is_lost, plant) {
                            back.send_to(&asked[..count], plant).await.expect("loopback");
                        }
                    }
                    Ok((count, _)) = back.recv_from(&mut answered) => {
                        let now = mode.load(Ordering::SeqCst);
                        let is_lost = now == Mode::Down as u8
                            || (is_write(&answered[..count]) && now == Mode::LoseWriteAnswers as u8);
                        if let (false, Some(client)) = (is_lost, client) {
                            front.send_to(&answered[..count], client).await.expect("loopback");
                        }
                    }
                }
            }
        });
        (relay, plant)
    }
}

/// Command 01 02, memory area write.
fn is_write(frame: &[u8]) -> bool {
    frame.get(10..12) == Some(&[1, 2])
}

/// A rig whose PLC link goes over a relay; after a restart it goes straight.
async fn over_relay(seed: u64) -> (Rig, Relay) {
    let (relay, plant) = Relay::start().await;
    let addr = relay.addr;
    let rig = Rig::start_on(
        PlantConfig {
            seed,
            ..PlantConfig::default()
        },
        |config, running| {
            plant.send_replace(Some(running.fins()));
            let plc = config.plc.as_mut().expect("the demo has a PLC");
            plc.driver = serde_json::from_value(serde_json::json!({
                "kind": "fins_udp", "address": addr.to_string(), "node_local": 1, "node_plc": 2,
                "timeout_ms": 60, "read_retries": 1
            }))
            .expect("a driver");
        },
    )
    .await;
    (rig, relay)
}

/// The failure is there once, acknowledged, closed and in the ERP once.
async fn once(rig: &Rig) {
    for _ in 0..40 {
        rig.step().await;
        if failures(rig)
            .await
            .iter()
            .all(|row| row["acked_at_ms"].is_i64())
        {
            break;
        }
    }
    steps(rig, 4).await;
    let rows = failures(rig).await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert!(rows[0]["acked_at_ms"].is_i64(), "{rows:#?}");
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 1, "{:?}", rig.erp().failures);
}

#[tokio::test]
async fn a_link_lost_before_the_event_is_seen_delays_it() {
    let (rig, relay) = over_relay(160).await;
    relay.set(Mode::Down);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 4).await;
    assert_eq!(failures(&rig).await.len(), 0);
    relay.set(Mode::Pass);
    rig.settle().await;
    steps(&rig, 6).await;
    assert_eq!(word(&rig, FAILURE_ACK), 1);
    once(&rig).await;
}

#[tokio::test]
async fn an_acknowledgement_that_does_not_arrive_is_written_again() {
    let (rig, relay) = over_relay(161).await;
    relay.set(Mode::LoseWrites);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 6).await;
    let rows = failures(&rig).await;
    assert_eq!(rows.len(), 1, "stored first: {rows:#?}");
    assert!(rows[0]["acked_at_ms"].is_null(), "{rows:#?}");
    assert_eq!(word(&rig, FAILURE_ACK), 0);
    relay.set(Mode::Pass);
    once(&rig).await;
    assert_eq!(word(&rig, FAILURE_ACK), 1);
}

#[tokio::test]
async fn an_acknowledgement_whose_answer_is_lost_is_read_back() {
    let (rig, relay) = over_relay(162).await;
    relay.set(Mode::LoseWriteAnswers);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 6).await;
    assert_eq!(word(&rig, FAILURE_ACK), 1);
    once(&rig).await;
}

#[tokio::test]
async fn a_plc_that_clears_while_the_link_is_lost_is_ready_for_the_next() {
    let (rig, relay) = over_relay(163).await;
    relay.set(Mode::LoseWriteAnswers);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 3).await;
    relay.set(Mode::Down);
    clear(&rig);
    steps(&rig, 3).await;
    relay.set(Mode::Pass);
    rig.settle().await;
    fail(&rig, "silo102", "SENSOR_ERROR", MORNING);
    steps(&rig, 8).await;
    let rows = failures(&rig).await;
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert_eq!(rows[0]["equipment_code"], "silo102");
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 2);
}

#[tokio::test]
async fn a_restart_between_storing_and_acknowledging_stores_nothing_twice() {
    let (mut rig, relay) = over_relay(164).await;
    relay.set(Mode::LoseWrites);
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 6).await;
    assert_eq!(failures(&rig).await.len(), 1);
    assert_eq!(word(&rig, FAILURE_ACK), 0);
    rig = rig.crash_and_restart().await;
    once(&rig).await;
    assert_eq!(word(&rig, FAILURE_ACK), 1);
}

#[tokio::test]
async fn a_restart_between_acknowledging_and_clearing_stores_nothing_twice() {
    let mut rig = Rig::start(165).await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    assert_eq!(word(&rig, FAILURE_ACK), 1);
    rig = rig.crash_and_restart().await;
    once(&rig).await;
    clear(&rig);
    steps(&rig, 4).await;
    rig = rig.crash_and_restart().await;
    fail(&rig, "silo101", "MOTOR_FAILURE", MORNING);
    steps(&rig, 8).await;
    assert_eq!(
        failures(&rig).await.len(),
        2,
        "after a clear it is a new one"
    );
}

#[tokio::test]
async fn a_restart_at_every_second_step_changes_nothing() {
    let mut rig = Rig::start(166).await;
    for info in ["MOTOR_FAILURE", "SENSOR_ERROR"] {
        fail(&rig, "silo101", info, MORNING);
        for _ in 0..5 {
            rig.step().await;
            rig = rig.crash_and_restart().await;
        }
        clear(&rig);
        rig.step().await;
        rig = rig.crash_and_restart().await;
    }
    let rows = failures(&rig).await;
    assert_eq!(rows.len(), 2, "{rows:#?}");
    rig.drain().await;
    assert_eq!(rig.erp().failures.len(), 2);
}
