//! Text of a frame in JSON -> [`DeviceFrame`]. Once, borrowing from the text. In CBOR: [`super::cbor::decode`].
//!
//! Two roads. The quick one reads the whole frame in one pass and holds for readings of numbers and booleans, which is
//! nearly all of them. It gives up at anything else, and the careful one takes the frame again reading by reading, so that one bad
//! reading costs itself only and text keeps its original JSON.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::frame::{CommandStatus, DataFrame, DeviceFrame, Hello, RawReading, Rejection};
use crate::id::{BootId, FrameSeq};
use crate::value::Value;

/// The text is no frame of the protocol. The message names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Malformed {
    pub(super) fn field(field: &str, must: &str) -> Self {
        Self(format!("{field} {must}"))
    }
}

/// What the fields of frames must be, in the words that a device is told. The CBOR form says the same.
pub(super) mod must {
    pub const KIND: &str = "must be \"hello\", \"data\" or \"cmd_status\"";
    pub const NUMBER: &str = "must be a whole number, 1 or more";
    pub const FROM_ONE: &str = "must be 1 or more";
    pub const TIME: &str = "must be whole milliseconds since 1970";
    pub const BOOT: &str = "must be a whole number below 2^32";
    pub const TEXT: &str = "must be text";
    pub const STATUS: &str = "must be \"accepted\", \"done\" or \"failed\"";
    pub const JSON: &str = "must be what JSON can say, in at most 64 KiB";
    pub const READINGS: &str = "r must be a list of readings";
}

/// Reads a frame of a device.
///
/// # Errors
/// [`Malformed`] if it is no JSON, or its kind, its number or a field other than a reading is missing or of a wrong type.
pub fn device_frame(text: &str) -> Result<DeviceFrame<'_>, Malformed> {
    match serde_json::from_str::<Quick<'_>>(text) {
        Ok(Quick { t: Some("data"), q: Some(q), bt, r: Some(Readings(readings)) }) => {
            data_frame(q, bt, Ok(readings))
        }
        _ => careful(text),
    }
}

pub(super) fn data_frame<'a>(
    q: u64,
    base_ms: Option<i64>,
    readings: Result<Vec<Result<RawReading<'a>, Rejection>>, &'static str>,
) -> Result<DeviceFrame<'a>, Malformed> {
    if q == 0 {
        return Err(Malformed::field("q", must::FROM_ONE));
    }
    Ok(DeviceFrame::Data(DataFrame { q: FrameSeq(q), base_ms, readings }))
}

// ---- the quick road ------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Quick<'a> {
    #[serde(borrow)]
    t: Option<&'a str>,
    q: Option<u64>,
    bt: Option<i64>,
    #[serde(borrow)]
    r: Option<Readings<'a>>,
}

struct Readings<'a>(Vec<Result<RawReading<'a>, Rejection>>);

impl<'de: 'a, 'a> Deserialize<'de> for Readings<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Readings<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of readings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut readings = Vec::with_capacity(24);
                while let Some(Plain(reading)) = seq.next_element()? {
                    readings.push(Ok(reading));
                }
                Ok(Readings(readings))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// A reading whose value is a finite number and whose texts have no escapes.
struct Plain<'a>(RawReading<'a>);

impl<'de> Deserialize<'de> for Plain<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Plain<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[sensor, value, offset?, unit?]")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let sensor: &'de str = seq.next_element()?.ok_or_else(|| A::Error::custom("sensor"))?;
                let Number(num) = seq.next_element()?.ok_or_else(|| A::Error::custom("value"))?;
                let value = Value::number(num).map_err(A::Error::custom)?;
                let offset_ms = seq.next_element::<Option<i64>>()?.flatten().unwrap_or(0);
                let unit: Option<&'de str> = seq.next_element::<Option<&'de str>>()?.flatten();
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("too many elements"));
                }
                let (sensor, unit) = (Cow::Borrowed(sensor), unit.map(Cow::Borrowed));
                Ok(Plain(RawReading { sensor, value, offset_ms, unit }))
            }
        }
        deserializer.deserialize_seq(Reading)
    }
}

struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E>(self, num: f64) -> Result<Number, E> {
                Ok(Number(num))
            }
            fn visit_i64<E>(self, num: i64) -> Result<Number, E> {
                Ok(Number(num as f64))
            }
            fn visit_u64<E>(self, num: u64) -> Result<Number, E> {
                Ok(Number(num as f64))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

// ---- the careful road ----------------------------------------------------------------------------------------------

/// Fields of all kinds of frames, each left as JSON, so that a wrong one can be named.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    t: Option<&'a RawValue>,
    #[serde(borrow)]
    q: Option<&'a RawValue>,
    #[serde(borrow)]
    bt: Option<&'a RawValue>,
    #[serde(borrow)]
    r: Option<&'a RawValue>,
    #[serde(borrow)]
    boot: Option<&'a RawValue>,
    #[serde(borrow)]
    next: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    fw: Option<&'a RawValue>,
    #[serde(borrow)]
    now: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

fn careful(text: &str) -> Result<DeviceFrame<'_>, Malformed> {
    if !text.trim_start().starts_with('{') {
        return Err(Malformed("a frame must be a JSON object".into()));
    }
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|error| Malformed(format!("not JSON: {error}")))?;
    let kind = required("t", fields.t, must::KIND)?;
    let kind: Cow<'_, str> = kind;
    match &*kind {
        "data" => {
            let q = required("q", fields.q, must::NUMBER)?;
            let base_ms = optional("bt", fields.bt, must::TIME)?;
            data_frame(q, base_ms, careful_readings(fields.r))
        }
        "hello" => {
            let next: u64 = required("next", fields.next, must::NUMBER)?;
            if next == 0 {
                return Err(Malformed::field("next", must::FROM_ONE));
            }
            Ok(DeviceFrame::Hello(Hello {
                boot: BootId(required("boot", fields.boot, must::BOOT)?),
                next: FrameSeq(next),
                token: optional("token", fields.token, must::TEXT)?,
                firmware: optional("fw", fields.fw, must::TEXT)?,
                now_ms: optional("now", fields.now, must::TIME)?,
            }))
        }
        "cmd_status" => Ok(DeviceFrame::CommandStatus(CommandStatus {
            id: required("id", fields.id, must::TEXT)?,
            status: required("status", fields.status, must::STATUS)?,
            result: fields.result.map(|json| Cow::Borrowed(json.get())),
        })),
        _ => Err(Malformed::field("t", must::KIND)),
    }
}

fn required<'a, T: FromJson<'a>>(
    field: &str,
    json: Option<&'a RawValue>,
    must: &str,
) -> Result<T, Malformed> {
    json.and_then(|json| T::from_json(json.get())).ok_or_else(|| Malformed::field(field, must))
}

fn optional<'a, T: FromJson<'a>>(
    field: &str,
    json: Option<&'a RawValue>,
    must: &str,
) -> Result<Option<T>, Malformed> {
    match json {
        None => Ok(None),
        Some(json) => T::from_json(json.get()).map(Some).ok_or_else(|| Malformed::field(field, must)),
    }
}

