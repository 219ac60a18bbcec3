//! The command words: pause, resume, stop. Leaves out what carries a batch from slot to slot.

use super::{Ladder, Phase, Scan};
use crate::layout::SlotAddresses;

/// A command the PLC knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Pause,
    Resume,
    Stop,
}

impl Command {
    fn from_word(word: u16) -> Option<Command> {
        match word {
            1 => Some(Command::Pause),
            2 => Some(Command::Resume),
            3 => Some(Command::Stop),
            _ => None,
        }
    }
}

impl Ladder {
    pub(super) fn command(
        &mut self,
        place: usize,
        slot: &SlotAddresses,
        on: &mut Scan<'_>,
    ) -> bool {
        let (Some(command_at), Some(echo_at)) = (slot.command, slot.command_echo) else {
            return false;
        };
        let (word, echo) = (on.memory.get(command_at), on.memory.get(echo_at));
        if word == echo {
            return false;
        }
        if word == 0 {
            on.memory.set(echo_at, 0);
            return true;
        }
        let Some(command) = Command::from_word(word) else {
            return false;
        };
        let done = match self.phases.get(place).copied() {
            None | Some(Phase::Free | Phase::Taking { .. } | Phase::Echoed { .. }) => false,
            Some(Phase::Queued { book, .. }) => {
                match command {
                    Command::Pause => self.set_phase(place, Phase::Queued { book, held: true }),
                    Command::Resume => self.set_phase(place, Phase::Queued { book, held: false }),
                    Command::Stop => {
                        self.queue.retain(|queued| *queued != slot.slot);
                        self.finish(place, slot, book, true, on);
                    }
                }
                true
            }
            Some(Phase::Dosing { .. }) => match (&mut self.line, command) {
                (None, _) => false,
                (Some(line), Command::Stop) => {
                    line.stop(&on.layout.silos, on.faults);
                    true
                }
                // The batch is ending: neither pause nor resume can be carried out any more.
                (Some(line), Command::Pause | Command::Resume) if line.is_stopping() => false,
                (Some(line), Command::Pause) => {
                    line.held = true;
                    true
                }
                (Some(line), Command::Resume) => {
                    line.held = false;
                    true
                }
            },
            // Nothing is dosing any more, which is what every command asks for or allows.
            Some(Phase::Finished { .. } | Phase::Freeing { .. }) => true,
        };
        if done {
            on.memory.set(echo_at, word);
        }
        done
    }
}
