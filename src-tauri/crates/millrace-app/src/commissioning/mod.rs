//! Commissioning: what an electrician asks of a connection and its map. One implementation for the
//! command line (`doctor plc`, `plc …`) and for the screen: words by name, the map as a list, the
//! examination with its report. Leaves out making the connection, and a batch of water: that the
//! plant doses what it says is for people to see.

mod areas;
mod cause;
mod checks;
mod examine;
mod map_list;
mod report;
mod rows;
mod slot;
mod spare;
mod system;
mod times;
mod wanted;
pub mod words;

pub use cause::{Knock, cause};
pub use examine::{Broken, Leave, Outcome, SilosFile, Subject, examine};
pub use map_list::{addresses, summary};
pub use slot::{SlotWords, read_slot, verdict, whole_slot};
pub use wanted::missing;
