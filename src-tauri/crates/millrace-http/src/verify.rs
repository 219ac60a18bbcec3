//! `millrace verify`: whether an audit trail is whole, from the books or from an export, without the
//! application, its lock and its log. Changes nothing. Leaves out what is checked
//! (`millrace_app::trail`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use millrace_app::trail::check::{self, TrailReport};
use millrace_core::audit::anchor::Anchor;
use millrace_core::audit::unhex;

use crate::launch::Exit;
use crate::place::Places;

/// Exit code: something does not fit.
const BROKEN: u8 = 1;
/// Exit code: a file that was handed in cannot be read.
const USAGE: u8 = 2;

/// What to verify, and against what.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The database, in use or not, instead of the one in ~/.local/share/millrace.
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    pub books: Option<PathBuf>,
    /// An exported trail instead of a database.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Public keys that you got another way, one a line: the newest seal must be by one of them.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// An anchor from a label, a batch record or the ERP (MR1-…); may be given several times.
    #[arg(long, value_name = "MR1-…")]
    pub anchor: Vec<Anchor>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Verifies; gives what is printed and the exit code.
///
/// # Errors
/// [`Exit`] with a sentence when a file cannot be read.
pub(crate) fn verify(args: &VerifyArgs) -> Result<(String, u8), Exit> {
    let usage = |message: String| Exit {
        code: USAGE,
        message,
    };
    let keys = match &args.public_key {
        Some(file) => public_keys(file).map_err(usage)?,
        None => Vec::new(),
    };
    let anchors = args.anchor.clone();
    let report = match (&args.export, &args.books) {
        (Some(file), _) => check::of_export(file, anchors, keys.clone()),
        (None, Some(file)) => check::of_file(file, anchors, keys.clone()),
        (None, None) => {
            let file = Places::own()?.data.join("millrace.db");
            check::of_file(&file, anchors, keys.clone())
        }
    };
    let report = report.map_err(|error| Exit {
        code: BROKEN,
        message: format!("{error}."),
    })?;
    let code = if report.is_good() { 0 } else { BROKEN };
    let text = if args.json {
        serde_json::to_string(&serde_json::json!({ "ok": report.is_good(), "report": report }))
            .map_err(|error| usage(error.to_string()))?
    } else {
        told(&report, !keys.is_empty())
    };
    Ok((text, code))
}

/// The public keys in a file: 64 hexadecimal digits a line; lines that begin with # are passed over.
fn public_keys(file: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}.", file.display()))?;
    let lines = text.lines().map(str::trim);
    let keys: Vec<String> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    if keys.is_empty() || keys.iter().any(|key| unhex::<32>(key).is_none()) {
        return Err(format!(
            "{} is no file of public keys: 64 digits in small letters a line.",
            file.display()
        ));
    }
    Ok(keys)
}

/// A time for people; the number itself where it is none.
fn utc(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn told(report: &TrailReport, has_public_key: bool) -> String {
    let mut text = format!("rows     {} fit\n", report.rows);
    // Writing to a String cannot fail.
    let _ = match &report.sealed {
        Some(seal) => writeln!(
            text,
            "seals    {} fit; the newest covers row {}, made {} with key {}; {} rows behind it",
            report.seals,
            seal.seq,
            utc(seal.at_ms),
            seal.key_no,
            report.rows - seal.seq
        ),
        None => writeln!(text, "seals    none"),
    };
    let _ = writeln!(text, "anchors  {} fit", report.anchors);
    for key in &report.keys {
        let _ = writeln!(
            text,
            "key {}    {} since {}",
            key.key_no,
            key.fingerprint,
            utc(key.since_ms)
        );
    }
    if let Some(head) = &report.head {
        let _ = writeln!(text, "head     {head}");
    }
    for finding in &report.further {
        let _ = writeln!(text, "wrong    {}: {}", finding.check, finding.message);
    }
    let _ = match &report.fault {
        Some(fault) => writeln!(
            text,
            "wrong    first bad row {}: {}",
            fault.row, fault.message
        ),
        None if report.is_good() && has_public_key => writeln!(text, "The trail is whole."),
        None if report.is_good() => writeln!(
            text,
            "The trail is whole, if the keys above are the site's: compare them with your note, or give --public-key."
        ),
        None => Ok(()),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_public_keys_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("seal.pub");
        let key = "ab".repeat(32);
        std::fs::write(&file, format!("# north\n{key}\n\n")).expect("written");
        assert_eq!(public_keys(&file), Ok(vec![key.clone()]));
        for wrong in [
            String::new(),
            "abc".into(),
            key.to_uppercase(),
            format!("{key}\nx"),
        ] {
            std::fs::write(&file, &wrong).expect("written");
            assert!(public_keys(&file).is_err(), "{wrong}");
        }
    }
}
