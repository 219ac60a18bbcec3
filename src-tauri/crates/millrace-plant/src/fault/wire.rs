//! What a bad network does to frames, as a pure policy with a seed of its own: the servers ask it,
//! and so does a network that exists in memory only. The same seed, the same rates and the same frames give
//! the same faults, on any machine.
//!
//! | kind | what it does |
//! |---|---|
//! | `drop` | a frame never arrives: a request before the PLC has seen it, or an answer |
//! | `delay` | an answer comes later, by at most [`WireFaults::delay_max_ms`] |
//! | `duplicate` | a frame arrives twice: the PLC carries a request out twice, or an answer comes again |
//! | `reorder` | an answer is held back until after the next one of its [`Lane`] |
//! | `truncate` | an answer lacks its end |
//! | `garble_header` | one bit or byte before the values is wrong; a driver must see that |
//! | `garble_payload` | one bit of the values is wrong. No check of the protocol can see it; silo ids, words that are 0 or 1, reading back and reading twice can |
//! | `foreign` | somebody else's frame comes first |
//!
//! Rates are in thousandths of the frames in either direction. Leaves out time and sockets: a [`Delivery`]
//! says what is to be sent and after how long. How a cut or foreign frame looks is in `frame`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::frame::{self, Framing};
use crate::rng::Seeded;

/// A rate of this much strikes every frame.
pub const ALWAYS_PERMILLE: u16 = 1_000;
/// The largest delay until somebody says another, in milliseconds.
const DELAY_USUAL_MS: u32 = 300;

/// A fault of single frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireKind {
    /// A request or an answer is lost.
    Drop,
    /// An answer comes late.
    Delay,
    /// A request or an answer comes twice.
    Duplicate,
    /// An answer comes after the next one.
    Reorder,
    /// An answer lacks its end.
    Truncate,
    /// Something before the values is wrong.
    GarbleHeader,
    /// A bit of the values is wrong.
    GarblePayload,
    /// Somebody else's frame comes before the answer.
    Foreign,
}

impl WireKind {
    /// All of them, in the order in which chance is asked.
    pub const ALL: [WireKind; 8] = [
        WireKind::Drop,
        WireKind::Delay,
        WireKind::Duplicate,
        WireKind::Reorder,
        WireKind::Truncate,
        WireKind::GarbleHeader,
        WireKind::GarblePayload,
        WireKind::Foreign,
    ];

    /// The key by which a person switches it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            WireKind::Drop => "drop",
            WireKind::Delay => "delay",
            WireKind::Duplicate => "duplicate",
            WireKind::Reorder => "reorder",
            WireKind::Truncate => "truncate",
            WireKind::GarbleHeader => "garble_header",
            WireKind::GarblePayload => "garble_payload",
            WireKind::Foreign => "foreign",
        }
    }
}

/// How bad a network chosen by a seed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A frame in fifty at most, of each kind.
    Mild,
    /// A frame in ten at most, of each kind.
    Rough,
    /// A frame in four at most, of each kind, and wrong payload bits now and then.
    Wild,
}

impl Level {
    fn rate_max(self) -> i64 {
        match self {
            Level::Mild => 20,
            Level::Rough => 100,
            Level::Wild => 250,
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFate {
    /// The PLC never sees it.
    Lost,
    /// The PLC sees it, as it should.
    Once,
    /// The PLC sees it twice and answers twice.
    Twice,
}

impl RequestFate {
    /// How often the PLC sees it.
    #[must_use]
    pub fn times(self) -> usize {
        match self {
            RequestFate::Lost => 0,
            RequestFate::Once => 1,
            RequestFate::Twice => 2,
        }
    }
}

/// Something to send to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// So long after the PLC has answered.
    pub after: Duration,
    /// The frame.
    pub bytes: Vec<u8>,
    /// It is not the PLC's answer but somebody else's.
    pub foreign: bool,
}

/// One peer or connection: what is held back for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    held: Vec<Vec<u8>>,
}

impl Lane {
    /// True when nothing is held back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// Connections that stay open and say nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HalfOpen {
    /// So many connections more; `None` = every one until switched off.
    left: Option<u32>,
}

/// The policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFaults {
    rng: Seeded,
    rates: BTreeMap<WireKind, u16>,
    delay_max_ms: u32,
    half_open: Option<HalfOpen>,
    counts: BTreeMap<WireKind, u64>,
    half_opened: u64,
}

