//! Intake: may an order of the ERP become batches, and which? A pure function from the order, the
//! silos and the line's settings to recipes or to a refusal with its reason. Never repairs a value.
//! Leaves out fetching (office) and idempotency (store: unique by ERP id or name).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::erp::ErpOrder;
use crate::ids::SiloNo;
use crate::recipe::{ControlRecipe, ManualLine, SiloLine};
use crate::silo::Tolerance;
use crate::units::{BasisPoints, Grams, within};

/// What intake must know of a silo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeSilo {
    /// The silo.
    pub silo: SiloNo,
    /// The ERP's equipment code for it.
    pub erp_code: String,
    /// Largest single dose.
    pub max_dose_g: Grams,
    /// Default tolerance of its doses.
    pub tolerance: Tolerance,
}

/// What intake must know of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeRules {
    /// The line's name, which the signature covers.
    pub line_name: String,
    /// Mass that a BoM line's quantity refers to (addon: 1,000 kg; `decisions.md` 4).
    pub bom_reference_g: Grams,
    /// Largest batch of the line.
    pub batch_max_g: Grams,
    /// Largest believable order: beyond it the figure is absurd, not large.
    pub order_max_g: Grams,
    /// Allowed difference between the scaled lines and the order's quantity.
    pub scaling_limit: BasisPoints,
    /// Longest order name that the PLC can carry.
    pub name_chars_max: usize,
}

/// Why an order was refused. Shown as it is; the order never becomes a batch until it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "code")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum Refusal {
    /// The connector could not read the order at all.
    #[error("the order cannot be read: {why}")]
    Unreadable {
        /// What is wrong.
        why: String,
    },
    /// Nothing to dose.
    #[error("the order has no components")]
    NoLines,
    /// Zero or negative.
    #[error("{what}: a quantity of {kg} kg is not above zero")]
    NotPositive {
        /// The order or the component.
        what: String,
        /// The quantity as it came.
        kg: String,
    },
    /// Beyond anything the line can mean.
    #[error("{what}: {kg} kg is beyond the limit of {limit_kg} kg")]
    TooMuch {
        /// The order, the component or the silo.
        what: String,
        /// The quantity as it came.
        kg: String,
        /// The limit.
        limit_kg: String,
    },
    /// No silo has this equipment code, and it is not the order's own.
    #[error("{material}: no silo has the equipment code {equipment_code}")]
    UnknownCode {
        /// The component.
        material: String,
        /// The code as it came.
        equipment_code: String,
    },
    /// Two components from one silo: the PLC block has one quantity a silo.
    #[error("the silo {equipment_code} appears twice")]
    DuplicateSilo {
        /// The code.
        equipment_code: String,
    },
    /// The scaled lines do not make up the order.
    #[error("the lines add up to {lines_kg} kg, the order says {order_kg} kg")]
    Scaling {
        /// Sum of the scaled lines.
        lines_kg: String,
        /// The order's quantity.
        order_kg: String,
    },
    /// The name does not fit the PLC's text field.
    #[error("the name {name} is longer than the {max} characters that the PLC carries")]
    NameTooLong {
        /// The name.
        name: String,
        /// The limit.
        max: usize,
    },
    /// The name holds a character that the PLC's text field cannot carry.
    #[error("the name {name} holds a character that the PLC cannot carry")]
    NameNotAscii {
        /// The name.
        name: String,
    },
    /// Only manual lines: nothing for the PLC to do.
    #[error("no component comes from a silo")]
    NoSiloLine,
}

fn kg_text(mass: Grams) -> String {
    mass.to_kg().to_string()
}

fn positive(what: &str, kg: Decimal, limit: Grams) -> Result<Grams, Refusal> {
    if kg <= Decimal::ZERO {
        return Err(Refusal::NotPositive {
            what: what.into(),
            kg: kg.normalize().to_string(),
        });
    }
    let too_much = || Refusal::TooMuch {
        what: what.into(),
        kg: kg.normalize().to_string(),
        limit_kg: kg_text(limit),
    };
    let mass = Grams::from_kg(kg).map_err(|_| too_much())?;
    if mass > limit {
        Err(too_much())
    } else {
        Ok(mass)
    }
}

