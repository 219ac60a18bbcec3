//! Locking and unlocking a session, handing the workstation over, and the own PIN or badge. Leaves out when a
//! session locks by itself (`millrace_core::access::lock`) and counting wrong proofs ([`crate::session`]).

use millrace_core::access::lock::Standing;
use millrace_core::access::quick::{self, QuickKind};
use millrace_core::error_code::ErrorCode;
use millrace_core::ids::UserId;
use millrace_core::journal::JournalKind;
use millrace_store::table::person::PersonRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::session::{Done, Nothing, SessionView, view_of};
use super::{Context, audit};
use crate::error::AppError;
use crate::inner::Inner;
use crate::session::{authenticate, hash_secret, open_for, quick as quick_way};

/// Longest note at a hand-over.
const NOTE_CHARS_MAX: usize = 500;

/// By what somebody shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// The whole secret.
    Secret,
    /// The PIN.
    Pin,
    /// The badge.
    Badge,
}

/// A proof. Prints without its text.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Which.
    pub kind: ProofKind,
    /// What was typed or read.
    pub text: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof({:?}, ***)", self.kind)
    }
}

/// Give the session its rights again.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SessionUnlock {
    /// The session's own person's.
    pub proof: Proof,
}

/// Somebody else takes the workstation over.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SessionHandOver {
    /// Who takes over.
    pub user: String,
    /// Theirs.
    pub proof: Proof,
    /// What the next shift must know; may be empty.
    #[serde(default)]
    pub note: String,
}

/// Set the own PIN or badge.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QuickSet {
    /// Which.
    pub kind: QuickKind,
    /// The new one.
    pub text: String,
    /// The own secret.
    pub secret: String,
}

impl std::fmt::Debug for QuickSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QuickSet({:?}, ***)", self.kind)
    }
}

/// Take the own PIN or badge away.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QuickClear {
    /// Which.
    pub kind: QuickKind,
}

/// A PIN or badge that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuickView {
    /// Which.
    pub kind: QuickKind,
    /// Since when, UTC milliseconds.
    pub set_at_ms: i64,
    /// Too many wrong ones: off until the whole secret is given.
    pub is_off: bool,
}

/// The own PIN and badge, and who may take over here with theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuickList {
    /// The own.
    pub own: Vec<QuickView>,
    /// True where the own may be used at this station: the whole secret was given here within a working day.
    pub is_known_here: bool,
    /// Others who gave their whole secret here within a working day, by name.
    pub others: Vec<String>,
}

/// The person behind a name and the whole secret, which makes PIN and badge good again.
async fn prove_whole(inner: &Inner, name: &str, secret: &str) -> Result<PersonRow, AppError> {
    let person = authenticate(&inner.store, inner.clock.as_ref(), name, secret).await?;
    whole_given(inner, person.id).await?;
    Ok(person)
}

/// The person behind a name and a proof.
async fn prove(inner: &Inner, name: &str, proof: &Proof) -> Result<PersonRow, AppError> {
    let kind = match proof.kind {
        ProofKind::Secret => return prove_whole(inner, name, &proof.text).await,
        ProofKind::Pin => QuickKind::Pin,
        ProofKind::Badge => QuickKind::Badge,
    };
    quick_way::verify(inner, name, kind, &proof.text).await
}

/// How far a proof opens a session: what goes beyond an operator's rights asks for the whole secret.
fn reach(kind: ProofKind) -> Standing {
    match kind {
        ProofKind::Secret => Standing::Open,
        ProofKind::Pin | ProofKind::Badge => Standing::Lowered,
    }
}

/// The whole secret was given at this station.
pub(super) async fn whole_given(inner: &Inner, id: UserId) -> Result<(), AppError> {
    inner.sessions.whole_given(id, inner.clock.as_ref());
    inner
        .store
        .write(move |tx| tx.person_quick_failed_set(id, None, 0))
        .await?;
    Ok(())
}

fn token(context: &Context) -> &str {
    context.token.as_deref().unwrap_or_default()
}

pub(super) async fn session_touch(context: &Context, _: Nothing) -> Result<SessionView, AppError> {
    let inner = &context.app.inner;
    inner
        .sessions
        .touch(token(context), inner.clock.as_ref(), &inner.lock_times);
    view_of(context, String::new())
}

pub(super) async fn session_lock(context: &Context, _: Nothing) -> Result<SessionView, AppError> {
    let inner = &context.app.inner;
    let entry = audit::of(
        &context.caller()?.name,
        "session_lock",
        "session",
        "",
        inner.clock.now_ms(),
        &serde_json::json!({ "standing": "locked" }),
    );
    // Locked first: a full disk must not keep a session open.
    inner.sessions.lock(token(context));
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await?;
    view_of(context, String::new())
}

