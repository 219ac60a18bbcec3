//! The gate before the ERP: once nothing gets through, one question asked on behalf of all messages takes the
//! place of each trying for itself, with a back-off that stands in the books and outlives a restart.
//! One row is written over for as long as it lasts, so days without the ERP do not grow the books.
//! Leaves out what is sent, and how fast ([`super::rate`]).

use millrace_core::batch::attempt::pause_ms;
use millrace_office::erp::{ErpConnector, ErpError};
use millrace_store::{Read, Write};
use serde::{Deserialize, Serialize};

use super::message::to_json;
use crate::error::AppError;
use crate::inner::Inner;

/// Where it stands in `meta`.
const KEY: &str = "erp_gate";
/// A question that is due later than this was scheduled by a clock that has been set back since.
const LONGEST_MS: i64 = 600_000;

/// A gate that is shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shut {
    /// Since when, UTC milliseconds.
    pub(crate) since_ms: i64,
    /// Times that nothing got through.
    pub(crate) failures: i64,
    /// The ERP is asked again then, UTC milliseconds.
    pub(crate) next_at_ms: i64,
    /// Why nothing got through the last time; books of an older version do not say.
    #[serde(default)]
    pub(crate) reason: String,
}

impl Shut {
    fn after(before: Option<&Shut>, at_ms: i64, reason: String) -> Shut {
        let since_ms = before.map_or(at_ms, |shut| shut.since_ms);
        let failures = before.map_or(0, |shut| shut.failures) + 1;
        Shut {
            since_ms,
            failures,
            next_at_ms: at_ms + pause_ms(failures, since_ms),
            reason,
        }
    }

    fn is_due(&self, now_ms: i64) -> bool {
        self.next_at_ms <= now_ms || self.next_at_ms > now_ms + LONGEST_MS
    }
}

/// What stands in the books; `None` = open.
pub(crate) fn read(read: &Read<'_>) -> Result<Option<Shut>, AppError> {
    let Some(text) = read.meta(KEY)? else {
        return Ok(None);
    };
    match serde_json::from_str(&text) {
        Ok(shut) => Ok(Some(shut)),
        Err(error) => {
            // It only ever saves work: without it each message tries for itself.
            tracing::warn!(%error, "the gate before the ERP cannot be read; it counts as open");
            Ok(None)
        }
    }
}

/// The next look asks the ERP, however long the pause is: a person wants it now.
pub(crate) fn ask_now(tx: &Write<'_>, at_ms: i64) -> Result<(), AppError> {
    if let Some(mut shut) = read(tx)? {
        shut.next_at_ms = at_ms;
        tx.meta_set(KEY, &to_json(&shut)?)?;
    }
    Ok(())
}

/// Whether messages may go; else when the ERP is asked next, UTC milliseconds.
pub(crate) async fn pass(
    inner: &Inner,
    erp: &dyn ErpConnector,
    shut: Option<Shut>,
) -> Result<Result<(), i64>, AppError> {
    let Some(shut) = shut else {
        return Ok(Ok(()));
    };
    // Somebody else had an answer meanwhile (the intake, the connection test): that is as good.
    if !inner.erp_link.is_good() {
        if !shut.is_due(inner.clock.now_ms()) {
            return Ok(Err(shut.next_at_ms));
        }
        match erp.probe().await {
            // It answered: what it refuses to this question it need not refuse to a message.
            Ok(_) | Err(ErpError::Refused { .. } | ErpError::Unsendable { .. }) => {
                inner.erp_good().await;
            }
            Err(error) => {
                inner.erp_lost(&error).await;
                return Ok(Err(put(inner, Some(&shut)).await?));
            }
        }
    }
    inner
        .commit_quietly(true, |tx| Ok(tx.meta_clear(KEY)?))
        .await?;
    Ok(Ok(()))
}

/// Shuts the gate after a turn in which nothing got through.
pub(crate) async fn shut_when_lost(inner: &Inner) -> Result<(), AppError> {
    if inner.erp_link.lets_nothing_through() {
        put(inner, None).await?;
    }
    Ok(())
}

async fn put(inner: &Inner, before: Option<&Shut>) -> Result<i64, AppError> {
    let reason = inner.erp_link.view(inner.clock.as_ref()).cause;
    let shut = Shut::after(before, inner.clock.now_ms(), reason.unwrap_or_default());
    let text = to_json(&shut)?;
    inner
        // A screen that shows when it is asked next must hear of it.
        .commit_quietly(true, move |tx| Ok(tx.meta_set(KEY, &text)?))
        .await?;
    Ok(shut.next_at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_version_wrote_is_read() {
        let old = r#"{"since_ms":1,"failures":2,"next_at_ms":3}"#;
        let shut: Shut = serde_json::from_str(old).expect("readable");
        assert_eq!((shut.failures, shut.reason.as_str()), (2, ""));
    }

    #[test]
    fn the_pause_grows_to_five_minutes_and_a_clock_that_is_set_back_does_not_stretch_it() {
        let mut shut = Shut::after(None, 1_000, "no route".into());
        assert!((2_600..=3_400).contains(&shut.next_at_ms), "{shut:?}");
        let mut now_ms = 1_000;
        for _ in 0..20 {
            now_ms = shut.next_at_ms;
            assert!(!shut.is_due(now_ms - 1) && shut.is_due(now_ms));
            shut = Shut::after(Some(&shut), now_ms, "no route".into());
        }
        assert_eq!((shut.since_ms, shut.failures), (1_000, 21));
        assert!((240_000..=360_000).contains(&(shut.next_at_ms - now_ms)));
        assert!(shut.is_due(now_ms - 3_600_000));
    }
}
