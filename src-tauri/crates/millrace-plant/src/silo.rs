//! The silos and liquid tanks of the demo mill, read from `assets/demo/silos.toml`.
//! Leaves out where a silo's words are (the register map's) and how it doses (`physics`).

use millrace_core::ids::SiloNo;
use millrace_core::units::Grams;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

/// The file built into the program.
const DEMO: &str = include_str!("../../../../assets/demo/silos.toml");

/// A silo file that cannot be used. Its writer's fault.
#[derive(Debug, thiserror::Error)]
pub enum SiloError {
    /// Not TOML, or a key is missing, unknown or of the wrong type.
    #[error("silo file: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value no silo can have.
    #[error("silo {0}: {1}")]
    Value(SiloNo, &'static str),
    /// The same number twice.
    #[error("silo {0} is there twice")]
    Twice(SiloNo),
}

/// One silo or tank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silo {
    /// How the PLC knows it.
    pub number: SiloNo,
    /// The name of its fields in the register map.
    pub tag: String,
    /// What people call it: `A`, `LQ114`.
    pub label: String,
    /// The ERP's equipment code.
    pub odoo_code: String,
    /// What is usually in it.
    pub material: String,
    /// Stock at the first start.
    pub start: Grams,
    /// No single dose may be larger.
    pub max_dose: Grams,
    /// Grams a second with the gate fully open.
    pub feed_g_s: i64,
}

/// All silos, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiloTable {
    silos: Vec<Silo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    silo: Vec<RawSilo>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSilo {
    number: u16,
    tag: String,
    label: String,
    odoo_code: String,
    material: String,
    #[serde(default)]
    alternatives: Vec<String>,
    #[serde(deserialize_with = "decimal")]
    capacity_kg: Decimal,
    #[serde(deserialize_with = "decimal")]
    start_kg: Decimal,
    #[serde(deserialize_with = "decimal")]
    low_kg: Decimal,
    #[serde(deserialize_with = "decimal")]
    max_dose_kg: Decimal,
    #[serde(deserialize_with = "decimal")]
    tolerance_pct: Decimal,
    #[serde(deserialize_with = "decimal")]
    tolerance_min_kg: Decimal,
    #[serde(deserialize_with = "decimal")]
    feed_rate_kg_s: Decimal,
}

/// A TOML number as the decimal that was written: a float's shortest text is that text.
fn decimal<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let value = toml::Value::deserialize(from)?;
    match value {
        toml::Value::Integer(n) => Ok(Decimal::from(n)),
        toml::Value::Float(n) => n.to_string().parse().map_err(serde::de::Error::custom),
        _ => Err(serde::de::Error::custom("a number is expected")),
    }
}

impl RawSilo {
    fn check(self) -> Result<Silo, SiloError> {
        let number = SiloNo(self.number);
        let wrong = |why| SiloError::Value(number, why);
        let grams = |kg| Grams::from_kg(kg).map_err(|_| wrong("a mass is out of range"));
        let (capacity, start, low) = (
            grams(self.capacity_kg)?,
            grams(self.start_kg)?,
            grams(self.low_kg)?,
        );
        let (max_dose, feed) = (grams(self.max_dose_kg)?, grams(self.feed_rate_kg_s)?);
        if low < Grams::ZERO || start < Grams::ZERO || start > capacity || low > capacity {
            return Err(wrong(
                "stock and low mark must lie between zero and the capacity",
            ));
        }
        if max_dose <= Grams::ZERO || feed <= Grams::ZERO {
            return Err(wrong("largest dose and feed rate must be above zero"));
        }
        if self.tolerance_pct <= Decimal::ZERO || self.tolerance_min_kg <= Decimal::ZERO {
            return Err(wrong("tolerances must be above zero"));
        }
        if self.alternatives.iter().any(String::is_empty) {
            return Err(wrong("an alternative material has no name"));
        }
        Ok(Silo {
            number,
            tag: self.tag,
            label: self.label,
            odoo_code: self.odoo_code,
            material: self.material,
            start,
            max_dose,
            feed_g_s: feed.0,
        })
    }
}

impl SiloTable {
    /// The demo mill's silos.
    ///
    /// # Errors
    /// [`SiloError`], which a test rules out for the built-in file.
    pub fn demo() -> Result<SiloTable, SiloError> {
        SiloTable::parse(DEMO)
    }

    /// Silos from a file's text.
    ///
    /// # Errors
    /// [`SiloError`] naming the silo and what is wrong.
    pub fn parse(text: &str) -> Result<SiloTable, SiloError> {
        let raw: RawFile = toml::from_str(text)?;
        let mut silos: Vec<Silo> = Vec::with_capacity(raw.silo.len());
        for one in raw.silo {
            let silo = one.check()?;
            if silos.iter().any(|s| s.number == silo.number) {
                return Err(SiloError::Twice(silo.number));
            }
            silos.push(silo);
        }
        Ok(SiloTable { silos })
    }

    /// All of them, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Silo] {
        &self.silos
    }

    /// The silo with this number.
    #[must_use]
    pub fn get(&self, number: SiloNo) -> Option<&Silo> {
        self.silos.iter().find(|s| s.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_file_has_fifteen_silos_with_exact_feed_rates() {
        let table = SiloTable::demo().expect("the built-in file is valid");
        assert_eq!(table.all().len(), 15);
        let fml = table.get(SiloNo(115)).expect("tank 115");
        assert_eq!((fml.feed_g_s, fml.max_dose), (2_800, Grams(500_000)));
        assert_eq!(fml.label, "LQ115");
        assert_eq!(table.get(SiloNo(101)).expect("silo A").label, "A");
    }

    #[test]
    fn an_unknown_key_and_a_second_silo_of_the_same_number_are_refused() {
        let misspelt = DEMO.replacen("low_kg", "low_kgs", 1);
        // The comment holds the first mention; the key is the one after it.
        let misspelt = misspelt.replacen("\nlow_kg ", "\nlowkg ", 1);
        assert!(matches!(
            SiloTable::parse(&misspelt),
            Err(SiloError::Toml(_))
        ));
        let twice = DEMO.replace("number = 102", "number = 101");
        assert!(matches!(
            SiloTable::parse(&twice),
            Err(SiloError::Twice(SiloNo(101)))
        ));
    }
}
