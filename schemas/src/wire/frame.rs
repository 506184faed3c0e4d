//! Frames of the EdgeSync device socket as types, the same for both encodings ([`super::encoding`]). The comments show them in JSON.
//!
//! What a device sends borrows from the message. What the server sends is written by [`super::encode`] and [`super::cbor::encode`].

use std::borrow::Cow;

use crate::id::{BootId, FrameSeq};
use crate::value::{NotAValue, Value};

/// A frame from a device.
#[derive(Debug, PartialEq)]
pub enum DeviceFrame<'a> {
    /// The first frame.
    Hello(Hello<'a>),
    /// Readings.
    Data(DataFrame<'a>),
    /// What became of a command.
    CommandStatus(CommandStatus<'a>),
}

/// `{"t":"hello",…}`
#[derive(Debug, PartialEq)]
pub struct Hello<'a> {
    /// Drawn by the device when it boots; frame numbers count within it.
    pub boot: BootId,
    /// Number of the next frame that the device means to send; 1 or more.
    pub next: FrameSeq,
    /// The device's token, if it did not come in the `Authorization` header.
    pub token: Option<Cow<'a, str>>,
    /// Version of its firmware.
    pub firmware: Option<Cow<'a, str>>,
    /// Its clock, milliseconds since the epoch.
    pub now_ms: Option<i64>,
}

/// `{"t":"data",…}`
#[derive(Debug, PartialEq)]
pub struct DataFrame<'a> {
    /// The frame's number.
    pub q: FrameSeq,
    /// Base of the readings' times, milliseconds since the epoch; without it the time of arrival.
    pub base_ms: Option<i64>,
    /// The readings, or why `r` is no list of them.
    pub readings: Result<Vec<Result<RawReading<'a>, Rejection>>, &'static str>,
}

/// A reading as it stands in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct RawReading<'a> {
    /// Name of the sensor, not checked.
    pub sensor: Cow<'a, str>,
    /// Its value.
    pub value: Value,
    /// Milliseconds from the frame's base.
    pub offset_ms: i64,
    /// Its unit, not checked.
    pub unit: Option<Cow<'a, str>>,
}

/// `{"t":"cmd_status",…}`
#[derive(Debug, PartialEq)]
pub struct CommandStatus<'a> {
    /// Id of the command.
    pub id: Cow<'a, str>,
    /// `accepted`, `done` or `failed`.
    pub status: Cow<'a, str>,
    /// JSON of the result, if any.
    pub result: Option<Cow<'a, str>>,
}

/// Why one reading of a good frame is refused. The frame is acknowledged all the same: a device never retries poison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// The value is a number that is not finite, such as 1e999.
    NotFinite,
    /// The reading is not `[sensor, value, offset?, unit?]` with their types.
    WrongType,
    /// The sensor's name is none, or one more than a device may have.
    Schema,
    /// The unit is none, or one more than a series may have.
    Unit,
    /// Text or an object that is too long.
    TooLarge,
    /// The event time is older than retention.
    TooOld,
    /// The event time cannot be computed.
    Time,
}

impl Rejection {
    /// Every code, for documentation, counters and tests.
    pub const ALL: [Self; 7] = [
        Self::NotFinite,
        Self::WrongType,
        Self::Schema,
        Self::Unit,
        Self::TooLarge,
        Self::TooOld,
        Self::Time,
    ];

    /// The code in `rej`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFinite => "not_finite",
            Self::WrongType => "wrong_type",
            Self::Schema => "schema",
            Self::Unit => "unit",
            Self::TooLarge => "too_large",
            Self::TooOld => "too_old",
            Self::Time => "time",
        }
    }

    /// For people, naming the field.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotFinite => "value must be a finite number",
            Self::WrongType => "value must be a number, true, false, text, an object or an array",
            Self::Schema => {
                "sensor_type must be 1 to 64 characters of A-Z a-z 0-9 _ . : / -, and a device has at most 64 of them"
            }
            Self::Unit => "unit must be 1 to 16 characters, and a sensor has at most 8 of them",
            Self::TooLarge => "value must be at most 4096 bytes of JSON",
            Self::TooOld => "timestamp is older than the readings that are kept",
            Self::Time => "timestamp must be RFC 3339 or milliseconds since 1970",
        }
    }
}

impl From<NotAValue> for Rejection {
    fn from(error: NotAValue) -> Self {
        match error {
            NotAValue::NotFinite => Self::NotFinite,
            NotAValue::WrongType | NotAValue::NotUnicode => Self::WrongType,
            NotAValue::TooLong => Self::TooLarge,
        }
    }
}

/// Why a whole frame is refused for now. Its number is not used up: the device mends the frame or waits, and sends it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The store cannot take it now.
    Busy,
    /// A quota of the device or its organization is used up.
    Quota,
    /// Frames before it are missing.
    Gap,
    /// More readings than a frame may have.
    TooLarge,
    /// `r` is no list.
    Malformed,
}

impl Refusal {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 5] = [Self::Busy, Self::Quota, Self::Gap, Self::TooLarge, Self::Malformed];

    /// The code in `nack`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Quota => "quota",
            Self::Gap => "gap",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}
