//! Closing a message without the ERP's word by two persons: the first signature asks, another person's
//! carries it out, either may end the request. Leaves out carrying it out ([`super::outbox_act`]).
//!
//! The request is the first signature itself: it survives a restart, is bound to what the message says, and
//! nobody changes it unseen. It stands while it is the last signature on a message that can be closed by hand.

use millrace_core::access::four_eyes::{FourEyes, Second};
use millrace_core::batch::posting::{Posting, PostingEvent};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_core::journal::JournalKind;
use millrace_core::signature::{ObjectKind, Signature};
use millrace_store::table::outbox::OutboxRow;
use millrace_store::{Read, StoreError, Write};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::outbox::{OutboxGet, OutboxView, outbox_get};
use super::outbox_act::OutboxSigned;
use super::signing::{Signed, Signer, sign};
use super::{Context, audit, batch_act};
use crate::error::AppError;
use crate::jobs::message::subject;

/// How a message is closed without being posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum OutboxClose {
    /// Without the ERP.
    Waive,
    /// A person booked it there.
    ByHand,
}

impl OutboxClose {
    /// What its signature means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            OutboxClose::Waive => "waive",
            OutboxClose::ByHand => "by_hand",
        }
    }

    /// What a signature means that asks for it.
    fn asked(self) -> &'static str {
        match self {
            OutboxClose::Waive => "waive_asked",
            OutboxClose::ByHand => "by_hand_asked",
        }
    }

    /// Its step.
    pub(super) fn event(self) -> PostingEvent {
        match self {
            OutboxClose::Waive => PostingEvent::Waive,
            OutboxClose::ByHand => PostingEvent::BookByHand,
        }
    }

    /// What was asked for, in a sentence.
    fn told(self) -> &'static str {
        match self {
            OutboxClose::Waive => "that this message be waived",
            OutboxClose::ByHand => "that this message be closed as booked by hand",
        }
    }

    fn of_asked(meaning: &str) -> Option<OutboxClose> {
        [OutboxClose::Waive, OutboxClose::ByHand]
            .into_iter()
            .find(|close| close.asked() == meaning)
    }
}

/// A first signature that waits for a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OutboxAskedView {
    /// Number of the first signature; goes back with the second, so that nobody signs what they did not see.
    pub signature: i64,
    /// What was asked for.
    pub close: OutboxClose,
    /// Printed name of who asked.
    pub person: String,
    /// Login name of who asked.
    pub login: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Why.
    pub reason: String,
}

/// The request that stands, in the books.
pub(super) struct Asked {
    close: OutboxClose,
    pub(super) signature: Signature,
}

impl Asked {
    /// As it leaves the backend.
    pub(super) fn view(self) -> OutboxAskedView {
        OutboxAskedView {
            signature: self.signature.id,
            close: self.close,
            person: self.signature.person,
            login: self.signature.login,
            at_ms: self.signature.at_ms,
            reason: self.signature.reason.unwrap_or_default(),
        }
    }
}

/// True while a person may close the message.
pub(super) fn may_be_closed(row: &OutboxRow) -> bool {
    matches!(row.state, Posting::Refused | Posting::InDoubt)
}

/// The request that stands about a message.
pub(super) fn asked(read: &Read<'_>, row: &OutboxRow) -> Result<Option<Asked>, StoreError> {
    if !may_be_closed(row) {
        return Ok(None);
    }
    let Some(signature) = read.signature_last(ObjectKind::Message, row.id.0)? else {
        return Ok(None);
    };
    let Some(close) = OutboxClose::of_asked(&signature.meaning) else {
        return Ok(None);
    };
    // A message that says something else now was not what was asked about.
    let holds = read.signature_holds(&signature)?;
    Ok(holds.then_some(Asked { close, signature }))
}

