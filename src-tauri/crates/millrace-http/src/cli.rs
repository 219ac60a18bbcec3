//! The command line, one for the window and for `millrace-headless`. Leaves out what the options
//! lead to (`launch`).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::plc;

/// Where a browser finds the program unless `--listen` says otherwise.
const LISTEN: &str = "127.0.0.1:8520";

/// Batch control for feed and flour mills: takes orders from the ERP, has them approved, hands them
/// to the PLC, shows the dosing live and posts what was consumed.
#[derive(Debug, Clone, Parser)]
#[command(name = "millrace", version = crate::VERSION, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Answers a question instead of running the product.
    #[command(subcommand)]
    pub command: Option<plc::Command>,
    /// Runs on a virtual plant (PLC and ERP) inside the program; needs nothing else.
    #[arg(long, conflicts_with = "config")]
    pub demo: bool,
    /// How fast the virtual plant works, 0.1 to 100 times real time. Our own clock stays real.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed, requires = "demo")]
    pub demo_speed: f64,
    /// Begins the demo anew: deletes what earlier demos left, and nothing else.
    #[arg(long, requires = "demo")]
    pub demo_reset: bool,
    /// Opens no window: the same product in a browser, and for scripts.
    #[arg(long)]
    pub headless: bool,
    /// Where to listen without a window; port 0 takes a free one. An address that other machines reach
    /// needs a certificate in the configuration.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = LISTEN, value_parser = listen)]
    pub listen: SocketAddr,
    /// The plant's configuration instead of ~/.config/millrace/config.toml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where database and logs go instead of ~/.local/share/millrace and ~/.local/state/millrace;
    /// a demo keeps to the folder `demo` in it.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// How much goes to the log.
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log: LogLevel,
    /// Paints by the processor alone, where a graphics driver leaves the window blank.
    #[arg(long)]
    pub safe_graphics: bool,
    /// The installation's language, over what the configuration says.
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub lang: Option<Language>,
}

impl Cli {
    /// Reads this process' arguments. `--help`, `--version`, a wrong argument and a subcommand end
    /// it here: none of them needs a window or the books.
    #[must_use]
    pub fn parse() -> Cli {
        let cli = <Cli as Parser>::parse();
        if let Some(command) = &cli.command {
            std::process::exit(plc::run(command));
        }
        cli
    }
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Faults.
    Error,
    /// And what may become one.
    Warn,
    /// And what happens.
    Info,
    /// And why.
    Debug,
    /// And every exchange.
    Trace,
}

impl LogLevel {
    /// The word that the log's filter knows.
    pub(crate) fn word(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Dutch.
    Nl,
    /// Indonesian.
    Id,
}

impl Language {
    /// Its code, as in the configuration.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Nl => "nl",
            Language::Id => "id",
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed| (0.1..=100.0).contains(speed))
        .ok_or_else(|| "the speed must be a number from 0.1 to 100".to_owned())
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("an address with a port is needed, such as {LISTEN}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn read(arguments: &[&str]) -> Result<Cli, String> {
        Cli::try_parse_from(std::iter::once(&"millrace").chain(arguments))
            .map_err(|e| e.to_string())
    }

    fn check_refused(arguments: &[&str], sentence: &str) {
        let error = read(arguments).expect_err("must be refused");
        assert!(error.contains(sentence), "{arguments:?}: {error}");
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_arguments_the_plant_of_the_configuration_runs_on_loopback() {
        let cli = read(&[]).expect("nothing is needed");
        assert!(!cli.demo && !cli.headless && cli.command.is_none());
        assert_eq!(cli.listen.to_string(), "127.0.0.1:8520");
    }

    #[test]
    fn an_address_to_listen_on_has_a_port() {
        for address in ["127.0.0.1:0", "0.0.0.0:8520", "[::1]:8520"] {
            assert!(read(&["--listen", address]).is_ok(), "{address}");
        }
        check_refused(&["--listen", "8520"], "an address with a port is needed");
    }

    #[test]
    fn the_plant_is_neither_stopped_nor_absurdly_fast() {
        for speed in ["0.1", "1", "100"] {
            assert!(read(&["--demo", "--demo-speed", speed]).is_ok(), "{speed}");
        }
        for speed in ["0", "0.09", "100.1", "-1", "NaN", "inf", "fast"] {
            check_refused(
                &["--demo", &format!("--demo-speed={speed}")],
                "from 0.1 to 100",
            );
        }
    }

    #[test]
    fn a_question_takes_only_its_own_options() {
        assert!(read(&["plc", "map", "check", "map.toml"]).is_ok());
        assert!(read(&["doctor", "plc", "--write-test"]).is_ok());
        assert!(read(&["plc", "read", "--address", "D6000", "--count", "77"]).is_ok());
        check_refused(&["--demo", "doctor", "plc"], "--demo");
        check_refused(&["plc", "read", "--address", "D6000"], "--count");
        check_refused(
            &["plc", "read", "--address", "E1", "--count", "1"],
            "D0 to D32767",
        );
        check_refused(&["plc", "watch", "--period-ms", "5"], "--period-ms");
        check_refused(&["plc", "decode", "--words", "0000"], "--map");
    }

    #[test]
    fn a_demo_is_never_mixed_with_a_plant() {
        check_refused(&["--demo", "--config", "plant.toml"], "cannot be used with");
        check_refused(&["--demo-reset"], "--demo");
        check_refused(&["--demo-speed", "5"], "--demo");
    }
}
