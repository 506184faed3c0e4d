//! What things are in EdgeSync: ids, times, values, limits, entities, diagrams and frames.
//!
//! No I/O, no clock, no async; nothing here knows how a thing is stored, run or sent. Text and bytes from outside
//! become these types once, at the edge, and behind it the types carry the proof that they were checked.

pub mod id;
pub mod limit;
pub mod sensor;
pub mod time;
pub mod unit;
pub mod value;

pub mod entity;
pub mod reading;

pub mod wire;

pub mod flow;
