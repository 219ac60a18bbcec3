//! The addon's routes: who may call, what the body must look like, which fault hits.
//! Leaves out the answers' shapes (`answer.rs`) and the bookkeeping (`book.rs`, `change.rs`).

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::{Map, Value, json};

use super::OdooError;
use super::answer;
use super::cut::CutHandle;
use super::fault::{CallKind, Hit};
use super::server::{Pause, VirtualOdoo};
use super::sim;
use super::standard;

pub(super) const BODY_BYTES_MAX: usize = 1 << 20;
pub(super) const UID: i64 = 7;

/// One of the addon's routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Health,
    Version,
    Login,
    WebLogin,
    List,
    ListConfirmed,
    Detail,
    Update,
    Cancel,
    MarkDone,
    Failure,
    FailureList,
    Material,
}

/// What a route answers: a body, and a new session's key if there is one.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) session: Option<String>,
}

impl Route {
    fn kind(self) -> CallKind {
        match self {
            Route::Health | Route::Version | Route::Login | Route::WebLogin => CallKind::Entry,
            Route::List | Route::ListConfirmed | Route::Detail | Route::FailureList => {
                CallKind::Read
            }
            Route::Update | Route::Cancel | Route::MarkDone | Route::Failure | Route::Material => {
                CallKind::Write
            }
        }
    }

    /// The lists and the detail read only `params`; a plain body means defaults to them.
    fn reads_plain_body(self) -> bool {
        !matches!(self, Route::List | Route::ListConfirmed | Route::Detail)
    }
}

/// The addon's routes and the test's own under `/sim/`; serve it with [`super::serve_router`].
pub fn router(odoo: Arc<VirtualOdoo>) -> Router {
    Router::new()
        .route("/api/scada/health", reading(Route::Health))
        .route("/api/scada/version", reading(Route::Version))
        .route("/api/scada/authenticate", calling(Route::Login))
        .route("/web/session/authenticate", calling(Route::WebLogin))
        .route("/api/scada/mo-list-detailed", calling(Route::List))
        .route(
            "/api/scada/mo-list-confirmed",
            calling(Route::ListConfirmed),
        )
        .route("/api/scada/mo-detail", calling(Route::Detail))
        .route(
            "/api/scada/mo/update-with-consumptions",
            calling(Route::Update),
        )
        .route("/api/scada/mo/cancel", calling(Route::Cancel))
        .route("/api/scada/mo/mark-done", calling(Route::MarkDone))
        .route(
            "/api/scada/equipment-failure",
            calling(Route::Failure).merge(reading(Route::FailureList)),
        )
        .route("/api/scada/material-consumption", calling(Route::Material))
        .merge(standard::routes())
        .merge(sim::routes())
        .with_state(odoo)
}

fn reading(route: Route) -> MethodRouter<Arc<VirtualOdoo>> {
    get(move |odoo: State<Arc<VirtualOdoo>>, request: Request| handle(route, odoo, request))
}

fn calling(route: Route) -> MethodRouter<Arc<VirtualOdoo>> {
    post(move |odoo: State<Arc<VirtualOdoo>>, request: Request| handle(route, odoo, request))
}

async fn handle(route: Route, State(odoo): State<Arc<VirtualOdoo>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let cut = parts.extensions.get::<ConnectInfo<CutHandle>>().cloned();
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (hit, pause) = odoo.take_fault(route.kind());
    under_fault(hit, pause, cut, move || {
        respond(&odoo, route, &parts, &body)
    })
    .await
}

