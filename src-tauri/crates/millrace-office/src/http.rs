//! The one HTTP client: time-outs, TLS, no redirects, a limit on answers, and a verdict on every
//! failure: was the request surely not sent, or is its outcome unknown?
//! Leaves out JSON and log-ins. No URL, header or body of a request reaches an error or a log.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, DATE, HeaderName, HeaderValue, SET_COOKIE,
};
use reqwest::{Method, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 8 << 20;

/// Why nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// The name has no address.
    #[error("the server's name is not known (DNS)")]
    Dns,
    /// Nobody listens there, or no way leads there.
    #[error("no connection (refused, wrong port or no route)")]
    Connect,
    /// The secure channel was not made.
    #[error("no secure connection (TLS: certificate, or not an https port)")]
    Tls,
    /// No connection in time.
    #[error("no connection in time")]
    Timeout,
}

/// Why a request that may have arrived has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Time ran out after sending began.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended, or what came was no HTTP.
    #[error("the connection ended before an answer")]
    Cut,
    /// The server, or a proxy before it, failed.
    #[error("the server failed (HTTP {0})")]
    Status(u16),
    /// The server's database gave up under load or a conflict.
    #[error("the server's database gave up; it may be repeated")]
    Database,
}

/// How an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpFailure {
    /// Nothing was sent.
    Unreached(Unreached),
    /// Sent, and then silence.
    Lost(Lost),
    /// An answer began but cannot be used.
    Broken(&'static str),
    /// Our own request makes no sense; nothing was sent.
    Unsendable,
}

/// How a request says who sends it.
#[derive(Clone, Copy)]
pub(crate) enum Auth<'a> {
    /// Not at all, or inside the body.
    None,
    /// By a cookie.
    Cookie(&'a str),
    /// By a key, for this database.
    Bearer {
        /// The key.
        key: &'a str,
        /// The database.
        database: &'a str,
    },
}

impl Auth<'_> {
    fn headers(self) -> Vec<(HeaderName, String)> {
        match self {
            Auth::None => Vec::new(),
            Auth::Cookie(cookie) => vec![(COOKIE, cookie.to_owned())],
            Auth::Bearer { key, database } => vec![
                (AUTHORIZATION, format!("bearer {key}")),
                (
                    HeaderName::from_static("x-odoo-database"),
                    database.to_owned(),
                ),
            ],
        }
    }
}

/// A whole answer, whatever its status.
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    /// The server's clock, as it wrote it.
    pub(crate) date: Option<String>,
    pub(crate) content_type: String,
    /// Name and value of each cookie set.
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for HttpAnswer {
    /// Cookies and bodies may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpAnswer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The client; cheap to keep, one per connector.
#[derive(Debug)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
}

impl HttpClient {
    /// A client whose exchanges take at most `timeout`. `is_loopback` leaves any proxy aside. The
    /// certificate of a server must come from an authority of the system, or from one in `ca_pem`.
    pub(crate) fn new(
        timeout: Duration,
        is_loopback: bool,
        ca_pem: Option<&[u8]>,
    ) -> Result<HttpClient, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT.min(timeout / 2))
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            // A kept connection that the server has closed meanwhile would turn a plain "not sent"
            // into "outcome unknown". We call a few times a minute: connect afresh.
            .pool_max_idle_per_host(0);
        if is_loopback {
            builder = builder.no_proxy();
        }
        if let Some(pem) = ca_pem {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        Ok(HttpClient {
            client: builder.build()?,
        })
    }

    /// One exchange of JSON bytes. Never repeats.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        url: &Url,
        auth: Auth<'_>,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, HttpFailure> {
        let is_https = url.scheme() == "https";
        let mut request = self
            .client
            .request(method, url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        for (name, text) in auth.headers() {
            let mut value = HeaderValue::from_str(&text).map_err(|_| HttpFailure::Unsendable)?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| sending_failed(error, is_https))?;

        let status = response.status().as_u16();
        let content_type = header_text(response.headers().get(CONTENT_TYPE));
        let date = response
            .headers()
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let cookies = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| cookie_pair(value.to_str().ok()?))
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(receiving_failed)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(HttpFailure::Broken("an answer of more than 8 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer {
            status,
            date,
            content_type,
            cookies,
            body,
        })
    }
}

fn header_text(value: Option<&HeaderValue>) -> String {
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn cookie_pair(set_cookie: &str) -> Option<(String, String)> {
    let pair = set_cookie.split(';').next()?;
    let (name, value) = pair.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn sending_failed(error: reqwest::Error, is_https: bool) -> HttpFailure {
    let error = error.without_url();
    tracing::debug!(?error, "an HTTP request failed");
    if error.is_builder() {
        HttpFailure::Unsendable
    } else if error.is_connect() {
        HttpFailure::Unreached(if error.is_timeout() {
            Unreached::Timeout
        } else {
            why_no_connection(&error, is_https)
        })
    } else if error.is_timeout() {
        HttpFailure::Lost(Lost::Timeout)
    } else {
        HttpFailure::Lost(Lost::Cut)
    }
}

fn receiving_failed(error: reqwest::Error) -> HttpFailure {
    let error = error.without_url();
    tracing::debug!(?error, "an HTTP answer broke off");
    if error.is_timeout() {
        HttpFailure::Lost(Lost::Timeout)
    } else {
        HttpFailure::Broken("the answer broke off half-way")
    }
}

/// Looks down the chain of causes: a name without an address, a socket error, or else TLS.
fn why_no_connection(error: &(dyn Error + 'static), is_https: bool) -> Unreached {
    let mut link = Some(error);
    let mut socket = None;
    while let Some(cause) = link {
        if cause.to_string() == "dns error" {
            return Unreached::Dns;
        }
        socket = cause
            .downcast_ref::<io::Error>()
            .map(io::Error::kind)
            .or(socket);
        link = cause.source();
    }
    match socket {
        Some(io::ErrorKind::TimedOut) => Unreached::Timeout,
        Some(
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied,
        ) => Unreached::Connect,
        Some(_) | None if is_https => Unreached::Tls,
        Some(_) | None => Unreached::Connect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("dns error")]
    struct NoName(#[source] io::Error);

    #[test]
    fn the_cause_of_a_missing_connection_is_named() {
        let dns = NoName(io::Error::other("no such host"));
        assert_eq!(why_no_connection(&dns, true), Unreached::Dns);
        for (kind, is_https, cause) in [
            (io::ErrorKind::ConnectionRefused, true, Unreached::Connect),
            (io::ErrorKind::NetworkUnreachable, false, Unreached::Connect),
            (io::ErrorKind::InvalidData, true, Unreached::Tls),
            (io::ErrorKind::UnexpectedEof, true, Unreached::Tls),
            (io::ErrorKind::TimedOut, true, Unreached::Timeout),
        ] {
            assert_eq!(
                why_no_connection(&io::Error::from(kind), is_https),
                cause,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_cookie_is_its_first_pair() {
        let pair = cookie_pair("session_id=abc=1; Path=/; HttpOnly");
        assert_eq!(pair, Some(("session_id".to_owned(), "abc=1".to_owned())));
        assert_eq!(cookie_pair("nonsense"), None);
    }
}
