//! What outlives the application in one run: the plant, its clock, and the moment at which the
//! workstation loses power. Plant time and the application's clock follow the runtime's virtual time, so that
//! waiting for an answer takes the plant's time, too. Leaves out the wire's form (`net`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millrace_app::clock::HandClock;
use millrace_plant::VirtualPlant;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Noon of a November day, UTC.
const NOON_MS: i64 = 1_795_348_800_000;

/// When within a request the workstation loses power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request has not left.
    BeforeRequest,
    /// The PLC has carried it out, and its answer finds nobody.
    AfterRequest,
}

#[derive(Debug, Default)]
struct Pulse {
    /// Up to when plant and clock have come; `None` while no application lives.
    at: Option<Instant>,
    requests: u64,
    dies: Option<(u64, Moment)>,
}

/// The world around the application.
#[derive(Debug)]
pub(crate) struct World {
    /// The plant.
    pub(crate) plant: Mutex<VirtualPlant>,
    /// The application's clock.
    pub(crate) clock: Arc<HandClock>,
    pulse: Mutex<Pulse>,
    dead: Notify,
}

impl World {
    pub(crate) fn new(plant: VirtualPlant) -> Arc<World> {
        Arc::new(World {
            plant: Mutex::new(plant),
            clock: HandClock::at(NOON_MS),
            pulse: Mutex::default(),
            dead: Notify::new(),
        })
    }

    pub(crate) fn plant(&self) -> MutexGuard<'_, VirtualPlant> {
        self.plant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An application begins to live on a runtime of its own.
    pub(crate) fn begin_life(&self, dies: Option<(u64, Moment)>) {
        let mut pulse = self.pulse();
        *pulse = Pulse {
            at: Some(Instant::now()),
            requests: 0,
            dies,
        };
    }

    /// Time in which nobody lives.
    pub(crate) fn pass(&self, ms: u64) {
        self.clock
            .advance_ms(i64::try_from(ms).expect("a short time"));
        let passed = self.plant().advance(Duration::from_millis(ms));
        passed.expect("nothing is saved");
    }

    /// Brings plant and clock to the runtime's time.
    pub(crate) fn catch_up(&self) {
        let ms = {
            let mut pulse = self.pulse();
            let now = Instant::now();
            let at = pulse.at.unwrap_or(now);
            let ms = u64::try_from((now - at).as_millis()).expect("a short time");
            pulse.at = Some(at + Duration::from_millis(ms));
            ms
        };
        if ms > 0 {
            self.pass(ms);
        }
    }

    /// A request is about to leave. True when it never does, because the workstation is dead.
    pub(crate) fn dies_before(&self) -> bool {
        let dies = {
            let mut pulse = self.pulse();
            pulse.requests += 1;
            pulse.dies == Some((pulse.requests, Moment::BeforeRequest))
        };
        self.perhaps_die(dies)
    }

    /// A request was carried out. True when nobody is left to hear of it.
    pub(crate) fn dies_after(&self) -> bool {
        let dies = {
            let pulse = self.pulse();
            pulse.dies == Some((pulse.requests, Moment::AfterRequest))
        };
        self.perhaps_die(dies)
    }

    fn perhaps_die(&self, dies: bool) -> bool {
        if dies {
            self.dead.notify_one();
        }
        dies
    }

    /// Resolves when the workstation loses power.
    pub(crate) async fn death(&self) {
        self.dead.notified().await;
    }
}
