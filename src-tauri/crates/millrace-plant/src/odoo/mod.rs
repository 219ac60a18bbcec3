//! A virtual Odoo with the SCADA addon's routes and the standard API of Odoo 14 to 19, on loopback:
//! same envelopes, same answers, same traps (replace per equipment, read-back cut to the BoM,
//! partial success; closing at BoM quantities). Both ways in share one book. It serves the demo and
//! the tests; `/sim/…` lets a test look into its books and order faults.
//! Leaves out everything of Odoo that neither shows: prices, lots, warehouses.

mod answer;
mod book;
mod change;
mod cut;
mod demo;
mod edit;
mod fault;
mod route;
mod server;
mod sim;
mod standard;
mod state;
mod view;
mod wire;

#[cfg(test)]
mod area_tests;
#[cfg(test)]
mod tests;

pub use book::{
    BookComponent, BookOrder, FailureRow, MaterialRow, NewComponent, NewOrder, OdooBook,
    OrderState, StockMove, Told,
};
pub use change::{AppliedItem, Material, Updated};
pub use demo::{demo_materials, demo_orders};
pub use edit::OrderEdit;
pub use fault::{FaultChange, FaultScope, Faults};
pub use route::router;
pub use server::{OdooConfig, VirtualOdoo, serve, serve_router};
pub use standard::{LotEdit, LotLine, Lots, OdooVersion, PostingRow, StandardSetup, Tracking, Uom};
pub use view::{BookView, OrderView};

/// Why the virtual Odoo could not start or keep its books.
#[derive(Debug, thiserror::Error)]
pub enum OdooError {
    /// The state file could not be read or written.
    #[error("the virtual ERP's state file {path}: {source}")]
    StateFile {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The state file is there, but its content is not a book.
    #[error("the virtual ERP's state file {path} is not readable: {source}")]
    StateContent {
        /// The file.
        path: std::path::PathBuf,
        /// Where the content went wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The demo orders do not parse.
    #[error("the demo orders: {0}")]
    Demo(#[from] toml::de::Error),
    /// No order of that name is in the book.
    #[error("order {0} is not in the book")]
    Unknown(String),
    /// An order of that name is already in the book.
    #[error("order {0} is already in the book")]
    Duplicate(String),
}
