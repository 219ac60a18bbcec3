//! What stands before every route: the request must mean this machine, no other site may have sent
//! it, and nobody may send too many. Sets the headers that bind a browser. Leaves out sessions and rights.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use millrace_app::App;
use millrace_core::error_code::ErrorCode;

use super::limit::Rate;
use super::rpc::refusal;

/// What a page may load and whom it may speak to: itself. Scripts are strict; style attributes are
/// set by the widgets (`decisions.md` 32).
const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How this program can be reached.
#[derive(Debug, Clone, Copy)]
struct Reach<'a> {
    listening: IpAddr,
    names: &'a [String],
    is_tls: bool,
}

/// Where this program can be reached, and how often.
#[derive(Debug)]
pub(super) struct Border {
    /// The address that is listened on.
    pub(super) listening: IpAddr,
    /// Names by which this machine may be asked for.
    pub(super) names: Vec<String>,
    /// Whether browsers come over HTTPS.
    pub(super) is_tls: bool,
    /// What one peer may ask for.
    pub(super) rate: Rate,
    /// Whose clock the rate goes by.
    pub(super) app: App,
}

/// Lets a request pass or refuses it.
pub(super) async fn check(
    State(border): State<Arc<Border>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = if border.rate.take(peer.ip(), border.app.mono_ms()) {
        let reach = Reach {
            listening: border.listening,
            names: &border.names,
            is_tls: border.is_tls,
        };
        match judge(request.headers(), reach) {
            Ok(()) => next.run(request).await,
            Err(why) => {
                tracing::warn!(
                    why,
                    path = request.uri().path(),
                    "a request was turned away"
                );
                refusal(StatusCode::FORBIDDEN, ErrorCode::BadRequest, why)
            }
        }
    } else {
        tracing::debug!(%peer, "a request was turned away: there are too many");
        let why = "too many requests from this address: ask again in a second";
        refusal(StatusCode::TOO_MANY_REQUESTS, ErrorCode::BadRequest, why)
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, CSP),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Judges where a request means to go and where it comes from.
fn judge(headers: &HeaderMap, reach: Reach<'_>) -> Result<(), &'static str> {
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            Err("a header that may come once came twice")
        } else {
            Ok(first)
        }
    };
    let host = only(HOST)?
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<Authority>().ok())
        .ok_or("the request names no host")?;
    // A foreign name that leads here is how a web page reaches a local program.
    if !means_this_machine(&host, reach) {
        return Err(
            "the request means another host; ask for 127.0.0.1, localhost, or a name of http.names in the configuration",
        );
    }
    let Some(origin) = only(ORIGIN)? else {
        return Ok(());
    };
    let is_own = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix(if reach.is_tls { "https://" } else { "http://" }))
        .is_some_and(|origin| origin.eq_ignore_ascii_case(host.as_str()));
    if is_own {
        Ok(())
    } else {
        Err("another site sent the request")
    }
}

fn means_this_machine(host: &Authority, reach: Reach<'_>) -> bool {
    if host.as_str().contains('@') {
        return false;
    }
    let name = host.host();
    name.eq_ignore_ascii_case("localhost")
        || reach.names.iter().any(|own| name.eq_ignore_ascii_case(own))
        || name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address == reach.listening)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const OWN: Reach<'_> = Reach {
        listening: IpAddr::V4(Ipv4Addr::LOCALHOST),
        names: &[],
        is_tls: false,
    };

    fn judged(lines: &[(HeaderName, &'static str)]) -> Result<(), &'static str> {
        judged_at(OWN, lines)
    }

    fn judged_at(
        reach: Reach<'_>,
        lines: &[(HeaderName, &'static str)],
    ) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_static(value));
        }
        judge(&headers, reach)
    }

    #[test]
    fn behind_tls_only_the_names_that_were_given_count() {
        let names = ["panel.mill.example".to_owned()];
        let reach = Reach {
            listening: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            names: &names,
            is_tls: true,
        };
        let host = (HOST, "PANEL.mill.example:8520");
        let origin = |text| (ORIGIN, text);
        assert_eq!(judged_at(reach, std::slice::from_ref(&host)), Ok(()));
        assert_eq!(
            judged_at(
                reach,
                &[host.clone(), origin("https://panel.mill.example:8520")]
            ),
            Ok(())
        );
        for wrong in ["http://panel.mill.example:8520", "https://evil.example"] {
            assert!(
                judged_at(reach, &[host.clone(), origin(wrong)]).is_err(),
                "{wrong}"
            );
        }
        for wrong in [
            "mill.example",
            "panel.mill.example.evil.example",
            "192.0.2.1",
        ] {
            assert!(judged_at(reach, &[(HOST, wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_must_mean_this_machine() {
        for host in [
            "127.0.0.1:8520",
            "localhost",
            "LOCALHOST:9000",
            "[::1]:8520",
            "127.9.9.9",
        ] {
            assert_eq!(judged(&[(HOST, host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example:8520",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil@127.0.0.1:8520",
            "0.0.0.0:8520",
            "192.0.2.1",
            "",
            "a b",
        ] {
            assert!(judged(&[(HOST, host)]).is_err(), "{host}");
        }
        assert!(judged(&[]).is_err(), "no host at all");
        assert!(
            judged(&[(HOST, "localhost"), (HOST, "localhost")]).is_err(),
            "two hosts"
        );
    }

    #[test]
    fn no_other_site_may_send_a_request() {
        let host = (HOST, "127.0.0.1:8520");
        assert_eq!(
            judged(&[host.clone(), (ORIGIN, "http://127.0.0.1:8520")]),
            Ok(())
        );
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:3000",
            "http://localhost:8520",
            "https://127.0.0.1:8520",
            "http://127.0.0.1:8520/",
            "null",
            "",
        ] {
            assert!(
                judged(&[host.clone(), (ORIGIN, origin)]).is_err(),
                "{origin:?}"
            );
        }
    }
}
