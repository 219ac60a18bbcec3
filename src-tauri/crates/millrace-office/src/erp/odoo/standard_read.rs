//! The questions that the standard connector asks: orders, components, products, bills of materials,
//! units. Leaves out what is made of the answers (`standard_map.rs`) and what is written
//! (`standard.rs`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::rpc::{Call, Server};
use super::standard::{MOVE, OdooStandard, PRODUCTION};
use super::standard_lot::{self as lot, Tracking};
use super::standard_map::{self as map, Bom, CANCEL, Held, Product, Production};
use super::unit::{self, Units};
use crate::erp::ErpError;

/// An order, its units, and the server that told them.
pub(super) struct Known {
    pub(super) server: Server,
    pub(super) held: Held,
    pub(super) units: Units,
}

impl OdooStandard {
    pub(super) async fn units(&self, server: &Server) -> Result<Units, ErpError> {
        let fields = unit::fields(server.row.uom);
        // A unit that was put out of use may still stand on an old line.
        let call = Call::search("uom.uom", json!([]), &fields)
            .context(Some(json!({"active_test": false})));
        let rows = self.rpc.rows(server, call).await?;
        Units::read(&rows, server.row.uom).map_err(ErpError::protocol)
    }

    pub(super) async fn products(
        &self,
        server: &Server,
        ids: BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, Product>, ErpError> {
        let ids: Vec<i64> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let call = Call::read(
            "product.product",
            &ids,
            &["default_code", "uom_id", "tracking"],
        );
        self.rpc
            .rows(server, call)
            .await?
            .iter()
            .map(|row| map::product(row).map_err(ErpError::protocol))
            .collect()
    }

    /// The live components of these orders.
    pub(super) async fn moves(
        &self,
        server: &Server,
        ids: &[i64],
    ) -> Result<BTreeMap<i64, Result<map::RawMove, String>>, ErpError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let call = Call::read(MOVE, ids, &map::move_fields(server.row));
        let rows = self.rpc.rows(server, call).await?;
        let mut moves = BTreeMap::new();
        for row in rows {
            let id = row
                .get("id")
                .and_then(Value::as_i64)
                .ok_or_else(|| ErpError::protocol("a stock move without a number"))?;
            moves.insert(id, map::raw_move(&row, server.row));
        }
        self.add_lines(server, &mut moves).await?;
        Ok(moves)
    }

    /// Reads the lines of stock under these moves, where any of them is tracked by lot.
    async fn add_lines(
        &self,
        server: &Server,
        moves: &mut BTreeMap<i64, Result<map::RawMove, String>>,
    ) -> Result<(), ErpError> {
        let good = || moves.values().filter_map(|one| one.as_ref().ok());
        if good().all(|one| one.tracking == Tracking::None) {
            return Ok(());
        }
        let ids: Vec<i64> = good().flat_map(|one| one.line_ids.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let call = Call::read(lot::LINE, &ids, &lot::line_fields(server.row));
        for row in self.rpc.rows(server, call).await? {
            let (move_id, line) = lot::stock_line(&row, server.row).map_err(ErpError::protocol)?;
            if let Some(Ok(one)) = moves.get_mut(&move_id) {
                one.lines.push(line);
            }
        }
        Ok(())
    }

    /// The one order of this name, as it stands now.
    pub(super) async fn production(
        &self,
        server: &Server,
        name: &str,
    ) -> Result<Production, ErpError> {
        let fields = map::production_fields(server.row);
        let call = Call::search(PRODUCTION, json!([["name", "=", name]]), &fields)
            .named("limit", json!(2));
        let rows = self.rpc.rows(server, call).await?;
        match rows.as_slice() {
            [one] => {
                let production = map::production(one, server.row).map_err(ErpError::protocol)?;
                if production.name == name {
                    Ok(production)
                } else {
                    Err(ErpError::protocol(format!(
                        "order {} instead of {name}",
                        production.name
                    )))
                }
            }
            [] => Err(ErpError::Refused {
                message: format!("{name} is not known"),
            }),
            _ => Err(ErpError::Refused {
                message: format!("{name} is the name of several orders"),
            }),
        }
    }

    pub(super) async fn held(&self, server: &Server, name: &str) -> Result<Held, ErpError> {
        let production = self.production(server, name).await?;
        let moves = self
            .moves(server, &production.move_ids)
            .await?
            .into_values()
            .collect::<Result<Vec<_>, _>>()
            .map_err(ErpError::protocol)?;
        let moves: Vec<_> = moves
            .into_iter()
            .filter(|one| one.state != CANCEL)
            .collect();
        let products = moves
            .iter()
            .map(|one| one.product_id)
            .chain([production.product_id])
            .collect();
        Ok(Held {
            products: self.products(server, products).await?,
            production,
            moves,
        })
    }

    pub(super) async fn known(&self, name: &str) -> Result<Known, ErpError> {
        let server = self.rpc.server().await?;
        let units = self.units(&server).await?;
        let held = self.held(&server, name).await?;
        Ok(Known {
            server,
            held,
            units,
        })
    }

    /// The bills of materials with their lines.
    pub(super) async fn boms(
        &self,
        server: &Server,
        ids: BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, Bom>, ErpError> {
        let ids: Vec<i64> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let call = Call::read("mrp.bom", &ids, &["product_qty", "product_uom_id"]);
        let mut boms = BTreeMap::new();
        for row in self.rpc.rows(server, call).await? {
            let (id, bom) = map::bom(&row).map_err(ErpError::protocol)?;
            boms.insert(id, bom);
        }
        let fields = ["bom_id", "product_qty", "product_uom_id"];
        let call = Call::search("mrp.bom.line", json!([["bom_id", "in", ids]]), &fields);
        for row in self.rpc.rows(server, call).await? {
            let (bom_id, line_id, quantity, uom_id) =
                map::bom_line(&row).map_err(ErpError::protocol)?;
            if let Some(bom) = boms.get_mut(&bom_id) {
                bom.lines.insert(line_id, (quantity, uom_id));
            }
        }
        Ok(boms)
    }
}
