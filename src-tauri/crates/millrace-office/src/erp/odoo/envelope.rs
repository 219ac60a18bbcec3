//! The wrapping of Odoo's answers, JSON-RPC and `/json/2`: what an HTTP answer says before anyone looks
//! into the result. Pure. Leaves out what a result means (`map.rs`).

use serde_json::{Map, Value, json};

use crate::erp::ErpError;
use crate::erp::config::Secret;
use crate::http::{HttpAnswer, Lost};

const MESSAGE_CHARS_MAX: usize = 300;

/// The ERP's words, fit for a screen: one line, not endless, without our password.
pub(super) fn clean(error: ErpError, password: &Secret) -> ErpError {
    error.with_words(|words| {
        let line: String = words
            .replace(password.reveal(), "***")
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MESSAGE_CHARS_MAX)
            .collect();
        line.trim().to_owned()
    })
}

/// What Odoo answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// The route's own answer.
    Result(Value),
    /// The session is over; nothing was done.
    Expired,
    /// An exception came through.
    Fault {
        /// The exception's full name.
        name: String,
        /// Its words.
        message: String,
    },
}

/// The body of a call.
pub(super) fn request(id: u64, params: &Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "method": "call", "id": id, "params": params})
        .to_string()
        .into_bytes()
}

/// Reads an answer to call `id`.
pub(super) fn reply(answer: &HttpAnswer, id: u64) -> Result<Reply, ErpError> {
    match answer.status {
        200 => {}
        401 | 403 => {
            return Err(ErpError::Credentials {
                message: format!("HTTP {}", answer.status),
            });
        }
        status @ (429 | 500..=599) => {
            return Err(ErpError::NoAnswer {
                cause: Lost::Status(status),
            });
        }
        404 => {
            return Err(ErpError::protocol(
                "HTTP 404: no such route (addon not installed, or wrong database or address)",
            ));
        }
        status @ 300..=399 => {
            return Err(ErpError::protocol(format!(
                "HTTP {status}: a redirect to another address"
            )));
        }
        status => return Err(ErpError::protocol(format!("HTTP {status}"))),
    }
    let is_page = answer.content_type.starts_with("text/html")
        || answer.body.trim_ascii_start().starts_with(b"<");
    if is_page {
        return Err(ErpError::protocol("an HTML page instead of JSON"));
    }
    let envelope: Map<String, Value> = serde_json::from_slice(&answer.body)
        .map_err(|_| ErpError::protocol("not a whole JSON object"))?;
    if envelope.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(ErpError::protocol("no JSON-RPC 2.0 envelope"));
    }
    let is_ours = match envelope.get("id") {
        None | Some(Value::Null) => true,
        Some(found) => found.as_u64() == Some(id),
    };
    if !is_ours {
        return Err(ErpError::protocol("the answer to another call"));
    }
    match (envelope.get("result"), envelope.get("error")) {
        (Some(result), None) => Ok(Reply::Result(result.clone())),
        (None, Some(error)) => Ok(fault(error)),
        (Some(_), Some(_)) | (None, None) => Err(ErpError::protocol(
            "an envelope with neither or both of result and error",
        )),
    }
}

fn fault(error: &Value) -> Reply {
    let text = |at: &str| {
        error
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let name = text("/data/name");
    if error.get("code").and_then(Value::as_i64) == Some(100)
        || name.ends_with("SessionExpiredException")
    {
        return Reply::Expired;
    }
    let inner = text("/data/message");
    let message = if inner.is_empty() {
        text("/message")
    } else {
        inner
    };
    Reply::Fault { name, message }
}

/// Sorts an exception: rights, a business rule, or a database that may work the next time.
pub(super) fn fault_error(name: &str, message: &str) -> ErpError {
    if name.ends_with(".AccessDenied") || name.ends_with(".AccessError") {
        return ErpError::Credentials {
            message: message.to_owned(),
        };
    }
    if name.starts_with("psycopg2.") {
        return ErpError::NoAnswer {
            cause: Lost::Database,
        };
    }
    refused(message)
}

/// Sorts an exception of the standard API, by its name only: the words are translated.
pub(super) fn standard_error(name: &str, message: &str) -> ErpError {
    let last = name.rsplit('.').next().unwrap_or_default();
    match last {
        "AccessDenied" | "AccessError" | "Unauthorized" | "Forbidden" => ErpError::Credentials {
            message: message.to_owned(),
        },
        _ if name.starts_with("psycopg") => ErpError::NoAnswer {
            cause: Lost::Database,
        },
        _ => ErpError::Refused {
            message: message.to_owned(),
        },
    }
}

/// A refusal in the addon's words. The addon catches exceptions of the database and reports them
/// as errors without rolling back, so those are no verdict on the message.
pub(super) fn refused(message: &str) -> ErpError {
    let passing = [
        "could not serialize access",
        "deadlock detected",
        "current transaction is aborted",
        "could not obtain lock",
        "canceling statement due to lock timeout",
    ];
    if passing.iter().any(|words| message.contains(words)) {
        ErpError::NoAnswer {
            cause: Lost::Database,
        }
    } else {
        ErpError::Refused {
            message: message.to_owned(),
        }
    }
}

/// The inside of a route's answer when its `status` is success.
pub(super) fn success(result: &Value) -> Result<&Map<String, Value>, ErpError> {
    let object = result
        .as_object()
        .ok_or_else(|| ErpError::protocol("a result that is not an object"))?;
    match object.get("status").and_then(Value::as_str) {
        Some("success") => Ok(object),
        Some("error") => Err(refused(
            object
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("no reason given"),
        )),
        Some(_) | None => Err(ErpError::protocol(
            "a result without status success or error",
        )),
    }
}

/// Reads an answer of `/json/2`: the bare result, or an HTTP status with the exception's name.
pub(super) fn json2_reply(answer: &HttpAnswer) -> Result<Value, ErpError> {
    if !answer.content_type.starts_with("application/json") {
        return Err(match answer.status {
            status @ (429 | 500..=599) => ErpError::NoAnswer {
                cause: Lost::Status(status),
            },
            // 18 answers a page with 200, 16 and 17 with 404, 19 so for a database it has not.
            status => ErpError::protocol(format!(
                "HTTP {status} and no JSON: no /json/2 here, or no such database"
            )),
        });
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| ErpError::protocol("not a whole JSON value"))?;
    let status = answer.status;
    if status == 200 {
        return Ok(body);
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    match status {
        401 | 403 => Err(ErpError::Credentials {
            message: text("message").to_owned(),
        }),
        // A model or a method that is not there: something is not installed.
        404 if name.starts_with("odoo.exceptions.") => Err(standard_error(name, text("message"))),
        404 => Err(ErpError::protocol(format!("HTTP 404: {}", text("message")))),
        400 | 422 => Err(standard_error(name, text("message"))),
        429 | 500..=599 if !name.starts_with("odoo.exceptions.") => Err(ErpError::NoAnswer {
            cause: Lost::Status(status),
        }),
        500..=599 => Err(standard_error(name, text("message"))),
        _ => Err(ErpError::protocol(format!("HTTP {status}"))),
    }
}

/// True for the answer of `/json/2` that a model or a method is not there: something is not installed.
pub(super) fn is_not_found(answer: &HttpAnswer) -> bool {
    let name = |body: &Value| body.get("name").and_then(Value::as_str).map(str::to_owned);
    answer.status == 404
        && answer.content_type.starts_with("application/json")
        && serde_json::from_slice(&answer.body)
            .ok()
            .and_then(|body| name(&body))
            .is_some_and(|name| name.ends_with(".NotFound"))
}
