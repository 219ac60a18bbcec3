//! What a caller learns when a command is not carried out: a code to branch on, a sentence to read,
//! a reference into the log. The chain of causes goes to the log only.

use millrace_core::batch::IllegalTransition;
use millrace_core::error_code::ErrorCode;
use millrace_store::{StoreError, Trouble};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use ts_rs::TS;

/// A refusal or a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct AppError {
    /// To branch on.
    pub code: ErrorCode,
    /// To read; English.
    pub message: String,
    /// Leads to the log; empty for plain refusals.
    #[serde(rename = "ref")]
    pub reference: String,
}

impl AppError {
    /// A refusal: nothing is wrong with the program.
    #[must_use]
    pub fn refusal(code: ErrorCode, message: impl Into<String>) -> AppError {
        AppError {
            code,
            message: message.into(),
            reference: String::new(),
        }
    }

    /// A fault: logged with a reference that the message carries.
    #[must_use]
    pub fn fault(
        code: ErrorCode,
        message: impl Into<String>,
        cause: &dyn std::error::Error,
    ) -> AppError {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let reference = format!("E{:06}", NEXT.fetch_add(1, Ordering::Relaxed));
        let message = message.into();
        let mut chain = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            chain.push_str(" <- ");
            chain.push_str(&error.to_string());
            source = error.source();
        }
        tracing::error!(%reference, %chain, "{message}");
        AppError {
            code,
            message,
            reference,
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> AppError {
        match &error {
            StoreError::Missing { .. } => AppError::refusal(ErrorCode::NotFound, error.to_string()),
            StoreError::Changed { .. } => AppError::refusal(ErrorCode::Changed, error.to_string()),
            StoreError::TooNew { .. }
            | StoreError::TooOld { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Migration(_)
            | StoreError::Sqlite(_)
            | StoreError::Unknown { .. }
            | StoreError::Open { .. }
            | StoreError::Stopped => {
                let message = match error.trouble() {
                    Some(Trouble::Full(_)) => {
                        "the disk is full: nothing new can be recorded, what is shown can still be read"
                    }
                    Some(Trouble::Disk(_)) => {
                        "the disk does not take what is to be recorded; nothing was changed"
                    }
                    Some(Trouble::Damaged(_)) => {
                        "the database is damaged: nothing was changed, and nothing is written to it any more"
                    }
                    None => "the database could not carry this out; nothing was changed",
                };
                AppError::fault(ErrorCode::StoreFailed, message, &error)
            }
        }
    }
}

impl From<IllegalTransition> for AppError {
    fn from(error: IllegalTransition) -> AppError {
        AppError::refusal(ErrorCode::IllegalTransition, error.to_string())
    }
}
