//! A note on a batch: what a person at the line wants to be read later. Append-only: it stands in the batch's
//! journal and in its record, and a wrong one is followed by another. Leaves out everything that changes
//! the batch.

use millrace_core::error_code::ErrorCode;
use millrace_core::ids::BatchId;
use millrace_core::journal::JournalKind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::batch::BatchGet;
use super::view::BatchView;
use super::{Context, audit, batch_view};
use crate::error::AppError;

/// Longest note, in characters.
const CHARS_MAX: usize = 500;

/// Writes a note on a batch, whatever its state.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct BatchNote {
    /// Which batch.
    pub id: BatchId,
    /// 1 to 500 characters on one line.
    pub text: String,
}

/// The text as it is stored, or the refusal.
fn text(given: &str) -> Result<String, AppError> {
    let text = given.trim();
    let is_good =
        (1..=CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    is_good.then(|| text.to_owned()).ok_or_else(|| {
        AppError::refusal(
            ErrorCode::BadRequest,
            format!("a note has 1 to {CHARS_MAX} characters on one line"),
        )
    })
}

pub(super) async fn batch_note(
    context: &Context,
    request: BatchNote,
) -> Result<BatchView, AppError> {
    let text = text(&request.text)?;
    let person = context.caller()?.name.clone();
    let inner = &context.app.inner;
    let at_ms = inner.clock.now_ms();
    let id = request.id;
    inner
        .commit(move |tx| {
            // A note on nothing is refused.
            tx.batch(id)?;
            if tx.record_agrees(id)? == Some(false) {
                return Err(AppError::refusal(
                    ErrorCode::NotReady,
                    "the books do not say any more what the record of this batch froze: nothing is added to it before somebody has looked",
                ));
            }
            let object = millrace_core::record::object(id.0);
            let said = json!({ "text": text });
            tx.audit_add(&audit::of(&person, "batch_note", &object, "", at_ms, &said))?;
            tx.journal_add(
                at_ms,
                Some(id),
                JournalKind::BatchNote,
                &[("person", person), ("text", text)],
            )?;
            Ok(())
        })
        .await?;
    batch_view::batch_get(context, BatchGet { id }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_something_on_one_line() {
        assert_eq!(
            text(" lumps in silo B ").ok().as_deref(),
            Some("lumps in silo B")
        );
        assert!(text(&"é".repeat(500)).is_ok());
        for wrong in ["", "  ", "a\nb", "a\u{0}b", &"x".repeat(501)] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
