//! Values as they arrive, for dashboards: a bounded ring for each source that somebody watches, and for each subscriber no more than it can take.

pub mod conflate;
pub mod hub;
pub mod source;
pub mod subscriber;
pub mod widget;

mod history;
mod metrics;
mod nodes;
mod sensors;
mod viewers;

pub use conflate::Update;
pub use hub::{Draining, Error, Hub};
pub(crate) use metrics::Board;
pub use nodes::Units;
pub use source::Source;
pub use subscriber::{Request, Session, Snapshot, Told};
pub use viewers::Account;

#[cfg(test)]
mod tests;
