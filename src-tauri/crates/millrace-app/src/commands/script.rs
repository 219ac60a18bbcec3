//! Tokens for programs: make, list, end. Whoever makes one answers for it. Leaves out what a token may carry
//! (`millrace_core::access::script`) and using it ([`crate::session::script`]).

use millrace_core::access::{self, Right, script};
use millrace_core::error_code::ErrorCode;
use millrace_store::table::api_token::{ApiTokenNew, ApiTokenRow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::session::Nothing;
use super::{Context, audit};
use crate::error::AppError;
use crate::session::script::{hash, refresh, used};
use crate::session::{Caller, random_token};

/// Open tokens that a plant can have.
const OPEN_MAX: usize = 50;
/// Tokens that are listed.
const LIST_MAX: i64 = 200;
const DAY_MS: i64 = 86_400_000;

/// A token, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApiTokenView {
    /// Its number.
    pub id: i64,
    /// What the program is called; the trail names it behind its maker.
    pub name: String,
    /// Who made it and answers for it.
    pub by: String,
    /// What it may do, as far as its maker still may.
    pub rights: Vec<Right>,
    /// When it was made, UTC milliseconds.
    pub created_at_ms: i64,
    /// Until when it holds, UTC milliseconds.
    pub expires_at_ms: i64,
    /// It holds now.
    pub is_good: bool,
    /// When it was used last since the start of the program, UTC milliseconds.
    pub used_at_ms: Option<i64>,
    /// When it was ended, UTC milliseconds.
    pub ended_at_ms: Option<i64>,
    /// By whom.
    pub ended_by: Option<String>,
}

/// The tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApiTokenList {
    /// Open ones first, then the newest.
    pub tokens: Vec<ApiTokenView>,
    /// What the caller may give one.
    pub rights: Vec<Right>,
    /// Longest time that one holds, days.
    pub days_max: i64,
}

/// Make a token.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ApiTokenAdd {
    /// What the program is called.
    pub name: String,
    /// What it may do.
    pub rights: Vec<Right>,
    /// For how long, days.
    pub days: i64,
}

/// End a token.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ApiTokenEnd {
    /// Which.
    pub id: i64,
}

/// A new token with its text, which is shown this once and is in no book.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct ApiTokenMade {
    /// All of them.
    pub list: ApiTokenList,
    /// What the program sends as its bearer token.
    pub token: String,
}

impl std::fmt::Debug for ApiTokenMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiTokenMade").finish_non_exhaustive()
    }
}

/// What somebody with these rights may give a program.
fn may_give(caller: &Caller) -> Vec<Right> {
    let own = access::rights_of(&caller.roles);
    let mut rights = script::RIGHTS.to_vec();
    rights.retain(|right| own.contains(right));
    rights
}

pub(super) async fn api_token_list(
    context: &Context,
    _: Nothing,
) -> Result<ApiTokenList, AppError> {
    let inner = &context.app.inner;
    let rows: Vec<(ApiTokenRow, String, bool)> = inner
        .store
        .read(|read| {
            let mut rows = Vec::new();
            for row in read.api_tokens(LIST_MAX)? {
                let maker = read.person(row.made.person_id)?;
                rows.push((row, maker.name, maker.is_disabled));
            }
            Ok::<_, AppError>(rows)
        })
        .await?;
    let used = used(inner);
    let now_ms = inner.clock.now_ms();
    let tokens = rows.into_iter().map(|(row, by, is_off)| ApiTokenView {
        id: row.id,
        by,
        is_good: row.ended.is_none() && !is_off && row.made.expires_at_ms > now_ms,
        used_at_ms: used.get(&row.id).copied(),
        ended_at_ms: row.ended.as_ref().map(|(at_ms, _)| *at_ms),
        ended_by: row.ended.map(|(_, by)| by),
        name: row.made.name,
        rights: row.made.rights,
        created_at_ms: row.made.created_at_ms,
        expires_at_ms: row.made.expires_at_ms,
    });
    Ok(ApiTokenList {
        tokens: tokens.collect(),
        rights: may_give(context.caller()?),
        days_max: script::DAYS_MAX,
    })
}

pub(super) async fn api_token_add(
    context: &Context,
    request: ApiTokenAdd,
) -> Result<ApiTokenMade, AppError> {
    let bad = |why: String| AppError::refusal(ErrorCode::BadRequest, why);
    let inner = &context.app.inner;
    let caller = context.caller()?.clone();
    let own = access::rights_of(&caller.roles);
    script::judge(&request.name, &request.rights, request.days, &own).map_err(bad)?;
    let token = random_token()?;
    let at_ms = inner.clock.now_ms();
    let new = ApiTokenNew {
        name: request.name,
        person_id: caller.id,
        hash: hash(&token),
        rights: request.rights,
        created_at_ms: at_ms,
        expires_at_ms: at_ms.saturating_add(request.days.saturating_mul(DAY_MS)),
    };
    inner
        .commit(move |tx| {
            let open = tx.api_tokens_open()?;
            if open.len() >= OPEN_MAX {
                return Err(bad(format!("there are {OPEN_MAX} open tokens: end one first")));
            }
            if open.iter().any(|row| {
                row.made.person_id == new.person_id && row.made.name.eq_ignore_ascii_case(&new.name)
            }) {
                return Err(bad(format!(
                    "you have an open token {} already: end it, or choose another name",
                    new.name
                )));
            }
            let id = tx.api_token_add(&new)?;
            tx.audit_add(&audit::of(
                &caller.name,
                "api_token_add",
                &format!("api_token:{id}"),
                "",
                at_ms,
                &json!({ "name": new.name, "rights": new.rights, "expires_at_ms": new.expires_at_ms }),
            ))?;
            Ok(())
        })
        .await?;
    refresh(inner).await?;
    Ok(ApiTokenMade {
        list: api_token_list(context, Nothing {}).await?,
        token,
    })
}

pub(super) async fn api_token_end(
    context: &Context,
    request: ApiTokenEnd,
) -> Result<ApiTokenList, AppError> {
    let inner = &context.app.inner;
    let by = context.caller()?.name.clone();
    let at_ms = inner.clock.now_ms();
    inner
        .commit(move |tx| {
            let row = tx.api_token(request.id)?;
            if !tx.api_token_end(request.id, at_ms, &by)? {
                let who = row.ended.map(|(_, by)| by).unwrap_or_default();
                return Err(AppError::refusal(
                    ErrorCode::Changed,
                    format!("the token {} was already ended by {who}", row.made.name),
                ));
            }
            tx.audit_add(&audit::of(
                &by,
                "api_token_end",
                &format!("api_token:{}", row.id),
                "",
                at_ms,
                &json!({ "name": row.made.name }),
            ))?;
            Ok(())
        })
        .await?;
    refresh(inner).await?;
    api_token_list(context, Nothing {}).await
}
