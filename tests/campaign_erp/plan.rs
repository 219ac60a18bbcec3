//! What one run is, from its seed alone: which way into which Odoo, how much waits in the outbox, how bad the
//! network is, when the process dies. Printed with `{:?}` it says what was tried. The same seed gives the same
//! plan; kills by time and the network's answers fall on a real process in real time and are not repeated to the
//! microsecond. Leaves out carrying it out (`run`).

use std::time::Duration;

use millrace_plant::odoo::OdooVersion;
use millrace_plant::rng::Seeded;

use super::aim::Aim;

/// One run in so many is a whole life of an order, from the import on.
const LIFECYCLE_EVERY: u64 = 30;
/// Longest life of a process that is killed by time.
const LIFE_MS_MAX: i64 = 2_500;
/// Durable writes and socket writes among which a process is killed.
const CALLS: i64 = 24;

/// Requests that book or close and meet a fault, in one run, at least.
const SPOILS_MAX: i64 = 6;

/// States in which a whole life is killed.
const STATES: usize = 4;

/// What a process dies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// A durable write: what ends each commit.
    Sync,
    /// A write to a socket: what carries each request.
    Send,
}

/// One death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// After this time.
    After(Duration),
    /// At the n-th such call of that life.
    At {
        /// What is counted.
        call: Call,
        /// From 1.
        nth: u32,
        /// Before the call is carried out, else just after.
        before: bool,
    },
    /// When the books or the proxy show this.
    Seen(Aim),
}

/// Which way into the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    /// The standard API instead of the SCADA addon's routes.
    pub(crate) is_standard: bool,
    /// Our addon with the unique key is installed (standard API only).
    pub(crate) has_key: bool,
    /// As which Odoo the ERP behaves.
    pub(crate) version: OdooVersion,
}

/// How many of a hundred requests meet a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Odds {
    /// Of those that book or close.
    pub(crate) bookings: i64,
    /// Of all others: one that is not let in or cannot read never comes to book.
    pub(crate) others: i64,
}

impl Odds {
    /// Nothing befalls the other requests.
    pub(crate) fn of_bookings(self) -> Odds {
        Odds { others: 0, ..self }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// A whole life of an order instead of a prepared outbox.
    pub(crate) is_lifecycle: bool,
    pub(crate) way: Way,
    /// We close each order once all of it is posted; else a person does.
    pub(crate) closes: bool,
    /// Which of the prepared outboxes.
    pub(crate) stage: usize,
    pub(crate) faults: Odds,
    pub(crate) deaths: Vec<Death>,
    /// Of a whole life: states to be killed in, in the order in which they come.
    pub(crate) states: Vec<Aim>,
    /// How long the network stays bad for everything in the last life.
    pub(crate) foul: Duration,
    /// For requests that book or close it stays bad there until so many of them have met a fault: a time would
    /// be over before the first of them came.
    pub(crate) spoils: u64,
    /// Nobody shortens a pause.
    pub(crate) is_patient: bool,
}

pub(crate) fn chance(dice: &mut Seeded, of: i64) -> bool {
    dice.between(1, of) == 1
}

fn percent(dice: &mut Seeded, of: [i64; 4]) -> i64 {
    of[usize::try_from(dice.between(0, 3)).expect("small")]
}

pub(crate) fn millis(dice: &mut Seeded, low: i64, high: i64) -> Duration {
    Duration::from_millis(u64::try_from(dice.between(low, high)).expect("both are positive"))
}

impl Plan {
    /// The run of this seed.
    pub(crate) fn from_seed(seed: u64) -> Plan {
        let dice = &mut Seeded::new(seed);
        let version = dice.between(0, 5);
        let version = OdooVersion::ALL[usize::try_from(version).expect("small")];
        let deaths = dice.between(1, 4);
        let plan = Plan {
            seed,
            is_lifecycle: seed.is_multiple_of(LIFECYCLE_EVERY),
            way: way(dice, version),
            closes: chance(dice, 3),
            stage: usize::try_from(dice.between(0, 2)).expect("small"),
            faults: Odds {
                others: percent(dice, [0, 10, 30, 60]),
                bookings: percent(dice, [0, 40, 70, 90]),
            },
            deaths: (0..deaths).map(|_| death(dice)).collect(),
            foul: millis(dice, 0, 1_500),
            spoils: u64::try_from(dice.between(1, SPOILS_MAX)).expect("small"),
            is_patient: chance(dice, 6),
            states: states(dice),
        };
        plan.with_states()
    }

    /// Who shall die in a state needs a message that comes into it, behind those that earlier lives have posted.
    /// Who shall die while an order is closed needs one that comes so far, and time for it: that death is the last.
    fn with_states(mut self) -> Plan {
        if self.deaths.iter().any(|one| matches!(one, Death::Seen(_))) {
            self.stage = self.stage.max(1);
        }
        let is_closing = |death: &Death| *death == Death::Seen(Aim::Closing);
        if self.deaths.iter().any(is_closing) {
            self.closes = true;
            self.deaths.sort_by_key(is_closing);
        }
        self.closes |= self.is_lifecycle && self.states.contains(&Aim::Closing);
        self
    }

    /// A run without faults that dies once, exactly there.
    pub(crate) fn dying_at(seed: u64, way: Way, death: Death) -> Plan {
        Plan {
            seed,
            is_lifecycle: false,
            way,
            closes: false,
            stage: 0,
            faults: Odds::default(),
            deaths: vec![death],
            states: Vec::new(),
            foul: Duration::ZERO,
            spoils: 0,
            is_patient: false,
        }
    }
}

/// A third over the addon's routes, a third over the standard API, a third with the unique key.
fn way(dice: &mut Seeded, version: OdooVersion) -> Way {
    let kind = dice.between(0, 2);
    Way {
        is_standard: kind > 0,
        has_key: kind == 2,
        version,
    }
}

/// Most of them states that only a whole life comes into.
fn states(dice: &mut Seeded) -> Vec<Aim> {
    let one = |dice: &mut Seeded, of: &[Aim]| {
        let last = i64::try_from(of.len()).expect("few") - 1;
        of[usize::try_from(dice.between(0, last)).expect("small")]
    };
    // Each once: an order has too few batches to come into one state again and again.
    let mut states = Vec::new();
    while states.len() + 1 < STATES {
        let state = one(dice, &Aim::DOSING);
        if !states.contains(&state) {
            states.push(state);
        }
    }
    states.push(one(dice, &Aim::POSTING));
    states.sort_unstable();
    states
}

fn death(dice: &mut Seeded) -> Death {
    match dice.between(0, 2) {
        0 => return Death::After(millis(dice, 0, LIFE_MS_MAX)),
        1 => return Death::Seen(Aim::POSTING[usize::try_from(dice.between(0, 7)).expect("small")]),
        _ => {}
    }
    Death::At {
        call: if chance(dice, 2) {
            Call::Sync
        } else {
            Call::Send
        },
        nth: u32::try_from(dice.between(1, CALLS)).expect("small"),
        before: chance(dice, 2),
    }
}

impl Death {
    /// As the process under test is told.
    pub(crate) fn wish(self) -> Option<String> {
        match self {
            Death::After(_) | Death::Seen(_) => None,
            Death::At { call, nth, before } => {
                let call = match call {
                    Call::Sync => "sync",
                    Call::Send => "send",
                };
                let side = if before { "before" } else { "after" };
                Some(format!("{call}:{nth}:{side}"))
            }
        }
    }
}
