//! `silo`: what a silo is; its level is in the ledger (`silo_movement`).

use millrace_core::ids::SiloNo;
use millrace_core::silo::Tolerance;
use millrace_core::units::{BasisPoints, Grams};
use rusqlite::params;

use crate::{Read, StoreError, Write};

/// A silo or liquid tank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiloRow {
    /// Its number in the PLC.
    pub silo: SiloNo,
    /// Place in the plant's order, from 0.
    pub position: i64,
    /// Tag in the register map.
    pub tag: String,
    /// What people call it.
    pub label: String,
    /// The ERP's equipment code.
    pub erp_code: String,
    /// What it holds.
    pub material: String,
    /// A tank for liquids.
    pub is_liquid: bool,
    /// Capacity.
    pub capacity_g: Grams,
    /// Low mark.
    pub low_g: Grams,
    /// Largest single dose.
    pub max_dose_g: Grams,
    /// Tolerance of a dose.
    pub tolerance: Tolerance,
    /// Usual rate, grams a second; 0 = unknown.
    pub rate_g_s: i64,
}

impl Read<'_> {
    /// All silos in the plant's order.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silos(&self) -> Result<Vec<SiloRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT silo_no, position, tag, label, erp_code, material, is_liquid, capacity_g, low_g, max_dose_g, tol_share_bp, tol_floor_g, rate_g_s
             FROM silo ORDER BY position",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(SiloRow {
                silo: SiloNo(row.get(0)?),
                position: row.get(1)?,
                tag: row.get(2)?,
                label: row.get(3)?,
                erp_code: row.get(4)?,
                material: row.get(5)?,
                is_liquid: row.get(6)?,
                capacity_g: Grams(row.get(7)?),
                low_g: Grams(row.get(8)?),
                max_dose_g: Grams(row.get(9)?),
                tolerance: Tolerance {
                    share: BasisPoints(row.get(10)?),
                    floor_g: Grams(row.get(11)?),
                },
                rate_g_s: row.get(12)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// Adds a silo, or brings one that is there to these values.
    ///
    /// # Errors
    /// As SQLite reports them.
    pub fn silo_put(&self, silo: &SiloRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO silo (silo_no, position, tag, label, erp_code, material, is_liquid, capacity_g, low_g, max_dose_g, tol_share_bp, tol_floor_g, rate_g_s)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (silo_no) DO UPDATE SET position = excluded.position, tag = excluded.tag, label = excluded.label,
                   erp_code = excluded.erp_code, material = excluded.material, is_liquid = excluded.is_liquid, capacity_g = excluded.capacity_g,
                   low_g = excluded.low_g, max_dose_g = excluded.max_dose_g, tol_share_bp = excluded.tol_share_bp,
                   tol_floor_g = excluded.tol_floor_g, rate_g_s = excluded.rate_g_s",
            )?
            .execute(params![
                silo.silo.0, silo.position, silo.tag, silo.label, silo.erp_code, silo.material, silo.is_liquid,
                silo.capacity_g.0, silo.low_g.0, silo.max_dose_g.0, silo.tolerance.share.0, silo.tolerance.floor_g.0, silo.rate_g_s
            ])?;
        Ok(())
    }
}
