//! The way into the ERP: what it is, which guarantee is in force, and the connection test with the exact
//! cause. Leaves out the steps themselves (`millrace-office`).

use std::sync::PoisonError;

use millrace_core::error_code::ErrorCode;
use millrace_office::erp::{ErpKind, Guarantee, ProbeOutcome, ProbeStep};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::live::{LinkStateView, LinkView};
use super::session::Nothing;
use super::{Context, audit};
use crate::config::MarkDone;
use crate::error::AppError;
use crate::inner::Inner;

/// What keeps a post from being booked twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GuaranteeView {
    /// The ERP keeps each message's key and books a key once.
    UniqueKey {
        /// Version of what keeps the keys there.
        version: String,
    },
    /// Each post replaces, and is read back before anything is repeated.
    ReadBack,
}

/// Which connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErpKindView {
    /// Odoo with the SCADA addon's routes.
    OdooAddon,
    /// Any Odoo by its standard external API.
    OdooStandard,
}

/// Who closes an order in the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MarkDoneView {
    /// A person, in the ERP.
    ByPerson,
    /// We, after the last batch was posted.
    ByUs,
}

/// The way into the ERP as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErpSettingsView {
    /// Scheme, host and port.
    pub address: String,
    /// The database.
    pub database: String,
    /// The user we log in as.
    pub login: String,
    /// Which connector.
    pub connector: ErpKindView,
    /// Who closes orders there.
    pub mark_done: MarkDoneView,
    /// How many messages may be worked on in a second, as written in the settings.
    pub posts_per_second_max: String,
}

/// The ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErpView {
    /// The settings; `None` = no ERP is configured.
    pub settings: Option<ErpSettingsView>,
    /// Why nothing is sent, when the settings do not even open.
    pub off_cause: Option<String>,
    /// Its version, as the last connection test found it.
    pub version: Option<String>,
    /// What keeps a post from being booked twice.
    pub guarantee: GuaranteeView,
    /// The link.
    pub link: LinkView,
}

/// One step of the connection test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErpStep {
    /// The settings are complete and make sense.
    Settings,
    /// Plain HTTP stays on this machine, or was allowed.
    PlainHttp,
    /// The server's name has an address.
    Dns,
    /// Somebody listens there.
    Connect,
    /// The secure channel was made.
    Tls,
    /// What answers is an Odoo that can do what is needed.
    IsOdoo,
    /// The database is there.
    Database,
    /// Name and password are right.
    LogIn,
    /// A version that is known.
    Version,
    /// The user may read and write what is needed.
    Rights,
    /// The server's clock agrees with ours.
    Clock,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErpStepOutcome {
    /// All well.
    Ok,
    /// Not well.
    Failed,
    /// Not tried.
    Skipped,
}

/// A step and how it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErpStepView {
    /// The step.
    pub step: ErpStep,
    /// How it went.
    pub outcome: ErpStepOutcome,
    /// Why, as a sentence; empty when all is well.
    pub text: String,
}

/// A connection test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErpExamination {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// True when no step failed.
    pub is_sound: bool,
    /// Every step in order.
    pub steps: Vec<ErpStepView>,
    /// What the other side calls itself, with its version.
    pub answered: Option<String>,
}

pub(super) async fn erp_get(context: &Context, _: Nothing) -> Result<ErpView, AppError> {
    let inner = &context.app.inner;
    let settings = inner.erp_config.as_ref().map(|erp| ErpSettingsView {
        address: erp.connector.url.clone(),
        database: erp.connector.database.clone(),
        login: erp.connector.login.clone(),
        connector: match erp.connector.kind {
            ErpKind::OdooAddon => ErpKindView::OdooAddon,
            ErpKind::OdooStandard => ErpKindView::OdooStandard,
        },
        mark_done: match erp.mark_done {
            MarkDone::ByPerson => MarkDoneView::ByPerson,
            MarkDone::ByUs => MarkDoneView::ByUs,
        },
        posts_per_second_max: erp.posts_per_second_max.to_string(),
    });
    let link = inner.erp_link.view(inner.clock.as_ref());
    let guarantee = guarantee(inner, link.state).await;
    let info = inner
        .erp_info
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Ok(ErpView {
        off_cause: inner.erp.is_none().then(|| inner.erp_off_cause()),
        settings,
        version: info.as_ref().and_then(|info| info.version.clone()),
        guarantee,
        link,
    })
}

