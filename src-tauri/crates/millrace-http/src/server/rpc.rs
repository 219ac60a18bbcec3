//! `POST /rpc/{command}`: carries one request to the command table and its answer back. Leaves out
//! what commands there are.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use millrace_app::AppError;
use millrace_core::error_code::ErrorCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Shared;

/// How long a request's body may take to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(20);

/// The cookie that carries the session of a browser; scripts send a bearer token instead.
const COOKIE_NAME: &str = "millrace_session";

/// Carries a request out.
pub(super) async fn call(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(command): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let Ok(body) = timeout(BODY_LIMIT, Bytes::from_request(request, &())).await else {
        return refusal(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::BadRequest,
            "the request took too long to arrive",
        );
    };
    let payload = match payload_of(&headers, body) {
        Ok(payload) => payload,
        Err((status, message)) => return refusal(status, ErrorCode::BadRequest, message),
    };
    let is_tls = shared.is_tls;
    let token = token_of(&headers);
    let cookie_after = cookie_after(&command);
    // On a task of its own: a browser that hangs up must not break off a command half-way.
    let carried_out = tokio::spawn(async move {
        shared
            .app
            .dispatch_from(&peer.ip().to_string(), &command, payload, token.as_deref())
            .await
    })
    .await;
    let outcome = carried_out.unwrap_or_else(|fault| {
        Err(AppError::fault(
            ErrorCode::Internal,
            "the command broke off",
            &fault,
        ))
    });
    match outcome {
        Ok(answer) => {
            let cookie = cookie_after.and_then(|change| change.header(&answer, is_tls));
            let mut response = json_response(StatusCode::OK, &json!({ "ok": answer }));
            if let Some(cookie) = cookie {
                response.headers_mut().insert(SET_COOKIE, cookie);
            }
            response
        }
        Err(error) => refused(&error),
    }
}

/// The request's JSON. A form of another site can send neither this content type nor, without being
/// asked first, any other that we would take.
fn payload_of(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, (StatusCode, String)> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the request must be of content type application/json".to_owned(),
        ));
    }
    let body = body.map_err(|rejection| {
        let message = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            format!("the request is larger than {} bytes", super::BODY_MAX)
        } else {
            "the request did not arrive whole".to_owned()
        };
        (rejection.status(), message)
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        (
            StatusCode::BAD_REQUEST,
            format!("the request is not JSON: {error}"),
        )
    })
}

/// Who asks, as far as the request says. A bearer token stands over the cookie, and a header that
/// is no bearer token is nobody's: the cookie must not speak for it.
pub(super) fn token_of(headers: &HeaderMap) -> Option<String> {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned());
    }
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, token)| token.to_owned())
}

/// What a command does to the browser's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CookieChange {
    Set,
    Clear,
}

fn cookie_after(command: &str) -> Option<CookieChange> {
    match command {
        "session_open" | "first_admin_create" => Some(CookieChange::Set),
        "session_close" => Some(CookieChange::Clear),
        _ => None,
    }
}

impl CookieChange {
    fn header(self, answer: &Value, is_tls: bool) -> Option<HeaderValue> {
        const RULES: &str = "HttpOnly; SameSite=Strict; Path=/";
        let mut text = match self {
            CookieChange::Set => {
                let token = answer["token"].as_str().filter(|token| !token.is_empty())?;
                format!("{COOKIE_NAME}={token}; {RULES}")
            }
            CookieChange::Clear => format!("{COOKIE_NAME}=; {RULES}; Max-Age=0"),
        };
        if is_tls {
            text.push_str("; Secure");
        }
        HeaderValue::try_from(text).ok()
    }
}

/// The HTTP status that goes with a code.
fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::NotLoggedIn | ErrorCode::WrongSecret => StatusCode::UNAUTHORIZED,
        ErrorCode::LockedOut => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Locked | ErrorCode::SecretAgain => StatusCode::LOCKED,
        ErrorCode::NoRight | ErrorCode::OwnRequest | ErrorCode::MustChangeSecret => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::NotFound | ErrorCode::UnknownCommand => StatusCode::NOT_FOUND,
        ErrorCode::Changed | ErrorCode::IllegalTransition | ErrorCode::NotReady => {
            StatusCode::CONFLICT
        }
        ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
        ErrorCode::ErpUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::StoreFailed | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The application's refusal as an answer.
pub(super) fn refused(error: &AppError) -> Response {
    json_response(status(error.code), &json!({ "error": error }))
}

/// A refusal of the transport's own.
pub(super) fn refusal(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Response {
    json_response(
        status,
        &json!({ "error": AppError::refusal(code, message) }),
    )
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(lines: &[(axum::http::HeaderName, &'static str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        token_of(&headers)
    }

    #[test]
    fn a_bearer_token_stands_over_the_cookie() {
        let cookie = (COOKIE, "theme=day; millrace_session=c00c1e; other=1");
        assert_eq!(
            token(std::slice::from_ref(&cookie)).as_deref(),
            Some("c00c1e")
        );
        assert_eq!(
            token(&[(AUTHORIZATION, "bearer  f00d"), cookie.clone()]).as_deref(),
            Some("f00d")
        );
        assert_eq!(
            token(&[(AUTHORIZATION, "Basic f00d"), cookie.clone()]),
            None
        );
        assert_eq!(token(&[(AUTHORIZATION, "Bearer"), cookie]), None);
        assert_eq!(
            token(&[(COOKIE, "xmillrace_session=1; millrace_session2=2")]),
            None
        );
        assert_eq!(token(&[]), None);
    }

    #[test]
    fn only_logging_in_and_out_touches_the_cookie() {
        let header = |command: &str, answer: Value| {
            cookie_after(command)?
                .header(&answer, false)
                .map(|value| value.to_str().expect("readable").to_owned())
        };
        let opened = header("session_open", json!({"token": "f00d"})).expect("a session");
        assert_eq!(
            opened,
            "millrace_session=f00d; HttpOnly; SameSite=Strict; Path=/"
        );
        assert_eq!(
            header("first_admin_create", json!({"token": "f00d"})),
            Some(opened)
        );
        assert!(
            header("session_close", json!({}))
                .expect("cleared")
                .ends_with("Max-Age=0")
        );
        let secure = CookieChange::Set.header(&json!({"token": "f00d"}), true);
        assert!(
            secure
                .expect("a session")
                .to_str()
                .expect("readable")
                .ends_with("; Secure")
        );
        assert_eq!(header("session_get", json!({"token": ""})), None);
        assert_eq!(header("session_open", json!({"token": "a\r\nb: c"})), None);
    }

    #[test]
    fn every_code_has_the_status_that_the_manual_promises() {
        for (code, expected) in [
            (ErrorCode::NotLoggedIn, 401),
            (ErrorCode::WrongSecret, 401),
            (ErrorCode::LockedOut, 429),
            (ErrorCode::Locked, 423),
            (ErrorCode::SecretAgain, 423),
            (ErrorCode::NoRight, 403),
            (ErrorCode::OwnRequest, 403),
            (ErrorCode::MustChangeSecret, 403),
            (ErrorCode::NotFound, 404),
            (ErrorCode::UnknownCommand, 404),
            (ErrorCode::Changed, 409),
            (ErrorCode::IllegalTransition, 409),
            (ErrorCode::BadRequest, 400),
            (ErrorCode::NotReady, 409),
            (ErrorCode::ErpUnavailable, 503),
            (ErrorCode::StoreFailed, 500),
            (ErrorCode::Internal, 500),
        ] {
            assert_eq!(status(code).as_u16(), expected, "{code:?}");
        }
    }
}