/// Whether a signature carries out or asks. Refuses what the signer did not see, and the own request.
pub(super) fn second(
    tx: &Write<'_>,
    rule: FourEyes,
    row: &OutboxRow,
    signer: &Signer,
    close: OutboxClose,
    seen: Option<i64>,
) -> Result<(Second, Option<Signature>), AppError> {
    let stands = asked(tx, row)?;
    let first = stands.as_ref().map(|asked| &asked.signature);
    let step = rule.second(first.map(|first| UserId(first.person_id)), signer.id);
    if let Some(asked) = &stands {
        let who = &asked.signature.person;
        let what = asked.close.told();
        if step == Second::Own {
            return Err(AppError::refusal(
                ErrorCode::OwnRequest,
                format!("{who} asked {what}: somebody else must sign it"),
            ));
        }
        if asked.close != close {
            return Err(AppError::refusal(
                ErrorCode::Changed,
                format!("{who} asked {what}: sign that, or decline it first"),
            ));
        }
        if seen != Some(asked.signature.id) {
            return Err(AppError::refusal(
                ErrorCode::Changed,
                format!("{who} asked {what} while you were looking: look at it, then sign second"),
            ));
        }
    } else if seen.is_some() {
        return Err(AppError::refusal(
            ErrorCode::Changed,
            "the request that you saw does not stand any more",
        ));
    }
    Ok((step, stands.map(|asked| asked.signature)))
}

/// Signs first: nothing is carried out.
pub(super) fn ask(
    tx: &Write<'_>,
    row: &OutboxRow,
    signer: &Signer,
    close: OutboxClose,
    action: &str,
    (why, at_ms): (&str, i64),
) -> Result<(), AppError> {
    signer.put(tx, &Signed::Message(row), close.asked(), at_ms, Some(why))?;
    tx.audit_add_signed(&audit::of(
        &signer.name,
        action,
        &format!("outbox:{}", row.id),
        why,
        at_ms,
        &serde_json::json!({
            "state": row.state.word(),
            "asked": close.meaning(),
            "payload": row.payload,
        }),
    ))?;
    tell(
        tx,
        row,
        JournalKind::PostingCloseAsked,
        signer,
        (why, at_ms),
    )
}

fn tell(
    tx: &Write<'_>,
    row: &OutboxRow,
    kind: JournalKind,
    signer: &Signer,
    (why, at_ms): (&str, i64),
) -> Result<(), AppError> {
    tx.journal_add(
        at_ms,
        row.batch_id,
        kind,
        &[
            ("message", subject(row)),
            ("person", signer.name.clone()),
            ("reason", why.to_owned()),
        ],
    )?;
    Ok(())
}

/// Ends a request that stands: who asked withdraws it, anybody else who may sign it declines it.
pub(super) async fn outbox_decline(
    context: &Context,
    request: OutboxSigned,
) -> Result<OutboxView, AppError> {
    let why = batch_act::reason(&request.reason)?;
    let signer = sign(context, &request.secret).await?;
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            let row = tx.outbox(request.id)?;
            let first = asked(tx, &row)?
                .map(|asked| asked.signature)
                .filter(|first| request.asked == Some(first.id))
                .ok_or_else(|| {
                    AppError::refusal(
                        ErrorCode::Changed,
                        "the request that you saw does not stand any more",
                    )
                })?;
            let is_own = first.person_id == signer.id.0;
            let meaning = if is_own {
                "ask_withdrawn"
            } else {
                "ask_declined"
            };
            signer.put(tx, &Signed::Message(&row), meaning, at_ms, Some(&why))?;
            tx.audit_add_signed(&audit::of(
                &signer.name,
                "outbox_decline",
                &format!("outbox:{}", row.id),
                &why,
                at_ms,
                &serde_json::json!({ "ended": meaning, "asked_by": first.login }),
            ))?;
            tell(
                tx,
                &row,
                JournalKind::PostingAskEnded,
                &signer,
                (&why, at_ms),
            )
        })
        .await?;
    outbox_get(context, OutboxGet { id: request.id }).await
}