/// Carries a request out, or does to it what the fault says.
pub(super) async fn under_fault(
    hit: Hit,
    pause: Pause,
    cut: Option<ConnectInfo<CutHandle>>,
    respond: impl Fn() -> Response + Send + 'static,
) -> Response {
    if hit == Hit::CutBefore {
        return cut_off(cut);
    }
    // In a task of its own: as with a real server, a caller who hangs up does not stop the work.
    let work = tokio::spawn(async move {
        pause.over().await;
        match hit {
            Hit::Status(status) => StatusCode::from_u16(status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
                .into_response(),
            Hit::Html => html_page("<h1>Under maintenance</h1>"),
            Hit::LoginPage => html_page("<form action=\"/web/login\" method=\"post\"></form>"),
            Hit::HalfBody => half(respond()).await,
            Hit::Twice => {
                let _first = respond();
                respond()
            }
            Hit::None | Hit::CutBefore | Hit::CutAfter => respond(),
        }
    });
    let response = work
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    if hit == Hit::CutAfter {
        return cut_off(cut);
    }
    response
}

async fn half(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    match to_bytes(body, usize::MAX).await {
        Ok(whole) => Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2))),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Ends the connection. Over a foreign listener that is impossible, so it says what is wrong.
fn cut_off(cut: Option<ConnectInfo<CutHandle>>) -> Response {
    match cut {
        Some(ConnectInfo(cut)) => {
            cut.cut();
            StatusCode::OK.into_response()
        }
        None => (
            StatusCode::NOT_IMPLEMENTED,
            "faults that cut need serve_router",
        )
            .into_response(),
    }
}

pub(super) fn html_page(content: &str) -> Response {
    let page = format!("<!DOCTYPE html><html><body>{content}</body></html>");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// Checks the body as Odoo's json routes do, and wraps the answer in HTTP.
fn respond(odoo: &VirtualOdoo, route: Route, parts: &Parts, body: &[u8]) -> Response {
    let is_json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    let Some(mut body) = is_json
        .then(|| serde_json::from_slice::<Map<String, Value>>(body).ok())
        .flatten()
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if route == Route::FailureList {
        // The body has to be there; what is asked for stands in the address.
        let asked = query(parts.uri.query().unwrap_or_default());
        body.insert("params".to_owned(), Value::Object(asked));
    }
    match answer_to(odoo, route, session_of(&parts.headers), &body) {
        Ok(Answer { body, session }) => {
            let mut builder = Response::builder().header(header::CONTENT_TYPE, "application/json");
            if let Some(key) = session {
                builder = builder.header(
                    header::SET_COOKIE,
                    format!("session_id={key}; HttpOnly; Path=/"),
                );
            }
            builder
                .body(Body::from(body.to_string()))
                .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        Err(error) => {
            tracing::error!(%error, "the virtual ERP could not keep its books");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The parameters of an address, as texts.
fn query(text: &str) -> Map<String, Value> {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), Value::String(decoded(value))))
        .collect()
}

/// A value of an address without its percent signs. What is no UTF-8 finds nothing.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let number = std::str::from_utf8(&digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.extend(number);
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn session_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::COOKIE)?
        .to_str()
        .ok()?
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix("session_id="))
}

