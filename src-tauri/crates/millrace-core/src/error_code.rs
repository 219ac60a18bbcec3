//! The closed list of error codes that a UI or a script may branch on.
//! Leaves out sentences: the application adds them, the UI translates by code.

use serde::{Deserialize, Serialize};

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub enum ErrorCode {
    /// No session, or it has ended.
    NotLoggedIn,
    /// Name or secret is wrong.
    WrongSecret,
    /// Too many wrong secrets; wait.
    LockedOut,
    /// The session is locked: unlock it first.
    Locked,
    /// Nobody used the session for a while: this asks for the secret again.
    SecretAgain,
    /// The session's role does not carry the right.
    NoRight,
    /// The person asked for this: somebody else must sign it.
    OwnRequest,
    /// The secret was given by somebody else; the person must choose their own before anything else.
    MustChangeSecret,
    /// No such object.
    NotFound,
    /// Somebody else changed the object meanwhile; the message says what.
    Changed,
    /// The state machine does not know this step from this state.
    IllegalTransition,
    /// The request cannot be read or holds a value out of range.
    BadRequest,
    /// Something needed for it is missing right now: a free slot, a good PLC link.
    NotReady,
    /// The ERP cannot be reached or refused.
    ErpUnavailable,
    /// The command is not in the table.
    UnknownCommand,
    /// The store could not commit; nothing was changed.
    StoreFailed,
    /// A fault of ours; the reference leads to the log.
    Internal,
}
