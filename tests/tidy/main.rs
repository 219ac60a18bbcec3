//! What a program can check is not left to review: who may know whom, who alone may use a library,
//! module headers, the clock, edited migrations, the UI's borders. Every rule fails with sentences
//! that say what is wrong and where. Leaves out style (rustfmt, clippy, eslint).

mod arrow;
mod clock;
mod migration;
mod owner;
mod source;
mod tree;
mod ui;
mod webview;
