//! How flows run: a diagram is compiled to a plan, plans are installed on cells, cells are fed with durable readings.
//!
//! No sockets, files, tokio or wall clock: what time it is, and what was read, is told from outside. Only [`cell`] names
//! timely.

pub mod compile;
pub mod explain;
pub mod expr;
pub mod fuse;
pub mod plan;

pub mod budget;
pub mod cell;
pub mod chunk;
mod keyed;
mod ops;
pub mod replay;
mod segment;
pub mod state;
mod watermark;
mod window;

pub mod error;
pub mod handle;
pub mod metrics;
pub mod naive;
pub mod options;

pub use budget::{Account, Budget};
pub use cell::emit::{Emission, Event, EventKind, Outlet, Reason, Rows};
pub use compile::compile;
pub use error::Error;
pub use handle::{CellHandle, Full};
pub use metrics::{FlowCounters, FlowState, NodeCounters, NodeState};
pub use options::Options;
pub use plan::Plan;
pub use replay::{History, Prepared, Replay};
pub use state::{Change, Saved, SavedFlow};
