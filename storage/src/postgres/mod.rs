//! PostgreSQL: where it is, how to get there and back again, and what is asked of it before it is trusted with anything.
//!
//! The catalog and the reading log both stand on this. [`Target`] is the operator's URL, checked; [`Server`] is the database behind it,
//! found to be one that keeps what it commits; from it come a [`pool`] of connections and connections of one's own. When the database
//! goes away, whoever asks is told at once and may come again: the log says so once, and once when it is back.

pub(crate) mod backoff;
mod connect;
mod error;
mod health;
pub(crate) mod migrate;
pub(crate) mod pool;
mod target;
#[cfg(test)]
mod tests;
mod tls;

pub use connect::Server;
pub(crate) use connect::Session;
pub use error::Error;
pub(crate) use error::is_passing;
pub use health::Stats;
pub use target::Target;
