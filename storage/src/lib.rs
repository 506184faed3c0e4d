//! Where things rest: the reading log and the catalog of entities. No actors, no HTTP.

pub mod catalog;
pub mod janitor;
pub mod log;
#[allow(dead_code, unused_imports)] // The catalog and the log come to it.
pub mod postgres;
