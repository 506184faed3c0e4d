//! Time as the platform keeps it: microseconds since the Unix epoch, UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::entity::shape;

/// A moment: microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999, so that it always prints as RFC 3339.
///
/// In JSON of the REST API it is RFC 3339 text; on the device and live sockets it is integer milliseconds ([`Timestamp::as_ms`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MIN_US: i64 = -62_135_596_800_000_000; // 0001-01-01T00:00:00Z
const MAX_US: i64 = 253_402_300_799_999_999; // 9999-12-31T23:59:59.999999Z

impl Timestamp {
    /// The earliest moment.
    pub const MIN: Self = Self(MIN_US);
    /// The latest moment.
    pub const MAX: Self = Self(MAX_US);

    /// From microseconds since the epoch; `None` outside the years 1 to 9999.
    pub const fn from_us(us: i64) -> Option<Self> {
        if us < MIN_US || us > MAX_US { None } else { Some(Self(us)) }
    }

    /// From microseconds since the epoch, moved to the nearest moment that can be printed.
    pub fn from_us_saturating(us: i64) -> Self {
        Self(us.clamp(MIN_US, MAX_US))
    }

    /// From milliseconds since the epoch; `None` outside the years 1 to 9999.
    pub const fn from_ms(ms: i64) -> Option<Self> {
        match ms.checked_mul(1000) {
            Some(us) => Self::from_us(us),
            None => None,
        }
    }

    /// Microseconds since the epoch.
    pub const fn as_us(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn as_ms(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment `us` microseconds later (earlier if negative), at most the ends of the range.
    #[must_use]
    pub fn plus_us(self, us: i64) -> Self {
        Self::from_us_saturating(self.0.saturating_add(us))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => fmt::Display::fmt(&time, f),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let time: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Self::from_us(time.as_microsecond()).ok_or(NotATime)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        shape::formatted(KnownFormat::DateTime).into()
    }
}
impl ToSchema for Timestamp {}

/// The text is not RFC 3339, or lies outside the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time such as 2026-01-31T12:00:00Z")]
pub struct NotATime;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_reads() {
        for text in ["2026-01-31T12:00:00Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        assert_eq!(
            "2026-01-31T12:00:00+02:00".parse::<Timestamp>().unwrap().to_string(),
            "2026-01-31T10:00:00Z"
        );
    }

    #[test]
    fn refuses_what_cannot_be_printed() {
        assert_eq!(Timestamp::from_ms(i64::MAX), None);
        assert_eq!(Timestamp::from_us(MAX_US + 1), None);
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert_eq!(Timestamp::MAX.plus_us(1), Timestamp::MAX);
        assert_eq!(Timestamp::from_us(-1).unwrap().as_ms(), -1);
    }
}
