//! Names of sensors.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::entity::shape;
use crate::limit;

/// Name of a sensor of a device: 1 to 64 bytes of `[A-Za-z0-9_.:/-]`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SensorName(Arc<str>);

impl SensorName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` may be a sensor's name.
    pub fn is_valid(text: &str) -> bool {
        (1..=limit::SENSOR_NAME_BYTES).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b))
    }
}

impl FromStr for SensorName {
    type Err = NotASensorName;
    fn from_str(text: &str) -> Result<Self, NotASensorName> {
        if Self::is_valid(text) { Ok(Self(text.into())) } else { Err(NotASensorName) }
    }
}

impl fmt::Display for SensorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for SensorName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for SensorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SensorName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for SensorName {
    fn schema() -> RefOr<Schema> {
        let name = shape::text().min_length(Some(1)).max_length(Some(limit::SENSOR_NAME_BYTES));
        name.pattern(Some("^[A-Za-z0-9_.:/-]+$")).into()
    }
}
impl ToSchema for SensorName {}

/// The text cannot name a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters of A-Z a-z 0-9 _ . : / -")]
pub struct NotASensorName;
