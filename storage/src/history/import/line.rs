//! One line of an import: which fields it has, and what they say. One of CSV is read in `sheet.rs`.

use std::borrow::Cow;
use std::fmt::Display;

use edgesync_schemas::id::DeviceId;
use edgesync_schemas::limit;
use edgesync_schemas::time::Timestamp;
use edgesync_schemas::value::{NotAValue, Value};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) const TOO_LONG: &str = "is longer than a line may be";
pub(super) const TOO_MANY_DEVICES: &str = "is one device too many for one import";
pub(super) const NO_SUCH_DEVICE: &str = "is no device there is";
pub(super) const NEEDS_ADMIN: &str = "belongs to an organization that you are no admin of";
const DAY_US: i64 = 86_400_000_000;

/// Why a line is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    pub field: Option<&'static str>,
    pub message: String,
}

impl LineError {
    /// About one of its fields.
    pub fn of(field: &'static str, message: impl Display) -> Self {
        Self { field: Some(field), message: message.to_string() }
    }

    /// About the line.
    pub fn whole(message: impl Display) -> Self {
        Self { field: None, message: message.to_string() }
    }
}

/// A line's fields as they stand there.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub device: Option<Cow<'a, str>>,
    pub sensor: Option<Cow<'a, str>>,
    pub value: Option<Cow<'a, str>>,
    pub unit: Option<Cow<'a, str>>,
    /// RFC 3339, or digits.
    pub time: Option<Cow<'a, str>>,
    pub raw: Option<Cow<'a, str>>,
}

impl Line<'_> {
    /// Whose it is: the device it names, which must be the one that the import is for, if it is for one.
    pub fn device(&self, given: Option<DeviceId>) -> Result<DeviceId, LineError> {
        let of = |message: &str| LineError::of("device_id", message);
        let named = self.device.as_deref().filter(|text| !text.is_empty()).map(str::parse::<DeviceId>);
        match (named.transpose().map_err(|_| of("must be a UUID"))?, given) {
            (Some(named), Some(given)) if named != given => {
                Err(of("is not the device that the import is for"))
            }
            (Some(device), _) | (None, Some(device)) => Ok(device),
            (None, None) => Err(of("is required")),
        }
    }

    /// When it was. Readings are kept for so many days.
    pub fn timestamp(&self, now: Timestamp, days: u32) -> Result<Timestamp, LineError> {
        let of = |message: String| LineError::of("timestamp", message);
        let text = self.time.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| of("is required".to_owned()))?;
        let ts = match text.parse().map(Timestamp::from_ms) {
            Ok(ts) => ts.ok_or_else(|| of("must lie in the years 1 to 9999".to_owned()))?,
            Err(_) => text.parse().map_err(|error: edgesync_schemas::time::NotATime| {
                of(format!("{error}, or whole milliseconds since 1970"))
            })?,
        };
        if ts > now.plus_us(limit::CLOCK_SKEW_MS * 1000) {
            return Err(of("lies in the future".to_owned()));
        }
        if ts < now.plus_us(-i64::from(days) * DAY_US) {
            return Err(of(format!("is older than the {days} days that its device's readings are kept")));
        }
        Ok(ts)
    }

    /// What was measured. Where there is an original, the number beside it must be the one that it stands for.
    pub fn value(&self) -> Result<Value, LineError> {
        let given = self.value.as_deref().map(Value::from_json).transpose();
        let given = given.map_err(|error| LineError::of("value", says(&error.to_string())))?;
        let Some(raw) = &self.raw else {
            return given.ok_or_else(|| LineError::of("value", "is required"));
        };
        let original = match Value::from_json(raw) {
            Err(error @ (NotAValue::NotFinite | NotAValue::NotUnicode)) => {
                return Err(LineError::of("raw_data", says(&error.to_string())));
            }
            original => original.ok().filter(|value| value.raw().is_some()),
        };
        let original = original.ok_or_else(|| {
            LineError::of(
                "raw_data",
                format!(
                    "must be text, true, false, an object or an array, of at most {} bytes",
                    limit::RAW_VALUE_BYTES
                ),
            )
        })?;
        match given {
            Some(given) if given != original && given != (number(original.num())?) => {
                let message = format!("must be empty or {:?}, which raw_data stands for", original.num());
                Err(LineError::of("value", message))
            }
            _ => Ok(original),
        }
    }
}

fn number(num: f64) -> Result<Value, LineError> {
    Value::number(num).map_err(|error| LineError::of("value", says(&error.to_string())))
}

/// A value's error names the value itself.
fn says(error: &str) -> &str {
    error.strip_prefix("value ").unwrap_or(error)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object<'a> {
    #[serde(borrow)]
    device_id: Option<&'a RawValue>,
    #[serde(borrow, alias = "type")]
    sensor_type: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    unit: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    raw_data: Option<&'a RawValue>,
    // As an export has it. Not kept: an imported reading arrives when it is imported.
    #[serde(rename = "received_at")]
    _received_at: Option<serde::de::IgnoredAny>,
}

/// Reads a line of JSON.
pub(super) fn ndjson(line: &[u8]) -> Result<Line<'_>, LineError> {
    // An array would be taken for an object whose fields come in our order.
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(LineError::whole("must be a JSON object"));
    }
    let object: Object<'_> = serde_json::from_slice(line).map_err(|error| misread(&error))?;
    let time = match object.timestamp {
        Some(time) if !time.get().starts_with('"') => Some(Cow::Borrowed(time.get())),
        time => text("timestamp", time)?,
    };
    Ok(Line {
        device: text("device_id", object.device_id)?,
        sensor: text("sensor_type", object.sensor_type)?,
        value: object.value.map(|value| Cow::Borrowed(value.get())),
        unit: text("unit", object.unit)?,
        time,
        raw: object.raw_data.map(|raw| Cow::Borrowed(raw.get())),
    })
}