/// The batches of one order, or why there are none. Quantities of `order` are kilograms (the
/// connector converted once). Each batch's plan is rounded to the PLC's step before anybody signs.
///
/// # Errors
/// The first [`Refusal`] found.
pub fn plan(
    order: &ErpOrder,
    silos: &[IntakeSilo],
    rules: &IntakeRules,
) -> Result<Vec<ControlRecipe>, Refusal> {
    if order.name.chars().count() > rules.name_chars_max {
        return Err(Refusal::NameTooLong {
            name: order.name.clone(),
            max: rules.name_chars_max,
        });
    }
    if order.name.is_empty() || !order.name.bytes().all(|b| (32..=126).contains(&b)) {
        return Err(Refusal::NameNotAscii {
            name: order.name.clone(),
        });
    }
    let quantity = positive(&order.name, order.quantity, rules.order_max_g)?;
    if order.lines.is_empty() {
        return Err(Refusal::NoLines);
    }

    // Batches of equal mass, as few as the line allows.
    let count = quantity.0.div_euclid(rules.batch_max_g.0)
        + i64::from(quantity.0.rem_euclid(rules.batch_max_g.0) > 0);
    let mut shares = vec![0_i64; usize::try_from(count).unwrap_or(1).max(1)];
    let mut rest = quantity.0;
    let mut left = i64::try_from(shares.len()).unwrap_or(1);
    for share in &mut shares {
        let part = Grams(rest / left).to_plc_step().0;
        *share = if left == 1 { rest } else { part };
        rest -= *share;
        left -= 1;
    }

    let mut recipes = Vec::with_capacity(shares.len());
    for (n, share) in shares.iter().enumerate() {
        let index = u32::try_from(n + 1).unwrap_or(u32::MAX);
        recipes.push(one_batch(order, silos, rules, index, Grams(*share))?);
    }

    let lines = Grams::checked_sum(recipes.iter().flat_map(|recipe| {
        recipe
            .silo_lines
            .iter()
            .map(|line| line.planned_g)
            .chain(recipe.manual_lines.iter().map(|line| line.planned_g))
    }))
    .unwrap_or(Grams(i64::MAX));
    if !within(lines, quantity, rules.scaling_limit) {
        return Err(Refusal::Scaling {
            lines_kg: kg_text(lines),
            order_kg: kg_text(quantity),
        });
    }
    Ok(recipes)
}

