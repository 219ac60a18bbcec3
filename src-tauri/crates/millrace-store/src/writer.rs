//! The one writer: a thread that owns the writing connection and commits what has queued up in one
//! go. Each caller's part stands in a savepoint of its own; nobody gets an answer before the commit.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::{StoreError, Trouble, fault};
use crate::migrate;
use crate::reader::Read;
use crate::table::batch_record::Touched;
use crate::table::signature_trail::Untold;

/// How many callers may wait before the next one waits to queue.
const QUEUE: usize = 1024;
/// How many callers share one commit at the most.
const GROUP: usize = 256;

/// A transaction. Reads see what it wrote.
#[derive(Debug)]
pub struct Write<'c> {
    read: Read<'c>,
    /// Where the act is done that this part commits; empty for the program itself.
    pub(crate) station: &'c str,
    /// Which batches this part touched: their records may be due at its end.
    pub(crate) touched: Touched,
    /// Signatures of this part that no row of the trail names yet.
    pub(crate) untold: Untold,
}

impl<'c> Deref for Write<'c> {
    type Target = Read<'c>;
    fn deref(&self) -> &Read<'c> {
        &self.read
    }
}

/// One caller's part of a group. `run` inside the transaction, `finish` after the commit.
trait Job: Send {
    /// Where the act is done.
    fn station(&self) -> String;
    /// True when the part shall be kept.
    fn run(&mut self, tx: &Write<'_>) -> bool;
    fn finish(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Work<T, E, F> {
    station: String,
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Write<'_>) -> Result<T, E> + Send,
{
    fn station(&self) -> String {
        self.station.clone()
    }

    fn run(&mut self, tx: &Write<'_>) -> bool {
        if let Some(work) = self.work.take() {
            let outcome = work(tx);
            // In the same part: what is not told and not frozen is not kept either.
            self.outcome = Some(outcome.and_then(|value| {
                let ended = tx.signatures_tell().and_then(|()| tx.records_freeze());
                ended.map(|()| value).map_err(E::from)
            }));
        }
        matches!(self.outcome, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match (self.outcome, commit) {
            // The caller's own refusal stands, whatever became of the others.
            (Some(Err(refusal)), _) => Err(refusal),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(E::from(error)),
            (None, Ok(())) => Err(E::from(StoreError::Stopped)),
        };
        // A caller that went away does not need the answer; its work is committed all the same.
        let _ = self.answer.send(outcome);
    }
}

/// What the writer is asked for.
enum Request {
    /// A part of the next commit.
    Part(Box<dyn Job>),
    /// Everything into the main file, so that it alone is a whole copy.
    Checkpoint(oneshot::Sender<Result<(), StoreError>>),
}

#[derive(Clone)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Request>,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl std::fmt::Debug for WriterHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WriterHandle")
    }
}

impl WriterHandle {
    pub(crate) fn start(connection: Connection, path: PathBuf) -> Result<WriterHandle, StoreError> {
        WriterHandle::start_with(Some(connection), path, None)
    }

    /// A writer that refuses whatever it is asked for.
    pub(crate) fn refusing(path: PathBuf, why: Trouble) -> Result<WriterHandle, StoreError> {
        WriterHandle::start_with(None, path, Some(why))
    }

    fn start_with(
        connection: Option<Connection>,
        path: PathBuf,
        trouble: Option<Trouble>,
    ) -> Result<WriterHandle, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let trouble = Arc::new(Mutex::new(trouble));
        let pen = Pen {
            connection,
            path,
            trouble: Arc::clone(&trouble),
        };
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(pen, jobs))
            .map_err(|_| StoreError::Stopped)?;
        Ok(WriterHandle { queue, trouble })
    }

    /// Why nothing can be committed, since the last commit that was tried.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        let (answer, outcome) = oneshot::channel();
        self.queue
            .send(Request::Checkpoint(answer))
            .await
            .map_err(|_| StoreError::Stopped)?;
        outcome.await.map_err(|_| StoreError::Stopped)?
    }

    pub(crate) async fn write<T, E, F>(&self, station: String, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Write<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Work {
            station,
            work: Some(work),
            outcome: None,
            answer,
        };
        self.queue
            .send(Request::Part(Box::new(job)))
            .await
            .map_err(|_| E::from(StoreError::Stopped))?;
        outcome.await.map_err(|_| E::from(StoreError::Stopped))?
    }
}

/// The writing connection, and what is known of it.
struct Pen {
    /// `None` after a fault of the disk: what the system holds in memory may not be what lies on the
    /// disk, so the file is opened afresh before anything else is written.
    connection: Option<Connection>,
    path: PathBuf,
    trouble: Arc<Mutex<Option<Trouble>>>,
}

