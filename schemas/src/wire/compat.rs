//! Frames of the compatible device socket (`/ws/sensors/`): what existing firmware sends, read as it is.
//!
//! `{"sensor_type":…,"value":…,"unit":…}`, `{"readings":[{…},…]}` or `{"readings":{"temperature":23.5,…}}`. `type` is an alias
//! of `sensor_type`; `timestamp` is RFC 3339 or milliseconds. A `device_id` is ignored: the token decides. A frame has one answer,
//! so it is taken or refused whole, and the refusal names the field by its JSON pointer.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::frame::Rejection;
use crate::limit;
use crate::time::Timestamp;
use crate::value::Value;

/// A frame of the compatible form.
#[derive(Debug, PartialEq)]
pub struct CompatFrame<'a> {
    /// Its readings; 1 to [`limit::READINGS_PER_FRAME`].
    pub readings: Vec<CompatReading<'a>>,
    /// Whether it was written as one reading without a list, whose answer carries an id.
    pub single: bool,
}

/// A reading of the compatible form.
#[derive(Debug, PartialEq)]
pub struct CompatReading<'a> {
    /// Name of the sensor, not checked.
    pub sensor: Cow<'a, str>,
    /// Its value.
    pub value: Value,
    /// Event time, if the device gave one.
    pub at: Option<Timestamp>,
    /// Its unit, not checked.
    pub unit: Option<Cow<'a, str>>,
}

/// Why a frame is refused: what is said to the device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    sensor_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    alias: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    unit: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    readings: Option<&'a RawValue>,
}

/// Reads a frame of the compatible form.
///
/// # Errors
/// [`Refused`], naming the field.
pub fn compat_frame(text: &str) -> Result<CompatFrame<'_>, Refused> {
    if !text.trim_start().starts_with('{') {
        return Err(Refused("a frame must be a JSON object".into()));
    }
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|error| Refused(format!("not JSON: {error}")))?;
    let Some(readings) = fields.readings else {
        return Ok(CompatFrame { readings: vec![reading(&fields, None, "")?], single: true });
    };
    let at = time(fields.timestamp, "/timestamp")?;
    let readings = match readings.get().as_bytes().first() {
        Some(b'[') => listed(readings.get(), at)?,
        Some(b'{') => mapped(readings.get(), at)?,
        _ => return Err(Refused("/readings must be a list of readings or an object of values".into())),
    };
    match readings.len() {
        0 => Err(Refused("/readings must hold at least one reading".into())),
        1..=limit::READINGS_PER_FRAME => Ok(CompatFrame { readings, single: false }),
        n => Err(Refused(format!(
            "/readings must hold at most {} readings, not {n}",
            limit::READINGS_PER_FRAME
        ))),
    }
}

fn listed(json: &str, at: Option<Timestamp>) -> Result<Vec<CompatReading<'_>>, Refused> {
    let items: Vec<&RawValue> =
        serde_json::from_str(json).map_err(|error| Refused(format!("/readings is not JSON: {error}")))?;
    let mut readings = Vec::with_capacity(items.len().min(limit::READINGS_PER_FRAME + 1));
    // One more than allowed is enough to refuse the frame.
    for (i, item) in items.iter().enumerate().take(limit::READINGS_PER_FRAME + 1) {
        let path = format!("/readings/{i}");
        let fields: Fields<'_> =
            serde_json::from_str(item.get()).map_err(|_| Refused(format!("{path} must be an object")))?;
        readings.push(reading(&fields, at, &path)?);
    }
    Ok(readings)
}

fn mapped(json: &str, at: Option<Timestamp>) -> Result<Vec<CompatReading<'_>>, Refused> {
    let Entries(entries) =
        serde_json::from_str(json).map_err(|error| Refused(format!("/readings is not JSON: {error}")))?;
    entries
        .into_iter()
        .take(limit::READINGS_PER_FRAME + 1)
        .map(|(sensor, json)| {
            let value = Value::from_json(json.get())
                .map_err(|error| Refused(format!("/readings/{sensor}: {error}")))?;
            Ok(CompatReading { sensor, value, at, unit: None })
        })
        .collect()
}

/// Entries of an object in their order, repeated keys included.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, &RawValue>()? {
                    entries.push((Cow::Owned(entry.0), entry.1));
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Object).map(Entries)
    }
}

