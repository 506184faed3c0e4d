//! How an organization's devices are, counted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many devices an organization has, and how they are. `devices` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Fleet {
    /// All of them.
    pub devices: u64,
    /// Their sockets are open.
    pub active: u64,
    /// They were there, and are not now.
    pub offline: u64,
    /// Never seen, or switched off by a person.
    pub inactive: u64,
    /// A person said that they are broken.
    pub error: u64,
}
