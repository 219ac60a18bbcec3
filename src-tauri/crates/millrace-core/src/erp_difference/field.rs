//! The comparison field by field: a listed order as a whole, an answer about one order as far as it goes.
//! Leaves out the state word and what was kept.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::ChangedField;
use crate::erp::{ErpOrder, ErpOrderLine, ErpOrderState};
use crate::units::Grams;

pub(super) fn listed(accepted: &ErpOrder, now: &ErpOrder) -> Vec<ChangedField> {
    let mut fields = Vec::new();
    if accepted.name != now.name {
        fields.push(ChangedField::Name {
            old: accepted.name.clone(),
            new: now.name.clone(),
        });
    }
    if accepted.product_name != now.product_name {
        fields.push(ChangedField::Product {
            old: accepted.product_name.clone(),
            new: now.product_name.clone(),
        });
    }
    fields.extend(quantity(accepted.quantity, now.quantity));
    // Orders accepted before the ERP told it, and an ERP that does not, are planned by the setting.
    if let (Some(old), Some(new)) = (accepted.bom_quantity, now.bom_quantity)
        && old != new
    {
        fields.push(ChangedField::BomQuantity {
            old_kg: old.normalize(),
            new_kg: new.normalize(),
        });
    }
    if accepted.planned_start != now.planned_start {
        fields.push(ChangedField::PlannedStart {
            old: accepted.planned_start.clone(),
            new: now.planned_start.clone(),
        });
    }
    if accepted.equipment_code != now.equipment_code {
        fields.push(ChangedField::Equipment {
            old: accepted.equipment_code.clone(),
            new: now.equipment_code.clone(),
        });
    }
    components(&accepted.lines, &now.lines, &mut fields);
    fields
}

/// What one of two answers does not tell is no difference between them.
pub(super) fn is_same_told(a: Option<&String>, b: Option<&String>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}

fn quantity(old_kg: Decimal, new_kg: Decimal) -> Option<ChangedField> {
    (old_kg != new_kg).then(|| ChangedField::Quantity {
        old_kg: old_kg.normalize(),
        new_kg: new_kg.normalize(),
    })
}

/// Takes the first line that fits out of `lines`.
fn take<'a>(
    lines: &mut Vec<&'a ErpOrderLine>,
    fits: impl Fn(&ErpOrderLine) -> bool,
) -> Option<&'a ErpOrderLine> {
    let index = lines.iter().position(|line| fits(line))?;
    Some(lines.remove(index))
}

fn is_same_product(a: &ErpOrderLine, b: &ErpOrderLine) -> bool {
    match (a.product_id, b.product_id) {
        (Some(a), Some(b)) => a == b,
        (Some(_), None) | (None, Some(_)) | (None, None) => a.product_name == b.product_name,
    }
}

/// Pairs the components by product and equipment, then by product alone: one material may come from
/// two silos, and a material that moved to another silo is one change, not two.
fn components(old: &[ErpOrderLine], new: &[ErpOrderLine], fields: &mut Vec<ChangedField>) {
    let mut left: Vec<&ErpOrderLine> = new.iter().collect();
    let pairs: Vec<(&ErpOrderLine, Option<&ErpOrderLine>)> = old
        .iter()
        .map(|was| {
            let fits = |now: &ErpOrderLine| {
                is_same_product(was, now) && was.equipment_code == now.equipment_code
            };
            (was, take(&mut left, fits))
        })
        .collect();
    for (was, now) in pairs {
        let Some(now) = now.or_else(|| take(&mut left, |now| is_same_product(was, now))) else {
            fields.push(ChangedField::ComponentRemoved {
                product: was.product_name.clone(),
                equipment: was.equipment_code.clone(),
                old_kg: was.to_consume.normalize(),
            });
            continue;
        };
        if was.equipment_code != now.equipment_code {
            fields.push(ChangedField::ComponentEquipment {
                product: was.product_name.clone(),
                old: was.equipment_code.clone(),
                new: now.equipment_code.clone(),
            });
        }
        if was.to_consume != now.to_consume {
            fields.push(ChangedField::ComponentQuantity {
                product: was.product_name.clone(),
                equipment: now.equipment_code.clone(),
                old_kg: was.to_consume.normalize(),
                new_kg: now.to_consume.normalize(),
            });
        }
    }
    fields.extend(left.into_iter().map(|now| ChangedField::ComponentAdded {
        product: Some(now.product_name.clone()),
        equipment: now.equipment_code.clone(),
        new_kg: now.to_consume.normalize(),
    }));
}