pub(super) async fn session_unlock(
    context: &Context,
    request: SessionUnlock,
) -> Result<SessionView, AppError> {
    let inner = &context.app.inner;
    let caller = context.caller()?;
    let person = prove(inner, &caller.name, &request.proof).await?;
    let entry = audit::of(
        &person.name,
        "session_unlock",
        "session",
        "",
        inner.clock.now_ms(),
        &serde_json::json!({ "by": request.proof.kind }),
    );
    inner
        .commit_quietly(false, move |tx| Ok(tx.audit_add(&entry)?))
        .await?;
    let to = reach(request.proof.kind);
    inner
        .sessions
        .unlock(token(context), inner.clock.as_ref(), to);
    view_of(context, String::new())
}

pub(super) async fn session_hand_over(
    context: &Context,
    request: SessionHandOver,
) -> Result<SessionView, AppError> {
    let inner = &context.app.inner;
    let from = context.caller()?.name.clone();
    let note = request.note.trim().to_owned();
    if note.chars().count() > NOTE_CHARS_MAX
        || note
            .chars()
            .any(|letter| letter.is_control() && letter != '\n')
    {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            format!("a note has at most {NOTE_CHARS_MAX} characters and no control characters"),
        ));
    }
    let person = prove(inner, &request.user, &request.proof).await?;
    if person.name == from {
        return Err(AppError::refusal(
            ErrorCode::BadRequest,
            "this is your own session: unlock it",
        ));
    }
    let at_ms = inner.clock.now_ms();
    let (id, to) = (person.id, person.name.clone());
    let mut entry = audit::of(
        &to,
        "session_hand_over",
        "session",
        &note,
        at_ms,
        &serde_json::json!({ "user": to, "by": request.proof.kind }),
    );
    entry.before = serde_json::json!({ "user": from }).to_string();
    // Opened first: whoever was disabled just now takes nothing over, and nothing says so.
    let (fresh, _) = open_for(inner, &person).await?;
    let written = inner
        .commit(move |tx| {
            tx.person_login_set(id, at_ms)?;
            tx.journal_add(
                at_ms,
                None,
                JournalKind::HandedOver,
                &[("from", from), ("person", to), ("reason", note)],
            )?;
            Ok(tx.audit_add(&entry)?)
        })
        .await;
    if let Err(error) = written {
        inner.sessions.close(&fresh);
        return Err(error);
    }
    inner
        .sessions
        .unlock(&fresh, inner.clock.as_ref(), reach(request.proof.kind));
    inner.sessions.close(token(context));
    let context = Context {
        caller: Some(context.app.caller(Some(&fresh))?),
        token: Some(fresh.clone()),
        app: context.app.clone(),
    };
    view_of(&context, fresh)
}

pub(super) async fn quick_list(context: &Context, _: Nothing) -> Result<QuickList, AppError> {
    let inner = &context.app.inner;
    let own = context.caller()?.id;
    let known = inner.sessions.known_here(inner.clock.as_ref());
    let is_known_here = known.contains(&own);
    let (rows, others) = inner
        .store
        .read(move |read| {
            let mut others = Vec::new();
            for id in known.into_iter().filter(|id| *id != own) {
                let person = read.person(id)?;
                if !person.is_disabled {
                    others.push(person.name);
                }
            }
            others.sort();
            Ok::<_, AppError>((read.person_quick(own)?, others))
        })
        .await?;
    Ok(QuickList {
        own: rows
            .into_iter()
            .map(|row| QuickView {
                kind: row.kind,
                set_at_ms: row.set_at_ms,
                is_off: row.failed >= quick::WRONG_MAX,
            })
            .collect(),
        is_known_here,
        others,
    })
}

pub(super) async fn quick_set(context: &Context, request: QuickSet) -> Result<QuickList, AppError> {
    let inner = &context.app.inner;
    quick::judge(request.kind, &request.text)
        .map_err(|why| AppError::refusal(ErrorCode::BadRequest, why))?;
    let caller = context.caller()?;
    let person = prove_whole(inner, &caller.name, &request.secret).await?;
    let phc = hash_secret(request.text).await?;
    let at_ms = inner.clock.now_ms();
    let kind = request.kind;
    let entry = audit::of(
        &person.name,
        "quick_set",
        &format!("person:{}", person.id),
        "",
        at_ms,
        &serde_json::json!({ "kind": kind }),
    );
    inner
        .commit(move |tx| {
            tx.person_quick_set(person.id, kind, &phc, at_ms)?;
            Ok(tx.audit_add(&entry)?)
        })
        .await?;
    quick_list(context, Nothing {}).await
}

pub(super) async fn quick_clear(context: &Context, request: QuickClear) -> Result<Done, AppError> {
    let inner = &context.app.inner;
    let caller = context.caller()?;
    let (id, kind) = (caller.id, request.kind);
    let mut entry = audit::of(
        &caller.name,
        "quick_clear",
        &format!("person:{id}"),
        "",
        inner.clock.now_ms(),
        &serde_json::Value::Null,
    );
    entry.before = serde_json::json!({ "kind": kind }).to_string();
    inner
        .commit(move |tx| {
            tx.person_quick_clear(id, Some(kind))?;
            Ok(tx.audit_add(&entry)?)
        })
        .await?;
    Ok(Done {})
}
