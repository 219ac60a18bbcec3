//! An ERP in the same process: it hands out the run's orders and holds what it was told last, per
//! order and equipment. Leaves out every fault of an ERP; the office has campaigns of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use millrace_core::erp::{
    ConsumptionLine, ConsumptionPost, ErpHeldLine, ErpOrder, ErpOrderState, PostAnswer,
};
use millrace_core::units::Grams;
use millrace_office::erp::{ErpConnector, ErpError, ErpInfo, ErpKind, OrderPage, ProbeReport};

/// What is held for one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) consumed: BTreeMap<String, Grams>,
    pub(crate) finished: Grams,
    pub(crate) cancelled: bool,
}

/// The ERP.
#[derive(Debug)]
pub(crate) struct BookErp {
    orders: Vec<ErpOrder>,
    held: Mutex<BTreeMap<String, Held>>,
}

impl BookErp {
    pub(crate) fn new(orders: Vec<ErpOrder>) -> BookErp {
        BookErp {
            orders,
            held: Mutex::default(),
        }
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it holds.
    pub(crate) fn held(&self, order: &str) -> Held {
        self.books().get(order).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl ErpConnector for BookErp {
    async fn examine(&self, _now_ms: Option<i64>) -> ProbeReport {
        ProbeReport {
            steps: Vec::new(),
            info: Some(ErpInfo {
                kind: ErpKind::OdooAddon,
                address: "memory".into(),
                database: "campaign".into(),
                login: "campaign".into(),
                uid: 1,
                name: None,
                version: None,
            }),
            error: None,
        }
    }

    async fn open_orders(&self, limit: u32, offset: u32) -> Result<OrderPage, ErpError> {
        let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let page = self.orders.iter().skip(number(offset)).take(number(limit));
        Ok(OrderPage {
            orders: page.cloned().map(Ok).collect(),
            ..OrderPage::default()
        })
    }

    async fn order_state(&self, name: &str) -> Result<ErpOrderState, ErpError> {
        let held = self.held(name);
        Ok(ErpOrderState {
            bom: None,
            name: name.to_owned(),
            state: if held.cancelled {
                "cancel"
            } else {
                "confirmed"
            }
            .into(),
            produced_g: held.finished,
            quantity_g: Grams::ZERO,
            product_name: None,
            planned_start: None,
            lines: held
                .consumed
                .into_iter()
                .map(|(equipment_code, consumed_g)| ErpHeldLine {
                    equipment_code,
                    consumed_g,
                    limit_g: None,
                })
                .collect(),
        })
    }

    async fn post_consumption(&self, post: &ConsumptionPost) -> Result<PostAnswer, ErpError> {
        let mut books = self.books();
        let held = books.entry(post.order_name.clone()).or_default();
        let mut applied: Vec<ConsumptionLine> = Vec::new();
        for line in post.lines.iter().filter(|line| line.consumed_g.0 > 0) {
            held.consumed
                .insert(line.equipment_code.clone(), line.consumed_g);
            applied.push(line.clone());
        }
        if let Some(finished) = post.finished_g {
            held.finished = finished;
        }
        Ok(PostAnswer {
            applied,
            finished_g: post.finished_g,
            item_errors: Vec::new(),
            is_already: false,
        })
    }

    async fn cancel_order(&self, name: &str, _reason: &str) -> Result<(), ErpError> {
        self.books().entry(name.to_owned()).or_default().cancelled = true;
        Ok(())
    }

    async fn mark_done(&self, _: &str, _: Grams, _: &str) -> Result<(), ErpError> {
        Ok(())
    }
}
