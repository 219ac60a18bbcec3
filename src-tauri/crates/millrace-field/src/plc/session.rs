//! The task that owns a connection, and the handle by which everybody else uses it. Requests wait
//! in a bounded queue and are sent one at a time; reads are repeated with growing pauses, writes
//! never. Leaves out polling and what the words mean.
//!
//! Time here is the monotonic clock only: the state says since when, a reader works out how long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::fins::tcp::FinsTcp;
use super::fins::udp::FinsUdp;
use super::modbus::ModbusTcp;
use super::net::{Machine, Net};
use super::{DriverConfig, DriverKind, Noticed, PlcDriver, PlcError};

/// Requests that may wait; more than one poll of all slots.
const QUEUE: usize = 64;
/// Failed attempts in a row after which the link counts as lost.
const LOST_AFTER: u32 = 3;
const BACK_OFF_FIRST: Duration = Duration::from_millis(50);
const BACK_OFF_MAX: Duration = Duration::from_secs(1);

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// No answer yet since the start.
    Connecting,
    /// The latest request went well.
    Good,
    /// The latest request did not go well, or the PLC's CPU has stopped.
    Degraded,
    /// Three attempts in a row had no answer.
    Lost,
}

/// Numbers since the session was opened. They only ever rise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames sent, repetitions included.
    pub requests: u64,
    /// Frames that had no answer in time.
    pub timeouts: u64,
    /// Reads sent again.
    pub retries: u64,
    /// Requests refused because too many were waiting, or for too long.
    pub overruns: u64,
    /// What the driver saw beside its answers.
    pub noticed: Noticed,
}

/// The link as published.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// How it is.
    pub state: LinkState,
    /// Why it is not good, as a sentence.
    pub cause: Option<String>,
    /// Since when the state holds.
    pub since: Instant,
    /// When the PLC last answered well; `None` before the first time.
    pub last_ok: Option<Instant>,
    /// The PLC reports a CPU error that does not stop it (maintenance message).
    pub cpu_warning: bool,
    /// The PLC reports a relay error.
    pub relay_error: bool,
    /// Numbers.
    pub counters: Counters,
}

#[derive(Debug)]
enum Job {
    Read {
        addr: u16,
        count: u16,
        reply: oneshot::Sender<Result<Vec<u16>, PlcError>>,
    },
    Write {
        addr: u16,
        words: Vec<u16>,
        reply: oneshot::Sender<Result<(), PlcError>>,
    },
}

#[derive(Debug)]
struct Queued {
    job: Job,
    deadline: Instant,
}

/// What others hold of a connection. Clones share the one session.
#[derive(Debug, Clone)]
pub struct PlcHandle {
    queue: mpsc::Sender<Queued>,
    link: watch::Receiver<LinkView>,
    queue_wait: Duration,
    description: String,
}

/// The task's side of a connection; it does nothing until [`Session::run`].
pub struct Session {
    driver: Box<dyn PlcDriver>,
    queue: mpsc::Receiver<Queued>,
    link: watch::Sender<LinkView>,
    read_retries: u32,
    max_words: u16,
    failures: u32,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("driver", &self.driver.describe())
            .finish_non_exhaustive()
    }
}

/// Makes a connection over the machine's sockets; nothing is sent before the first request.
///
/// # Errors
/// [`PlcError::Config`] when the configuration cannot be right.
pub fn open(config: DriverConfig) -> Result<(PlcHandle, Session), PlcError> {
    open_on(config, Arc::new(Machine))
}

/// As [`open`], over another wire.
///
/// # Errors
/// As [`open`].
pub fn open_on(config: DriverConfig, net: Arc<dyn Net>) -> Result<(PlcHandle, Session), PlcError> {
    let driver: Box<dyn PlcDriver> = match config.kind {
        DriverKind::FinsUdp { .. } => Box::new(FinsUdp::new(&config, net)?),
        DriverKind::FinsTcp { .. } => Box::new(FinsTcp::new(&config, net)?),
        DriverKind::ModbusTcp { .. } => Box::new(ModbusTcp::new(&config, net)?),
    };
    Ok(open_driver(driver, &config))
}

