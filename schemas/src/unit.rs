//! Units of readings, as the device wrote them.

pub mod physical;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::entity::shape;
use crate::limit;

/// A unit as written by the device: 1 to 16 characters (at most 32 bytes), none of them control characters. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit(Arc<str>);

impl Unit {
    /// The unit as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` may be a unit.
    pub fn is_valid(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= limit::UNIT_BYTES
            && text.chars().count() <= limit::UNIT_CHARS
            && !text.chars().any(char::is_control)
    }
}

impl FromStr for Unit {
    type Err = NotAUnit;
    fn from_str(text: &str) -> Result<Self, NotAUnit> {
        if Self::is_valid(text) { Ok(Self(text.into())) } else { Err(NotAUnit) }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Unit {
    fn schema() -> RefOr<Schema> {
        shape::text().min_length(Some(1)).max_length(Some(limit::UNIT_CHARS)).into()
    }
}
impl ToSchema for Unit {}

/// The text cannot be a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 16 characters without control characters")]
pub struct NotAUnit;

/// Which of its series' units a reading carries: 0 for none, k for the k-th of [`crate::reading::SeriesInfo::units`].
///
/// A byte per reading instead of a text: a series has few units, and an unchanging column compresses to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UnitIndex(pub u8);

impl UnitIndex {
    /// No unit was given.
    pub const NONE: Self = Self(0);
    /// From here on it is a unit that a flow gave: the k-th of the flow's own ones, k from 0. No reading has one.
    pub const OF_FLOW: u8 = 128;

    /// The unit that is at this place among a flow's own ones; none beyond the 128th.
    pub fn of_flow(at: usize) -> Option<Self> {
        u8::try_from(at).ok().and_then(|at| Self::OF_FLOW.checked_add(at)).map(Self)
    }

    /// Its place among a flow's own ones, if it is one of them.
    pub fn place_in_flow(self) -> Option<usize> {
        self.0.checked_sub(Self::OF_FLOW).map(usize::from)
    }
}
