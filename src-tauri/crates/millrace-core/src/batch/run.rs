//! Run: what the line does with the batch.
//! `idle → downloading → ready → running → complete | aborted | stopped`, `running ⇄ paused`,
//! `running → held → running | stopped | aborted`. A download that was not yet offered may be given up.

use serde::{Deserialize, Serialize};

use super::IllegalTransition;

/// What the line does with the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[cfg_attr(feature = "bindings", ts(rename = "RunState"))]
pub enum Run {
    /// Nothing yet.
    Idle,
    /// The recipe is on its way into a slot.
    Downloading,
    /// The PLC has taken it; no material has fallen.
    Ready,
    /// Material falls.
    Running,
    /// Paused by a person, confirmed by the PLC.
    Paused,
    /// Held by a fault: the truth about the slot is in doubt.
    Held,
    /// The final block was accepted.
    Complete,
    /// Stopped by a person; what was dosed is kept.
    Stopped,
    /// Failed by the plant; what was dosed is kept.
    Aborted,
}

/// What moves the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEvent {
    /// An operator starts the batch: a slot is chosen.
    Start,
    /// The download ended before the offer (for example the PLC says no).
    GiveUp,
    /// The PLC took the recipe.
    Taken,
    /// The first non-zero actual was accepted.
    FirstMaterial,
    /// The PLC echoed a pause.
    Pause,
    /// The PLC echoed the end of a pause.
    Resume,
    /// A fault makes the slot's truth doubtful.
    Hold,
    /// The doubt is resolved: back to the state that the hold interrupted.
    Unhold {
        /// That state.
        back_to: Run,
    },
    /// The final block was accepted.
    Complete,
    /// The final block after a stop was accepted.
    Stop,
    /// The plant says failed and a person confirmed.
    Abort,
}

impl RunEvent {
    fn word(self) -> &'static str {
        match self {
            RunEvent::Start => "start",
            RunEvent::GiveUp => "give up",
            RunEvent::Taken => "taken",
            RunEvent::FirstMaterial => "first material",
            RunEvent::Pause => "pause",
            RunEvent::Resume => "resume",
            RunEvent::Hold => "hold",
            RunEvent::Unhold { .. } => "unhold",
            RunEvent::Complete => "complete",
            RunEvent::Stop => "stop",
            RunEvent::Abort => "abort",
        }
    }
}

impl Run {
    /// Every state.
    pub const ALL: [Run; 9] = [
        Run::Idle,
        Run::Downloading,
        Run::Ready,
        Run::Running,
        Run::Paused,
        Run::Held,
        Run::Complete,
        Run::Stopped,
        Run::Aborted,
    ];

    /// The stored word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Run::Idle => "idle",
            Run::Downloading => "downloading",
            Run::Ready => "ready",
            Run::Running => "running",
            Run::Paused => "paused",
            Run::Held => "held",
            Run::Complete => "complete",
            Run::Stopped => "stopped",
            Run::Aborted => "aborted",
        }
    }

    /// The state for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Run> {
        Run::ALL.into_iter().find(|state| state.word() == word)
    }

    /// True while the batch has, or is getting, a slot whose result is not yet stored.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Run::Downloading | Run::Ready | Run::Running | Run::Paused | Run::Held => true,
            Run::Idle | Run::Complete | Run::Stopped | Run::Aborted => false,
        }
    }

    /// True once a result is stored and nothing more will fall.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Run::Complete | Run::Stopped | Run::Aborted)
    }

    /// The next state.
    ///
    /// # Errors
    /// [`IllegalTransition`] for a step that this state does not know.
    pub fn step(self, event: RunEvent) -> Result<Run, IllegalTransition> {
        use RunEvent as E;
        match (self, event) {
            (Run::Idle, E::Start) => Ok(Run::Downloading),
            // The caller guards that nothing was offered to the PLC yet.
            (Run::Downloading | Run::Held, E::GiveUp) => Ok(Run::Idle),
            (Run::Downloading, E::Taken) => Ok(Run::Ready),
            (Run::Ready, E::FirstMaterial) => Ok(Run::Running),
            // A pause may reach a batch that waits in its slot: it then starts paused.
            (Run::Ready | Run::Running, E::Pause) => Ok(Run::Paused),
            (Run::Paused, E::Resume) => Ok(Run::Running),
            (Run::Downloading | Run::Ready | Run::Running | Run::Paused, E::Hold) => Ok(Run::Held),
            (
                Run::Held,
                E::Unhold {
                    back_to: back_to @ (Run::Downloading | Run::Ready | Run::Running | Run::Paused),
                },
            ) => Ok(back_to),
            // The PLC may be done between two looks, whatever we saw last.
            (Run::Ready | Run::Running | Run::Paused, E::Complete) => Ok(Run::Complete),
            (Run::Ready | Run::Running | Run::Paused | Run::Held, E::Stop) => Ok(Run::Stopped),
            (Run::Ready | Run::Running | Run::Paused | Run::Held, E::Abort) => Ok(Run::Aborted),
            (state, event) => Err(IllegalTransition {
                state: state.word(),
                event: event.word(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [RunEvent; 11] = [
        RunEvent::Start,
        RunEvent::GiveUp,
        RunEvent::Taken,
        RunEvent::FirstMaterial,
        RunEvent::Pause,
        RunEvent::Resume,
        RunEvent::Hold,
        RunEvent::Unhold {
            back_to: Run::Running,
        },
        RunEvent::Complete,
        RunEvent::Stop,
        RunEvent::Abort,
    ];

    #[test]
    fn a_final_state_takes_no_step() {
        for state in Run::ALL.into_iter().filter(|s| s.is_final()) {
            for event in EVENTS {
                assert!(state.step(event).is_err(), "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn the_main_job() {
        let path = [
            RunEvent::Start,
            RunEvent::Taken,
            RunEvent::FirstMaterial,
            RunEvent::Pause,
            RunEvent::Resume,
            RunEvent::Complete,
        ];
        let end = path.into_iter().try_fold(Run::Idle, Run::step);
        assert_eq!(end, Ok(Run::Complete));
    }

    #[test]
    fn a_hold_ends_where_it_began_and_nowhere_final() {
        for state in [Run::Downloading, Run::Ready, Run::Running, Run::Paused] {
            let held = state.step(RunEvent::Hold).expect("live");
            assert_eq!(held.step(RunEvent::Unhold { back_to: state }), Ok(state));
        }
        assert!(
            Run::Held
                .step(RunEvent::Unhold {
                    back_to: Run::Complete
                })
                .is_err()
        );
        assert!(
            Run::Held
                .step(RunEvent::Unhold { back_to: Run::Idle })
                .is_err()
        );
    }

    #[test]
    fn nothing_completes_before_the_plc_took_it() {
        assert!(Run::Idle.step(RunEvent::Complete).is_err());
        assert!(Run::Downloading.step(RunEvent::Complete).is_err());
        assert!(Run::Downloading.step(RunEvent::Stop).is_err());
    }

    #[test]
    fn a_state_is_read_back_from_its_word() {
        for state in Run::ALL {
            assert_eq!(Run::from_word(state.word()), Some(state));
        }
    }
}
