//! The outbox by its own functions: a finished batch as the engine stores it (queueing its message among all the
//! rest), the next due message, and a message's end, alone and with what the posting job writes beside it.
//! Leaves out the ERP. Goals: 64 callers storing finished batches >= 2 of the floor's rate, ending messages >= 7;
//! the next due message within 1 us, which no question to a database on disk can be (`docs/benchmarks.md`).

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use millrace_core::batch::posting::Posting;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use millrace_store::{Store, StoreError, Write};
use tokio::task::JoinSet;

use super::completion::{ROWS, audit, complete, put_batch, put_order, put_silos};
use super::disk::DiskFloor;
use super::sample::{self, Figures};
use super::{CALLERS, Failure};

/// Batches that each of the 64 callers finishes, and messages that it ends, in a round.
const EACH: u64 = 10;
/// Finished by one caller in a round.
const ALONE: u64 = 200;
/// Questions for the next due message in a round.
const CLAIMS: u64 = 50;
/// Batches of an order.
const OF_ORDER: u32 = 4;
/// Batches of a round: finished by one, finished by many, then their messages ended alone and together.
const BATCHES: u64 = ALONE + CALLERS * EACH;

/// Measures all of it.
pub(super) async fn measure(
    floor: &mut DiskFloor,
    count: u64,
    folder: &Path,
) -> Result<(), Failure> {
    let store = Store::open(&folder.join("outbox.db"))?;
    store.write(put_silos).await?;
    let mut rows: [Vec<Figures>; 7] = std::array::from_fn(|_| Vec::new());
    for round in 0..sample::rounds() {
        let [
            floors,
            alone,
            together,
            claims,
            saved,
            saved_together,
            ended,
        ] = &mut rows;
        let batches = prepare(&store, round).await?;
        let (one, many) = batches.split_at(usize::try_from(ALONE)?);
        floors.push(floor.round(count)?);
        alone.push(alone_of(&store, one, |tx, id| complete(tx, id, 1)).await?);
        together.push(together_of(&store, many, |tx, id| complete(tx, id, 1)).await?);
        claims.push(claim(&store).await?);
        saved.push(alone_of(&store, one, save).await?);
        let (half, rest) = many.split_at(many.len() / 2);
        saved_together.push(together_of(&store, half, save).await?);
        ended.push(together_of(&store, rest, end).await?);
    }
    let [
        floors,
        alone,
        together,
        claims,
        saved,
        saved_together,
        ended,
    ] = &rows;
    println!("the outbox, {ALONE} alone, {CALLERS} callers together, {BATCHES} messages a round");
    sample::heading();
    sample::row("floor: 4 KiB over old, fdatasync", floors, floors);
    sample::row(&format!("finished batch ({ROWS} rows), 1"), floors, alone);
    sample::row(
        &format!("finished batch ({ROWS} rows), 64"),
        floors,
        together,
    );
    sample::row("next due message", floors, claims);
    sample::row("message saved as posted, 1", floors, saved);
    sample::row("message saved as posted, 64", floors, saved_together);
    sample::row("message ended with its batch, 64", floors, ended);
    Ok(())
}

/// Batches that are being made, a few an order.
async fn prepare(store: &Store, round: usize) -> Result<Vec<BatchId>, StoreError> {
    store
        .write(move |tx| {
            let mut made = Vec::new();
            while made.len() < usize::try_from(BATCHES).expect("small") {
                let order = format!("WH/MO/{round}-{}", made.len());
                let id = put_order(tx, &order)?;
                for index in 1..=OF_ORDER {
                    made.push(put_batch(tx, id, &order, index)?);
                }
            }
            Ok(made)
        })
        .await
}

/// One after the other.
async fn alone_of(
    store: &Store,
    batches: &[BatchId],
    work: fn(&Write<'_>, BatchId) -> Result<(), StoreError>,
) -> Result<Figures, StoreError> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for id in batches {
        let id = *id;
        times.push(timed(store.write(move |tx| work(tx, id))).await?);
    }
    Ok(Figures::of(times, begin.elapsed()))
}

/// Shared among 64 callers.
async fn together_of(
    store: &Store,
    batches: &[BatchId],
    work: fn(&Write<'_>, BatchId) -> Result<(), StoreError>,
) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut callers = JoinSet::new();
    for some in batches.chunks(batches.len().div_ceil(usize::try_from(CALLERS)?)) {
        let (store, some) = (store.clone(), some.to_vec());
        callers.spawn(async move {
            let mut times = Vec::new();
            for id in some {
                times.push(timed(store.write(move |tx| work(tx, id))).await?);
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

async fn timed(work: impl Future<Output = Result<(), StoreError>>) -> Result<Duration, StoreError> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

/// The next due message, with a whole round's messages waiting.
async fn claim(store: &Store) -> Result<Figures, StoreError> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for _ in 0..CLAIMS {
        let next = store.read(|read| read.outbox_next(2).map(|next| assert!(next.is_some())));
        times.push(timed(next).await?);
    }
    Ok(Figures::of(times, begin.elapsed()))
}

/// The message of a batch is posted.
fn save(tx: &Write<'_>, id: BatchId) -> Result<(), StoreError> {
    for mut row in tx.outbox_of_batch(id)? {
        row.state = Posting::Posted;
        row.confirmed_at_ms = Some(2);
        row.last_answer = Some("booked and read back equal".into());
        tx.outbox_save(&row)?;
    }
    Ok(())
}

/// The same with what the posting job writes beside it: the batch, the audit trail, the journal.
fn end(tx: &Write<'_>, id: BatchId) -> Result<(), StoreError> {
    save(tx, id)?;
    let mut batch = tx.batch(id)?;
    batch.posting = Posting::Posted;
    tx.batch_save(&mut batch)?;
    tx.audit_add(&audit(&batch, "posting", 2))?;
    tx.journal_add(2, Some(id), JournalKind::PostingPosted, &[])?;
    Ok(())
}
