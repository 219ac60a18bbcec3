//! The virtual plant: a seeded mill behind a PLC that speaks FINS over UDP and TCP and Modbus TCP,
//! and an ERP, all on loopback, for the demonstration and for tests. It keeps books of its own, so that a test can
//! compare what left the silos with what the program stored and reported.
//! Its faults are switched by a test, from the training screen, or by a seed (`fault`); without that it is a
//! plant that runs as it should. Leaves out running dry and everything upstream of the silos.

pub mod area;
pub mod books;
mod config;
pub mod control;
mod exchange;
pub mod fault;
pub mod fins;
pub mod fins_tcp;
pub mod ladder;
pub mod layout;
pub mod line;
pub mod memory;
pub mod modbus;
pub mod odoo;
pub mod physics;
pub mod plant;
pub mod rng;
pub mod run;
pub mod silo;
pub mod state_file;
mod stream;

pub use books::Books;
pub use fault::{FaultBoard, FaultSwitch};
pub use plant::{PlantError, VirtualPlant};
pub use run::{PlantConfig, RunningPlant, StartError, start};
pub use silo::SiloTable;
