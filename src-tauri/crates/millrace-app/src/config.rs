//! The plant's wiring: where the PLC and the ERP are, which registers, which silos. Read from TOML;
//! an unknown or missing key is refused with its name. The environment may stand over the file. Leaves
//! out changing it (`edit`, `file`) and the table of what may be set (`settings`).

pub mod edit;
pub mod file;
pub mod settings;
pub mod upkeep;

pub use upkeep::{Backup, Session, Signature};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use millrace_core::ids::SiloNo;
use millrace_core::registers::RegisterMap;
use millrace_core::silo::Tolerance;
use millrace_core::units::{BasisPoints, Grams};
use millrace_field::plc::DriverConfig;
use millrace_office::erp::ErpConfig;
use millrace_store::table::silo::SiloRow;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The configuration could not be read. One sentence: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The whole configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The site and its line.
    pub site: Site,
    /// The PLC; absent = no PLC is spoken to.
    pub plc: Option<Plc>,
    /// The ERP; absent = orders cannot be fetched and posts wait.
    pub erp: Option<Erp>,
    /// The silos file, relative to this file.
    pub silos: Option<PathBuf>,
    /// Intake and batch limits.
    #[serde(default)]
    pub intake: Intake,
    /// Backups of the books.
    #[serde(default)]
    pub backup: Backup,
    /// Browsers and scripts, where they may come in at all.
    #[serde(default)]
    pub http: Http,
    /// When a session that nobody uses loses its rights.
    #[serde(default)]
    pub session: Session,
    /// How much of signing takes two persons.
    #[serde(default)]
    pub signature: Signature,
}

/// What browsers and scripts meet when the program listens; nothing here makes it listen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Certificate chain in PEM form, relative to the configuration file. With it all is HTTPS, and the
    /// program may be reached from other machines.
    pub certificate: Option<PathBuf>,
    /// The certificate's private key in PEM form; nobody but its owner may read the file.
    pub key: Option<PathBuf>,
    /// Names by which browsers may ask for this machine, besides its address and `localhost`.
    pub names: Vec<String>,
    /// How many requests one peer may send in a second (1 to 10000); twice as many at once.
    pub requests_per_second_max: u32,
    /// How many connections one peer may hold (1 to 1000); four times as many in all.
    pub connections_max: usize,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            certificate: None,
            key: None,
            names: Vec::new(),
            requests_per_second_max: 100,
            connections_max: 32,
        }
    }
}

/// The site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Key of the installation, part of every idempotency key: never change it.
    pub key: String,
    /// Name.
    pub name: String,
    /// Name of the line.
    pub line: String,
    /// IANA time zone in which times are shown.
    pub zone: String,
    /// Language of the installation: `en`, `nl`, `id`.
    #[serde(default = "english")]
    pub language: String,
}

fn english() -> String {
    "en".into()
}

/// The PLC.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plc {
    /// How to reach it.
    pub driver: DriverConfig,
    /// The register map file, relative to the configuration file.
    pub registers: PathBuf,
    /// Period of live slots, milliseconds (100 to 1000: live values are never older than a second).
    #[serde(default = "live_ms")]
    pub poll_live_ms: u64,
    /// Period in which one idle slot after the other is looked at, milliseconds.
    #[serde(default = "idle_ms")]
    pub poll_idle_ms: u64,
    /// Nothing fallen for so many seconds while a batch runs raises an alarm.
    #[serde(default = "stall_s")]
    pub stall_after_s: u64,
    /// Period in which the areas beside the slots (equipment failure, manual weighing) are looked at,
    /// milliseconds.
    #[serde(default = "area_ms")]
    pub poll_area_ms: u64,
    /// How many batches may be in the PLC at once (the one that doses included).
    #[serde(default = "in_plc")]
    pub batches_in_plc_max: u16,
}

fn live_ms() -> u64 {
    500
}
fn idle_ms() -> u64 {
    1_000
}
fn stall_s() -> u64 {
    120
}
fn area_ms() -> u64 {
    1_000
}
fn in_plc() -> u16 {
    3
}

