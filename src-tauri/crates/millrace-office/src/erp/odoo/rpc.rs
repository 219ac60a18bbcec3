//! Calls of the standard external API: `execute_kw` over `/jsonrpc`, or `/json/2` with a key. Finds
//! out once what the server is, and says each call in its way. Never repeats.
//! Leaves out what the models mean (`standard.rs`) and how versions differ (`version.rs`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as StdMutex, PoisonError};

use reqwest::{Method, Url};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::envelope::{Reply, clean, is_not_found, json2_reply, reply, request, standard_error};
use super::standard_book as addon;
use super::version::{TELLING_FIELDS, VersionRow, major_hint, row};
use crate::erp::config::{OdooApi, Secret};
use crate::erp::{ErpConfig, ErpError};
use crate::http::{Auth, HttpAnswer, HttpClient};

/// How calls travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `execute_kw` over `/jsonrpc`.
    Jsonrpc,
    /// `/json/2`.
    Json2,
}

/// What the server turned out to be.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) way: Way,
    pub(super) row: &'static VersionRow,
    /// The version in its own words, where it tells one.
    pub(super) version: Option<String>,
    pub(super) uid: i64,
    /// The version of our addon `millrace.posting`, where it is installed.
    pub(super) posting: Option<String>,
}

/// One call of a model's method.
#[derive(Debug, Clone)]
pub(super) struct Call {
    model: &'static str,
    method: &'static str,
    ids: Option<Vec<i64>>,
    /// Said by place over `/jsonrpc` and by name over `/json/2`.
    args: Vec<(&'static str, Value)>,
    named: Map<String, Value>,
    context: Option<Value>,
}

impl Call {
    /// A method of the model itself.
    pub(super) fn of(model: &'static str, method: &'static str) -> Call {
        Call {
            model,
            method,
            ids: None,
            args: Vec::new(),
            named: Map::new(),
            context: None,
        }
    }

    /// `search_read` of these fields.
    pub(super) fn search(model: &'static str, domain: Value, fields: &[&str]) -> Call {
        Call::of(model, "search_read")
            .arg("domain", domain)
            .named("fields", json!(fields))
    }

    /// `read` of these fields of these records.
    pub(super) fn read(model: &'static str, ids: &[i64], fields: &[&str]) -> Call {
        Call::of(model, "read")
            .ids(ids)
            .arg("fields", json!(fields))
    }

    pub(super) fn ids(mut self, ids: &[i64]) -> Call {
        self.ids = Some(ids.to_vec());
        self
    }

    pub(super) fn arg(mut self, name: &'static str, value: Value) -> Call {
        self.args.push((name, value));
        self
    }

    pub(super) fn named(mut self, name: &str, value: Value) -> Call {
        self.named.insert(name.to_owned(), value);
        self
    }

    pub(super) fn context(mut self, context: Option<Value>) -> Call {
        self.context = context;
        self
    }

    /// The arguments of `execute_kw` behind model and method.
    pub(super) fn placed(&self) -> [Value; 2] {
        let mut args = Vec::new();
        args.extend(self.ids.as_ref().map(|ids| json!(ids)));
        args.extend(self.args.iter().map(|(_, value)| value.clone()));
        let mut named = self.named.clone();
        named.extend(
            self.context
                .clone()
                .map(|context| ("context".to_owned(), context)),
        );
        [Value::Array(args), Value::Object(named)]
    }

