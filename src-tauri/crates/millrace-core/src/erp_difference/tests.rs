//! The comparison field by field, what is no difference, and the table of choices row by row.

use rust_decimal::Decimal;

use super::*;
use crate::batch::run::Run;
use crate::erp::{ErpHeldLine, ErpOrderLine};
use crate::units::Grams;

fn kg(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn line(product: &str, code: &str, to_consume: &str) -> ErpOrderLine {
    ErpOrderLine {
        product_id: None,
        product_name: product.into(),
        to_consume: kg(to_consume),
        uom: "kg".into(),
        equipment_code: Some(code.into()),
    }
}

fn order() -> ErpOrder {
    ErpOrder {
        erp_id: None,
        name: "WH/MO/00101".into(),
        state: "confirmed".into(),
        reference: Some("S00042".into()),
        product_name: "LAYER FEED 16".into(),
        quantity: kg("1000"),
        uom: "kg".into(),
        planned_start: Some("2026-11-22 01:00:00".into()),
        equipment_code: Some("PLC01".into()),
        bom: None,
        bom_quantity: Some(kg("1000")),
        lines: vec![
            line("maize", "silo101", "600"),
            line("soya", "silo102", "388"),
            line("salt", "PLC01", "12"),
        ],
    }
}

fn state(word: &str) -> ErpOrderState {
    let held = |code: &str, g: i64| ErpHeldLine {
        equipment_code: code.into(),
        consumed_g: Grams::ZERO,
        limit_g: Some(Grams(g)),
    };
    ErpOrderState {
        bom: None,
        name: "WH/MO/00101".into(),
        state: word.into(),
        produced_g: Grams::ZERO,
        quantity_g: Grams(1_000_000),
        product_name: Some("LAYER FEED 16".into()),
        planned_start: Some("2026-11-22 01:00:00".into()),
        lines: vec![
            held("silo101", 600_000),
            held("silo102", 388_000),
            held("PLC01", 12_000),
        ],
    }
}

fn check_listed(edit: impl FnOnce(&mut ErpOrder), expected: Vec<ChangedField>) {
    let mut now = order();
    edit(&mut now);
    let expected = (!expected.is_empty()).then_some(Difference::Changed { fields: expected });
    assert_eq!(compare(&order(), &Seen::Listed(now), false), expected);
}

fn check_held(edit: impl FnOnce(&mut ErpOrderState), expected: Vec<ChangedField>) {
    let mut now = state("progress");
    edit(&mut now);
    let expected = (!expected.is_empty()).then_some(Difference::Changed { fields: expected });
    assert_eq!(compare(&order(), &Seen::Held(now), true), expected);
}

#[test]
fn each_field_of_a_listed_order_is_compared() {
    check_listed(|_| {}, vec![]);
    check_listed(
        |o| o.quantity = kg("1200.50"),
        vec![ChangedField::Quantity {
            old_kg: kg("1000"),
            new_kg: kg("1200.5"),
        }],
    );
    check_listed(
        |o| o.product_name = "LAYER FEED 17".into(),
        vec![ChangedField::Product {
            old: "LAYER FEED 16".into(),
            new: "LAYER FEED 17".into(),
        }],
    );
    check_listed(
        |o| o.planned_start = None,
        vec![ChangedField::PlannedStart {
            old: Some("2026-11-22 01:00:00".into()),
            new: None,
        }],
    );
    check_listed(
        |o| o.bom_quantity = Some(kg("500.0")),
        vec![ChangedField::BomQuantity {
            old_kg: kg("1000"),
            new_kg: kg("500"),
        }],
    );
    check_listed(
        |o| o.equipment_code = Some("PLC02".into()),
        vec![ChangedField::Equipment {
            old: Some("PLC01".into()),
            new: Some("PLC02".into()),
        }],
    );
    check_listed(
        |o| o.name = "WH/MO/00101-001".into(),
        vec![ChangedField::Name {
            old: "WH/MO/00101".into(),
            new: "WH/MO/00101-001".into(),
        }],
    );
    check_listed(
        |o| o.state = "draft".into(),
        vec![ChangedField::State {
            old: "confirmed".into(),
            new: "draft".into(),
        }],
    );
}

#[test]
fn components_are_paired_by_product_and_silo_first_and_by_product_then() {
    check_listed(
        |o| o.lines[0].to_consume = kg("650"),
        vec![ChangedField::ComponentQuantity {
            product: "maize".into(),
            equipment: Some("silo101".into()),
            old_kg: kg("600"),
            new_kg: kg("650"),
        }],
    );
    check_listed(
        |o| o.lines[0].equipment_code = Some("silo105".into()),
        vec![ChangedField::ComponentEquipment {
            product: "maize".into(),
            old: Some("silo101".into()),
            new: Some("silo105".into()),
        }],
    );
    check_listed(
        |o| {
            o.lines.remove(1);
        },
        vec![ChangedField::ComponentRemoved {
            product: "soya".into(),
            equipment: Some("silo102".into()),
            old_kg: kg("388"),
        }],
    );
    check_listed(
        |o| o.lines.push(line("lime", "silo107", "20")),
        vec![ChangedField::ComponentAdded {
            product: Some("lime".into()),
            equipment: Some("silo107".into()),
            new_kg: kg("20"),
        }],
    );
    // The same material from two silos: only the second one is new.
    check_listed(
        |o| o.lines.insert(0, line("maize", "silo103", "100")),
        vec![ChangedField::ComponentAdded {
            product: Some("maize".into()),
            equipment: Some("silo103".into()),
            new_kg: kg("100"),
        }],
    );
}

#[test]
fn what_nobody_doses_by_and_the_order_of_lines_are_no_difference() {
    check_listed(|o| o.reference = None, vec![]);
    check_listed(|o| o.bom = Some("B17".into()), vec![]);
    check_listed(|o| o.lines.reverse(), vec![]);
    check_listed(|o| o.quantity = kg("1000.000"), vec![]);
    check_listed(|o| o.bom_quantity = Some(kg("1000.000")), vec![]);
    check_listed(|o| o.bom_quantity = None, vec![]);
}

#[test]
fn an_answer_about_one_order_is_compared_as_far_as_it_goes() {
    check_held(|_| {}, vec![]);
    check_held(
        |s| s.quantity_g = Grams(900_000),
        vec![ChangedField::Quantity {
            old_kg: kg("1000"),
            new_kg: kg("900"),
        }],
    );
    check_held(
        |s| s.lines[0].limit_g = Some(Grams(650_000)),
        vec![ChangedField::ComponentQuantity {
            product: "maize".into(),
            equipment: Some("silo101".into()),
            old_kg: kg("600"),
            new_kg: kg("650"),
        }],
    );
    check_held(
        |s| s.lines[1].equipment_code = "silo109".into(),
        vec![
            ChangedField::ComponentRemoved {
                product: "soya".into(),
                equipment: Some("silo102".into()),
                old_kg: kg("388"),
            },
            ChangedField::ComponentAdded {
                product: None,
                equipment: Some("silo109".into()),
                new_kg: kg("388"),
            },
        ],
    );
    check_held(
        |s| {
            s.product_name = Some("LAYER FEED 17".into());
            s.planned_start = Some("2026-11-23 01:00:00".into());
        },
        vec![
            ChangedField::Product {
                old: "LAYER FEED 16".into(),
                new: "LAYER FEED 17".into(),
            },
            ChangedField::PlannedStart {
                old: Some("2026-11-22 01:00:00".into()),
                new: Some("2026-11-23 01:00:00".into()),
            },
        ],
    );
    // An answer that names neither proves nothing about them.
    check_held(
        |s| {
            s.product_name = None;
            s.planned_start = None;
        },
        vec![],
    );
    // A connector that says nothing about quantities per equipment proves nothing about them.
    check_held(
        |s| s.lines.iter_mut().for_each(|l| l.limit_g = None),
        vec![],
    );
    check_held(|s| s.lines.clear(), vec![]);
}

#[test]
fn our_own_postings_are_no_difference() {
    check_held(
        |s| {
            s.produced_g = Grams(500_000);
            s.lines[0].consumed_g = Grams(300_000);
        },
        vec![],
    );
    check_held(|s| s.state = "to_close".into(), vec![]);
    // Without a posting of ours somebody else worked on it.
    let worked = compare(&order(), &Seen::Held(state("progress")), false);
    let fields = vec![ChangedField::State {
        old: "confirmed".into(),
        new: "progress".into(),
    }];
    assert_eq!(worked, Some(Difference::Changed { fields }));
}

#[test]
fn each_state_word_has_its_meaning_and_an_unknown_word_cancels_nothing() {
    let of = |word: &str| compare(&order(), &Seen::Held(state(word)), true);
    assert_eq!(of("confirmed"), None);
    assert_eq!(of("progress"), None);
    assert_eq!(of("to_close"), None);
    assert_eq!(of("cancel"), Some(Difference::Cancelled));
    assert_eq!(of("done"), Some(Difference::Done));
    for word in ["draft", "cancelled", "CANCEL", "", "\u{fffd}"] {
        assert!(
            matches!(of(word), Some(Difference::Changed { fields }) if matches!(fields[..], [ChangedField::State { .. }])),
            "{word:?}"
        );
    }
    assert_eq!(
        compare(&order(), &Seen::Unknown("MO not found".into()), true),
        Some(Difference::Gone)
    );
}

#[test]
fn what_was_kept_is_not_shown_again_until_it_changes_further() {
    let with = |quantity: &str| {
        let mut now = order();
        now.quantity = kg(quantity);
        Seen::Listed(now)
    };
    let kept = with("1200");
    let judged = |seen: &Seen, told| judge(&order(), None, Some(&kept), seen, told);
    assert_eq!(judged(&with("1200"), false), Verdict::AsKept);
    assert!(matches!(judged(&with("1300"), false), Verdict::Differs(_)));
    assert_eq!(judged(&with("1000"), false), Verdict::Agrees);
    // After our first posting the ERP answers about the one order only: still the same change.
    let mut held = state("progress");
    held.quantity_g = Grams(1_200_000);
    assert_eq!(judged(&Seen::Held(held.clone()), true), Verdict::AsKept);
    held.state = "cancel".into();
    assert_eq!(
        judged(&Seen::Held(held), true),
        Verdict::Differs(Difference::Cancelled)
    );
    // Kept as cancelled, as gone, as another quantity of one order.
    let cancelled = Seen::Held(state("cancel"));
    let gone = |words: &str| Seen::Unknown(words.into());
    let as_kept = |kept: &Seen, seen: &Seen| judge(&order(), None, Some(kept), seen, true);
    assert_eq!(as_kept(&cancelled, &cancelled), Verdict::AsKept);
    assert_eq!(as_kept(&gone("no"), &gone("not found")), Verdict::AsKept);
    assert_eq!(
        as_kept(&cancelled, &gone("no")),
        Verdict::Differs(Difference::Gone)
    );
    let unreadable = |why: &str| Seen::Unreadable(why.into());
    let (unit, name) = (unreadable("a unit"), unreadable("a name"));
    assert_eq!(as_kept(&unit, &unit), Verdict::AsKept);
    assert!(matches!(as_kept(&unit, &name), Verdict::Differs(_)));
    assert!(matches!(as_kept(&cancelled, &unit), Verdict::Differs(_)));
    let mut smaller = state("progress");
    smaller.quantity_g = Grams(900_000);
    let smaller = Seen::Held(smaller);
    assert_eq!(as_kept(&smaller, &smaller), Verdict::AsKept);
    assert!(matches!(as_kept(&smaller, &cancelled), Verdict::Differs(_)));
}

#[test]
fn the_hash_follows_the_difference_and_not_our_postings() {
    let found = |edit: fn(&mut ErpOrderState)| {
        let mut now = state("cancel");
        edit(&mut now);
        Found {
            difference: Difference::Cancelled,
            seen: Seen::Held(now),
        }
    };
    let plain = found(|_| {});
    assert_eq!(
        plain.hash(),
        found(|s| s.produced_g = Grams(1)).hash(),
        "our posting changes nothing"
    );
    let changed = |quantity: &str| {
        let mut now = order();
        now.quantity = kg(quantity);
        let seen = Seen::Listed(now);
        Found {
            difference: compare(&order(), &seen, false).expect("it differs"),
            seen,
        }
    };
    assert_ne!(changed("1200").hash(), changed("1201").hash());
    assert_ne!(changed("1200").hash(), plain.hash());
}

/// A difference of each kind, as it is found.
fn found(kind: &str) -> Found {
    let seen = match kind {
        "changed" => {
            let mut now = order();
            now.quantity = kg("1200");
            Seen::Listed(now)
        }
        "renamed" => {
            let mut now = order();
            now.name = "WH/MO/00101-001".into();
            Seen::Listed(now)
        }
        "part seen" => {
            let mut now = state("progress");
            now.quantity_g = Grams(1);
            Seen::Held(now)
        }
        "unreadable" => Seen::Unreadable("`product_name` is missing".into()),
        "gone" => Seen::Unknown("MO not found".into()),
        state_word => Seen::Held(state(state_word)),
    };
    Found {
        difference: compare(&order(), &seen, true).expect("it differs"),
        seen,
    }
}

#[test]
fn the_whole_table_of_choices() {
    use ChoiceRefusal as No;
    let idle: &[Run] = &[Run::Idle, Run::Idle];
    let one_done: &[Run] = &[Run::Complete, Run::Idle];
    let in_plc: &[Run] = &[Run::Running, Run::Idle];
    // take_over, keep, cancel_here
    let rows = [
        ("changed", idle, Ok(()), Ok(()), Err(No::OpenInErp)),
        (
            "changed",
            one_done,
            Err(No::Started),
            Ok(()),
            Err(No::OpenInErp),
        ),
        (
            "changed",
            in_plc,
            Err(No::Started),
            Ok(()),
            Err(No::OpenInErp),
        ),
        (
            "renamed",
            idle,
            Err(No::Renamed),
            Ok(()),
            Err(No::OpenInErp),
        ),
        (
            "part seen",
            idle,
            Err(No::PartSeen),
            Ok(()),
            Err(No::OpenInErp),
        ),
        (
            "part seen",
            one_done,
            Err(No::Started),
            Ok(()),
            Err(No::OpenInErp),
        ),
        (
            "unreadable",
            idle,
            Err(No::PartSeen),
            Ok(()),
            Err(No::OpenInErp),
        ),
        ("cancel", idle, Err(No::NoContent), Ok(()), Ok(())),
        ("cancel", one_done, Err(No::NoContent), Ok(()), Ok(())),
        ("cancel", in_plc, Err(No::NoContent), Ok(()), Err(No::InPlc)),
        ("done", idle, Err(No::NoContent), Ok(()), Ok(())),
        ("done", one_done, Err(No::NoContent), Ok(()), Ok(())),
        ("done", in_plc, Err(No::NoContent), Ok(()), Err(No::InPlc)),
        ("gone", idle, Err(No::NoContent), Ok(()), Ok(())),
        ("gone", one_done, Err(No::NoContent), Ok(()), Ok(())),
        ("gone", in_plc, Err(No::NoContent), Ok(()), Err(No::InPlc)),
    ];
    for (kind, runs, take_over, keep, cancel_here) in rows {
        let found = found(kind);
        let verdicts = choices(&found, Work::of(runs.iter().copied())).map(|(_, may)| may);
        assert_eq!(verdicts, [take_over, keep, cancel_here], "{kind} {runs:?}");
    }
}

#[test]
fn only_what_was_never_started_counts_as_not_started() {
    for run in Run::ALL {
        let work = Work::of([Run::Idle, run]);
        assert_eq!(work.has_started, run != Run::Idle, "{run:?}");
        assert_eq!(work.is_in_plc, run.is_live(), "{run:?}");
    }
}

#[test]
fn a_choice_is_read_back_from_its_word() {
    for choice in Choice::ALL {
        assert_eq!(Choice::from_word(choice.word()), Some(choice));
    }
    assert_eq!(Choice::from_word("cancel"), None);
}

/// What the list showed, and nobody decided about.
fn undecided(edit: impl FnOnce(&mut ErpOrder)) -> Found {
    let mut now = order();
    edit(&mut now);
    let seen = Seen::Listed(now);
    let difference = compare(&order(), &seen, false).expect("it differs");
    Found { difference, seen }
}

#[test]
fn what_an_answer_says_nothing_about_stays_as_it_was_found() {
    let judged = |found: &Found, seen: &Seen| judge(&order(), Some(found), None, seen, true);
    // The addon's answer about one order tells no BoM's quantity and no equipment of the order.
    let addon = Seen::Held(state("progress"));
    let bom = undecided(|o| o.bom_quantity = Some(kg("500")));
    let line = undecided(|o| o.equipment_code = Some("PLC02".into()));
    let why = "the order asks for 120 kg, the bill of materials gives 110 kg".to_owned();
    let seen = Seen::Unreadable(why);
    let difference = compare(&order(), &seen, false).expect("it differs");
    let unreadable = Found { difference, seen };
    for found in [&bom, &line, &unreadable] {
        assert_eq!(judged(found, &addon), Verdict::AsFound, "{found:?}");
    }
    // What it does tell is over once it agrees, and a new one comes beside what it does not.
    let quantity = undecided(|o| o.quantity = kg("1200"));
    assert_eq!(judged(&quantity, &addon), Verdict::Agrees);
    let mut more = state("progress");
    more.quantity_g = Grams(1_100_000);
    let Verdict::Differs(Difference::Changed { fields }) = judged(&bom, &Seen::Held(more)) else {
        panic!("it differs twice");
    };
    assert!(
        matches!(fields[0], ChangedField::Quantity { .. }),
        "{fields:?}"
    );
    assert!(
        matches!(fields[1], ChangedField::BomQuantity { .. }),
        "{fields:?}"
    );
    // Closed is closed, and a list that shows the whole order tells everything.
    let done = judged(&bom, &Seen::Held(state("done")));
    assert_eq!(done, Verdict::Differs(Difference::Done));
    let listed = judge(&order(), Some(&bom), None, &Seen::Listed(order()), false);
    assert_eq!(listed, Verdict::Agrees);
}

#[test]
fn an_answer_that_tells_the_bill_of_materials_is_compared_by_it() {
    let with = |quantity: &str, maize: &str| {
        let lines = [("silo101", maize), ("silo102", "388"), ("PLC01", "12")];
        let mut now = state("progress");
        now.bom = Some(crate::erp::ErpBom {
            quantity_kg: kg(quantity),
            lines: lines
                .map(|(code, mass)| (code.to_owned(), kg(mass)))
                .to_vec(),
        });
        now
    };
    let seen = Seen::Held(with("1000", "600"));
    assert_eq!(compare(&order(), &seen, true), None);
    let bom = undecided(|o| o.bom_quantity = Some(kg("500")));
    assert_eq!(
        judge(&order(), Some(&bom), None, &seen, true),
        Verdict::Agrees
    );
    let changed = Seen::Held(with("500", "590"));
    let fields = vec![
        ChangedField::BomQuantity {
            old_kg: kg("1000"),
            new_kg: kg("500"),
        },
        ChangedField::ComponentQuantity {
            product: "maize".into(),
            equipment: Some("silo101".into()),
            old_kg: kg("600"),
            new_kg: kg("590"),
        },
    ];
    assert_eq!(
        compare(&order(), &changed, true),
        Some(Difference::Changed { fields })
    );
    // Kept as it is: until it changes again.
    let judged = |seen: &Seen| judge(&order(), None, Some(&changed), seen, true);
    assert_eq!(judged(&changed), Verdict::AsKept);
    assert!(matches!(
        judged(&Seen::Held(with("400", "590"))),
        Verdict::Differs(_)
    ));
}
