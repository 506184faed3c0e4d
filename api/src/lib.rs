//! What the outside sees: REST, WebSocket handshakes, health. Thin: parse, authorise, call, answer.
//!
//! It reads and changes entities through the catalog, reads history through the log, and reaches whatever runs only through
//! the actors' handle.

pub mod accept;
pub mod state;

pub mod assets;
pub mod attempts;
pub mod auth;
pub mod body;
mod cursor;
mod docs;
pub mod error;
mod etag;
mod health;
pub mod idempotency;
mod lines;
pub mod openapi;
pub mod page;
pub mod password;
mod pump;
mod rest;
mod router;
pub mod running;
pub mod tenant;
pub mod ws;

pub use router::router;

#[cfg(test)]
mod tests;
