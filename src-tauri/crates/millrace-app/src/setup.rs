//! What the application starts from: the wiring, the register map, the silos, the clock. Wrong files
//! become problems that the application shows, with what still works. Leaves out starting it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use millrace_core::registers::RegisterMap;
use millrace_field::plc::net::Net;
use millrace_office::erp::ErpConnector;
use rust_decimal::Decimal;

use crate::clock::{Clock, SystemClock};
use crate::commands::training::Trainer;
use crate::config::{self, Config, ConfigError, Loaded, SiloSeed};

/// Who moves the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Its own tasks, in real time.
    Own,
    /// A test calls [`App::cycle`], [`App::work_outbox`] and so on.
    ByHand,
}

/// The demo's marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demo {
    /// Speed of the virtual plant.
    pub speed: f64,
}

/// Login of the virtual ERP.
#[derive(Clone)]
pub struct DemoLogin {
    /// Database.
    pub database: String,
    /// User.
    pub login: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for DemoLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoLogin")
            .field("database", &self.database)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Everything the application starts from.
#[derive(Debug)]
pub struct Setup {
    /// The wiring.
    pub config: Config,
    /// Where the wiring was read from; `None` = it is built in, as the demo's is.
    pub config_file: Option<PathBuf>,
    /// The text that counts: the file's, with what the environment sets written into it.
    pub config_text: String,
    /// What the environment sets, by key.
    pub environment: BTreeMap<&'static str, String>,
    /// The register map, or why there is none.
    pub registers: Result<RegisterMap, String>,
    /// The silos, or why there are none.
    pub silos: Result<Vec<SiloSeed>, String>,
    /// Where the books lie.
    pub data_dir: PathBuf,
    /// Set on the virtual plant.
    pub demo: Option<Demo>,
    /// Who makes faults for training; only the virtual plant has one.
    pub trainer: Option<Arc<dyn Trainer>>,
    /// The wire to the PLC; `None` = the machine's own sockets.
    pub net: Option<Arc<dyn Net>>,
    /// The way into the ERP; `None` = the one that the configuration names.
    pub erp: Option<Arc<dyn ErpConnector>>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who moves the application.
    pub pace: Pace,
    /// Whether a login hashes a secret anew that is kept by a weaker hash than today's. Off only where
    /// many virtual people log in and what hashing costs is not what is tried.
    pub strengthens_secrets: bool,
    /// The program's version.
    pub version: String,
}

impl Setup {
    /// Loads a configuration file and what it names. Wrong register maps and silos become problems
    /// that the application shows: it starts all the same, with what still works.
    ///
    /// # Errors
    /// [`ConfigError`] when the file itself cannot be understood.
    pub fn from_file(
        config_path: &Path,
        data_dir: &Path,
        version: &str,
    ) -> Result<Setup, ConfigError> {
        let Loaded {
            mut config,
            effective,
            environment,
        } = Loaded::read(config_path, std::env::vars())?;
        let base = config_path.parent().unwrap_or(Path::new("."));
        if let Some(erp) = config.erp.as_mut().map(|erp| &mut erp.connector) {
            let files = [erp.password_file.as_mut(), erp.ca_file.as_mut()];
            files
                .into_iter()
                .flatten()
                .for_each(|file| *file = base.join(&file));
        }
        for file in [
            &mut config.http.certificate,
            &mut config.http.key,
            &mut config.backup.folder,
            &mut config.backup.second_folder,
        ]
        .into_iter()
        .flatten()
        {
            *file = base.join(&file);
        }
        let read = |what: &str, path: &Path| {
            let path = base.join(path);
            std::fs::read_to_string(&path)
                .map_err(|error| format!("{what} {} cannot be read: {error}", path.display()))
                .map(|text| (path, text))
        };
        let registers = match &config.plc {
            None => Err(
                "the configuration names no PLC: batches can be signed, but not downloaded".into(),
            ),
            Some(plc) => read("the register map", &plc.registers).and_then(|(path, text)| {
                RegisterMap::parse(&text).map_err(|error| {
                    format!("the register map {} is wrong: {error}", path.display())
                })
            }),
        };
        let silos = match &config.silos {
            None => Err("the configuration names no silos file: orders cannot be judged".into()),
            Some(silos) => read("the silos file", silos).and_then(|(path, text)| {
                config::parse_silos(&text, Decimal::ONE)
                    .map_err(|error| format!("the silos file {} is wrong: {error}", path.display()))
            }),
        };
        Ok(Setup {
            config,
            config_file: Some(config_path.to_path_buf()),
            config_text: effective,
            environment,
            registers,
            silos,
            data_dir: data_dir.to_path_buf(),
            demo: None,
            trainer: None,
            net: None,
            erp: None,
            clock: SystemClock::new(),
            pace: Pace::Own,
            strengthens_secrets: true,
            version: version.to_owned(),
        })
    }

    /// The demo on a virtual plant that already runs.
    ///
    /// # Errors
    /// [`ConfigError`] when the demo's own files are wrong.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call site a binary, each argument named by its type"
    )]
    pub fn demo(
        plc: SocketAddr,
        erp_url: &str,
        login: &DemoLogin,
        data_dir: &Path,
        speed: f64,
        registers_toml: &str,
        silos_toml: &str,
        version: &str,
    ) -> Result<Setup, ConfigError> {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let text = format!(
            "silos = \"demo\"\n[site]\nkey = \"demo\"\nname = \"North mill\"\nline = \"Line 1\"\nzone = \"Asia/Jakarta\"\n\
             [plc]\nregisters = \"demo\"\npoll_live_ms = 250\n[plc.driver]\nkind = \"fins_udp\"\naddress = \"{plc}\"\nnode_local = 1\nnode_plc = 2\n\
             timeout_ms = 500\n[erp]\nimport_every_min = 60\n[erp.connector]\nkind = \"odoo_addon\"\nurl = {}\ndatabase = {}\nlogin = {}\npassword = {}\n",
            quote(erp_url),
            quote(&login.database),
            quote(&login.login),
            quote(&login.password),
        );
        let config = Config::parse(&text)?;
        let factor = Decimal::try_from(speed)
            .unwrap_or(Decimal::ONE)
            .max(Decimal::new(1, 1));
        Ok(Setup {
            config,
            config_file: None,
            config_text: text,
            environment: BTreeMap::new(),
            registers: Ok(RegisterMap::parse(registers_toml)
                .map_err(|error| ConfigError(error.to_string()))?),
            silos: Ok(config::parse_silos(silos_toml, factor)?),
            data_dir: data_dir.to_path_buf(),
            demo: Some(Demo { speed }),
            trainer: None,
            net: None,
            erp: None,
            clock: SystemClock::new(),
            pace: Pace::Own,
            strengthens_secrets: true,
            version: version.to_owned(),
        })
    }
}
