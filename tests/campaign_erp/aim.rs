//! States in which a process is killed on purpose, and the watcher that waits for them: it reads the books beside
//! the process, as they are committed. A state counts only when the watched life itself came into it; what an
//! earlier life left does not. Leaves out the killing (`run`, `lifecycle`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use millrace_core::batch::attempt::AttemptAct;
use millrace_core::batch::posting::Posting;
use millrace_core::batch::run::Run;
use millrace_core::batch::word::BatchWord;
use millrace_core::registers::handshake::{DownloadStep, FinishStep};
use millrace_store::table::batch::BatchRow;
use millrace_store::table::outbox::{MessageKind, OutboxRow};
use millrace_store::{Read, StoreError};

use super::fate::Fate;
use super::proxy::Proxy;

/// Time between two looks at the books.
const LOOK: Duration = Duration::from_millis(3);
/// Time between two tries to open books that are not there yet.
const OPEN: Duration = Duration::from_millis(30);
/// More messages than a run has.
const MESSAGES: i64 = 1_000;

/// What a process is killed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aim {
    /// The recipe is on its way into the PLC.
    Downloading,
    /// It is there, and the PLC may take it.
    Offered,
    /// Material falls.
    Running,
    /// The final values are stored, and the PLC does not know yet.
    Stored,
    /// They are acknowledged.
    Acked,
    /// A message stands in the queue, for the first time or again.
    Queued,
    /// A message is committed as being sent.
    Sending,
    /// The ERP has booked, and its answer is on the way.
    Booked,
    /// Nobody knows whether the ERP has booked.
    InDoubt,
    /// The ERP is asked what it holds.
    ReadBack,
    /// The ERP said no.
    Refused,
    /// A message is done.
    Posted,
    /// The order is being closed.
    Closing,
}

impl Aim {
    /// What the outbox of a prepared run comes through.
    pub(crate) const POSTING: [Aim; 8] = [
        Aim::Queued,
        Aim::Sending,
        Aim::Booked,
        Aim::InDoubt,
        Aim::ReadBack,
        Aim::Refused,
        Aim::Posted,
        Aim::Closing,
    ];
    /// What a batch of a whole life comes through besides.
    pub(crate) const DOSING: [Aim; 5] = [
        Aim::Downloading,
        Aim::Offered,
        Aim::Running,
        Aim::Stored,
        Aim::Acked,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Aim::Downloading => "downloading",
            Aim::Offered => "offered to the PLC",
            Aim::Running => "running",
            Aim::Stored => "final values stored",
            Aim::Acked => "acknowledged",
            Aim::Queued => "queued",
            Aim::Sending => "sending",
            Aim::Booked => "booked, answer under way",
            Aim::InDoubt => "in doubt",
            Aim::ReadBack => "read-back under way",
            Aim::Refused => "refused",
            Aim::Posted => "posted",
            Aim::Closing => "closing message under way",
        }
    }

    /// A life that has not come into the state by then is killed all the same.
    pub(crate) fn patience(self) -> Duration {
        Duration::from_secs(match self {
            Aim::Closing => 15,
            _ => 10,
        })
    }

    /// What must befall the next booking, or the state never comes.
    fn needs(self) -> Option<Fate> {
        match self {
            // Not there: once it was read back it is queued again.
            Aim::Queued => Some(Fate::RequestLost),
            Aim::InDoubt | Aim::ReadBack => Some(Fate::AnswerLost),
            Aim::Refused => Some(Fate::Refused),
            Aim::Downloading
            | Aim::Offered
            | Aim::Running
            | Aim::Stored
            | Aim::Acked
            | Aim::Sending
            | Aim::Booked
            | Aim::Posted
            | Aim::Closing => None,
        }
    }
}

/// Where a batch stands.
type Step = (Run, Option<DownloadStep>, Option<FinishStep>);
/// Where a message stands: its state, its newest attempt, and what that does while it is under way.
type Place = (Posting, i64, Option<AttemptAct>);

/// What books say of everything that a kill may be aimed at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Books {
    batches: BTreeMap<i64, Step>,
    messages: BTreeMap<i64, Place>,
}

/// The batches in the PLC, and those that have left it.
fn batches(read: &Read<'_>) -> Result<Vec<BatchRow>, StoreError> {
    let mut batches = read.batches_in_slots()?;
    batches.extend(read.batches_with_words(&[BatchWord::Completed])?);
    Ok(batches)
}

fn step(row: &BatchRow) -> Step {
    (row.run, row.download_step, row.finish_step)
}

fn place(read: &Read<'_>, row: &OutboxRow) -> Result<Place, StoreError> {
    let newest = read.outbox_attempts(row.id, 1)?.pop();
    let number = newest.as_ref().map_or(0, |one| one.number);
    let under_way = newest.filter(|one| one.ended_at_ms.is_none());
    Ok((row.state, number, under_way.map(|one| one.act)))
}

