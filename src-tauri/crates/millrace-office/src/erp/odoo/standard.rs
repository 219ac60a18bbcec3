//! Odoo's standard external API as an [`ErpConnector`]: confirmed orders with their BoM, and the
//! posting procedure: read, compare, one write, read back; or, where our addon is installed, one
//! booking under the message's key.
//! Leaves out transport (`rpc.rs`), the questions (`standard_read.rs`) and JSON (`standard_map.rs`,
//! `standard_post.rs`, `standard_book.rs`).
//!
//! What real servers were seen to do, and why it does no harm here:
//! - Closing books the BoM, cancels components or closes a draft (17+), when nothing or half was
//!   reported: `closing` demands a report for each component first, and the state is read before.
//! - Weight and components are one write, marked as manual; a BoM quantity cannot replace them.
//! - Closing and writing twice: quantities are absolute, and what is held already is not written.
//! - A write to a closed order moves stock: a closed order is only compared, never written.
//! - Closing answers true or a wizard, both without meaning: the state read back decides.
//! - `skip_consumption` passes over a strict BoM: it goes out only after the quantities were proved.
//! - A backorder renames its order: none is ever asked for, and an order whose name is gone is
//!   refused, not guessed.
//! - A reservation looks like a consumption (17+): without `picked` it counts as nothing.
//! - `date_finished` stands before the end (17+): it is never read.
//! - Units round: a unit that cannot carry one step of the PLC is refused with the order, values
//!   that are not exact are refused with the post, reservations are given back first (17, 18).
//! - Missing stock is no error there and none here: the ledger of the plant tells what was used.
//! - Zero cancels a component at the end, negative is taken by 16 and 17: the one is meant, the
//!   other is refused before it is sent. Cancelled rests (up to 16) are passed over.
//! - Cancelling a closed order says true and does nothing (up to 18): the state is read on both sides.
//! - A lost connection stops nothing: no call is repeated, and the outcome is told as unknown.
//! - A quantity on a tracked move lands on another lot or on none: its lines are written, and read back.
//! - `set_qty_producing` overwrites consumption: it is never called.
//! - No call writes and closes at once: between the two stands a read.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use millrace_core::audit::anchor::Anchor;
use millrace_core::erp::{ConsumptionPost, ErpOrderState, MaterialPost, PostAnswer};
use millrace_core::units::Grams;
use serde_json::{Value, json};

use super::rpc::{Call, OdooRpc, Server, Way};
use super::standard_book as addon;
use super::standard_lot as lot;
use super::standard_map::{self as map, CANCEL, DONE, Held, Materials};
use super::standard_post::{self as posting, Target, Verdict};
use super::standard_read::Known;
use crate::erp::probe::{ProbeReport, ProbeStep, Probing};
use crate::erp::{
    ErpConfig, ErpConnector, ErpError, ErpInfo, ErpKind, Guarantee, Lost, OrderPage,
    UnreadableOrder,
};

pub(super) const PRODUCTION: &str = "mrp.production";
pub(super) const MOVE: &str = "stock.move";

/// What the user must be allowed to do: model and operation.
const RIGHTS: [(&str, &str); 7] = [
    (PRODUCTION, "read"),
    (PRODUCTION, "write"),
    (MOVE, "read"),
    (MOVE, "write"),
    ("mrp.bom", "read"),
    ("product.product", "read"),
    ("uom.uom", "read"),
];

/// Odoo without any addon of ours.
#[derive(Debug)]
pub struct OdooStandard {
    pub(super) rpc: OdooRpc,
    database: String,
    login: String,
    materials: Materials,
}

impl OdooStandard {
    /// A connector by these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErpError::Config`] with the setting at fault.
    pub fn open(config: &ErpConfig) -> Result<OdooStandard, ErpError> {
        Ok(OdooStandard {
            rpc: OdooRpc::open(config)?,
            database: config.database.clone(),
            login: config.login.clone(),
            materials: config.materials.clone(),
        })
    }

