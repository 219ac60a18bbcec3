//! The headless program as a process: started, asked over HTTP, listened to, ended in good order.
//! Leaves out what its answers are measured for.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::Failure;

/// The one person of a measured installation.
pub(crate) const NAME: &str = "Administrator";
/// The person's secret.
pub(crate) const SECRET: &str = "a long enough secret";
/// Beyond this something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    address: String,
    /// When it was started.
    pub(crate) begun: Instant,
    /// How long it took to say that it is ready.
    pub(crate) ready: Duration,
    client: reqwest::Client,
    token: String,
}

impl Node {
    /// Starts the program and waits until it says where it answers.
    pub(crate) async fn start(program: &Path, config: &Path, data: &Path) -> Result<Node, Failure> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let begun = Instant::now();
        let mut child = Command::new(program)
            .arg("--config")
            .arg(config)
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let out = child.stdout.take().ok_or("its output is not ours")?;
        let mut lines = BufReader::new(out).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await??
            .ok_or("it ended before it was ready")?;
        let ready = begun.elapsed();
        let address = line
            .split_once("http://")
            .map(|(_, rest)| format!("http://{}", rest.trim_end_matches('/')))
            .ok_or("it does not say where it answers")?;
        Ok(Node {
            child,
            address,
            begun,
            ready,
            client,
            token: String::new(),
        })
    }

    pub(crate) fn pid(&self) -> Result<u32, Failure> {
        Ok(self.child.id().ok_or("it has ended")?)
    }

    /// Waits for the first answer over HTTP.
    pub(crate) async fn health(&self) -> Result<(), Failure> {
        self.client
            .get(format!("{}/health", self.address))
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// Sends a command.
    pub(crate) async fn call(&self, command: &str, payload: &Value) -> Result<Value, Failure> {
        let request = self
            .client
            .post(format!("{}/rpc/{command}", self.address))
            .json(payload);
        let request = if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        };
        let mut answer: Value = request.send().await?.json().await?;
        match answer.get_mut("ok") {
            Some(ok) => Ok(ok.take()),
            None => Err(format!("{command}: {answer}").into()),
        }
    }

    /// Makes the first person, and logs in as that.
    pub(crate) async fn first_login(&mut self) -> Result<(), Failure> {
        self.adopt(
            "first_admin_create",
            &json!({ "name": NAME, "secret": SECRET }),
        )
        .await
    }

    /// Logs in.
    pub(crate) async fn login(&mut self) -> Result<(), Failure> {
        self.adopt("session_open", &json!({ "user": NAME, "secret": SECRET }))
            .await
    }

    async fn adopt(&mut self, command: &str, payload: &Value) -> Result<(), Failure> {
        let session = self.call(command, payload).await?;
        self.token = session["token"].as_str().ok_or("no token")?.to_owned();
        Ok(())
    }

    /// Listens to what happens.
    pub(crate) async fn events(&self) -> Result<Events, Failure> {
        // No limit: the stream has no end.
        let client = reqwest::Client::new();
        let response = client
            .get(format!("{}/events", self.address))
            .bearer_auth(&self.token)
            .send()
            .await?
            .error_for_status()?;
        Ok(Events {
            response,
            text: String::new(),
        })
    }

    /// Ends it in good order, as the next start expects.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        end(&mut self.child).await
    }
}

/// Asks a process to end, and waits for it.
pub(crate) async fn end(child: &mut Child) -> Result<(), Failure> {
    if let Some(pid) = child.id() {
        Command::new("kill").arg(pid.to_string()).status().await?;
    }
    timeout(PATIENCE, child.wait()).await??;
    Ok(())
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    /// Waits for the next snapshot that fits.
    pub(crate) async fn live(&mut self, fits: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let live = event
                    .lines()
                    .any(|line| line == "event: live")
                    .then(|| event.lines().find_map(|line| line.strip_prefix("data: ")))
                    .flatten()
                    .map(serde_json::from_str::<Value>)
                    .transpose()?;
                self.text = rest.to_owned();
                if let Some(live) = live.filter(|live| fits(live)) {
                    return Ok(live);
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk())
                .await??
                .ok_or("the stream ended")?;
            self.text.push_str(std::str::from_utf8(&chunk)?);
        }
        Err("no snapshot fitted in time".into())
    }

    /// Reads on for a while, as a screen does.
    pub(crate) async fn listen(&mut self, time: Duration) -> Result<(), Failure> {
        let until = Instant::now() + time;
        loop {
            match tokio::time::timeout_at(until, self.response.chunk()).await {
                Ok(chunk) => {
                    chunk?.ok_or("the stream ended")?;
                }
                Err(_) => return Ok(()),
            }
        }
    }
}

/// True for a snapshot with a value that the PLC just gave: a good batch with a dosed mass.
pub(crate) fn is_live(live: &Value) -> bool {
    live["batch"]["quality"] == "good" && live["batch"]["dosed_g"].is_i64()
}
