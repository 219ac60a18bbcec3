//! The ERP campaign: a real process with real books posts to an ERP behind a proxy that loses, repeats, delays
//! and spoils, and is killed with SIGKILL meanwhile. In the end the ERP's stock moves say what left the silos:
//! nothing lost, nothing twice, nothing altered. Leaves out the PLC's side, which `campaign` tries on virtual time.

mod aim;
mod asks;
mod backlog;
#[path = "../floors/completion.rs"]
mod completion;
mod fate;
mod fleet;
mod life;
mod lifecycle;
#[path = "../crash/node.rs"]
mod node;
#[path = "../crash/operator.rs"]
mod operator;
mod oracle;
pub(crate) mod plan;
mod products;
mod proxy;
mod run;
#[cfg(test)]
mod sabotage;
pub(crate) mod tables;
mod template;
mod words;

pub(crate) use backlog::backlog;
pub(crate) use fleet::{complaint, runs, sum, sweep};
pub(crate) use tables::unspoiled;
