//! Where things rest: the reading log and the catalog of entities. No actors, no HTTP.

pub mod catalog;
pub mod janitor;
pub mod log;
mod migration;
pub mod postgres;
