//! What happened to a device: who changed it, and when it came and went.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::id::{DeviceEventId, DeviceId};
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAction {
    /// It was made.
    Created,
    /// It was changed; `details.fields` says which of its fields.
    Updated,
    /// It was removed. Its history stays for a while.
    Deleted,
    /// Its socket opened.
    Connected,
    /// Its socket ended.
    Disconnected,
    /// It got a new token; `details.overlap_s` says how long the old one stays valid.
    TokenRotated,
    /// Its tokens were taken away.
    TokenRevoked,
}

impl DeviceAction {
    /// All that can happen.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::Connected,
        Self::Disconnected,
        Self::TokenRotated,
        Self::TokenRevoked,
    ];
}

impl std::str::FromStr for DeviceAction {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        super::from_name(name)
    }
}

/// Something that happened to one of an organization's devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceEvent {
    /// What happened, to which device.
    #[serde(flatten)]
    pub entry: DeviceHistory,
    /// The device's name now; none of one that was deleted.
    #[schema(required = true)]
    pub device_name: Option<String>,
}

/// Something that happened to a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceHistory {
    /// Its id; ids ascend in the order of happening.
    pub id: DeviceEventId,
    /// The device, which may be gone.
    pub device_id: DeviceId,
    /// What happened.
    pub action: DeviceAction,
    /// More about it: `by` is the user who did it; `skipped` counts what happened between this entry and the one before and was left out.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// When.
    pub at: Timestamp,
}