/// As [`open`], over a driver that exists already.
pub(crate) fn open_driver(
    driver: Box<dyn PlcDriver>,
    config: &DriverConfig,
) -> (PlcHandle, Session) {
    let (requests, queue) = mpsc::channel(QUEUE);
    let (link, view) = watch::channel(LinkView {
        state: LinkState::Connecting,
        cause: None,
        since: Instant::now(),
        last_ok: None,
        cpu_warning: false,
        relay_error: false,
        counters: Counters::default(),
    });
    // Long enough for one request ahead of us to use up all its attempts.
    let attempts = config.read_retries + 2;
    let waits = if config.kind.connects() { 2 } else { 1 };
    let queue_wait = Duration::from_millis(config.timeout_ms) * attempts * waits;
    let description = driver.describe();
    let (read_retries, max_words) = (config.read_retries, config.max_words);
    (
        PlcHandle {
            queue: requests,
            link: view,
            queue_wait,
            description,
        },
        Session {
            driver,
            queue,
            link,
            read_retries,
            max_words,
            failures: 0,
        },
    )
}

impl PlcHandle {
    /// Reads `count` words from `addr` on: one frame up to `max_words`, several beyond.
    ///
    /// # Errors
    /// [`PlcError`] after all repetitions.
    pub async fn read(&self, addr: u16, count: u16) -> Result<Vec<u16>, PlcError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Read { addr, count, reply }).await?;
        answer.await.unwrap_or(Err(PlcError::Closed))
    }

    /// Writes `words` from `addr` on with exactly one frame, sent at most once.
    ///
    /// # Errors
    /// [`PlcError::outcome_unknown`] tells whether the words must be read back before anything else.
    pub async fn write(&self, addr: u16, words: &[u16]) -> Result<(), PlcError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Write {
            addr,
            words: words.to_vec(),
            reply,
        })
        .await?;
        // A session that was dropped in the middle cannot say how far the write came.
        answer.await.unwrap_or_else(|_| {
            Err(PlcError::WriteUnknown(
                "the connection was closed meanwhile".into(),
            ))
        })
    }

    /// The link as it is now.
    #[must_use]
    pub fn link(&self) -> LinkView {
        self.link.borrow().clone()
    }

    /// Wakes on each change of state or cause. Numbers are up to date but wake nobody.
    #[must_use]
    pub fn watch_link(&self) -> watch::Receiver<LinkView> {
        self.link.clone()
    }

    /// What it is connected to, for people.
    #[must_use]
    pub fn describe(&self) -> &str {
        &self.description
    }

    async fn submit(&self, job: Job) -> Result<(), PlcError> {
        let deadline = Instant::now() + self.queue_wait;
        match tokio::time::timeout_at(deadline, self.queue.send(Queued { job, deadline })).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(PlcError::Closed),
            Err(_) => Err(PlcError::Busy),
        }
    }
}

