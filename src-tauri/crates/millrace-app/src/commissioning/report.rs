//! The report: findings section by section, tables behind them, as a text of at most a hundred columns
//! that is filed with the drawings. Leaves out finding anything.

use std::fmt::Write;

use crate::commands::examine::{Finding, FindingWeight, WordRow};

/// Columns of the report, as printed on paper.
const WIDTH: usize = 100;
/// How far a sentence stands in, behind its mark.
const HANG: usize = 6;

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Reach,
    Times,
    Nodes,
    Program,
    Words,
    Order,
    Silos,
    Areas,
    WriteTest,
    Missing,
}

impl Section {
    /// Its key in findings.
    fn key(self) -> &'static str {
        match self {
            Section::Reach => "reach",
            Section::Times => "times",
            Section::Nodes => "nodes",
            Section::Program => "program",
            Section::Words => "words",
            Section::Order => "order",
            Section::Silos => "silos",
            Section::Areas => "areas",
            Section::WriteTest => "write_test",
            Section::Missing => "missing",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Section::Reach => "Reach",
            Section::Times => "Round-trip times",
            Section::Nodes => "Nodes and marks",
            Section::Program => "Program of the PLC",
            Section::Words => "Slots and handshake words",
            Section::Order => "Word order",
            Section::Silos => "Silos: map against plant",
            Section::Areas => "Equipment failure and manual weighing",
            Section::WriteTest => "Write test",
            Section::Missing => "What the map does not name",
        }
    }
}

/// Findings with their weight.
pub(super) type Found = Vec<(FindingWeight, String)>;

/// The report as it grows.
#[derive(Debug)]
pub(super) struct Report {
    section: Section,
    number: u32,
    body: String,
    appendix: String,
    /// Everything found so far.
    pub(super) findings: Vec<Finding>,
    /// Every word read so far.
    pub(super) words: Vec<WordRow>,
}

impl Report {
    /// An empty report that begins with this section.
    pub(super) fn new(first: Section) -> Report {
        let mut report = Report {
            section: first,
            number: 0,
            body: String::new(),
            appendix: String::new(),
            findings: Vec::new(),
            words: Vec::new(),
        };
        report.section(first);
        report
    }

    /// The next section.
    pub(super) fn section(&mut self, section: Section) {
        self.section = section;
        self.number += 1;
        let title = format!("{}. {}", self.number, section.title());
        heading(&mut self.body, &title, '-');
    }

    /// A table within the section.
    pub(super) fn table(&mut self, text: &str) {
        lines(&mut self.body, text);
    }

    /// A table behind all sections.
    pub(super) fn append(&mut self, text: &str) {
        self.appendix.push('\n');
        lines(&mut self.appendix, text);
    }

    /// A finding.
    pub(super) fn find(&mut self, weight: FindingWeight, sentence: impl Into<String>) {
        let text = sentence.into();
        line(&mut self.body, &format!("{} {text}", mark(weight)), HANG);
        self.findings.push(Finding {
            section: self.section.key().to_owned(),
            weight,
            text,
        });
    }

    /// Many findings, or that there are none.
    pub(super) fn find_all(&mut self, found: Found, else_good: &str) {
        if found.is_empty() {
            self.find(FindingWeight::Good, else_good);
        }
        for (weight, sentence) in found {
            self.find(weight, sentence);
        }
    }

    /// How many findings have this weight.
    pub(super) fn count(&self, weight: FindingWeight) -> u32 {
        let count = self.findings.iter().filter(|one| one.weight == weight);
        u32::try_from(count.count()).unwrap_or(u32::MAX)
    }

    /// The whole text: what it is about, the result, the sections, the tables, room to sign.
    pub(super) fn text(&self, facts: &[(&str, String)]) -> String {
        let mut out = String::new();
        heading(&mut out, "PLC commissioning report", '=');
        for (key, value) in facts {
            line(&mut out, &format!("{key:<11} {value}"), 12);
        }
        heading(&mut out, "Result", '-');
        let mut is_clean = true;
        for found in &self.findings {
            if matches!(found.weight, FindingWeight::Warning | FindingWeight::Fault) {
                is_clean = false;
                let sentence = format!("{} {}", mark(found.weight), found.text);
                line(&mut out, &sentence, HANG);
            }
        }
        if is_clean {
            out.push_str("Nothing to complain about.\n");
        } else {
            let _ = writeln!(
                out,
                "Faults: {}, warnings: {}.",
                self.count(FindingWeight::Fault),
                self.count(FindingWeight::Warning)
            );
        }
        out.push_str(&self.body);
        if !self.appendix.is_empty() {
            heading(&mut out, "Every word of the map, as read", '-');
            out.push_str(&self.appendix);
        }
        let _ = writeln!(
            out,
            "\n\nExamined by {}   Date {}   Signature {}",
            "_".repeat(28),
            "_".repeat(14),
            "_".repeat(22)
        );
        out.trim_start().to_owned()
    }
}

