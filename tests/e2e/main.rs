//! The whole product end to end: the real application on the virtual plant, over real sockets, on a
//! clock that the test moves.

mod adversary;
mod bad_day;
mod main_job;
mod people;
