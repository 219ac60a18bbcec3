//! What one run is, from its seed alone: which driver and which rules, which orders, which faults at
//! which times, when the workstation dies. Printed with `{:?}` it says all that is needed to understand a
//! failed run. Leaves out carrying it out (`run`).

use std::net::SocketAddr;

use millrace_core::erp::{ErpOrder, ErpOrderLine};
use millrace_field::plc::{DriverConfig, DriverKind};
use millrace_plant::fault::plan::PlanBounds;
use millrace_plant::fault::{FaultKey, FaultPlan, Level};
use millrace_plant::rng::Seeded;

use crate::net::Speech;
use crate::world::Moment;

/// All faults begin and end within this much plant time.
const FAULTS_MS: u64 = 150_000;
/// Largest batch of the campaign's line, so that some orders make several batches.
const BATCH_MAX_KG: i64 = 60;
/// Batches of one run.
const BATCHES: i64 = 10;
/// The demo mill's map.
const MAP: &str = include_str!("../../assets/registers/demo.toml");

/// The faults of PLC, program and machinery that a run may have, beside the wire's.
const KEYS: [FaultKey; 15] = [
    FaultKey::HalfOpen,
    FaultKey::StuckFlag,
    FaultKey::StuckAck,
    FaultKey::ShiftedSiloId,
    FaultKey::ZeroWeight,
    FaultKey::FrozenProgram,
    FaultKey::CpuWarning,
    FaultKey::CpuFatal,
    FaultKey::RebootMemoryKept,
    FaultKey::RebootMemoryLost,
    FaultKey::FloatWeight,
    FaultKey::OrderForeign,
    FaultKey::BridgingSilo,
    FaultKey::StuckGate,
    FaultKey::ScaleDrift,
];

/// One death of the workstation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    /// With this request of that life.
    pub(crate) request: u64,
    pub(crate) moment: Moment,
    /// How long nobody lives.
    pub(crate) dark_ms: u64,
    /// The PLC loses power as well; with or without its memory.
    pub(crate) plc_keeps: Option<bool>,
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) driver: &'static str,
    pub(crate) queue_head: bool,
    pub(crate) next_takes: bool,
    pub(crate) has_download_id: bool,
    pub(crate) reports_weight: bool,
    pub(crate) local_port: u16,
    pub(crate) faults: FaultPlan,
    pub(crate) deaths: Vec<Death>,
    /// The batch that a person stops, by its place, and at which turn.
    pub(crate) stop: Option<(usize, u32)>,
    /// The batch that a person cancels while it goes down, by its place.
    pub(crate) cancel: Option<usize>,
    /// Quantity and silos of each order.
    orders: Vec<(i64, Vec<(u16, i64)>)>,
}

fn chance(dice: &mut Seeded, of: i64) -> bool {
    dice.between(1, of) == 1
}

fn natural(dice: &mut Seeded, low: i64, high: i64) -> u64 {
    u64::try_from(dice.between(low, high)).expect("both are positive")
}

impl Plan {
    /// The run of this seed.
    pub(crate) fn from_seed(seed: u64) -> Plan {
        let mut dice = Seeded::new(seed);
        let dice = &mut dice;
        let driver = ["fins_udp", "fins_tcp", "modbus_tcp"]
            [usize::try_from(dice.between(0, 2)).expect("small")];
        let levels = [
            None,
            Some(Level::Mild),
            Some(Level::Rough),
            Some(Level::Rough),
        ];
        let level = levels[usize::try_from(dice.between(0, 3)).expect("small")];
        let bounds = PlanBounds {
            length_ms: FAULTS_MS,
            slots: vec![1, 2, 3],
            silos: vec![101, 103, 110],
            keys: KEYS.to_vec(),
        };
        let faults_seed = dice.next_bits();
        let mut faults = FaultPlan::from_seed(faults_seed, level.unwrap_or(Level::Rough), &bounds);
        if level.is_none() {
            faults.wire.clear();
        }
        let deaths = (0..dice.between(0, 3))
            .map(|_| Death {
                request: natural(dice, 1, 900),
                moment: if chance(dice, 2) {
                    Moment::BeforeRequest
                } else {
                    Moment::AfterRequest
                },
                dark_ms: natural(dice, 0, 40_000),
                plc_keeps: chance(dice, 4).then(|| !chance(dice, 3)),
            })
            .collect();
        Plan {
            seed,
            driver,
            queue_head: chance(dice, 2),
            next_takes: chance(dice, 2),
            has_download_id: chance(dice, 2),
            reports_weight: !chance(dice, 3),
            local_port: if chance(dice, 2) { 9_601 } else { 0 },
            faults,
            deaths,
            stop: chance(dice, 3).then(|| {
                let place = usize::try_from(dice.between(0, BATCHES - 1)).expect("small");
                (place, u32::try_from(dice.between(0, 60)).expect("small"))
            }),
            orders: orders(dice),
            cancel: chance(dice, 2)
                .then(|| usize::try_from(dice.between(0, BATCHES - 1)).expect("small")),
        }
    }

