//! Odoo through the SCADA addon's routes.
//! Leaves out the standard external API, which needs another connector.

mod addon;
mod envelope;
mod map;
mod map_area;
mod reading;
mod session;

#[cfg(test)]
mod area_tests;
#[cfg(test)]
mod map_tests;
#[cfg(test)]
mod tests;

pub use addon::OdooAddon;
