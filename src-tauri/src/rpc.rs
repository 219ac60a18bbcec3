//! The border between the window and the application: one command for requests, one channel for
//! what the application has to tell. Leaves out every rule; names and payloads pass through as they
//! are, and `millrace-app` judges them.

use millrace_app::event::AppEvent;
use millrace_app::{App, AppError};
use millrace_core::error_code::ErrorCode;
use millrace_http::launch::host_name;
use serde_json::Value;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use tauri::ipc::{Channel, JavaScriptChannelId};
use tauri::{State, Webview};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

/// The only name that is not in the command table: it needs the window itself.
const SUBSCRIBE: &str = "events_subscribe";

/// The task that feeds the window's channel. There is at most one: a page that subscribes again,
/// after a reload or a new login, replaces the feed of the page before it.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    current: Mutex<Option<AbortHandle>>,
}

impl Feed {
    fn replace(&self, next: Option<AbortHandle>) {
        // A poisoned lock holds a handle like any other; there is nothing in it to be half-written.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(previous) = std::mem::replace(&mut *current, next) {
            previous.abort();
        }
    }

    /// Stops feeding; the window is gone.
    pub(crate) fn end(&self) {
        self.replace(None);
    }
}

/// Carries one request from the window to the command table.
///
/// # Errors
/// The application's refusal, as `{code, message, ref}`.
#[tauri::command]
pub(crate) async fn rpc(
    command: String,
    payload: Option<Value>,
    token: Option<String>,
    webview: Webview,
    app: State<'_, App>,
    feed: State<'_, Feed>,
) -> Result<Value, AppError> {
    let payload = payload.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if command == SUBSCRIBE {
        let channel = channel_of(&payload)?.channel_on(webview);
        return subscribe(&app, token.as_deref(), channel, &feed);
    }
    app.dispatch_from(&host_name(), &command, payload, token.as_deref())
        .await
}

fn channel_of(payload: &Value) -> Result<JavaScriptChannelId, AppError> {
    payload
        .get("channel")
        .and_then(Value::as_str)
        .and_then(|text| JavaScriptChannelId::from_str(text).ok())
        .ok_or_else(|| {
            AppError::refusal(
                ErrorCode::BadRequest,
                "events_subscribe needs a channel of this window",
            )
        })
}

/// Sends where things stand, then everything that happens, until the window is gone.
fn subscribe(
    app: &App,
    token: Option<&str>,
    channel: Channel<Value>,
    feed: &Feed,
) -> Result<Value, AppError> {
    let mut events = app.subscribe(token)?;
    let now = AppEvent::Live(app.live());
    let (app, token) = (app.clone(), token.map(str::to_owned));
    let task = tokio::spawn(async move {
        let mut next = Some(now);
        // Snapshots come at least twice a second: a feed outlives its session no longer than that.
        while app.subscribe(token.as_deref()).is_ok() {
            if let Some(event) = next.take()
                && !send(&channel, &event)
            {
                break;
            }
            match events.recv().await {
                Ok(event) => next = Some(event),
                // A window that could not keep up misses old snapshots; the next one holds all.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            }
        }
    });
    feed.replace(Some(task.abort_handle()));
    Ok(Value::Object(serde_json::Map::new()))
}

/// False when there is no window any more to send to.
fn send(channel: &Channel<Value>, event: &AppEvent) -> bool {
    match serde_json::to_value(event) {
        Ok(message) => channel.send(message).is_ok(),
        Err(error) => {
            tracing::error!(%error, "an event could not be written as JSON; it is left out");
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subscription_names_a_channel_of_the_window() {
        assert!(channel_of(&json!({"channel": "__CHANNEL__:7"})).is_ok());
        for wrong in [
            json!({}),
            json!({"channel": 7}),
            json!({"channel": "7"}),
            json!({"channel": "__CHANNEL__:x"}),
            json!(null),
        ] {
            assert!(channel_of(&wrong).is_err(), "{wrong} must be refused");
        }
    }

    #[tokio::test]
    async fn a_new_feed_ends_the_one_before() {
        let feed = Feed::default();
        let first = tokio::spawn(std::future::pending::<()>());
        let second = tokio::spawn(std::future::pending::<()>());
        feed.replace(Some(first.abort_handle()));
        feed.replace(Some(second.abort_handle()));
        assert!(first.await.expect_err("it was ended").is_cancelled());
        assert!(!second.is_finished());
        feed.end();
        assert!(second.await.expect_err("it was ended").is_cancelled());
    }
}