/// The guarantee in force. The connector may have to log in to tell it, so it is asked while the link is
/// good only; a link that is lost shows what was in force before.
async fn guarantee(inner: &Inner, link: LinkStateView) -> GuaranteeView {
    let told = match (&inner.erp, link) {
        (Some(erp), LinkStateView::Good | LinkStateView::Degraded) => Some(erp.guarantee().await),
        (Some(_), LinkStateView::Off | LinkStateView::Connecting | LinkStateView::Lost)
        | (None, _) => None,
    };
    let mut known = inner
        .erp_guarantee
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if told.is_some() {
        *known = told;
    }
    match known.as_ref() {
        Some(Guarantee::UniqueKey { version }) => GuaranteeView::UniqueKey {
            version: version.clone(),
        },
        Some(Guarantee::ReadBack) | None => GuaranteeView::ReadBack,
    }
}

pub(super) async fn erp_examine(context: &Context, _: Nothing) -> Result<ErpExamination, AppError> {
    let inner = &context.app.inner;
    let actor = context.caller()?.name.clone();
    let Some(config) = &inner.erp_config else {
        return Err(AppError::refusal(
            ErrorCode::ErpUnavailable,
            inner.erp_off_cause(),
        ));
    };
    let Ok(_turn) = inner.erp_examine_turn.try_lock() else {
        return Err(AppError::refusal(
            ErrorCode::Changed,
            "the connection is being tested already",
        ));
    };
    let at_ms = inner.clock.now_ms();
    let report = match &inner.erp {
        Some(erp) => erp.examine(Some(at_ms)).await,
        None => millrace_office::erp::examine(&config.connector, Some(at_ms)).await,
    };
    match (&report.error, &report.info) {
        (Some(error), _) => inner.erp_lost(error).await,
        (None, Some(_)) => inner.erp_good().await,
        (None, None) => {}
    }
    let answered = report.info.as_ref().map(|info| {
        let words = [info.name.as_deref(), info.version.as_deref()];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let failed = report
        .first_failure()
        .map(|(step, why)| format!("{step:?}: {why}"));
    let steps: Vec<ErpStepView> = report.steps.iter().map(|(s, o)| step_view(*s, o)).collect();
    if report.info.is_some() {
        *inner
            .erp_info
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = report.info;
    }
    let entry = audit::of(
        &actor,
        "erp_examine",
        "erp",
        "",
        at_ms,
        &serde_json::json!({ "failed": failed }),
    );
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await?;
    Ok(ErpExamination {
        at_ms,
        is_sound: steps.iter().all(|s| s.outcome != ErpStepOutcome::Failed),
        steps,
        answered,
    })
}

fn step_view(step: ProbeStep, outcome: &ProbeOutcome) -> ErpStepView {
    let (outcome, text) = match outcome {
        ProbeOutcome::Ok => (ErpStepOutcome::Ok, String::new()),
        ProbeOutcome::Failed(why) => (ErpStepOutcome::Failed, why.clone()),
        ProbeOutcome::Skipped(why) => (ErpStepOutcome::Skipped, (*why).to_owned()),
    };
    let step = match step {
        ProbeStep::Settings => ErpStep::Settings,
        ProbeStep::PlainHttp => ErpStep::PlainHttp,
        ProbeStep::Dns => ErpStep::Dns,
        ProbeStep::Connect => ErpStep::Connect,
        ProbeStep::Tls => ErpStep::Tls,
        ProbeStep::IsOdoo => ErpStep::IsOdoo,
        ProbeStep::Database => ErpStep::Database,
        ProbeStep::LogIn => ErpStep::LogIn,
        ProbeStep::Version => ErpStep::Version,
        ProbeStep::Rights => ErpStep::Rights,
        ProbeStep::Clock => ErpStep::Clock,
    };
    ErpStepView {
        step,
        outcome,
        text,
    }
}
