//! A patient person at a script: imports, signs, starts, waits, and begins again wherever the
//! program died. Knows only what the program answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::node::Node;

pub(crate) const NAME: &str = "Administrator";
pub(crate) const SECRET: &str = "a long enough secret";
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(40);
/// A process that takes longer to let anybody in hangs.
const START_MAX: Duration = Duration::from_secs(30);

/// What a process' life is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Born {
    /// Its start: it may die before it answers.
    Started,
    /// The person's login: however slow the machine is, it dies at work.
    LoggedIn,
}

/// How a stretch of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every batch is completed and posted.
    Done,
    /// Time is up.
    TimeUp,
    /// A recipe is on its way into the PLC, or a result on its way to the ERP: a good moment to die.
    Delicate,
}

/// How one look ended.
enum Step {
    Done,
    Delicate,
    Plain,
}

/// The person.
#[derive(Debug)]
pub(crate) struct Operator {
    wanted: BTreeMap<String, usize>,
    pause: Duration,
    client: reqwest::Client,
    seen: String,
    looks: u64,
    last_error: String,
}

impl Operator {
    pub(crate) fn new<'a>(wanted: impl Iterator<Item = (&'a str, usize)>) -> Operator {
        Operator {
            wanted: wanted
                .map(|(name, batches)| (name.to_owned(), batches))
                .collect(),
            pause: PAUSE,
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(5))
                .build()
                .expect("a client"),
            seen: "starting".into(),
            looks: 0,
            last_error: String::new(),
        }
    }

    /// The same person, who looks less often.
    #[allow(dead_code, reason = "who waits for a delicate moment looks often")]
    pub(crate) fn looking_every(self, pause: Duration) -> Operator {
        Operator { pause, ..self }
    }

    /// What the batch in the PLC was doing when it was last seen.
    pub(crate) fn seen_state(&self) -> String {
        self.seen.clone()
    }

    /// Works with this process until everything is done or time is up.
    /// With `is_last` it does not stop at delicate moments.
    pub(crate) async fn work(
        &mut self,
        node: &mut Node,
        born: Born,
        time: Duration,
        is_last: bool,
    ) -> Outcome {
        let mut until = Instant::now() + time;
        if born == Born::LoggedIn {
            until += START_MAX;
        }
        self.seen = "starting".into();
        let mut token: Option<String> = None;
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let Some(address) = node.address(left.min(PAUSE)) else {
                continue;
            };
            let was_out = token.is_none();
            let step = tokio::time::timeout(left, self.step(&address, &mut token)).await;
            if born == Born::LoggedIn && was_out && token.is_some() {
                until = Instant::now() + time;
            }
            match step {
                Ok(Ok(Step::Done)) => return Outcome::Done,
                Ok(Ok(Step::Delicate)) if !is_last => return Outcome::Delicate,
                Ok(Ok(Step::Delicate | Step::Plain)) => {}
                Ok(Err(error)) => self.last_error = error,
                Err(_) => return Outcome::TimeUp,
            }
            tokio::time::sleep(
                self.pause
                    .min(until.saturating_duration_since(Instant::now())),
            )
            .await;
        }
        Outcome::TimeUp
    }

    async fn call(
        &self,
        address: &str,
        token: Option<&str>,
        command: &str,
        payload: &Value,
    ) -> Result<Value, String> {
        let mut request = self
            .client
            .post(format!("{address}/rpc/{command}"))
            .json(payload);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer: Value = request
            .send()
            .await
            .map_err(|e| e.to_string())?
            .json()
            .await
            .map_err(|e| e.to_string())?;
        match answer.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(format!("{command}: {answer}")),
        }
    }

    /// One look and at most one act.
    async fn step(&mut self, address: &str, token: &mut Option<String>) -> Result<Step, String> {
        if token.is_none() {
            let info = self.call(address, None, "app_info", &json!({})).await?;
            let session = if info["needs_first_admin"] == true {
                self.call(
                    address,
                    None,
                    "first_admin_create",
                    &json!({ "name": NAME, "secret": SECRET }),
                )
                .await?
            } else {
                self.call(
                    address,
                    None,
                    "session_open",
                    &json!({ "user": NAME, "secret": SECRET }),
                )
                .await?
            };
            *token = session["token"].as_str().map(str::to_owned);
        }
        let token = token.as_deref();
        let live = self.call(address, token, "live_get", &json!({})).await?;
        let waiting = live["outbox"]["oldest_ms"].is_i64();
        self.seen = match (live["batch"]["run"].as_str(), waiting) {
            (Some(run), false) => run.to_owned(),
            (Some(run), true) => format!("{run}, posting"),
            (None, false) => "idle".into(),
            (None, true) => "posting".into(),
        };
        let history = self
            .call(address, token, "history_list", &json!({ "limit": 100 }))
            .await?;
        let queue = self.call(address, token, "batch_list", &json!({})).await?;
        let rows: Vec<Value> = queue["rows"].as_array().cloned().unwrap_or_default();
        let is_ours = |row: &&Value| {
            row["order_name"]
                .as_str()
                .is_some_and(|name| self.wanted.contains_key(name))
        };

        let done: Vec<&Value> = history["rows"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(is_ours)
            .collect();
        let posted = done
            .iter()
            .filter(|row| row["word"] == "completed" && row["posting"] == "posted")
            .count();
        let all: usize = self.wanted.values().sum();
        if posted == all && live["batch"].is_null() && live["outbox"]["oldest_ms"].is_null() {
            return Ok(Step::Done);
        }
        // Batches are there, or wait in the ERP.
        let known = done.len() + rows.iter().filter(is_ours).count();
        if known < all {
            self.call(address, token, "order_import", &json!({}))
                .await?;
            return Ok(Step::Plain);
        }
        if let Some(row) = rows
            .iter()
            .filter(is_ours)
            .find(|row| row["word"] == "pending")
        {
            let request = json!({ "id": row["id"], "version": row["version"], "content_hash": row["content_hash"], "secret": SECRET });
            self.call(address, token, "batch_approve", &request).await?;
            return Ok(Step::Plain);
        }
        if let Some(row) = rows
            .iter()
            .filter(is_ours)
            .find(|row| row["word"] == "approved")
        {
            let request = json!({ "id": row["id"], "version": row["version"] });
            // Refused while the PLC is busy: the next look tries again.
            self.call(address, token, "batch_start", &request).await?;
            self.seen = "downloading".into();
            return Ok(Step::Delicate);
        }
        // Not at every look, or the message would never get through.
        self.looks += 1;
        Ok(if waiting && self.looks.is_multiple_of(6) {
            Step::Delicate
        } else {
            Step::Plain
        })
    }
}