/// The ERP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erp {
    /// How to reach it.
    pub connector: ErpConfig,
    /// Fetch orders every so many minutes, and at start.
    #[serde(default = "import_minutes")]
    pub import_every_min: u64,
    /// Mass that a BoM line refers to, kilograms.
    #[serde(default = "bom_reference")]
    pub bom_reference_kg: Decimal,
    /// Who closes an order in the ERP once all its batches are posted.
    #[serde(default)]
    pub mark_done: MarkDone,
    /// How many messages may be worked on in any second (0.1 to 50): what a backlog drains at.
    #[serde(default = "posts_per_second")]
    pub posts_per_second_max: Decimal,
    /// How long the ERP may still carry out a request whose answer never came, seconds (0 to 3600). An
    /// order's newer total waits so long behind a lost older one, unless the ERP itself refuses a repeat.
    #[serde(default = "late_request")]
    pub late_request_s: u32,
}

/// Who closes an order in the ERP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkDone {
    /// A person, in the ERP.
    #[default]
    ByPerson,
    /// We, after the order's last batch was posted and read back.
    ByUs,
}

fn import_minutes() -> u64 {
    60
}
fn bom_reference() -> Decimal {
    Decimal::from(1_000)
}
fn posts_per_second() -> Decimal {
    Decimal::from(5)
}

/// Odoo ends a request that runs for longer than this (its `limit_time_real`).
fn late_request() -> u32 {
    120
}

/// When new orders are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakePolicy {
    /// Whenever fewer than `open_batches_max` batches are open.
    Fill,
    /// Only when no batch is open (the old system's way).
    WhenEmpty,
}

/// Intake limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// When new orders are taken.
    pub policy: IntakePolicy,
    /// How many batches may be open at once.
    pub open_batches_max: i64,
    /// Largest believable order, kilograms.
    pub order_max_kg: Decimal,
    /// Largest difference between the scaled lines and the order, percent.
    pub scaling_limit_pct: Decimal,
}

impl Default for Intake {
    fn default() -> Intake {
        Intake {
            policy: IntakePolicy::Fill,
            open_batches_max: 10,
            order_max_kg: Decimal::from(100_000),
            scaling_limit_pct: Decimal::from(2),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SilosFile {
    silo: Vec<SiloEntry>,
}

/// A silo in the silos file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiloEntry {
    number: u16,
    tag: String,
    label: String,
    odoo_code: String,
    material: String,
    #[serde(default)]
    liquid: bool,
    capacity_kg: Decimal,
    start_kg: Option<Decimal>,
    low_kg: Decimal,
    max_dose_kg: Decimal,
    tolerance_pct: Decimal,
    tolerance_min_kg: Decimal,
    #[serde(default)]
    feed_rate_kg_s: Decimal,
}

/// A silo as configured, with the stock to open its ledger with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiloSeed {
    /// The silo.
    pub row: SiloRow,
    /// Opening stock, used once.
    pub start_g: Option<Grams>,
}

impl Config {
    /// Reads a configuration file, with what the process' environment sets over it.
    ///
    /// # Errors
    /// A sentence that names the file, the key and what is wrong.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        Ok(Loaded::read(path, std::env::vars())?.config)
    }

    /// Reads a configuration text.
    ///
    /// # Errors
    /// A sentence that names the key and what is wrong.
    pub fn parse(text: &str) -> Result<Config, ConfigError> {
        let config: Config =
            toml::from_str(text).map_err(|error| ConfigError(told(text, &error)))?;
        let bad = |what: String| Err(ConfigError(what));
        if config.site.key.is_empty()
            || !config
                .site
                .key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return bad("site.key must be letters, digits and hyphens".into());
        }
        if jiff::tz::TimeZone::get(&config.site.zone).is_err() {
            return bad(format!(
                "site.zone: {:?} is not an IANA time zone such as \"Asia/Jakarta\"",
                config.site.zone
            ));
        }
        if config.http.certificate.is_some() != config.http.key.is_some() {
            return bad(
                "http.certificate and http.key belong together: give both or neither".into(),
            );
        }
        settings::check(&table(text)?)?;
        Ok(config)
    }
}

/// A configuration with what it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What counts.
    pub config: Config,
    /// The file's text as it stands with what the environment sets written into it.
    pub effective: String,
    /// What the environment sets, by key.
    pub environment: BTreeMap<&'static str, String>,
}

/// Begins the name of a variable that stands for a setting: `MILLRACE__PLC__POLL_LIVE_MS` is
/// `plc.poll_live_ms`.
pub const ENVIRONMENT: &str = "MILLRACE__";