/// The answer to one parsed call.
pub(super) fn answer_to(
    odoo: &VirtualOdoo,
    route: Route,
    session: Option<&str>,
    body: &Map<String, Value>,
) -> Result<Answer, OdooError> {
    let id = body.get("id").cloned().unwrap_or(Value::Null);
    let empty = Map::new();
    let params = match body.get("params") {
        Some(Value::Object(params)) => params,
        Some(_) => &empty,
        None if route.reads_plain_body() => body,
        None => &empty,
    };
    let needs_session = route.kind() != CallKind::Entry;
    if needs_session && !session.is_some_and(|key| odoo.book().sessions.contains(key)) {
        return Ok(plain(answer::session_expired()));
    }
    let result = match route {
        Route::Health => json!({"status": "ok", "message": "SCADA module is running"}),
        Route::Version => {
            json!({"status": "success", "version": "14.0.1.0.0", "name": "Virtual SCADA addon"})
        }
        Route::Login | Route::WebLogin => return log_in(odoo, route, &id, params),
        Route::List => list(odoo, params, 10, answer::detailed),
        Route::ListConfirmed => list(odoo, params, 50, answer::brief),
        Route::Detail => {
            let mo_id = params.get("mo_id").unwrap_or(&Value::Null);
            match odoo.book().find(mo_id) {
                Some(order) => json!({"status": "success", "data": answer::detailed(order)}),
                None => answer::refused(&format!("MO not found: {}", text_of(mo_id))),
            }
        }
        Route::Update => odoo.change(|book| book.update(params))?.map_or_else(
            |message| answer::refused(&message),
            |done| answer::updated(&done),
        ),
        Route::Cancel => {
            let mo_id = params.get("mo_id").unwrap_or(&Value::Null);
            let reason = params.get("reason").and_then(Value::as_str);
            odoo.change(|book| book.cancel(mo_id, reason))?.map_or_else(
                |message| answer::refused(&message),
                |name| json!({"status": "success", "message": "MO cancelled", "mo_id": name, "mo_state": "cancel"}),
            )
        }
        Route::MarkDone => {
            let mo_id = params.get("mo_id").unwrap_or(&Value::Null);
            let ended_on = params.get("date_end_actual").and_then(Value::as_str);
            odoo.change(|book| book.mark_done(mo_id, params.get("finished_qty"), ended_on))?
                .map_or_else(
                    |message| answer::refused(&message),
                    |name| {
                        json!({"status": "success", "message": "MO marked as done", "mo_id": name,
                                  "auto_consumed": false, "materials": []})
                    },
                )
        }
        Route::Failure => {
            let text = |key: &str| params.get(key).and_then(Value::as_str);
            let code = text("equipment_code").unwrap_or_default();
            let description = text("description").unwrap_or_default();
            odoo.change(|book| book.report_failure(code, description, text("date")))?
                .map_or_else(
                    |message| answer::refused(&message),
                    |row| answer::failure(&row),
                )
        }
        Route::FailureList => {
            let text = |key: &str| params.get(key).and_then(Value::as_str);
            let number = |key: &str, default: usize| {
                text(key).and_then(|n| n.parse().ok()).unwrap_or(default)
            };
            let (limit, offset) = (number("limit", 100), number("offset", 0));
            answer::failures(
                &odoo
                    .book()
                    .failures_of(text("equipment_code"), limit, offset),
            )
        }
        Route::Material => odoo
            .change(|book| book.consume_material(params))?
            .map_or_else(
                |message| answer::refused(&message),
                |done| answer::material(&done),
            ),
    };
    Ok(plain(answer::result(&id, result)))
}

fn plain(body: Value) -> Answer {
    Answer {
        body,
        session: None,
    }
}

fn log_in(
    odoo: &VirtualOdoo,
    route: Route,
    id: &Value,
    params: &Map<String, Value>,
) -> Result<Answer, OdooError> {
    let text = |key: &str| params.get(key).and_then(Value::as_str);
    let config = odoo.config();
    let welcome = text("db") == Some(config.db.as_str())
        && text("login") == Some(config.login.as_str())
        && text("password") == Some(config.password.as_str());
    let is_web = route == Route::WebLogin;
    if !welcome {
        return Ok(plain(if is_web {
            answer::access_denied(id)
        } else if text("login").is_none() || text("password").is_none() {
            answer::result(id, answer::refused("login and password are required"))
        } else {
            answer::result(id, answer::refused("Invalid credentials"))
        }));
    }
    let key = odoo.change(super::OdooBook::log_in)?;
    let result = if is_web {
        json!({"uid": UID, "db": config.db, "username": config.login, "server_version": "14.0"})
    } else {
        json!({"status": "success", "uid": UID, "session_id": key, "db": config.db, "login": config.login})
    };
    Ok(Answer {
        body: answer::result(id, result),
        session: Some(key),
    })
}

fn list(
    odoo: &VirtualOdoo,
    params: &Map<String, Value>,
    limit_default: u64,
    show: fn(&super::BookOrder) -> Value,
) -> Value {
    let number = |key: &str, default: u64| {
        let value = params.get(key).and_then(Value::as_u64).unwrap_or(default);
        usize::try_from(value).unwrap_or(usize::MAX)
    };
    let states: Vec<String> = params.get("states").and_then(Value::as_array).map_or_else(
        || vec!["confirmed".to_owned()],
        |states| {
            states
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        },
    );
    let book = odoo.book();
    let data: Vec<Value> = book
        .list(&states, number("limit", limit_default), number("offset", 0))
        .into_iter()
        .map(show)
        .collect();
    json!({"status": "success", "count": data.len(), "data": data})
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
