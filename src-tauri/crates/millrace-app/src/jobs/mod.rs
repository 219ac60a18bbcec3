//! Background work: each job is idempotent, without input, run on a period or a nudge.

pub(crate) mod difference;
mod guarantee;
pub(crate) mod intake;
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
}

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
        was_lost
    }

    /// It did not. Answers true when that is news.
    pub(crate) fn lost(&self, cause: String, clock: &dyn Clock) -> bool {
        let mut link = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = link.state != LinkStateView::Lost;
        if is_news {
            link.state = LinkStateView::Lost;
            link.since_ms = clock.now_ms();
        }
        link.cause = Some(cause);
        is_news
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
