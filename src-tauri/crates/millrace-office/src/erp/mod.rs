//! What every ERP connector can do, and how one is opened from the settings.
//! Leaves out when to call, what to repeat and what to store: that is the application's.

mod config;
mod error;
pub mod odoo;
mod probe;
mod secret;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod conformance_lots;
#[cfg(test)]
mod conformance_plant;
#[cfg(test)]
mod connection_tests;
#[cfg(test)]
mod guarantee_tests;
#[cfg(test)]
mod scripted;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use millrace_core::audit::anchor::Anchor;
use millrace_core::erp::{
    ConsumptionPost, ErpOrder, ErpOrderState, FailurePost, MaterialPost, PostAnswer,
};
use millrace_core::erp_lot::LotNote;
use millrace_core::units::Grams;

pub use crate::http::{Lost, Unreached};
pub use config::{ErpConfig, ErpKind, OdooApi};
pub use error::ErpError;
pub use probe::{ProbeOutcome, ProbeReport, ProbeStep};
pub use secret::Secret;

/// What a connection test found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpInfo {
    /// Which connector answered.
    pub kind: ErpKind,
    /// Scheme, host and port.
    pub address: String,
    /// The database.
    pub database: String,
    /// The user we are logged in as.
    pub login: String,
    /// That user's number in the ERP.
    pub uid: i64,
    /// What the other side calls itself.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// What keeps a message from being booked twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guarantee {
    /// The ERP's database: the message's key is unique there (our addon `millrace_posting`). A
    /// message that comes again is answered with the first result, however late it comes.
    UniqueKey {
        /// The addon's version.
        version: String,
    },
    /// We: quantities are absolute, and what the ERP holds is read before anything is repeated. A
    /// person who changes the same order in that moment is not seen.
    ReadBack,
}

/// One page of open orders. A wrong order does not hide the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderPage {
    /// The orders as the ERP sorted them.
    pub orders: Vec<Result<ErpOrder, UnreadableOrder>>,
    /// What a person must still do about lots, by the order's name; only orders with something to do. It
    /// holds nothing back: a lot may be assigned until the order is booked.
    pub lots: BTreeMap<String, Vec<LotNote>>,
}

/// An order that the ERP reports in a way that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("order {name}: {why}")]
pub struct UnreadableOrder {
    /// The ERP's numeric id, where that much can be read.
    pub erp_id: Option<i64>,
    /// The order's name, or its place on the page when it has none.
    pub name: String,
    /// What is wrong, as a sentence.
    pub why: String,
}

/// The way into one ERP. No call is ever repeated inside, except once after a session expired,
/// which the ERP reports before it does anything.
#[async_trait]
pub trait ErpConnector: Send + Sync + std::fmt::Debug {
    /// Logs in afresh, reads the version and tries the rights, step by step. `now_ms` is our own
    /// time (UTC milliseconds), to hold the server's clock against.
    async fn examine(&self, now_ms: Option<i64>) -> ProbeReport;

    /// As [`ErpConnector::examine`], for callers who only want to know whether it works.
    ///
    /// # Errors
    /// [`ErpError`] with the exact cause.
    async fn probe(&self) -> Result<ErpInfo, ErpError> {
        self.examine(None).await.into_result()
    }

    /// Which guarantee is in force, as the last log-in found it. Before the first one it logs in,
    /// which takes as long as any call; while the ERP cannot be asked, reading back is what we rely
    /// on.
    async fn guarantee(&self) -> Guarantee {
        self.guarantee_found().await.unwrap_or(Guarantee::ReadBack)
    }

    /// As [`ErpConnector::guarantee`], for callers who must tell *none* from *not known*.
    ///
    /// # Errors
    /// [`ErpError`] when the ERP could not be asked.
    async fn guarantee_found(&self) -> Result<Guarantee, ErpError> {
        Ok(Guarantee::ReadBack)
    }

    /// Forgets what the last log-in found out, so that the next call looks afresh. A connector that
    /// keeps nothing leaves this as it is.
    async fn look_again(&self) {}

    /// One page of confirmed orders, quantities in kilograms.
    ///
    /// # Errors
    /// [`ErpError`] when the page as a whole is not to be had.
    async fn open_orders(&self, limit: u32, offset: u32) -> Result<OrderPage, ErpError>;

