//! Values as they arrive, for dashboards: a bounded ring for each source that somebody watches, and for each subscriber no more than it can take.

pub mod conflate;
pub mod hub;
pub mod kept;
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
pub use kept::Keeper;
pub(crate) use metrics::Board;
pub use nodes::Units;
pub use source::Source;
pub use subscriber::{Request, Session, Snapshot, Told};

#[cfg(test)]
mod tests;
