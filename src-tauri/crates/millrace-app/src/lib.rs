//! The application: commands, the engine's scan cycle, jobs. One cheap handle, complete when
//! [`App::start`] returns. Leaves out transport, SQL and sockets: other crates own those.

pub mod backup;
mod books;
pub mod clock;
pub mod commands;
pub mod commissioning;
pub mod config;
mod disk;
pub mod engine;
pub mod error;
pub mod event;
mod inner;
mod jobs;
mod lock;
mod seed;
pub mod session;
mod setup;
mod start;
mod station;
mod task;
pub mod trail;

pub use error::AppError;
pub use setup::{Demo, DemoLogin, Pace, Setup};
pub use start::{App, StartError};