    /// Writes weight and components together and believes only what is read back.
    async fn write(&self, known: &Known, target: &Target) -> Result<(), ErpError> {
        let Known {
            server,
            held,
            units,
        } = known;
        let production = &held.production;
        let values = posting::values(target, held, units, server.row)?;
        if posting::gives_back(held, server.row) {
            let call = Call::of(PRODUCTION, "do_unreserve").ids(&[production.id]);
            self.rpc.call(server, call).await?;
        }
        let call = Call::of(PRODUCTION, "write")
            .ids(&[production.id])
            .arg("vals", values)
            .context(posting::context(server.row));
        if self.rpc.call(server, call).await? != Value::Bool(true) {
            return Err(ErpError::protocol("a write that does not say true"));
        }
        let now = self.held(server, &production.name).await.map_err(sent)?;
        match posting::verdict(target, &now, units, server.row)? {
            Verdict::Holds => {
                posting::lots_hold(target, held, &now).map_err(|what| ErpError::Refused {
                    message: format!("it took the write, but holds {what}"),
                })
            }
            Verdict::Differs(what) => Err(ErpError::Refused {
                message: format!("it took the write, but holds {what}"),
            }),
        }
    }

    /// Books through the addon, and answers whether it was booked before. `None`: the addon is not there any
    /// more, and nothing was booked.
    async fn book(
        &self,
        known: &Known,
        target: &Target,
        post: &ConsumptionPost,
        anchor: Option<&Anchor>,
    ) -> Result<Option<bool>, ErpError> {
        let Known {
            server,
            held,
            units,
        } = known;
        let anchor = anchor.filter(|_| server.posting.as_deref().is_some_and(addon::keeps_anchor));
        let call = addon::call(&post.key, target, held, units)?;
        let mut answer = match anchor {
            Some(anchor) => {
                self.rpc
                    .call(server, addon::with(call.clone(), anchor))
                    .await
            }
            None => self.rpc.call(server, call.clone()).await,
        };
        // An older one took its place meanwhile: what it refused is undone, and the anchor is no reason.
        if anchor.is_some()
            && matches!(&answer, Err(ErpError::Refused { message }) if message.contains("anchor"))
        {
            answer = self.rpc.call(server, call).await;
        }
        match answer {
            Ok(answer) => addon::check(&answer, target, held, units).map(Some),
            // It said no; or somebody took it away, which Odoo tells by the same exception.
            Err(refusal @ ErpError::Refused { .. }) => match self.rpc.server().await {
                Ok(now) if now.posting.is_none() => Ok(None),
                Ok(_) | Err(_) => Err(addon::missing_lot(target, held).unwrap_or(refusal)),
            },
            Err(error) => Err(error),
        }
    }

    async fn consume(
        &self,
        post: &ConsumptionPost,
        anchor: Option<&Anchor>,
    ) -> Result<PostAnswer, ErpError> {
        let known = self.known(&post.order_name).await?;
        let target = posting::target(post, &known.held, &self.materials)?;
        let verdict = posting::verdict(&target, &known.held, &known.units, known.server.row);
        let is_there = verdict == Ok(Verdict::Holds) && known.held.production.state == DONE;
        // The addon is asked even about a closed order that holds something else: this may be an
        // old message whose answer was lost, and only the key knows.
        let booked = if known.server.posting.is_some() && !is_there {
            self.book(&known, &target, post, anchor).await?
        } else {
            None
        };
        if booked.is_none() {
            match verdict? {
                Verdict::Holds => {}
                Verdict::Differs(_) => self.write(&known, &target).await?,
            }
        }
        Ok(PostAnswer {
            is_already: booked.unwrap_or(false),
            ..posting::receipt(&target)
        })
    }

    async fn close(&self, known: &Known, target: &Target) -> Result<(), ErpError> {
        let production = &known.held.production;
        let skip =
            json!({"skip_backorder": true, "skip_consumption": true, "skip_immediate": true});
        let call = Call::of(PRODUCTION, "button_mark_done")
            .ids(&[production.id])
            .context(Some(skip));
        let answer = self.rpc.call(&known.server, call).await?;
        // True or a wizard, and either may be wrong: only the state decides.
        let now = self
            .held(&known.server, &production.name)
            .await
            .map_err(sent)?;
        let verdict = posting::verdict(target, &now, &known.units, known.server.row)?;
        if now.production.state == DONE && verdict == Verdict::Holds {
            return Ok(());
        }
        let asked = answer.get("res_model").and_then(Value::as_str);
        let (name, state) = (&production.name, &now.production.state);
        Err(ErpError::Refused {
            message: match asked {
                Some(wizard) => format!(
                    "{name} is still {state}: the ERP asks {}; close it there, then retry",
                    posting::question(wizard)
                ),
                None => format!("{name} is still {state}, although the ERP said that it closed it"),
            },
        })
    }

