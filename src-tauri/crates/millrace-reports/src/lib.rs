//! What leaves the screen: data in, bytes out. Leaves out where the data come from, files, and any
//! clock: the same data always give the same bytes.

pub mod chart;
