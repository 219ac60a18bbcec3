//! The guarantee in force, looked at again now and then: the owner may install or remove the ERP's unique
//! key while we run, and a connector keeps what its log-in found. Runs behind an import, when the ERP has
//! just answered; another one than before is told in the journal, over a restart, too.
//! Leaves out what the guarantee means for a message (`posting.rs`, the connectors).

use std::sync::PoisonError;

use millrace_core::journal::JournalKind;
use millrace_office::erp::{ErpConnector, Guarantee};

use crate::error::AppError;
use crate::inner::Inner;

/// So long what was found counts, in milliseconds: an hour. An import may run every minute, and each look
/// is a log-in.
const COUNTS_MS: i64 = 60 * 60 * 1_000;
/// Under this key the books keep which guarantee was in force last, as a word.
const KEY: &str = "erp_guarantee";

/// Looks again when the last look is old enough, and tells a change. The first import after a start only
/// notes the time: the log-in has just looked.
///
/// # Errors
/// The store's.
pub(super) async fn refresh(inner: &Inner, erp: &dyn ErpConnector) -> Result<(), AppError> {
    if is_due(inner) {
        erp.look_again().await;
    }
    let now = match erp.guarantee_found().await {
        Ok(now) => now,
        // A log-in that failed says nothing about what is installed.
        Err(error) => {
            inner.erp_lost(&error).await;
            return Ok(());
        }
    };
    // A link that was lost meanwhile says nothing about what is installed.
    if !inner.erp_link.is_good() {
        return Ok(());
    }
    *inner
        .erp_guarantee
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(now.clone());
    let at_ms = inner.clock.now_ms();
    let word = word(&now);
    let before = inner
        .store
        .read(|read| read.meta(KEY).map_err(AppError::from))
        .await?;
    if before.as_deref() == Some(word) {
        return Ok(());
    }
    inner
        .commit_quietly(before.is_some(), move |tx| {
            tx.meta_set(KEY, word)?;
            // What is found first is no change.
            if before.is_none() {
                return Ok(());
            }
            let mut params = vec![("guarantee", word.to_owned())];
            if let Guarantee::UniqueKey { version } = now {
                params.push(("version", version));
            }
            tx.journal_add(at_ms, None, JournalKind::GuaranteeChanged, &params)?;
            Ok(())
        })
        .await
}

fn word(guarantee: &Guarantee) -> &'static str {
    match guarantee {
        Guarantee::UniqueKey { .. } => "unique_key",
        Guarantee::ReadBack => "read_back",
    }
}

fn is_due(inner: &Inner) -> bool {
    let now_ms = inner.clock.mono_ms();
    let mut looked = inner
        .erp_looked_mono_ms
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let is_due = looked.is_some_and(|at_ms| now_ms - at_ms >= COUNTS_MS);
    if is_due || looked.is_none() {
        *looked = Some(now_ms);
    }
    is_due
}
