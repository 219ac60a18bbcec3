//! A power cut inside the transaction that stores a batch's result: the real engine writes it, and the books are
//! opened with their write-ahead log as long as the disk had taken it. Final values, ledger, message, journal,
//! sample, audit rows and frozen record are there together or not at all. Leaves out the outbox's own
//! transactions (`power_cut` of the store) and disks that lie about having written.

use std::path::Path;

use millrace_app::AppError;
use millrace_app::trail::check::of_file;
use millrace_core::batch::posting::Posting;
use millrace_core::batch::run::Run;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use millrace_core::record::{self, RecordRow};
use millrace_core::registers::handshake::FinishStep;
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::batch_line::BatchLineRow;
use millrace_store::table::journal::JournalRow;
use millrace_store::table::outbox::OutboxRow;
use millrace_store::table::silo_movement::MovementRow;
use millrace_store::{Read, Store};
use millrace_tests::{Rig, WHOLE_BATCH};

/// More rows of one kind than one batch has.
const ROWS: i64 = 10_000;
/// Bytes before the first frame of a log, and before the page of each frame.
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;
/// What the engine's audit row says when it stores a result.
const STORES_FINAL: &str = "engine_store_final";

/// Everything that one transaction writes of a result, as opened books show it.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    batch: BatchRow,
    lines: Vec<BatchLineRow>,
    ledger: Vec<MovementRow>,
    messages: Vec<OutboxRow>,
    journal: Vec<JournalRow>,
    samples: Vec<(i64, Option<Grams>)>,
    records: Vec<RecordRow>,
    /// Audit rows of the result and of the frozen record, and the trail's end.
    audited: (i64, i64),
    head: Option<(i64, String)>,
}

impl Shown {
    fn read(read: &Read<'_>, id: BatchId) -> Result<Shown, AppError> {
        let is_ours = |row: &MovementRow| row.batch_id == Some(id);
        let ledger = read.silo_movements(None, 0, ROWS)?;
        assert!(read.audit_verify()?.is_ok(), "the trail is whole");
        Ok(Shown {
            batch: read.batch(id)?,
            lines: read.batch_lines(id)?,
            ledger: ledger.into_iter().filter(is_ours).collect(),
            messages: read.outbox_of_batch(id)?,
            journal: read.journal_of_batch(id, ROWS)?,
            samples: read.samples(id)?,
            records: read.records(id)?,
            audited: (
                read.audit_count(STORES_FINAL)?,
                read.audit_count(record::ACTION)?,
            ),
            head: read.audit_head()?,
        })
    }

    /// What books say after a power cut: these bytes of the log had reached the disk.
    async fn after_cut(folder: &Path, books: &[u8], log: &[u8], id: BatchId) -> Shown {
        let copy = tempfile::tempdir_in(folder).expect("a folder");
        let path = copy.path().join("millrace.db");
        std::fs::write(&path, books).expect("written");
        std::fs::write(copy.path().join("millrace.db-wal"), log).expect("written");
        let store = Store::open(&path).expect("the books open");
        let shown = store.read(move |read| Shown::read(read, id)).await;
        shown.expect("readable")
    }

    fn has_ended(&self) -> bool {
        self.batch.ended_at_ms.is_some()
    }

    fn completions(&self) -> usize {
        let is_it = |row: &&JournalRow| row.kind == JournalKind::BatchCompleted;
        self.journal.iter().filter(is_it).count()
    }

    /// Nothing of a result is there.
    fn is_without(&self) {
        let batch = &self.batch;
        assert_eq!(batch.run, Run::Running);
        assert_eq!(batch.posting, Posting::NotDue);
        assert_eq!(batch.finish_step, Some(FinishStep::Running));
        assert_eq!((&batch.final_hash, batch.silo_actual_g), (&None, None));
        assert_eq!((&self.ledger[..], &self.messages[..]), (&[][..], &[][..]));
        assert_eq!((self.completions(), &self.records[..]), (0, &[][..]));
        assert_eq!(self.audited, (0, 0));
    }

    /// All of it is there, and fits together.
    fn is_whole(&self) {
        let batch = &self.batch;
        assert_eq!(batch.run, Run::Complete);
        assert_eq!(batch.posting, Posting::Queued);
        assert_eq!(batch.finish_step, Some(FinishStep::Stored));
        assert!(batch.final_hash.is_some() && batch.finished_g.is_some());
        let dosed = |line: &BatchLineRow| line.actual_g.filter(|g| g.0 > 0).map(|g| (line.silo, g));
        let mut lines: Vec<_> = self.lines.iter().filter_map(dosed).collect();
        lines.sort_unstable();
        assert!(!lines.is_empty());
        let moved = |row: &MovementRow| {
            assert_eq!(row.kind, MovementKind::Dosing);
            (row.silo, Grams(-row.delta_g.0))
        };
        let mut ledger: Vec<_> = self.ledger.iter().map(moved).collect();
        ledger.sort_unstable();
        assert_eq!(ledger, lines, "the silos gave what the lines say");
        let total = lines.iter().map(|(_, grams)| grams.0).sum();
        assert_eq!(batch.silo_actual_g, Some(Grams(total)));
        let message = [Posting::Queued];
        let states: Vec<Posting> = self.messages.iter().map(|row| row.state).collect();
        assert_eq!(states, message);
        assert_eq!((self.completions(), self.records.len()), (1, 1));
        let newest = self.samples.iter().max_by_key(|(at_ms, _)| *at_ms);
        assert_eq!(newest.map(|(_, total)| *total), Some(batch.silo_actual_g));
        assert_eq!(self.audited, (1, 1));
    }
}

