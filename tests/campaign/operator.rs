//! The people of a run: they sign and start what can be started, stop one batch where the plan says
//! so, and decide about what is in doubt, as the program proposes it. Leaves out the plant.

use std::collections::{BTreeMap, HashMap};

use millrace_app::{App, AppError};
use millrace_core::batch::release::Release;
use millrace_core::batch::run::Run;
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_core::registers::handshake::DownloadStep;
use millrace_core::registers::truth::Doubt;
use millrace_store::table::batch::BatchRow;
use serde_json::{Value, json};

use crate::plan::Plan;

/// Everybody's secret.
pub(crate) const SECRET: &str = "campaign";
/// Turns that a doubt is given to pass, and one that may heal by itself.
const PATIENCE: u32 = 12;
const PATIENCE_HEALING: u32 = 60;

/// Two people logged in to one application.
#[derive(Debug)]
pub(crate) struct Operator<'a> {
    app: &'a App,
    operator: String,
    supervisor: String,
    /// Since which turn a doubt has been seen.
    doubts: BTreeMap<BatchId, (Doubt, u32)>,
    /// How often each was decided about: what could not be done is decided otherwise.
    tries: HashMap<(BatchId, Doubt), usize>,
    turn: u32,
}

/// What people find when they look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// All batches have ended and their slots are free, or wait for the next order only.
    pub(crate) is_over: bool,
    /// A batch that the PLC has not taken, or whose result is stored and its slot not free.
    pub(crate) is_handing_over: bool,
}

