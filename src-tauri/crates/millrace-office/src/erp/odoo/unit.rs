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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const FORMS: [UomForm; 2] = [UomForm::PerReference, UomForm::InRoot];
    const KG: i64 = 1;
    const G: i64 = 2;
    const T: i64 = 3;
    const LB: i64 = 4;
    const PIECE: i64 = 5;

    /// Kilogram, gram, tonne and pound, and a piece that is no mass.
    fn units(form: UomForm) -> Units {
        let rows = match form {
            UomForm::PerReference => json!([
                {"id": KG, "name": "kg", "factor": 1.0, "rounding": 0.01, "category_id": [2, "Weight"]},
                {"id": G, "name": "g", "factor": 1000.0, "rounding": 0.01, "category_id": [2, "Weight"]},
                {"id": T, "name": "t", "factor": 0.001, "rounding": 0.00001, "category_id": [2, "Weight"]},
                {"id": LB, "name": "lb", "factor": 2.20462, "rounding": 0.01, "category_id": [2, "Weight"]},
                {"id": PIECE, "name": "Units", "factor": 1.0, "rounding": 0.01, "category_id": [1, "Unit"]}]),
            UomForm::InRoot => json!([
                {"id": KG, "name": "kg", "factor": 1000.0, "rounding": 0.01, "parent_path": "2/1/"},
                {"id": G, "name": "g", "factor": 1.0, "rounding": 0.01, "parent_path": "2/"},
                {"id": T, "name": "t", "factor": 1000000.0, "rounding": 0.00001, "parent_path": "2/1/3/"},
                {"id": LB, "name": "lb", "factor": 453.592, "rounding": 0.01, "parent_path": "2/4/"},
                {"id": PIECE, "name": "Units", "factor": 1.0, "rounding": 0.01, "parent_path": "5/"}]),
        };
        Units::read(rows.as_array().expect("rows"), form).expect("units")
    }

    #[test]
    fn what_is_no_mass_is_refused() {
        for form in FORMS {
            let units = units(form);
            let one = Decimal::ONE;
            assert_eq!(units.grams(LB, one).map(|mass| mass.0), Ok(454));
            for id in [PIECE, 99] {
                assert!(units.grams(id, one).is_err() && units.check_postable(id).is_err());
                assert!(units.quantity(id, Grams(1)).is_err());
            }
        }
        let nothing = json!([{"id": 1, "name": "Units", "factor": 1.0, "rounding": 0.01, "category_id": [1, "Unit"]}]);
        let rows = nothing.as_array().expect("rows");
        let none = Units::read(rows, UomForm::PerReference).expect("units without a mass");
        assert!(none.grams(1, Decimal::ONE).is_err());
        let twice = json!([
            {"id": 1, "name": "kg", "factor": 1.0, "rounding": 0.01, "category_id": [1, "Weight"]},
            {"id": 2, "name": "KG", "factor": 1.0, "rounding": 0.01, "category_id": [2, "Other"]}]);
        let rows = twice.as_array().expect("rows");
        assert!(Units::read(rows, UomForm::PerReference).is_err());
    }

    #[test]
    fn a_unit_that_cannot_tell_one_dose_from_the_next_is_not_posted_in() {
        for form in FORMS {
            let units = units(form);
            for id in [KG, G, T] {
                assert_eq!(units.check_postable(id), Ok(()), "{id}");
            }
            assert!(units.check_postable(LB).is_err());
        }
        let coarse = json!([
            {"id": 1, "name": "kg", "factor": 1.0, "rounding": 1.0, "category_id": [2, "Weight"]},
            {"id": 2, "name": "t", "factor": 0.001, "rounding": 0.01, "category_id": [2, "Weight"]},
            {"id": 3, "name": "g", "factor": 1000.0, "rounding": 0.0, "category_id": [2, "Weight"]}]);
        let rows = coarse.as_array().expect("rows");
        let units = Units::read(rows, UomForm::PerReference).expect("units");
        for id in 1..=3 {
            assert!(units.check_postable(id).is_err(), "{id}");
        }
        assert!(units.quantity(1, Grams(59_870)).is_err(), "not exact");
        assert_eq!(units.quantity(1, Grams(60_000)), Ok(Decimal::from(60)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for form in FORMS {
            let units = units(form);
            for id in [KG, G, T, LB] {
                assert!(units.grams(id, Decimal::MAX).is_err(), "{id}");
                assert!(units.grams(id, Decimal::MIN).is_err(), "{id}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_mass_comes_back_from_each_unit_to_the_gram(tens in 0_i64..=100_000_000_000) {
            let mass = Grams(tens * 10);
            for form in FORMS {
                let units = units(form);
                for id in [KG, G, T] {
                    let quantity = units.quantity(id, mass).expect("it can be written");
                    prop_assert!(quantity >= Decimal::ZERO);
                    prop_assert_eq!(units.grams(id, quantity), Ok(mass));
                }
            }
        }

        #[test]
        fn a_gram_is_kept_where_the_unit_counts_grams(grams in -1_000_000_000_i64..=1_000_000_000) {
            for form in FORMS {
                let units = units(form);
                prop_assert_eq!(units.grams(G, Decimal::from(grams)), Ok(Grams(grams)));
                prop_assert_eq!(units.grams(KG, Decimal::new(grams, 3)), Ok(Grams(grams)));
                prop_assert_eq!(units.grams(T, Decimal::new(grams, 6)), Ok(Grams(grams)));
            }
        }

        #[test]
        fn any_number_is_a_mass_or_refused(mantissa in any::<i64>(), scale in 0_u32..=18) {
            for form in FORMS {
                let units = units(form);
                for id in [KG, G, T, LB] {
                    let quantity = Decimal::new(mantissa, scale);
                    if let Ok(mass) = units.grams(id, quantity) {
                        let same_sign = mass.0 == 0 || (mass.0 > 0) == (mantissa > 0);
                        prop_assert!(same_sign, "{quantity} became {mass}");
                    }
                }
            }
        }

        #[test]
        fn a_scaled_recipe_keeps_its_sum_to_the_rounding(
            lines in proptest::collection::vec(1_i64..=2_000_000, 1..16),
            order_kg in 1_i64..=100_000,
        ) {
            let bom: i64 = lines.iter().sum();
            let kg = |grams: i64| Decimal::new(grams, 3);
            let order = Decimal::from(order_kg);
            let mut sum = 0_i64;
            for line in &lines {
                let mass = super::super::standard_map::scale(kg(*line), order, kg(bom))
                    .expect("in range");
                prop_assert!(mass.0 >= 0);
                sum += mass.0;
            }
            // Half a gram a line at most.
            let count = i64::try_from(lines.len()).expect("a few");
            prop_assert!((sum - order_kg * 1000).abs() * 2 <= count, "{sum} g of {order_kg} kg");
        }

        #[test]
        fn a_multiple_of_the_bom_scales_exactly(
            lines in proptest::collection::vec(1_i64..=2_000_000, 1..16),
            times in 1_i64..=1_000,
        ) {
            let bom: i64 = lines.iter().sum();
            let kg = |grams: i64| Decimal::new(grams, 3);
            for line in lines {
                let mass = super::super::standard_map::scale(kg(line), kg(bom * times), kg(bom));
                prop_assert_eq!(mass, Ok(Grams(line * times)));
            }
        }
    }
}