/// Where each frame of a log ends, and whether it ends a transaction.
fn frames(log: &[u8]) -> Vec<(usize, bool)> {
    let number = |at: usize| {
        let four = log[at..at + 4].try_into().expect("four bytes");
        usize::try_from(u32::from_be_bytes(four)).expect("small")
    };
    let size = FRAME_HEAD + number(8);
    let starts = (LOG_HEAD..log.len()).step_by(size);
    // A frame that ends a transaction says how many pages the books have then.
    starts.map(|at| (at + size, number(at + 4) > 0)).collect()
}

/// Steps until the engine has stored the result: the books before that step, and the log that it wrote.
async fn stored(rig: &Rig, id: BatchId) -> (Vec<u8>, Vec<u8>) {
    let path = rig.app.store().path().to_owned();
    let log = path.with_file_name("millrace.db-wal");
    for _ in 0..WHOLE_BATCH {
        rig.app.store().checkpoint().await.expect("one whole file");
        let books = std::fs::read(&path).expect("the books");
        assert!(std::fs::read(&log).expect("the log").is_empty());
        rig.step().await;
        let read = rig.app.store().read(move |read| Shown::read(read, id));
        if read.await.expect("readable").has_ended() {
            let log = std::fs::read(&log).expect("the log");
            let unchanged = std::fs::read(&path).expect("the books") == books;
            assert!(unchanged, "all of it is in the log");
            return (books, log);
        }
    }
    panic!("the batch does not end");
}

#[tokio::test]
async fn a_result_is_stored_whole_or_not_at_all_wherever_the_power_fails() {
    let rig = Rig::start(980).await;
    let id = rig.begin("WH/MO/00101/1").await;
    let id = BatchId(id.as_i64().expect("an id"));
    let (books, log) = stored(&rig, id).await;
    let folder = tempfile::tempdir().expect("a folder");

    // Which of the log's transactions is the one.
    let mut begin = LOG_HEAD;
    let mut found = None;
    for (end, _) in frames(&log).into_iter().filter(|(_, commits)| *commits) {
        let shown = Shown::after_cut(folder.path(), &books, &log[..end], id).await;
        if shown.has_ended() {
            found = Some((end, shown));
            break;
        }
        begin = end;
    }
    let (end, after) = found.expect("one of them ends the batch");
    let before = Shown::after_cut(folder.path(), &books, &log[..begin], id).await;
    before.is_without();
    after.is_whole();

    // Around the edges of each frame's head and page, in the middle of both, and wherever more is asked for.
    let mut cuts = Vec::new();
    let mut at = begin;
    for (next, _) in frames(&log) {
        if at < next && next <= end {
            let page = at + FRAME_HEAD;
            let middle = page + (next - page) / 2;
            cuts.extend([
                at,
                at + 1,
                at + 8,
                page - 1,
                page,
                page + 1,
                middle,
                next - 1,
            ]);
            at = next;
        }
    }
    assert_eq!(at, end, "every frame of the transaction is cut");
    let more = std::env::var("MILLRACE_CUTS").ok();
    let more: usize = more.map_or(0, |text| text.parse().expect("a number of cuts"));
    cuts.extend((0..more).map(|n| begin + (end - begin) * n / more));
    assert!(cuts.iter().all(|at| (begin..end).contains(at)));
    for at in &cuts {
        let mut rest = log[..*at].to_vec();
        let told = format!("cut at byte {at} of {begin} to {end}");
        let shown = Shown::after_cut(folder.path(), &books, &rest, id).await;
        assert_eq!(shown, before, "{told}");
        // The length of a file may reach the disk before what stands in it.
        rest.resize(log.len(), 0);
        let shown = Shown::after_cut(folder.path(), &books, &rest, id).await;
        assert_eq!(shown, before, "{told}, zeros behind it");
    }
    // Of what follows, the acknowledgement, nothing needs to have reached the disk.
    let mut rest = log[..end].to_vec();
    rest.resize(log.len().max(end + 100), 0);
    let shown = Shown::after_cut(folder.path(), &books, &rest, id).await;
    assert_eq!(shown, after, "whole, zeros behind it");

    // Both are books that `millrace verify` has nothing against.
    for log in [&log[..begin], &log[..end]] {
        let copy = tempfile::tempdir_in(folder.path()).expect("a folder");
        let path = copy.path().join("millrace.db");
        std::fs::write(&path, &books).expect("written");
        std::fs::write(copy.path().join("millrace.db-wal"), log).expect("written");
        let report = of_file(&path, Vec::new(), Vec::new()).expect("readable");
        assert!(report.is_good(), "{report:?}");
    }
    println!("{} cuts within {} bytes", cuts.len() * 2, end - begin);
}
