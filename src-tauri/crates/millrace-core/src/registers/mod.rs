//! The words a PLC and we exchange: which word means what ([`map`]), how a word becomes a value
//! ([`codec`]), what a whole slot may contain ([`block`]), who writes when ([`handshake`]), what a
//! person may decide where PLC and books differ ([`truth`]) and what the PLC reports beside its
//! slots ([`area`]).
//! Leaves out how words travel (`millrace-field`) and where steps are stored (`millrace-store`).

pub mod area;
pub mod area_failure;
pub mod area_weighing;
pub mod block;
pub mod codec;
pub mod handshake;
pub mod map;
mod map_check;
mod map_file;
mod reason;
pub mod truth;
pub mod verdict;

pub use block::{
    EncodeError, SlotBlock, SlotOrder, content_hash, encode, plc_order_name, plc_text,
};
pub use codec::{CodecError, WordOrder};
pub use map::{
    EquipmentFailureArea, FinishedWeight, ManualWeighingArea, ReadyRule, RegisterMap, Rules,
    SiloField, SlotFreeWhen, SystemWords,
};
pub use map_file::MapError;
pub use verdict::{Expected, Reason, Verdict, accept};

#[cfg(test)]
mod tests;
