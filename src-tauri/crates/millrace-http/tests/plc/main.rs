//! What an electrician asks on the command line, asked of the program as a process. Leaves out the
//! rules by which a block is judged (`millrace-core` tests those).
#![cfg(unix)]

mod paper;
mod plant;
mod silent;
mod site;
