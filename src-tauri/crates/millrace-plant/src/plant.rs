//! The virtual plant as a whole: memory, program, physics and books on a clock that the caller
//! moves. Leaves out sockets (`fins`, `control`) and real time (`run`).

mod fault;

use std::time::Duration;

use jiff::civil::DateTime;
use millrace_core::registers::RegisterMap;
use serde::{Deserialize, Serialize};

use crate::area::Areas;
use crate::books::{Books, SiloMass, SlotWrites};
use crate::fault::{FaultSet, FaultTarget, WireFaults};
use crate::ladder::{Ladder, Scan};
use crate::layout::{Layout, LayoutError};
use crate::memory::{Memory, MemoryError};
use crate::physics::STEP_MS;
use crate::rng::Seeded;
use crate::silo::{SiloError, SiloTable};
use crate::state_file::{StateError, StateFile};

/// The state file's format.
const STATE_VERSION: u32 = 2;
/// The state is saved at least this often while the plant runs, in milliseconds of plant time.
const SAVE_EVERY_MS: u64 = 1_000;

/// The plant's date and time when its clock is 0, unless one is handed in.
const BASE_DATE: DateTime = jiff::civil::date(2026, 1, 5).at(6, 0, 0, 0);
/// The product that is weighed by hand, unless others are handed in.
const HAND_PRODUCT: u16 = 901;

/// The virtual plant cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PlantError {
    /// The map and this plant do not fit.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The silo file is wrong.
    #[error(transparent)]
    Silo(#[from] SiloError),
    /// The asker named words that do not exist.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state file is from another map or another version of this program.
    #[error("the saved plant does not fit this one: {0}; start from an empty state folder")]
    OtherPlant(&'static str),
}

/// Everything the plant knows: what [`VirtualPlant::snapshot`] gives and a state file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlantState {
    version: u32,
    layout: Layout,
    /// Plant time not yet turned into a step, in microseconds.
    rest_us: u64,
    memory: Memory,
    ladder: Ladder,
    areas: Areas,
    books: Books,
    rng: Seeded,
}

/// The plant behind one PLC.
#[derive(Debug)]
pub struct VirtualPlant {
    state: PlantState,
    silos: SiloTable,
    feeds: Vec<i64>,
    start_stock: Vec<SiloMass>,
    reports_weight: bool,
    keep: Option<StateFile>,
    saved_at_ms: u64,
    faults: FaultSet,
    wire: WireFaults,
    fault_seed: u64,
    /// Plant time until the PLC answers again after a reboot.
    away_ms: u64,
    boots: u64,
    /// The plant's date and time when its clock was 0.
    base_date: DateTime,
    hand_products: Vec<FaultTarget>,
}

impl VirtualPlant {
    /// A plant after its first start: every flag 1, every slot empty.
    ///
    /// # Errors
    /// [`PlantError::Layout`] when the map names a silo that the table does not have.
    pub fn new(map: &RegisterMap, silos: SiloTable, seed: u64) -> Result<VirtualPlant, PlantError> {
        let layout = Layout::from_map(map)?;
        let mut feeds = Vec::with_capacity(layout.silos.len());
        let mut start_stock = Vec::with_capacity(layout.silos.len());
        for field in &layout.silos {
            let silo = silos
                .get(field.silo)
                .ok_or(LayoutError::UnknownSilo(field.silo))?;
            feeds.push(silo.feed_g_s);
            start_stock.push(SiloMass {
                silo: silo.number,
                mass_g: silo.start,
            });
        }
        let mut memory = Memory::default();
        let ladder = Ladder::start(&layout, &mut memory);
        let books = Books {
            writes: no_writes(&layout),
            ..Books::default()
        };
        let state = PlantState {
            version: STATE_VERSION,
            layout,
            rest_us: 0,
            memory,
            ladder,
            areas: Areas::default(),
            books,
            rng: Seeded::new(seed),
        };
        Ok(VirtualPlant {
            state,
            silos,
            feeds,
            start_stock,
            reports_weight: true,
            keep: None,
            saved_at_ms: 0,
            faults: FaultSet::default(),
            wire: WireFaults::new(seed),
            fault_seed: seed,
            away_ms: 0,
            boots: 0,
            base_date: BASE_DATE,
            hand_products: vec![FaultTarget {
                value: HAND_PRODUCT,
                label: HAND_PRODUCT.to_string(),
            }],
        })
    }

