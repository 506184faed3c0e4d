//! Identifiers. One type per thing, so that a device's id cannot be passed where a flow's is meant.
//!
//! Entities carry UUIDs (version 7, made by whoever creates the entity); what the log counts carries integers.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::entity::shape;

/// The id of an entity of kind `K`: a UUID that prints and parses in its hyphenated form.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The kinds an [`Id`] can be of. They have no values; they only name a type.
pub mod kind {
    /// A person who logs in.
    pub enum User {}
    /// A tenant.
    pub enum Organization {}
    /// A group of flows, devices and dashboards in an organization.
    pub enum Project {}
    /// A device that sends readings.
    pub enum Device {}
    /// A flow diagram.
    pub enum Flow {}
    /// A dashboard template.
    pub enum Dashboard {}
    /// A widget of a dashboard, by its `DashboardWidget` id (not its text id within the dashboard).
    pub enum Widget {}
    /// What a widget keeps of a device's sensor.
    pub enum Variable {}
    /// Something that happened to a device.
    pub enum DeviceEvent {}
    /// A session or API token.
    pub enum Token {}
    /// A link that shows a dashboard to whoever has it.
    pub enum ShareLink {}
    /// An entry of the audit log.
    pub enum Audit {}
    /// A run of a flow: a deployment, or one that comes to an end by itself.
    pub enum Execution {}
    /// What a node did in a run of its flow.
    pub enum NodeExecution {}
    /// A record that a flow could not handle.
    pub enum DeadLetter {}
}

/// Id of a [`kind::User`].
pub type UserId = Id<kind::User>;
/// Id of a [`kind::Organization`].
pub type OrganizationId = Id<kind::Organization>;
/// Id of a [`kind::Project`].
pub type ProjectId = Id<kind::Project>;
/// Id of a [`kind::Device`].
pub type DeviceId = Id<kind::Device>;
/// Id of a [`kind::Flow`].
pub type FlowId = Id<kind::Flow>;
/// Id of a [`kind::Dashboard`].
pub type DashboardId = Id<kind::Dashboard>;
/// Id of a [`kind::Widget`].
pub type WidgetId = Id<kind::Widget>;
/// Id of a [`kind::Variable`].
pub type VariableId = Id<kind::Variable>;
/// Id of a [`kind::DeviceEvent`].
pub type DeviceEventId = Id<kind::DeviceEvent>;
/// Id of a [`kind::Token`].
pub type TokenId = Id<kind::Token>;
/// Id of a [`kind::ShareLink`].
pub type ShareLinkId = Id<kind::ShareLink>;
/// Id of a [`kind::Audit`].
pub type AuditId = Id<kind::Audit>;
/// Id of a [`kind::Execution`].
pub type ExecutionId = Id<kind::Execution>;
/// Id of a [`kind::NodeExecution`].
pub type NodeExecutionId = Id<kind::NodeExecution>;
/// Id of a [`kind::DeadLetter`].
pub type DeadLetterId = Id<kind::DeadLetter>;

impl<K> Id<K> {
    /// The id with this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The UUID inside.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<K> FromStr for Id<K> {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Uuid::parse_str(text).map(Self::from_uuid).map_err(|_| NotAnId)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.uuid.serialize(serializer)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from_uuid)
    }
}

impl<K> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        shape::formatted(KnownFormat::Uuid).into()
    }
}
impl<K> ToSchema for Id<K> {
    /// `DeviceId` for the id of a [`kind::Device`].
    fn name() -> Cow<'static, str> {
        let kind = std::any::type_name::<K>();
        Cow::Owned(format!("{}Id", kind.rsplit("::").next().unwrap_or(kind)))
    }
}

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID")]
pub struct NotAnId;

/// A series (one sensor of one device) as the log counts them: dense from 0, never reused. Assigned by the series dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesId(pub u32);

impl SeriesId {
    /// The id as an index into a table by series.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Arrival offset of a reading: its number in the order of commits, from 0, without gaps. A commit of n readings takes n of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Offset(pub u64);

impl Offset {
    /// The offset `readings` later.
    #[must_use]
    pub const fn plus(self, readings: u64) -> Self {
        Self(self.0 + readings)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One boot of a device: a number that it draws when it starts. Frame numbers count within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BootId(pub u32);

/// Number of a data frame within (device, boot). The first is 1, so 0 means "none committed yet".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameSeq(pub u64);

impl FrameSeq {
    /// The frame after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for FrameSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
