//! The guarantee in force, looked at again now and then: the owner may install or remove the ERP's unique
//! key while we run, and a connector keeps what its log-in found. Runs behind an import, when the ERP has
//! just answered. Leaves out what the guarantee means for a message (`posting.rs`, the connectors).

use std::sync::PoisonError;

use millrace_office::erp::ErpConnector;

use crate::inner::Inner;

/// So long what was found counts, in milliseconds: an hour. An import may run every minute, and each look
/// is a log-in.
const COUNTS_MS: i64 = 60 * 60 * 1_000;

/// Looks again when the last look is old enough. The first import after a start only notes the time: the
/// log-in has just looked.
pub(super) async fn refresh(inner: &Inner, erp: &dyn ErpConnector) {
    if !is_due(inner) {
        return;
    }
    erp.look_again().await;
    let now = erp.guarantee().await;
    let mut known = inner
        .erp_guarantee
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if known.as_ref() != Some(&now) {
        tracing::info!(?now, "what keeps a message from being booked twice");
        *known = Some(now);
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
