//! `GET /events`: what happens, as server-sent events. First the live snapshot, then everything
//! that is published, under its name; what a listener was too slow for is made good by a fresh
//! snapshot. Leaves out replaying: a listener that comes back begins with a snapshot.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use millrace_app::App;
use millrace_app::commands::live::LiveView;
use millrace_app::event::AppEvent;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Shared;
use super::rpc::{refused, token_of};

/// How often an open stream looks whether its session is still open.
const CHECK_EVERY: Duration = Duration::from_secs(2);
/// A comment after this much silence, so that nobody on the way takes the stream for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Opens a stream for a session.
pub(super) async fn stream(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let token = token_of(&headers);
    let events = match shared.app.subscribe(token.as_deref()) {
        Ok(events) => events,
        Err(error) => return refused(&error),
    };
    let mut check = interval(CHECK_EVERY);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed {
        app: shared.app,
        token,
        events,
        stop: shared.stop,
        check,
        id: 0,
        seen: None,
        is_snapshot_due: true,
    };
    let stream = Sse::new(stream::unfold(feed, Feed::next))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    ([(CACHE_CONTROL, "no-store")], stream).into_response()
}

/// Waits until the server is to end. An error means that nobody can tell us any more: end.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ended = stop.wait_for(|stop| *stop).await;
}

/// One listener.
struct Feed {
    app: App,
    token: Option<String>,
    events: Receiver<AppEvent>,
    stop: watch::Receiver<bool>,
    check: Interval,
    /// Rises with every event of this stream.
    id: u64,
    /// The newest snapshot that went out, so that an older one from the backlog does not follow it.
    seen: Option<i64>,
    is_snapshot_due: bool,
}

impl Feed {
    /// The next event, or the end: the server stops, or the session is over.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Feed)> {
        loop {
            if std::mem::take(&mut self.is_snapshot_due) {
                let live = self.app.live();
                if let Some(event) = self.live(&live) {
                    return Some((Ok(event), self));
                }
            }
            let received = tokio::select! {
                () = told(&mut self.stop) => return None,
                _ = self.check.tick() => None,
                received = self.events.recv() => Some(received),
            };
            let event = match received {
                Some(Ok(AppEvent::Live(live))) => self.live(&live),
                Some(Ok(AppEvent::Journal(row))) => self.event("journal", row.as_ref()),
                Some(Err(RecvError::Lagged(_))) => {
                    self.is_snapshot_due = true;
                    None
                }
                Some(Err(RecvError::Closed)) => return None,
                None => {
                    // Asking to listen once more is how the application tells whether one may.
                    self.app.subscribe(self.token.as_deref()).ok()?;
                    None
                }
            };
            if let Some(event) = event {
                return Some((Ok(event), self));
            }
        }
    }

    fn live(&mut self, live: &Arc<LiveView>) -> Option<Event> {
        if self.seen.is_some_and(|seen| live.seq <= seen) {
            return None;
        }
        self.seen = Some(live.seq);
        self.event("live", live.as_ref())
    }

    fn event(&mut self, name: &str, data: &impl Serialize) -> Option<Event> {
        match Event::default().event(name).json_data(data) {
            Ok(event) => {
                self.id += 1;
                Some(event.id(self.id.to_string()))
            }
            Err(error) => {
                tracing::error!(%error, name, "an event could not be written as JSON; it is left out");
                None
            }
        }
    }
}
