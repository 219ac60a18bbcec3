//! Correcting the stock of a silo after a count: signed, one row of the ledger. Leaves out doses (the
//! engine enters them) and reading the ledger ([`super::silo`]).

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::SiloNo;
use millrace_core::journal::JournalKind;
use millrace_core::signature::ObjectKind;
use millrace_core::silo::MovementKind;
use millrace_core::units::Grams;
use millrace_store::table::silo::SiloRow;
use millrace_store::table::silo_movement::MovementRow;
use millrace_store::{Read, Write};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::session::Nothing;
use super::signing::{Signed, sign};
use super::silo::SiloList;
use super::{Context, audit, batch_act};
use crate::error::AppError;

/// A count of a silo.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SiloCorrect {
    /// Which silo.
    pub silo: SiloNo,
    /// What is in it, grams.
    pub counted_g: i64,
    /// The stock that the caller saw, grams; `None` = none was known.
    pub expected_g: Option<i64>,
    /// Why the ledger is wrong.
    pub reason: String,
    /// Own secret again.
    pub secret: String,
}

/// The stock as people say it.
fn stock(level: Option<Grams>) -> String {
    level.map_or_else(|| "no known stock".to_owned(), |level| level.to_string())
}

/// What the newest row of the ledger is, and whose.
fn who_moved(read: &Read<'_>, last: &MovementRow) -> Result<String, AppError> {
    Ok(match last.kind {
        MovementKind::Correction => {
            let by = read.signature_last(ObjectKind::SiloMovement, last.seq)?;
            let by = by.map_or_else(|| "somebody".to_owned(), |by| by.person);
            format!("{by} counted it and signed")
        }
        MovementKind::Dosing => {
            let batch = last.batch_label.as_deref().unwrap_or("a batch");
            format!("{batch} took {}", Grams(last.delta_g.0.saturating_neg()))
        }
        MovementKind::Receipt => format!("{} came in", last.delta_g),
        MovementKind::Opening => "its first stock was entered".to_owned(),
    })
}

/// Refuses while a batch that uses the silo is in the PLC: what it has taken enters the ledger with its
/// result, so a count from in between would take the same material away twice.
fn nobody_doses(tx: &Write<'_>, silo: &SiloRow) -> Result<(), AppError> {
    let in_plc = tx.batches_in_slots()?;
    let batch = in_plc.iter().find(|batch| {
        let mut lines = batch.recipe.silo_lines.iter();
        batch.run.is_live() && lines.any(|line| line.silo == silo.silo)
    });
    match batch {
        None => Ok(()),
        Some(batch) => Err(AppError::refusal(
            ErrorCode::NotReady,
            format!(
                "{} is in the PLC and uses {}: count when its result is stored",
                batch.label, silo.label
            ),
        )),
    }
}

/// Enters a count, or refuses before anything is written.
fn enter(
    tx: &Write<'_>,
    request: &SiloCorrect,
    why: &str,
    at_ms: i64,
) -> Result<(SiloRow, Option<Grams>, MovementRow), AppError> {
    let counted = Grams(request.counted_g);
    let silo = tx
        .silos()?
        .into_iter()
        .find(|row| row.silo == request.silo)
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::NotFound,
                format!("there is no silo {}", request.silo),
            )
        })?;
    let refused = |text: String| Err(AppError::refusal(ErrorCode::BadRequest, text));
    if counted.0 < 0 || !counted.is_plc_step() {
        return refused("a stock is zero or more, in steps of 10 g".to_owned());
    }
    if counted > silo.capacity_g {
        return refused(format!(
            "{counted} is more than {} can hold: {}",
            silo.label, silo.capacity_g
        ));
    }
    let last = tx.silo_last_movement(silo.silo)?;
    let before = last.as_ref().map(|row| row.level_g);
    let expected = request.expected_g.map(Grams);
    if before != expected {
        let who = match &last {
            Some(last) => who_moved(tx, last)?,
            None => "its ledger is empty".to_owned(),
        };
        return Err(AppError::refusal(
            ErrorCode::Changed,
            format!(
                "{} changed while you were looking: it was {}, it is {} now; {who}",
                silo.label,
                stock(expected),
                stock(before)
            ),
        ));
    }
    if before == Some(counted) {
        return refused(format!(
            "{} has {counted} by the ledger as well: there is nothing to correct",
            silo.label
        ));
    }
    nobody_doses(tx, &silo)?;
    let delta = counted
        .checked_sub(before.unwrap_or(Grams::ZERO))
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::BadRequest,
                "the difference cannot be written down",
            )
        })?;
    tx.silo_move(
        at_ms,
        silo.silo,
        MovementKind::Correction,
        delta,
        None,
        Some(why),
    )?;
    let row = tx.silo_last_movement(silo.silo)?.ok_or_else(|| {
        AppError::refusal(
            ErrorCode::Internal,
            "the count is not in the ledger after it was entered",
        )
    })?;
    Ok((silo, before, row))
}

/// One count: its row of the ledger, the signature on it, its row of the trail and its row of the journal.
pub(super) async fn silo_correct(
    context: &Context,
    request: SiloCorrect,
) -> Result<SiloList, AppError> {
    let why = batch_act::reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            let (silo, before, row) = enter(tx, &request, &why, at_ms)?;
            signer.put(
                tx,
                &Signed::Movement(&row),
                "stock_correct",
                at_ms,
                Some(&why),
            )?;
            let state = |level: Option<Grams>| json!({ "level_g": level });
            tx.audit_add_signed(&audit::of_change(
                &signer.name,
                "silo_correct",
                &format!("silo:{}", silo.silo),
                &why,
                at_ms,
                (state(before), state(Some(row.level_g))),
            ))?;
            let mut params = vec![
                ("person", signer.name.clone()),
                ("silo", silo.label),
                ("level_g", row.level_g.0.to_string()),
                ("reason", why),
            ];
            if let Some(before) = before {
                params.push(("before_g", before.0.to_string()));
            }
            tx.journal_add(at_ms, None, JournalKind::StockCorrected, &params)
                .map_err(AppError::from)
        })
        .await?;
    super::silo::silo_list(context, Nothing {}).await
}
