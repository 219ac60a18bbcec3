//! What wants a person because the record does not verify. Leaves out finding that out (`crate::trail`).

use super::attention::AttentionView;
use crate::inner::Inner;

/// The most urgent row there is: what is shown and signed rests on the record.
pub(super) fn rows(inner: &Inner) -> Vec<AttentionView> {
    let fault = inner.trail.fault().into_iter();
    fault
        .map(|fault| AttentionView::RecordBad {
            since_ms: fault.since_ms,
            sentence: fault.sentence,
        })
        .collect()
}
