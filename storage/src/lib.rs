//! Where things rest: the reading log, its history, and the catalog of entities. No actors, no HTTP.

pub mod catalog;
pub mod check;
pub mod directory;
pub mod history;
pub mod janitor;
pub mod log;
mod migration;
pub mod postgres;
pub mod transfer;
