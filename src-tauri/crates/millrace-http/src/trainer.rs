//! The training screen's faults, carried to the demo's virtual plant. Leaves out what they do.

use millrace_app::commands::training::{
    FaultGroup, FaultTarget, Trainer, TrainingFault, TrainingSet, TrainingView,
};
use millrace_plant::fault::{self, FaultBoard, FaultSwitch, FaultView, FaultsView};

/// The plant's board of faults.
#[derive(Debug)]
pub struct PlantTrainer(FaultBoard);

impl PlantTrainer {
    /// Over the board of a plant that runs in this process.
    #[must_use]
    pub fn new(board: FaultBoard) -> PlantTrainer {
        PlantTrainer(board)
    }
}

impl Trainer for PlantTrainer {
    fn view(&self) -> TrainingView {
        view(self.0.view())
    }

    fn set(&self, change: &TrainingSet) -> Result<(), String> {
        let switch = FaultSwitch {
            key: change.key.clone(),
            is_on: change.is_on,
            value: change.value,
            target: change.target,
        };
        self.0.set(&switch).map_err(|error| error.to_string())
    }

    fn clear(&self) {
        self.0.clear();
    }
}

fn view(view: FaultsView) -> TrainingView {
    TrainingView {
        faults: view.faults.into_iter().map(fault_view).collect(),
        seed: view.seed,
    }
}

fn fault_view(fault: FaultView) -> TrainingFault {
    let targets = fault.targets.into_iter().map(|target| FaultTarget {
        value: target.value,
        label: target.label,
    });
    TrainingFault {
        key: fault.key,
        group: group(fault.group),
        is_momentary: fault.is_momentary,
        is_on: fault.is_on,
        value: fault.value,
        unit: fault.unit,
        least: fault.least,
        most: fault.most,
        target: fault.target,
        targets: targets.collect(),
        count: fault.count,
    }
}

fn group(group: fault::FaultGroup) -> FaultGroup {
    match group {
        fault::FaultGroup::Wire => FaultGroup::Wire,
        fault::FaultGroup::Plc => FaultGroup::Plc,
        fault::FaultGroup::Plant => FaultGroup::Plant,
        fault::FaultGroup::Erp => FaultGroup::Erp,
    }
}
