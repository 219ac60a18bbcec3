//! The HTTP side of the standard API: `/jsonrpc` and `/json/2`, log-in, and the shape of errors.
//! Leaves out what a call does (`call.rs`).

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Map, Value, json};

use super::super::answer;
use super::super::cut::CutHandle;
use super::super::fault::CallKind;
use super::super::route::{BODY_BYTES_MAX, UID, html_page, under_fault};
use super::super::server::VirtualOdoo;
use super::call::{Call, run};
use super::{Fault, OdooVersion, posting, record};

pub(in super::super) fn routes() -> Router<Arc<VirtualOdoo>> {
    Router::new()
        .route("/jsonrpc", post(jsonrpc))
        .route("/json/2/{model}/{method}", post(json2))
}

/// What a body of `/jsonrpc` asks for.
#[derive(Debug, Clone)]
enum Asked {
    Version,
    LogIn,
    Call(Box<Call>),
}

async fn jsonrpc(State(odoo): State<Arc<VirtualOdoo>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let cut = parts.extensions.get::<ConnectInfo<CutHandle>>().cloned();
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Ok(body) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        return (StatusCode::BAD_REQUEST, "Invalid JSON data").into_response();
    };
    let id = body.get("id").cloned().unwrap_or(Value::Null);
    let params = body.get("params").cloned().unwrap_or(Value::Null);
    let asked = read(&odoo, &params);
    let kind = match &asked {
        Ok(Asked::Call(call)) => call.kind(),
        Ok(Asked::Version | Asked::LogIn) | Err(_) => CallKind::Entry,
    };
    let (hit, pause) = odoo.take_fault(kind);
    under_fault(hit, pause, cut, move || {
        let outcome = asked.clone().and_then(|asked| do_it(&odoo, &asked, &params));
        let body = match outcome {
            Ok(result) => answer::result(&id, result),
            Err(fault) => json!({"jsonrpc": "2.0", "id": id, "error": {
                "code": odoo.standard().version.error_code(), "message": "Odoo Server Error", "data": data(&fault)}}),
        };
        Json(body).into_response()
    })
    .await
}

fn data(fault: &Fault) -> Value {
    json!({"name": fault.name, "message": fault.message, "arguments": [fault.message],
        "context": {}, "debug": "Traceback (most recent call last): ..."})
}

fn read(odoo: &VirtualOdoo, params: &Value) -> Result<Asked, Fault> {
    let word = |at: &str| {
        params
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match (word("/service"), word("/method")) {
        ("common", "version") => Ok(Asked::Version),
        ("common", "authenticate" | "login") => Ok(Asked::LogIn),
        ("object", "execute_kw") => {
            check_database(odoo, word("/args/0"))?;
            let config = odoo.config();
            let is_us = params.pointer("/args/1").and_then(Value::as_i64) == Some(UID);
            if !is_us || !is_secret(odoo, word("/args/2")) {
                tracing::debug!(login = %config.login, "a wrong password");
                return Err(Fault::new("odoo.exceptions.AccessDenied", "Access Denied"));
            }
            let args = params.pointer("/args/5").and_then(Value::as_array);
            let named = params.pointer("/args/6").and_then(Value::as_object);
            let none = Map::new();
            Call::placed(
                word("/args/3"),
                word("/args/4"),
                args.map(Vec::as_slice).unwrap_or_default(),
                named.unwrap_or(&none),
            )
            .map(|call| Asked::Call(Box::new(call)))
        }
        _ => Err(Fault::new("builtins.KeyError", "no such service")),
    }
}

fn check_database(odoo: &VirtualOdoo, database: &str) -> Result<(), Fault> {
    if database == odoo.config().db {
        Ok(())
    } else {
        Err(Fault::new(
            "psycopg2.OperationalError",
            format!("FATAL:  database \"{database}\" does not exist"),
        ))
    }
}

/// A password, or a key wherever the password does.
fn is_secret(odoo: &VirtualOdoo, secret: &str) -> bool {
    let config = odoo.config();
    secret == config.password || config.api_key.as_deref() == Some(secret)
}

fn do_it(odoo: &VirtualOdoo, asked: &Asked, params: &Value) -> Result<Value, Fault> {
    let word = |at: &str| {
        params
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match asked {
        Asked::Version => {
            let major = odoo.standard().version.major();
            let serie = format!("{major}.0");
            Ok(
                json!({"server_version": serie, "server_version_info": [major, 0, 0, "final", 0, ""],
                "server_serie": serie, "protocol_version": 1}),
            )
        }
        Asked::LogIn => {
            check_database(odoo, word("/args/0"))?;
            let is_us = word("/args/1") == odoo.config().login && is_secret(odoo, word("/args/2"));
            Ok(if is_us { json!(UID) } else { json!(false) })
        }
        Asked::Call(call) => carry_out(odoo, call),
    }
}

/// One call is one transaction.
fn carry_out(odoo: &VirtualOdoo, call: &Call) -> Result<Value, Fault> {
    let setup = odoo.standard();
    let login = odoo.config().login.clone();
    odoo.try_change(|book| run(book, &setup, &login, call))
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the virtual ERP could not keep its books");
            Err(Fault::new("psycopg2.OperationalError", "disk full"))
        })
}