/// What a field of a frame can be. Text borrows where it has no escapes, which `Cow`'s own `Deserialize` never does.
trait FromJson<'a>: Sized {
    fn from_json(json: &'a str) -> Option<Self>;
}
impl<'a> FromJson<'a> for u64 {
    fn from_json(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}
impl<'a> FromJson<'a> for u32 {
    fn from_json(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}
impl<'a> FromJson<'a> for i64 {
    fn from_json(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}
impl<'a> FromJson<'a> for Cow<'a, str> {
    fn from_json(json: &'a str) -> Option<Self> {
        match serde_json::from_str::<&'a str>(json) {
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        }
    }
}

fn careful_readings(r: Option<&RawValue>) -> Result<Vec<Result<RawReading<'_>, Rejection>>, &'static str> {
    let r = r.ok_or(must::READINGS)?;
    let items: Vec<&RawValue> = serde_json::from_str(r.get()).map_err(|_| must::READINGS)?;
    Ok(items.into_iter().map(careful_reading).collect())
}

fn careful_reading(json: &RawValue) -> Result<RawReading<'_>, Rejection> {
    let parts: Vec<&RawValue> = serde_json::from_str(json.get()).map_err(|_| Rejection::WrongType)?;
    let (sensor, value, rest) = match parts.as_slice() {
        [sensor, value, rest @ ..] if rest.len() <= 2 => (sensor, value, rest),
        _ => return Err(Rejection::WrongType),
    };
    let sensor = Cow::from_json(sensor.get()).ok_or(Rejection::WrongType)?;
    let value = Value::from_json(value.get())?;
    let offset_ms = match rest.first().map(|json| json.get()) {
        None | Some("null") => 0,
        Some(json) => i64::from_json(json).ok_or(Rejection::Time)?,
    };
    let unit = match rest.get(1).map(|json| json.get()) {
        None | Some("null") => None,
        Some(json) => Some(Cow::from_json(json).ok_or(Rejection::Unit)?),
    };
    Ok(RawReading { sensor, value, offset_ms, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> Vec<Result<RawReading<'_>, Rejection>> {
        match device_frame(text) {
            Ok(DeviceFrame::Data(DataFrame { readings: Ok(readings), .. })) => readings,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn both_roads_read_the_same_reading() {
        let quick =
            readings(r#"{"t":"data","q":1,"bt":5,"r":[["a",1.5,-2,"C"],["b",7],["c",-3,null,null]]}"#);
        let careful = readings(
            r#"{"t":"data","q":1,"bt":5,"r":[["a",1.5,-2,"C"],["b",7],["c",-3,null,null],["d","text"]]}"#,
        );
        assert_eq!(quick[..], careful[..3]);
        let first = quick[0].as_ref().unwrap();
        assert_eq!((first.value.num(), first.offset_ms, first.unit.as_deref()), (1.5, -2, Some("C")));
        assert_eq!(careful[3].as_ref().unwrap().value.raw(), Some("\"text\""));
    }

    #[test]
    fn one_bad_reading_costs_itself_only() {
        let read = readings(
            r#"{"t":"data","q":1,"r":[["a",1],["b",1e999],["c",null],["d"],7,["e",1,"x"],["f",1,0,5],[1,2],["g",2]]}"#,
        );
        let codes: Vec<_> = read.iter().map(|r| r.as_ref().err().copied()).collect();
        use Rejection::*;
        let expected = [None, Some(NotFinite), Some(WrongType), Some(WrongType), Some(WrongType), Some(Time)];
        assert_eq!(codes[..6], expected);
        assert_eq!(codes[6..], [Some(Unit), Some(WrongType), None]);
    }

    #[test]
    fn a_number_is_read_to_its_nearest_f64() {
        for text in ["0.1", "123456789.123456789", "5e-324", "1.7976931348623157e308", "-0.30000000000000004"]
        {
            let frame = format!(r#"{{"t":"data","q":1,"r":[["a",{text}]]}}"#);
            let num = readings(&frame)[0].as_ref().unwrap().value.num();
            assert_eq!(num.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
    }

    #[test]
    fn a_frame_that_is_none_names_its_field() {
        for (text, message) in [
            ("", "a frame must be a JSON object"),
            ("[1]", "a frame must be a JSON object"),
            (r#"{"t":"data","q":0,"r":[]}"#, "q must be 1 or more"),
            (r#"{"t":"data","q":"1","r":[]}"#, "q must be a whole number, 1 or more"),
            (r#"{"t":"data","r":[]}"#, "q must be a whole number, 1 or more"),
            (r#"{"t":"data","q":1,"bt":"now","r":[]}"#, "bt must be whole milliseconds since 1970"),
            (r#"{"t":"bye"}"#, "t must be \"hello\", \"data\" or \"cmd_status\""),
            (r#"{"t":"hello","boot":-1,"next":1}"#, "boot must be a whole number below 2^32"),
            (r#"{"t":"hello","boot":1,"next":0}"#, "next must be 1 or more"),
        ] {
            assert_eq!(device_frame(text), Err(Malformed(message.into())), "{text}");
        }
        assert!(device_frame(r#"{"t":"data","q":1,"r":[["a",NaN]]}"#).unwrap_err().0.starts_with("not JSON"));
    }

    #[test]
    fn readings_that_are_no_list_leave_the_number_readable() {
        let Ok(DeviceFrame::Data(frame)) = device_frame(r#"{"t":"data","q":9,"r":{"a":1}}"#) else {
            panic!()
        };
        assert_eq!((frame.q, frame.readings), (FrameSeq(9), Err("r must be a list of readings")));
    }
}
