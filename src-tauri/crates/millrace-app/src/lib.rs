//! The application: commands, the engine's scan cycle, jobs. One cheap handle, complete when
//! [`App::start`] returns. Leaves out transport, SQL and sockets: other crates own those.

pub mod clock;
pub mod commands;
pub mod config;
pub mod engine;
pub mod error;
pub mod event;
mod jobs;
mod lock;
pub mod session;
mod start;

pub use error::AppError;
pub use start::{App, Demo, DemoLogin, Pace, Setup, StartError};
