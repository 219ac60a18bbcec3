//! A connection test as data: each step in its order, and why one failed, so that a person need not
//! guess between network, address, database, password and rights.
//! Leaves out the calls themselves: each connector makes its own.

use super::{ErpConfig, ErpError, ErpInfo};
use crate::http::{Lost, Unreached};

/// How far the two clocks may be apart before it is told, seconds.
const CLOCK_SKEW_S_MAX: i64 = 60;

/// One step of the test, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeStep {
    /// The settings are complete and make sense.
    Settings,
    /// Plain HTTP stays on this machine, or was allowed.
    PlainHttp,
    /// The server's name has an address.
    Dns,
    /// Somebody listens there.
    Connect,
    /// The secure channel was made; its certificate is believed.
    Tls,
    /// What answers is an Odoo that can do what this connector needs.
    IsOdoo,
    /// The database is there.
    Database,
    /// Name and password are right.
    LogIn,
    /// The addon, or the Odoo, tells a version that is known.
    Version,
    /// The user may read and write what is needed.
    Rights,
    /// The server's clock agrees with ours.
    Clock,
}

impl ProbeStep {
    /// Where a log-in fails: at the database, at name and password, or because it is no Odoo.
    pub(super) fn of_log_in(error: &ErpError) -> ProbeStep {
        match error {
            ErpError::NoAnswer {
                cause: Lost::Database,
            } => ProbeStep::Database,
            ErpError::Credentials { .. } | ErpError::Refused { .. } => ProbeStep::LogIn,
            ErpError::Unreachable { .. }
            | ErpError::NoAnswer { .. }
            | ErpError::Protocol { .. }
            | ErpError::Unsendable { .. }
            | ErpError::Config { .. } => ProbeStep::IsOdoo,
        }
    }

    /// Every step in order.
    pub const ALL: [ProbeStep; 11] = [
        ProbeStep::Settings,
        ProbeStep::PlainHttp,
        ProbeStep::Dns,
        ProbeStep::Connect,
        ProbeStep::Tls,
        ProbeStep::IsOdoo,
        ProbeStep::Database,
        ProbeStep::LogIn,
        ProbeStep::Version,
        ProbeStep::Rights,
        ProbeStep::Clock,
    ];
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// All well.
    Ok,
    /// Not well; the reason as a sentence.
    Failed(String),
    /// Not tried; the reason as a sentence.
    Skipped(&'static str),
}

/// The whole test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeReport {
    /// Every step in order.
    pub steps: Vec<(ProbeStep, ProbeOutcome)>,
    /// Who answered, when the test came as far as that.
    pub info: Option<ErpInfo>,
    /// The failure that ended it.
    pub error: Option<ErpError>,
}

impl ProbeReport {
    /// The first failed step and its reason.
    #[must_use]
    pub fn first_failure(&self) -> Option<(ProbeStep, &str)> {
        self.steps.iter().find_map(|(step, outcome)| match outcome {
            ProbeOutcome::Failed(why) => Some((*step, why.as_str())),
            ProbeOutcome::Ok | ProbeOutcome::Skipped(_) => None,
        })
    }

    /// How one step went.
    #[must_use]
    pub fn outcome(&self, step: ProbeStep) -> &ProbeOutcome {
        self.steps
            .iter()
            .find(|(known, _)| *known == step)
            .map_or(&ProbeOutcome::Skipped("not tried"), |(_, outcome)| outcome)
    }

    pub(super) fn into_result(self) -> Result<ErpInfo, ErpError> {
        match (self.error, self.info) {
            (Some(error), _) => Err(error),
            (None, Some(info)) => Ok(info),
            (None, None) => Err(ErpError::protocol("the connection test found nothing out")),
        }
    }
}

/// A test under way: steps are told in order, and everything before a told step went well.
#[derive(Debug)]
pub(super) struct Probing {
    steps: Vec<(ProbeStep, ProbeOutcome)>,
    is_https: bool,
}

impl Probing {
    pub(super) fn start(address: &str) -> Probing {
        Probing {
            steps: Vec::new(),
            is_https: address.starts_with("https://"),
        }
    }

    /// Notes that every step up to this one went well.
    pub(super) fn passed(&mut self, up_to: ProbeStep) {
        for step in ProbeStep::ALL {
            if step <= up_to && !self.steps.iter().any(|(known, _)| *known == step) {
                let outcome = if step == ProbeStep::Tls && !self.is_https {
                    ProbeOutcome::Skipped("the address is plain http")
                } else {
                    ProbeOutcome::Ok
                };
                self.steps.push((step, outcome));
            }
        }
    }

