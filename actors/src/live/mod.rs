//! Values as they arrive, for dashboards: a bounded ring for each source that somebody watches, and for each subscriber no more than it can take.

pub mod conflate;
pub mod hub;
pub mod kept;
pub mod source;
pub mod subscriber;
pub mod widget;

mod aggregate;
mod batch;
mod buckets;
mod coming;
mod draining;
mod epoch;
mod followed;
mod health;
mod history;
mod metrics;
mod nodes;
mod range;
mod ring;
mod sensors;
mod snapshot;
mod taker;
mod viewers;
mod wake;

pub use batch::Values;
pub use conflate::Update;
pub use draining::Draining;
pub use health::{Figures, Queued};
pub use hub::{Error, Hub};
pub use kept::Keeper;
pub(crate) use metrics::Board;
pub use nodes::Units;
pub use snapshot::{Snapshot, Spreads};
pub use source::{Aggregated, Source};
pub use subscriber::{Beginning, Request, Session, Told};
pub use viewers::Account;

#[cfg(test)]
mod aggregate_tests;
#[cfg(test)]
mod range_tests;
#[cfg(test)]
mod tests;
