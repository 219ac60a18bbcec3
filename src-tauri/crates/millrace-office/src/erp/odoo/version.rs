//! THE table of what differs between Odoo's versions, and how a server's row is found: the version
//! is a hint, the fields of `stock.move` are the truth.
//! Leaves out talking (`rpc.rs`) and what the fields mean (`standard_map.rs`).

use serde_json::{Map, Value};

use crate::erp::ErpError;

/// How a consumption is kept from being overwritten by the BoM's quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manual {
    /// There is nothing of the kind; these versions do not overwrite what stands in a move.
    Absent,
    /// By a flag in the context of the write.
    Context,
    /// By a field of the move.
    Field,
}

/// What `uom.uom.factor` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UomForm {
    /// Units of this kind that make one reference unit; a category says what belongs together.
    PerReference,
    /// Root units in one of this kind; the root of the path says what belongs together.
    InRoot,
}

/// One row: how one version speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VersionRow {
    /// The major version.
    pub(super) major: u16,
    /// The consumed quantity on `stock.move`.
    pub(super) consumed: &'static str,
    /// The done quantity on `stock.move.line`.
    pub(super) line_quantity: &'static str,
    /// The lot of what an order makes.
    pub(super) finished_lot: &'static str,
    /// Closing an order makes that lot where nobody entered one.
    pub(super) makes_finished_lot: bool,
    /// That quantity counts only with `picked`: before, it is a reservation.
    pub(super) has_picked: bool,
    /// How a consumption is protected.
    pub(super) manual: Manual,
    /// The planned start on `mrp.production`.
    pub(super) planned_start: &'static str,
    /// That field keeps the plan once work has begun; else it tells the real start then.
    pub(super) start_stays_planned: bool,
    /// A reservation must go before the write, or part of it is lost between units.
    pub(super) unreserve_before_write: bool,
    /// What `uom.uom.factor` means.
    pub(super) uom: UomForm,
    /// The method that tells whether a model may be read or written.
    pub(super) access: &'static str,
    /// There is `/json/2`.
    pub(super) has_json2: bool,
}

const fn up_to_16(major: u16, manual: Manual) -> VersionRow {
    VersionRow {
        major,
        consumed: "quantity_done",
        line_quantity: "qty_done",
        finished_lot: "lot_producing_id",
        makes_finished_lot: false,
        has_picked: false,
        manual,
        planned_start: "date_planned_start",
        start_stays_planned: true,
        unreserve_before_write: false,
        uom: UomForm::PerReference,
        access: "check_access_rights",
        has_json2: false,
    }
}

/// All versions that are spoken, oldest first.
pub(super) const VERSIONS: [VersionRow; 6] = [
    up_to_16(14, Manual::Absent),
    up_to_16(15, Manual::Absent),
    up_to_16(16, Manual::Context),
    VersionRow {
        major: 17,
        consumed: "quantity",
        line_quantity: "quantity",
        has_picked: true,
        planned_start: "date_start",
        start_stays_planned: false,
        unreserve_before_write: true,
        ..up_to_16(17, Manual::Context)
    },
    VersionRow {
        major: 18,
        consumed: "quantity",
        line_quantity: "quantity",
        has_picked: true,
        planned_start: "date_start",
        start_stays_planned: false,
        unreserve_before_write: true,
        access: "has_access",
        ..up_to_16(18, Manual::Field)
    },
    VersionRow {
        major: 19,
        consumed: "quantity",
        line_quantity: "quantity",
        finished_lot: "lot_producing_ids",
        makes_finished_lot: true,
        has_picked: true,
        planned_start: "date_start",
        start_stays_planned: false,
        uom: UomForm::InRoot,
        access: "has_access",
        has_json2: true,
        ..up_to_16(19, Manual::Field)
    },
];

/// The fields that decide between the rows.
pub(super) const TELLING_FIELDS: [&str; 4] =
    ["quantity_done", "quantity", "picked", "manual_consumption"];

/// The major version in the answer of `common.version`; hosted servers write `saas~17` there.
pub(super) fn major_hint(version: &Value) -> Option<u16> {
    match version.pointer("/server_version_info/0")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok(),
        Value::String(text) => {
            let digits: String = text
                .chars()
                .skip_while(|c| !c.is_ascii_digit())
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The row for a server with this hint and these fields on `stock.move`. A server older or newer
/// than the table is taken for the nearest row that its fields allow.
pub(super) fn row(
    hint: Option<u16>,
    fields: &Map<String, Value>,
) -> Result<&'static VersionRow, ErpError> {
    let has = |name: &str| fields.contains_key(name);
    let fits = |row: &&VersionRow| {
        has(row.consumed)
            && row.has_picked == has("picked")
            && (row.manual != Manual::Absent) == has("manual_consumption")
    };
    let distance = |row: &&VersionRow| hint.map_or(0, |hint| hint.abs_diff(row.major));
    // Without a hint the newest row that fits.
    VERSIONS
        .iter()
        .rev()
        .filter(fits)
        .min_by_key(distance)
        .ok_or_else(|| {
            ErpError::protocol("stock.move has not the fields of any Odoo from 14 to 19")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(names: &[&str]) -> Map<String, Value> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "float"})))
            .collect()
    }

    #[test]
    fn each_version_is_found_by_its_fields_and_its_number() {
        for known in &VERSIONS {
            let mut names = vec![known.consumed];
            if known.has_picked {
                names.push("picked");
            }
            if known.manual != Manual::Absent {
                names.push("manual_consumption");
            }
            let found = row(Some(known.major), &fields(&names)).expect("a known version");
            assert_eq!(found.major, known.major);
        }
    }

    #[test]
    fn the_fields_win_over_the_number() {
        let old = row(Some(17), &fields(&["quantity_done", "manual_consumption"]));
        assert_eq!(old.map(|row| row.major), Ok(16));
        let new = row(
            Some(20),
            &fields(&["quantity", "picked", "manual_consumption"]),
        );
        assert_eq!(new.map(|row| row.major), Ok(19));
        let unnamed = row(None, &fields(&["quantity_done"]));
        assert_eq!(unnamed.map(|row| row.major), Ok(15));
        assert!(row(Some(17), &fields(&["product_uom_qty"])).is_err());
    }

    #[test]
    fn a_hosted_servers_number_is_read() {
        let hint = |first: Value| major_hint(&json!({"server_version_info": [first, 0]}));
        assert_eq!(hint(json!(16)), Some(16));
        assert_eq!(hint(json!("saas~17")), Some(17));
        assert_eq!(hint(json!("saas")), None);
        assert_eq!(major_hint(&json!({})), None);
    }
}
