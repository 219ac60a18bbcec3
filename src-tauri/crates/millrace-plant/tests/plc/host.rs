//! The host's side of the exchange by memory words alone, on a clock that the test moves.
//! Leaves out the network and every decision: a test says what the host does.

use std::time::Duration;

use millrace_core::ids::{SiloNo, SlotNo};
use millrace_core::registers::{Expected, RegisterMap, SlotOrder, Verdict, accept, encode};
use millrace_core::units::Grams;
use millrace_plant::books::BatchBook;
use millrace_plant::{FaultSwitch, SiloTable, VirtualPlant};

const MAP: &str = include_str!("../../../../../assets/registers/demo.toml");
pub(super) const SEED: u64 = 20_260;
pub(super) const PAUSE: u16 = 1;
pub(super) const RESUME: u16 = 2;
pub(super) const STOP: u16 = 3;

pub(super) struct Host {
    pub(super) map: RegisterMap,
    pub(super) plant: VirtualPlant,
}

impl Host {
    pub(super) fn new(seed: u64) -> Host {
        Host::on(MAP, seed)
    }

    /// On the demo map with these words of it changed.
    pub(super) fn with(changes: &[(&str, &str)], seed: u64) -> Host {
        let changed = changes.iter().fold(MAP.to_owned(), |map, (from, to)| {
            assert!(map.contains(from), "the demo map does not say {from}");
            map.replace(from, to)
        });
        Host::on(&changed, seed)
    }

    fn on(map: &str, seed: u64) -> Host {
        let map = RegisterMap::parse(map).expect("the map is valid");
        let silos = SiloTable::demo().expect("the demo silos are valid");
        let plant = VirtualPlant::new(&map, silos, seed).expect("map and silos fit");
        Host { map, plant }
    }

    pub(super) fn order(&self, slot: SlotNo, name: &str, kg: &[(u16, i64)]) -> SlotOrder {
        let silos: Vec<_> = kg
            .iter()
            .map(|(silo, kg)| (SiloNo(*silo), Grams(kg * 1_000)))
            .collect();
        SlotOrder {
            slot,
            order_name: name.to_owned(),
            bom_text: "LAYER FEED 16".to_owned(),
            product_text: "LAYER FEED 16".to_owned(),
            planned: Grams::checked_sum(silos.iter().map(|s| s.1)).expect("small"),
            silos,
        }
    }

    /// Writes the block, then the flag.
    pub(super) fn offer(&mut self, order: &SlotOrder) -> Vec<u16> {
        let words = encode(&self.map, order).expect("a good order");
        let base = self.map.write_base(order.slot);
        let flag = usize::from(self.map.flag_offset());
        self.write(base, &words[..flag]);
        self.write(self.map.guard_addr(order.slot), &[0]);
        words
    }

    pub(super) fn write(&mut self, address: u16, words: &[u16]) {
        self.plant.write_words(address, words).expect("inside");
    }

    pub(super) fn word(&self, address: u16) -> u16 {
        self.plant.read_words(address, 1).expect("inside")[0]
    }

    pub(super) fn run(&mut self, ms: u64) {
        self.plant
            .advance(Duration::from_millis(ms))
            .expect("nothing to save");
    }

    /// Switches a fault that can be switched.
    pub(super) fn fault(&mut self, switch: FaultSwitch) {
        self.plant.set_fault(&switch).expect("such a fault");
    }

    pub(super) fn strikes(&self, key: &str) -> u64 {
        let faults = self.plant.faults().faults;
        faults.iter().find(|f| f.key == key).expect(key).count
    }

    /// Why the host refuses the slot's block, which it awaits for this order.
    pub(super) fn refused(&self, order: &SlotOrder) -> Vec<String> {
        let slot = order.slot;
        let expected = Expected {
            slot,
            order_name: &order.order_name,
            planned_total: order.planned,
            max_dose: &[],
            stopped: false,
        };
        match accept(&self.map, slot, &self.block(slot), Some(&expected)) {
            Verdict::Refused(reasons) => reasons.iter().map(ToString::to_string).collect(),
            other @ (Verdict::Empty | Verdict::Accepted(_)) => panic!("slot {slot}: {other:?}"),
        }
    }

    /// A batch from offer to final block.
    pub(super) fn whole_batch(&mut self, slot: SlotNo, name: &str, kg: &[(u16, i64)]) {
        let order = self.order(slot, name, kg);
        self.offer(&order);
        self.finish(slot);
    }

    /// Acknowledges a finished slot and waits until it is free.
    pub(super) fn acknowledge(&mut self, slot: SlotNo) {
        self.write(self.map.ack_addr(slot), &[1]);
        self.run(1_000);
    }

    pub(super) fn command(&mut self, slot: SlotNo, command: u16) {
        self.write(
            self.map.command_addr(slot).expect("the demo map has one"),
            &[command],
        );
    }

    pub(super) fn echo(&self, slot: SlotNo) -> u16 {
        self.word(
            self.map
                .command_echo_addr(slot)
                .expect("the demo map has one"),
        )
    }

    pub(super) fn block(&self, slot: SlotNo) -> Vec<u16> {
        let count = usize::from(self.map.block_words());
        self.plant
            .read_words(self.map.read_base(slot), count)
            .expect("inside")
    }

    pub(super) fn accepted(&self, slot: SlotNo) -> millrace_core::registers::SlotBlock {
        match accept(&self.map, slot, &self.block(slot), None) {
            Verdict::Accepted(block) => block,
            other @ (Verdict::Empty | Verdict::Refused(_)) => panic!("slot {slot}: {other:?}"),
        }
    }

    pub(super) fn is_empty(&self, slot: SlotNo) -> bool {
        matches!(
            accept(&self.map, slot, &self.block(slot), None),
            Verdict::Empty
        )
    }

    /// Plant milliseconds until the slot is finished.
    pub(super) fn finish(&mut self, slot: SlotNo) -> u64 {
        let mut ms = 0;
        while self.is_empty(slot) || !self.accepted(slot).finished {
            self.run(250);
            ms += 250;
            assert!(ms < 600_000, "slot {slot} never finishes");
        }
        ms
    }

    pub(super) fn book(&self, slot: SlotNo) -> BatchBook {
        self.plant.books().last_of(slot).expect("taken").clone()
    }

    /// The registers of a finished slot say what the books say, to 10 g.
    pub(super) fn assert_books(&self, slot: SlotNo) {
        let (block, book) = (self.accepted(slot), self.book(slot));
        for ((silo, shown), left) in block.silos.iter().zip(&book.left) {
            assert_eq!(*silo, left.silo);
            assert_eq!(
                *shown,
                left.mass_g.to_plc_step(),
                "silo {silo}, seed {SEED}"
            );
        }
        assert_eq!(block.weight, book.weight_g);
    }
}

pub(super) const RECIPE: &[(u16, i64)] = &[
    (101, 120),
    (102, 80),
    (103, 310),
    (104, 250),
    (106, 20),
    (107, 100),
    (108, 60),
    (114, 40),
    (115, 20),
];
