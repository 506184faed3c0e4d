//! Every bound of the platform, with its unit and what happens when it is reached. What an operator may set is in the
//! configuration reference; its default and ceiling are here.
//!
//! They are in files by what they bound, and all known as `limit::NAME`.

mod catalog;
mod derived;
mod device;
mod execution;
mod flow;
mod history;
mod http;
mod kept;
mod live;
mod log;
mod login;
mod postgres;
mod retention;

pub use catalog::*;
pub use derived::*;
pub use device::*;
pub use execution::*;
pub use flow::*;
pub use history::*;
pub use http::*;
pub use kept::*;
pub use live::*;
pub use log::*;
pub use login::*;
pub use postgres::*;
pub use retention::*;
