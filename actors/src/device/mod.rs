//! Devices: a connection's way from the socket to the log.
//!
//! In the order of a reading: [`socket`] (what a socket is to us), [`open`] (who it is), [`receive`] (one turn of a socket at a time), [`numbered`] and [`unnumbered`] (the
//! forms of the protocol with and without frame numbers, as state machines without I/O), [`admit`] (which readings, at what time, of which series),
//! [`acknowledge`] (what the log reports back). Beside it the actors: [`connection`] (one per open socket), [`registry`] (who
//! is connected) and [`presence`] (when a device was last seen, written in batches).

pub mod acknowledge;
pub mod admit;
pub mod connection;
pub mod counters;
pub mod numbered;
pub mod open;
pub mod presence;
pub mod receive;
pub mod registry;
pub mod socket;
pub mod unnumbered;

pub use open::{Context, Form, Identity, run};
pub use registry::Devices;
pub use unnumbered::Dialect;

#[cfg(test)]
mod socket_tests;
#[cfg(test)]
mod tests;