    /// From when on no fault is on any more, in plant time.
    pub(crate) fn calm_ms(&self) -> u64 {
        FAULTS_MS
    }

    /// The register map's text.
    pub(crate) fn map(&self) -> String {
        let mut map = replaced(
            MAP,
            "batch_max_kg = 3000",
            &format!("batch_max_kg = {BATCH_MAX_KG}"),
        );
        if self.queue_head {
            map = replaced(
                &map,
                "ready_rule = \"per_slot\"",
                "ready_rule = \"queue_head\"",
            );
        }
        if self.next_takes {
            map = replaced(
                &map,
                "slot_free_when = \"ack_cleared\"",
                "slot_free_when = \"taken_by_next\"",
            );
        }
        if !self.has_download_id {
            map = replaced(&map, "\ndownload_id = 78", "");
        }
        map
    }

    /// How the PLC is reached.
    pub(crate) fn config(&self) -> DriverConfig {
        let at = SocketAddr::from(([192, 0, 2, 10], 9_600));
        let mut config = match self.driver {
            "fins_udp" => DriverConfig::fins_udp(at, 1, 2),
            "fins_tcp" => DriverConfig::fins_tcp(at),
            _ => DriverConfig::modbus_tcp(at),
        };
        config.timeout_ms = 500;
        config.tcp.local_port = self.local_port;
        if let DriverKind::FinsUdp { local_port, .. } = &mut config.kind {
            *local_port = self.local_port;
        }
        config
    }

    pub(crate) fn speech(&self) -> Speech {
        match self.config().kind {
            DriverKind::FinsUdp { .. } | DriverKind::FinsTcp { .. } => Speech::Fins,
            DriverKind::ModbusTcp { .. } => Speech::Modbus,
        }
    }

    /// The orders as the ERP has them.
    pub(crate) fn orders(&self) -> Vec<ErpOrder> {
        (1..)
            .zip(&self.orders)
            .map(|(n, (quantity, lines)): (i64, _)| ErpOrder {
                erp_id: Some(n),
                name: format!("MO/{n:05}"),
                state: "confirmed".into(),
                reference: None,
                product_name: format!("Feed {n}"),
                quantity: (*quantity).into(),
                uom: "kg".into(),
                planned_start: None,
                equipment_code: Some("PLC01".into()),
                bom: None,
                bom_quantity: None,
                lines: lines
                    .iter()
                    .map(|(silo, per_thousand)| ErpOrderLine {
                        product_id: Some(i64::from(*silo)),
                        product_name: format!("Component {silo}"),
                        to_consume: (*per_thousand).into(),
                        uom: "kg".into(),
                        equipment_code: Some(millrace_tests::code(*silo)),
                    })
                    .collect(),
            })
            .collect()
    }
}

/// The text with exactly one change.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replacen(from, to, 1)
}

/// Orders that make about [`BATCHES`] batches, of one to three silos each.
fn orders(dice: &mut Seeded) -> Vec<(i64, Vec<(u16, i64)>)> {
    let mut orders = Vec::new();
    let mut batches = 0;
    while batches < BATCHES {
        let count = if chance(dice, 5) { 2 } else { 1 };
        let quantity = dice.between(BATCH_MAX_KG / 3, BATCH_MAX_KG) * count;
        let mut silos: Vec<u16> = Vec::new();
        for _ in 0..dice.between(1, 3) {
            let silo = u16::try_from(dice.between(101, 115)).expect("a silo");
            if !silos.contains(&silo) {
                silos.push(silo);
            }
        }
        let mut left = 1_000;
        let mut lines = Vec::new();
        while let Some(silo) = silos.pop() {
            let most = left - 100 * i64::try_from(silos.len()).expect("small");
            let part = if silos.is_empty() {
                left
            } else {
                dice.between(100, most)
            };
            left -= part;
            lines.push((silo, part));
        }
        orders.push((quantity, lines));
        batches += (quantity + BATCH_MAX_KG - 1) / BATCH_MAX_KG;
    }
    orders
}
