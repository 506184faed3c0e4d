//! Windows over event time: which there are, and what is known of the records in them.

pub mod calendar;
pub mod moments;
pub mod pane;
pub mod points;
pub mod sketch;
pub mod slices;
pub mod values;
