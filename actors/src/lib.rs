//! Who runs what: actors for device connections, flows and their nodes, and the bounded links between them.
//!
//! Actors carry control only (start, stop, close, counters): their mailboxes are unbounded. Readings travel over the bounded
//! queues that tasks own beside them.

pub mod cell;
pub mod device;
pub mod flow;
pub mod handle;
mod link;
pub mod live;
pub mod shutdown;
pub mod system;
pub mod tally;

pub use handle::Handle;
pub use system::System;

#[cfg(test)]
pub(crate) mod testing;