    /// What the user may not do, as sentences.
    async fn missing_rights(&self, server: &Server) -> Result<Vec<String>, ErpError> {
        let mut missing = Vec::new();
        for (model, operation) in RIGHTS {
            let call = match server.row.access {
                "has_access" => Call::of(model, "has_access")
                    .ids(&[])
                    .arg("operation", json!(operation)),
                older => Call::of(model, older)
                    .arg("operation", json!(operation))
                    .named("raise_exception", json!(false)),
            };
            match self.rpc.call(server, call).await {
                Ok(Value::Bool(true)) => {}
                Ok(_) | Err(ErpError::Credentials { .. }) => {
                    missing.push(format!("{operation} {model}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(missing)
    }

    async fn examined(&self, now_ms: Option<i64>) -> ProbeReport {
        let mut probing = Probing::start(&self.rpc.address());
        // A server without `/jsonrpc` may be a newer one: the log-in decides then.
        if let Err(error) = self.rpc.version().await
            && !matches!(error, ErpError::Protocol { .. })
        {
            return probing.failed(ProbeStep::IsOdoo, error);
        }
        self.rpc.forget().await;
        let server = match self.rpc.server().await {
            Ok(server) => server,
            Err(error) => {
                return probing.failed(ProbeStep::of_log_in(&error), error);
            }
        };
        probing.passed(ProbeStep::Version);
        let rights = self.missing_rights(&server).await;
        probing.clock(self.rpc.date().as_deref(), now_ms);
        match rights {
            Ok(missing) if missing.is_empty() => probing.passed(ProbeStep::Rights),
            Ok(missing) => {
                let message = format!("the user may not {}", missing.join(", "));
                return probing.failed(ProbeStep::Rights, ErpError::Credentials { message });
            }
            Err(error) => return probing.failed(ProbeStep::Rights, error),
        }
        probing.done(ErpInfo {
            kind: ErpKind::OdooStandard,
            address: self.rpc.address(),
            database: self.database.clone(),
            login: self.login.clone(),
            uid: server.uid,
            name: Some(
                match server.way {
                    Way::Jsonrpc => "Odoo over /jsonrpc",
                    Way::Json2 => "Odoo over /json/2",
                }
                .to_owned(),
            ),
            version: server.version,
        })
    }
}

/// A failure behind a write: whatever stopped the read-back, the write was sent.
fn sent(error: ErpError) -> ErpError {
    if error.outcome_unknown() {
        error
    } else {
        ErpError::NoAnswer { cause: Lost::Cut }
    }
}

#[async_trait]
impl ErpConnector for OdooStandard {
    async fn examine(&self, now_ms: Option<i64>) -> ProbeReport {
        self.examined(now_ms).await
    }

    async fn open_orders(&self, limit: u32, offset: u32) -> Result<OrderPage, ErpError> {
        let server = self.rpc.server().await?;
        let call = Call::search(
            PRODUCTION,
            json!([["state", "in", ["confirmed"]]]),
            &map::production_fields(server.row),
        )
        .named("order", json!(format!("{}, id", server.row.planned_start)))
        .named("limit", json!(limit))
        .named("offset", json!(offset));
        let rows = self.rpc.rows(&server, call).await?;
        let read: Vec<_> = rows
            .iter()
            .map(|row| map::production(row, server.row))
            .collect();
        let good = || read.iter().filter_map(|one| one.as_ref().ok());
        let move_ids: Vec<i64> = good().flat_map(|one| one.move_ids.clone()).collect();
        let moves = self.moves(&server, &move_ids).await?;
        let products = moves
            .values()
            .filter_map(|one| one.as_ref().ok().map(|one| one.product_id))
            .chain(good().map(|one| one.product_id))
            .collect();
        let products = self.products(&server, products).await?;
        let bom_ids = good()
            .filter_map(|one| one.bom.as_ref().map(|(id, _)| *id))
            .collect();
        let boms = self.boms(&server, bom_ids).await?;
        let units = self.units(&server).await?;
        let name_of = |row: &Value, index: usize| {
            row.get("name").and_then(Value::as_str).map_or_else(
                || format!("number {} of the page", index + 1),
                str::to_owned,
            )
        };
        let mut lots = BTreeMap::new();
        let orders = read
            .into_iter()
            .enumerate()
            .map(|(index, production)| {
                let unreadable = |why| UnreadableOrder {
                    erp_id: rows[index].get("id").and_then(Value::as_i64),
                    name: name_of(&rows[index], index),
                    why,
                };
                let production = production.map_err(unreadable)?;
                let mut live = Vec::new();
                for id in &production.move_ids {
                    match moves.get(id) {
                        Some(Ok(one)) if one.state == CANCEL => {}
                        Some(Ok(one)) => live.push(one.clone()),
                        Some(Err(why)) => return Err(unreadable(why.clone())),
                        None => return Err(unreadable(format!("component {id} is gone"))),
                    }
                }
                let bom = production.bom.as_ref().and_then(|(id, _)| boms.get(id));
                let held = Held {
                    production,
                    moves: live,
                    products: products.clone(),
                };
                let order = map::order(&held, bom, &units, &self.materials).map_err(unreadable)?;
                let notes = lot::notes(&held, &self.materials, server.row);
                if !notes.is_empty() {
                    lots.insert(order.name.clone(), notes);
                }
                Ok(order)
            })
            .collect();
        Ok(OrderPage { orders, lots })
    }

    async fn order_state(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        let known = self.known(name).await?;
        map::state(&known.held, &known.units, &self.materials, known.server.row)
            .map_err(ErpError::protocol)
    }

    async fn order_now(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        let known = self.known(name).await?;
        let Known {
            server,
            held,
            units,
        } = &known;
        let mut state =
            map::state(held, units, &self.materials, server.row).map_err(ErpError::protocol)?;
        if let Some((id, _)) = held.production.bom {
            let boms = self.boms(server, BTreeSet::from([id])).await?;
            state.bom = boms
                .get(&id)
                .and_then(|bom| map::held_bom(held, bom, units, &self.materials));
        }
        Ok(state)
    }

    async fn post_consumption(&self, post: &ConsumptionPost) -> Result<PostAnswer, ErpError> {
        self.consume(post, None).await
    }

    async fn post_anchored(
        &self,
        post: &ConsumptionPost,
        anchor: &Anchor,
    ) -> Result<PostAnswer, ErpError> {
        self.consume(post, Some(anchor)).await
    }

    /// One weighed component, absolute, found by its product. Without a key even where the addon is:
    /// the total of one line is read, compared, written and read back.
    async fn post_material(&self, post: &MaterialPost) -> Result<Grams, ErpError> {
        let known = self.known(&post.order_name).await?;
        let target = posting::material(post, &known.held, &self.materials)?;
        match posting::verdict(&target, &known.held, &known.units, known.server.row)? {
            Verdict::Holds => {}
            Verdict::Differs(_) => self.write(&known, &target).await?,
        }
        Ok(post.consumed_g)
    }

    async fn look_again(&self) {
        self.rpc.forget().await;
    }

    async fn guarantee_found(&self) -> Result<Guarantee, ErpError> {
        Ok(match self.rpc.server().await?.posting {
            Some(version) => Guarantee::UniqueKey { version },
            None => Guarantee::ReadBack,
        })
    }

    async fn cancel_order(&self, name: &str, _reason: &str) -> Result<(), ErpError> {
        // The standard API keeps no reason; ours stands in the journal.
        let server = self.rpc.server().await?;
        let production = self.production(&server, name).await?;
        match production.state.as_str() {
            CANCEL => return Ok(()),
            // Up to 18 the call would say true and change nothing.
            DONE => {
                return Err(ErpError::Refused {
                    message: format!("{name} is done already"),
                });
            }
            _ => {}
        }
        let call = Call::of(PRODUCTION, "action_cancel").ids(&[production.id]);
        self.rpc.call(&server, call).await?;
        let now = self.production(&server, name).await.map_err(sent)?;
        if now.state == CANCEL {
            Ok(())
        } else {
            Err(ErpError::Refused {
                message: format!("{name} is still {}", now.state),
            })
        }
    }

    /// Odoo dates the closing itself: `ended_at` has no place in this API.
    async fn mark_done(
        &self,
        name: &str,
        finished: Grams,
        _ended_at: &str,
    ) -> Result<(), ErpError> {
        if finished <= Grams::ZERO {
            return Err(ErpError::unsendable(format!("closing with {finished}")));
        }
        let known = self.known(name).await?;
        let row = known.server.row;
        let target = posting::closing(&known.held, finished, &known.units, &self.materials, row)?;
        match posting::verdict(&target, &known.held, &known.units, row)? {
            Verdict::Holds if known.held.production.state == DONE => return Ok(()),
            Verdict::Holds => {}
            Verdict::Differs(_) => self.write(&known, &target).await?,
        }
        self.close(&known, &target).await
    }
}