impl Loaded {
    /// Reads a file, and the variables that stand for settings.
    ///
    /// # Errors
    /// A sentence that names the file or the variable, the key and what is wrong.
    pub fn read(
        path: &Path,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError(format!(
                "the configuration {} cannot be read ({error}): copy config.example.toml there, or start with --demo",
                path.display()
            ))
        })?;
        Loaded::from_text(text, variables).map_err(|error| {
            ConfigError(format!(
                "the configuration {} is wrong: {error}",
                path.display()
            ))
        })
    }

    /// As [`Loaded::read`], from a text.
    ///
    /// # Errors
    /// A sentence that names the key or the variable and what is wrong.
    pub fn from_text(
        text: String,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        let mut effective = text;
        let mut environment = BTreeMap::new();
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(ENVIRONMENT) else {
                continue;
            };
            let key = rest.to_lowercase().replace("__", ".");
            let Some(setting) = settings::setting(&key) else {
                return Err(ConfigError(format!(
                    "the environment sets {name}, and there is no setting {key}"
                )));
            };
            effective = edit::with(&effective, setting, &value)
                .map_err(|error| ConfigError(format!("{name} in the environment: {error}")))?;
            environment.insert(setting.key, value);
        }
        Ok(Loaded {
            config: Config::parse(&effective)?,
            effective,
            environment,
        })
    }
}

/// The text as a table, for what goes by keys.
///
/// # Errors
/// A sentence that names the line.
pub fn table(text: &str) -> Result<toml::Table, ConfigError> {
    text.parse()
        .map_err(|error| ConfigError(told(text, &error)))
}

/// Reads the silos file; `rate_factor` scales the usual rates (the demo runs faster than life).
///
/// # Errors
/// A sentence that names the entry and what is wrong.
pub fn parse_silos(text: &str, rate_factor: Decimal) -> Result<Vec<SiloSeed>, ConfigError> {
    let file: SilosFile = toml::from_str(text)
        .map_err(|error| ConfigError(error.to_string().trim().replace('\n', " ")))?;
    let mut seeds = Vec::with_capacity(file.silo.len());
    for (position, entry) in (0_i64..).zip(file.silo) {
        let mass = |what: &str, kg: Decimal| {
            Grams::from_kg(kg).ok().filter(|g| g.0 >= 0).ok_or_else(|| {
                ConfigError(format!(
                    "silo {}: {what} = {kg} is not a mass",
                    entry.number
                ))
            })
        };
        let share = BasisPoints::from_percent(entry.tolerance_pct)
            .filter(|bp| (0..=10_000).contains(&bp.0))
            .ok_or_else(|| {
                ConfigError(format!(
                    "silo {}: tolerance_pct = {} is outside 0 to 100",
                    entry.number, entry.tolerance_pct
                ))
            })?;
        let rate = Grams::from_kg(entry.feed_rate_kg_s * rate_factor).map_err(|_| {
            ConfigError(format!(
                "silo {}: feed_rate_kg_s is out of range",
                entry.number
            ))
        })?;
        seeds.push(SiloSeed {
            start_g: entry.start_kg.map(|kg| mass("start_kg", kg)).transpose()?,
            row: SiloRow {
                silo: SiloNo(entry.number),
                position,
                tag: entry.tag.clone(),
                label: entry.label.clone(),
                erp_code: entry.odoo_code.clone(),
                material: entry.material.clone(),
                is_liquid: entry.liquid || entry.tag.starts_with("lq_"),
                capacity_g: mass("capacity_kg", entry.capacity_kg)?,
                low_g: mass("low_kg", entry.low_kg)?,
                max_dose_g: mass("max_dose_kg", entry.max_dose_kg)?,
                tolerance: Tolerance {
                    share,
                    floor_g: mass("tolerance_min_kg", entry.tolerance_min_kg)?,
                },
                rate_g_s: rate.0,
            },
        });
    }
    Ok(seeds)
}

/// Holds the silos against the register map: every silo of the file must stand in the map under the
/// same number and tag.
///
/// # Errors
/// A sentence that names the first silo that differs.
pub fn check_silos(silos: &[SiloSeed], map: &RegisterMap) -> Result<(), ConfigError> {
    for seed in silos {
        match map.silo(seed.row.silo) {
            Some(field) if field.tag == seed.row.tag => {}
            Some(field) => {
                return Err(ConfigError(format!(
                    "silo {} is called {:?} in the register map and {:?} in the silos file",
                    seed.row.silo, field.tag, seed.row.tag
                )));
            }
            None => {
                return Err(ConfigError(format!(
                    "silo {} of the silos file is not in the register map",
                    seed.row.silo
                )));
            }
        }
    }
    Ok(())
}

