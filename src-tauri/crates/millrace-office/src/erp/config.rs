//! The settings of an ERP connection, and the checks that need no network.
//! Leaves out where settings come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

use super::ErpError;
use super::secret::{self, Secret, Surroundings};
use crate::http::HttpClient;

/// Which connector speaks to the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErpKind {
    /// Odoo with the SCADA addon's routes.
    OdooAddon,
    /// Any Odoo from 14 to 19 by its standard external API.
    OdooStandard,
}

/// Which form of the standard API is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OdooApi {
    /// `/json/2` where the server answers JSON there and takes our key, else `/jsonrpc`.
    #[default]
    Auto,
    /// `/jsonrpc` only.
    Jsonrpc,
    /// `/json/2` only; the password must be an API key.
    Json2,
}

/// The settings of one ERP connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErpConfig {
    /// Which connector.
    pub kind: ErpKind,
    /// Scheme, host and port, without a path: `https://erp.example`.
    pub url: String,
    /// The database.
    pub database: String,
    /// The user.
    pub login: String,
    /// The password; at most one of this and `password_file` is given. With neither it is handed
    /// over from outside, see `secret.rs`.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A file whose first line is the password, for its owner alone (mode 0600 or 0400).
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Longest time for one exchange, 100 to 300,000 ms.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// A file of certificates (PEM) of authorities to believe besides the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Standard API only: which form.
    #[serde(default)]
    pub api: OdooApi,
    /// Standard API only: a component's internal reference → the equipment code of its silo, or
    /// `manual` for what is weighed by hand.
    #[serde(default)]
    pub materials: BTreeMap<String, String>,
    /// Allows `http://` to other machines; a password then crosses the network unprotected.
    #[serde(default)]
    pub allow_plain_http: bool,
}

fn default_timeout_ms() -> u64 {
    15_000
}

/// Settings that passed the checks.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) base: Url,
    pub(super) is_loopback: bool,
    pub(super) password: Secret,
    pub(super) timeout: Duration,
    pub(super) ca_pem: Option<Vec<u8>>,
}

impl Checked {
    /// The HTTP client by these settings.
    pub(super) fn client(&self) -> Result<HttpClient, ErpError> {
        HttpClient::new(self.timeout, self.is_loopback, self.ca_pem.as_deref()).map_err(|error| {
            let what = if self.ca_pem.is_some() {
                "`ca_file` holds no usable certificates, or the HTTP client cannot be made"
            } else {
                "the HTTP client cannot be made"
            };
            ErpError::config(format!("{what}: {error}"))
        })
    }
}

impl ErpConfig {
    /// Checks everything that needs no network, and reads the password file.
    pub(super) fn check(&self) -> Result<Checked, ErpError> {
        // The parser's own words may repeat the text, which may hold a password.
        let base = Url::parse(&self.url)
            .map_err(|_| ErpError::config("`url` is not a URL like https://erp.example"))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(ErpError::config(
                "`url` must not contain a user or a password",
            ));
        }
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            return Err(ErpError::config("`url` must be scheme, host and port only"));
        }
        let is_loopback = is_loopback(&base);
        match base.scheme() {
            "https" => {}
            "http" if is_loopback || self.allow_plain_http => {}
            "http" => {
                return Err(ErpError::config(
                    "`url` is plain http to another machine; use https, or set allow_plain_http",
                ));
            }
            _ => {
                return Err(ErpError::config(
                    "`url` must begin with https:// or http://",
                ));
            }
        }
        for (key, value) in [("database", &self.database), ("login", &self.login)] {
            if value.trim().is_empty() {
                return Err(ErpError::config(format!("`{key}` is empty")));
            }
        }
        if !(100..=300_000).contains(&self.timeout_ms) {
            return Err(ErpError::config("`timeout_ms` must be 100 to 300000"));
        }
        self.check_materials()?;
        Ok(Checked {
            ca_pem: self.read_authorities()?,
            base,
            is_loopback,
            password: secret::find(
                self.password.as_ref(),
                self.password_file.as_deref(),
                &Surroundings::of_process(),
            )?,
            timeout: Duration::from_millis(self.timeout_ms),
        })
    }

    /// True for plain HTTP to another machine that nobody allowed.
    pub(super) fn is_refused_as_plain(&self) -> bool {
        Url::parse(&self.url)
            .is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url) && !self.allow_plain_http)
    }

    fn check_materials(&self) -> Result<(), ErpError> {
        let empty = |text: &String| text.trim().is_empty();
        match self.kind {
            ErpKind::OdooAddon if !self.materials.is_empty() || self.api != OdooApi::Auto => {
                Err(ErpError::config(
                    "`materials` and `api` are settings of odoo_standard; the addon knows its silos",
                ))
            }
            ErpKind::OdooStandard if self.materials.is_empty() => Err(ErpError::config(
                "`materials` is empty: without it no component has a silo",
            )),
            ErpKind::OdooStandard if self.materials.iter().any(|(a, b)| empty(a) || empty(b)) => {
                Err(ErpError::config("`materials` holds an empty entry"))
            }
            ErpKind::OdooAddon | ErpKind::OdooStandard => Ok(()),
        }
    }

    fn read_authorities(&self) -> Result<Option<Vec<u8>>, ErpError> {
        let Some(path) = &self.ca_file else {
            return Ok(None);
        };
        let pem = std::fs::read(path)
            .map_err(|error| ErpError::config(format!("`ca_file` {}: {error}", path.display())))?;
        // The reader of PEM passes over what is no certificate: an empty list must not look right.
        let marker = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(marker.len()).any(|part| part == marker) {
            return Err(ErpError::config(format!(
                "`ca_file` {} holds no certificate",
                path.display()
            )));
        }
        Ok(Some(pem))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> ErpConfig {
        serde_json::from_value(serde_json::json!({
            "kind": "odoo_addon", "url": url, "database": "plant", "login": "middleware", "password": "geheim"}))
        .expect("the required settings")
    }

    #[test]
    fn plain_http_leaves_the_machine_only_when_allowed() {
        for url in [
            "http://127.0.0.1:8069",
            "http://localhost:8069",
            "http://[::1]:8069/",
            "https://erp.example",
        ] {
            assert!(config(url).check().is_ok(), "{url}");
        }
        let mut far = config("http://erp.example:8069");
        assert!(matches!(far.check(), Err(ErpError::Config { .. })));
        far.allow_plain_http = true;
        assert!(far.check().is_ok());
    }

    #[test]
    fn a_url_is_scheme_host_and_port() {
        for url in [
            "erp.example",
            "ftp://erp.example",
            "https://me:geheim@erp.example",
            "https://erp.example/odoo",
            "https://erp.example/?db=plant",
        ] {
            let refused = config(url).check().expect_err(url);
            assert!(!refused.to_string().contains("geheim"), "{refused}");
        }
    }

    #[test]
    fn a_secret_never_prints_and_unknown_settings_are_refused() {
        assert!(!format!("{:?}", config("https://erp.example")).contains("geheim"));
        let checked = config("https://erp.example")
            .check()
            .expect("good settings");
        assert!(!format!("{checked:?}").contains("geheim"));
        let odd = serde_json::json!({"kind": "odoo_addon", "url": "https://erp.example", "database": "plant",
            "login": "middleware", "password": "geheim", "retries": 3});
        assert!(serde_json::from_value::<ErpConfig>(odd).is_err());
    }
}
