//! How a call to the ERP fails, sorted by who is at fault and by what may be done next.

use crate::http::{HttpFailure, Lost, Unreached};

/// A failed call. No variant ever contains a password or a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErpError {
    /// Nothing was sent.
    #[error("the ERP cannot be reached: {cause}")]
    Unreachable {
        /// Why not.
        cause: Unreached,
    },
    /// Sent, but nobody knows what became of it.
    #[error("the ERP gave no answer: {cause}")]
    NoAnswer {
        /// How the answer was lost.
        cause: Lost,
    },
    /// Name, password, database or rights are wrong: for a person.
    #[error("the ERP does not let us in: {message}")]
    Credentials {
        /// The ERP's words.
        message: String,
    },
    /// The ERP understood and said no.
    #[error("the ERP refused: {message}")]
    Refused {
        /// The ERP's words.
        message: String,
    },
    /// Something answered, but not as this ERP does.
    #[error("the ERP's answer is not understood: {what}")]
    Protocol {
        /// What came instead.
        what: String,
    },
    /// Our message has no expression in this ERP's terms; nothing was sent.
    #[error("this cannot be told to the ERP: {what}")]
    Unsendable {
        /// What is wrong with it.
        what: String,
    },
    /// The settings are wrong; nothing was sent.
    #[error("the ERP settings are wrong: {what}")]
    Config {
        /// Which setting, and why.
        what: String,
    },
}

impl ErpError {
    /// For a write: true when the ERP may have carried it out all the same. Read back, or repeat a
    /// call that replaces, before telling anyone that it failed.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            ErpError::NoAnswer { .. } | ErpError::Protocol { .. } => true,
            ErpError::Unreachable { .. }
            | ErpError::Credentials { .. }
            | ErpError::Refused { .. }
            | ErpError::Unsendable { .. }
            | ErpError::Config { .. } => false,
        }
    }

    /// True when trying again later may help without anyone changing anything. A page of HTML
    /// counts: maintenance pages and half answers pass.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            ErpError::Unreachable { .. }
            | ErpError::NoAnswer { .. }
            | ErpError::Protocol { .. } => true,
            ErpError::Credentials { .. }
            | ErpError::Refused { .. }
            | ErpError::Unsendable { .. }
            | ErpError::Config { .. } => false,
        }
    }

    pub(super) fn protocol(what: impl Into<String>) -> ErpError {
        ErpError::Protocol { what: what.into() }
    }

    pub(super) fn config(what: impl Into<String>) -> ErpError {
        ErpError::Config { what: what.into() }
    }

    pub(super) fn unsendable(what: impl Into<String>) -> ErpError {
        ErpError::Unsendable { what: what.into() }
    }

    /// The same error with its free words passed through `clean`.
    pub(super) fn with_words(self, clean: impl Fn(&str) -> String) -> ErpError {
        match self {
            ErpError::Credentials { message } => ErpError::Credentials {
                message: clean(&message),
            },
            ErpError::Refused { message } => ErpError::Refused {
                message: clean(&message),
            },
            ErpError::Protocol { what } => ErpError::Protocol { what: clean(&what) },
            other @ (ErpError::Unreachable { .. }
            | ErpError::NoAnswer { .. }
            | ErpError::Unsendable { .. }
            | ErpError::Config { .. }) => other,
        }
    }
}

impl From<HttpFailure> for ErpError {
    fn from(failure: HttpFailure) -> ErpError {
        match failure {
            HttpFailure::Unreached(cause) => ErpError::Unreachable { cause },
            HttpFailure::Lost(cause) => ErpError::NoAnswer { cause },
            HttpFailure::Broken(what) => ErpError::protocol(what),
            HttpFailure::Unsendable => ErpError::unsendable("the request cannot be built"),
        }
    }
}
