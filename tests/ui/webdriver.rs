//! A small WebDriver client: just what a person does with a window, and waiting for what it shows.
//! Leaves out starting anything ([`crate::stage`]).

use crate::failure::Failure;
use base64::Engine;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How often a condition is looked at while waiting for it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One open window.
#[derive(Debug)]
pub(crate) struct Window {
    client: reqwest::Client,
    session_url: String,
    artefacts: PathBuf,
}

/// Something on the page.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    id: String,
}

impl Window {
    /// Starts the program and takes hold of its window.
    pub(crate) async fn open(
        driver_url: &str,
        application: &str,
        args: &[String],
        artefacts: PathBuf,
    ) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(120))
            .build()?;
        let body = json!({"capabilities": {"alwaysMatch": {
            "tauri:options": {"application": application, "args": args}
        }}});
        let answer = send(client.post(format!("{driver_url}/session")).json(&body)).await?;
        let id = answer
            .get("sessionId")
            .and_then(Value::as_str)
            .ok_or_else(|| Failure::new(format!("the driver opened no session: {answer}")))?;
        Ok(Self {
            session_url: format!("{driver_url}/session/{id}"),
            client,
            artefacts,
        })
    }

    /// Closes the window, and with it the program.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        send(self.client.delete(&self.session_url)).await?;
        Ok(())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        send(
            self.client
                .post(format!("{}/{path}", self.session_url))
                .json(&body),
        )
        .await
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        send(self.client.get(format!("{}/{path}", self.session_url))).await
    }

    /// All elements that a CSS selector finds, in the order of the page.
    pub(crate) async fn all(&self, css: &str) -> Result<Vec<Element>, Failure> {
        let found = self
            .post("elements", json!({"using": "css selector", "value": css}))
            .await?;
        Ok(found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.get(ELEMENT)?.as_str())
            .map(|id| Element { id: id.to_owned() })
            .collect())
    }

    /// Waits for an element that can be seen.
    pub(crate) async fn see(&self, css: &str, within: Duration) -> Result<Element, Failure> {
        self.wait(&format!("{css} to be seen"), within, async || {
            for element in self.all(css).await? {
                if self.is_shown(&element).await? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Waits until an element can be pressed, then presses it.
    pub(crate) async fn click(&self, css: &str, within: Duration) -> Result<(), Failure> {
        self.wait(&format!("{css} to be pressed"), within, async || {
            for element in self.all(css).await? {
                if self.is_shown(&element).await? && self.is_enabled(&element).await? {
                    self.press(&element).await?;
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Moves the pointer to the middle of an element and presses there. For rows of a table, which
    /// the driver holds to be no elements that can be pressed.
    pub(crate) async fn point_at(&self, css: &str, within: Duration) -> Result<(), Failure> {
        self.see(css, within).await?;
        let middle = self
            .evaluate(&format!(
                "(() => {{ const box = document.querySelector({}).getBoundingClientRect(); \
                 return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]; }})()",
                json!(css)
            ))
            .await?;
        self.post(
            "actions",
            json!({"actions": [{
                "type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
                "actions": [
                    {"type": "pointerMove", "origin": "viewport", "duration": 0, "x": middle[0], "y": middle[1]},
                    {"type": "pointerDown", "button": 0},
                    {"type": "pointerUp", "button": 0}
                ]
            }]}),
        )
        .await?;
        Ok(())
    }

    /// Presses an element.
    pub(crate) async fn press(&self, element: &Element) -> Result<(), Failure> {
        self.post(&format!("element/{}/click", element.id), json!({}))
            .await?;
        Ok(())
    }

    /// Types into a field, over what stood there.
    pub(crate) async fn type_into(
        &self,
        css: &str,
        text: &str,
        within: Duration,
    ) -> Result<(), Failure> {
        let field = self.see(css, within).await?;
        self.post(&format!("element/{}/clear", field.id), json!({}))
            .await?;
        self.post(
            &format!("element/{}/value", field.id),
            json!({"text": text}),
        )
        .await?;
        Ok(())
    }

    /// The text of an element as a person sees it.
    pub(crate) async fn text(&self, element: &Element) -> Result<String, Failure> {
        let text = self.get(&format!("element/{}/text", element.id)).await?;
        Ok(text.as_str().unwrap_or_default().trim().to_owned())
    }

    /// An attribute of an element.
    pub(crate) async fn attribute(
        &self,
        element: &Element,
        name: &str,
    ) -> Result<Option<String>, Failure> {
        let value = self
            .get(&format!("element/{}/attribute/{name}", element.id))
            .await?;
        Ok(value.as_str().map(str::to_owned))
    }

    async fn is_shown(&self, element: &Element) -> Result<bool, Failure> {
        let shown = self
            .get(&format!("element/{}/displayed", element.id))
            .await?;
        Ok(shown.as_bool().unwrap_or(false))
    }

    /// Whether an element takes a press.
    pub(crate) async fn is_enabled(&self, element: &Element) -> Result<bool, Failure> {
        let enabled = self.get(&format!("element/{}/enabled", element.id)).await?;
        let aria = self.attribute(element, "aria-disabled").await?;
        Ok(enabled.as_bool().unwrap_or(false) && aria.as_deref() != Some("true"))
    }

    /// Waits until the text of an element satisfies a condition, and returns it.
    pub(crate) async fn read_until(
        &self,
        css: &str,
        what: &str,
        within: Duration,
        mut is_right: impl FnMut(&str) -> bool,
    ) -> Result<String, Failure> {
        let mut last = String::new();
        let outcome = self
            .wait(&format!("{css} to show {what}"), within, async || {
                for element in self.all(css).await? {
                    last = self.text(&element).await?;
                    if is_right(&last) {
                        return Ok(Some(last.clone()));
                    }
                }
                Ok(None)
            })
            .await;
        outcome.map_err(|failure| failure.with(&format!("it last showed {last:?}")))
    }

    /// Asks the application something through the window's own border, as the page would.
    pub(crate) async fn ask(
        &self,
        command: &str,
        payload: Value,
        token: Option<&str>,
    ) -> Result<Value, Failure> {
        const SCRIPT: &str = "const [command, payload, token, done] = arguments; \
            window.__TAURI_INTERNALS__.invoke('rpc', { command, payload, token }) \
            .then((ok) => done({ ok }), (error) => done({ error }));";
        let answer = self.run(SCRIPT, json!([command, payload, token])).await?;
        match answer.get("ok") {
            Some(value) => Ok(value.clone()),
            None => Err(Failure::new(format!("{command} was refused: {answer}"))),
        }
    }

    /// Runs a script that calls its last argument when it is done.
    pub(crate) async fn run(&self, script: &str, args: Value) -> Result<Value, Failure> {
        self.post("execute/async", json!({"script": script, "args": args}))
            .await
    }

    /// The value of a JavaScript expression.
    pub(crate) async fn evaluate(&self, expression: &str) -> Result<Value, Failure> {
        self.post(
            "execute/sync",
            json!({"script": format!("return ({expression});"), "args": []}),
        )
        .await
    }

    /// Keeps a picture of the window among the artefacts.
    pub(crate) async fn picture(&self, name: &str) -> Result<(), Failure> {
        let picture = self.get("screenshot").await?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture.as_str().unwrap_or_default())
            .map_err(|error| Failure::new(format!("the picture cannot be read: {error}")))?;
        std::fs::create_dir_all(&self.artefacts)?;
        std::fs::write(self.artefacts.join(format!("{name}.png")), bytes)?;
        Ok(())
    }

    /// Looks again and again until `look` finds something or the time is over. An element that went
    /// away between two questions is no failure: the page was drawn anew, and is looked at again.
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        within: Duration,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        let mut last = None;
        loop {
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(failure) if failure.is_passing() => last = Some(failure),
                Err(failure) => return Err(failure),
            }
            if start.elapsed() >= within {
                let failure = Failure::new(format!("waited {within:?} in vain for {what}"));
                return Err(match last {
                    Some(last) => failure.with(&last.to_string()),
                    None => failure,
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let mut answer: Value = request.send().await?.json().await?;
    let value = answer.get_mut("value").map(Value::take).unwrap_or_default();
    match value.get("error").and_then(Value::as_str) {
        Some(code) => {
            let message = value
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Err(Failure::of_driver(code, message))
        }
        None => Ok(value),
    }
}
