//! Windows over event time.

pub mod pane;