impl WireFaults {
    /// A good network.
    #[must_use]
    pub fn new(seed: u64) -> WireFaults {
        WireFaults {
            rng: Seeded::new(seed),
            rates: BTreeMap::new(),
            delay_max_ms: DELAY_USUAL_MS,
            half_open: None,
            counts: BTreeMap::new(),
            half_opened: 0,
        }
    }

    /// A bad network by chance: each kind is off or strikes at some rate up to the level's. Wrong
    /// payload bits come at the level `Wild` alone, one frame in a hundred at most, because no driver can see them.
    #[must_use]
    pub fn from_seed(seed: u64, level: Level) -> WireFaults {
        let mut dice = Seeded::new(seed);
        let mut faults = WireFaults::new(dice.next_bits());
        for kind in WireKind::ALL {
            let is_on = dice.between(0, 1) == 1;
            let rate = dice.between(1, level.rate_max());
            let rate = match (kind, level) {
                (WireKind::GarblePayload, Level::Mild | Level::Rough) => 0,
                (WireKind::GarblePayload, Level::Wild) => rate.min(10),
                (
                    WireKind::Drop
                    | WireKind::Delay
                    | WireKind::Duplicate
                    | WireKind::Reorder
                    | WireKind::Truncate
                    | WireKind::GarbleHeader
                    | WireKind::Foreign,
                    Level::Mild | Level::Rough | Level::Wild,
                ) => rate,
            };
            if is_on {
                faults.set_rate(kind, u16::try_from(rate).unwrap_or(0));
            }
        }
        // Up to beyond a usual deadline, so that late answers meet the next question.
        faults.delay_max_ms = u32::try_from(dice.between(50, 3_000)).unwrap_or(DELAY_USUAL_MS);
        faults
    }

    /// Thousandths of the frames that this kind strikes; 0 = off.
    #[must_use]
    pub fn rate(&self, kind: WireKind) -> u16 {
        self.rates.get(&kind).copied().unwrap_or(0)
    }

    /// Switches a kind. More than [`ALWAYS_PERMILLE`] is always.
    pub fn set_rate(&mut self, kind: WireKind, permille: u16) {
        self.rates.insert(kind, permille.min(ALWAYS_PERMILLE));
    }

    /// The largest delay, in milliseconds.
    #[must_use]
    pub fn delay_max_ms(&self) -> u32 {
        self.delay_max_ms
    }

    /// Sets the largest delay, in milliseconds.
    pub fn set_delay_max_ms(&mut self, most: u32) {
        self.delay_max_ms = most;
    }

    /// From now on a connection that asks something is not answered any more and not closed either. `Some(n)`:
    /// this befalls n connections, `Some(0)` every one; `None` ends it for new connections.
    pub fn set_half_open(&mut self, connections: Option<u32>) {
        self.half_open = connections.map(|n| HalfOpen {
            left: (n > 0).then_some(n),
        });
    }

    /// True while connections may become half-open.
    #[must_use]
    pub fn is_half_open(&self) -> bool {
        self.half_open.is_some()
    }

    /// Asked once a request by a connection that is alive: true makes it deaf and mute for good.
    pub fn connection_dies(&mut self) -> bool {
        let Some(HalfOpen { left }) = self.half_open else {
            return false;
        };
        self.half_open = match left {
            None => Some(HalfOpen { left: None }),
            Some(n) if n > 1 => Some(HalfOpen { left: Some(n - 1) }),
            Some(_) => None,
        };
        self.half_opened = self.half_opened.saturating_add(1);
        true
    }