    /// Sets the plant's local date and time, for what it stamps. Its own clock goes on from there.
    pub fn set_date(&mut self, now: DateTime) {
        let passed = i64::try_from(self.state.books.plant_ms).unwrap_or(i64::MAX);
        let passed = jiff::SignedDuration::from_millis(passed);
        self.base_date = now.checked_sub(passed).unwrap_or(now);
    }

    /// The products that can be weighed by hand: number and name.
    #[must_use]
    pub fn with_hand_products(mut self, products: &[(u16, String)]) -> VirtualPlant {
        let products = products.iter().map(|(value, label)| FaultTarget {
            value: *value,
            label: label.clone(),
        });
        self.hand_products = products.collect();
        self
    }

    /// Whether finished batches report a weight (default) or leave it zero, as the real plant mostly
    /// did.
    #[must_use]
    pub fn with_weight(mut self, reports: bool) -> VirtualPlant {
        self.reports_weight = reports;
        self
    }

    /// Keeps the state in `file` from now on: continues from it when it exists, else begins it.
    ///
    /// # Errors
    /// [`PlantError::State`] or [`PlantError::OtherPlant`].
    pub fn kept_at(mut self, file: StateFile) -> Result<VirtualPlant, PlantError> {
        if let Some(state) = file.load()? {
            self.restore(state)?;
        }
        self.keep = Some(file);
        self.save()?;
        Ok(self)
    }

    /// All that the plant knows.
    #[must_use]
    pub fn snapshot(&self) -> PlantState {
        self.state.clone()
    }

    /// Puts the plant back to a snapshot.
    ///
    /// # Errors
    /// [`PlantError::OtherPlant`] when it was taken under another map or version.
    pub fn restore(&mut self, state: PlantState) -> Result<(), PlantError> {
        if state.version != STATE_VERSION {
            return Err(PlantError::OtherPlant("another version wrote it"));
        }
        if state.layout != self.state.layout {
            return Err(PlantError::OtherPlant("the register map differs"));
        }
        self.saved_at_ms = state.books.plant_ms;
        self.state = state;
        Ok(())
    }

    /// Lets plant time pass, in steps of 50 ms; what is left over counts next time.
    ///
    /// # Errors
    /// [`PlantError::State`] when the state file cannot be written. Time has passed all the same.
    pub fn advance(&mut self, dt: Duration) -> Result<(), PlantError> {
        let micros = u64::try_from(dt.as_micros()).unwrap_or(u64::MAX);
        let mut rest = self.state.rest_us.saturating_add(micros);
        let step = u64::from(STEP_MS).saturating_mul(1_000);
        while rest >= step {
            rest -= step;
            self.state.rest_us = rest;
            let books = &mut self.state.books;
            books.plant_ms = books.plant_ms.saturating_add(u64::from(STEP_MS));
            let event = self.step();
            let now = self.state.books.plant_ms;
            // An event is saved before anyone can have read it: a restart never takes it back.
            if event || now.saturating_sub(self.saved_at_ms) >= SAVE_EVERY_MS {
                self.save()?;
            }
        }
        self.state.rest_us = rest;
        Ok(())
    }

    /// One step after the clock. True when something happened that must survive a restart.
    fn step(&mut self) -> bool {
        if self.away_ms > 0 {
            self.away_ms = self.away_ms.saturating_sub(u64::from(STEP_MS));
            return false;
        }
        if self.is_frozen() {
            return false;
        }
        let state = &mut self.state;
        let event = state.ladder.scan(&mut Scan {
            layout: &state.layout,
            feeds: &self.feeds,
            memory: &mut state.memory,
            books: &mut state.books,
            rng: &mut state.rng,
            reports_weight: self.reports_weight,
            faults: &mut self.faults,
        });
        let areas = state
            .areas
            .scan(&state.layout, &mut state.memory, &mut state.books);
        self.raise_noticed() || event || areas
    }

    /// `count` words from `first`, as the host sees them.
    ///
    /// # Errors
    /// [`MemoryError`] when any of them does not exist.
    pub fn read_words(&self, first: u16, count: usize) -> Result<Vec<u16>, MemoryError> {
        let mut words = self.state.memory.read(first, count)?.to_vec();
        self.shift_ids(first, &mut words);
        Ok(words)
    }

