//! One Odoo session: logs in when needed, sends calls with its cookie, and logs in once more when
//! the session has expired. Leaves out the routes' meaning (`addon.rs`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as StdMutex, PoisonError};

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::envelope::{Reply, clean, fault_error, reply, request};
use crate::erp::secret::Secret;
use crate::erp::{ErpConfig, ErpError};
use crate::http::{Auth, HttpAnswer, HttpClient};

const COOKIE_NAME: &str = "session_id";

/// A live log-in.
#[derive(Clone)]
struct LogIn {
    uid: i64,
    key: String,
}

/// The session of one connector.
pub(super) struct OdooSession {
    http: HttpClient,
    base: Url,
    database: String,
    login: String,
    password: Secret,
    live: Mutex<Option<LogIn>>,
    last_call: AtomicU64,
    /// The server's clock as its last answer told it.
    date: StdMutex<Option<String>>,
}

impl std::fmt::Debug for OdooSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OdooSession")
            .field("base", &self.base.as_str())
            .field("database", &self.database)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl OdooSession {
    pub(super) fn open(config: &ErpConfig) -> Result<OdooSession, ErpError> {
        let checked = config.check()?;
        Ok(OdooSession {
            http: checked.client()?,
            base: checked.base,
            database: config.database.clone(),
            login: config.login.clone(),
            password: checked.password,
            live: Mutex::new(None),
            last_call: AtomicU64::new(0),
            date: StdMutex::new(None),
        })
    }

    /// The server's clock as its last answer told it.
    pub(super) fn date(&self) -> Option<String> {
        self.date
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Scheme, host and port.
    pub(super) fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Forgets any session, logs in, and returns the user's number.
    pub(super) async fn log_in_afresh(&self) -> Result<i64, ErpError> {
        let mut live = self.live.lock().await;
        *live = None;
        let fresh = self.log_in().await?;
        let uid = fresh.uid;
        *live = Some(fresh);
        Ok(uid)
    }

    /// Calls a route that needs a session and returns its result.
    pub(super) async fn call(&self, route: &str, params: &Value) -> Result<Value, ErpError> {
        self.ask(Method::POST, route, params).await
    }

    /// As [`OdooSession::call`], over GET. The parameters go into the address and into the body: the
    /// addon reads the former, Odoo's json routes want the latter.
    pub(super) async fn read(&self, route: &str, params: &Value) -> Result<Value, ErpError> {
        self.ask(Method::GET, route, params).await
    }

    async fn ask(&self, method: Method, route: &str, params: &Value) -> Result<Value, ErpError> {
        let first = self.session().await?;
        if let Some(result) = self.call_in(&first, &method, route, params).await? {
            return Ok(result);
        }
        // Odoo checks the session before it runs the route, so nothing was done yet.
        self.forget(&first).await;
        let second = self.session().await?;
        match self.call_in(&second, &method, route, params).await? {
            Some(result) => Ok(result),
            None => {
                self.forget(&second).await;
                Err(ErpError::Credentials {
                    message: "the session ended twice in a row".to_owned(),
                })
            }
        }
    }

    /// Calls a public GET route. The addon's GET routes want a JSON body, too.
    pub(super) async fn read_public(&self, route: &str) -> Result<Value, ErpError> {
        match self.exchange(Method::GET, route, None, &json!({})).await?.0 {
            Reply::Result(result) => Ok(result),
            Reply::Expired => Err(ErpError::protocol("a public route asks for a session")),
            Reply::Fault { name, message } => Err(self.clean_error(fault_error(&name, &message))),
        }
    }

    /// The result, or `None` when this session has expired.
    async fn call_in(
        &self,
        session: &LogIn,
        method: &Method,
        route: &str,
        params: &Value,
    ) -> Result<Option<Value>, ErpError> {
        let (reply, rotated) = self
            .exchange(method.clone(), route, Some(&session.key), params)
            .await?;
        match reply {
            Reply::Result(result) => {
                if let Some(key) = rotated.filter(|key| *key != session.key) {
                    self.rotate(session, key).await;
                }
                Ok(Some(result))
            }
            Reply::Expired => Ok(None),
            Reply::Fault { name, message } => Err(self.clean_error(fault_error(&name, &message))),
        }
    }

    async fn session(&self) -> Result<LogIn, ErpError> {
        // Held over the log-in: several callers wait for one log-in instead of each making one.
        let mut live = self.live.lock().await;
        match &*live {
            Some(session) => Ok(session.clone()),
            None => {
                let fresh = self.log_in().await?;
                *live = Some(fresh.clone());
                Ok(fresh)
            }
        }
    }

    async fn forget(&self, session: &LogIn) {
        let mut live = self.live.lock().await;
        if live.as_ref().is_some_and(|now| now.key == session.key) {
            *live = None;
        }
    }

    async fn rotate(&self, session: &LogIn, key: String) {
        let mut live = self.live.lock().await;
        if let Some(now) = live.as_mut().filter(|now| now.key == session.key) {
            now.key = key;
        }
    }

    /// The addon's log-in; the standard one where the addon's is not to be had. A refused
    /// password is final: trying it a second time would only lock the user out sooner.
    async fn log_in(&self) -> Result<LogIn, ErpError> {
        let params =
            json!({"db": self.database, "login": self.login, "password": self.password.reveal()});
        match self.addon_log_in(&params).await {
            Err(ErpError::Protocol { what }) => {
                tracing::debug!(%what, "no addon log-in, trying the standard one");
                self.web_log_in(&params).await
            }
            outcome => outcome,
        }
    }

    async fn addon_log_in(&self, params: &Value) -> Result<LogIn, ErpError> {
        let (reply, cookie) = self
            .exchange(Method::POST, "/api/scada/authenticate", None, params)
            .await?;
        let result = match reply {
            Reply::Result(result) => result,
            Reply::Expired => return Err(ErpError::protocol("the log-in asks for a session")),
            Reply::Fault { name, message } => return Err(self.log_in_fault(&name, &message)),
        };
        match result.get("status").and_then(Value::as_str) {
            Some("success") => live(&result, cookie),
            Some("error") => Err(self.clean_error(ErpError::Credentials {
                message: result
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or("no reason given")
                    .to_owned(),
            })),
            Some(_) | None => Err(ErpError::protocol("a log-in answer without a status")),
        }
    }

    async fn web_log_in(&self, params: &Value) -> Result<LogIn, ErpError> {
        let (reply, cookie) = self
            .exchange(Method::POST, "/web/session/authenticate", None, params)
            .await?;
        match reply {
            Reply::Result(result)
                if matches!(result.get("uid"), Some(Value::Null | Value::Bool(false))) =>
            {
                Err(ErpError::Credentials {
                    message: "name or password is wrong".to_owned(),
                })
            }
            Reply::Result(result) => live(&result, cookie),
            Reply::Expired => Err(ErpError::protocol("the log-in asks for a session")),
            Reply::Fault { name, message } => Err(self.log_in_fault(&name, &message)),
        }
    }

    /// At the door every refusal is about who we are or which database we named.
    fn log_in_fault(&self, name: &str, message: &str) -> ErpError {
        let is_unknown_database = message.contains("does not exist");
        let error = match fault_error(name, message) {
            ErpError::Refused { message } => ErpError::Credentials { message },
            ErpError::NoAnswer { .. } if is_unknown_database => ErpError::Credentials {
                message: message.to_owned(),
            },
            other => other,
        };
        self.clean_error(error)
    }

    /// One exchange: the reply, and a session key if the server set one.
    async fn exchange(
        &self,
        method: Method,
        route: &str,
        key: Option<&str>,
        params: &Value,
    ) -> Result<(Reply, Option<String>), ErpError> {
        let mut url = self.base.clone();
        url.set_path(route);
        if method == Method::GET
            && let Some(params) = params.as_object()
        {
            url.set_query(None);
            for (key, value) in params {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                url.query_pairs_mut().append_pair(key, &text);
            }
        }
        let id = self.last_call.fetch_add(1, Ordering::Relaxed) + 1;
        let cookie = key.map(|key| format!("{COOKIE_NAME}={key}"));
        let auth = cookie.as_deref().map_or(Auth::None, Auth::Cookie);
        let answer: HttpAnswer = self
            .http
            .exchange(method, &url, auth, request(id, params))
            .await?;
        tracing::debug!(route, status = answer.status, "the ERP answered");
        (*self.date.lock().unwrap_or_else(PoisonError::into_inner)).clone_from(&answer.date);
        let reply = reply(&answer, id).map_err(|error| self.clean_error(error))?;
        let key = answer
            .cookies
            .into_iter()
            .find(|(name, value)| name == COOKIE_NAME && !value.is_empty())
            .map(|(_, value)| value);
        Ok((reply, key))
    }

    /// The ERP's words, fit for a screen: one line, not endless, without our password.
    pub(super) fn clean_error(&self, error: ErpError) -> ErpError {
        clean(error, &self.password)
    }
}

/// The session of a successful log-in, from its cookie or, failing that, its answer.
fn live(result: &Value, cookie: Option<String>) -> Result<LogIn, ErpError> {
    let in_answer = || {
        result
            .get("session_id")
            .and_then(Value::as_str)
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
    };
    let uid = result
        .get("uid")
        .and_then(Value::as_i64)
        .ok_or_else(|| ErpError::protocol("a log-in without a user number"))?;
    let key = cookie
        .or_else(in_answer)
        .ok_or_else(|| ErpError::protocol("a log-in without a session"))?;
    Ok(LogIn { uid, key })
}
