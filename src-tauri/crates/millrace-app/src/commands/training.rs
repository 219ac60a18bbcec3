//! Faults of the virtual plant, switched on from the training screen. Only a demo has them: on a real
//! plant there is no trainer and the commands say so. Leaves out what the faults do (the plant).

use millrace_core::error_code::ErrorCode;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Context;
use super::session::Nothing;
use crate::error::AppError;

/// Where a fault sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FaultGroup {
    /// Between the PLC and us.
    Wire,
    /// In the PLC and its program.
    Plc,
    /// In the machinery.
    Plant,
    /// In the ERP.
    Erp,
}

/// Something a fault can be aimed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FaultTarget {
    /// Number of the silo or slot.
    pub value: u16,
    /// What people call it.
    pub label: String,
}

/// One fault that can be switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrainingFault {
    /// Stable key, such as `drop`, `bridging_silo`, `reboot_memory_lost`. The screen has its words.
    pub key: String,
    /// Where it sits.
    pub group: FaultGroup,
    /// It happens once, when asked for; there is nothing to switch off.
    pub is_momentary: bool,
    /// It is on.
    pub is_on: bool,
    /// How much, in `unit`.
    pub value: Option<i64>,
    /// `percent`, `ms`, `permille` or empty.
    pub unit: String,
    /// Least value.
    pub least: i64,
    /// Largest value.
    pub most: i64,
    /// What it is aimed at now.
    pub target: Option<u16>,
    /// What it can be aimed at; empty = it needs no target.
    pub targets: Vec<FaultTarget>,
    /// How often it has struck.
    pub count: u64,
}

/// All faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrainingView {
    /// The faults.
    pub faults: Vec<TrainingFault>,
    /// Seed of what happens by chance.
    pub seed: u64,
}

/// Switch a fault, or let it happen.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TrainingSet {
    /// Which.
    pub key: String,
    /// On or off; true lets a momentary one happen.
    pub is_on: bool,
    /// How much; `None` = as before, or the usual.
    #[serde(default)]
    pub value: Option<i64>,
    /// Aimed at; `None` = as before, or the first.
    #[serde(default)]
    pub target: Option<u16>,
}

/// The one who makes faults: the demo's virtual plant.
pub trait Trainer: Send + Sync + std::fmt::Debug {
    /// All faults as they are.
    fn view(&self) -> TrainingView;

    /// Switches one.
    ///
    /// # Errors
    /// A sentence: no such fault, value or target.
    fn set(&self, change: &TrainingSet) -> Result<(), String>;

    /// Switches all off.
    fn clear(&self);
}

fn trainer(context: &Context) -> Result<std::sync::Arc<dyn Trainer>, AppError> {
    context.app.inner.trainer.clone().ok_or_else(|| {
        AppError::refusal(
            ErrorCode::NotReady,
            "this is a real plant: faults are made on the virtual one only",
        )
    })
}

pub(super) async fn training_get(context: &Context, _: Nothing) -> Result<TrainingView, AppError> {
    Ok(trainer(context)?.view())
}

pub(super) async fn training_set(
    context: &Context,
    request: TrainingSet,
) -> Result<TrainingView, AppError> {
    let trainer = trainer(context)?;
    trainer
        .set(&request)
        .map_err(|why| AppError::refusal(ErrorCode::BadRequest, why))?;
    note(context, "training_set", &request.key, request.is_on).await?;
    Ok(trainer.view())
}

pub(super) async fn training_clear(
    context: &Context,
    _: Nothing,
) -> Result<TrainingView, AppError> {
    let trainer = trainer(context)?;
    trainer.clear();
    note(context, "training_clear", "all", false).await?;
    Ok(trainer.view())
}

/// Who made which fault stands in the audit trail: a record made under faults says so.
async fn note(context: &Context, action: &str, key: &str, is_on: bool) -> Result<(), AppError> {
    let inner = &context.app.inner;
    let actor = context.caller()?.name.clone();
    let at_ms = inner.clock.now_ms();
    let (action, object) = (action.to_owned(), format!("fault:{key}"));
    inner
        .commit(move |tx| {
            tx.audit_add(&super::audit::of(
                &actor,
                &action,
                &object,
                "",
                at_ms,
                &serde_json::json!({ "is_on": is_on }),
            ))?;
            Ok(())
        })
        .await
}