impl Session {
    /// Serves requests until `shutdown` is true or its sender or all handles are gone. A request
    /// on the wire is still waited for; those in the queue are answered with "closed".
    pub async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        loop {
            let queued = tokio::select! {
                biased;
                _ = shutdown.wait_for(|stop| *stop) => break,
                queued = self.queue.recv() => queued,
            };
            let Some(queued) = queued else { break };
            self.serve(queued, &mut shutdown).await;
        }
        self.queue.close();
        while let Ok(queued) = self.queue.try_recv() {
            queued.job.refuse(PlcError::Closed);
        }
    }

    async fn serve(&mut self, queued: Queued, shutdown: &mut watch::Receiver<bool>) {
        if Instant::now() > queued.deadline {
            self.link.send_if_modified(|view| {
                view.counters.overruns += 1;
                false
            });
            return queued.job.refuse(PlcError::Busy);
        }
        // A reply that nobody awaits any more is not an error.
        match queued.job {
            Job::Read { addr, count, reply } => {
                let _ = reply.send(self.read(addr, count, shutdown).await);
            }
            Job::Write { addr, words, reply } => {
                let result = self.driver.write(addr, &words).await;
                self.note(result.as_ref().err());
                let _ = reply.send(result);
            }
        }
    }

    async fn read(
        &mut self,
        addr: u16,
        count: u16,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<Vec<u16>, PlcError> {
        let mut words = Vec::with_capacity(usize::from(count));
        let (mut next, mut left) = (addr, count);
        loop {
            let part = left.min(self.max_words);
            words.extend(self.read_part(next, part, shutdown).await?);
            left -= part;
            if left == 0 {
                return Ok(words);
            }
            // The driver refuses a part beyond the memory, so the address cannot wrap unseen.
            next = next.wrapping_add(part);
        }
    }

    async fn read_part(
        &mut self,
        addr: u16,
        count: u16,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<Vec<u16>, PlcError> {
        let mut pause = BACK_OFF_FIRST;
        let mut retries = 0;
        loop {
            let result = self.driver.read(addr, count).await;
            self.note(result.as_ref().err());
            let error = match result {
                Ok(words) => return Ok(words),
                Err(error) => error,
            };
            // While the link is lost one attempt is enough to see whether it is back.
            let lost = self.failures >= LOST_AFTER;
            if !error.is_transient() || lost || retries >= self.read_retries {
                return Err(error);
            }
            tokio::select! {
                biased;
                _ = shutdown.wait_for(|stop| *stop) => return Err(error),
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(BACK_OFF_MAX);
            retries += 1;
            self.link.send_if_modified(|view| {
                view.counters.retries += 1;
                false
            });
        }
    }

    /// Publishes what an attempt says about the link.
    fn note(&mut self, error: Option<&PlcError>) {
        let answered = match error {
            None | Some(PlcError::EndCode { .. } | PlcError::CpuFatal(_)) => true,
            Some(PlcError::Timeout { .. } | PlcError::WriteUnknown(_) | PlcError::Io(_)) => false,
            // Nothing was sent, so nothing is known.
            Some(
                PlcError::Address(_) | PlcError::Busy | PlcError::Closed | PlcError::Config(_),
            ) => return,
        };
        self.failures = if answered {
            0
        } else {
            self.failures.saturating_add(1)
        };
        let timed_out = matches!(
            error,
            Some(PlcError::Timeout { .. } | PlcError::WriteUnknown(_))
        );
        let (failures, noticed, now) = (self.failures, self.driver.noticed(), Instant::now());
        self.link.send_if_modified(|view| {
            let state = match (error, failures) {
                (None, _) => LinkState::Good,
                (Some(_), LOST_AFTER..) => LinkState::Lost,
                (Some(_), _) if !answered && view.last_ok.is_none() => LinkState::Connecting,
                (Some(_), _) => LinkState::Degraded,
            };
            let cause = error.map(ToString::to_string);
            let marks = (noticed.cpu_warning_now, noticed.relay_error_now);
            let changed = state != view.state
                || cause != view.cause
                || marks != (view.cpu_warning, view.relay_error);
            if state != view.state {
                view.since = now;
            }
            (view.state, view.cause) = (state, cause);
            (view.cpu_warning, view.relay_error) = marks;
            view.last_ok = if error.is_none() {
                Some(now)
            } else {
                view.last_ok
            };
            view.counters.requests += 1;
            view.counters.timeouts += u64::from(timed_out);
            view.counters.noticed = noticed;
            changed
        });
    }
}

impl Job {
    fn refuse(self, error: PlcError) {
        match self {
            Job::Read { reply, .. } => drop(reply.send(Err(error))),
            Job::Write { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

#[cfg(test)]
mod tests;
