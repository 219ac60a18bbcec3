//! Tokens of programs: kept as hashes, bound to rights, to who made them and to a time. Leaves out what a
//! token may carry (`millrace_core::access::script`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use millrace_core::access::Right;
use millrace_core::audit::{hex, unhex};
use millrace_store::table::api_token::ApiTokenRow;
use millrace_store::table::person::PersonRow;

use super::Caller;
use crate::error::AppError;
use crate::inner::Inner;

/// The open tokens, by hash, as the books have them.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    open: Mutex<HashMap<[u8; 32], Script>>,
}

#[derive(Debug)]
struct Script {
    id: i64,
    caller: Caller,
    expires_at_ms: i64,
    /// Since the start of the program, UTC milliseconds.
    used_at_ms: Option<i64>,
}

impl Scripts {
    /// Who holds the token with this hash.
    pub(super) fn caller(&self, hash: &[u8; 32], now_ms: i64) -> Option<Caller> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let script = open.get_mut(hash)?;
        if now_ms >= script.expires_at_ms {
            // Gone for this run of the program: a clock set back brings it not back.
            open.remove(hash);
            return None;
        }
        script.used_at_ms = Some(now_ms);
        Some(script.caller.clone())
    }

    fn replace(&self, mut fresh: HashMap<[u8; 32], Script>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (hash, script) in &mut fresh {
            script.used_at_ms = open.get(hash).and_then(|before| before.used_at_ms);
        }
        *open = fresh;
    }

    /// When each open token was used last since the start of the program, by its number.
    fn used(&self) -> HashMap<i64, i64> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values()
            .filter_map(|script| Some((script.id, script.used_at_ms?)))
            .collect()
    }
}

/// When each open token was used last since the start of the program, by its number.
pub(crate) fn used(inner: &Inner) -> HashMap<i64, i64> {
    inner.sessions.scripts.used()
}

/// As whom a program acts: its maker, with the program's name behind it, and no more than both may.
fn acting(row: &ApiTokenRow, maker: &PersonRow, inner: &Inner) -> Caller {
    let rights: Vec<Right> = row.made.rights.clone();
    Caller {
        name: format!("{}/{}", maker.name, row.made.name),
        script: Some(rights),
        ..Caller::at(maker, &inner.place())
    }
}

/// Brings the open tokens to what the books say now, after a token or somebody who made one changed.
///
/// # Errors
/// As the store reports them.
pub(crate) async fn refresh(inner: &Inner) -> Result<(), AppError> {
    let _turn = inner.sessions.turn.lock().await;
    let rows = inner
        .store
        .read(|read| {
            let mut rows = Vec::new();
            for row in read.api_tokens_open()? {
                let maker = read.person(row.made.person_id)?;
                rows.push((row, maker));
            }
            Ok::<_, AppError>(rows)
        })
        .await?;
    let now_ms = inner.clock.now_ms();
    let open = rows
        .into_iter()
        .filter(|(row, maker)| !maker.is_disabled && row.made.expires_at_ms > now_ms)
        .filter_map(|(row, maker)| {
            let hash = unhex(&row.made.hash)?;
            let script = Script {
                id: row.id,
                caller: acting(&row, &maker, inner),
                expires_at_ms: row.made.expires_at_ms,
                used_at_ms: None,
            };
            Some((hash, script))
        })
        .collect();
    inner.sessions.scripts.replace(open);
    Ok(())
}

/// The hash of a token as the books keep it.
#[must_use]
pub(crate) fn hash(token: &str) -> String {
    hex(&super::token_hash(token))
}
