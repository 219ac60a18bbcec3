//! The one way to sign: the own secret again, then a row that binds printed name, login, time, site,
//! meaning and reason to the content hash of what is signed. Leaves out who may sign what, and hashing.

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_core::signature::{ObjectKind, Signature};
use millrace_store::Write;
use millrace_store::table::batch::BatchRow;
use millrace_store::table::deviation::AcceptanceRow;
use millrace_store::table::outbox::OutboxRow;
use millrace_store::table::signature::{SignatureNew, of_manual_line, of_message};
use millrace_store::table::silo_movement::{MovementRow, of_movement};

use super::Context;
use crate::error::AppError;
use crate::session::guess::{Counted, authenticate_counted};

/// Who signs, once the own secret was given again.
pub(crate) struct Signer {
    pub(super) id: UserId,
    pub(super) name: String,
    /// As signatures print it.
    full_name: String,
    /// Where.
    site: String,
}

/// What is signed.
pub(super) enum Signed<'a> {
    /// A batch, by its control recipe.
    Batch(&'a BatchRow),
    /// The weight of a manual line of a batch, as it stands in the books now.
    ManualLine(&'a BatchRow, i64),
    /// A message for the ERP, by what it says.
    Message(&'a OutboxRow),
    /// A row of the silo ledger, whole.
    Movement(&'a MovementRow),
    /// An accepted deviation of a batch.
    Deviation(&'a BatchRow, &'a AcceptanceRow),
    /// The act whose row is the trail's newest: its whole content stands there.
    LastAct,
}

/// Asks for the caller's own secret.
pub(super) async fn sign(context: &Context, secret: &str) -> Result<Signer, AppError> {
    sign_counted(context, secret, &Counted::Station).await
}

/// As [`sign`], for what must not be kept away by what others typed, at the same panel or under the same
/// name elsewhere: stopping a line.
pub(super) async fn sign_stop(context: &Context, secret: &str) -> Result<Signer, AppError> {
    let sessions = &context.app.inner.sessions;
    let token = context.token.as_deref().unwrap_or_default();
    let by = if sessions.may_stop_at_once(token) {
        Counted::Stopping
    } else {
        Counted::PersonOnly
    };
    let signer = sign_counted(context, secret, &by).await?;
    sessions.stopped(token);
    Ok(signer)
}

async fn sign_counted(context: &Context, secret: &str, by: &Counted) -> Result<Signer, AppError> {
    let caller = context.caller()?;
    if caller.script.is_some() {
        return Err(AppError::refusal(
            ErrorCode::NoRight,
            "a program signs nothing",
        ));
    }
    let inner = &context.app.inner;
    let person = authenticate_counted(&inner.store, inner.clock.as_ref(), &caller.name, secret, by)
        .await
        .map_err(|error| {
            if error.code == ErrorCode::WrongSecret {
                AppError::refusal(
                    ErrorCode::WrongSecret,
                    "this is not your secret; nothing was signed",
                )
            } else {
                error
            }
        })?;
    Ok(Signer {
        id: person.id,
        name: person.name,
        full_name: person.full_name,
        site: inner.site_key(),
    })
}

impl Signer {
    /// Adds the signature, in the transaction of what it signs.
    pub(super) fn put(
        &self,
        tx: &Write<'_>,
        signed: &Signed<'_>,
        meaning: &str,
        at_ms: i64,
        reason: Option<&str>,
    ) -> Result<(), AppError> {
        let nothing = || {
            AppError::refusal(
                ErrorCode::Changed,
                "what was to be signed is not in the books any more",
            )
        };
        let (object_kind, object_id, batch_id, content_hash) = match signed {
            Signed::Batch(row) => (
                ObjectKind::Batch,
                row.id.0,
                Some(row.id),
                row.content_hash.clone(),
            ),
            Signed::ManualLine(row, line_no) => {
                let lines = tx.manual_lines(row.id)?;
                let line = lines.iter().find(|line| line.line_no == *line_no);
                let hash = line.and_then(|line| of_manual_line(row, line));
                (
                    ObjectKind::ManualLine,
                    *line_no,
                    Some(row.id),
                    hash.ok_or_else(nothing)?,
                )
            }
            Signed::Message(row) => (ObjectKind::Message, row.id.0, row.batch_id, of_message(row)),
            Signed::Movement(row) => (ObjectKind::SiloMovement, row.seq, None, of_movement(row)),
            Signed::Deviation(batch, row) => (
                ObjectKind::Deviation,
                row.id,
                Some(row.batch_id),
                row.hash(batch),
            ),
            Signed::LastAct => {
                let (seq, hash) = tx.audit_head()?.ok_or_else(nothing)?;
                (ObjectKind::Act, seq, None, hash)
            }
        };
        tx.signature_add(&SignatureNew {
            object_kind,
            object_id,
            batch_id,
            person_id: self.id,
            login: self.name.clone(),
            person: self.full_name.clone(),
            meaning: meaning.to_owned(),
            at_ms,
            site: self.site.clone(),
            reason: reason.map(str::to_owned),
            content_hash,
        })?;
        Ok(())
    }
}

/// "already … by …", as the second of two is told it; `None` for a meaning that ends nothing.
pub(super) fn said(signature: &Signature) -> Option<String> {
    let what = match signature.meaning.as_str() {
        "approve" => "approved",
        "reject" => "rejected",
        "revoke" => "revoked",
        "cancel" => "cancelled",
        "replace" => "replaced",
        "waive" => "waived",
        "deviation_accept" => "accepted",
        "by_hand" => "closed as booked by hand",
        _ => return None,
    };
    Some(format!("already {what} by {}", signature.person))
}