    /// Switches all off. What is held back in lanes still comes; the counts stay.
    pub fn clear(&mut self) {
        self.rates.clear();
        self.half_open = None;
    }

    /// How often a kind has struck.
    #[must_use]
    pub fn count(&self, kind: WireKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// How many connections have become half-open.
    #[must_use]
    pub fn half_opened(&self) -> u64 {
        self.half_opened
    }

    /// One number of the policy's own sequence feeds all chances of a frame, so that how often one
    /// kind asks does not shift the others.
    fn dice(&mut self) -> Seeded {
        Seeded::new(self.rng.next_bits())
    }

    fn strikes(&self, kind: WireKind, dice: &mut Seeded) -> bool {
        dice.between(1, i64::from(ALWAYS_PERMILLE)) <= i64::from(self.rate(kind))
    }

    fn note(&mut self, kind: WireKind) {
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// What becomes of the next request.
    pub fn request(&mut self) -> RequestFate {
        let mut dice = self.dice();
        let lost = self.strikes(WireKind::Drop, &mut dice);
        let twice = self.strikes(WireKind::Duplicate, &mut dice);
        match (lost, twice) {
            (true, _) => {
                self.note(WireKind::Drop);
                RequestFate::Lost
            }
            (false, true) => {
                self.note(WireKind::Duplicate);
                RequestFate::Twice
            }
            (false, false) => RequestFate::Once,
        }
    }

    /// What the host receives when the PLC answers with `bytes`, in this order.
    pub fn answer(&mut self, lane: &mut Lane, framing: Framing, bytes: &[u8]) -> Vec<Delivery> {
        let mut dice = self.dice();
        let hits = WireKind::ALL.map(|kind| (kind, self.strikes(kind, &mut dice)));
        let hit = |wanted| hits.iter().any(|(kind, hit)| *kind == wanted && *hit);
        let delay_ms = dice.between(1, i64::from(self.delay_max_ms.max(1)));

        let mut out = Vec::new();
        if hit(WireKind::Foreign) {
            self.note(WireKind::Foreign);
            out.push(now(frame::foreign(framing, bytes, &mut dice), true));
        }
        if hit(WireKind::Drop) {
            self.note(WireKind::Drop);
            return out;
        }
        let mut answer = bytes.to_vec();
        let garbled = [
            (WireKind::GarblePayload, frame::garble_payload as Garble),
            (WireKind::GarbleHeader, frame::garble_header),
        ];
        for (kind, garble) in garbled {
            if hit(kind) && garble(framing, &mut answer, &mut dice) {
                self.note(kind);
            }
        }
        if hit(WireKind::Truncate) && frame::truncate(framing, &mut answer, &mut dice) {
            self.note(WireKind::Truncate);
        }
        if hit(WireKind::Reorder) {
            self.note(WireKind::Reorder);
            lane.held.push(answer);
            return out;
        }
        let mut delivery = now(answer, false);
        if hit(WireKind::Delay) {
            self.note(WireKind::Delay);
            delivery.after = Duration::from_millis(u64::try_from(delay_ms).unwrap_or(1));
        }
        out.push(delivery.clone());
        if hit(WireKind::Duplicate) {
            self.note(WireKind::Duplicate);
            out.push(delivery.clone());
        }
        out.extend(lane.held.drain(..).map(|bytes| Delivery {
            after: delivery.after,
            bytes,
            foreign: false,
        }));
        out
    }
}

type Garble = fn(Framing, &mut [u8], &mut Seeded) -> bool;

fn now(bytes: Vec<u8>, foreign: bool) -> Delivery {
    Delivery {
        after: Duration::ZERO,
        bytes,
        foreign,
    }
}

#[cfg(test)]
mod tests;