fn mark(weight: FindingWeight) -> &'static str {
    match weight {
        FindingWeight::Good => "ok   ",
        FindingWeight::Note => "note ",
        FindingWeight::Warning => "WARN ",
        FindingWeight::Fault => "FAULT",
    }
}

fn heading(out: &mut String, title: &str, under: char) {
    let rule: String = std::iter::repeat_n(under, WIDTH).collect();
    let _ = writeln!(out, "\n{title}\n{rule}");
}

/// Lines as they stand; what is too long goes on further in.
fn lines(out: &mut String, text: &str) {
    for one in text.lines() {
        let inset = one.len() - one.trim_start().len();
        line(out, one, inset + 4);
    }
}

/// One line; what is too long goes on below, `hang` columns in. A word that is itself too long, such
/// as a path, is left whole, so that it can be copied.
fn line(out: &mut String, text: &str, hang: usize) {
    let mut rest = text;
    let mut inset = 0;
    while inset + rest.chars().count() > WIDTH {
        let end = rest
            .char_indices()
            .nth(WIDTH - inset)
            .map_or(rest.len(), |(at, _)| at);
        // Not within the room that the line stands in.
        let first_word = rest.len() - rest.trim_start().len();
        let fits = rest
            .get(..=end)
            .or_else(|| rest.get(..end))
            .and_then(|part| part.rfind(' '))
            .filter(|at| *at > first_word + if inset == 0 { HANG } else { 0 });
        let Some(at) = fits.or_else(|| {
            rest.get(end..)
                .and_then(|more| more.find(' '))
                .map(|at| end + at)
        }) else {
            break;
        };
        let (now, later) = rest.split_at(at);
        let _ = writeln!(out, "{}{}", " ".repeat(inset), now.trim_end());
        rest = later.trim_start();
        inset = hang;
    }
    let _ = writeln!(out, "{}{rest}", " ".repeat(inset));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_goes_on_below_its_own_beginning() {
        let mut out = String::new();
        let sentence = format!("FAULT {}", "eleven chars ".repeat(20));
        line(&mut out, sentence.trim_end(), HANG);
        assert!(out.lines().count() > 2, "{out}");
        for (number, one) in out.lines().enumerate() {
            assert!(one.chars().count() <= WIDTH, "{one}");
            assert!(
                number == 0 || one.starts_with("      e") || one.starts_with("      c"),
                "{one}"
            );
        }
        let again: Vec<&str> = out.split_whitespace().collect();
        let before: Vec<&str> = sentence.split_whitespace().collect();
        assert_eq!(again, before, "no word is lost");
    }

    #[test]
    fn a_path_is_never_cut() {
        let mut out = String::new();
        let path = format!("/{}", "folder/".repeat(20));
        line(&mut out, &format!("Config      {path} and more"), 12);
        assert!(out.contains(&path), "{out}");
    }

    #[test]
    fn the_result_stands_before_the_sections_and_repeats_what_is_wrong() {
        let mut report = Report::new(Section::Reach);
        report.find(FindingWeight::Good, "The PLC answers.");
        report.section(Section::Order);
        report.find(FindingWeight::Fault, "The order is wrong.");
        let text = report.text(&[("Site", "North".to_owned())]);
        let places: Vec<usize> = text
            .match_indices("The order is wrong.")
            .map(|(at, _)| at)
            .collect();
        let reach = text.find("1. Reach").expect("a section");
        assert!(
            places.len() == 2 && places[0] < reach && places[1] > reach,
            "{text}"
        );
        assert!(text.contains("Faults: 1, warnings: 0."));
        assert_eq!(report.findings[1].section, "order");
    }
}