async fn json2(State(odoo): State<Arc<VirtualOdoo>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let cut = parts.extensions.get::<ConnectInfo<CutHandle>>().cloned();
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let call = open_json2(&odoo, parts.uri.path(), &parts.headers, &bytes);
    let kind = call.as_ref().map_or(CallKind::Entry, Call::kind);
    let (hit, pause) = odoo.take_fault(kind);
    under_fault(hit, pause, cut, move || match &call {
        Ok(call) => match carry_out(&odoo, call) {
            Ok(result) => Json(result).into_response(),
            Err(fault) => refused(&fault),
        },
        Err(NotCalled::Page(status)) => (*status, html_page("<p>404</p>")).into_response(),
        Err(NotCalled::Fault(fault)) => refused(fault),
    })
    .await
}

/// Why a request to `/json/2` is no call.
#[derive(Debug, Clone)]
enum NotCalled {
    /// A page of HTML with this status.
    Page(StatusCode),
    /// An exception.
    Fault(Fault),
}

fn open_json2(
    odoo: &VirtualOdoo,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Call, NotCalled> {
    match odoo.standard().version {
        OdooVersion::V14 | OdooVersion::V15 | OdooVersion::V16 | OdooVersion::V17 => {
            return Err(NotCalled::Page(StatusCode::NOT_FOUND));
        }
        OdooVersion::V18 => return Err(NotCalled::Page(StatusCode::OK)),
        OdooVersion::V19 => {}
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let config = odoo.config();
    if header("x-odoo-database").is_some_and(|database| database != config.db) {
        return Err(NotCalled::Page(StatusCode::NOT_FOUND));
    }
    let key = header(header::AUTHORIZATION.as_str())
        .and_then(|value| value.strip_prefix("bearer "))
        .unwrap_or_default();
    if key != config.api_key.as_deref().unwrap_or(&config.password) {
        return Err(NotCalled::Fault(Fault::new(
            "werkzeug.exceptions.Unauthorized",
            "Invalid apikey",
        )));
    }
    let Ok(body) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return Err(NotCalled::Fault(Fault::new(
            "werkzeug.exceptions.BadRequest",
            "Invalid JSON",
        )));
    };
    let mut words = path.trim_start_matches("/json/2/").split('/');
    let (model, method) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let is_there =
        record::is_model(model) || (model == posting::MODEL && odoo.standard().has_posting);
    if !is_there {
        return Err(NotCalled::Fault(Fault::new(
            "werkzeug.exceptions.NotFound",
            format!("the model '{model}' does not exist"),
        )));
    }
    Call::named(model, method, body).map_err(|fault| {
        NotCalled::Fault(if fault.name == "builtins.AttributeError" {
            Fault::new("werkzeug.exceptions.NotFound", fault.message)
        } else {
            fault
        })
    })
}

/// An exception as `/json/2` tells it: by the HTTP status.
fn refused(fault: &Fault) -> Response {
    let status = match fault.name {
        "werkzeug.exceptions.Unauthorized" => StatusCode::UNAUTHORIZED,
        "werkzeug.exceptions.BadRequest" => StatusCode::BAD_REQUEST,
        "werkzeug.exceptions.NotFound" | "odoo.exceptions.MissingError" => StatusCode::NOT_FOUND,
        "odoo.exceptions.AccessError" | "odoo.exceptions.AccessDenied" => StatusCode::FORBIDDEN,
        name if name.starts_with("psycopg2.") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, Json(data(fault))).into_response()
}
