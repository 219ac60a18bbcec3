//! Durable commits beside what the same disk needs for one `fdatasync`, in turns: one caller after
//! the other, 64 callers that share commits, the first commits after a start, and the outbox by its own
//! functions (`outbox.rs`).
//! Leaves out reading. Goals: one caller >= 0.7 of the floor's rate and p99 <= 2.5; 64 callers
//! >= 3.5; first commits <= 1.3 of the later ones.
#![allow(clippy::disallowed_methods, reason = "measuring is what this is for")]
#![allow(clippy::print_stdout, reason = "the figures are its answer")]

#[path = "../../../../../tests/floors/completion.rs"]
mod completion;
#[path = "../../../../../tests/floors/disk.rs"]
mod disk;
mod outbox;
#[path = "../../../../../tests/floors/sample.rs"]
mod sample;

use std::path::Path;
use std::time::{Duration, Instant};

use disk::DiskFloor;
use millrace_store::{Store, StoreError};
use sample::Figures;
use tokio::task::JoinSet;

/// Callers at once.
const CALLERS: u64 = 64;
/// Commits of each of them in a round.
const EACH: u64 = 60;
/// How long each side of a round may take.
const SIDE: Duration = Duration::from_millis(150);

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    // Beside the build, since a temporary folder is often in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(measure(folder.path()))
}

async fn measure(folder: &Path) -> Result<(), Failure> {
    let mut floor = DiskFloor::create(&folder.join("floor"))?;
    let count = floor.writes_in(if sample::is_measuring() {
        SIDE
    } else {
        Duration::ZERO
    })?;
    let store = Store::open(&folder.join("books.db"))?;
    for (mode, synchronous) in store.pragmas().await? {
        assert_eq!(
            (mode.as_str(), synchronous),
            ("wal", 2),
            "only a durable store may be measured"
        );
    }
    // Until its log has its full size every commit also grows a file; a start is measured below.
    one_caller(&store, 1_500).await?;
    let (mut floors, mut singles, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sample::rounds() {
        floors.push(floor.round(count)?);
        singles.push(one_caller(&store, count).await?.0);
        groups.push(many_callers(&store).await?);
    }
    println!(
        "durable commits, {count} a round alone, {CALLERS} x {EACH} together, {} rounds",
        sample::rounds()
    );
    sample::heading();
    sample::row("floor: 4 KiB over old, fdatasync", &floors, &floors);
    sample::row("store, 1 caller", &floors, &singles);
    sample::row("store, 64 callers", &floors, &groups);
    drop(store);
    outbox::measure(&mut floor, count, folder).await?;
    first_commits(folder).await
}

/// The first commits after a start beside the later ones of the same run.
async fn first_commits(folder: &Path) -> Result<(), Failure> {
    let (mut firsts, mut laters) = (Vec::new(), Vec::new());
    for round in 0..sample::rounds().min(5) {
        let store = Store::open(&folder.join(format!("start-{round}.db")))?;
        let (_, times) = one_caller(&store, 1_600).await?;
        let figures = |times: &[Duration]| Figures::of(times.to_vec(), times.iter().sum());
        firsts.push(figures(&times[..100]));
        laters.push(figures(&times[1_200..]));
    }
    println!("after a start (the later commits are the floor here)");
    sample::row("commits 1200 to 1600", &laters, &laters);
    sample::row("the first 100", &laters, &firsts);
    Ok(())
}

async fn one_caller(store: &Store, commits: u64) -> Result<(Figures, Vec<Duration>), StoreError> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for n in 0..commits {
        let start = Instant::now();
        store
            .write(move |tx| tx.meta_set("bench", &n.to_string()))
            .await?;
        times.push(start.elapsed());
    }
    Ok((Figures::of(times.clone(), begin.elapsed()), times))
}

async fn many_callers(store: &Store) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            let key = format!("bench-{caller}");
            let mut times = Vec::new();
            for n in 0..EACH {
                let (start, key) = (Instant::now(), key.clone());
                store
                    .write(move |tx| tx.meta_set(&key, &n.to_string()))
                    .await?;
                times.push(start.elapsed());
            }
            Ok::<_, StoreError>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    Ok(Figures::of(times, begin.elapsed()))
}
