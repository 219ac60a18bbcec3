//! Faults of the plant by command: what can be switched, and what a switch does at once.
//! Leaves out the strikes themselves (`ladder`, `line`, `fault::wire`).

use millrace_core::ids::SiloNo;
use millrace_core::units::Grams;

use super::VirtualPlant;
use crate::area::{FailureInfo, date_at};
use crate::books::Event;
use crate::fault::view::amount_of;
use crate::fault::{
    Aim, FaultError, FaultKey, FaultSet, FaultSwitch, FaultTarget, FaultView, FaultsView,
    WireFaults, WireKind,
};

/// CPU error that does not stop it, as a flag of a FINS end code.
const WARNING_FLAG: u16 = 0x0040;
/// CPU error that has stopped it.
const FATAL_FLAG: u16 = 0x0080;
/// The silo in whose place the shifted id appears; on a map without it, the last.
const SHIFTED_SILO: SiloNo = SiloNo(110);

impl VirtualPlant {
    /// The network's faults.
    #[must_use]
    pub fn wire(&self) -> &WireFaults {
        &self.wire
    }

    /// The network's faults, to set rates, or to ask for the fate of a frame.
    pub fn wire_mut(&mut self) -> &mut WireFaults {
        &mut self.wire
    }

    /// What is wrong with program and machinery.
    #[must_use]
    pub fn fault_set(&self) -> &FaultSet {
        &self.faults
    }