    pub(super) fn skipped(&mut self, step: ProbeStep, why: &'static str) {
        self.steps.push((step, ProbeOutcome::Skipped(why)));
    }

    /// Notes that a step failed without ending the test.
    pub(super) fn noted(&mut self, step: ProbeStep, why: String) {
        self.steps.push((step, ProbeOutcome::Failed(why)));
    }

    /// Holds the server's `Date` against our clock.
    pub(super) fn clock(&mut self, date: Option<&str>, now_ms: Option<i64>) {
        let step = ProbeStep::Clock;
        let (Some(now_ms), Some(server_s)) = (now_ms, date.and_then(http_date_s)) else {
            self.skipped(step, "one of the two clocks is not known");
            return;
        };
        let apart_s = server_s - now_ms.div_euclid(1000);
        if apart_s.abs() <= CLOCK_SKEW_S_MAX {
            self.passed(step);
        } else {
            let word = if apart_s > 0 { "ahead of" } else { "behind" };
            self.noted(
                step,
                format!("the server's clock is {} s {word} ours", apart_s.abs()),
            );
        }
    }

    pub(super) fn done(self, info: ErpInfo) -> ProbeReport {
        self.close(Some(info), None)
    }

    /// The test ends at `step`, or at the earlier one that the error itself names.
    pub(super) fn failed(mut self, step: ProbeStep, error: ErpError) -> ProbeReport {
        let at = match &error {
            ErpError::Config { .. } => ProbeStep::Settings,
            ErpError::Unreachable { cause } => match cause {
                Unreached::Dns => ProbeStep::Dns,
                Unreached::Connect | Unreached::Timeout => ProbeStep::Connect,
                Unreached::Tls => ProbeStep::Tls,
            },
            ErpError::NoAnswer { .. }
            | ErpError::Credentials { .. }
            | ErpError::Refused { .. }
            | ErpError::Protocol { .. }
            | ErpError::Unsendable { .. } => step,
        };
        if let Some(before) = ProbeStep::ALL.iter().rev().find(|known| **known < at) {
            self.passed(*before);
        }
        self.steps.retain(|(known, _)| *known != at);
        self.noted(at, error.to_string());
        self.close(None, Some(error))
    }

    fn close(mut self, info: Option<ErpInfo>, error: Option<ErpError>) -> ProbeReport {
        for step in ProbeStep::ALL {
            if !self.steps.iter().any(|(known, _)| *known == step) {
                self.skipped(step, "an earlier step failed");
            }
        }
        self.steps.sort_by_key(|(step, _)| *step);
        ProbeReport {
            steps: self.steps,
            info,
            error,
        }
    }
}

/// The report of settings that do not even open.
pub(super) fn unopened(config: &ErpConfig, error: ErpError) -> ProbeReport {
    let mut probing = Probing::start(&config.url);
    if !config.is_refused_as_plain() {
        return probing.failed(ProbeStep::Settings, error);
    }
    probing.passed(ProbeStep::Settings);
    probing.noted(ProbeStep::PlainHttp, error.to_string());
    probing.close(None, Some(error))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send.
fn http_date_s(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|known| *known == name)?).ok()? + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    let is_possible = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if words.next() != Some("GMT") || !is_possible {
        return None;
    }
    // Days since 1970 with years that begin in March, so that the leap day is the last.
    let (shifted, from_march) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_date_is_read_or_not_believed() {
        assert_eq!(http_date_s("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date_s("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(
            http_date_s("Thu, 29 Feb 2024 12:00:00 GMT"),
            Some(1_709_208_000)
        );
        for wrong in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(http_date_s(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_clock_that_differs_is_told_without_ending_the_test() {
        let date = Some("Thu, 01 Jan 1970 01:00:00 GMT");
        for (now_ms, is_ok) in [(3_600_000, true), (3_660_999, true), (0, false)] {
            let mut probing = Probing::start("http://127.0.0.1");
            probing.clock(date, Some(now_ms));
            let report = probing.close(None, None);
            let outcome = report.outcome(ProbeStep::Clock);
            assert_eq!(*outcome == ProbeOutcome::Ok, is_ok, "{outcome:?}");
        }
    }
}
