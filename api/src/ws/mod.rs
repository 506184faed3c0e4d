//! The WebSocket routes: the handshake, and an adapter from axum's socket to what connections work with.

pub(crate) mod authority;
pub mod compat;
pub mod device;
mod line;
pub mod live;
pub mod output;
mod show;
mod socket;
pub(crate) mod subscribe;
pub(crate) mod viewer;
pub mod widget;

pub use socket::WsSocket;
