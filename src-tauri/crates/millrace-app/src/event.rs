//! What the backend tells every listener without being asked. Live values go out as one coalesced
//! snapshot; journal rows one by one. Leaves out transport.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::commands::live::LiveView;
use crate::commands::view::JournalView;

/// How many events a slow listener may lag behind before it loses the oldest.
const CAPACITY: usize = 256;

/// An event.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "name", content = "data", rename_all = "snake_case")]
pub enum AppEvent {
    /// The live snapshot.
    Live(Arc<LiveView>),
    /// A row of the process journal.
    Journal(Arc<JournalView>),
}

impl AppEvent {
    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            AppEvent::Live(_) => "live",
            AppEvent::Journal(_) => "journal",
        }
    }
}

/// Where events are put and taken.
#[derive(Debug, Clone)]
pub(crate) struct EventBus {
    sender: broadcast::Sender<AppEvent>,
}

impl EventBus {
    pub(crate) fn new() -> EventBus {
        EventBus {
            sender: broadcast::channel(CAPACITY).0,
        }
    }

    pub(crate) fn publish(&self, event: AppEvent) {
        // Nobody listening is fine.
        let _ = self.sender.send(event);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.sender.subscribe()
    }
}
