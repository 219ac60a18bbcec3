//! The doctor's report: findings under headings, as text to hand over. Leaves out finding anything.

use std::fmt::Write;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Somebody should look.
    Warn,
    /// Not fit for production.
    Fault,
}

/// The report as it grows.
#[derive(Debug, Default)]
pub(super) struct Report {
    text: String,
    /// What somebody must look at, to be repeated at the end.
    complaints: String,
    /// How many findings are faults.
    pub(super) faults: usize,
    /// How many are warnings.
    pub(super) warnings: usize,
}

impl Report {
    /// A new heading.
    pub(super) fn heading(&mut self, title: &str) {
        let _ = write!(self.text, "\n== {title}\n");
    }

    /// Text as it stands.
    pub(super) fn plain(&mut self, text: &str) {
        self.text.push_str(text);
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// A finding.
    pub(super) fn find(&mut self, weight: Weight, sentence: &str) {
        let mark = match weight {
            Weight::Ok => "ok   ",
            Weight::Note => "note ",
            Weight::Warn => {
                self.warnings += 1;
                "WARN "
            }
            Weight::Fault => {
                self.faults += 1;
                "FAULT"
            }
        };
        let _ = writeln!(self.text, "{mark} {sentence}");
        if matches!(weight, Weight::Warn | Weight::Fault) {
            let _ = writeln!(self.complaints, "{mark} {sentence}");
        }
    }

    /// Many findings, or that there are none.
    pub(super) fn find_all(&mut self, found: Vec<(Weight, String)>, else_ok: &str) {
        if found.is_empty() {
            self.find(Weight::Ok, else_ok);
        }
        for (weight, sentence) in found {
            self.find(weight, &sentence);
        }
    }

    /// The whole text with its result.
    pub(super) fn finish(mut self) -> String {
        self.heading("Result");
        if self.complaints.is_empty() {
            self.plain("Nothing to complain about.");
        } else {
            let complaints = std::mem::take(&mut self.complaints);
            self.plain(&complaints);
            self.plain(&format!(
                "Faults: {}, warnings: {}.",
                self.faults, self.warnings
            ));
        }
        self.text
    }
}
