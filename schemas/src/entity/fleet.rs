//! How an organization's devices and flows are, counted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an organization's devices and flows are, and how much they do.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Fleet {
    /// How its devices are.
    #[serde(flatten)]
    pub devices: FleetDevices,
    /// Readings of its devices' sockets that became durable a second, over the last ten seconds or so.
    pub readings_per_s: f64,
    /// Readings and frames of its devices that were refused in the last hour, since the server's start; those that a device is only to send again are none.
    pub refused_last_hour: u64,
    /// Records that its flows could not handle in the last hour, since the server's start.
    pub errors_last_hour: u64,
    /// Dead letters of the last hour.
    pub dead_letters_last_hour: u64,
    /// How long ago the oldest reading arrived that the slowest of its flows has not done, in milliseconds; 0 if all is done, or no flow runs.
    pub lag_ms: u64,
    /// About how many of its readings became durable in that time.
    pub lag_readings: u64,
    /// How its flows are: those in its projects.
    pub flows: FleetFlows,
    /// Bytes on disk of all readings of the server; null while other organizations store in it, too.
    #[schema(required = true)]
    pub store_bytes: Option<u64>,
}

/// How many devices an organization has, and how they are. `devices` is the sum of `active`, `offline`, `inactive` and `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct FleetDevices {
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
    /// Of all of them, those that may not connect (`is_active` false).
    pub disabled: u64,
}

/// How many flows an organization's projects have, and how they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct FleetFlows {
    /// All of them, drafts too.
    pub flows: u64,
    /// Those that are to run.
    pub deployed: u64,
    /// Those that run. Fewer than `deployed`: some cannot, and say why (`GET /flows/{id}/metrics`).
    pub running: u64,
    /// Of those that run, how many have a node that failed.
    pub failed: u64,
    /// Those that the platform stopped because they could not keep up.
    pub suspended: u64,
}