/// Quantities per equipment in an answer about one order; `None` = it says nothing about this code.
pub(super) fn limits(state: &ErpOrderState) -> BTreeMap<&str, Option<Grams>> {
    let mut limits: BTreeMap<&str, Option<Grams>> = BTreeMap::new();
    if let Some(bom) = &state.bom {
        for (code, mass_kg) in &bom.lines {
            let sum = limits.entry(code.as_str()).or_insert(Some(Grams::ZERO));
            let mass = Grams::from_kg(*mass_kg).ok();
            *sum = sum.zip(mass).and_then(|(sum, mass)| sum.checked_add(mass));
        }
        return limits;
    }
    for line in &state.lines {
        let sum = limits
            .entry(line.equipment_code.as_str())
            .or_insert(Some(Grams::ZERO));
        *sum = sum
            .zip(line.limit_g)
            .and_then(|(sum, limit)| sum.checked_add(limit));
    }
    limits
}

/// This answer names no component without equipment, and BoM, product and start only where it can:
/// what it does not name stays uncompared.
pub(super) fn held(accepted: &ErpOrder, now: &ErpOrderState) -> Vec<ChangedField> {
    let mut fields = Vec::new();
    if let Some(product) = &now.product_name
        && accepted.product_name != *product
    {
        fields.push(ChangedField::Product {
            old: accepted.product_name.clone(),
            new: product.clone(),
        });
    }
    if now.planned_start.is_some() && accepted.planned_start != now.planned_start {
        fields.push(ChangedField::PlannedStart {
            old: accepted.planned_start.clone(),
            new: now.planned_start.clone(),
        });
    }
    if Grams::from_kg(accepted.quantity).ok() != Some(now.quantity_g) {
        fields.extend(quantity(accepted.quantity, now.quantity_g.to_kg()));
    }
    if let (Some(old), Some(bom)) = (accepted.bom_quantity, &now.bom)
        && old != bom.quantity_kg
    {
        fields.push(ChangedField::BomQuantity {
            old_kg: old.normalize(),
            new_kg: bom.quantity_kg.normalize(),
        });
    }
    let mut limits = limits(now);
    if limits.values().all(Option::is_none) {
        return fields;
    }
    let mut ours: BTreeMap<&str, (String, Decimal)> = BTreeMap::new();
    for line in &accepted.lines {
        let Some(code) = line.equipment_code.as_deref() else {
            // The ERP may show it under the order's own equipment: not comparable.
            limits.remove(accepted.equipment_code.as_deref().unwrap_or_default());
            continue;
        };
        ours.entry(code)
            .and_modify(|(names, sum)| {
                names.push_str(", ");
                names.push_str(&line.product_name);
                *sum += line.to_consume;
            })
            .or_insert((line.product_name.clone(), line.to_consume));
    }
    let has_uncoded = accepted.lines.iter().any(|l| l.equipment_code.is_none());
    for (code, (product, old_kg)) in ours {
        let equipment = Some(code.to_owned());
        match limits.remove(code) {
            None if has_uncoded && accepted.equipment_code.as_deref() == Some(code) => {}
            None => fields.push(ChangedField::ComponentRemoved {
                product,
                equipment,
                old_kg: old_kg.normalize(),
            }),
            Some(Some(limit)) if Grams::from_kg(old_kg).ok() != Some(limit) => {
                fields.push(ChangedField::ComponentQuantity {
                    product,
                    equipment,
                    old_kg: old_kg.normalize(),
                    new_kg: limit.to_kg(),
                });
            }
            Some(Some(_) | None) => {}
        }
    }
    for (code, limit) in limits {
        if let Some(limit) = limit {
            fields.push(ChangedField::ComponentAdded {
                product: None,
                equipment: Some(code.to_owned()),
                new_kg: limit.to_kg(),
            });
        }
    }
    fields
}

/// Whether an answer about one order tells anything about this field. What it does not tell stays as it was
/// seen: no news is not the news that all is well.
pub(super) fn is_told(field: &ChangedField, now: &ErpOrderState) -> bool {
    let has_lines = || now.bom.is_some() || limits(now).values().any(Option::is_some);
    match field {
        // Asked for by its accepted name, and found.
        ChangedField::Name { .. } | ChangedField::State { .. } | ChangedField::Quantity { .. } => {
            true
        }
        ChangedField::Product { .. } => now.product_name.is_some(),
        ChangedField::PlannedStart { .. } => now.planned_start.is_some(),
        // What could not be read was the recipe; only a whole one takes that back.
        ChangedField::Unreadable { .. } | ChangedField::BomQuantity { .. } => now.bom.is_some(),
        ChangedField::Equipment { .. } => false,
        ChangedField::ComponentAdded { equipment, .. }
        | ChangedField::ComponentRemoved { equipment, .. }
        | ChangedField::ComponentQuantity { equipment, .. } => equipment.is_some() && has_lines(),
        ChangedField::ComponentEquipment { old, new, .. } => {
            old.is_some() && new.is_some() && has_lines()
        }
    }
}