impl Pen {
    /// The connection; damaged books get none any more.
    fn connection(&mut self) -> Result<&Connection, StoreError> {
        let is_damaged = self
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|trouble| matches!(trouble, Trouble::Damaged(_)));
        if is_damaged {
            return Err(StoreError::Corrupt {
                path: self.path.display().to_string(),
                what: "found while it was in use".into(),
            });
        }
        if self.connection.is_none() {
            self.connection = Some(migrate::connect(&self.path)?);
        }
        self.connection.as_ref().ok_or(StoreError::Stopped)
    }

    /// Keeps in mind how a commit went.
    fn note(&mut self, outcome: &Result<(), StoreError>) {
        // A caller may have met it in its own part and be the only one that failed.
        let within = fault::take().and_then(Trouble::of);
        let found = outcome
            .as_ref()
            .err()
            .and_then(StoreError::trouble)
            .or(within);
        if let Some(Trouble::Disk(_) | Trouble::Damaged(_)) = &found {
            self.connection = None;
        }
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (outcome, found) {
            // Somebody's own refusal says nothing of the disk.
            (Err(_), None) => {}
            (_, found) => *trouble = found,
        }
    }
}

fn run(mut pen: Pen, mut requests: mpsc::Receiver<Request>) {
    if let Some(Err(error)) = pen.connection.as_ref().map(lengthen_log) {
        // Commits take longer then, and find themselves what is wrong with the disk.
        tracing::warn!(%error, "the database's log could not be made longer before its first use");
        let _ = fault::take();
    }
    while let Some(first) = requests.blocking_recv() {
        let mut group = Vec::new();
        let mut checkpoint = None;
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Part(job) => group.push(job),
                // What was asked for before it is committed first.
                Request::Checkpoint(answer) => {
                    checkpoint = Some(answer);
                    break;
                }
            }
            next = if group.len() < GROUP {
                requests.try_recv().ok()
            } else {
                None
            };
        }
        if !group.is_empty() {
            commit_and_answer(&mut pen, group);
        }
        if let Some(answer) = checkpoint {
            let outcome = pen.connection().and_then(|connection| {
                connection
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                    .map_err(StoreError::from)
            });
            // Whoever asked may be gone.
            let _ = answer.send(outcome);
        }
    }
}

fn commit_and_answer(pen: &mut Pen, mut group: Vec<Box<dyn Job>>) {
    let outcome = pen
        .connection()
        .and_then(|connection| commit(connection, &mut group));
    pen.note(&outcome);
    match outcome {
        Ok(()) => group.into_iter().for_each(|job| job.finish(Ok(()))),
        Err(error) => {
            tracing::error!(%error, callers = group.len(), "a commit failed, nothing of it was kept");
            let mut error = Some(error);
            for job in group {
                // The first caller gets the cause itself, the others a copy of its sentence and kind.
                let cause = error.take();
                let copy = cause
                    .as_ref()
                    .map(|cause| (cause.sqlite_code(), cause.to_string()));
                job.finish(Err(cause.unwrap_or(StoreError::Stopped)));
                error = copy.map(|(code, text)| {
                    StoreError::Sqlite(rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(code),
                        Some(text),
                    ))
                });
            }
        }
    }
}

/// Carries out a statement that is parsed once.
fn say(connection: &Connection, statement: &str) -> Result<(), StoreError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// Pages of the log that are written before the first commit: as many as it holds before SQLite begins it
/// anew from the front.
const LOG_PAGES: usize = 1_000;

/// Makes the log as long as it will be, before anybody waits for it: a commit that makes a file longer
/// waits for the file system's own books as well, which costs several times as much. What is written is
/// taken back and was never part of the books.
fn lengthen_log(connection: &Connection) -> Result<(), StoreError> {
    // The fewer pages stay in memory, the more of a transaction goes to the log before its end.
    connection.pragma_update(None, "cache_size", 8)?;
    let written = (|| {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; CREATE TABLE log_room (room BLOB); INSERT INTO log_room VALUES (zeroblob({}));",
            LOG_PAGES * 4_096
        ))?;
        Ok::<_, StoreError>(())
    })();
    let taken_back = connection.execute_batch("ROLLBACK");
    connection.pragma_update(None, "cache_size", -2_000)?;
    written?;
    Ok(taken_back?)
}

fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    say(connection, "BEGIN IMMEDIATE")?;
    let done = (|| {
        for job in &mut *group {
            say(connection, "SAVEPOINT part")?;
            let station = job.station();
            let keep = job.run(&Write {
                read: Read { connection },
                station: &station,
                touched: Touched::default(),
                untold: Untold::default(),
            });
            // A fault of the disk within it ended the transaction, whatever the caller made of it: then
            // nobody's part is kept, and nobody is told that it is.
            if connection.is_autocommit() {
                return Err(StoreError::Sqlite(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(fault::seen().unwrap_or(rusqlite::ffi::SQLITE_IOERR)),
                    Some("the transaction was rolled back".into()),
                )));
            }
            if !keep {
                say(connection, "ROLLBACK TO part")?;
            }
            say(connection, "RELEASE part")?;
        }
        say(connection, "COMMIT")?;
        Ok(())
    })();
    if done.is_err() {
        // SQLite may have rolled back by itself (disk full, I/O error): then this says so and is fine.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}