    /// The host writes: all words or none. Saved before this returns.
    ///
    /// # Errors
    /// [`PlantError::Memory`] when a word does not exist, [`PlantError::State`] when the write is
    /// done but could not be saved.
    pub fn write_words(&mut self, first: u16, words: &[u16]) -> Result<(), PlantError> {
        let (acks, area_acks) = (self.acks(), self.area_acks());
        self.state.memory.write(first, words)?;
        let end = usize::from(first).saturating_add(words.len());
        let touched = |address: u16, count: u16| {
            let start = usize::from(address);
            start < end && usize::from(first) < start.saturating_add(usize::from(count))
        };
        let (after, area_after) = (self.acks(), self.area_acks());
        let order_words = self.state.layout.flag_offset;
        let books = &mut self.state.books;
        for (place, slot) in self.state.layout.slots.iter().enumerate() {
            if let Some(writes) = books.writes.get_mut(place) {
                writes.block += u64::from(touched(slot.write, order_words));
                writes.flag += u64::from(touched(slot.flag, 1));
                writes.ack += u64::from(touched(slot.ack, 1));
                writes.command += u64::from(slot.command.is_some_and(|at| touched(at, 1)));
            }
            if acks.get(place) != Some(&1) && after.get(place) == Some(&1) {
                let book = self.state.ladder.book_of(place);
                if let Some(batch) = book.and_then(|at| books.batches.get_mut(at)) {
                    batch.acks = batch.acks.saturating_add(1);
                    if !batch.finished {
                        batch.early_acks = batch.early_acks.saturating_add(1);
                    }
                }
            }
        }
        let shown = self.state.areas.showing();
        for ((place, before), now) in shown.into_iter().zip(area_acks).zip(area_after) {
            if before != 1
                && now == 1
                && let Some(event) = place.and_then(|at| books.events.get_mut(at))
            {
                event.acks = event.acks.saturating_add(1);
            }
        }
        self.save()
    }

    /// The plant's own books.
    #[must_use]
    pub fn books(&self) -> Books {
        let mut books = self.state.books.clone();
        books.stock.clone_from(&self.start_stock);
        for batch in &books.batches {
            for (stock, left) in books.stock.iter_mut().zip(&batch.truly_left) {
                stock.mass_g.0 -= left.mass_g.0;
            }
        }
        books
    }

    /// The PLC is switched off and on. With its memory kept it goes on where it was; without, it
    /// starts as new and the recipes it held are entered as lost. The books stay.
    ///
    /// # Errors
    /// [`PlantError::State`] when the state file cannot be written.
    pub fn reboot(&mut self, keep_memory: bool) -> Result<(), PlantError> {
        self.boots = self.boots.saturating_add(1);
        if !keep_memory {
            for batch in &mut self.state.books.batches {
                batch.lost |= !batch.freed;
            }
            self.state.areas.lose(&mut self.state.books);
            self.state.memory = Memory::default();
            self.state.ladder = Ladder::start(&self.state.layout, &mut self.state.memory);
        } else {
            Ladder::count_start(&self.state.layout, &mut self.state.memory);
        }
        self.save()
    }

    /// The silos of this plant.
    #[must_use]
    pub fn silos(&self) -> &SiloTable {
        &self.silos
    }

    /// Where the words are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.state.layout
    }

    fn acks(&self) -> Vec<u16> {
        let slots = self.state.layout.slots.iter();
        slots.map(|s| self.state.memory.get(s.ack)).collect()
    }

    /// The handshakes of failure and weighing; 0 where the map has no such area.
    fn area_acks(&self) -> [u16; 2] {
        let layout = &self.state.layout;
        let failure = layout.failure.as_ref().map(|area| area.handshake);
        let weighing = layout.weighing.as_ref().map(|area| area.handshake);
        [failure, weighing].map(|at| at.map_or(0, |at| self.state.memory.get(at)))
    }

    /// Writes the state file now, if there is one.
    ///
    /// # Errors
    /// [`PlantError::State`] when it cannot be written.
    pub fn save(&mut self) -> Result<(), PlantError> {
        if let Some(file) = &self.keep {
            file.save(&self.state)?;
            self.saved_at_ms = self.state.books.plant_ms;
        }
        Ok(())
    }
}

fn no_writes(layout: &Layout) -> Vec<SlotWrites> {
    let slots = layout.slots.iter();
    slots
        .map(|s| SlotWrites {
            slot: s.slot,
            block: 0,
            flag: 0,
            ack: 0,
            command: 0,
        })
        .collect()
}
