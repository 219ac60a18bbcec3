//! Background work: each job is idempotent, without input, run on a period or a nudge.

pub(crate) mod difference;
pub(crate) mod gate;
mod guarantee;
pub(crate) mod intake;
mod late;
pub(crate) mod message;
mod message_area;
pub(crate) mod message_done;
pub(crate) mod posting;
pub(crate) mod posting_area;
mod posting_done;
pub(crate) mod rate;
pub(crate) mod restored;
pub(crate) mod settle;

use std::sync::{Mutex, PoisonError};

use millrace_office::erp::ErpError;

use crate::clock::Clock;
use crate::commands::live::{LinkStateView, LinkView};

/// The ERP link as the jobs last found it.
#[derive(Debug)]
pub(crate) struct ErpLink {
    state: Mutex<ErpLinkState>,
}

#[derive(Debug, Clone)]
struct ErpLinkState {
    state: LinkStateView,
    since_ms: i64,
    ok_mono_ms: Option<i64>,
    cause: Option<String>,
    /// Calls in a row that came to nothing.
    lost_in_row: u32,
    /// The last of them did not even leave.
    is_unreached: bool,
}

/// After so many lost answers in a row nothing counts as getting through. One or two are told of the
/// message that they belong to: it is read back.
const LOST_MAX: u32 = 3;

impl ErpLink {
    pub(crate) fn new(is_configured: bool, cause: Option<String>, clock: &dyn Clock) -> ErpLink {
        let state = if is_configured {
            LinkStateView::Connecting
        } else {
            LinkStateView::Off
        };
        ErpLink {
            state: Mutex::new(ErpLinkState {
                state,
                since_ms: clock.now_ms(),
                ok_mono_ms: None,
                cause,
                lost_in_row: 0,
                is_unreached: false,
            }),
        }
    }

    /// The ERP answered. Answers true when it had been lost.
    pub(crate) fn good(&self, clock: &dyn Clock) -> bool {
        let mut link = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_lost = link.state == LinkStateView::Lost;
        if link.state != LinkStateView::Good {
            link.state = LinkStateView::Good;
            link.since_ms = clock.now_ms();
        }
        link.ok_mono_ms = Some(clock.mono_ms());
        link.cause = None;
        link.lost_in_row = 0;
        link.is_unreached = false;
        was_lost
    }

    /// It did not. Answers true when that is news.
    pub(crate) fn lost(&self, error: &ErpError, clock: &dyn Clock) -> bool {
        let mut link = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = link.state != LinkStateView::Lost;
        if is_news {
            link.state = LinkStateView::Lost;
            link.since_ms = clock.now_ms();
        }
        link.cause = Some(error.to_string());
        link.lost_in_row = link.lost_in_row.saturating_add(1);
        link.is_unreached = !error.outcome_unknown();
        is_news
    }

    /// The last call had an answer.
    pub(crate) fn is_good(&self) -> bool {
        let link = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        link.state == LinkStateView::Good
    }

    /// Whether the next call would come to nothing as well, as far as the last ones tell.
    pub(crate) fn lets_nothing_through(&self) -> bool {
        let link = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        link.state == LinkStateView::Lost && (link.is_unreached || link.lost_in_row >= LOST_MAX)
    }

    pub(crate) fn view(&self, clock: &dyn Clock) -> LinkView {
        let link = self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        LinkView {
            state: link.state,
            age_ms: link.ok_mono_ms.map(|at| clock.mono_ms() - at),
            since_ms: link.since_ms,
            cause: link.cause,
        }
    }
}
