//! The control recipe: an immutable snapshot of what will be dosed, with a content hash that every
//! signature is bound to. Leaves out how it came to be ([`crate::intake`]) and how the PLC wants it
//! ([`crate::registers`]).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::SiloNo;
use crate::silo::Tolerance;
use crate::units::Grams;

/// Version of the canonical encoding under the content hash. A change makes a new number.
const ENCODING: &str = "millrace-recipe-1";

/// What one batch is to be made of. Mass is already rounded to the PLC's step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecipe {
    /// The order's name in the ERP, exactly as the PLC will carry it.
    pub order_name: String,
    /// Which batch of the order, from 1.
    pub batch_index: u32,
    /// The finished product.
    pub product_name: String,
    /// Line on which it is made.
    pub line_name: String,
    /// Ordered mass of this batch (silo lines and manual lines together, within 2 %).
    pub planned_g: Grams,
    /// What the silos dose, one line a silo, in the order of the recipe.
    pub silo_lines: Vec<SiloLine>,
    /// What people add by hand.
    pub manual_lines: Vec<ManualLine>,
}

/// One silo's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiloLine {
    /// The silo.
    pub silo: SiloNo,
    /// The ERP's equipment code, to which the consumption is posted.
    pub erp_code: String,
    /// The material's name.
    pub material: String,
    /// To be dosed, a whole number of PLC steps.
    pub planned_g: Grams,
    /// Allowed deviation.
    pub tolerance: Tolerance,
}

/// One line without a silo (salt, chalk): shown, signed, weighed by hand, not downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualLine {
    /// The material's name.
    pub material: String,
    /// The ERP's equipment code (the order's own).
    pub erp_code: String,
    /// The ERP's product id, where known.
    pub product_id: Option<i64>,
    /// To be added.
    pub planned_g: Grams,
}

/// SHA-256 over the canonical encoding, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub String);

impl ControlRecipe {
    /// What the silos dose in total: the figure that the PLC's mass balance is held against.
    #[must_use]
    pub fn silo_total(&self) -> Grams {
        Grams(self.silo_lines.iter().map(|line| line.planned_g.0).sum())
    }

    /// The content hash: every field, length-prefixed, in a fixed order. Any change changes it.
    #[must_use]
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        let mut field = |text: &str| {
            hasher.update(text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        };
        field(ENCODING);
        field(&self.order_name);
        field(&self.batch_index.to_string());
        field(&self.product_name);
        field(&self.line_name);
        field(&self.planned_g.0.to_string());
        field(&self.silo_lines.len().to_string());
        for line in &self.silo_lines {
            field(&line.silo.to_string());
            field(&line.erp_code);
            field(&line.material);
            field(&line.planned_g.0.to_string());
            field(&line.tolerance.share.0.to_string());
            field(&line.tolerance.floor_g.0.to_string());
        }
        field(&self.manual_lines.len().to_string());
        for line in &self.manual_lines {
            field(&line.material);
            field(&line.erp_code);
            field(&line.product_id.map(|id| id.to_string()).unwrap_or_default());
            field(&line.planned_g.0.to_string());
        }
        ContentHash(crate::audit::hex(&hasher.finalize()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::units::BasisPoints;

    pub(crate) fn sample() -> ControlRecipe {
        ControlRecipe {
            order_name: "WH/MO/00101".into(),
            batch_index: 1,
            product_name: "LAYER FEED 16".into(),
            line_name: "Line 1".into(),
            planned_g: Grams(1_000_000),
            silo_lines: vec![SiloLine {
                silo: SiloNo(101),
                erp_code: "silo101".into(),
                material: "PKE pellet".into(),
                planned_g: Grams(988_000),
                tolerance: Tolerance {
                    share: BasisPoints(1_000),
                    floor_g: Grams(2_000),
                },
            }],
            manual_lines: vec![ManualLine {
                material: "CaCO3".into(),
                erp_code: "PLC01".into(),
                product_id: Some(997),
                planned_g: Grams(12_000),
            }],
        }
    }

    #[test]
    fn any_single_change_changes_the_hash() {
        let base = sample().content_hash();
        type Edit = fn(&mut ControlRecipe);
        let edits: [Edit; 9] = [
            |r| r.order_name.push('1'),
            |r| r.batch_index = 2,
            |r| r.product_name.push('X'),
            |r| r.planned_g = Grams(1),
            |r| r.silo_lines[0].silo = SiloNo(102),
            |r| r.silo_lines[0].planned_g = Grams(988_010),
            |r| r.silo_lines[0].tolerance.floor_g = Grams(0),
            |r| r.manual_lines[0].planned_g = Grams(12_010),
            |r| r.manual_lines.clear(),
        ];
        for (n, edit) in edits.into_iter().enumerate() {
            let mut recipe = sample();
            edit(&mut recipe);
            assert_ne!(recipe.content_hash(), base, "edit {n}");
        }
        assert_eq!(sample().content_hash(), base);
    }

    #[test]
    fn text_cannot_slide_between_fields() {
        let mut a = sample();
        a.product_name = "AB".into();
        a.line_name = "C".into();
        let mut b = sample();
        b.product_name = "A".into();
        b.line_name = "BC".into();
        assert_ne!(a.content_hash(), b.content_hash());
    }
}