    /// The body of a `/json/2` call.
    fn body(&self) -> Value {
        let mut body = self.named.clone();
        let args = self.args.iter().cloned();
        body.extend(args.map(|(name, value)| (name.to_owned(), value)));
        body.extend(self.ids.as_ref().map(|ids| ("ids".to_owned(), json!(ids))));
        body.extend(
            self.context
                .clone()
                .map(|context| ("context".to_owned(), context)),
        );
        Value::Object(body)
    }
}

/// The connection to one server.
pub(super) struct OdooRpc {
    http: HttpClient,
    base: Url,
    api: OdooApi,
    database: String,
    login: String,
    password: Secret,
    server: Mutex<Option<Server>>,
    last_call: AtomicU64,
    date: StdMutex<Option<String>>,
}

impl std::fmt::Debug for OdooRpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OdooRpc")
            .field("base", &self.base.as_str())
            .field("database", &self.database)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl OdooRpc {
    pub(super) fn open(config: &ErpConfig) -> Result<OdooRpc, ErpError> {
        let checked = config.check()?;
        Ok(OdooRpc {
            http: checked.client()?,
            base: checked.base,
            api: config.api,
            database: config.database.clone(),
            login: config.login.clone(),
            password: checked.password,
            server: Mutex::new(None),
            last_call: AtomicU64::new(0),
            date: StdMutex::new(None),
        })
    }

    /// Scheme, host and port.
    pub(super) fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// The server's clock as its last answer told it.
    pub(super) fn date(&self) -> Option<String> {
        self.date
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What the server is, found out at the first call and after a doubt.
    pub(super) async fn server(&self) -> Result<Server, ErpError> {
        // Held over the looking: several callers wait for one log-in instead of each making one.
        let mut known = self.server.lock().await;
        if let Some(server) = &*known {
            return Ok(server.clone());
        }
        let mut server = self.look().await?;
        server.posting = self.posting(&server).await?;
        *known = Some(server.clone());
        Ok(server)
    }

    /// Forgets what was found out: the next call looks again.
    pub(super) async fn forget(&self) {
        *self.server.lock().await = None;
    }

    async fn look(&self) -> Result<Server, ErpError> {
        let version = match (self.version().await, self.api) {
            (Ok(version), _) => Some(version),
            // A server without `/jsonrpc` may still speak `/json/2`.
            (Err(ErpError::Protocol { .. }), OdooApi::Auto | OdooApi::Json2) => None,
            (Err(error), _) => return Err(error),
        };
        let hint = version.as_ref().and_then(major_hint);
        let word = version.as_ref().and_then(|version| {
            let word = version.get("server_version")?.as_str()?;
            Some(word.to_owned())
        });
        let may_be_new = version.is_none() || hint.is_some_and(|major| major >= 19);
        let tries_json2 = match self.api {
            OdooApi::Auto => may_be_new,
            OdooApi::Json2 => true,
            OdooApi::Jsonrpc => false,
        };
        if tries_json2 {
            match self.look_json2(hint, word.clone()).await {
                // A password is no API key: the older way may take it.
                Err(ErpError::Credentials { .. } | ErpError::Protocol { .. })
                    if self.api == OdooApi::Auto && version.is_some() =>
                {
                    tracing::debug!("no /json/2 with this key, using /jsonrpc");
                }
                outcome => return outcome,
            }
        }
        let uid = self.authenticate().await?;
        let fields = self.execute(uid, &telling()).await?;
        let fields = fields
            .as_object()
            .ok_or_else(|| ErpError::protocol("fields that are not an object"))?;
        Ok(Server {
            way: Way::Jsonrpc,
            row: row(hint, fields)?,
            version: word,
            uid,
            posting: None,
        })
    }

    async fn look_json2(
        &self,
        hint: Option<u16>,
        version: Option<String>,
    ) -> Result<Server, ErpError> {
        let fields = self.json2(&telling()).await?;
        let fields = fields
            .as_object()
            .ok_or_else(|| ErpError::protocol("fields that are not an object"))?;
        let row = row(hint, fields)?;
        if !row.has_json2 {
            return Err(ErpError::protocol("an old Odoo that answers /json/2"));
        }
        let domain = json!([["login", "=", self.login]]);
        let me = self
            .json2(&Call::search("res.users", domain, &["login"]))
            .await?;
        let uid = me.pointer("/0/id").and_then(Value::as_i64);
        Ok(Server {
            way: Way::Json2,
            row,
            version,
            uid: uid.ok_or_else(|| ErpError::Credentials {
                message: format!("the key's user sees no user {}", self.login),
            })?,
            posting: None,
        })
    }

    /// Whether our addon is there. A model, a method or a promise that is missing means no; a lost
    /// answer means nothing, and the look fails as a whole.
    async fn posting(&self, server: &Server) -> Result<Option<String>, ErpError> {
        let call = addon::info();
        let outcome = match server.way {
            Way::Jsonrpc => self.execute(server.uid, &call).await,
            Way::Json2 => {
                let answer = self.json2_answer(&call).await?;
                if is_not_found(&answer) {
                    return Ok(None);
                }
                json2_reply(&answer).map_err(|error| clean(error, &self.password))
            }
        };
        match outcome {
            Ok(answer) => Ok(addon::version(&answer)),
            Err(ErpError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `common.version`: no log-in needed.
    pub(super) async fn version(&self) -> Result<Value, ErpError> {
        let answer = self.service("common", "version", json!([])).await?;
        if answer.is_object() {
            Ok(answer)
        } else {
            Err(ErpError::protocol("a version that is not an object"))
        }
    }

    async fn authenticate(&self) -> Result<i64, ErpError> {
        let args = json!([self.database, self.login, self.password.reveal(), {}]);
        match self.service("common", "authenticate", args).await? {
            Value::Bool(false) | Value::Null => Err(ErpError::Credentials {
                message: "name or password is wrong".to_owned(),
            }),
            uid => uid
                .as_i64()
                .ok_or_else(|| ErpError::protocol("a log-in without a user number")),
        }
    }

    /// One call in the server's way.
    pub(super) async fn call(&self, server: &Server, call: Call) -> Result<Value, ErpError> {
        let outcome = match server.way {
            Way::Jsonrpc => self.execute(server.uid, &call).await,
            Way::Json2 => self.json2(&call).await,
        };
        if matches!(
            outcome,
            Err(ErpError::Credentials { .. }
                | ErpError::Refused { .. }
                | ErpError::Protocol { .. })
        ) {
            // The server may be another one now: a new password, an update to the next version.
            self.forget().await;
        }
        outcome
    }

    /// A call that gives a list of records.
    pub(super) async fn rows(&self, server: &Server, call: Call) -> Result<Vec<Value>, ErpError> {
        match self.call(server, call).await? {
            Value::Array(rows) => Ok(rows),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Err(ErpError::protocol("records that are not a list")),
        }
    }

    async fn execute(&self, uid: i64, call: &Call) -> Result<Value, ErpError> {
        let [args, named] = call.placed();
        let args = json!([
            self.database,
            uid,
            self.password.reveal(),
            call.model,
            call.method,
            args,
            named
        ]);
        self.service("object", "execute_kw", args).await
    }

    async fn service(&self, service: &str, method: &str, args: Value) -> Result<Value, ErpError> {
        let id = self.last_call.fetch_add(1, Ordering::Relaxed) + 1;
        let params = json!({"service": service, "method": method, "args": args});
        let answer = self
            .exchange("/jsonrpc", Auth::None, request(id, &params))
            .await?;
        let outcome = reply(&answer, id).and_then(|reply| match reply {
            Reply::Result(result) => Ok(result),
            Reply::Expired => Err(ErpError::Credentials {
                message: "the server asks for a session".to_owned(),
            }),
            Reply::Fault { name, message } => Err(standard_error(&name, &message)),
        });
        outcome.map_err(|error| clean(error, &self.password))
    }

    async fn json2(&self, call: &Call) -> Result<Value, ErpError> {
        let answer = self.json2_answer(call).await?;
        json2_reply(&answer).map_err(|error| clean(error, &self.password))
    }

    async fn json2_answer(&self, call: &Call) -> Result<HttpAnswer, ErpError> {
        let auth = Auth::Bearer {
            key: self.password.reveal(),
            database: &self.database,
        };
        let path = format!("/json/2/{}/{}", call.model, call.method);
        let body = call.body().to_string().into_bytes();
        self.exchange(&path, auth, body).await
    }

    async fn exchange(
        &self,
        path: &str,
        auth: Auth<'_>,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, ErpError> {
        let mut url = self.base.clone();
        url.set_path(path);
        let answer = self.http.exchange(Method::POST, &url, auth, body).await?;
        tracing::debug!(path, status = answer.status, "the ERP answered");
        (*self.date.lock().unwrap_or_else(PoisonError::into_inner)).clone_from(&answer.date);
        Ok(answer)
    }
}

/// The question that decides between the versions.
fn telling() -> Call {
    Call::of("stock.move", "fields_get")
        .arg("allfields", json!(TELLING_FIELDS))
        .named("attributes", json!(["type"]))
}