impl<'a> Operator<'a> {
    pub(crate) async fn log_in(app: &'a App) -> Operator<'a> {
        Operator {
            app,
            operator: token(app, "Operator 1").await,
            supervisor: token(app, "Supervisor 1").await,
            doubts: BTreeMap::new(),
            tries: HashMap::new(),
            turn: 0,
        }
    }

    pub(crate) async fn import(&self) {
        let done = self
            .app
            .dispatch("order_import", json!({}), Some(&self.operator))
            .await;
        done.unwrap_or_else(|error| panic!("order_import: {error:?}"));
    }

    /// Does what is to be done now. `is_calm` = no fault is on any more.
    pub(crate) async fn work(&mut self, plan: &Plan, is_calm: bool) -> Standing {
        self.turn += 1;
        let mut rows = self
            .app
            .store()
            .read(|read| {
                let mut rows = Vec::new();
                for id in 1.. {
                    match read.batch(BatchId(id)) {
                        Ok(row) => rows.push(row),
                        Err(_) => break,
                    }
                }
                Ok::<_, AppError>(rows)
            })
            .await
            .expect("readable");
        rows.sort_by_key(|row| row.id);
        for (place, row) in rows.iter().enumerate() {
            if row.release == Release::Pending {
                self.approve(row).await;
            } else if row.release == Release::Approved && row.run == Run::Idle {
                self.start(row).await;
            } else if plan.cancel == Some(place) && is_before_offer(row) {
                let cancel = json!({ "id": row.id, "version": row.version, "reason": "planned", "secret": SECRET });
                self.try_to("batch_cancel", cancel).await;
            } else if let Some(doubt) = row.doubt {
                self.decide(row, doubt, is_calm).await;
            } else if let Some((stopped, turn)) = plan.stop
                && stopped == place
                && self.turn >= turn
                && row.pending.is_none()
                && matches!(row.run, Run::Ready | Run::Running)
            {
                let stop = json!({ "id": row.id, "version": row.version, "reason": "planned", "secret": SECRET });
                self.try_to("batch_stop", stop).await;
            }
        }
        if is_calm && self.turn.is_multiple_of(20) {
            self.make_ready().await;
        }
        standing(&rows, plan)
    }

    async fn approve(&self, row: &BatchRow) {
        let request = json!({
            "id": row.id, "version": row.version, "content_hash": row.content_hash, "secret": SECRET
        });
        self.try_to("batch_approve", request).await;
    }

    async fn start(&self, row: &BatchRow) {
        self.try_to(
            "batch_start",
            json!({ "id": row.id, "version": row.version }),
        )
        .await;
    }

    async fn decide(&mut self, row: &BatchRow, doubt: Doubt, is_calm: bool) {
        let (known, since) = *self.doubts.entry(row.id).or_insert((doubt, self.turn));
        if known != doubt {
            self.doubts.insert(row.id, (doubt, self.turn));
            return;
        }
        let patience = if doubt.may_heal() {
            PATIENCE_HEALING
        } else {
            PATIENCE
        };
        // Nobody closes a batch whose block may yet be good, while the network still garbles.
        let may_decide = is_calm || !doubt.may_heal();
        // A decision that was never carried out may be taken otherwise.
        let is_commanded = row.pending.is_some() && row.decision().is_none();
        if !may_decide || self.turn - since < patience || is_commanded {
            return;
        }
        self.doubts.remove(&row.id);
        let choices = doubt.choices(row.download_step, row.finish_step);
        let tries = self.tries.entry((row.id, doubt)).or_default();
        let Some(decision) = choices.get((*tries).min(choices.len().saturating_sub(1))) else {
            return;
        };
        *tries += 1;
        let request = json!({
            "slot": row.slot, "batch": row.id, "version": row.version, "decision": decision,
            "reason": "looked at the plant", "secret": SECRET
        });
        self.try_to("plc_slot_decide", request).await;
    }

    /// Empty slots whose flag stays 0.
    async fn make_ready(&self) {
        let Ok(view) = self
            .app
            .dispatch("plc_get", json!({}), Some(&self.supervisor))
            .await
        else {
            return;
        };
        for slot in view["slots"].as_array().into_iter().flatten() {
            if slot["batch"].is_null() && slot["proposal"] == "make_ready" {
                let request = json!({
                    "slot": slot["slot"], "batch": null, "version": null, "decision": "make_ready",
                    "reason": "looked at the plant", "secret": SECRET
                });
                self.try_to("plc_slot_decide", request).await;
            }
        }
    }

    /// A refusal is an answer; anything else is a defect.
    async fn try_to(&self, command: &str, request: Value) {
        let Err(error) = self
            .app
            .dispatch(command, request.clone(), Some(&self.supervisor))
            .await
        else {
            return;
        };
        let is_refusal = matches!(
            error.code,
            ErrorCode::NotReady | ErrorCode::Changed | ErrorCode::IllegalTransition
        );
        assert!(is_refusal, "{command} {request}: {error:?}");
    }
}

/// The PLC cannot have it yet.
fn is_before_offer(row: &BatchRow) -> bool {
    row.run == Run::Downloading
        && match row.download_step {
            Some(DownloadStep::Prepared | DownloadStep::Written | DownloadStep::Verified) => true,
            Some(DownloadStep::Offered | DownloadStep::Taken) | None => false,
        }
}

fn standing(rows: &[BatchRow], plan: &Plan) -> Standing {
    let has_ended = |row: &BatchRow| row.run.is_final() || row.release != Release::Approved;
    let is_free = |row: &BatchRow| row.slot.is_none() || (plan.next_takes && row.trouble.is_none());
    Standing {
        is_over: !rows.is_empty()
            && rows
                .iter()
                .all(|row| row.release != Release::Pending && has_ended(row) && is_free(row)),
        is_handing_over: rows
            .iter()
            .any(|row| row.slot.is_some() && !matches!(row.run, Run::Running | Run::Paused)),
    }
}

async fn token(app: &App, name: &str) -> String {
    let session = app
        .dispatch(
            "session_open",
            json!({ "user": name, "secret": SECRET }),
            None,
        )
        .await
        .unwrap_or_else(|error| panic!("session_open: {error:?}"));
    session["token"].as_str().expect("a token").to_owned()
}
