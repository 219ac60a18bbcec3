//! `erp_order.lot_notes`: what a person must still do about lots in the ERP, as its list showed it last.
//! Leaves out the order itself (`erp_order.rs`).

use std::collections::BTreeMap;

use millrace_core::erp_lot::LotNote;
use millrace_core::ids::OrderId;
use rusqlite::{OptionalExtension, params};

use super::{parse_json, to_json};
use crate::{Read, StoreError, Write};

impl Read<'_> {
    /// What is missing about lots of an order; empty = nothing, as far as the ERP's list told.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_lot_notes(&self, id: OrderId) -> Result<Vec<LotNote>, StoreError> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT lot_notes FROM erp_order WHERE id = ?1")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .flatten();
        text.map_or(Ok(Vec::new()), |text| {
            parse_json("erp_order.lot_notes", &text)
        })
    }
}

impl Write<'_> {
    /// Keeps what an ERP's whole list of open orders tells about lots, by the order's name. An order that
    /// the list does not name has no note: once it is booked on, its lots were there.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn order_lots_noted(
        &self,
        erp_instance: &str,
        notes: &BTreeMap<String, Vec<LotNote>>,
    ) -> Result<(), StoreError> {
        let names: Vec<&String> = notes.keys().collect();
        self.connection
            .prepare_cached(
                "UPDATE erp_order SET lot_notes = NULL WHERE erp_instance = ?1 AND lot_notes IS NOT NULL
                 AND name NOT IN (SELECT value FROM json_each(?2))",
            )?
            .execute(params![erp_instance, to_json("names", &names)?])?;
        for (name, notes) in notes {
            self.connection
                .prepare_cached(
                    "UPDATE erp_order SET lot_notes = ?3 WHERE erp_instance = ?1 AND name = ?2 AND lot_notes IS NOT ?3",
                )?
                .execute(params![
                    erp_instance,
                    name,
                    to_json("erp_order.lot_notes", notes)?
                ])?;
        }
        Ok(())
    }
}
