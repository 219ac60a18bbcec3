//! The traps of the standard API, version by version, on the book itself.
