//! All faults of plant and ERP on one board, for whoever holds the running plant: the training
//! screen and the control routes. Leaves out where they strike.

use std::sync::{Arc, Mutex, PoisonError};

use super::erp::ErpFaults;
use super::view::{FaultError, FaultSwitch, FaultsView};
use crate::odoo::VirtualOdoo;
use crate::plant::VirtualPlant;
use crate::run::locked;

/// The board. Clones share the one plant.
#[derive(Debug, Clone)]
pub struct FaultBoard {
    plant: Arc<Mutex<VirtualPlant>>,
    odoo: Arc<VirtualOdoo>,
    erp: Arc<Mutex<ErpFaults>>,
}

impl FaultBoard {
    pub(crate) fn new(plant: Arc<Mutex<VirtualPlant>>, odoo: Arc<VirtualOdoo>) -> FaultBoard {
        FaultBoard {
            plant,
            odoo,
            erp: Arc::default(),
        }
    }

    /// All faults as they are.
    #[must_use]
    pub fn view(&self) -> FaultsView {
        let mut view = locked(&self.plant).faults();
        let erp = self.erp.lock().unwrap_or_else(PoisonError::into_inner);
        view.faults.extend(erp.view(&self.odoo));
        view
    }

    /// Switches one fault, or lets it happen.
    ///
    /// # Errors
    /// [`FaultError`] says which word of the switch cannot be.
    pub fn set(&self, switch: &FaultSwitch) -> Result<(), FaultError> {
        if ErpFaults::knows(&switch.key) {
            let mut erp = self.erp.lock().unwrap_or_else(PoisonError::into_inner);
            return erp.set(&self.odoo, switch);
        }
        locked(&self.plant).set_fault(switch)
    }

    /// Switches all off.
    pub fn clear(&self) {
        locked(&self.plant).clear_faults();
        let mut erp = self.erp.lock().unwrap_or_else(PoisonError::into_inner);
        erp.clear(&self.odoo);
    }
}
