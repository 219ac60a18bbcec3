//! Odoo, two ways in: the SCADA addon's routes, and the standard external API.
//! Leaves out when to call and what to repeat.

mod addon;
mod envelope;
mod map;
mod map_area;
mod reading;
mod rpc;
mod session;
mod standard;
mod standard_book;
mod standard_lot;
mod standard_map;
mod standard_post;
mod standard_read;
mod unit;
mod version;

#[cfg(test)]
mod area_tests;
#[cfg(test)]
mod map_tests;
#[cfg(test)]
mod standard_tests;
#[cfg(test)]
mod tests;

pub use addon::OdooAddon;
pub use standard::OdooStandard;