    /// True while the PLC boots: it answers nothing.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away_ms > 0
    }

    /// How often the PLC was switched off and on. A stream that is older than the last time is dead.
    #[must_use]
    pub fn boots(&self) -> u64 {
        self.boots
    }

    /// The flags of the CPU in every end code; counted once an answer.
    pub(crate) fn end_flags(&mut self) -> u16 {
        let mut flags = 0;
        for (key, flag) in [
            (FaultKey::CpuWarning, WARNING_FLAG),
            (FaultKey::CpuFatal, FATAL_FLAG),
        ] {
            if self.faults.is_on(key) {
                self.faults.strike(key);
                flags |= flag;
            }
        }
        flags
    }

    /// The program stands still.
    pub(super) fn is_frozen(&mut self) -> bool {
        let is_frozen = self.faults.is_on(FaultKey::FrozenProgram);
        if is_frozen {
            self.faults.hold(FaultKey::FrozenProgram, 0);
        }
        is_frozen || self.faults.is_on(FaultKey::CpuFatal)
    }

    /// What the ladder's shifted constants make of words that are read.
    pub(super) fn shift_ids(&self, first: u16, words: &mut [u16]) {
        let layout = &self.state.layout;
        let silos = &layout.silos;
        let at = silos.iter().position(|silo| silo.silo == SHIFTED_SILO);
        let at = at.unwrap_or(silos.len().saturating_sub(1));
        let (Some(before), Some(silo)) =
            (at.checked_sub(1).and_then(|n| silos.get(n)), silos.get(at))
        else {
            return;
        };
        for slot in &layout.slots {
            let in_use = !layout.is_empty(slot.read, &self.state.memory);
            if !in_use || !self.faults.hits(FaultKey::ShiftedSiloId, slot.slot.0) {
                continue;
            }
            for (offset, word) in [
                (silo.id_offset, before.silo.0),
                (silo.qty_offset, silo.silo.0),
            ] {
                let place = slot.read.saturating_add(offset).checked_sub(first);
                if let Some(shown) = place.and_then(|n| words.get_mut(usize::from(n))) {
                    *shown = word;
                }
            }
        }
    }

    /// All faults of wire, PLC and machinery as they are.
    #[must_use]
    pub fn faults(&self) -> FaultsView {
        FaultsView {
            faults: FaultKey::all()
                .into_iter()
                .map(|key| self.view_of(key))
                .collect(),
            seed: self.fault_seed,
        }
    }

    fn view_of(&self, key: FaultKey) -> FaultView {
        let state = self.faults.state(key);
        let amount = key.amount();
        let usual = amount.map(|amount| amount.usual);
        let (is_on, on_wire, count) = match key {
            FaultKey::Wire(kind) => {
                let rate = self.wire.rate(kind);
                let value = match kind {
                    WireKind::Delay => i64::from(self.wire.delay_max_ms()),
                    WireKind::Drop
                    | WireKind::Duplicate
                    | WireKind::Reorder
                    | WireKind::Truncate
                    | WireKind::GarbleHeader
                    | WireKind::GarblePayload
                    | WireKind::Foreign => i64::from(rate),
                };
                (
                    rate > 0,
                    Some(value).filter(|_| rate > 0),
                    self.wire.count(kind),
                )
            }
            FaultKey::HalfOpen => (self.wire.is_half_open(), None, self.wire.half_opened()),
            FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::RebootMemoryKept
            | FaultKey::RebootMemoryLost
            | FaultKey::OrderForeign
            | FaultKey::BridgingSilo
            | FaultKey::StuckGate
            | FaultKey::ScaleDrift
            | FaultKey::EquipmentFailure
            | FaultKey::ManualWeighing => (state.is_on, None, state.count),
        };
        FaultView {
            key: key.key().to_owned(),
            group: key.group(),
            is_momentary: key.is_momentary(),
            is_on,
            value: on_wire.or(state.value).or(usual),
            unit: amount.map_or("", |amount| amount.unit).to_owned(),
            least: amount.map_or(0, |amount| amount.least),
            most: amount.map_or(0, |amount| amount.most),
            target: state.target,
            targets: self.targets(key),
            count,
        }
    }

    fn targets(&self, key: FaultKey) -> Vec<FaultTarget> {
        let layout = &self.state.layout;
        match key.aim() {
            Aim::Nothing => Vec::new(),
            Aim::Slot => layout
                .slots
                .iter()
                .map(|slot| FaultTarget {
                    value: slot.slot.0,
                    label: slot.slot.0.to_string(),
                })
                .collect(),
            Aim::Silo => layout
                .silos
                .iter()
                .filter_map(|one| self.silos.get(one.silo))
                .map(|silo| FaultTarget {
                    value: silo.number.0,
                    label: format!("{} ({})", silo.label, silo.material),
                })
                .collect(),
            Aim::Product => self.hand_products.clone(),
        }
    }

    /// Switches one fault, or lets it happen.
    ///
    /// # Errors
    /// [`FaultError`] says which word of the switch cannot be. [`FaultError::Plant`] when it is done and
    /// could not be saved.
    pub fn set_fault(&mut self, switch: &FaultSwitch) -> Result<(), FaultError> {
        let key = FaultKey::from_key(&switch.key)
            .ok_or_else(|| FaultError::NoSuchFault(switch.key.clone()))?;
        let before = self.view_of(key);
        let value = amount_of(key.key(), key.amount(), switch.value, before.value)?;
        let target = switch
            .target
            .or(before.target)
            .or_else(|| before.targets.first().map(|first| first.value));
        if let Some(asked) = target
            && !before.targets.iter().any(|one| one.value == asked)
        {
            return Err(FaultError::Target(key.key(), asked));
        }
        let lasts = switch.is_on && !key.is_momentary();
        self.faults.switch(key, lasts, value, target);
        if key.is_momentary() && !switch.is_on {
            return Ok(());
        }
        self.strike(key, switch.is_on, value.unwrap_or(0), target)
    }

    /// Switches all faults off. What they have done stays done.
    pub fn clear_faults(&mut self) {
        self.wire.clear();
        self.faults.clear();
    }

    /// What a switch does at once.
    fn strike(
        &mut self,
        key: FaultKey,
        is_on: bool,
        value: i64,
        target: Option<u16>,
    ) -> Result<(), FaultError> {
        match key {
            FaultKey::Wire(kind) => self.switch_wire(kind, is_on, value),
            FaultKey::HalfOpen => {
                let connections = u32::try_from(value).unwrap_or(0);
                self.wire.set_half_open(is_on.then_some(connections));
            }
            FaultKey::StuckFlag
            | FaultKey::StuckAck
            | FaultKey::ShiftedSiloId
            | FaultKey::FloatWeight
            | FaultKey::ZeroWeight
            | FaultKey::FrozenProgram
            | FaultKey::CpuWarning
            | FaultKey::CpuFatal
            | FaultKey::BridgingSilo
            | FaultKey::StuckGate
            | FaultKey::ScaleDrift => {}
            FaultKey::RebootMemoryKept | FaultKey::RebootMemoryLost => {
                self.faults.strike(key);
                self.away_ms = u64::try_from(value).unwrap_or(0);
                self.reboot(key == FaultKey::RebootMemoryKept)?;
            }
            FaultKey::OrderForeign => {
                let layout = &self.state.layout;
                let place = layout.slots.iter().position(|s| Some(s.slot.0) == target);
                if let Some(place) = place {
                    let (memory, books) = (&mut self.state.memory, &mut self.state.books);
                    self.state.ladder.put_foreign(place, layout, memory, books);
                }
                self.faults.strike(key);
                self.save()?;
            }
            FaultKey::EquipmentFailure => {
                let info = FailureInfo::from_number(value).unwrap_or(FailureInfo::MotorFailure);
                return self.report(key, target, |plant, silo| plant.failure(SiloNo(silo), info));
            }
            FaultKey::ManualWeighing => {
                let quantity = Grams(value.saturating_mul(1_000));
                return self.report(key, target, |plant, product| {
                    plant.weighing(product, quantity)
                });
            }
        }
        Ok(())
    }

    fn switch_wire(&mut self, kind: WireKind, is_on: bool, value: i64) {
        let rate = match (kind, is_on) {
            (_, false) => 0,
            (WireKind::Delay, true) => {
                self.wire
                    .set_delay_max_ms(u32::try_from(value).unwrap_or(0));
                crate::fault::wire::ALWAYS_PERMILLE
            }
            (
                WireKind::Drop
                | WireKind::Duplicate
                | WireKind::Reorder
                | WireKind::Truncate
                | WireKind::GarbleHeader
                | WireKind::GarblePayload
                | WireKind::Foreign,
                true,
            ) => u16::try_from(value).unwrap_or(0),
        };
        self.wire.set_rate(kind, rate);
    }

    /// The PLC reports something in one of its areas.
    fn report(
        &mut self,
        key: FaultKey,
        target: Option<u16>,
        event: impl Fn(&VirtualPlant, u16) -> Event,
    ) -> Result<(), FaultError> {
        let event = event(self, target.unwrap_or(0));
        if !self.raise(event) {
            return Err(FaultError::NoWords(key.key()));
        }
        self.faults.strike(key);
        self.save()?;
        Ok(())
    }

    fn raise(&mut self, event: Event) -> bool {
        let state = &mut self.state;
        state.areas.raise(event, &state.layout, &mut state.books)
    }

    /// Reports what program and machinery have noticed. True when there was something.
    pub(super) fn raise_noticed(&mut self) -> bool {
        let mut event = false;
        for (silo, info) in self.faults.take_raised() {
            let failure = self.failure(silo, info);
            event |= self.raise(failure);
        }
        event
    }

    fn failure(&self, silo: SiloNo, info: FailureInfo) -> Event {
        Event::Failure {
            code: self
                .silos
                .get(silo)
                .map(|silo| silo.odoo_code.clone())
                .unwrap_or_default(),
            info: info.text().to_owned(),
            at: date_at(self.base_date, self.state.books.plant_ms)
                .with()
                .subsec_nanosecond(0)
                .build()
                .unwrap_or(self.base_date),
        }
    }

    /// For the batch on the line, or the last one taken.
    fn weighing(&self, product: u16, quantity_g: Grams) -> Event {
        let batches = &self.state.books.batches;
        let running = self.state.ladder.dosing().and_then(|at| batches.get(at));
        let batch = running.or(batches.last());
        Event::Weighing {
            batch: batch.map_or(0, |batch| batch.slot.0),
            order_name: batch
                .map(|batch| batch.order_name.clone())
                .unwrap_or_default(),
            product,
            quantity_g,
        }
    }
}