fn one_batch(
    order: &ErpOrder,
    silos: &[IntakeSilo],
    rules: &IntakeRules,
    batch_index: u32,
    planned: Grams,
) -> Result<ControlRecipe, Refusal> {
    let mut silo_lines: Vec<SiloLine> = Vec::new();
    let mut manual_lines = Vec::new();
    let reference = match order.bom_quantity {
        Some(kg) => positive("the bill of materials", kg, rules.order_max_g)?,
        None => rules.bom_reference_g,
    };
    for line in &order.lines {
        let per_reference = positive(&line.product_name, line.to_consume, rules.order_max_g)?;
        let too_much = |mass: Grams, limit: Grams| Refusal::TooMuch {
            what: line.product_name.clone(),
            kg: kg_text(mass),
            limit_kg: kg_text(limit),
        };
        let mass = per_reference
            .scale(planned, reference)
            .ok_or_else(|| too_much(per_reference, rules.order_max_g))?
            .to_plc_step();
        if mass.0 <= 0 {
            return Err(Refusal::NotPositive {
                what: line.product_name.clone(),
                kg: kg_text(mass),
            });
        }
        let code = line.equipment_code.as_deref().unwrap_or_default();
        match silos.iter().find(|silo| silo.erp_code == code) {
            Some(silo) => {
                if silo_lines.iter().any(|known| known.silo == silo.silo) {
                    return Err(Refusal::DuplicateSilo {
                        equipment_code: code.into(),
                    });
                }
                if mass > silo.max_dose_g {
                    return Err(too_much(mass, silo.max_dose_g));
                }
                silo_lines.push(SiloLine {
                    silo: silo.silo,
                    erp_code: silo.erp_code.clone(),
                    material: line.product_name.clone(),
                    planned_g: mass,
                    tolerance: silo.tolerance,
                });
            }
            // A component on the order's own equipment is a manual line (`decisions.md` 5).
            None if code.is_empty() || order.equipment_code.as_deref() == Some(code) => {
                manual_lines.push(ManualLine {
                    material: line.product_name.clone(),
                    erp_code: code.into(),
                    product_id: line.product_id,
                    planned_g: mass,
                });
            }
            None => {
                return Err(Refusal::UnknownCode {
                    material: line.product_name.clone(),
                    equipment_code: code.into(),
                });
            }
        }
    }
    if silo_lines.is_empty() {
        return Err(Refusal::NoSiloLine);
    }
    Ok(ControlRecipe {
        order_name: order.name.clone(),
        batch_index,
        product_name: order.product_name.clone(),
        line_name: rules.line_name.clone(),
        planned_g: planned.to_plc_step(),
        silo_lines,
        manual_lines,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erp::ErpOrderLine;

    fn silos() -> Vec<IntakeSilo> {
        (101..=103)
            .map(|n| IntakeSilo {
                silo: SiloNo(n),
                erp_code: format!("silo{n}"),
                max_dose_g: Grams(1_500_000),
                tolerance: Tolerance {
                    share: BasisPoints(1_000),
                    floor_g: Grams(2_000),
                },
            })
            .collect()
    }

    fn rules() -> IntakeRules {
        IntakeRules {
            line_name: "Line 1".into(),
            bom_reference_g: Grams(1_000_000),
            batch_max_g: Grams(3_000_000),
            order_max_g: Grams(100_000_000),
            scaling_limit: BasisPoints(200),
            name_chars_max: 16,
        }
    }

    fn order(quantity: &str, lines: &[(&str, &str)]) -> ErpOrder {
        ErpOrder {
            erp_id: None,
            name: "WH/MO/00101".into(),
            state: "confirmed".into(),
            reference: None,
            product_name: "LAYER FEED 16".into(),
            quantity: quantity.parse().expect("decimal"),
            uom: "kg".into(),
            planned_start: None,
            equipment_code: Some("PLC01".into()),
            bom: None,
            bom_quantity: None,
            lines: lines
                .iter()
                .map(|(code, kg)| ErpOrderLine {
                    product_id: None,
                    product_name: format!("material of {code}"),
                    to_consume: kg.parse().expect("decimal"),
                    uom: "kg".into(),
                    equipment_code: Some((*code).into()),
                })
                .collect(),
        }
    }

    fn check_refused(order: &ErpOrder, matches: fn(&Refusal) -> bool) {
        match plan(order, &silos(), &rules()) {
            Err(refusal) => assert!(matches(&refusal), "{refusal:?}"),
            Ok(batches) => panic!("accepted: {batches:?}"),
        }
    }

    #[test]
    fn a_component_on_the_orders_own_equipment_is_a_manual_line() {
        let batches = plan(
            &order("1000", &[("silo101", "988"), ("PLC01", "12")]),
            &silos(),
            &rules(),
        )
        .expect("accepted");
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].silo_lines[0].planned_g, Grams(988_000));
        assert_eq!(batches[0].manual_lines[0].planned_g, Grams(12_000));
    }

    #[test]
    fn the_bom_line_is_scaled_to_the_order_and_split_over_the_lines_capacity() {
        let batches = plan(
            &order("5000", &[("silo101", "500"), ("silo102", "500")]),
            &silos(),
            &rules(),
        )
        .expect("accepted");
        assert_eq!(batches.len(), 2);
        for batch in &batches {
            assert_eq!(batch.planned_g, Grams(2_500_000));
            assert_eq!(batch.silo_lines[0].planned_g, Grams(1_250_000));
        }
        assert_eq!(batches[1].batch_index, 2);
    }

    #[test]
    fn the_bom_quantity_that_the_erp_tells_counts_before_the_setting() {
        let mut order = order("1500", &[("silo101", "60"), ("silo102", "40")]);
        order.bom_quantity = Some(Decimal::ONE_HUNDRED);
        let batches = plan(&order, &silos(), &rules()).expect("accepted");
        assert_eq!(batches[0].silo_lines[0].planned_g, Grams(900_000));
        assert_eq!(batches[0].silo_lines[1].planned_g, Grams(600_000));
        order.bom_quantity = Some(Decimal::ZERO);
        check_refused(&order, |why| matches!(why, Refusal::NotPositive { .. }));
    }

    #[test]
    fn an_odd_split_loses_no_gram() {
        let batches = plan(
            &order("7000.01", &[("silo101", "500"), ("silo102", "500")]),
            &silos(),
            &rules(),
        )
        .expect("accepted");
        let total: i64 = batches.iter().map(|b| b.planned_g.0).sum();
        assert_eq!(total, 7_000_010);
    }

    #[test]
    fn wrong_orders_are_refused_with_the_reason() {
        check_refused(&order("0", &[("silo101", "1000")]), |r| {
            matches!(r, Refusal::NotPositive { .. })
        });
        check_refused(&order("-5", &[("silo101", "1000")]), |r| {
            matches!(r, Refusal::NotPositive { .. })
        });
        check_refused(
            &order("1000", &[("silo101", "1100"), ("silo102", "-100")]),
            |r| matches!(r, Refusal::NotPositive { .. }),
        );
        check_refused(&order("5369042.71", &[("silo101", "1000")]), |r| {
            matches!(r, Refusal::TooMuch { .. })
        });
        check_refused(&order("1000", &[("silo999", "1000")]), |r| {
            matches!(r, Refusal::UnknownCode { .. })
        });
        check_refused(
            &order("1000", &[("silo101", "500"), ("silo101", "500")]),
            |r| matches!(r, Refusal::DuplicateSilo { .. }),
        );
        check_refused(&order("1000", &[("silo101", "900")]), |r| {
            matches!(r, Refusal::Scaling { .. })
        });
        check_refused(&order("1000", &[("PLC01", "1000")]), |r| {
            matches!(r, Refusal::NoSiloLine)
        });
        check_refused(&order("1000", &[]), |r| matches!(r, Refusal::NoLines));
        check_refused(&order("2500", &[("silo101", "1000")]), |r| {
            matches!(r, Refusal::TooMuch { .. })
        });
    }

    #[test]
    fn a_name_the_plc_cannot_carry_is_refused() {
        let mut long = order("1000", &[("silo101", "1000")]);
        long.name = "WH/MO/00101-002-003".into();
        check_refused(&long, |r| matches!(r, Refusal::NameTooLong { .. }));
        long.name = "WH/MO/0é".into();
        check_refused(&long, |r| matches!(r, Refusal::NameNotAscii { .. }));
    }
}
