//! Why a case failed: one sentence for the person who reads the log.

use std::fmt;

/// A failed expectation, or a peer that would not start.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure that says what was expected.
    pub(crate) fn new(sentence: impl Into<String>) -> Failure {
        Failure(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}

/// Fails with both sides when they differ.
pub(crate) fn same<T: PartialEq + fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure(format!(
        "{what}: {found:?} instead of {expected:?}"
    )))
}