/// The text that a field has, if it has something.
fn text<'a>(field: &'static str, json: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, LineError> {
    let Some(json) = json.map(RawValue::get) else { return Ok(None) };
    match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Some(Cow::Borrowed(plain))),
        Some(_) => match serde_json::from_str(json) {
            Ok(text) => Ok(Some(Cow::Owned(text))),
            Err(_) => Err(LineError::of(field, "must be text of Unicode characters")),
        },
        None => Err(LineError::of(field, "must be text")),
    }
}

/// What is wrong with a line that is no object of ours, where it is about none of its fields' values.
fn misread(error: &serde_json::Error) -> LineError {
    let told = error.to_string();
    if !error.is_data() {
        return LineError::whole(format!("is no JSON: {told}"));
    }
    // That a field is not known, or there twice. The place is that of the parser, not one in the file.
    let what = told.rsplit_once(" at line ").map_or(told.as_str(), |(what, _)| what);
    LineError::whole(format!("has an object that is not taken: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-31T12:00:00Z".parse().unwrap()
    }

    /// The value, or the field that is refused and why.
    fn read(line: &str) -> Result<(f64, Option<String>), LineError> {
        let line = ndjson(line.as_bytes())?;
        line.device(Some(DeviceId::from_uuid(uuid::Uuid::nil())))?;
        line.timestamp(now(), 30)?;
        let value = line.value()?;
        Ok((value.num(), value.raw().map(str::to_owned)))
    }

    #[test]
    fn values_are_what_a_device_may_send_or_an_export_has() {
        let line =
            |rest: &str| format!("{{\"sensor_type\":\"t\",\"timestamp\":\"2026-01-31T11:00:00Z\",{rest}}}");
        for (rest, num, raw) in [
            ("\"value\":21.5", 21.5, None),
            ("\"value\":21.5,\"raw_data\":null", 21.5, None),
            ("\"value\":\"open\"", 0.0, Some("\"open\"")),
            ("\"value\":true", 1.0, Some("true")),
            ("\"value\":1.0,\"raw_data\":true", 1.0, Some("true")),
            (
                "\"value\":0,\"raw_data\":{\"a\":[1]},\"received_at\":\"2026-01-01T00:00:00Z\"",
                0.0,
                Some("{\"a\":[1]}"),
            ),
            ("\"raw_data\":\"x\"", 0.0, Some("\"x\"")),
        ] {
            assert_eq!(read(&line(rest)), Ok((num, raw.map(str::to_owned))), "{rest}");
        }
        for (rest, field, message) in [
            ("\"unit\":\"C\"", Some("value"), "is required"),
            ("\"value\":null", Some("value"), "is required"),
            ("\"value\":1e999", Some("value"), "finite"),
            ("\"value\":2,\"raw_data\":true", Some("value"), "must be empty or 1.0"),
            ("\"value\":0,\"raw_data\":5", Some("raw_data"), "must be text"),
            ("\"value\":0,\"extra\":5", None, "extra"),
            ("\"value\":0,\"device_id\":\"x\"", Some("device_id"), "UUID"),
            (
                "\"value\":0,\"device_id\":\"00000000-0000-0000-0000-000000000001\"",
                Some("device_id"),
                "is not the device",
            ),
            ("\"value\":", None, "is no JSON: expected value"),
            ("\"value\":0,\"value\":1", None, "is not taken: duplicate field `value`"),
            ("\"value\":0,\"unit\":5", Some("unit"), "must be text"),
            ("\"value\":0,\"unit\":[\"C\"]", Some("unit"), "must be text"),
            ("\"value\":0,\"device_id\":7", Some("device_id"), "must be text"),
            ("\"value\":0,\"unit\":\"\\ud800\"", Some("unit"), "Unicode"),
            ("\"value\":\"\\ud800\"", Some("value"), "Unicode"),
            ("\"raw_data\":{\"a\":1e999}", Some("raw_data"), "finite"),
        ] {
            let LineError { field: refused, message: says } = read(&line(rest)).unwrap_err();
            assert_eq!(refused, field, "{rest}: {says}");
            assert!(says.contains(message), "{rest}: {says}");
        }
    }

    #[test]
    fn a_line_is_an_object_and_nothing_else() {
        let array = format!("[null,\"t\",1,null,{}]", now().as_ms());
        for wrong in [&*array, "5", "\"t\"", "null", "x", ""] {
            let told = read(wrong).unwrap_err();
            assert_eq!(told, LineError::whole("must be a JSON object"), "{wrong}");
        }
    }

    #[test]
    fn times_are_rfc_3339_or_milliseconds_and_neither_old_nor_ahead() {
        let time = |time: &str| read(&format!("{{\"sensor_type\":\"t\",\"value\":1,\"timestamp\":{time}}}"));
        let ms = now().as_ms();
        for right in ["\"2026-01-31T13:00:00+01:00\"".to_owned(), ms.to_string(), format!("\"{ms}\"")] {
            assert!(time(&right).is_ok(), "{right}");
        }
        let (ahead, old) = ((ms + limit::CLOCK_SKEW_MS + 1).to_string(), (ms - 31 * 86_400_000).to_string());
        for (wrong, says) in [
            (&*ahead, "future"),
            (&old, "older"),
            ("null", "required"),
            ("1.5", "RFC 3339"),
            ("\"\"", "required"),
            ("99999999999999999", "years"),
        ] {
            let LineError { field, message } = time(wrong).unwrap_err();
            assert!(field == Some("timestamp") && message.contains(says), "{wrong}: {message}");
        }
    }
}
