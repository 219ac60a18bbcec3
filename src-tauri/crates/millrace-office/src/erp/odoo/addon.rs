//! The addon's routes as an [`ErpConnector`].
//!
//! It reads back, also where `millrace.posting` is installed: that books by stock moves, and these
//! routes know equipment codes only. The field that ties a move to its equipment belongs to the
//! routes' own addon and differs by its version, so guessing it could book the wrong move. The routes
//! replace per equipment, and messages of one order go strictly in order.
//! Leaves out sessions (`session.rs`) and JSON (`map.rs`).

use async_trait::async_trait;
use millrace_core::erp::{ConsumptionPost, ErpOrderState, FailurePost, MaterialPost, PostAnswer};
use millrace_core::units::Grams;
use serde_json::{Value, json};

use super::envelope::success;
use super::map;
use super::map_area::{self, is_naive_time};
use super::session::OdooSession;
use crate::erp::probe::{ProbeReport, ProbeStep, Probing};
use crate::erp::{ErpConfig, ErpConnector, ErpError, ErpInfo, ErpKind, Lost, OrderPage};

const DONE: &str = "done";
const FAILURES: &str = "/api/scada/equipment-failure";
/// Failures in one page of the list.
const PAGE: usize = 200;
/// Pages at the most; a list that is longer is not read to its end.
const PAGES_MAX: usize = 50;

/// Odoo with the SCADA addon.
#[derive(Debug)]
pub struct OdooAddon {
    session: OdooSession,
    database: String,
    login: String,
}

impl OdooAddon {
    /// A connector by these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErpError::Config`] with the setting at fault.
    pub fn open(config: &ErpConfig) -> Result<OdooAddon, ErpError> {
        Ok(OdooAddon {
            session: OdooSession::open(config)?,
            database: config.database.clone(),
            login: config.login.clone(),
        })
    }

    /// Calls a route and looks into its answer, with every word of an error made fit to show.
    async fn ask<T>(
        &self,
        route: &str,
        params: &Value,
        read: impl FnOnce(&serde_json::Map<String, Value>) -> Result<T, ErpError> + Send,
    ) -> Result<T, ErpError> {
        self.look_into(&self.session.call(route, params).await?, read)
    }

    fn look_into<T>(
        &self,
        result: &Value,
        read: impl FnOnce(&serde_json::Map<String, Value>) -> Result<T, ErpError>,
    ) -> Result<T, ErpError> {
        success(result)
            .and_then(read)
            .map_err(|error| self.session.clean_error(error))
    }
}

#[async_trait]
impl ErpConnector for OdooAddon {
    async fn examine(&self, now_ms: Option<i64>) -> ProbeReport {
        let mut probing = Probing::start(&self.session.address());
        let uid = match self.session.log_in_afresh().await {
            Ok(uid) => uid,
            Err(error) => {
                return probing.failed(ProbeStep::of_log_in(&error), error);
            }
        };
        probing.passed(ProbeStep::LogIn);
        // The version is a courtesy: an addon without that route works all the same.
        let version = self.session.read_public("/api/scada/version").await.ok();
        let word = |key: &str| {
            let word = version.as_ref()?.get(key)?.as_str()?;
            Some(word.to_owned())
        };
        if word("version").is_some() {
            probing.passed(ProbeStep::Version);
        } else {
            probing.noted(
                ProbeStep::Version,
                "the addon does not tell its version".to_owned(),
            );
        }
        let list = self.open_orders(1, 0).await;
        probing.clock(self.session.date().as_deref(), now_ms);
        if let Err(error) = list {
            return probing.failed(ProbeStep::Rights, error);
        }
        probing.passed(ProbeStep::Rights);
        probing.done(ErpInfo {
            kind: ErpKind::OdooAddon,
            address: self.session.address(),
            database: self.database.clone(),
            login: self.login.clone(),
            uid,
            name: word("name"),
            version: word("version"),
        })
    }

    async fn open_orders(&self, limit: u32, offset: u32) -> Result<OrderPage, ErpError> {
        let params = json!({"limit": limit, "offset": offset, "states": ["confirmed"]});
        self.ask("/api/scada/mo-list-detailed", &params, map::page)
            .await
    }

    async fn order_state(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        let params = json!({"mo_id": name});
        self.ask("/api/scada/mo-detail", &params, |result| {
            map::state(result, name)
        })
        .await
    }

    async fn post_consumption(&self, post: &ConsumptionPost) -> Result<PostAnswer, ErpError> {
        let params = map::post_params(post)?;
        self.ask(
            "/api/scada/mo/update-with-consumptions",
            &params,
            |result| map::post_answer(result, &post.order_name),
        )
        .await
    }

    async fn cancel_order(&self, name: &str, reason: &str) -> Result<(), ErpError> {
        let params = json!({"mo_id": name, "reason": reason});
        self.ask("/api/scada/mo/cancel", &params, |_| Ok(())).await
    }

    async fn mark_done(&self, name: &str, finished: Grams, ended_at: &str) -> Result<(), ErpError> {
        if finished <= Grams::ZERO {
            return Err(ErpError::unsendable(format!("closing with {finished}")));
        }
        if !is_naive_time(ended_at) {
            return Err(ErpError::unsendable(
                "an end time that is not YYYY-MM-DD HH:MM:SS",
            ));
        }
        let params = json!({"mo_id": name, "finished_qty": map::number(finished)?, "date_end_actual": ended_at});
        self.ask("/api/scada/mo/mark-done", &params, |_| Ok(()))
            .await?;
        // The route reports success without looking at the state.
        let held = self.order_state(name).await.map_err(|error| {
            if error.outcome_unknown() {
                error
            } else {
                // The closing itself was sent: whatever stopped the read-back, its outcome is open.
                ErpError::NoAnswer { cause: Lost::Cut }
            }
        })?;
        if held.state == DONE {
            Ok(())
        } else {
            Err(ErpError::Refused {
                message: format!("it said success, but {name} is still {}", held.state),
            })
        }
    }

    async fn report_failure(&self, post: &FailurePost) -> Result<(), ErpError> {
        let params = map_area::failure_params(post)?;
        self.ask(FAILURES, &params, |result| {
            map_area::failure_answer(result, post)
        })
        .await
    }

    async fn failures_like(&self, post: &FailurePost) -> Result<u64, ErpError> {
        // To the first empty page: a server may give fewer rows a page than it was asked for.
        let (mut found, mut offset) = (0, 0);
        for _ in 0..PAGES_MAX {
            let params =
                json!({"equipment_code": post.equipment_code, "limit": PAGE, "offset": offset});
            let result = self.session.read(FAILURES, &params).await?;
            let (rows, like) =
                self.look_into(&result, |result| map_area::failures_like(result, post))?;
            if rows == 0 {
                return Ok(found);
            }
            found += like;
            offset += rows;
        }
        Err(ErpError::protocol("a list of failures that has no end"))
    }

    async fn post_material(&self, post: &MaterialPost) -> Result<Grams, ErpError> {
        let params = map_area::material_params(post)?;
        self.ask("/api/scada/material-consumption", &params, |result| {
            map_area::material_answer(result, post)
        })
        .await
    }
}
