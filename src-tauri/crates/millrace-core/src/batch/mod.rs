//! A batch has three small state machines, not one status: release, run and posting. Each is a pure
//! function from state and event to state; [`word`] derives the one word that people read.
//! Leaves out who may ask ([`crate::access`]) and when it runs (the engine).

pub mod attempt;
pub mod item_error;
pub mod posting;
pub mod release;
pub mod run;
pub mod word;

/// A step that the machine does not know: refused, nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a batch that is {state} cannot take the step {event}")]
pub struct IllegalTransition {
    /// The state it is in.
    pub state: &'static str,
    /// The step that was asked for.
    pub event: &'static str,
}
