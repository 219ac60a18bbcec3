//! What an electrician asks on the command line: words decoded, a map checked, a plant read, watched
//! and examined. Needs neither a window nor the books, and changes nothing in a PLC; only the
//! doctor's write test does, on a word that nobody uses. Leaves out the meaning of the words
//! (`millrace_core::registers`) and how they travel (`millrace-field`).

mod decode;
mod doctor;
mod link;
mod map_check;
mod read;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use millrace_app::commissioning::words;
use millrace_core::registers::RegisterMap;

use crate::backup::{BackupArgs, RestoreArgs, backup, put_back};
use crate::launch::{Exit, FAULT};
use crate::verify::{VerifyArgs, verify};

/// Exit code: a file or words that were handed in cannot be read, as for a wrong argument.
const USAGE: u8 = 2;
/// Exit code: the PLC cannot be reached.
const UNREACHABLE: u8 = 69;

/// Asked instead of running the product.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Words of a PLC: decode them, check a register map, read, watch.
    #[command(subcommand)]
    Plc(PlcCommand),
    /// Examines a connection and says what is right, what is wrong and what is missing.
    #[command(subcommand)]
    Doctor(DoctorCommand),
    /// Verifies the audit trail of a database or of an export, and changes nothing.
    Verify(VerifyArgs),
    /// Makes a backup of the database, in use or not; lists and checks them.
    Backup(BackupArgs),
    /// Puts a backup in the place of the database. Refuses while the program runs on it.
    Restore(RestoreArgs),
}

/// What can be asked about the words of a PLC.
#[derive(Debug, Clone, Subcommand)]
pub enum PlcCommand {
    /// Judges the words of one slot's read block and prints one line of JSON. Needs no PLC.
    Decode(DecodeArgs),
    /// The register map as a file.
    #[command(subcommand)]
    Map(MapCommand),
    /// Reads slots or words once, raw and decoded.
    Read(ReadArgs),
    /// Prints a line for every value that changes, until Ctrl+C.
    Watch(WatchArgs),
}

/// What can be asked about a register map.
#[derive(Debug, Clone, Subcommand)]
pub enum MapCommand {
    /// Says what is wrong with a map, or prints its addresses.
    Check {
        /// The register map.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What the doctor can examine.
#[derive(Debug, Clone, Subcommand)]
pub enum DoctorCommand {
    /// The PLC: reach, times, nodes, word order, every word of the map, what is missing.
    Plc(DoctorArgs),
}

/// Words to judge.
#[derive(Debug, Clone, Args)]
pub struct DecodeArgs {
    /// The register map.
    #[arg(long, value_name = "FILE")]
    pub map: PathBuf,
    /// The block's words in hexadecimal, from its first to its handshake word.
    #[arg(long, value_name = "HEX HEX …")]
    pub words: String,
    /// The slot the words were read from; without it, the one the block itself names.
    #[arg(long, value_name = "N")]
    pub slot: Option<u16>,
    /// The order that should be in the slot: its name must match, and a finished batch its plan.
    #[arg(long, value_name = "NAME")]
    pub order: Option<String>,
}

/// Which plant, and as whom.
#[derive(Debug, Clone, Args)]
pub struct Reach {
    /// The plant's configuration instead of ~/.config/millrace/config.toml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the running program's database is, if not in ~/.local/share/millrace.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Our FINS node number for this question, 1 to 254, other than the running program's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=254))]
    pub node: Option<u8>,
}

/// What to read.
#[derive(Debug, Clone, Args)]
pub struct ReadArgs {
    /// Which plant.
    #[command(flatten)]
    pub reach: Reach,
    /// One slot instead of all.
    #[arg(long, value_name = "N", conflicts_with_all = ["address", "count"])]
    pub slot: Option<u16>,
    /// First word, such as D6000.
    #[arg(long, value_name = "ADDRESS", value_parser = words::address, requires = "count")]
    pub address: Option<u16>,
    /// How many words from there on, 1 to 999.
    #[arg(long, value_name = "N", requires = "address", value_parser = clap::value_parser!(u16).range(1..=999))]
    pub count: Option<u16>,
}

/// What to watch.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// Which plant.
    #[command(flatten)]
    pub reach: Reach,
    /// One slot instead of all.
    #[arg(long, value_name = "N")]
    pub slot: Option<u16>,
    /// How often to look, milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub period_ms: u64,
}

/// How to examine.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Which plant.
    #[command(flatten)]
    pub reach: Reach,
    /// Also writes one word that the map gives to nobody, reads it back and restores it.
    #[arg(long)]
    pub write_test: bool,
    /// Writes the report to this file, too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Answers a question and gives the process' exit code. It has a thread and a runtime of its own,
/// so that it can be called from anywhere.
#[must_use]
pub(crate) fn run(command: &Command) -> i32 {
    let command = command.clone();
    let asked = std::thread::spawn(move || {
        tokio::runtime::Runtime::new()
            .map_err(|error| fault(format!("The system gives no threads: {error}.")))?
            .block_on(answer(&command))
    });
    let code = match asked.join() {
        Ok(Ok(code)) => code,
        Ok(Err(exit)) => {
            warn(&exit.message);
            exit.code
        }
        // The panic has already been told.
        Err(_) => FAULT,
    };
    i32::from(code)
}

async fn answer(command: &Command) -> Result<u8, Exit> {
    match command {
        Command::Plc(PlcCommand::Decode(args)) => {
            say(&decode::line(args)?);
            Ok(0)
        }
        Command::Plc(PlcCommand::Map(MapCommand::Check { file })) => {
            let (text, code) = map_check::check(file);
            say(&text);
            Ok(code)
        }
        Command::Plc(PlcCommand::Read(args)) => read::read(args).await,
        Command::Plc(PlcCommand::Watch(args)) => watch::watch(args).await,
        Command::Doctor(DoctorCommand::Plc(args)) => doctor::examine(args).await,
        Command::Verify(args) => {
            let (text, code) = verify(args)?;
            say(&text);
            Ok(code)
        }
        Command::Backup(args) => {
            let (text, code) = backup(args)?;
            say(&text);
            Ok(code)
        }
        Command::Restore(args) => {
            let (text, code) = put_back(args)?;
            say(&text);
            Ok(code)
        }
    }
}

fn fault(message: String) -> Exit {
    Exit {
        code: FAULT,
        message,
    }
}

/// A map from its file; the sentence names the file.
fn load_map(file: &Path) -> Result<RegisterMap, String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        format!(
            "The register map {} cannot be read: {error}.",
            file.display()
        )
    })?;
    RegisterMap::parse(&text).map_err(|error| format!("{}: {error}.", file.display()))
}

/// Prints to standard output. False when nobody reads it any more.
fn say(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    let ending = if text.ends_with('\n') { "" } else { "\n" };
    write!(out, "{text}{ending}")
        .and_then(|()| out.flush())
        .is_ok()
}

#[expect(
    clippy::print_stderr,
    reason = "the person who asked reads it there, apart from the answer"
)]
fn warn(sentence: &str) {
    eprintln!("{sentence}");
}
