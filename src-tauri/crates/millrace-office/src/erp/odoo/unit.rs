//! Units of measure: any mass that Odoo knows to whole grams, once, and back without losing one.
//! Refuses what is no mass and what cannot be written exactly. Pure; no float arithmetic.
//! Leaves out orders (`standard_map.rs`).

use std::collections::BTreeMap;

use millrace_core::units::{Grams, PLC_STEP};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use super::reading::{Why, decimal, reference, text};
use super::version::UomForm;

/// The unit that anchors every other: its name is the same in all languages.
const ANCHOR: &str = "kg";

/// One unit, as the server describes it.
#[derive(Debug, Clone, PartialEq)]
struct Unit {
    name: String,
    /// Grams in one of it, as a fraction; `None` when it is no mass.
    grams: Option<(Decimal, Decimal)>,
    /// Its rounding step, in itself.
    step: Decimal,
}

/// The units of one server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Units {
    by_id: BTreeMap<i64, Unit>,
}

/// The fields that [`Units::read`] wants.
pub(super) fn fields(form: UomForm) -> [&'static str; 4] {
    match form {
        UomForm::PerReference => ["name", "factor", "rounding", "category_id"],
        UomForm::InRoot => ["name", "factor", "rounding", "parent_path"],
    }
}

impl Units {
    /// Reads the rows of `uom.uom`. Units of the kilogram's family become masses.
    pub(super) fn read(rows: &[Value], form: UomForm) -> Result<Units, Why> {
        let mut found = Vec::new();
        for row in rows {
            let row = row.as_object().ok_or("a unit is not an object")?;
            let id = super::reading::id(row, "id")?;
            let name = text(row, "name")?.to_owned();
            let factor = decimal(row, "factor")?;
            let step = decimal(row, "rounding")?;
            found.push((id, name, factor, step, family(row, form)?));
        }
        let mut anchors = found
            .iter()
            .filter(|(_, name, factor, ..)| name.eq_ignore_ascii_case(ANCHOR) && !factor.is_zero());
        let anchor = match (anchors.next(), anchors.next()) {
            (Some(anchor), None) => Some((anchor.2, anchor.4.clone())),
            (None, _) => None,
            (Some(_), Some(_)) => return Err("two units are called kg".to_owned()),
        };
        let by_id = found
            .iter()
            .map(|(id, name, factor, step, family)| {
                let grams = anchor
                    .as_ref()
                    .filter(|(_, kin)| kin == family && *factor > Decimal::ZERO)
                    .map(|(kg, _)| match form {
                        UomForm::PerReference => (*kg * Decimal::ONE_THOUSAND, *factor),
                        UomForm::InRoot => (*factor * Decimal::ONE_THOUSAND, *kg),
                    });
                let unit = Unit {
                    name: name.clone(),
                    grams,
                    step: *step,
                };
                (*id, unit)
            })
            .collect();
        Ok(Units { by_id })
    }

    fn mass(&self, id: i64) -> Result<(&Unit, Decimal, Decimal), Why> {
        let unit = self
            .by_id
            .get(&id)
            .ok_or_else(|| format!("the unit with number {id} is not known"))?;
        let (num, den) = unit
            .grams
            .ok_or_else(|| format!("the unit {} is not a mass", unit.name))?;
        Ok((unit, num, den))
    }

    /// A quantity in exact kilograms, as far as 28 digits go.
    pub(super) fn kilograms(&self, id: i64, quantity: Decimal) -> Result<Decimal, Why> {
        let (unit, num, den) = self.mass(id)?;
        quantity
            .checked_mul(num)
            .and_then(|grams| grams.checked_div(den))
            .and_then(|grams| grams.checked_div(Decimal::ONE_THOUSAND))
            .map(|kg| kg.normalize())
            .ok_or_else(|| format!("{quantity} {} is out of range", unit.name))
    }

    /// A quantity in whole grams, rounded half up.
    pub(super) fn grams(&self, id: i64, quantity: Decimal) -> Result<Grams, Why> {
        let kg = self.kilograms(id, quantity)?;
        Grams::from_kg(kg).map_err(|error| error.to_string())
    }

    /// A mass in this unit, on its rounding step, exact to the gram or refused.
    pub(super) fn quantity(&self, id: i64, mass: Grams) -> Result<Decimal, Why> {
        let (unit, num, den) = self.mass(id)?;
        let cannot = || {
            format!(
                "{mass} cannot be written in {} with steps of {}",
                unit.name, unit.step
            )
        };
        let exact = Decimal::from(mass.0)
            .checked_mul(den)
            .and_then(|product| product.checked_div(num))
            .ok_or_else(cannot)?;
        let steps = exact
            .checked_div(unit.step)
            .ok_or_else(cannot)?
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let quantity = steps.checked_mul(unit.step).ok_or_else(cannot)?.normalize();
        if self.grams(id, quantity)? == mass {
            Ok(quantity)
        } else {
            Err(cannot())
        }
    }

    /// Refuses a unit whose rounding step cannot tell one step of the PLC from the next: what was
    /// dosed could not be booked.
    pub(super) fn check_postable(&self, id: i64) -> Result<(), Why> {
        let (unit, num, den) = self.mass(id)?;
        let too_coarse = || {
            format!(
                "the unit {} counts in steps of {}: a dose of {PLC_STEP} cannot be booked",
                unit.name, unit.step
            )
        };
        let step = unit
            .step
            .checked_mul(num)
            .and_then(|grams| grams.checked_div(den))
            .filter(|grams| *grams > Decimal::ZERO)
            .ok_or_else(too_coarse)?;
        let in_one = Decimal::from(PLC_STEP.0).checked_div(step);
        match in_one {
            Some(count) if count.fract().is_zero() && count.to_i64() != Some(0) => Ok(()),
            Some(_) | None => Err(too_coarse()),
        }
    }

    /// The half of a unit's rounding step, at least one gram: quantities nearer than this are equal.
    pub(super) fn tolerance(&self, id: i64) -> Result<Grams, Why> {
        let step = self.mass(id)?.0.step;
        let half = self.grams(id, step / Decimal::TWO)?;
        Ok(half.max(Grams(1)))
    }
}

/// What a unit must share with the kilogram to be a mass.
fn family(row: &Map<String, Value>, form: UomForm) -> Result<String, Why> {
    match form {
        UomForm::PerReference => Ok(reference(row, "category_id")?
            .map(|(id, _)| id.to_string())
            .unwrap_or_default()),
        UomForm::InRoot => Ok(text(row, "parent_path")?
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned()),
    }
}
