//! The one list of faults: what it says, and what a wrong switch is told.
//! Leaves out the ERP's faults and the routes (`faults.rs` in the folder above).

use millrace_plant::FaultSwitch;
use millrace_plant::fault::{FaultGroup, FaultKey};

use super::host::{Host, SEED};

#[test]
fn every_fault_can_be_switched_as_the_list_says_and_all_off_again() {
    let mut host = Host::new(SEED);
    let list = host.plant.faults();
    assert_eq!(list.seed, SEED);
    assert_eq!(list.faults.len(), FaultKey::all().len());
    for fault in &list.faults {
        assert!(!fault.is_on && fault.count == 0, "{}", fault.key);
        host.fault(FaultSwitch::on(&fault.key));
        let now = host.plant.faults().faults;
        let now = now.iter().find(|f| f.key == fault.key).expect("listed");
        assert_eq!(now.is_on, !fault.is_momentary, "{}", fault.key);
        assert_eq!(now.value, fault.value, "the usual amount");
        assert_eq!(now.target, fault.targets.first().map(|t| t.value));
        assert!(
            now.value
                .is_none_or(|v| (fault.least..=fault.most).contains(&v))
        );
    }
    host.plant.clear_faults();
    assert!(host.plant.faults().faults.iter().all(|fault| !fault.is_on));
    assert!(
        host.plant
            .faults()
            .faults
            .iter()
            .all(|f| f.group != FaultGroup::Erp)
    );
}

#[test]
fn amount_and_target_stay_until_others_are_named() {
    let mut host = Host::new(SEED);
    host.fault(FaultSwitch::on("stuck_gate").at(103).with(7));
    host.fault(FaultSwitch::off("stuck_gate"));
    host.fault(FaultSwitch::on("stuck_gate"));
    host.fault(FaultSwitch::on("delay").with(1_234));
    let faults = host.plant.faults().faults;
    let of = |key: &str| {
        faults
            .iter()
            .find(|f| f.key == key)
            .expect("listed")
            .clone()
    };
    assert_eq!(
        (of("stuck_gate").value, of("stuck_gate").target),
        (Some(7), Some(103))
    );
    assert_eq!(
        (of("delay").value, of("delay").unit.as_str()),
        (Some(1_234), "ms")
    );
    let labels: Vec<_> = of("stuck_gate")
        .targets
        .into_iter()
        .map(|t| t.label)
        .collect();
    assert_eq!((labels.len(), labels[0].as_str()), (15, "A (PKE pellet)"));
    assert_eq!(of("stuck_flag").targets.len(), 10);
}

#[test]
fn a_wrong_switch_changes_nothing_and_is_told_why() {
    let mut host = Host::new(SEED);
    let before = host.plant.faults();
    for (switch, why) in [
        (FaultSwitch::on("droop"), "there is no fault \"droop\""),
        (
            FaultSwitch::on("drop").with(1_001),
            "drop goes from 1 to 1000 permille, not 1001",
        ),
        (
            FaultSwitch::on("float_weight").with(1),
            "float_weight is or is not, there is no amount of it",
        ),
        (
            FaultSwitch::on("stuck_flag").at(11),
            "stuck_flag cannot be aimed at 11",
        ),
        (FaultSwitch::on("drop").at(1), "drop cannot be aimed at 1"),
    ] {
        let error = host.plant.set_fault(&switch).expect_err(why);
        assert_eq!(error.to_string(), why);
        assert_eq!(host.plant.faults(), before);
    }
}