impl Books {
    fn read(read: &Read<'_>) -> Result<Books, StoreError> {
        read.at_one_moment(|read| {
            let mut books = Books::default();
            for row in batches(read)? {
                books.batches.insert(row.id.0, step(&row));
            }
            for row in read.outbox_page(&Posting::ALL, None, MESSAGES)? {
                books.messages.insert(row.id.0, place(read, &row)?);
            }
            Ok(books)
        })
    }

    /// The books show the state, and did not show it so when they were these.
    fn has_come(&self, read: &Read<'_>, aim: Aim) -> Result<bool, StoreError> {
        let state = match aim {
            Aim::Downloading | Aim::Offered | Aim::Running | Aim::Stored | Aim::Acked => {
                return self.has_batch(read, aim);
            }
            // Only the proxy sees it.
            Aim::Booked => return Ok(false),
            Aim::Queued => Posting::Queued,
            Aim::Sending | Aim::Closing => Posting::Sending,
            Aim::InDoubt | Aim::ReadBack => Posting::InDoubt,
            Aim::Refused => Posting::Refused,
            Aim::Posted => Posting::Posted,
        };
        for row in read.outbox_page(&[state], None, MESSAGES)? {
            let place = place(read, &row)?;
            let is_it = match aim {
                Aim::ReadBack => place.2 == Some(AttemptAct::ReadBack),
                Aim::Closing => row.kind == MessageKind::MarkDone && place.2.is_some(),
                _ => true,
            };
            if is_it && self.messages.get(&row.id.0) != Some(&place) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_batch(&self, read: &Read<'_>, aim: Aim) -> Result<bool, StoreError> {
        for row in batches(read)? {
            let download = row.download_step;
            let is_it = match aim {
                Aim::Downloading => {
                    row.run == Run::Downloading && download != Some(DownloadStep::Offered)
                }
                Aim::Offered => download == Some(DownloadStep::Offered),
                Aim::Running => row.run == Run::Running,
                Aim::Stored => row.finish_step == Some(FinishStep::Stored),
                // Where the next order takes the slot, it is free in the same moment.
                Aim::Acked => {
                    matches!(row.finish_step, Some(FinishStep::Acked | FinishStep::Freed))
                }
                _ => false,
            };
            if is_it && self.batches.get(&row.id.0) != Some(&step(&row)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Waits for one state of one life.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    aim: Aim,
    before: Arc<Books>,
}

impl Watch {
    /// Notes how the books of `folder` stand before a life begins.
    pub(crate) fn before(folder: &Path, aim: Aim) -> Watch {
        let path = folder.join("data/millrace.db");
        // The very first life makes them, and may have died meanwhile: then there is nothing in them yet.
        let before = millrace_store::look(&path, Books::read).unwrap_or_default();
        Watch {
            path,
            aim,
            before: Arc::new(before),
        }
    }

    /// Answers once the state has come, or after `patience`. Whoever drops this ends the watching.
    pub(crate) async fn comes(&self, proxy: &Proxy, patience: Duration) {
        if let Some(fate) = self.aim.needs() {
            proxy.deal_next(fate);
        }
        if self.aim == Aim::Booked {
            let booked = proxy.hold_next_answer();
            let _in_time = tokio::time::timeout(patience, booked).await;
            return;
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let _ends = EndsWhenDropped(Arc::clone(&is_over));
        let (path, aim, before) = (self.path.clone(), self.aim, Arc::clone(&self.before));
        let watching = tokio::task::spawn_blocking(move || {
            let goes_on = || !is_over.load(Ordering::SeqCst);
            while goes_on() {
                // Books that are being made or moved up cannot be read for a moment.
                let has_come = millrace_store::look(&path, |read| {
                    while goes_on() {
                        if before.has_come(read, aim)? {
                            return Ok::<_, StoreError>(true);
                        }
                        std::thread::sleep(LOOK);
                    }
                    Ok(false)
                });
                if matches!(has_come, Ok(true)) {
                    return;
                }
                std::thread::sleep(OPEN);
            }
        });
        if let Ok(read) = tokio::time::timeout(patience, watching).await {
            read.expect("it only reads");
        }
    }

    /// The books of a dead process show the state; for [`Aim::Booked`], the proxy still held the answer.
    pub(crate) fn is_hit(&self, is_held: bool) -> bool {
        if self.aim == Aim::Booked {
            return is_held;
        }
        let found = millrace_store::look(&self.path, |read| self.before.has_come(read, self.aim));
        found.unwrap_or(false)
    }
}

struct EndsWhenDropped(Arc<AtomicBool>);

impl Drop for EndsWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