    /// What the ERP holds for one order.
    ///
    /// # Errors
    /// [`ErpError::Refused`] when it does not know the order.
    async fn order_state(&self, name: &str) -> Result<ErpOrderState, ErpError>;

    /// What the ERP holds for one order, with all that can be asked about it: the bill of materials, too,
    /// where that is a question of its own.
    ///
    /// # Errors
    /// As [`ErpConnector::order_state`].
    async fn order_now(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        self.order_state(name).await
    }

    /// Reports running totals; the ERP replaces what it held, so the same post may be repeated.
    /// Values of zero are not sent.
    ///
    /// # Errors
    /// [`ErpError`]; ask [`ErpError::outcome_unknown`] before doing anything else.
    async fn post_consumption(&self, post: &ConsumptionPost) -> Result<PostAnswer, ErpError>;

    /// As [`ErpConnector::post_consumption`]; an ERP that has a place for it keeps the anchor of the audit
    /// trail beside the booking. It is no part of the message: not of its key, not of what is compared, and
    /// no reason to refuse. A connector without a place leaves this as it is.
    ///
    /// # Errors
    /// As [`ErpConnector::post_consumption`].
    async fn post_anchored(
        &self,
        post: &ConsumptionPost,
        _anchor: &Anchor,
    ) -> Result<PostAnswer, ErpError> {
        self.post_consumption(post).await
    }

    /// Cancels an order; a cancelled one stays so without error.
    ///
    /// # Errors
    /// [`ErpError::Refused`] when it is already done.
    async fn cancel_order(&self, name: &str, reason: &str) -> Result<(), ErpError>;

    /// Closes an order with its finished weight and reads back that it is closed. `ended_at` is
    /// UTC, `YYYY-MM-DD HH:MM:SS`.
    ///
    /// # Errors
    /// [`ErpError::Refused`] when the ERP says success but the order is not done.
    async fn mark_done(&self, name: &str, finished: Grams, ended_at: &str) -> Result<(), ErpError>;

    /// Reports an equipment failure. Each call makes a new record: never repeat one whose outcome is
    /// unknown without [`ErpConnector::failures_like`]. A connector whose ERP has no place for
    /// failures leaves this as it is.
    ///
    /// # Errors
    /// [`ErpError::Refused`] for an unknown equipment code; ask [`ErpError::outcome_unknown`].
    async fn report_failure(&self, post: &FailurePost) -> Result<(), ErpError> {
        Err(no_place("equipment failures", &post.equipment_code))
    }

    /// How many records the ERP holds with exactly this code, description and date.
    ///
    /// # Errors
    /// [`ErpError`]; nothing was changed.
    async fn failures_like(&self, post: &FailurePost) -> Result<u64, ErpError> {
        Err(no_place("equipment failures", &post.equipment_code))
    }

    /// Reports the running total of one material of one order; the ERP replaces what it held, so the
    /// same post may be repeated. Answers what the ERP says it holds now.
    ///
    /// # Errors
    /// [`ErpError`]; ask [`ErpError::outcome_unknown`].
    async fn post_material(&self, post: &MaterialPost) -> Result<Grams, ErpError> {
        Err(no_place("manual weighings", &post.material))
    }
}

fn no_place(what: &str, which: &str) -> ErpError {
    ErpError::unsendable(format!("this connector has no place for {what} ({which})"))
}

/// Opens the connector that the settings name. Nothing is sent yet.
///
/// # Errors
/// [`ErpError::Config`] with the setting at fault.
pub fn open(config: &ErpConfig) -> Result<Arc<dyn ErpConnector>, ErpError> {
    match config.kind {
        ErpKind::OdooAddon => Ok(Arc::new(odoo::OdooAddon::open(config)?)),
        ErpKind::OdooStandard => Ok(Arc::new(odoo::OdooStandard::open(config)?)),
    }
}

/// The connection test for settings that may not even open.
pub async fn examine(config: &ErpConfig, now_ms: Option<i64>) -> ProbeReport {
    match open(config) {
        Ok(connector) => connector.examine(now_ms).await,
        Err(error) => probe::unopened(config, error),
    }
}