/// What is wrong, and in which line. The parser's own words quote the line, and that may be a
/// password; so may the value that they name.
fn told(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', " ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message;
    };
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    if line.contains("pass") {
        format!("line {number}: the password is not written as a text or is misplaced")
    } else {
        format!("line {number}, {key}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "[site]\nkey = \"north\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n";

    fn check_refused(text: &str, names: &str) {
        let error = Config::parse(text).expect_err("must be refused");
        assert!(error.to_string().contains(names), "{error}");
    }

    #[test]
    fn a_site_alone_is_enough() {
        let config = Config::parse(SITE).expect("valid");
        assert!(config.plc.is_none());
        assert_eq!(config.intake.open_batches_max, 10);
    }

    #[test]
    fn a_person_closes_orders_unless_the_setting_says_otherwise() {
        let erp = format!(
            "{SITE}[erp]\n[erp.connector]\nkind = \"odoo_addon\"\nurl = \"http://127.0.0.1:1\"\ndatabase = \"d\"\nlogin = \"l\"\npassword = \"p\"\n"
        );
        let parsed = |more: &str| {
            let text = erp.replace("[erp]\n", &format!("[erp]\n{more}\n"));
            Config::parse(&text).map(|config| config.erp.expect("there"))
        };
        let plain = parsed("").expect("valid");
        assert_eq!(plain.mark_done, MarkDone::ByPerson);
        assert_eq!(plain.posts_per_second_max, Decimal::from(5));
        assert_eq!(plain.late_request_s, 120);
        let ours = parsed("mark_done = \"by_us\"\nposts_per_second_max = 0.5").expect("valid");
        assert_eq!(ours.mark_done, MarkDone::ByUs);
        assert_eq!(ours.posts_per_second_max, Decimal::new(5, 1));
        for (wrong, names) in [
            ("mark_done = \"by_nobody\"", "by_nobody"),
            ("posts_per_second_max = 0.05", "erp.posts_per_second_max"),
            ("posts_per_second_max = 51", "erp.posts_per_second_max"),
        ] {
            let error = parsed(wrong).expect_err("must be refused");
            assert!(error.to_string().contains(names), "{error}");
        }
    }

    #[test]
    fn a_wrong_key_is_named() {
        check_refused(&format!("{SITE}colour = \"red\"\n"), "colour");
        check_refused("[site]\nkey = \"north\"\n", "name");
        check_refused(&SITE.replace("Asia/Jakarta", "Java/Nowhere"), "site.zone");
        check_refused(&SITE.replace("\"north\"", "\"north mill\""), "site.key");
        check_refused(
            &format!("{SITE}[intake]\nopen_batches_max = 0\n"),
            "open_batches_max",
        );
    }

    fn set(pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let variables = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Loaded::from_text(SITE.to_owned(), variables)
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let loaded = set(&[
            ("HOME", "/nowhere"),
            ("MILLRACE_ERP_PASSWORD", "not a setting"),
            ("MILLRACE__SITE__LANGUAGE", "nl"),
            ("MILLRACE__INTAKE__OPEN_BATCHES_MAX", "25"),
        ])
        .expect("valid");
        assert_eq!(loaded.config.site.language, "nl");
        assert_eq!(loaded.config.intake.open_batches_max, 25);
        assert_eq!(loaded.environment.len(), 2);
    }

    #[test]
    fn a_variable_that_is_no_setting_or_has_no_value_for_it_is_refused_by_name() {
        for (name, value, told) in [
            ("MILLRACE__SITE__COLOUR", "red", "site.colour"),
            ("MILLRACE__SITE__LANGUAGE", "fr", "none of en, nl, id"),
            ("MILLRACE__INTAKE__OPEN_BATCHES_MAX", "0", "outside 1 to"),
            (
                "MILLRACE__INTAKE__OPEN_BATCHES_MAX",
                "many",
                "not a whole number",
            ),
            ("MILLRACE__PLC__POLL_LIVE_MS", "500", "no section [plc]"),
        ] {
            let error = set(&[(name, value)]).expect_err(name);
            assert!(error.to_string().contains(told), "{name}: {error}");
        }
    }
}