fn reading<'a>(fields: &Fields<'a>, at: Option<Timestamp>, path: &str) -> Result<CompatReading<'a>, Refused> {
    let sensor = fields
        .sensor_type
        .or(fields.alias)
        .and_then(|json| text(json.get()))
        .ok_or_else(|| Refused(format!("{path}/sensor_type must be text")))?;
    let value = fields.value.map_or("null", |json| json.get());
    let value = Value::from_json(value).map_err(|error| {
        // The error's own text begins with "value".
        Refused(format!("{path}/{error}"))
    })?;
    let unit = match fields.unit.map(|json| json.get()) {
        None | Some("null" | "\"\"") => None,
        Some(json) => Some(text(json).ok_or_else(|| Refused(format!("{path}/unit must be text")))?),
    };
    let at = time(fields.timestamp, &format!("{path}/timestamp"))?.or(at);
    Ok(CompatReading { sensor, value, at, unit })
}

fn text(json: &str) -> Option<Cow<'_, str>> {
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

fn time(json: Option<&RawValue>, path: &str) -> Result<Option<Timestamp>, Refused> {
    let json = match json.map(|json| json.get()) {
        None | Some("null") => return Ok(None),
        Some(json) => json,
    };
    let time = match json.as_bytes().first() {
        Some(b'"') => text(json).and_then(|text| text.parse().ok()),
        // Python's and JavaScript's clocks give fractions of a millisecond.
        _ => {
            json.parse::<f64>().ok().filter(|ms| ms.abs() < 9e15).and_then(|ms| Timestamp::from_ms(ms as i64))
        }
    };
    time.map(Some).ok_or_else(|| Refused(format!("{path}: {}", Rejection::Time.message())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, f64, Option<i64>, Option<&str>)]) {
        let frame = compat_frame(text).unwrap_or_else(|refused| panic!("{text}: {refused}"));
        let read: Vec<_> = frame
            .readings
            .iter()
            .map(|r| (&*r.sensor, r.value.num(), r.at.map(Timestamp::as_ms), r.unit.as_deref()))
            .collect();
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn every_written_form_is_read() {
        check(
            r#"{"device_id":"x","sensor_type":"temperature","value":23.5,"unit":"C"}"#,
            &[("temperature", 23.5, None, Some("C"))],
        );
        check(r#"{"type":"door","value":true,"timestamp":1000}"#, &[("door", 1.0, Some(1000), None)]);
        check(
            r#"{"readings":[{"sensor_type":"a","value":1,"unit":""},{"type":"b","value":2,"timestamp":"1970-01-01T00:00:01Z"}],"timestamp":5}"#,
            &[("a", 1.0, Some(5), None), ("b", 2.0, Some(1000), None)],
        );
        check(
            r#"{"readings":{"temperature":23.5,"humidity":60}}"#,
            &[("temperature", 23.5, None, None), ("humidity", 60.0, None, None)],
        );
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (text, message) in [
            ("hello", "a frame must be a JSON object"),
            (r#"{"value":1}"#, "/sensor_type must be text"),
            (r#"{"sensor_type":"a"}"#, "/value must be a number, true, false, text, an object or an array"),
            (r#"{"sensor_type":"a","value":1e999}"#, "/value must be a finite number"),
            (r#"{"readings":[{"type":"a","value":1},{"type":"b"}]}"#, "/readings/1/value must be a number"),
            (r#"{"readings":[]}"#, "/readings must hold at least one reading"),
            (r#"{"readings":7}"#, "/readings must be a list of readings or an object of values"),
            (r#"{"readings":[7]}"#, "/readings/0 must be an object"),
            (r#"{"readings":{"a":null}}"#, "/readings/a: value must be"),
            (r#"{"type":"a","value":1,"timestamp":"noon"}"#, "/timestamp: timestamp must be RFC 3339"),
            (r#"{"type":"a","value":1,"unit":5}"#, "/unit must be text"),
        ] {
            let refused = compat_frame(text).unwrap_err().0;
            assert!(refused.starts_with(message), "{text}: {refused}");
        }
        let many = format!(r#"{{"readings":[{}]}}"#, vec![r#"{"type":"a","value":1}"#; 501].join(","));
        assert!(compat_frame(&many).unwrap_err().0.contains("at most 500"));
    }
}
