//! Faults that a test orders over `/sim/faults`: lost requests, lost answers, server errors, pages
//! of HTML, delays, a dead server. Counted faults are used up one request at a time.
//! Leaves out how a connection is cut (`cut.rs`).

use serde::{Deserialize, Serialize};

/// Which requests use up a counted fault. `drop_after_commit` always means writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultScope {
    /// Every request, log-in included.
    #[default]
    All,
    /// Only requests that change an order or report a failure.
    Writes,
    /// Only requests that read orders.
    Reads,
}

/// What a request is to the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallKind {
    /// Health, version, log-in.
    Entry,
    /// Lists and details.
    Read,
    /// Updates, cancel, mark-done, failures.
    Write,
}

/// The faults waiting to happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Which requests the counted faults hit.
    pub scope: FaultScope,
    /// So many requests in scope pass before the counted faults begin.
    pub pass: u32,
    /// So many writes are carried out and their connection is cut before the answer.
    pub drop_after_commit: u32,
    /// So many requests are cut before anything was done.
    pub drop_before: u32,
    /// So many requests get HTTP 500; nothing was done.
    pub status_500: u32,
    /// So many requests get HTTP 502, as from a proxy; nothing was done.
    #[serde(default)]
    pub status_502: u32,
    /// So many requests get HTTP 409; nothing was done.
    #[serde(default)]
    pub status_409: u32,
    /// So many requests get a page of HTML with HTTP 200; nothing was done.
    pub html: u32,
    /// So many requests get a page that asks for a log-in, with HTTP 200; nothing was done.
    #[serde(default)]
    pub login_page: u32,
    /// So many requests are carried out and half of the answer comes.
    #[serde(default)]
    pub half_body: u32,
    /// So many requests are carried out twice, as when the network repeats one.
    #[serde(default)]
    pub duplicate: u32,
    /// Every request is worked on only after this many milliseconds, also when the caller has gone.
    pub delay_ms: u64,
    /// Every request is cut at once.
    pub down: bool,
    /// Every request waits until this is taken back; then it is worked on.
    #[serde(default)]
    pub hold: bool,
}

/// A change of [`Faults`]: what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultChange {
    /// See [`Faults::scope`].
    #[serde(default)]
    pub scope: Option<FaultScope>,
    /// See [`Faults::pass`].
    #[serde(default)]
    pub pass: Option<u32>,
    /// See [`Faults::drop_after_commit`].
    #[serde(default)]
    pub drop_after_commit: Option<u32>,
    /// See [`Faults::drop_before`].
    #[serde(default)]
    pub drop_before: Option<u32>,
    /// See [`Faults::status_500`].
    #[serde(default)]
    pub status_500: Option<u32>,
    /// See [`Faults::status_502`].
    #[serde(default)]
    pub status_502: Option<u32>,
    /// See [`Faults::status_409`].
    #[serde(default)]
    pub status_409: Option<u32>,
    /// See [`Faults::html`].
    #[serde(default)]
    pub html: Option<u32>,
    /// See [`Faults::login_page`].
    #[serde(default)]
    pub login_page: Option<u32>,
    /// See [`Faults::half_body`].
    #[serde(default)]
    pub half_body: Option<u32>,
    /// See [`Faults::duplicate`].
    #[serde(default)]
    pub duplicate: Option<u32>,
    /// See [`Faults::delay_ms`].
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// See [`Faults::down`].
    #[serde(default)]
    pub down: Option<bool>,
    /// See [`Faults::hold`].
    #[serde(default)]
    pub hold: Option<bool>,
    /// Ends every session once, now.
    #[serde(default)]
    pub expire_sessions: bool,
}

/// The fault that hits one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hit {
    None,
    CutBefore,
    CutAfter,
    /// Answered with this HTTP status.
    Status(u16),
    Html,
    LoginPage,
    HalfBody,
    Twice,
}

impl Faults {
    pub(super) fn change(&mut self, change: &FaultChange) {
        self.scope = change.scope.unwrap_or(self.scope);
        self.pass = change.pass.unwrap_or(self.pass);
        self.drop_after_commit = change.drop_after_commit.unwrap_or(self.drop_after_commit);
        self.drop_before = change.drop_before.unwrap_or(self.drop_before);
        self.status_500 = change.status_500.unwrap_or(self.status_500);
        self.status_502 = change.status_502.unwrap_or(self.status_502);
        self.status_409 = change.status_409.unwrap_or(self.status_409);
        self.html = change.html.unwrap_or(self.html);
        self.login_page = change.login_page.unwrap_or(self.login_page);
        self.half_body = change.half_body.unwrap_or(self.half_body);
        self.duplicate = change.duplicate.unwrap_or(self.duplicate);
        self.delay_ms = change.delay_ms.unwrap_or(self.delay_ms);
        self.down = change.down.unwrap_or(self.down);
        self.hold = change.hold.unwrap_or(self.hold);
    }

    /// Uses up at most one counted fault.
    pub(super) fn take(&mut self, kind: CallKind) -> Hit {
        if self.down {
            return Hit::CutBefore;
        }
        let in_scope = match self.scope {
            FaultScope::All => true,
            FaultScope::Writes => kind == CallKind::Write,
            FaultScope::Reads => kind == CallKind::Read,
        };
        if in_scope && use_up(&mut self.pass) {
            return Hit::None;
        }
        let counted = [
            (&mut self.drop_before, Hit::CutBefore),
            (&mut self.status_500, Hit::Status(500)),
            (&mut self.status_502, Hit::Status(502)),
            (&mut self.status_409, Hit::Status(409)),
            (&mut self.html, Hit::Html),
            (&mut self.login_page, Hit::LoginPage),
            (&mut self.half_body, Hit::HalfBody),
            (&mut self.duplicate, Hit::Twice),
        ];
        for (count, hit) in counted {
            if in_scope && use_up(count) {
                return hit;
            }
        }
        if kind == CallKind::Write && use_up(&mut self.drop_after_commit) {
            return Hit::CutAfter;
        }
        Hit::None
    }
}

fn use_up(count: &mut u32) -> bool {
    let waiting = *count > 0;
    *count = count.saturating_sub(1);
    waiting
}
