//! Devices: what sends readings. Their readings are not here; see [`crate::reading`].

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{self, Checked};
use super::shape;
use crate::id::{DeviceId, OrganizationId, ProjectId, UserId};
use crate::limit;
use crate::time::Timestamp;

/// How a device is, as far as the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Its socket is open.
    Active,
    /// Never seen, or switched off by a person.
    Inactive,
    /// It was there, and is not now.
    Offline,
    /// A person said that it is broken. Stays until a person says otherwise, whatever its socket does.
    Error,
}

impl std::str::FromStr for DeviceStatus {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        super::from_name(name)
    }
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Its id: what readings, flows and sockets name it by.
    pub id: DeviceId,
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// Who made it; it counts against their `device_limit`.
    pub creator_id: UserId,
    /// Its name; unique within the organization.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What kind of thing it is, in the words of its owner.
    pub device_type: String,
    /// The projects that it is in, all of its organization; in the order of their making.
    pub project_ids: Vec<ProjectId>,
    /// The token's first characters, to tell tokens apart by; empty if its token was taken away.
    pub token_prefix: String,
    /// How it is.
    pub status: DeviceStatus,
    /// Whether it may connect.
    pub is_active: bool,
    /// When its last frame came; written in batches, so some seconds late.
    #[schema(required = true)]
    pub last_seen: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last (by a person: presence does not count).
    pub updated_at: Timestamp,
}

/// Body of a new device.
#[derive(Debug, Clone, ToSchema)]
pub struct DeviceInput {
    /// Its tenant.
    pub organization_id: OrganizationId,
    /// Its name.
    #[schema(value_type = shape::Name)]
    pub name: String,
    /// What it is for.
    #[schema(value_type = shape::Description, required = false)]
    pub description: String,
    /// What kind of thing it is.
    #[schema(value_type = shape::Label, required = false)]
    pub device_type: String,
}

impl DeviceInput {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            organization_id: f.required_id("organization_id"),
            name: f.required("name", input::name),
            description: f.optional("description", input::description).unwrap_or_default(),
            device_type: f.optional("device_type", device_type).unwrap_or_default(),
        })
    }
}

/// Body of a change to a device. What is absent stays.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct DevicePatch {
    /// New name.
    #[schema(value_type = shape::Name, required = false)]
    pub name: Option<String>,
    /// New description.
    #[schema(value_type = shape::Description, required = false)]
    pub description: Option<String>,
    /// New kind.
    #[schema(value_type = shape::Label, required = false)]
    pub device_type: Option<String>,
    /// How it is, in the eyes of a person: anything but [`DeviceStatus::Active`], which the server says of an open socket.
    #[schema(value_type = shape::StatusByHand, required = false)]
    pub status: Option<DeviceStatus>,
    /// Whether it may connect; `false` closes its socket at once.
    #[schema(value_type = bool, required = false)]
    pub is_active: Option<bool>,
}

impl DevicePatch {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| Self {
            name: f.optional("name", input::name),
            description: f.optional("description", input::description),
            device_type: f.optional("device_type", device_type),
            status: f.optional("status", status),
            is_active: f.optional("is_active", input::boolean),
        })
    }
}

/// Body of a new token for a device. All of it may be absent.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct RotateToken {
    /// Seconds for which the old token stays valid beside the new one; 0 (the default) ends it, and its socket, at once.
    #[schema(value_type = shape::OverlapSeconds, required = false)]
    pub overlap_s: u32,
}

impl RotateToken {
    /// Reads the body.
    ///
    /// # Errors
    /// All problems.
    pub fn read(body: Value) -> Checked<Self> {
        input::read(body, |f| {
            let overlap = f.optional("overlap_s", input::integer(0, limit::TOKEN_OVERLAP_S));
            Self { overlap_s: overlap.and_then(|s| u32::try_from(s).ok()).unwrap_or(0) }
        })
    }
}

fn device_type(value: Value) -> Checked<String> {
    input::line(0, limit::TAG_CHARS)(value)
}

fn status(value: Value) -> Checked<DeviceStatus> {
    match input::one_of(value)? {
        DeviceStatus::Active => {
            input::wrong("must not be `active`: that is what the server says of an open socket")
        }
        status => Ok(status),
    }
}
