//! One cycle of the engine over ten slots at work, as it runs all day: read every slot over real
//! sockets, judge, decide, commit what is new, build the snapshot. Beside it the same ten reads bare,
//! from the same virtual plant, and what a screen that asks for the snapshot costs.
//! Leaves out the pauses between cycles. The hand clock stands still unless a bench moves it.
#![allow(
    clippy::print_stdout,
    reason = "a seed is printed, so that a run can be repeated"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "what it shares with other benches measures"
)]

#[path = "../floors/sample.rs"]
#[allow(dead_code, reason = "wire needs it")]
mod sample;
#[path = "../floors/wire.rs"]
#[allow(dead_code, reason = "only the question is needed; the plant answers")]
mod wire;

use std::hint::black_box;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use millrace_core::batch::run::Run;
use millrace_core::registers::RegisterMap;
use millrace_core::units::Grams;
use millrace_plant::odoo::{NewComponent, NewOrder};
use millrace_tests::{Rig, Who};
use serde_json::json;
use tokio::runtime::Runtime;

const SEED: u64 = 7;
/// Batches in the PLC: one that doses, nine that wait.
const SLOTS: usize = 10;
/// Clock and plant move this far between two cycles of a dosing batch: the demo's poll period.
const POLL_MS: i64 = 250;

/// A plant whose ten slots all hold a batch of ours.
static MILL: LazyLock<Mill> = LazyLock::new(Mill::start);

struct Mill {
    runtime: Runtime,
    rig: Rig,
}

fn main() {
    println!("seed {SEED}");
    divan::main();
}

/// An order of one batch; each needs a name of its own.
fn order(n: usize) -> NewOrder {
    let lines = [
        ("silo101", "PKE pellet", 120_000),
        ("silo102", "Kopra", 95_000),
        ("silo103", "Pollard angsa", 240_000),
        ("silo104", "Jagung giling", 310_000),
        ("silo105", "CGF", 80_000),
        ("silo107", "DDGS jagung", 119_500),
        ("lq114", "Molasses", 35_500),
    ];
    NewOrder {
        name: format!("WH/MO/009{n:02}"),
        reference: None,
        product: "LAYER FEED 16".into(),
        quantity_g: Grams(2_000_000),
        schedule_start: None,
        equipment: "PLC01".into(),
        components: lines
            .iter()
            .map(|(code, product, grams)| NewComponent {
                equipment: Some((*code).to_owned()),
                product: (*product).to_owned(),
                to_consume_g: Grams(*grams),
                product_id: None,
            })
            .collect(),
    }
}

impl Mill {
    fn start() -> Mill {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the system gives threads");
        let rig = runtime.block_on(Mill::fill());
        Mill { runtime, rig }
    }

    async fn fill() -> Rig {
        let rig = Rig::start_with(SEED, |config| {
            config.intake.open_batches_max = 40;
            config
                .plc
                .as_mut()
                .expect("the demo has a PLC")
                .batches_in_plc_max = 10;
        })
        .await;
        for n in 0..SLOTS {
            rig.plant.erp().add_order(order(n)).expect("a new name");
        }
        rig.ok(Who::Operator, "order_import", json!({})).await;
        for n in 0..SLOTS {
            let label = format!("WH/MO/009{n:02}/1");
            rig.approve(&label).await;
            rig.start_batch(&label).await;
            rig.until("the PLC takes it", 100, |live| {
                usize::from(live.batch.is_some()) + live.queued.len() == n + 1
                    && live
                        .batch
                        .iter()
                        .chain(&live.queued)
                        .all(|batch| matches!(batch.run, Run::Ready | Run::Running))
            })
            .await;
        }
        rig.until("the first one doses", 200, |live| {
            live.batch
                .as_ref()
                .is_some_and(|batch| batch.run == Run::Running)
        })
        .await;
        rig
    }

    /// Fails when a measurement ran on another plant than it says.
    fn check(&self) {
        let live = self.rig.live();
        assert_eq!(live.queued.len(), SLOTS - 1, "all slots stay at work");
        assert!(
            live.batch
                .as_ref()
                .is_some_and(|batch| batch.run == Run::Running)
        );
    }
}

/// Nothing has changed since the last look: reads, judgement, snapshot.
#[divan::bench]
fn cycle_unchanged(bencher: Bencher<'_, '_>) {
    let mill = &*MILL;
    bencher
        .counter(ItemsCount::new(SLOTS))
        .bench_local(|| mill.runtime.block_on(mill.rig.app.cycle()));
    mill.check();
}

/// A batch doses: new values at every look, and a durable sample at every fourth.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn cycle_dosing(bencher: Bencher<'_, '_>) {
    let mill = &*MILL;
    bencher
        .counter(ItemsCount::new(SLOTS))
        .with_inputs(|| mill.rig.advance_ms(POLL_MS))
        .bench_local_values(|()| mill.runtime.block_on(mill.rig.app.cycle()));
    mill.check();
}

/// What the ten reads alone take, with a blocking socket and nothing else.
#[divan::bench]
fn floor_ten_bare_reads(bencher: Bencher<'_, '_>) {
    let mill = &*MILL;
    let map = RegisterMap::parse(include_str!("../../assets/registers/demo.toml"))
        .expect("the shipped map is valid");
    let questions: Vec<_> = map
        .slots()
        .map(|slot| wire::question(map.read_base(slot), map.block_words()))
        .collect();
    assert_eq!(questions.len(), SLOTS);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.connect(mill.rig.plant.fins()).expect("loopback");
    let expected = 14 + 2 * usize::from(map.block_words());
    let mut bytes = [0; 4_096];
    bencher.counter(ItemsCount::new(SLOTS)).bench_local(|| {
        for question in &questions {
            socket.send(question).expect("sent");
            assert_eq!(
                socket.recv(&mut bytes).expect("answered"),
                expected,
                "a whole block"
            );
        }
    });
}

/// What one screen's request for the snapshot takes, JSON text included.
#[divan::bench]
fn live_get(bencher: Bencher<'_, '_>) {
    let mill = &*MILL;
    bencher.bench_local(|| {
        let view = mill
            .runtime
            .block_on(mill.rig.ok(Who::Operator, "live_get", json!({})));
        serde_json::to_vec(black_box(&view)).expect("JSON")
    });
    mill.check();
}
