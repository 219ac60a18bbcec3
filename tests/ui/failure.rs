//! Why a run in the window failed: one sentence for the person who reads the log.

use std::fmt;

/// A failed expectation, or a driver that would not work.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    is_passing: bool,
}

impl Failure {
    /// A failure that says what was expected.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            is_passing: false,
        }
    }

    /// What the driver answered. Answers about an element that the page has just replaced or covered
    /// pass by themselves.
    pub(crate) fn of_driver(code: &str, message: &str) -> Self {
        Self {
            sentence: format!("the driver answered {code}: {message}"),
            is_passing: matches!(
                code,
                "stale element reference"
                    | "no such element"
                    | "element not interactable"
                    | "element click intercepted"
            ),
        }
    }

    /// True when looking again may help.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_passing
    }

    /// Adds what else is known.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.sentence = format!("{}; {more}", self.sentence);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::new(format!("the driver cannot be reached: {error}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
